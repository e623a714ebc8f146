from collections.abc import Callable

import polars as pl
import pytest

from clickstream_platform.lake import Lake
from clickstream_platform.lib.checks.schema_change import as_columns, check_schema_change
from clickstream_platform.lib.checks.stored import stored_days
from clickstream_platform.schemas import TABLES
from clickstream_platform_tests.lib.checks.shop import DAYS, MONDAY, TUESDAY, failed, rewrite

CHECK = "schema_change"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda frame: frame.with_columns(mood=pl.lit("good")), "added mood (String)"),
        (lambda frame: frame.drop("campaign"), "removed campaign (String)"),
        (lambda frame: frame.with_columns(campaign=pl.lit(1)), "changed campaign (String to Int32)"),
    ],
)
def test_change_against_the_schema_is_a_warning(
    lake: Lake, change: Callable[[pl.DataFrame], pl.DataFrame], said: str
) -> None:
    rewrite(lake, "sessions", change, TUESDAY)
    verdict = failed(lake, "sessions")[CHECK, None]
    assert said in verdict.said
    assert (verdict.info.severity, verdict.failed, verdict.checked) == ("warn", 1, 3)


def test_order_of_columns_is_no_change(lake: Lake) -> None:
    rewrite(lake, "sessions", lambda frame: frame.select(reversed(frame.columns)))
    assert not failed(lake, "sessions")


@pytest.mark.parametrize("kept", [True, False])
def test_change_against_what_was_stored_before_is_told(lake: Lake, kept: bool) -> None:
    table = TABLES["sessions"]
    rewrite(lake, "sessions", lambda frame: frame.drop("campaign"), MONDAY)
    before = as_columns(stored_days(lake, table, [MONDAY])[MONDAY].schemas[0]) if kept else None
    # What the last check saw counts more than the day before, which here is as it should be.
    judged = DAYS[2:] if kept else DAYS[1:]
    verdict = check_schema_change(lake, table, stored_days(lake, table, judged), before)
    assert not verdict.passed
    assert verdict.said == "against what was stored before: added campaign (String)"


def test_table_without_objects_is_unchanged(lake: Lake) -> None:
    assert check_schema_change(lake, TABLES["sessions"], {}).passed
