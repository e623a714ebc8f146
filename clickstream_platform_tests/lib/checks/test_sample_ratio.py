"""An experiment whose split is no accident is told of, once."""

import polars as pl

from clickstream_platform.lake import Lake
from clickstream_platform.lib.checks import evaluate
from clickstream_platform.lib.checks.verdict import Verdict
from clickstream_platform_tests.lib.checks.shop import rewrite, rows

CHECK = "sample_ratio_as_planned"


def verdict(lake: Lake, *results: dict[str, object]) -> Verdict:
    nothing = {"reason": "control", "cuped_reason": "control"}
    rewrite(lake, "experiment_results", lambda _: rows("experiment_results", [nothing | one for one in results]), None)
    (found,) = (one for one in evaluate(lake, "experiment_results") if one.info.name == CHECK)
    return found


def split(experiment: str, sizes: dict[str, int], p_value: float | None) -> list[dict[str, object]]:
    ok = None if p_value is None else p_value >= 0.001
    shared = {"experiment": experiment, "sample_ratio_p_value": p_value, "sample_ratio_ok": ok}
    return [
        {**shared, "metric": metric, "variant": name, "entities": size}
        for metric in ("conversion", "revenue_per_visitor")
        for name, size in sizes.items()
    ]


def test_mismatch_warns_with_the_numbers_of_its_variants(lake: Lake) -> None:
    found = verdict(lake, *split("b", {"on": 120, "off": 210}, 7e-7), *split("a", {"x": 10, "y": 11}, 0.8))
    assert (found.passed, found.info.severity, found.checked, found.failed) == (False, "warn", 2, 1)
    assert found.said == "b: off 210, on 120 (p = 7e-07)"


def test_split_as_planned_or_of_one_variant_passes(lake: Lake) -> None:
    assert verdict(lake, *split("a", {"x": 10, "y": 11}, 0.001), *split("c", {"x": 3}, None)).passed


def test_no_experiments_pass(lake: Lake) -> None:
    rewrite(lake, "experiment_results", pl.DataFrame.clear, None)
    (found,) = (one for one in evaluate(lake, "experiment_results") if one.info.name == CHECK)
    assert found.passed
