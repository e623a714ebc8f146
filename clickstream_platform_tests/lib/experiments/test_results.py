"""experiment_results from its upstream tables: a known effect, and other programs on the same people."""

import numpy as np
import polars as pl
import pytest
import tea_tasting as tt
from statsmodels.stats.proportion import proportions_ztest

from clickstream_platform.lib.experiments import Plan
from clickstream_platform_tests.lib.experiments.people import METRICS, exposed, results, shop, table


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
