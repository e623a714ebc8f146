"""Tables of marketing attribution: touches, paths, what channels bring about, and their credit."""

from datetime import date as Day

import pandera.polars as pa
import polars as pl

from clickstream_platform.schemas.columns import Moment, Money, column, none_negative, optional

TOUCH_TYPES = ("source", "session_start")
OUTCOMES = ("conversion", "open")
FITTED_MODELS = ("markov", "shapley")
ATTRIBUTION_MODELS = (
    "first",
    "last",
    "last_non_direct",
    "linear",
    "position_based",
    "time_decay",
    *FITTED_MODELS,
)
TOUCH = pl.Struct(
    {"position": pl.Int64, "touched_at": pl.Datetime("us", "UTC"), "channel": pl.String, "campaign": pl.String}
)


class Touchpoints(pa.DataFrameModel):
    """Contacts of people with marketing, and visits that none brought, with consent to analytics and advertising."""

    touch_id: str = column("event_id of an event with a source; session_id of a Direct visit.")
    touch_type: str = column("source: an event that tells one; session_start: a Direct visit.", isin=TOUCH_TYPES)
    entity_id: str = column("Whose touch it is.")
    touched_at: Moment = column("When it happened.")
    date: Day = column("Day (UTC) of touched_at; the partition.")
    channel: str = column("GA4 default channel group.")
    source: str = column("Traffic source.")
    medium: str = column("Traffic medium.")
    campaign: str = column("Campaign name; (not set) where nothing tells.")
    is_direct: bool = column("Whether the channel is Direct.")

    @pa.dataframe_check(description="the start of a session without a source is a Direct touch")
    def visits_are_direct(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Type and channel."""
        direct = (pl.col("channel") == "Direct") == pl.col("is_direct")
        return data.lazyframe.select(direct & ((pl.col("touch_type") == "source") | pl.col("is_direct")))


class ConversionPaths(pa.DataFrameModel):
    """Touches that led to a conversion, and paths that have led to none yet, as of the end of their day."""

    path_id: str = column("event_id of the conversion; entity and time of the last touch of an open path.")
    outcome: str = column("conversion, or open: no conversion since.", isin=OUTCOMES)
    date: Day = column("Day (UTC) of ended_at; the partition.")
    ended_at: Moment = column("When the conversion happened; of an open path its last touch of the day.")
    entity_id: str = column("Whose path it is.")
    order_id: str = optional("Order of the conversion.")
    revenue: Money = column("Revenue of the conversion; 0 of an open path.")
    path: str = column("Channels of the touches in order, with > between; (none) without touches.")
    touch_count: int = column("Touches within the look-back and since the conversion before.")
    first_touch_at: Moment = optional("When the first of them happened.")
    touches: pl.List = pa.Field(
        description="Touches of a conversion in order, with position, time, channel and campaign; null without any, "
        "and of an open path.",
        dtype_kwargs={"inner": TOUCH},
        nullable=True,
    )

    @pa.dataframe_check(
        description="no figure is negative; an open path has touches and no revenue; paths begin before they end"
    )
    def ends_fit(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Outcome, counts and times."""
        is_open, touched = pl.col("outcome") == "open", pl.col("touch_count") > 0
        paid = none_negative("revenue", "touch_count")
        unpaid = (pl.col("revenue") == 0) & pl.col("order_id").is_null()
        begun = (pl.col("first_touch_at") <= pl.col("ended_at")).fill_null(False)
        return data.lazyframe.select(paid & (~is_open | (touched & unpaid)) & (begun == touched))

    @pa.dataframe_check(description="a conversion has as many touches as it counts")
    def touches_are_counted(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """List and number."""
        held = pl.col("touches").list.len().fill_null(0)
        expected = pl.when(pl.col("outcome") == "conversion").then("touch_count").otherwise(0)
        return data.lazyframe.select(held == expected)


class ChannelEffects(pa.DataFrameModel):
    """What each channel brings about by the fitted models, on the paths of the days up to and with this one."""

    date: Day = column("Last day (UTC) of the paths that the models are fitted on; the partition.")
    model: str = column("markov or shapley.", isin=FITTED_MODELS)
    channel: str = column("Channel of touches.")
    effect: float = column("markov: share of conversions lost without the channel; shapley: gain in conversion rate.")
    share: float = column("The effect's share of all positive ones; 0 where it is negative.")
    paths: int = column("Paths with the channel in these days.")
    conversions: int = column("Those of them that ended in a conversion.")
    is_exact: bool = column("Computed exactly; not sampled, as Shapley values of very many channels are.")

    @pa.dataframe_check(description="a removal effect is from 0 to 1, a Shapley value from -1 to 1, by at least a path")
    def effects_in_range(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Bounds, and conversions against paths."""
        lowest = pl.when(pl.col("model") == "markov").then(0).otherwise(-1)
        in_range = (pl.col("effect") >= lowest) & (pl.col("effect") <= 1) & pl.col("share").is_between(0, 1)
        counted = pl.col("conversions").is_between(0, pl.col("paths")) & (pl.col("paths") >= 1)
        return data.lazyframe.select(in_range & counted)


class ChannelAttribution(pa.DataFrameModel):
    """Conversions and revenue credited to channels and campaigns, by eight attribution models side by side."""

    date: Day = column("Day (UTC) of the conversions and refunds; the partition.")
    channel: str = column("Channel credited; (unknown) for refunds that no known order is left to take from.")
    campaign: str = column("Campaign credited; (not set) where touches name none.")
    model: str = column("Attribution model.", isin=ATTRIBUTION_MODELS)
    conversions: float = column("Conversions credited; fractions where several touches share one.")
    revenue: Money = column("Revenue credited, refunds not taken off.")
    refunds: Money = column("Refunds of that day, taken back where their orders' revenue was credited.")
    net_revenue: Money = column("revenue less refunds.")
    cost: Money = optional("Spent on it that day, the same for each model; null where no spend is known.")
    roas: float = optional("Return on advertising spend: revenue by cost; null without cost.")

    @pa.dataframe_check(description="no conversions, revenue, refunds, cost or roas are negative")
    def figures_not_negative(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Signs."""
        return data.lazyframe.select(none_negative("conversions", "revenue", "refunds", "cost", "roas"))

    @pa.dataframe_check(description="net_revenue is revenue less refunds")
    def net_revenue_fits(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Difference."""
        return data.lazyframe.select(pl.col("net_revenue") == pl.col("revenue") - pl.col("refunds"))
