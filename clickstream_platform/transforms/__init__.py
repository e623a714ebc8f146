"""Silver and gold tables as pure functions from lazy frames to a lazy frame, written once for Polars, DuckDB and Spark.

Module, function and table have the same name. Transforms read no file, no clock and no setting; engines run them when
the caller collects or writes the frame they give back. Every day that a function answers for comes out the same,
whichever other days are computed with it.
"""

from clickstream_platform.transforms._experiment_spans import ExperimentSpan
from clickstream_platform.transforms._forecast import SpendingModel
from clickstream_platform.transforms._treatment import TREATMENTS, treated
from clickstream_platform.transforms.attributed_checkouts import attributed_checkouts
from clickstream_platform.transforms.channel_attribution import channel_attribution
from clickstream_platform.transforms.cohort_retention import cohort_retention
from clickstream_platform.transforms.conversion_credit import conversion_credit
from clickstream_platform.transforms.conversion_funnel import conversion_funnel
from clickstream_platform.transforms.conversion_paths import conversion_paths
from clickstream_platform.transforms.customer_lifetime_value import customer_lifetime_value, last_order_date
from clickstream_platform.transforms.customers_clean import customers_clean
from clickstream_platform.transforms.daily_sales_summary import daily_sales_summary
from clickstream_platform.transforms.entity_activity import entity_activity
from clickstream_platform.transforms.events_clean import events_clean
from clickstream_platform.transforms.events_quarantine import events_quarantine
from clickstream_platform.transforms.experiment_exposures import experiment_exposures
from clickstream_platform.transforms.experiment_sums import EXPERIMENT_METRICS, experiment_sums
from clickstream_platform.transforms.funnel_steps import funnel_steps
from clickstream_platform.transforms.holdout_purchases import holdout_purchases
from clickstream_platform.transforms.marketing_spend_clean import marketing_spend_clean
from clickstream_platform.transforms.marketing_spend_quarantine import marketing_spend_quarantine
from clickstream_platform.transforms.orders_quarantine import orders_quarantine
from clickstream_platform.transforms.orders_validated import orders_validated
from clickstream_platform.transforms.path_counts import path_counts
from clickstream_platform.transforms.product_performance import product_performance
from clickstream_platform.transforms.products_clean import products_clean
from clickstream_platform.transforms.purchase_histories import HISTORY, first_purchase_date, purchase_histories
from clickstream_platform.transforms.sessions import sessions
from clickstream_platform.transforms.touchpoints import touchpoints
from clickstream_platform.transforms.traffic_summary import traffic_summary

__all__ = [
    "EXPERIMENT_METRICS",
    "HISTORY",
    "TREATMENTS",
    "ExperimentSpan",
    "SpendingModel",
    "attributed_checkouts",
    "channel_attribution",
    "cohort_retention",
    "conversion_credit",
    "conversion_funnel",
    "conversion_paths",
    "customer_lifetime_value",
    "customers_clean",
    "daily_sales_summary",
    "entity_activity",
    "events_clean",
    "events_quarantine",
    "experiment_exposures",
    "experiment_sums",
    "first_purchase_date",
    "funnel_steps",
    "holdout_purchases",
    "last_order_date",
    "marketing_spend_clean",
    "marketing_spend_quarantine",
    "orders_quarantine",
    "orders_validated",
    "path_counts",
    "product_performance",
    "products_clean",
    "purchase_histories",
    "sessions",
    "touchpoints",
    "traffic_summary",
    "treated",
]
