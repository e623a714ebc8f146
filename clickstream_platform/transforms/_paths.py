"""Touches of a path brought together: as a list, and as text.

Narwhals has no aggregate that makes a list, so this one step is said in each engine's own words. Touches are in the
order of time, then of channel and campaign, so that no order of rows changes a path.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import narwhals as nw

from clickstream_platform.transforms._frames import Frame

BETWEEN = " > "
"""Between the channels of a path written as text."""

_KEY = ("entity_id", "ended_at", "path_id")
_ORDER = ("touched_at", "channel", "campaign")
_FACTS = ("path", "touch_count", "first_touch_at")
_Maker: TypeAlias = Callable[[Any, Any], Any]


def with_text(rows: Frame) -> Frame:
    """One row a path (`entity_id`, `ended_at`, `path_id`): channels as text, number of touches, time of the first.

    Args:
        rows: Touches of paths: their path's columns, `touched_at`, `channel` and `campaign`.
    """
    return _made(rows, {"DUCKDB": _text_by_duckdb, "PYSPARK": _text_by_spark})


def with_touches(rows: Frame) -> Frame:
    """As `with_text`, with `touches` too: a list of position (from 1), time, channel and campaign."""
    return _made(rows, {"DUCKDB": _list_by_duckdb, "PYSPARK": _list_by_spark})


def _made(rows: Frame, makers: dict[str, _Maker]) -> Frame:
    engine = "PYSPARK" if rows.implementation.is_pyspark_connect() else rows.implementation.name
    if engine not in makers:
        raise NotImplementedError(f"conversion_paths cannot be made on {engine}: teach it to transforms/_paths.py")
    made: Frame = nw.from_native(makers[engine](rows.to_native(), nw.get_native_namespace(rows)))
    return made


_DUCKDB_FACTS = (
    f"{', '.join(_KEY)}, string_agg(channel, '{BETWEEN}' order by {', '.join(_ORDER)}) as path, "
    "count(*) as touch_count, min(touched_at) as first_touch_at"
)


def _text_by_duckdb(rows: Any, _: Any) -> Any:
    return rows.aggregate(_DUCKDB_FACTS, ", ".join(_KEY))


def _list_by_duckdb(rows: Any, _: Any) -> Any:
    touch = f"{{{', '.join(f'{name}: {name}' for name in _ORDER)}}}"
    numbered = f"{{position: i::bigint, {', '.join(f'{name}: t.{name}' for name in _ORDER)}}}"
    gathered = rows.aggregate(
        f"{_DUCKDB_FACTS}, list({touch} order by {', '.join(_ORDER)}) as gathered", ", ".join(_KEY)
    )
    return gathered.select(
        f"{', '.join((*_KEY, *_FACTS))}, list_transform(gathered, lambda t, i: {numbered}) as touches"
    )


_SPARK_FACTS = (
    f"array_join(transform(gathered, t -> t.channel), '{BETWEEN}') as path",
    "cast(size(gathered) as bigint) as touch_count",
    "gathered[0].touched_at as first_touch_at",
)


def _text_by_spark(rows: Any, _: Any) -> Any:
    return _gathered_by_spark(rows).selectExpr(*_KEY, *_SPARK_FACTS)


def _list_by_spark(rows: Any, _: Any) -> Any:
    fields = ", ".join(f"'{name}', t.{name}" for name in _ORDER)
    numbered = f"named_struct('position', cast(i + 1 as bigint), {fields})"
    return _gathered_by_spark(rows).selectExpr(
        *_KEY, *_SPARK_FACTS, f"transform(gathered, (t, i) -> {numbered}) as touches"
    )


def _gathered_by_spark(rows: Any) -> Any:
    fields = ", ".join(f"'{name}', {name}" for name in _ORDER)
    touches = rows.selectExpr(*_KEY, f"named_struct({fields}) as touch")
    grouped = touches.groupBy(*_KEY).agg({"touch": "collect_list"})
    return grouped.selectExpr(*_KEY, "array_sort(`collect_list(touch)`) as gathered")
