"""What people do by day, which variants they saw, and what came of the experiments."""

from datetime import date as Day

import pandera.polars as pa
import polars as pl

from clickstream_platform.schemas.columns import Moment, Money, column, none_negative, optional

METRICS = ("conversion", "orders_per_visitor", "revenue_per_visitor")
REASONS = (
    "control",
    "one_variant",
    "control_not_seen",
    "too_few_entities",
    "no_variance",
    "mean_not_positive",
)
CUPED_REASONS = (*REASONS[:-1], "no_pre_period")
_COUNTS = ("events", "page_views", "item_views", "carts", "purchases", "refunds")
_REFUNDED = "refund_amount"


def _counts_fit(suffix: str) -> pl.Expr:
    """Whether no figure is negative, and the named events are no more than all events."""
    names = [f"{name}{suffix}" for name in _COUNTS]
    return none_negative(*names, f"{_REFUNDED}{suffix}") & (pl.sum_horizontal(names[1:]) <= pl.col(names[0]))


class EntityActivity(pa.DataFrameModel):
    """What each entity did on a day. People with consent to analytics alone; days add up without counting twice."""

    entity_id: str = column("Who: user_id, else anonymous_id.")
    activity_date: Day = column("Day (UTC) of the events; the partition.")
    first_event_at: Moment = column("First event of the day.")
    last_event_at: Moment = column("Last event of the day.")
    events: int = column("Events.")
    page_views: int = column("page_view events.")
    item_views: int = column("view_item events.")
    carts: int = column("add_to_cart events.")
    purchases: int = column("purchase events.")
    refunds: int = column("refund events.")
    revenue: Money = column("Revenue of the events, refunds taken off.")
    refund_amount: Money = column("What refunds took off.")

    @pa.dataframe_check(
        description="there is an event, counts fit each other, and the day does not end before it starts"
    )
    def figures_agree(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """The row's figures among each other."""
        ordered = pl.col("first_event_at") <= pl.col("last_event_at")
        return data.lazyframe.select(_counts_fit("") & ordered & (pl.col("events") >= 1))


class ExperimentExposures(pa.DataFrameModel):
    """Who saw which variant of which experiment on a day, and what they did on that day from then on."""

    exposure_date: Day = column("Day (UTC) of the exposure; the partition.")
    experiment: str = column("Name of the experiment.")
    variant: str = column("The variant seen.")
    entity_id: str = column("Who: user_id, else anonymous_id.")
    exposed_at: Moment = column("The day's first event that carries the experiment with this variant.")
    events_after: int = column("Events of the entity on that day after it.")
    page_views_after: int = column("page_view events among them.")
    item_views_after: int = column("view_item events among them.")
    carts_after: int = column("add_to_cart events among them.")
    purchases_after: int = column("purchase events among them.")
    refunds_after: int = column("refund events among them.")
    revenue_after: Money = column("Revenue of them, refunds taken off.")
    refund_amount_after: Money = column("What refunds among them took off.")

    @pa.dataframe_check(description="no count is negative, and the named events are no more than all")
    def figures_agree(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """The row's figures among each other."""
        return data.lazyframe.select(_counts_fit("_after"))


class ExperimentResults(pa.DataFrameModel):
    """Variants of experiments against their control, by metric. What cannot be known is null, with the reason."""

    experiment: str = column("Name of the experiment.")
    metric: str = column(
        "conversion, orders_per_visitor or revenue_per_visitor, after the first exposure.", isin=METRICS
    )
    variant: str = column("The variant.")
    is_control: bool = column("Whether the others are held against it.")
    entities: int = column("Entities exposed to this variant alone.", ge=0)
    total: float = column("Entities that purchased, purchases, or revenue (refunds taken off) of these entities.")
    mean: float = optional("total by entities; null without any.")
    variance: float = optional("Variance of an entity's value; null of fewer than two.", ge=0)
    uplift: float = optional("Mean minus the control's mean; null with a reason.")
    uplift_low: float = optional("Lower end of its confidence interval.")
    uplift_high: float = optional("Upper end of its confidence interval.")
    relative_uplift: float = optional("uplift by the control's mean; 0.1 is 10 % more.")
    relative_low: float = optional("Lower end of its confidence interval.")
    relative_high: float = optional("Upper end of its confidence interval.")
    p_value: float = optional("Of no difference, for one look at a moment chosen beforehand.")
    adjusted_p_value: float = optional("The same, held for all variants of the experiment together (Holm).")
    reason: str = optional("Why there is no uplift, or no relative one; null where there are both.", isin=REASONS)
    cuped_uplift: float = optional("The uplift, the luck of the draw in earlier behaviour taken out (CUPED).")
    cuped_low: float = optional("Lower end of its confidence interval.")
    cuped_high: float = optional("Upper end of its confidence interval.")
    cuped_p_value: float = optional("Of no difference, after the adjustment.")
    variance_reduction: float = optional("Share of the uplift's variance that the adjustment takes away.", le=1)
    cuped_reason: str = optional("Why there is no adjusted uplift; null where there is one.", isin=CUPED_REASONS)
    always_valid_p_value: float = optional("Of no difference, for who looks every day; null below 30 entities a side.")
    sequence_low: float = optional("Lower end of the uplift's confidence sequence: holds however often one looks.")
    sequence_high: float = optional("Upper end of the confidence sequence.")
    mixing_variance: float = optional("tau squared of the sequential test: variance of the uplifts it expects.")
    confidence_level: float = column("Of all intervals of the row.")
    expected_share: float = column("Planned share of the entities.", ge=0, le=1)
    sample_ratio_p_value: float = optional("Of the split being as planned; null with one variant.")
    sample_ratio_ok: bool = optional("Whether that is at least 0.001; if not, distrust the experiment.")
    mixed_entities: int = column("Entities of the experiment that saw several variants; they count nowhere else.", ge=0)
    first_exposed_at: Moment = optional("First exposure to the variant.")
    last_exposed_at: Moment = optional("Last first exposure of an entity to the variant.")
    days: int = column("Days from the experiment's first exposure to its last first exposure.", ge=0)

    @pa.dataframe_check(description="p-values are between 0 and 1, and every interval holds its uplift")
    def figures_agree(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """The row's figures among each other."""
        names = ("p_value", "adjusted_p_value", "cuped_p_value", "always_valid_p_value", "sample_ratio_p_value")
        shares = [pl.col(name).is_between(0, 1) for name in names]
        intervals = [
            pl.col(value).is_between(pl.col(f"{name}_low"), pl.col(f"{name}_high"))
            for value, name in (
                ("uplift", "uplift"),
                ("relative_uplift", "relative"),
                ("cuped_uplift", "cuped"),
                ("uplift", "sequence"),
            )
        ]
        return data.lazyframe.select(pl.all_horizontal(fits.fill_null(True) for fits in (*shares, *intervals)))

    @pa.dataframe_check(description="an uplift is missing where, and only where, a reason says why")
    def reasons_given(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Nulls and reasons."""
        whole = pl.col("relative_low").is_not_null() & pl.col("uplift").is_not_null()
        adjusted = pl.col("cuped_uplift").is_not_null()
        return data.lazyframe.select(
            (whole == pl.col("reason").is_null()) & (adjusted == pl.col("cuped_reason").is_null())
        )
