"""experiment_results from its upstream tables: a known effect, other programs on the same people, and bad input."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl
import pytest
import tea_tasting as tt
from statsmodels.stats.proportion import proportions_ztest

from clickstream_platform.lib.experiments import Plan, Plans, experiment_results
from clickstream_platform.schemas import TABLES

START = date(2024, 3, 1)
METRICS = ("conversion", "orders_per_visitor", "revenue_per_visitor")


def results(exposures: pl.DataFrame, activity: pl.DataFrame, plan: Plan | None = None) -> dict[tuple[str, str], Any]:
    """The rows of one experiment by metric and variant, held against the schema."""
    plans = Plans({"button": plan} if plan else {})
    frames = (nw.from_native(frame.lazy()) for frame in (exposures, activity))
    answer = experiment_results(*frames, plans).to_native().collect()
    TABLES["experiment_results"].model.validate(answer)
    for row in answer.to_dicts():
        assert not [name for name, value in row.items() if isinstance(value, float) and not np.isfinite(value)]
    return {(row["metric"], row["variant"]): row for row in answer.to_dicts()}


def table(name: str, rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Rows of a table; counts that they leave out are 0."""
    schema = TABLES[name].polars_schema()
    zeros = {column: 0 for column, kind in schema.items() if kind == pl.Int64 or isinstance(kind, pl.Decimal)}
    return pl.DataFrame([{**zeros, **row} for row in rows], schema=schema)


def exposed(entity: str, variant: str, day: int = 0, orders: int = 0, worth: str = "0") -> dict[str, Any]:
    when = START + timedelta(days=day)
    return {
        "exposure_date": when,
        "experiment": "button",
        "variant": variant,
        "entity_id": entity,
        "exposed_at": datetime.fromisoformat(f"{when}T12:00:00+00:00"),
        "purchases_after": orders,
        "revenue_after": Decimal(worth),
    }


def active(entity: str, day: int, orders: int = 1, worth: str = "0", refunds: int = 0) -> dict[str, Any]:
    return {
        "entity_id": entity,
        "activity_date": START + timedelta(days=day),
        "purchases": orders,
        "refunds": refunds,
        "revenue": Decimal(worth),
    }


def shop(size: int, seed: int, lift: float = 0.0) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """People of habits in two variants, over ten days: exposures, activity, and what it came to, a row a person."""
    rng = np.random.default_rng(seed)
    habit = rng.gamma(1.0, 0.25, 2 * size)
    variant = np.repeat(["A", "B"], size)
    day = rng.integers(0, 10, 2 * size)
    more = np.where(variant == "B", 1 + lift, 1.0)
    exposures, activity, people = [], [], []
    for number in range(2 * size):
        entity = f"e{number}"
        orders = {-3: rng.poisson(2 * habit[number]), 0: 0, 2: rng.poisson(habit[number] * more[number])}
        worth = {shift: round(float(rng.gamma(2, 15)) * count, 2) for shift, count in orders.items()}
        exposures.append(exposed(entity, str(variant[number]), int(day[number])))
        activity += [
            active(entity, int(day[number]) + shift, int(count), f"{worth[shift]:.2f}")
            for shift, count in orders.items()
            if count
        ]
        people.append(
            {
                "variant": str(variant[number]),
                "conversion": int(orders[2] > 0),
                "conversion_before": int(orders[-3] > 0),
                "orders_per_visitor": int(orders[2]),
                "orders_per_visitor_before": int(orders[-3]),
                "revenue_per_visitor": worth[2],
                "revenue_per_visitor_before": worth[-3],
            }
        )
    return table("experiment_exposures", exposures), table("entity_activity", activity), pl.DataFrame(people)


@pytest.mark.parametrize("metric", METRICS)
def test_results_are_what_tea_tasting_says_of_the_people(metric: str) -> None:
    exposures, activity, people = shop(1500, seed=1, lift=0.2)
    row = results(exposures, activity)[metric, "B"]
    tested = tt.Experiment(
        raw=tt.Mean(metric),
        adjusted=tt.Mean(metric, f"{metric}_before"),
        ratio=tt.SampleRatio(method="norm", correction=False),
    ).analyze(people, control="A")
    raw, adjusted = tested["raw"], tested["adjusted"]
    assert row["uplift"] == pytest.approx(raw.effect_size)
    if metric == "conversion":
        hits = people.group_by("variant").agg(pl.col(metric).sum()).sort("variant", descending=True)[metric].to_list()
        assert row["p_value"] == pytest.approx(proportions_ztest(hits, [1500, 1500])[1])
    else:
        ends = ("effect_size_ci_lower", "effect_size_ci_upper", "rel_effect_size_ci_lower", "rel_effect_size_ci_upper")
        found = [row[name] for name in ("uplift_low", "uplift_high", "relative_low", "relative_high", "p_value")]
        assert found == pytest.approx([*(getattr(raw, end) for end in ends), raw.pvalue])
    found = [row[name] for name in ("cuped_uplift", "cuped_low", "cuped_high", "cuped_p_value")]
    assert found == pytest.approx(
        [adjusted.effect_size, adjusted.effect_size_ci_lower, adjusted.effect_size_ci_upper, adjusted.pvalue]
    )
    assert 0.03 < row["variance_reduction"] < 1
    assert row["sample_ratio_p_value"] == pytest.approx(tested["ratio"].pvalue)


def test_known_effect_is_found_and_none_is_not() -> None:
    exposures, activity, _ = shop(4000, seed=2, lift=0.5)
    row = results(exposures, activity)["orders_per_visitor", "B"]
    assert row["uplift_low"] < 0.25 * 0.5 < row["uplift_high"]
    assert row["relative_low"] < 0.5 < row["relative_high"]
    assert row["always_valid_p_value"] < 0.001 and row["sequence_low"] > 0
    exposures, activity, _ = shop(4000, seed=3)
    row = results(exposures, activity)["orders_per_visitor", "B"]
    assert row["always_valid_p_value"] > 0.05 and row["sequence_low"] < 0 < row["sequence_high"]


def test_days_exposures_and_split_are_told_on_every_row() -> None:
    rows = results(
        table(
            "experiment_exposures",
            [exposed("a", "A"), exposed("b", "B", 3), exposed("c", "B", 9), exposed("c", "A", 9)],
        ),
        table("entity_activity", []),
    )
    assert {(row["days"], row["mixed_entities"], row["expected_share"]) for row in rows.values()} == {(4, 1, 0.5)}
    assert rows["conversion", "B"]["first_exposed_at"].day == rows["conversion", "B"]["last_exposed_at"].day == 4


def test_control_is_the_planned_one_else_control_else_the_first() -> None:
    def control(names: str, plan: Plan | None = None) -> str:
        exposures = [exposed(f"{name}{n}", name, 0, n) for name in names.split() for n in range(3)]
        rows = results(table("experiment_exposures", exposures), table("entity_activity", []), plan)
        (found,) = {row["variant"] for row in rows.values() if row["is_control"]}
        return str(found)

    assert control("B C A") == "A"
    assert control("B control A") == "control"
    assert control("B control A", Plan(control="B")) == "B"


def test_swapping_control_turns_the_signs() -> None:
    exposures, activity, _ = shop(200, seed=4, lift=0.3)
    there = results(exposures, activity, Plan(control="A"))
    back = results(exposures, activity, Plan(control="B"))
    for metric in METRICS:
        one, other = there[metric, "B"], back[metric, "A"]
        for name in ("uplift", "cuped_uplift"):
            assert one[name] == pytest.approx(-other[name])
        for low, high in (
            ("uplift_low", "uplift_high"),
            ("cuped_low", "cuped_high"),
            ("sequence_low", "sequence_high"),
        ):
            assert (one[low], one[high]) == pytest.approx((-other[high], -other[low]))
        for name in ("p_value", "cuped_p_value", "always_valid_p_value", "variance_reduction", "sample_ratio_p_value"):
            assert one[name] == pytest.approx(other[name])


def test_planned_split_is_what_the_sample_ratio_is_held_against() -> None:
    exposures = table("experiment_exposures", [exposed(f"e{n}", "A" if n % 10 else "B", n % 3) for n in range(3000)])
    nothing = table("entity_activity", [])
    assert not results(exposures, nothing)["conversion", "A"]["sample_ratio_ok"]
    planned = results(exposures, nothing, Plan(allocation={"A": 9, "B": 1}))["conversion", "A"]
    assert (planned["sample_ratio_ok"], planned["expected_share"]) == (True, 0.9)
    with_third = results(exposures, nothing, Plan(allocation={"A": 9, "C": 1}))
    assert with_third["conversion", "B"]["sample_ratio_p_value"] == 0
    assert with_third["conversion", "C"]["entities"] == 0


def test_several_variants_have_adjusted_p_values() -> None:
    rng = np.random.default_rng(6)
    exposures = [
        exposed(f"{name}{n}", name, 0, int(rng.random() < share))
        for name, share in (("A", 0.2), ("B", 0.25), ("C", 0.3))
        for n in range(500)
    ]
    rows = results(table("experiment_exposures", exposures), table("entity_activity", []))
    found = {name: rows["conversion", name] for name in "BC"}
    lower, higher = sorted(found.values(), key=lambda row: row["p_value"])
    assert lower["adjusted_p_value"] == pytest.approx(2 * lower["p_value"])
    assert higher["adjusted_p_value"] == pytest.approx(max(higher["p_value"], lower["adjusted_p_value"]))


BAD = {
    "one variant": ([exposed(f"a{n}", "A", 0, n % 2) for n in range(40)], [], {"A": "control"}),
    "one entity of a variant": (
        [exposed(f"a{n}", "A", 0, n % 2) for n in range(40)] + [exposed("b", "B")],
        [],
        {"A": "control", "B": "too_few_entities"},
    ),
    "nobody converts": (
        [exposed(f"{v}{n}", v) for v in "AB" for n in range(40)],
        [],
        {"A": "control", "B": "no_variance"},
    ),
    "everybody does the same": (
        [exposed(f"{v}{n}", v, 0, 1, "5.00") for v in "AB" for n in range(40)],
        [],
        {"A": "control", "B": "no_variance"},
    ),
    "nobody of the control converts": (
        [exposed(f"{v}{n}", v, 0, int(v == "B" and n < 9)) for v in "AB" for n in range(40)],
        [],
        {"A": "control", "B": "mean_not_positive"},
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_known_is_null_with_its_reason(name: str) -> None:
    exposures, activity, reasons = BAD[name]
    rows = results(table("experiment_exposures", exposures), table("entity_activity", activity))
    for variant, reason in reasons.items():
        row = rows["conversion", variant]
        assert row["reason"] == reason
        assert (row["relative_uplift"] is None, row["cuped_p_value"] is None) == (True, True)
        assert (row["p_value"] is None) == (reason != "mean_not_positive")
        assert row["cuped_reason"] == ("no_pre_period" if reason == "mean_not_positive" else reason)


def test_planned_control_that_nobody_saw_leaves_no_uplift() -> None:
    exposures = table("experiment_exposures", [exposed(f"{v}{n}", v, 0, n % 2) for v in "AB" for n in range(40)])
    rows = results(exposures, table("entity_activity", []), Plan(control="old"))
    assert {row["reason"] for row in rows.values()} == {"control", "control_not_seen"}
    assert {row["entities"] for row in rows.values() if row["is_control"]} == {0}
    only = exposures.filter(pl.col("variant") == "A")
    rows = results(only, table("entity_activity", []), Plan(control="old"))
    assert rows["conversion", "A"]["reason"] == "one_variant"
    assert rows["conversion", "A"]["sample_ratio_p_value"] < 1e-6


def test_refunds_above_orders_leave_a_difference_without_a_ratio() -> None:
    exposures = [exposed(f"{v}{n}", v, 0, 1, f"{n}.00") for v in "AB" for n in range(40)]
    activity = [active(f"A{n}", 2, 0, "-100.00", refunds=1) for n in range(30)]
    row = results(table("experiment_exposures", exposures), table("entity_activity", activity))[
        "revenue_per_visitor", "B"
    ]
    assert row["uplift"] == pytest.approx(75.0)
    assert (row["relative_uplift"], row["reason"]) == (None, "mean_not_positive")
    assert row["p_value"] < 0.05


def test_all_on_one_day_has_one_look() -> None:
    rng = np.random.default_rng(7)
    exposures = [
        exposed(f"{v}{n}", v, 0, int(rng.random() < p)) for v, p in (("A", 0.1), ("B", 0.3)) for n in range(400)
    ]
    row = results(table("experiment_exposures", exposures), table("entity_activity", []))["conversion", "B"]
    assert (row["days"], row["reason"], row["cuped_reason"]) == (1, None, "no_pre_period")
    assert row["p_value"] < row["always_valid_p_value"] < 0.01


def test_no_exposures_no_rows() -> None:
    assert results(table("experiment_exposures", []), table("entity_activity", [active("a", 0)])) == {}


def test_pre_period_of_no_days_turns_the_adjustment_off() -> None:
    exposures, activity, _ = shop(300, seed=5)
    rows = results(exposures, activity, Plan(pre_period_days=0))
    assert {row["cuped_reason"] for row in rows.values()} == {"control", "no_pre_period"}
