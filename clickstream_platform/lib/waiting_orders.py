"""What waits for master data: quarantined orders for a customer or product, product figures for a name."""

import json
from datetime import date

import dagster as dg
import polars as pl
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from clickstream_platform.lake import Lake
from clickstream_platform.lib.day_ranges import range_run_requests
from clickstream_platform.lib.resources import LakeResource
from clickstream_platform.transforms.products_clean import UNKNOWN_NAME

_RELEASE_TAG = {"clickstream/release": "waiting_orders"}

WAITED_FOR = {
    "customers_clean": ("unknown_customer", "customer_id"),
    "products_clean": ("unknown_product", "product_id"),
}
"""Master table -> the quarantine reason that its rows lift, and the key they are found by."""

RELEASED = (dg.AssetKey(["silver", "orders_validated"]), dg.AssetKey(["silver", "orders_quarantine"]))
NAMED = dg.AssetKey(["gold", "product_performance"])
"""Names products that had none when its day was computed, once they are known."""


def days_to_release(lake: Lake) -> list[date]:
    """Days with quarantined orders whose customer or product is known by now. Reads the quarantine and master keys."""
    quarantine = lake.scan("orders_quarantine")
    released = [
        quarantine.filter(pl.col("reason") == reason)
        .join(lake.scan(table).select(key), on=key, how="semi")
        .select("order_date")
        for table, (reason, key) in WAITED_FOR.items()
    ]
    return sorted(pl.concat(released).unique().collect()["order_date"].to_list())


def days_to_name(lake: Lake) -> list[date]:
    """Days on which `product_performance` has products without a name that have one by now."""
    named = lake.scan("products_clean").filter(pl.col("name") != UNKNOWN_NAME).select("product_id")
    nameless = lake.scan(NAMED.path[-1]).filter(pl.col("product_name") == UNKNOWN_NAME)
    return sorted(nameless.join(named, on="product_id", how="semi").select("date").unique().collect()["date"].to_list())


@dg.sensor(
    name="waiting_orders",
    asset_selection=dg.AssetSelection.assets(*RELEASED, NAMED),
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Recomputes the days whose orders, or products without a name, wait for what has arrived.",
)
def waiting_orders(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.SensorResult | dg.SkipReason:
    """Looks only when master data or the quarantine has been written since the last look."""
    seen: dict[str, int] = json.loads(context.cursor) if context.cursor else {}
    latest = {table: _latest_write(context.instance, table) for table in (*WAITED_FOR, "orders_quarantine")}
    if latest == seen:
        return dg.SkipReason("customers, products and waiting orders are as they were")
    if context.instance.get_runs(dg.RunsFilter(tags=_RELEASE_TAG, statuses=list(NOT_FINISHED_STATUSES)), limit=1):
        return dg.SkipReason("a release is still running")
    place, cursor = lake.open(), json.dumps(latest)
    requests = [
        *range_run_requests(days_to_release(place), RELEASED, tags=_RELEASE_TAG),
        *range_run_requests(days_to_name(place), [NAMED], tags=_RELEASE_TAG),
    ]
    if not requests:
        context.update_cursor(cursor)
        return dg.SkipReason("no order and no product waits for what arrived")
    return dg.SensorResult(run_requests=requests, cursor=cursor)


def _latest_write(instance: dg.DagsterInstance, table: str) -> int:
    records = instance.fetch_materializations(dg.AssetKey(["silver", table]), limit=1).records
    return records[0].storage_id if records else 0
