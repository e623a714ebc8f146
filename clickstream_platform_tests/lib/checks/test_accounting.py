import polars as pl
import pytest

from clickstream_platform.lake import Lake
from clickstream_platform.lib.checks import accounting, evaluate
from clickstream_platform_tests.lib.checks.shop import DAYS, MONDAY, TUESDAY, WEDNESDAY, failed, rewrite, stored_object

CHECK = "rows_accounted_for"


def test_counts_of_each_day_are_told(lake: Lake) -> None:
    verdicts = [verdict for verdict in evaluate(lake, "events_clean") if verdict.info.name == CHECK]
    assert [verdict.day for verdict in verdicts] == DAYS
    assert (
        verdicts[0].said == "5 bronze rows = 3 events_clean rows + 1 quarantined rows + 1 duplicate or superseded rows"
    )
    assert dict(verdicts[0].counts) == {
        "bronze rows": 5,
        "events_clean rows": 3,
        "quarantined rows": 1,
        "duplicate or superseded rows": 1,
        "without analytics consent": 0,
        "without ads consent": 0,
    }


def test_what_consent_withholds_is_told_by_purpose(lake: Lake) -> None:
    denied = pl.Series([True, False, False])
    rewrite(lake, "events_clean", lambda frame: frame.with_columns(analytics_consent=denied, ads_consent=~denied))
    (monday, *_) = (verdict for verdict in evaluate(lake, "events_clean") if verdict.info.name == CHECK)
    assert monday.passed
    assert (monday.counts["without analytics consent"], monday.counts["without ads consent"]) == (2, 1)


@pytest.mark.parametrize(
    ("table", "judged", "day"),
    [
        ("events_clean", "events_clean", MONDAY),
        ("events_quarantine", "events_clean", TUESDAY),
        ("orders_validated", "orders_validated", MONDAY),
        ("orders_quarantine", "orders_validated", WEDNESDAY),
        ("marketing_spend_clean", "marketing_spend_clean", TUESDAY),
        ("marketing_spend_quarantine", "marketing_spend_clean", MONDAY),
        ("customers_clean", "customers_clean", None),
        ("products_clean", "products_clean", None),
    ],
)
def test_lost_row_fails_its_day(lake: Lake, table: str, judged: str, day: object) -> None:
    rewrite(lake, table, lambda frame: frame.head(-1), day)  # type: ignore[arg-type]
    found = {key: verdict for key, verdict in failed(lake, judged).items() if key[0] == CHECK}
    assert set(found) == {(CHECK, day)}
    (verdict,) = found.values()
    assert verdict.failed == 1
    assert verdict.said.startswith("1 rows lost: ") and "≠" in verdict.said


@pytest.mark.parametrize(("table", "day"), [("events_clean", MONDAY), ("customers_clean", None)])
def test_row_too_many_fails(lake: Lake, table: str, day: object) -> None:
    rewrite(lake, table, lambda frame: pl.concat([frame, frame.head(1)]), day)  # type: ignore[arg-type]
    assert failed(lake, table)[CHECK, day].said.startswith("1 rows too many: ")  # type: ignore[index]


def test_row_both_clean_and_in_quarantine_is_one_too_many(lake: Lake) -> None:
    rewrite(lake, "events_quarantine", lambda frame: pl.concat([frame, frame]))
    assert failed(lake, "events_clean")[CHECK, MONDAY].failed == 1


def test_day_that_silver_lacks_is_lost(lake: Lake) -> None:
    stored_object(lake, "events_clean", TUESDAY).unlink()
    assert set(failed(lake, "events_clean", DAYS)) == {(CHECK, TUESDAY)}


def test_same_id_on_another_day_is_no_duplicate(lake: Lake) -> None:
    one_id = pl.lit(f"look-{MONDAY}").alias("event_id")
    for day in DAYS:
        rewrite(lake, "events", lambda frame: frame.head(1).with_columns(one_id), day)
        rewrite(lake, "events_clean", lambda frame: frame.head(1).with_columns(one_id), day)
        stored_object(lake, "events_quarantine", day).unlink()
    assert not [key for key in failed(lake, "events_clean") if key[0] == CHECK]


def test_days_in_small_groups_change_no_verdict(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    rewrite(lake, "events_clean", lambda frame: frame.head(1), WEDNESDAY)
    whole = [verdict.said for verdict in evaluate(lake, "events_clean")]
    monkeypatch.setattr(accounting, "DAYS_AT_ONCE", 1)
    assert [verdict.said for verdict in evaluate(lake, "events_clean")] == whole
