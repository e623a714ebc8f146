"""Every table of the lake: its columns, rules, grain and key."""

from clickstream_platform.schemas import bronze, funnels, gold, gold_customers, silver_events, silver_shop
from clickstream_platform.schemas.table import Layer, Table

__all__ = ["TABLES", "Layer", "Table"]

_SOURCE = ("source_id", "source_line")
_ALL = (
    Table("events", "bronze", bronze.Events, "an event as received", _SOURCE, "event_date"),
    Table("customers", "bronze", bronze.Customers, "a version of a customer as received", _SOURCE),
    Table("products", "bronze", bronze.Products, "a version of a product as received", _SOURCE),
    Table("orders", "bronze", bronze.Orders, "a version of an order line as received", _SOURCE, "order_date"),
    Table(
        "marketing_spend",
        "bronze",
        bronze.MarketingSpend,
        "a version of a line of marketing spend as received",
        _SOURCE,
        "spend_date",
    ),
    Table("events_clean", "silver", silver_events.EventsClean, "event", ("event_id",), "event_date"),
    Table("events_quarantine", "silver", silver_events.EventsQuarantine, "event", ("event_id",), "event_date"),
    Table("sessions", "silver", silver_events.Sessions, "session", ("session_id",), "session_date"),
    Table("customers_clean", "silver", silver_shop.CustomersClean, "customer", ("customer_id",)),
    Table("products_clean", "silver", silver_shop.ProductsClean, "product", ("product_id",)),
    Table(
        "orders_validated",
        "silver",
        silver_shop.OrdersValidated,
        "order line",
        ("order_id", "product_id"),
        "order_date",
    ),
    Table(
        "orders_quarantine",
        "silver",
        silver_shop.OrdersQuarantine,
        "order line",
        ("order_id", "product_id"),
        "order_date",
    ),
    Table(
        "marketing_spend_clean",
        "silver",
        silver_shop.MarketingSpendClean,
        "day, channel, source, medium, campaign",
        ("spend_date", "channel", "source", "medium", "campaign"),
        "spend_date",
    ),
    Table(
        "marketing_spend_quarantine",
        "silver",
        silver_shop.MarketingSpendQuarantine,
        "day, channel, source, medium, campaign",
        ("spend_date", "channel", "source", "medium", "campaign"),
        "spend_date",
    ),
    Table(
        "daily_sales_summary",
        "gold",
        gold.DailySalesSummary,
        "day, product category, region",
        ("date", "product_category", "region"),
        "date",
    ),
    Table("customer_value_models", "gold", gold_customers.CustomerValueModels, "fitted model", ("model",)),
    Table(
        "customer_value_holdout",
        "gold",
        gold_customers.CustomerValueHoldout,
        "number of repeat purchases in the calibration",
        ("repeat_purchases",),
    ),
    Table("customer_lifetime_value", "gold", gold_customers.CustomerLifetimeValue, "customer", ("customer_id",)),
    Table("product_performance", "gold", gold.ProductPerformance, "day, product", ("date", "product_id"), "date"),
    Table(
        "conversion_funnel",
        "gold",
        gold.ConversionFunnel,
        "day, channel, device type",
        ("date", "channel", "device_type"),
        "date",
    ),
    Table(
        "funnel_steps",
        "gold",
        funnels.FunnelSteps,
        "day, funnel, segment of a dimension, step",
        ("date", "funnel", "dimension", "segment", "step"),
        "date",
    ),
    Table("attributed_checkouts", "gold", gold.AttributedCheckouts, "checkout", ("checkout_id",), "date"),
    Table(
        "traffic_summary",
        "gold",
        gold.TrafficSummary,
        "five minutes, event name, channel, country",
        ("window_start", "event_name", "channel", "country"),
        "date",
    ),
)
TABLES: dict[str, Table] = {table.name: table for table in _ALL}
"""By name: bronze, then silver, then gold."""
