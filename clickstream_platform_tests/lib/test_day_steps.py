"""Which tables are computed on which days, and in which order."""

from datetime import date, timedelta

import dagster as dg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream_platform.config import get_settings
from clickstream_platform.lib.build import FACTS
from clickstream_platform.lib.day_steps import TableGroups
from clickstream_platform.lib.table_asset import table_key
from clickstream_platform.schemas import TABLES

FIRST = date(2024, 3, 1)
MONTHS = [FIRST + timedelta(days=number) for number in range(120)]


def key(name: str) -> dg.AssetKey:
    return table_key(TABLES[name])


@pytest.fixture(scope="module")
def groups() -> TableGroups:
    from clickstream_platform.definitions import defs

    return TableGroups(defs.resolve_implicit_global_asset_job_def())


def test_reach_follows_the_windows(groups: TableGroups) -> None:
    assert groups.reach(key("events"), key("events_clean")) == (0, 0)
    assert groups.reach(key("events"), key("sessions")) == (-1, 2)
    assert groups.reach(key("events"), key("conversion_funnel")) == (-1, 2)
    assert groups.reach(key("events"), key("attributed_checkouts")) == (0, 1)
    assert groups.reach(key("orders"), key("daily_sales_summary")) == (0, 0)
    assert groups.reach(key("orders"), key("sessions")) is None


def test_below_a_table_is_what_is_made_of_it_over_any_number_of_others(groups: TableGroups) -> None:
    spend = {"marketing_spend_clean", "marketing_spend_quarantine", "channel_attribution"}
    assert groups.below(key("marketing_spend")) == {key(name) for name in spend}
    assert groups.below(key("channel_attribution")) == set()
    assert {key("sessions"), key("funnel_steps"), key("channel_attribution")} < groups.below(key("events"))
    assert key("events") not in groups.below(key("events"))


def test_only_what_a_day_changes_is_computed(groups: TableGroups) -> None:
    day = FIRST + timedelta(days=10)
    steps = list(groups.steps(groups.after({"events": [day]}, MONTHS)))
    spans = {table: step.days for step in steps for table in step.tables}
    assert spans[key("events_clean")] == (day, day)
    assert spans[key("sessions")] == (day - timedelta(days=1), day + timedelta(days=2))
    assert spans[key("traffic_summary")] == (day, day)
    assert key("orders_validated") not in spans


def test_days_that_bronze_does_not_reach_are_left_out(groups: TableGroups) -> None:
    steps = list(groups.steps(groups.after({"events": [MONTHS[-1]]}, MONTHS)))
    assert max(step.days[1] for step in steps if step.days) == MONTHS[-1]


@given(
    changed=st.dictionaries(st.sampled_from(FACTS), st.sets(st.sampled_from(MONTHS), max_size=6)),
    batch=st.integers(1, 40),
    everything=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_every_table_finds_what_it_reads_computed(
    groups: TableGroups, changed: dict[str, set[date]], batch: int, everything: bool
) -> None:
    """Nothing is computed twice, and nothing before a day that it reads and that is computed, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLICKSTREAM_RUN_BATCH_DAYS", str(batch))
        get_settings.cache_clear()
        steps = list(groups.steps(groups.on(MONTHS) if everything else groups.after(changed, MONTHS)))
    get_settings.cache_clear()
    place: dict[tuple[dg.AssetKey, date], tuple[int, int]] = {}
    for number, step in enumerate(steps):
        assert step.days is not None
        first, last = step.days
        assert (last - first).days < batch
        for order, table in enumerate(step.tables):
            for offset in range((last - first).days + 1):
                slot = (table, first + timedelta(days=offset))
                assert slot not in place
                place[slot] = (number, order)
    for (table, day), (number, order) in place.items():
        for parent, (before, after) in groups.windows(table).items():
            for offset in range(before, after + 1):
                found = place.get((parent, day + timedelta(days=offset)))
                assert found is None or found < (number, order)
