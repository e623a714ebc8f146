"""What consent withholds is counted, and what is lost is found."""

from datetime import date

import polars as pl
import pytest

from clickstream_platform.lake import Lake
from clickstream_platform.lib.checks import evaluate
from clickstream_platform_tests.lib.checks.shop import DAYS, MONDAY, TUESDAY, failed, rewrite

CHECK = "events_accounted_for"


def said(lake: Lake, table: str) -> dict[date | None, str]:
    return {verdict.day: verdict.said for verdict in evaluate(lake, table) if verdict.info.name == CHECK}


def test_events_of_each_day_are_told(lake: Lake) -> None:
    assert said(lake, "entity_activity") == dict.fromkeys(
        DAYS, "3 events of people = 3 in entity_activity + 0 withheld"
    )
    assert said(lake, "experiment_exposures") == dict.fromkeys(
        DAYS, "1 exposures of people by day = 1 in experiment_exposures + 0 withheld"
    )


def test_events_without_consent_are_withheld_not_lost(lake: Lake) -> None:
    shows = pl.col("experiments").list.len() > 0
    rewrite(lake, "events_clean", lambda frame: frame.with_columns(analytics_consent=~shows), TUESDAY)
    rewrite(lake, "entity_activity", lambda frame: frame.with_columns(events=pl.lit(2, pl.Int64)), TUESDAY)
    rewrite(lake, "experiment_exposures", lambda frame: frame.clear(), TUESDAY)
    assert said(lake, "entity_activity")[TUESDAY] == "3 events of people = 2 in entity_activity + 1 withheld"
    told = said(lake, "experiment_exposures")[TUESDAY]
    assert told == "1 exposures of people by day = 0 in experiment_exposures + 1 withheld"
    assert not {
        key for table in ("entity_activity", "experiment_exposures") for key in failed(lake, table) if key[0] == CHECK
    }


@pytest.mark.parametrize(
    ("table", "change", "count"),
    [
        ("entity_activity", lambda frame: frame.with_columns(events=pl.lit(1, pl.Int64)), "2 lost"),
        ("entity_activity", lambda frame: pl.concat([frame, frame]), "3 too many"),
        ("experiment_exposures", lambda frame: frame.clear(), "1 lost"),
    ],
)
def test_what_is_missing_fails_its_day(lake: Lake, table: str, change: object, count: str) -> None:
    rewrite(lake, table, change)  # type: ignore[arg-type]
    found = {key: verdict for key, verdict in failed(lake, table).items() if key[0] == CHECK}
    assert set(found) == {(CHECK, MONDAY)}
    assert found[CHECK, MONDAY].said.startswith(count) and "≠" in found[CHECK, MONDAY].said


def test_events_of_bots_are_nobodys(lake: Lake) -> None:
    rewrite(lake, "events_clean", lambda frame: frame.with_columns(is_bot=pl.col("event_id") == f"again-{MONDAY}"))
    rewrite(lake, "entity_activity", lambda frame: frame.with_columns(events=pl.lit(2, pl.Int64)))
    assert said(lake, "entity_activity")[MONDAY] == "2 events of people = 2 in entity_activity + 0 withheld"
