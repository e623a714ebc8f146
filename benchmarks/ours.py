"""Bronze to gold by the platform's own transforms and lake: `python -m benchmarks.ours LAKE FIRST LAST`.

What `clickstream build` does, without Dagster's bookkeeping and without checks, so that it can be held against SQL that
does neither.
"""

import sys
from collections.abc import Callable
from datetime import date, timedelta

import narwhals as nw

from clickstream_platform import transforms
from clickstream_platform.contract.funnels import ECOMMERCE
from clickstream_platform.lake import Lake
from clickstream_platform.lib.channel_fits import channel_effects
from clickstream_platform.lib.customer_value import fitted_models, holdout_by_frequency, valued_customers
from clickstream_platform.lib.experiments import Plans, experiment_results
from clickstream_platform.lib.table_frames import around, batches_of_days

TIMEOUT, WINDOW, CURRENCY = timedelta(minutes=30), timedelta(hours=1), "USD"
HORIZON_DAYS, DISCOUNT_RATE = 365, 0.1
LOOKBACK = timedelta(days=30)
Read = Callable[..., nw.LazyFrame]


class Tables:
    """Reads and writes the lake for one batch of days after the other."""

    def __init__(self, lake: Lake, days: list[date]) -> None:
        self._lake, self._days = lake, days

    def whole(self, table: str) -> nw.LazyFrame:
        """A whole table."""
        return nw.from_native(self._lake.scan(table))

    def write(self, table: str, make: Callable[[list[date], Read], nw.LazyFrame], *, upstream: str) -> None:
        """Make a table of single days from reads of upstream days, in the batches that the assets make."""
        for days in batches_of_days(self._lake, [upstream], self._days):

            def read(name: str, before: int = 0, after: int = 0, days: list[date] = days) -> nw.LazyFrame:
                return nw.from_native(self._lake.scan(name, around(days, (-before, after))))

            self._lake.replace(table, make(days, read).to_native(), days)


def compute(lake: Lake, days: list[date]) -> None:
    """Every table."""
    tables = Tables(lake, days)
    whole, write = tables.whole, tables.write
    lake.replace("customers_clean", transforms.customers_clean(whole("customers")).to_native())
    lake.replace("products_clean", transforms.products_clean(whole("products")).to_native())
    master = whole("customers_clean"), whole("products_clean")
    orders = {"upstream": "orders"}
    events = {"upstream": "events"}
    clean = {"upstream": "events_clean"}
    write("events_clean", lambda _, read: transforms.events_clean(read("events"), currency=CURRENCY), **events)
    write(
        "events_quarantine", lambda _, read: transforms.events_quarantine(read("events"), currency=CURRENCY), **events
    )
    write(
        "orders_validated",
        lambda _, read: transforms.orders_validated(read("orders"), *master, currency=CURRENCY),
        **orders,
    )
    write(
        "orders_quarantine",
        lambda _, read: transforms.orders_quarantine(read("orders"), *master, currency=CURRENCY),
        **orders,
    )
    write(
        "sessions",
        lambda days, read: transforms.sessions(
            read("events_clean", 2, 1), first_day=days[0], last_day=days[-1], timeout=TIMEOUT
        ),
        **clean,
    )
    write(
        "daily_sales_summary",
        lambda _, read: transforms.daily_sales_summary(read("orders_validated")),
        upstream="orders_validated",
    )
    write(
        "product_performance",
        lambda _, read: transforms.product_performance(read("events_clean"), master[1]),
        **clean,
    )
    write("conversion_funnel", lambda _, read: transforms.conversion_funnel(read("sessions")), upstream="sessions")
    write(
        "funnel_steps",
        lambda days, read: transforms.funnel_steps(
            read("events_clean", 0, ECOMMERCE.reach),
            read("sessions", 1),
            funnels=[ECOMMERCE],
            first_day=days[0],
            last_day=days[-1],
        ),
        **clean,
    )
    write(
        "attributed_checkouts",
        lambda days, read: transforms.attributed_checkouts(
            read("events_clean", 1), first_day=days[0], last_day=days[-1], window=WINDOW
        ),
        **clean,
    )
    _attribution(write)
    write("traffic_summary", lambda _, read: transforms.traffic_summary(read("events_clean")), **clean)
    write("entity_activity", lambda _, read: transforms.entity_activity(read("events_clean")), **clean)
    write("experiment_exposures", lambda _, read: transforms.experiment_exposures(read("events_clean")), **clean)
    results = experiment_results(whole("experiment_exposures"), whole("entity_activity"), Plans())
    lake.replace("experiment_results", results.to_native())
    validated = whole("orders_validated")
    lake.replace("cohort_retention", transforms.cohort_retention(validated, master[0]).to_native())
    lake.replace("customer_value_models", fitted_models(validated).to_native())
    lake.replace("customer_value_holdout", holdout_by_frequency(validated, horizon_days=HORIZON_DAYS).to_native())
    models = whole("customer_value_models")
    value = valued_customers(validated, models, horizon_days=HORIZON_DAYS, discount_rate=DISCOUNT_RATE)
    lake.replace("customer_lifetime_value", value.to_native())


def _attribution(write: Callable[..., None]) -> None:
    """Touches, paths, and credit by all models."""
    paths = {"upstream": "conversion_paths"}

    def effects(days: list[date], read: Read) -> nw.LazyFrame:
        first = days[0] - (LOOKBACK - timedelta(days=1))
        counts = transforms.path_counts(read("conversion_paths", LOOKBACK.days - 1), first_day=first, last_day=days[-1])
        return nw.from_native(channel_effects(counts.collect().to_native(), days, LOOKBACK.days, "exposure").lazy())

    def credit(days: list[date], read: Read) -> nw.LazyFrame:
        span = {"first_day": days[0], "last_day": days[-1]}
        shared = transforms.conversion_credit(
            read("conversion_paths", LOOKBACK.days),
            read("events_clean", LOOKBACK.days),
            **span,
            refund_reach=LOOKBACK,
            half_life=timedelta(days=7),
            treatment="exposure",
        )
        effects, spend = read("channel_effects", LOOKBACK.days), read("marketing_spend_clean")
        return transforms.channel_attribution(shared.collect().lazy(), effects, spend, **span)

    write(
        "touchpoints",
        lambda _, read: transforms.touchpoints(read("events_clean"), read("sessions")),
        upstream="events_clean",
    )
    write(
        "conversion_paths",
        lambda days, read: transforms.conversion_paths(
            read("touchpoints", LOOKBACK.days),
            read("events_clean", LOOKBACK.days),
            first_day=days[0],
            last_day=days[-1],
            lookback=LOOKBACK,
        ),
        upstream="touchpoints",
    )
    write("channel_effects", effects, **paths)
    write("channel_attribution", credit, **paths)


def main() -> None:
    """Compute the days given, both ends included."""
    uri, first, last = sys.argv[1], date.fromisoformat(sys.argv[2]), date.fromisoformat(sys.argv[3])
    compute(Lake(uri), [first + timedelta(days=n) for n in range((last - first).days + 1)])


if __name__ == "__main__":
    main()
