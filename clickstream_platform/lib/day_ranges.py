"""Runs over days: contiguous days go together in one run, up to the settings' batch."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta

import dagster as dg
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from clickstream_platform.config import get_settings


def day_batches(days: Iterable[date], most: int) -> Iterator[tuple[date, date]]:
    """Contiguous stretches of the given days as (first, last), none longer than `most` days."""
    first = last = None
    for day in sorted(set(days)):
        if first is None or last is None:
            first = last = day
        elif day - last == timedelta(days=1) and (day - first).days < most:
            last = day
        else:
            yield first, last
            first = last = day
    if first is not None and last is not None:
        yield first, last


def range_tags(first: date, last: date) -> dict[str, str]:
    """The run tags that make one run cover the day partitions from first to last."""
    return {ASSET_PARTITION_RANGE_START_TAG: first.isoformat(), ASSET_PARTITION_RANGE_END_TAG: last.isoformat()}


def range_run_requests(
    days: Iterable[date], assets: Sequence[dg.AssetKey], *, tags: Mapping[str, str]
) -> list[dg.RunRequest]:
    """Requests that together compute `assets` for the days."""
    return [
        dg.RunRequest(asset_selection=list(assets), partition_key=first.isoformat(), tags=dict(tags))
        if first == last
        else dg.RunRequest(asset_selection=list(assets), tags={**tags, **range_tags(first, last)})
        for first, last in day_batches(days, get_settings().run_batch_days)
    ]
