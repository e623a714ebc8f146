"""Channels' removal effects in a Markov chain of paths (Anderl, Becker, von Wangenheim and Schumann, 2016).

States are the start, the channels, conversion and null, the last two absorbing; the next state depends on the present
one alone (order 1). A channel's removal effect is the share of the probability of a conversion that is lost when every
step into the channel leads to null instead.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


def removal_effects(first: Floats, steps: Floats, converted: Floats, lost: Floats) -> Floats:
    """The removal effect of each of n channels, from 0 to 1; all 0 where no path converts.

    A path that is lost without the channel is one that ever comes to it and converts from there. So the effect is the
    probability of ever reaching the channel, times that of converting from it, over that of converting at all: one
    inverse of the chain's matrix gives it for all channels, exactly, without building the chain anew for each.

    Args:
        first: How many paths start in each channel (n).
        steps: How many steps lead from a channel (row) to a channel (column), n x n.
        converted: How many paths convert from each channel (n).
        lost: How many paths end in null from each channel (n).
    """
    leaving = steps.sum(axis=1) + converted + lost
    starts = first.sum()
    if not starts or not converted.any():
        return np.zeros(len(first))
    divisor = np.where(leaving > 0, leaving, 1.0)
    fundamental = np.linalg.inv(np.eye(len(first)) - steps / divisor[:, None])
    converts_from = fundamental @ (converted / divisor)
    reaches = (first / starts) @ fundamental / np.diag(fundamental)
    effects: Floats = reaches * converts_from / ((first / starts) @ converts_from)
    return np.clip(effects, 0.0, 1.0)
