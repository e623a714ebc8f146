"""Did chance alone choose who saw which variant? If not, an experiment's uplift is no effect of its variants."""

from collections.abc import Iterator

import polars as pl

from clickstream_platform.lake import Lake
from clickstream_platform.lib.checks.verdict import CheckInfo, CheckOptions, Verdict

SAMPLE_RATIO = "sample_ratio_as_planned"


def sample_ratio_info() -> CheckInfo:
    """The check on `experiment_results`."""
    return CheckInfo(
        "experiment_results",
        SAMPLE_RATIO,
        "warn",
        "entities of each experiment split into its variants as planned (chi-square p-value of at least 0.001)",
        remedy="do not use its results; look for redirects, crashes or bots in one variant, for exposures that are "
        "sent late, and at the allocation in CLICKSTREAM_EXPERIMENTS_FILE",
    )


def check_sample_ratio(lake: Lake, options: CheckOptions) -> Iterator[Verdict]:
    """One verdict: the experiments that are off, with the numbers of their variants."""
    experiments = (
        lake.scan("experiment_results")
        # Every metric says the same of an experiment.
        .filter(pl.col("metric") == "conversion")
        .sort("experiment", "variant")
        .group_by("experiment", maintain_order=True)
        .agg(
            pl.format("{} {}", "variant", "entities").str.join(", ").alias("split"),
            pl.col("sample_ratio_p_value", "sample_ratio_ok").first(),
        )
        .collect()
    )
    off = experiments.filter(~pl.col("sample_ratio_ok"))
    shown = [
        f"{name[:40]}: {split} (p = {p_value:.1g})"
        for name, split, p_value, _ in off.head(options.sample_rows).iter_rows()
    ]
    more = " …" if off.height > len(shown) else ""
    counts = {"experiments": experiments.height, "experiments that are off": off.height}
    info, said = sample_ratio_info(), "; ".join(shown) + more
    yield Verdict(info, off.is_empty(), None, experiments.height, off.height, said, counts=counts)
