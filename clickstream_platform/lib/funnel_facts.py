"""Figures of the configured funnels that people look up."""

from collections.abc import Mapping

import dagster as dg
import polars as pl

from clickstream_platform.contract.funnels import ANYTHING


def funnel_facts(frame: pl.DataFrame) -> Mapping[str, dg.MetadataValue]:
    """Attempts, and the share of them that came through, of each funnel over the days shown."""
    totals = frame.filter(pl.col("dimension") == ANYTHING)
    last = totals.filter(pl.col("step") == pl.col("step").max().over("funnel"))
    sums = last.group_by("funnel").agg(pl.col("entered").sum(), pl.col("reached").sum()).sort("funnel")
    found: dict[str, dg.MetadataValue] = {}
    for name, entered, reached in sums.select("funnel", "entered", "reached").iter_rows():
        found[f"{name} attempts"] = dg.MetadataValue.int(entered)
        found[f"{name} conversion"] = dg.MetadataValue.float(round(reached / entered, 6))
    return found
