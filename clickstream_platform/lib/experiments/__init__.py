"""Experiments: what was planned (a TOML file) and what came of it (sums over entities through the models)."""

import narwhals as nw
import polars as pl

from clickstream_platform.lib.experiments.plans import Plan, Plans, PlansError, load_plans
from clickstream_platform.lib.experiments.results import results
from clickstream_platform.lib.table_frames import Frame
from clickstream_platform.transforms import experiment_sums

__all__ = ["Plan", "Plans", "PlansError", "experiment_results", "load_plans", "results"]


def experiment_results(experiment_exposures: Frame, entity_activity: Frame, plans: Plans) -> Frame:
    """The table of its upstream tables. The engine sums over entities; what is left is a row a variant and day."""
    sums = experiment_sums(experiment_exposures, entity_activity, spans=plans.spans, default=plans.default.span)
    frame = sums.to_native()
    counted = frame.collect(engine="streaming") if isinstance(frame, pl.LazyFrame) else frame.pl()
    return nw.from_native(results(counted, plans).lazy())
