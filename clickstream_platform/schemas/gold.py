"""Gold tables: the business' answers. Bots are left out; cancelled and refunded orders are no sales."""

from datetime import date as Day
from itertools import pairwise

import pandera.polars as pa
import polars as pl

from clickstream_platform.schemas.columns import Moment, Money, column, optional
from clickstream_platform.schemas.silver_events import FUNNEL_STEPS


def _average_fits(total: str, count: str, average: str) -> pl.Expr:
    """Whether a rounded average lies within half a cent of its total over its count."""
    cents = [pl.col(name).cast(pl.Float64) * 100 for name in (total, average)]
    return (cents[0] / pl.col(count) - cents[1]).abs() <= 0.5 + 1e-6


class DailySalesSummary(pa.DataFrameModel):
    """Sales by day, product category and region."""

    date: Day = column("Day (UTC) of the orders; the partition.")
    product_category: str = column("Category of the products.")
    region: str = column("Region of the orders.")
    total_orders: int = column("Orders with a line in the category.")
    total_revenue: Money = column("Sum of the lines.", gt=0)
    avg_order_value: Money = column("total_revenue over total_orders, rounded half up.")
    unique_customers: int = column("Customers with such an order.")

    @pa.dataframe_check(description="the average is the revenue over the orders, and customers are no more than orders")
    def figures_agree(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """The row's figures among each other."""
        average = _average_fits("total_revenue", "total_orders", "avg_order_value")
        customers = pl.col("unique_customers").is_between(1, pl.col("total_orders"))
        return data.lazyframe.select(average & customers)


class ProductPerformance(pa.DataFrameModel):
    """Products by day: from being seen to being bought or given back."""

    date: Day = column("Day (UTC) of the events; the partition.")
    product_id: str = column("Identity of the product.")
    product_name: str = column("Name, else Unknown.")
    category: str = column("Category of the product, else of its events, else uncategorized.")
    views: int = column("view_item events.")
    carts: int = column("add_to_cart events.")
    purchases: int = column("purchase events with the product.")
    units_sold: int = column("Pieces bought.")
    revenue: Money = column("Price times quantity of what was bought.")
    view_to_cart_rate: float = optional("carts over views; null without views.")
    conversion_rate: float = optional("purchases over views; null without views.")
    refunds: int = column("refund events with the product.")
    refund_amount: Money = column("Price times quantity of what was given back.")

    @pa.dataframe_check(description="no count or amount is negative")
    def figures_not_negative(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Signs."""
        names = ("views", "carts", "purchases", "units_sold", "revenue", "refunds", "refund_amount")
        return data.lazyframe.select(pl.all_horizontal(pl.col(name) >= 0 for name in names))


class ConversionFunnel(pa.DataFrameModel):
    """Sessions by how far they came through the closed funnel view_item, add_to_cart, begin_checkout, purchase."""

    date: Day = column("Day (UTC) the sessions start on; the partition.")
    channel: str = column("Channel of the sessions.")
    device_type: str = column("Device of the sessions.")
    sessions: int = column("Sessions.")
    view_item: int = column("Sessions that reached view_item.")
    add_to_cart: int = column("Sessions that reached add_to_cart after view_item.")
    begin_checkout: int = column("Sessions that reached begin_checkout after add_to_cart.")
    purchase: int = column("Sessions that reached purchase after begin_checkout.")
    view_item_rate: float = optional("view_item over sessions.")
    add_to_cart_rate: float = optional("add_to_cart over view_item; null over none.")
    begin_checkout_rate: float = optional("begin_checkout over add_to_cart; null over none.")
    purchase_rate: float = optional("purchase over begin_checkout; null over none.")
    conversion_rate: float = column("purchase over sessions.")
    view_item_dropoff: int = column("Sessions lost before view_item.")
    add_to_cart_dropoff: int = column("Sessions lost between view_item and add_to_cart.")
    begin_checkout_dropoff: int = column("Sessions lost between add_to_cart and begin_checkout.")
    purchase_dropoff: int = column("Sessions lost between begin_checkout and purchase.")
    median_seconds_to_view_item: float = optional("Median seconds from the session's start to view_item.")
    median_seconds_to_add_to_cart: float = optional("Median seconds from view_item to add_to_cart.")
    median_seconds_to_begin_checkout: float = optional("Median seconds from add_to_cart to begin_checkout.")
    median_seconds_to_purchase: float = optional("Median seconds from begin_checkout to purchase.")

    @pa.dataframe_check(description="there is a session, and counts never rise from one step to the next")
    def counts_never_rise(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Closed funnel."""
        steps = [pl.col(name) for name in ("sessions", *FUNNEL_STEPS)]
        pairs = pairwise(steps)
        fits = pl.all_horizontal((now >= 0) & (now <= then) for then, now in pairs)
        return data.lazyframe.select(fits & (pl.col("sessions") >= 1))


class AttributedCheckouts(pa.DataFrameModel):
    """Checkouts with the first click of the attribution window before them; unattributed ones are kept."""

    checkout_id: str = column("event_id of the purchase.")
    checkout_time: Moment = column("When it happened.")
    date: Day = column("Day (UTC) of checkout_time; the partition.")
    entity_id: str = column("Who bought.")
    order_id: str = optional("Order of the purchase.")
    revenue: Money = column("Revenue of the purchase.")
    is_attributed: bool = column("Whether a click lies within the window.")
    click_id: str = optional("event_id of the click.")
    click_time: Moment = optional("When the click happened.")
    seconds_from_click: float = optional("From click to checkout, in seconds.")
    channel: str = column("Channel of the click; Direct without one.")
    source: str = column("Source of the click; (direct) without one.")
    medium: str = column("Medium of the click; (none) without one.")
    campaign: str = optional("Campaign of the click.")

    @pa.dataframe_check(description="an attributed checkout has a click before it, an unattributed one has none")
    def click_fits(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Click and checkout."""
        before = (pl.col("click_time") < pl.col("checkout_time")) & pl.col("click_id").is_not_null()
        none = pl.col("click_id").is_null() & pl.col("click_time").is_null()
        fits = pl.when("is_attributed").then(before.fill_null(False)).otherwise(none)
        return data.lazyframe.select(fits)


class TrafficSummary(pa.DataFrameModel):
    """Traffic in windows of five minutes: what the live metrics are compared with."""

    window_start: Moment = column("Start of the window.")
    date: Day = column("Day (UTC) of the window; the partition.")
    event_name: str = column("GA4 e-commerce event name.")
    channel: str = column("Channel of the events.")
    country: str = column("Country of the events.")
    events: int = column("Events.")
    sessions: int = column("Distinct entities, which within five minutes have one session each.")
    revenue: Money = column("Revenue of the events, refunds taken off.")

    @pa.dataframe_check(description="windows start on five minutes, and sessions are no more than events")
    def window_fits(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Window and counts."""
        start = pl.col("window_start")
        aligned = start.dt.truncate("5m") == start
        return data.lazyframe.select(aligned & pl.col("sessions").is_between(1, pl.col("events")))
