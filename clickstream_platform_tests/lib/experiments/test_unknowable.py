"""experiment_results where something cannot be known: null, with the reason."""

import numpy as np
import polars as pl
import pytest

from clickstream_platform.lib.experiments import Plan
from clickstream_platform_tests.lib.experiments.people import active, exposed, results, shop, table

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


@pytest.mark.filterwarnings("error")
def test_two_people_and_much_confidence_leave_an_interval_of_numbers() -> None:
    """A side without spread has one degree of freedom left: a thousand standard errors, and their exponential."""
    exposures = [exposed("a0", "A", 0, 1, "9.00"), exposed("a1", "A", 0, 1, "9.00")]
    exposures += [exposed("b0", "B", 0, 1, "0.01"), exposed("b1", "B", 0, 1, "90.00")]
    plan = Plan(confidence_level=0.9999)
    row = results(table("experiment_exposures", exposures), table("entity_activity", []), plan)[
        "revenue_per_visitor", "B"
    ]
    assert -1 <= row["relative_low"] < row["relative_uplift"] < row["relative_high"]


def test_behaviour_before_that_tells_all_leaves_nothing_to_test() -> None:
    exposures = [exposed(f"{v}{n}", v) for v in "AB" for n in range(40)]
    activity = [
        active(f"{v}{n}", day, 1, f"{n * amount}.10")
        for v in "AB"
        for n in range(40)
        for day, amount in ((-2, 1), (2, 3))
    ]
    rows = results(table("experiment_exposures", exposures), table("entity_activity", activity))
    row = rows["revenue_per_visitor", "B"]
    assert (row["cuped_p_value"], row["cuped_reason"], row["reason"]) == (None, "no_variance", None)
    assert rows["orders_per_visitor", "B"]["cuped_reason"] == "no_variance"


def test_names_that_differ_in_what_cannot_be_seen_are_different_variants() -> None:
    exposures = [exposed(f"{v}{n}", v) for v in ("A", "A\0") for n in range(3)] + [exposed("x", "A")]
    rows = results(table("experiment_exposures", exposures), table("entity_activity", []))
    assert (rows["conversion", "A"]["entities"], rows["conversion", "A\0"]["entities"]) == (4, 3)
