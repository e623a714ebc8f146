"""Gold: funnels as configured."""

from datetime import date as Day

import pandera.polars as pa
import polars as pl

from clickstream_platform.schemas.columns import column, optional

_DIGITS = 1e-9


class FunnelSteps(pa.DataFrameModel):
    """How far attempts at each configured funnel come, by day, in total and for each segment of its breakdowns.

    A funnel is closed: a step counts only strictly after the step before. An attempt is a session, or what an entity
    does within some days from its first first-step event of a day on.
    """

    date: Day = column("Day (UTC) on which the attempts begin; the partition.")
    funnel: str = column("Name of the funnel.")
    within: str = column("How long an attempt may take: session, or days from the first step such as 7d.")
    dimension: str = column("What the attempts are broken down by, such as channel; all for the total.")
    segment: str = column("Value of the dimension in the session of the first step; all for the total.")
    step: int = column("Number of the step, from 1.")
    label: str = column("Name of the step.")
    entered: int = column("Attempts: those that reached the first step.")
    reached: int = column("Attempts that reached this step after all before it.")
    dropped: int = column("Attempts lost since the step before; 0 at the first.")
    conversion_from_first: float = column("reached over entered.")
    conversion_from_previous: float = optional("reached over those of the step before; null over none.")
    median_seconds_from_previous: float = optional("Median seconds from the step before; null at the first step.")
    median_seconds_from_first: float = optional("Median seconds from the first step; null at the first step.")
    closes_on: Day = column("Last day (UTC) on which attempts of the day may still go on; final once it is over.")

    @pa.dataframe_check(description="all enter the first step, and no step is reached by more than the step before")
    def counts_never_rise(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Closed funnel."""
        reached, dropped, entered = pl.col("reached"), pl.col("dropped"), pl.col("entered")
        first = (reached == entered) & (dropped == 0)
        later = (reached >= 0) & (dropped >= 0) & (reached + dropped <= entered)
        return data.lazyframe.select(
            pl.when(pl.col("step") == 1).then(first).otherwise(later) & (pl.col("step") >= 1) & (entered >= 1)
        )

    @pa.dataframe_check(description="conversions are the counts' ratios, and no step takes less than no time")
    def figures_agree(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Ratios and waits."""
        reached, before = pl.col("reached"), pl.col("reached") + pl.col("dropped")
        first = (pl.col("conversion_from_first") - reached / pl.col("entered")).abs() <= _DIGITS
        rate = pl.col("conversion_from_previous")
        previous = pl.when(before > 0).then((rate - reached / before).abs() <= _DIGITS).otherwise(rate.is_null())
        waits = [pl.col(f"median_seconds_from_{since}") for since in ("previous", "first")]
        timed = pl.all_horizontal((wait > 0).fill_null(True) for wait in waits)
        return data.lazyframe.select(first & previous.fill_null(False) & timed)
