"""Gold `cohort_retention`."""

from datetime import timedelta
from decimal import Decimal

import narwhals as nw

from clickstream_platform.transforms._frames import Frame, sales
from clickstream_platform.transforms._money import MONEY, average
from clickstream_platform.transforms._periods import (
    MONTH,
    MOST_PERIODS,
    WEEK,
    numbers,
    period_number,
    with_period_start,
)

FIRST_ORDER, SIGN_UP = "first_order", "sign_up"

_CENT = Decimal("0.01")
_ONE_DAY = timedelta(days=1)


def cohort_retention(orders_validated: Frame, customers_clean: Frame) -> Frame:
    """What becomes of customers who began together.

    Grain: one row a `cohort_by` (`first_order` or `sign_up`) x `period` (calendar `month` or ISO `week`, UTC) x
    `cohort_start` (the period's first day) x `age`: 0 for the cohort's own period, up to the period of the newest order
    day. Every age is there, also where nobody came back. `is_complete` is false for the period that the newest order
    day does not end. A customer is retained in a period with a sale in it; revenue is of sales, in the shop's currency.

    By first order a cohort is the customers whose first sale lies in the period: each customer with a sale is in one of
    them, and all sales are of some cohort and age. By sign-up it is all customers who signed up in it, buyers or not;
    whoever has no sign-up date, or one in a later period than the newest order or 3,000 periods before it (a date that
    stands for none), is in none, and sales of periods before the sign-up's are no one's retention: they are left out.

    Args:
        orders_validated: Silver `orders_validated`, all days.
        customers_clean: All customers.
    """
    # One row even without orders, and then with a null that leaves no cohort any age.
    last = orders_validated.select(nw.col("order_date").max().alias("last_day"))
    sold = (
        sales(orders_validated)
        .group_by("customer_id", "order_date", "order_id")
        .agg((nw.col("total_amount") * 100).cast(nw.Int64).sum().alias("cents"))
    )
    firsts = sold.group_by("customer_id").agg(nw.col("order_date").min().alias("began"))
    sign_ups = customers_clean.select("customer_id", nw.col("signup_date").alias("began"))
    return nw.concat(
        [
            _retention(sold, members.filter(~nw.col("began").is_null()), last, cohort_by, period)
            for cohort_by, members in ((FIRST_ORDER, firsts), (SIGN_UP, sign_ups))
            for period in (MONTH, WEEK)
        ],
        how="vertical",
    )


def _retention(sold: Frame, members: Frame, last: Frame, cohort_by: str, period: str) -> Frame:
    """The table of one kind of cohort and period.

    Args:
        sold: One row a customer, day and order, with `cents`.
        members: `customer_id` and `began`.
        last: One row with `last_day`.
        cohort_by: What `began` is.
        period: Month or week.
    """
    members = members.select("customer_id", period_number(nw.col("began"), period).alias("cohort"))
    active = (
        sold.join(members, on="customer_id")
        .with_columns((period_number(nw.col("order_date"), period) - nw.col("cohort")).alias("age"))
        .group_by("cohort", "age")
        .agg(
            nw.col("customer_id").n_unique().cast(nw.Int64).alias("retained_customers"),
            nw.len().cast(nw.Int64).alias("orders"),
            nw.col("cents").sum().cast(nw.Int64).alias("cents"),
        )
    )
    sizes = members.group_by("cohort").agg(nw.len().cast(nw.Int64).alias("customers"))
    # Ages before a sign-up are below 0: the triangle has no cell for them.
    cells = _triangle(sizes, last, period).join(active, on=["cohort", "age"], how="left")
    filled = cells.with_columns(nw.col(name).fill_null(0) for name in ("retained_customers", "orders", "cents"))
    summed = filled.with_columns(
        nw.col("cents").cum_sum().over("cohort", order_by="age").cast(nw.Int64).alias("cents_so_far")
    )
    dated = with_period_start(summed, "cohort_start", nw.col("cohort"), period)
    return with_period_start(dated, "period_start", nw.col("cohort") + nw.col("age"), period).select(
        nw.lit(cohort_by).alias("cohort_by"),
        nw.lit(period).alias("period"),
        "cohort_start",
        "age",
        "period_start",
        "is_complete",
        "customers",
        "retained_customers",
        (nw.col("retained_customers") / nw.col("customers")).alias("retention_rate"),
        "orders",
        _money("cents").alias("revenue"),
        _money("cents_so_far").alias("cumulative_revenue"),
        average(_money("cents_so_far"), nw.col("customers")).alias("cumulative_revenue_per_customer"),
    )


def _triangle(sizes: Frame, last: Frame, period: str) -> Frame:
    """Each cohort at every age up to the newest order day's period, with `is_complete`."""
    newest = period_number(nw.col("last_day"), period)
    after = period_number(nw.col("last_day") + _ONE_DAY, period)
    end = last.select(newest.alias("newest"), after.alias("unfinished"))
    return (
        sizes.join(end, how="cross")
        .join(numbers(last, "age"), how="cross")
        # A cohort that there are not ages enough for would end before its sales do.
        .filter(nw.col("newest") - nw.col("cohort") < MOST_PERIODS)
        .filter(nw.col("cohort") + nw.col("age") <= nw.col("newest"))
        .with_columns((nw.col("cohort") + nw.col("age") < nw.col("unfinished")).alias("is_complete"))
        .drop("newest", "unfinished")
    )


def _money(cents: str) -> nw.Expr:
    """Whole cents as money."""
    return (nw.col(cents) * nw.lit(_CENT)).cast(MONEY)
