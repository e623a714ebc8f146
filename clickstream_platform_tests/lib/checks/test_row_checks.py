from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pandera.polars as pa
import polars as pl
import pytest

from clickstream_platform.lake import Lake
from clickstream_platform.lib.checks import CheckOptions, Verdict, checked_tables, evaluate, row_checks, rules, tally
from clickstream_platform.schemas import TABLES, Table
from clickstream_platform_tests.lib.checks.shop import (
    DAYS,
    MONDAY,
    TUESDAY,
    WEDNESDAY,
    failed,
    noon,
    rewrite,
    stored_object,
)

Change = Callable[[pl.DataFrame], pl.DataFrame]


def with_column(**columns: object) -> Change:
    return lambda frame: frame.with_columns(
        **{name: value if isinstance(value, pl.Expr) else pl.lit(value) for name, value in columns.items()}
    )


def typed(name: str, value: object) -> Change:
    return lambda frame: frame.with_columns(pl.lit(value, dtype=frame.schema[name]).alias(name))


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


@pytest.mark.parametrize(
    ("table", "change", "check"),
    [
        ("events_clean", typed("event_name", "poke"), "event_name_allowed"),
        ("events_clean", typed("revenue", Decimal("-1")), "revenue_fits_event"),
        ("events_clean", with_column(ads_consent=False, is_touch=True), "ads_consent_is_kept"),
        ("events_clean", with_column(ads_consent=False, click_id="c"), "ads_consent_is_kept"),
        ("events_clean", with_column(ads_consent=False, email_hash="f"), "ads_consent_is_kept"),
        ("events_quarantine", typed("reason", "mood"), "reason_allowed"),
        ("sessions", typed("duration_seconds", -0.5), "span_fits"),
        ("sessions", typed("start_reason", "mood"), "start_reason_allowed"),
        ("sessions", typed("events", 0), "span_fits"),
        ("sessions", typed("add_to_cart_at", noon(MONDAY, 1)), "funnel_steps_in_order"),
        ("orders_validated", typed("quantity", 0), "quantity_lower_bound"),
        ("orders_validated", typed("total_amount", Decimal(0)), "total_amount_lower_bound"),
        ("orders_validated", typed("status", "lost"), "status_allowed"),
        ("orders_quarantine", typed("reason", "mood"), "reason_allowed"),
        ("marketing_spend_clean", typed("cost", Decimal("-0.01")), "figures_not_negative"),
        ("marketing_spend_clean", typed("impressions", -1), "figures_not_negative"),
        ("marketing_spend_clean", typed("clicks", -1), "figures_not_negative"),
        ("marketing_spend_quarantine", typed("reason", "mood"), "reason_allowed"),
        ("daily_sales_summary", typed("total_orders", 0), "figures_agree"),
        ("daily_sales_summary", typed("total_revenue", Decimal(0)), "total_revenue_lower_bound"),
        ("daily_sales_summary", typed("avg_order_value", Decimal("6.66")), "figures_agree"),
        ("daily_sales_summary", typed("unique_customers", 4), "figures_agree"),
        ("product_performance", typed("refund_amount", Decimal("-0.01")), "figures_not_negative"),
        ("conversion_funnel", typed("sessions", 0), "counts_never_rise"),
        ("conversion_funnel", typed("begin_checkout", 6), "counts_never_rise"),
        ("attributed_checkouts", typed("click_time", noon(MONDAY)), "click_fits"),
        ("attributed_checkouts", typed("is_attributed", False), "click_fits"),
        ("traffic_summary", typed("window_start", noon(MONDAY, 4)), "window_fits"),
        ("traffic_summary", typed("events", 0), "window_fits"),
        ("customers_clean", typed("email", "Ada@shop.test"), "email_is_normalized"),
        ("products_clean", typed("price", Decimal("-1")), "price_lower_bound"),
        ("customer_lifetime_value", typed("total_orders", 0), "total_orders_lower_bound"),
        ("customer_lifetime_value", typed("total_spent", Decimal(0)), "total_spent_lower_bound"),
        ("customer_lifetime_value", typed("rfm_segment", "mood"), "rfm_segment_allowed"),
        ("customer_lifetime_value", typed("recency_score", 6), "scores_in_range"),
        ("customer_lifetime_value", typed("recency_days", 2), "dates_in_order"),
        ("customer_lifetime_value", typed("repeat_purchases", 1), "purchases_fit"),
        ("customer_lifetime_value", typed("value_method", "guess"), "value_method_allowed"),
        ("customer_lifetime_value", typed("probability_alive", 0.0), "method_fits"),
        ("customer_lifetime_value", typed("clv", Decimal(-1)), "forecast_fits"),
        ("customer_lifetime_value", typed("horizon_days", 0), "horizon_days_lower_bound"),
        ("customer_value_models", typed("model", "oracle"), "model_allowed"),
        ("customer_value_models", typed("customers", 0), "customers_lower_bound"),
        ("customer_value_models", typed("alpha", 0.0), "fit_is_whole"),
        ("customer_value_models", typed("repeat_customers", 2), "training_fits"),
        ("customer_value_holdout", typed("repeat_purchases", -1), "repeat_purchases_lower_bound"),
        ("customer_value_holdout", typed("customers", -1), "customers_lower_bound"),
        ("customer_value_holdout", typed("calibration_end", WEDNESDAY), "periods_in_order"),
        ("customer_value_holdout", typed("actual_purchases", -1.0), "figures_fit"),
    ],
)
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


def test_every_row_rule_has_a_breaking_test_above() -> None:
    (mark,) = [
        mark
        for mark in test_broken_rule_fails_its_own_check_on_its_own_day.pytestmark  # type: ignore[attr-defined]
        if mark.name == "parametrize"
    ]
    broken = {(table, check) for table, _, check in mark.args[1]}
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
