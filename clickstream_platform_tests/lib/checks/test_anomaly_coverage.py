"""Which figures of which tables the anomaly check judges."""

from pathlib import Path

import pytest

from clickstream_platform.lib.checks.table_measures import TOTALS
from clickstream_platform.schemas import TABLES
from clickstream_platform_tests.lib.checks.anomalies import DAILY_GOLD, SAME_WEEKDAYS, verdict_on, written
from clickstream_platform_tests.lib.checks.shop import MONDAY


@pytest.mark.parametrize("table", DAILY_GOLD)
def test_every_number_of_a_daily_gold_table_is_judged_or_left_out_with_a_reason(table: str) -> None:
    schema = TABLES[table].polars_schema()
    numbers = {name for name, dtype in schema.items() if dtype.is_numeric() and name not in TABLES[table].key}
    judged = {column for measure in TOTALS[table].measures for column in measure.columns}
    assert numbers <= judged | set(TOTALS[table].left_out)
    assert not judged & set(TOTALS[table].left_out)
    assert {*judged, *TOTALS[table].left_out} <= set(schema)
    assert all(len(reason) > 10 for reason in TOTALS[table].left_out.values())
    assert set(TOTALS[table].dimensions) <= set(schema)


@pytest.mark.parametrize("table", DAILY_GOLD)
def test_every_measure_of_every_table_can_be_judged(table: str, tmp_path: Path) -> None:
    """Nine alike days of a table whose rows are filled with something: every total is what is expected."""
    records = [{"date": day} for day in SAME_WEEKDAYS]
    if table == "funnel_steps":
        cell = {"funnel": "ecommerce", "dimension": "all", "segment": "all", "closes_on": MONDAY, "step": 1}
        records = [{**record, **cell, "entered": 50, "reached": 50, "dropped": 0} for record in records]
    if table == "channel_attribution":
        records = [{**record, "model": "last"} for record in records]
    lake = written(tmp_path, table, records)
    verdict = verdict_on(lake, table)
    assert verdict.passed, verdict.said
    counted = [measure for measure in TOTALS[table].measures if measure.kind == "count"]
    assert verdict.checked >= len(counted)
