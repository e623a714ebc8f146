from datetime import timedelta

import pandera.polars as pa
import polars as pl
import pytest

from clickstream_platform.lake import Lake
from clickstream_platform.lib.checks import CheckOptions, Verdict, checked_tables, evaluate, row_checks, rules, tally
from clickstream_platform.schemas import TABLES, Table
from clickstream_platform_tests.lib.checks.breaking import BREAKING, Change, typed, with_column
from clickstream_platform_tests.lib.checks.shop import (
    DAYS,
    MONDAY,
    TUESDAY,
    failed,
    rewrite,
    stored_object,
)


@pytest.mark.parametrize("table", [table.name for table in checked_tables()])
def test_every_check_passes_on_a_lake_that_is_right(lake: Lake, table: str) -> None:
    verdicts = evaluate(lake, table)
    assert not [(verdict.info.name, verdict.day, verdict.said) for verdict in verdicts if not verdict.passed]
    judged = {verdict.day for verdict in verdicts if verdict.info.name == "shape"}
    assert judged == (set(DAYS) if TABLES[table].partition_column else {None})
    assert all(verdict.checked for verdict in verdicts if verdict.info.name == "shape")


@pytest.mark.parametrize(
    ("table", "change", "said"),
    [
        ("sessions", lambda frame: pl.concat([frame, frame]), "1 rows repeat the key (session_id)"),
        ("sessions", typed("country", None), "country is null in 1 rows"),
        ("sessions", typed("session_date", TUESDAY), "1 rows do not carry the date"),
        ("sessions", typed("session_date", None), "1 rows do not carry the date"),
        ("sessions", with_column(events=1.5), "column events is Float64 instead of Int64"),
        ("sessions", with_column(campaign=7), "column campaign is Int32 instead of String"),
        ("sessions", lambda frame: frame.drop("events"), "required column events is missing"),
        ("traffic_summary", lambda frame: pl.concat([frame, frame]), "repeat the key (window_start, event_name"),
    ],
)
def test_shape_fails_on_its_day_alone(lake: Lake, table: str, change: Change, said: str) -> None:
    rewrite(lake, table, change)
    found = failed(lake, table)
    assert {day for check, day in found if check == "shape"} == {MONDAY}
    assert said in found["shape", MONDAY].said
    assert found["shape", MONDAY].failed == 1 or table == "traffic_summary"


def test_rows_that_changed_places_between_two_days_are_seen_on_both(lake: Lake) -> None:
    rewrite(lake, "sessions", typed("session_date", TUESDAY), MONDAY)
    rewrite(lake, "sessions", typed("session_date", MONDAY), TUESDAY)
    assert set(failed(lake, "sessions")) == {("shape", MONDAY), ("shape", TUESDAY)}


def test_one_row_without_a_date_among_others_is_seen(lake: Lake) -> None:
    first_without = pl.when(pl.int_range(pl.len()) > 0).then("event_date").alias("event_date")
    rewrite(lake, "events_clean", lambda frame: frame.with_columns(first_without))
    assert failed(lake, "events_clean")["shape", MONDAY].failed == 1


def test_missing_column_that_may_be_null_is_no_misfit(lake: Lake) -> None:
    rewrite(lake, "sessions", lambda frame: frame.drop("campaign"))
    assert {check for check, _ in failed(lake, "sessions")} == {"schema_change"}


@pytest.mark.parametrize("kept", [0, 3, 40, -1])
def test_object_cut_short_fails_the_shape_and_leaves_the_other_days_judged(lake: Lake, kept: int) -> None:
    path = stored_object(lake, "sessions")
    path.write_bytes(path.read_bytes()[:kept])
    verdicts = evaluate(lake, "sessions")
    assert [verdict.day for verdict in verdicts if not verdict.passed] == [MONDAY]
    assert "no readable Parquet" in failed(lake, "sessions")["shape", MONDAY].said
    assert {verdict.day for verdict in verdicts if verdict.info.name == "span_fits"} == set(DAYS[1:])


def test_damage_before_the_footer_fails_the_shape_of_its_day(lake: Lake) -> None:
    path = stored_object(lake, "sessions")
    content = path.read_bytes()
    path.write_bytes(content[:4] + b"\xff" * 300 + content[304:])
    found = failed(lake, "sessions")
    assert set(found) == {("shape", MONDAY)}
    assert "cannot be read" in found["shape", MONDAY].said


@pytest.mark.parametrize(("table", "change", "check"), BREAKING)
def test_broken_rule_fails_its_own_check_on_its_own_day(lake: Lake, table: str, change: Change, check: str) -> None:
    day = MONDAY if TABLES[table].partition_column else None
    rewrite(lake, table, change, day)
    found = failed(lake, table)
    assert (check, day) in found
    assert {where for _, where in found} == {day}
    assert ("shape", day) not in found
    verdict = found[check, day]
    (rule,) = [rule for rule in rules.row_rules(TABLES[table]) if rule.name == check]
    assert verdict.failed == len(pl.read_parquet(stored_object(lake, table, day))) or check == "revenue_fits_event"
    assert set(verdict.sample[0]) == {*TABLES[table].key, *rule.columns}
    assert verdict.info.rule in verdict.said


def test_every_row_rule_is_broken_by_a_case() -> None:
    broken = {(table, check) for table, _, check in BREAKING}
    assert broken == {(table.name, rule.name) for table in checked_tables() for rule in rules.row_rules(table)}


def test_rule_over_the_row_shows_what_it_looked_at() -> None:
    (rule,) = [rule for rule in rules.row_rules(TABLES["attributed_checkouts"]) if rule.name == "click_fits"]
    assert rule.columns == ("checkout_time", "is_attributed", "click_id", "click_time")


def test_samples_are_few_and_mask_personal_values(lake: Lake) -> None:
    def seven(frame: pl.DataFrame) -> pl.DataFrame:
        many = pl.concat([frame.filter(pl.col("email").is_not_null())] * 7).with_row_index()
        renamed = many.with_columns(customer_id=pl.format("c{}", "index"), email=pl.format("Ada{}@shop.test", "index"))
        return renamed.drop("index")

    rewrite(lake, "customers_clean", seven, None)
    verdict = failed(lake, "customers_clean")["email_is_normalized", None]
    assert verdict.failed == 7
    assert len(verdict.sample) == CheckOptions().sample_rows
    assert verdict.sample[0] == {"customer_id": "c0", "email": "(personal)"}
    assert "shop.test" not in str(verdict)


def test_sample_of_repeated_keys_says_how_often(lake: Lake) -> None:
    rewrite(lake, "sessions", lambda frame: pl.concat([frame, frame, frame]))
    verdict = failed(lake, "sessions")["shape", MONDAY]
    assert verdict.failed == 2
    assert verdict.sample == ({"session_id": f"ada@{MONDAY}", "rows": "3"},)


@pytest.mark.parametrize("batch_rows", [1, 2, 4, 1000])
def test_batches_change_no_verdict(lake: Lake, batch_rows: int) -> None:
    rewrite(lake, "events_clean", typed("event_name", "poke"), MONDAY)
    rewrite(lake, "events_clean", lambda frame: pl.concat([frame, frame]), TUESDAY)
    rewrite(lake, "events_clean", typed("currency", None), DAYS[2])
    assert _figures(evaluate(lake, "events_clean", options=CheckOptions(batch_rows=batch_rows))) == _figures(
        evaluate(lake, "events_clean")
    )


def _figures(verdicts: list[Verdict]) -> list[tuple[object, ...]]:
    return [(v.info.name, v.day, v.passed, v.checked, v.failed, v.said) for v in verdicts]


def test_different_keys_with_the_same_hash_do_not_repeat(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "key_hashes", lambda table, batch: pl.repeat(7, batch.height, eager=True))
    assert not failed(lake, "events_clean")


def test_rule_that_raises_fails_as_a_check_of_its_own(lake: Lake) -> None:
    class Wrong(TABLES["sessions"].model):  # type: ignore[name-defined,misc]
        @pa.dataframe_check
        def looks_elsewhere(cls, data: pa.PolarsData) -> pl.LazyFrame:
            return data.lazyframe.select(pl.col("elsewhere") > 0)

        @pa.dataframe_check
        def answers_once(cls, data: pa.PolarsData) -> pl.LazyFrame:
            return data.lazyframe.select((pl.col("events") > 0).all().alias("a")).filter(False)

    table = Table("sessions", "silver", Wrong, "session", ("session_id",), "session_date")
    stored = row_checks.StoredDay(rows=1, schemas=[table.polars_schema()])
    verdicts = list(row_checks.check_rows(lake, table, {MONDAY: stored}, CheckOptions()))
    broken = {verdict.info.name: verdict.said for verdict in verdicts if not verdict.passed}
    assert set(broken) == {"looks_elsewhere", "answers_once"}
    assert all("could not be evaluated" in said for said in broken.values())


def test_day_without_rows_passes(lake: Lake) -> None:
    assert not failed(lake, "sessions", [MONDAY - timedelta(days=1)])
