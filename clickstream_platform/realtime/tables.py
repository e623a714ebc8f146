"""The live tables: names, keys and indexes, as whoever creates them needs to know.

All are billed on demand, and DynamoDB deletes their items some time after `expires_at` (epoch seconds).
"""

from typing import Final, NamedTuple

TTL_ATTRIBUTE: Final = "expires_at"


class Index(NamedTuple):
    """A global secondary index that holds keys only.

    Attributes:
        sort_type: `S` text or `N` number; all other keys are texts.
    """

    name: str
    partition_key: str
    sort_key: str
    sort_type: str = "S"


class LiveTable(NamedTuple):
    """A table; its full name is the settings' prefix and this name."""

    name: str
    partition_key: str
    sort_key: str | None = None
    indexes: tuple[Index, ...] = ()


SESSIONS: Final = LiveTable("sessions", "entity_id", indexes=(Index("by_activity", "active_hour", "last_event_time"),))
"""One item an entity: its sessions of the last days. The index finds entities by the hour they were last seen in."""

METRICS: Final = LiveTable("metrics", "window_event", "channel_country")
"""One item a five-minute window x event name x channel x country."""

EVENT_INDEX: Final = LiveTable("event-index", "entity_id", "time_event")
"""One item an event: where it lies in bronze."""

ATTRIBUTED_CHECKOUTS: Final = LiveTable("attributed-checkouts", "entity_id", "time_checkout")
"""One item a checkout of people, with the first click before it."""

IDEMPOTENCY: Final = LiveTable("idempotency", "request_key")
"""One item a request to the ingest API that came with an idempotency key: what it was and what was answered."""

REPLAYS: Final = LiveTable("replays", "replay_id")
"""One item a replay: what was asked for, and how far it is."""

REPLAY_PAGES: Final = LiveTable("replay-pages", "replay_id", "page")
"""One item a page of a replay's messages: which of them are done, and which failed and why."""

REPLAYED_ENTITIES: Final = LiveTable("replayed-entities", "entity_id", "replay_id")
"""One item an entity x replay: aggregates of the events that the replay brought."""

ERASED_ENTITIES: Final = LiveTable("erased-entities", "entity_hash")
"""One item an erased person, named by a hash: what no replay brings back."""

LIVE_TABLES: Final = (
    SESSIONS,
    METRICS,
    EVENT_INDEX,
    ATTRIBUTED_CHECKOUTS,
    IDEMPOTENCY,
    REPLAYS,
    REPLAY_PAGES,
    REPLAYED_ENTITIES,
    ERASED_ENTITIES,
)
