"""What becomes of a path's repeated touches, in the words of Google's fractribution."""

from collections.abc import Sequence

import narwhals as nw

from clickstream_platform.transforms._frames import Frame

TREATMENTS = ("unique", "exposure", "first", "last")
"""As they are; of repeats in a row the latest; the first of all repeats; the last of all repeats."""


def treated(touches: Frame, treatment: str, *, path: Sequence[str], same: Sequence[str]) -> Frame:
    """The touches that the treatment leaves of each path.

    Args:
        touches: With their `position` in the path.
        treatment: One of `TREATMENTS`.
        path: Columns that tell paths apart.
        same: Columns that two touches share where one repeats the other; none of them null.

    Raises:
        ValueError: There is no such treatment.
    """
    position = nw.col("position")
    if treatment == "unique":
        return touches
    if treatment == "exposure":
        following = {f"next_{name}": nw.col(name).shift(-1).over(*path, order_by=["position"]) for name in same}
        repeated = nw.all_horizontal(
            *((nw.col(name) == nw.col(f"next_{name}")).fill_null(False) for name in same), ignore_nulls=False
        )
        return touches.with_columns(**following).filter(~repeated).drop(*following)
    if treatment in ("first", "last"):
        kept = position.min() if treatment == "first" else position.max()
        marked = touches.with_columns(kept.over(*path, *same).alias("kept"))
        return marked.filter(position == nw.col("kept")).drop("kept")
    raise ValueError(f"paths are treated by one of {', '.join(TREATMENTS)}, not by {treatment!r}")
