"""What shoppers answer when the shop asks for consent: most are never asked, some say yes, a few say no.

The answers are stated with what they must come to, never worked out: the platform's own rules are held against them.
"""

from dataclasses import dataclass

import numpy as np

from clickstream_platform.simulate.draws import Flags, Ints, weighted_trait

_ANSWER_SALT = 101


@dataclass(frozen=True)
class Answer:
    """One answer, as the shop's events carry it.

    Attributes:
        consent: The field `consent` of the events, as JSON; empty where they say nothing.
        analytics: Whether the person's behaviour may be analysed, in a shop whose default is to grant.
        ads: Whether their events may be used to measure advertising.
        weight: Share of shoppers, in percent.
    """

    consent: str
    analytics: bool
    ads: bool
    weight: int


ANSWERS: tuple[Answer, ...] = (
    Answer("", analytics=True, ads=True, weight=72),
    Answer('{"analytics":"granted","ads":"granted"}', analytics=True, ads=True, weight=15),
    Answer('{"analytics":"granted"}', analytics=True, ads=True, weight=2),
    Answer('{"analytics":"granted","ads":"denied"}', analytics=True, ads=False, weight=3),
    Answer('{"analytics":"denied","ads":"denied"}', analytics=False, ads=False, weight=4),
    Answer('{"analytics":"denied"}', analytics=False, ads=True, weight=2),
    Answer('{"analytics_storage":"denied","ad_storage":"granted","ad_user_data":"denied"}', False, False, 1),
    Answer('{"ads":null,"ad_storage":"denied"}', analytics=True, ads=False, weight=1),
)
NOT_ASKED = 0
ANALYTICS: Flags = np.array([answer.analytics for answer in ANSWERS])
ADS: Flags = np.array([answer.ads for answer in ANSWERS])


def answer_of(shopper: Ints) -> Ints:
    """What each shopper answers, once and for all: a place in ANSWERS."""
    return weighted_trait(shopper, _ANSWER_SALT, [answer.weight for answer in ANSWERS])
