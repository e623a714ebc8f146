"""What the first of many events says, as a value that a plain `min` finds.

Engines share no "value of the row with the lowest key" within a group-by. So the time, the end of the event's id and
what it says are written one after the other into a text; texts sort as their beginnings do, and the lowest of several
lowest ones is the lowest of all.
"""

from collections.abc import Iterable

import narwhals as nw

from clickstream_platform.transforms._time import sortable_microseconds

_SEPARATOR = "\x1f"
"""The control character made for this (unit separator). Fields that hold it lose it."""

_BEFORE_FIELDS = 2


_TELLING_END = 12
"""Characters from the end of an id: enough to tell apart what happened at one moment, and short."""


def as_text(fields: Iterable[str]) -> nw.Expr:
    """An event's time, the end of its id and these fields. The lower of two is the earlier, then of the lower id."""
    end = nw.col("event_id").str.tail(_TELLING_END)
    values = [end, *(nw.col(name).fill_null("") for name in fields)]
    time = sortable_microseconds(nw.col("event_date"), nw.col("event_time"))
    whole = (value.str.replace_all(_SEPARATOR, "", literal=True) for value in values)
    return nw.concat_str(time, *whole, separator=_SEPARATOR)


def from_text(text: str, fields: Iterable[str]) -> dict[str, nw.Expr]:
    """The fields out of the column `text`; empty ones were null and are so again."""
    values = {
        name: nw.col(text).str.split(_SEPARATOR).list.get(place) for place, name in enumerate(fields, _BEFORE_FIELDS)
    }
    return {name: nw.when(value != "").then(value).alias(name) for name, value in values.items()}
