"""Figures of a gold table as a whole that people look up, kept as metadata of its materialization."""

from collections.abc import Callable, Mapping

import dagster as dg
import polars as pl

from clickstream_platform.lib.customer_facts import holdout_facts, lifetime_value_facts, value_model_facts
from clickstream_platform.lib.funnel_facts import funnel_facts
from clickstream_platform.lib.marketing_facts import cohort_facts, experiment_facts

Facts = Mapping[str, dg.MetadataValue]

FACTS: dict[str, Callable[[pl.DataFrame], Facts]] = {
    "funnel_steps": funnel_facts,
    "cohort_retention": cohort_facts,
    "experiment_results": experiment_facts,
    "customer_lifetime_value": lifetime_value_facts,
    "customer_value_models": value_model_facts,
    "customer_value_holdout": holdout_facts,
}
"""By gold table: from the rows that its chart is drawn from to named figures."""


def facts(table_name: str, frame: pl.DataFrame) -> Facts:
    """The table's figures; none for a table without any of its own, or without rows."""
    figures = FACTS.get(table_name)
    return {} if figures is None or frame.is_empty() else figures(frame)
