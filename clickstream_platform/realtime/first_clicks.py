"""Live first-click attribution: each checkout with the earliest click of the window before it, where people allow it.

The batch table `attributed_checkouts` stays the truth. A live row may still change while clicks arrive late, until
`final_at`: after that it stays as it is.
"""

from datetime import timedelta

from clickstream_platform.realtime.attributes import Item
from clickstream_platform.realtime.dynamodb import ConditionFailed, Dynamo, DynamoError, lowest
from clickstream_platform.realtime.entities import Checkout
from clickstream_platform.realtime.event_index import EventIndex
from clickstream_platform.realtime.live_events import moment_of, time_text
from clickstream_platform.realtime.tables import ATTRIBUTED_CHECKOUTS

_DIRECT = {"channel": "Direct", "source": "(direct)", "medium": "(none)"}


class FirstClicks:
    """The live attribution table, whose rows are kept `ttl_days`."""

    def __init__(self, dynamo: Dynamo, index: EventIndex, window: timedelta, ttl_days: int) -> None:
        self._dynamo, self._index, self._window = dynamo, index, window
        self._ttl_seconds = ttl_days * 86_400

    def attribute(self, checkouts: list[Checkout]) -> str | None:
        """Write the rows of checkouts, each once; returns the lowest position of one that could not be."""
        distinct = {(one.entity_id, one.time, one.checkout_id): one for one in reversed(checkouts)}
        if not distinct:
            return None
        return lowest(filter(None, self._dynamo.each(self._attribute, list(distinct.values()))))

    def _attribute(self, checkout: Checkout) -> str | None:
        """Write a row, unless there is one with a click that is as early: with every event the first gets earlier."""
        try:
            row = self._row(checkout)
            key = {":key": row["click_key"]} if "click_key" in row else {}
            condition = (
                "attribute_not_exists(click_key) OR click_key > :key" if key else "attribute_not_exists(entity_id)"
            )
            self._dynamo.put(ATTRIBUTED_CHECKOUTS.name, row, condition, key, {})
        except ConditionFailed:
            return None
        except DynamoError:
            return checkout.position
        return None

    def _row(self, checkout: Checkout) -> Item:
        moment = moment_of(checkout.time)
        click = (
            self._index.first_touch(
                checkout.entity_id, time_text(moment - self._window), checkout.time, checkout.final_at
            )
            if checkout.is_attributed
            else None
        )
        row: Item = {
            "entity_id": checkout.entity_id,
            "time_checkout": f"{checkout.time}#{checkout.checkout_id}",
            "checkout_id": checkout.checkout_id,
            "checkout_time": checkout.time,
            "order_id": checkout.order_id,
            "revenue_cents": checkout.revenue_cents,
            "is_attributed": click is not None,
            "final_at": checkout.final_at,
            "expires_at": checkout.final_at + self._ttl_seconds,
        }
        if click is None:
            return row | _DIRECT
        clicked = click["time_event"].partition("#")[0]
        return row | {
            **{name: click["marketing_touch"].get(name) for name in (*_DIRECT, "campaign")},
            "click_key": click["time_event"],
            "click_id": click["event_id"],
            "click_time": clicked,
            "milliseconds_from_click": (moment - moment_of(clicked)) // timedelta(milliseconds=1),
        }
