"""Paths counted for the models that are fitted on them."""

from datetime import date

import narwhals as nw

from clickstream_platform.transforms._frames import Frame
from clickstream_platform.transforms.conversion_paths import OPEN


def path_counts(conversion_paths: Frame, *, first_day: date, last_day: date) -> Frame:
    """How many paths with touches ended alike, and how long they count as having ended so.

    Grain: one row a `path` x `outcome` x `date` (the day it ends) x `until`. A conversion counts from its day on. An
    open path counts as one to no conversion from its day on until the day of its entity's next path (`until`, null for
    conversions and where there is none up to `last_day`), of which it is a part or which came after it. So from these
    counts the paths of any range of days that ends between `first_day` and `last_day` can be had by adding up.

    Args:
        conversion_paths: Gold `conversion_paths` of `first_day` to `last_day`; other days are ignored.
        first_day: First day (UTC) counted.
        last_day: Last day counted.
    """
    paths = conversion_paths.filter(nw.col("date") >= first_day, nw.col("date") <= last_day).select(
        "entity_id", "date", "ended_at", "outcome", "path", "touch_count"
    )
    following = nw.col("date").shift(-1).over("entity_id", order_by=["ended_at"])
    counted = paths.with_columns(following.alias("next_date")).filter(nw.col("touch_count") > 0)
    until = nw.when(nw.col("outcome") == OPEN).then(nw.col("next_date"))
    return (
        counted.with_columns(until.alias("until"))
        .group_by("path", "outcome", "date", "until")
        .agg(nw.len().cast(nw.Int64).alias("paths"))
    )
