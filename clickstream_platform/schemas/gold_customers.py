"""Gold tables of what customers are worth: scores, forecasts, and the fitted models behind them."""

from datetime import date as Day

import pandera.polars as pa
import polars as pl

from clickstream_platform.schemas.columns import Moment, Money, column, optional

RFM_SEGMENTS = (
    "hibernating",
    "at_risk",
    "cant_lose",
    "about_to_sleep",
    "need_attention",
    "loyal_customers",
    "promising",
    "new_customers",
    "potential_loyalists",
    "champions",
)
VALUE_METHODS = ("bg_nbd_gamma_gamma", "bg_nbd", "historic")
VALUE_MODELS = ("bg_nbd", "gamma_gamma")


class CustomerLifetimeValue(pa.DataFrameModel):
    """Customers' past value, RFM quintiles and segments, and what they are expected to buy, as of the newest order day.

    A purchase is a day with at least one order. Where no model of purchases could be fitted (see
    `customer_value_models`), `value_method` is `historic`, and the past stands for the future: expected purchases and
    `clv` are those of the last `horizon_days` days, undiscounted.
    """

    customer_id: str = column("Identity of the customer.")
    total_orders: int = column("Orders, cancelled and refunded ones left out.", ge=1)
    total_spent: Money = column("Sum of their lines.", gt=0)
    avg_order_value: Money = column("total_spent over total_orders, rounded half up.")
    first_order_at: Moment = column("First order.")
    last_order_at: Moment = column("Latest order.")
    days_since_first_order: int = column("Days from the first order's day to as_of: T of the models.")
    recency_days: int = column("Days from the latest order's day to as_of.")
    recency_score: pl.Int8 = column("1 (longest ago) to 5 (most recent).")
    frequency_score: pl.Int8 = column("1 (fewest orders) to 5 (most).")
    monetary_score: pl.Int8 = column("1 (least spent) to 5 (most).")
    rfm_segment: str = column("Segment by recency and frequency score.", isin=RFM_SEGMENTS)
    as_of: Day = column("The newest day of orders_validated.")
    rfm_score: str = column("The three scores as one text: recency, frequency, monetary.")
    repeat_purchases: int = column("Days with an order after the first such day: x of the models.")
    value_method: str = column(
        "bg_nbd_gamma_gamma: both models; bg_nbd: purchases by model, spending the customer's own average; historic: "
        "no model, the past instead.",
        isin=VALUE_METHODS,
    )
    probability_alive: float = optional(
        "Probability (above 0, up to 1) that the customer will buy again at all; 1 before the first repeat purchase, "
        "null without a model."
    )
    expected_purchases: float = column("Purchases expected in the horizon_days days after as_of.")
    expected_purchase_value: Money = column("Spending expected of one purchase.")
    clv: Money = column("Spending expected in the horizon, discounted by month to as_of.")
    horizon_days: int = column("How many days after as_of the forecasts look (CLICKSTREAM_CLV_HORIZON_DAYS).", ge=1)
    discount_rate: float = column("The yearly rate of the discount (CLICKSTREAM_CLV_DISCOUNT_RATE).")

    @pa.dataframe_check(description="recency, frequency and monetary scores are 1 to 5, and make up the rfm_score")
    def scores_in_range(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Quintiles."""
        scores = [pl.col(f"{name}_score") for name in ("recency", "frequency", "monetary")]
        fit = pl.all_horizontal(score.is_between(1, 5) for score in scores)
        return data.lazyframe.select(fit & (pl.concat_str(scores) == pl.col("rfm_score")))

    @pa.dataframe_check(description="the first order is not after the latest, which is not after as_of")
    def dates_in_order(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Order of the days, through the ages derived from them."""
        recency, age = pl.col("recency_days"), pl.col("days_since_first_order")
        return data.lazyframe.select(recency.is_between(0, age))

    @pa.dataframe_check(
        description="repeat purchases are fewer than orders, and none exactly if all orders are of a day"
    )
    def purchases_fit(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Purchases merge the orders of a day."""
        again = pl.col("repeat_purchases")
        on_one_day = pl.col("recency_days") == pl.col("days_since_first_order")
        fewer = again.is_between(0, pl.col("total_orders") - 1)
        return data.lazyframe.select(fewer & ((again == 0) == on_one_day))

    @pa.dataframe_check(
        description="probabilities lie above 0 and up to 1 where there is a model, and are null elsewhere"
    )
    def method_fits(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Method and probability."""
        alive = pl.col("probability_alive")
        modelled = (alive > 0) & (alive <= 1)
        historic = pl.col("value_method") == "historic"
        return data.lazyframe.select(pl.when(historic).then(alive.is_null()).otherwise(modelled.fill_null(False)))

    @pa.dataframe_check(description="what is expected is finite and not negative")
    def forecast_fits(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Signs."""
        purchases = pl.col("expected_purchases")
        amounts = (pl.col("clv") >= 0) & (pl.col("expected_purchase_value") > 0)
        return data.lazyframe.select(purchases.is_finite() & (purchases >= 0) & amounts)


class CustomerValueModels(pa.DataFrameModel):
    """The fitted models that `customer_lifetime_value` looks ahead with, and how well their fit is to be trusted.

    Training ends with the month before that of the newest order, once 90 days lie before its end; for a younger shop,
    with the newest order's day.
    """

    model: str = column(
        "bg_nbd (Fader, Hardie, Lee 2005): purchases and leaving; gamma_gamma (Fader, Hardie 2013): spending.",
        isin=VALUE_MODELS,
    )
    training_start: Day = column("Day (UTC) of the first sale.")
    training_end: Day = column("Last day (UTC) that the model has seen.")
    customers: int = column("Customers who had bought by then.", ge=1)
    repeat_customers: int = column("Those who had bought on a second day; all that gamma_gamma is fitted to.")
    r: float = optional("bg_nbd: shape of the gamma distribution of purchase rates.")
    alpha: float = optional("bg_nbd: rate of that distribution, in days; r over alpha is the mean purchases a day.")
    a: float = optional("bg_nbd: first parameter of the beta distribution of the probability to leave.")
    b: float = optional("bg_nbd: its second; a over a + b is the mean probability to leave after a repeat purchase.")
    p: float = optional("gamma_gamma: shape of a customer's purchases around their own mean.")
    q: float = optional("gamma_gamma: shape of the customers' means.")
    v: float = optional("gamma_gamma: their scale, in the shop's currency; p v over q - 1 is the mean purchase.")
    log_likelihood: float = optional("At these parameters, in days and in the shop's currency; null where not fitted.")
    converged: bool = column("Whether the fit holds, and is used.")
    iterations: int = column("Of the optimizer, over all starts.")
    restarts: int = column("Starting points.")
    restarts_agreeing: int = column("How many of them led to this likelihood.")
    frequency_value_correlation: float = optional(
        "gamma_gamma: correlation of repeat purchases and their mean value, which the model takes for 0."
    )
    message: str = optional("Why the fit is not used, or what the data have made of the model.")

    @pa.dataframe_check(description="a fit that is used has its parameters and likelihood; one that is not says why")
    def fit_is_whole(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Parameters."""
        bg_nbd = pl.all_horizontal(pl.col(name) > 0 for name in ("r", "alpha", "a", "b"))
        gamma_gamma = pl.all_horizontal(pl.col(name) > 0 for name in ("p", "q", "v"))
        there = pl.when(pl.col("model") == "bg_nbd").then(bg_nbd).otherwise(gamma_gamma).fill_null(False)
        used = there & pl.col("log_likelihood").is_finite().fill_null(False)
        return data.lazyframe.select(pl.when("converged").then(used).otherwise(pl.col("message").is_not_null()))

    @pa.dataframe_check(description="training is not over before it begins, and not all customers need come back")
    def training_fits(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Days and counts."""
        days = pl.col("training_start") <= pl.col("training_end")
        return data.lazyframe.select(days & pl.col("repeat_customers").is_between(0, pl.col("customers")))


class CustomerValueHoldout(pa.DataFrameModel):
    """The model of purchases put to the test: fitted up to a day, held against what customers bought after it.

    The calibration is the first two thirds of the training period, or all but the last `clv_horizon_days` days of it
    where that is more.
    """

    repeat_purchases: int = column("Repeat purchases in the calibration.", ge=0)
    or_more: bool = column("The last row: so many or more.")
    calibration_start: Day = column("Day (UTC) of the first sale.")
    calibration_end: Day = column("Last day (UTC) that the model has seen.")
    holdout_end: Day = column(
        "Last day (UTC) that it is held against; the holdout begins the day after calibration_end."
    )
    customers: int = column("Customers with so many repeat purchases in the calibration.", ge=0)
    expected_customers: float = optional("How many of them the model expects; null without a model.")
    actual_purchases: float = optional("Purchases in the holdout, a customer; null without customers.")
    actual_deviation: float = optional("Their standard deviation over customers; null with fewer than two.")
    expected_purchases: float = optional("Purchases that the model expected, a customer; null without it or them.")
    message: str = optional("Why there is no model, or what the data have made of it.")

    @pa.dataframe_check(description="the calibration ends after it begins and before the holdout does")
    def periods_in_order(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Days."""
        begin, end = pl.col("calibration_start"), pl.col("calibration_end")
        return data.lazyframe.select((begin <= end) & (end < pl.col("holdout_end")))

    @pa.dataframe_check(description="nothing is negative, and purchases are null exactly where there are no customers")
    def figures_fit(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Counts and averages."""
        names = ("expected_customers", "actual_purchases", "actual_deviation", "expected_purchases")
        signs = pl.all_horizontal((pl.col(name) >= 0).fill_null(True) for name in names)
        known = pl.col("actual_purchases").is_not_null() == (pl.col("customers") > 0)
        return data.lazyframe.select(signs & known)
