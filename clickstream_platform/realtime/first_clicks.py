"""Live first-click attribution: each checkout with the earliest click of the window before it.

The batch table `attributed_checkouts` stays the truth. A live row may still change while clicks arrive late, until
`final_at`: after that it stays as it is.
"""

from collections.abc import Mapping
from datetime import timedelta
from operator import attrgetter

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

    def attribute(self, checkouts: list[Checkout], details: Mapping[tuple[str, str], Item]) -> str | None:
        """Write the rows of checkouts; returns the lowest position that could not be.

        Args:
            checkouts: In any order; of several questions for one checkout the last one counts.
            details: `order_id` and `revenue_cents` by entity and checkout id, for those that are new.
        """
        last = {
            (one.entity_id, one.time, one.checkout_id): one for one in sorted(checkouts, key=attrgetter("position"))
        }
        if not last:
            return None
        return lowest(filter(None, self._dynamo.each(lambda one: self._attribute(one, details), list(last.values()))))

    def _attribute(self, checkout: Checkout, details: Mapping[tuple[str, str], Item]) -> str | None:
        try:
            row = self._row(checkout) | details.get((checkout.entity_id, checkout.checkout_id), {})
            names = {f"#{name}": name for name in (*row, "asked_at")}
            values = {f":{name}": value for name, value in row.items() if value is not None}
            changes = ", ".join(f"#{name[1:]} = {name}" for name in values)
            gone = [f"#{name}" for name, value in row.items() if value is None]
            self._dynamo.update(
                ATTRIBUTED_CHECKOUTS.name,
                {"entity_id": checkout.entity_id, "time_checkout": f"{checkout.time}#{checkout.checkout_id}"},
                f"SET {changes}, #asked_at = :asked_at" + (f" REMOVE {', '.join(gone)}" if gone else ""),
                "attribute_not_exists(#asked_at) OR #asked_at <= :asked_at",
                {**values, ":asked_at": checkout.position},
                names,
            )
        except ConditionFailed:
            return None  # a later record has asked and been answered
        except DynamoError:
            return checkout.position
        return None

    def _row(self, checkout: Checkout) -> Item:
        moment = moment_of(checkout.time)
        click = self._index.first_touch(
            checkout.entity_id, time_text(moment - self._window), checkout.time, checkout.final_at
        )
        row: Item = {
            "checkout_id": checkout.checkout_id,
            "checkout_time": checkout.time,
            "is_attributed": click is not None,
            "final_at": checkout.final_at,
            "expires_at": checkout.final_at + self._ttl_seconds,
        }
        if click is None:
            return (
                row
                | _DIRECT
                | {"campaign": None, "click_id": None, "click_time": None, "milliseconds_from_click": None}
            )
        clicked = click["time_event"].partition("#")[0]
        return row | {
            **{name: click["marketing_touch"].get(name) for name in (*_DIRECT, "campaign")},
            "click_id": click["event_id"],
            "click_time": clicked,
            "milliseconds_from_click": (moment - moment_of(clicked)) // timedelta(milliseconds=1),
        }
