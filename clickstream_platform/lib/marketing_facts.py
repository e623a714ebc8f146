"""What is looked up of cohorts and experiments as a whole."""

from collections.abc import Mapping

import dagster as dg
import polars as pl

Facts = Mapping[str, dg.MetadataValue]


def cohort_facts(frame: pl.DataFrame) -> Facts:
    """How many of the customers who first ordered in a period came back in the next one that is over."""
    first = frame.filter(pl.col("cohort_by") == "first_order")
    facts: dict[str, dg.MetadataValue] = {}
    for period in ("month", "week"):
        ordered = first.filter(pl.col("period") == period)
        facts[f"{period}ly cohorts"] = dg.MetadataValue.int(ordered["cohort_start"].n_unique())
        after = ordered.filter((pl.col("age") == 1) & pl.col("is_complete"))
        if not after.is_empty():
            rate = int(after["retained_customers"].sum()) / int(after["customers"].sum())
            facts[f"retention after 1 {period}"] = dg.MetadataValue.float(round(rate, 4))
    return facts


def experiment_facts(frame: pl.DataFrame) -> Facts:
    """How many experiments there are, which of them split as they should not, and which uplifts hold at any look."""
    off = frame.filter(~pl.col("sample_ratio_ok"))["experiment"].unique().sort()
    held = frame.filter(pl.col("always_valid_p_value") < 1 - pl.col("confidence_level"))
    uplifts = held.sort("experiment", "metric", "variant").select(
        pl.format("{} {}: {}", "experiment", "variant", "metric")
    )
    return {
        "experiments": dg.MetadataValue.int(frame["experiment"].n_unique()),
        "sample ratio mismatches": dg.MetadataValue.text(", ".join(off) or "none"),
        "uplifts that hold at any look": dg.MetadataValue.text(", ".join(uplifts.to_series()) or "none"),
    }
