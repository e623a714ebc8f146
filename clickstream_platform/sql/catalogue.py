"""The lake's tables by name, known without loading their schemas.

`schemas.TABLES` knows more, but takes seconds to import; a test holds the two together. Columns are read from the
tables' own objects.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class LakeTable:
    """Where a table lies.

    Attributes:
        name: name of its view.
        schema: schema of its view: bronze, silver or gold.
        day_column: the date column its day folders come from; None where there are none.
        folder: its folder below the lake's root.
    """

    name: str
    schema: str
    day_column: str | None
    folder: str

    @property
    def view(self) -> str:
        """The qualified name of its view."""
        return f"{self.schema}.{self.name}"


_DAY_COLUMNS: Final[dict[str, dict[str, str | None]]] = {
    "bronze": {
        "events": "event_date",
        "customers": None,
        "products": None,
        "orders": "order_date",
        "marketing_spend": "spend_date",
    },
    "silver": {
        "events_clean": "event_date",
        "events_quarantine": "event_date",
        "sessions": "session_date",
        "entity_activity": "activity_date",
        "experiment_exposures": "exposure_date",
        "customers_clean": None,
        "products_clean": None,
        "orders_validated": "order_date",
        "orders_quarantine": "order_date",
        "marketing_spend_clean": "spend_date",
        "marketing_spend_quarantine": "spend_date",
        "touchpoints": "date",
    },
    "gold": {
        "daily_sales_summary": "date",
        "customer_value_models": None,
        "customer_value_holdout": None,
        "customer_lifetime_value": None,
        "product_performance": "date",
        "conversion_funnel": "date",
        "funnel_steps": "date",
        "conversion_paths": "date",
        "channel_effects": "date",
        "channel_attribution": "date",
        "attributed_checkouts": "date",
        "traffic_summary": "date",
        "cohort_retention": None,
        "experiment_results": None,
    },
}

REJECTED: Final = LakeTable("rejected", "bronze", None, "rejected")
"""Every refused record with its reason: no table of `schemas`, but of use to who asks where records went."""

CATALOGUE: Final[dict[str, LakeTable]] = {
    **{
        name: LakeTable(name, layer, day_column, f"{layer}/{name}")
        for layer, tables in _DAY_COLUMNS.items()
        for name, day_column in tables.items()
    },
    REJECTED.name: REJECTED,
}
"""By name, each name once over all layers."""

SCHEMAS: Final = ("gold", "silver", "bronze")
"""Where unqualified names are looked up; `SHOW TABLES` lists the first."""
