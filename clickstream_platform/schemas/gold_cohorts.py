"""Gold `cohort_retention`."""

from datetime import date as Day

import pandera.polars as pa
import polars as pl

from clickstream_platform.schemas.columns import Money, column

COHORTS, PERIODS = ("first_order", "sign_up"), ("month", "week")


class CohortRetention(pa.DataFrameModel):
    """What becomes of customers who began in the same month or week: how many come back, and what they spend."""

    cohort_by: str = column("What began them: their first_order, or their sign_up.", isin=COHORTS)
    period: str = column("Calendar month, or ISO week (Monday to Sunday), UTC.", isin=PERIODS)
    cohort_start: Day = column("First day of the period they began in.")
    age: int = column("Periods since then; 0 is the cohort's own.", ge=0)
    period_start: Day = column("First day of the period that the row speaks of.")
    is_complete: bool = column("Whether orders reach to the end of that period.")
    customers: int = column("Customers of the cohort.", ge=1)
    retained_customers: int = column("Those with a sale in the period.")
    retention_rate: float = column("retained_customers by customers.")
    orders: int = column("Their orders in the period, cancelled and refunded ones left out.")
    revenue: Money = column("Sum of these orders.", ge=0)
    cumulative_revenue: Money = column("Revenue of the cohort from age 0 to this one.")
    cumulative_revenue_per_customer: Money = column("The same by customers of the cohort, rounded half up.")

    @pa.dataframe_check(description="retained customers are no more than the cohort or the orders; revenue adds up")
    def figures_agree(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """The row's figures among each other."""
        retained = pl.col("retained_customers")
        fits = retained.is_between(0, pl.min_horizontal("customers", "orders"))
        return data.lazyframe.select(fits & (pl.col("revenue") <= pl.col("cumulative_revenue")))

    @pa.dataframe_check(description="whoever began with an order has ordered at age 0")
    def first_order_is_retained(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Cohorts by first order start at all of their customers."""
        first = (pl.col("cohort_by") == "first_order") & (pl.col("age") == 0)
        return data.lazyframe.select(~first | (pl.col("retained_customers") == pl.col("customers")))
