"""The settings of the Lambda functions: those of `config.py` that they need, read without its import time.

Names, defaults and meaning are those of `clickstream_platform.config.Settings`; a test holds the two together. What
only the functions have is described here.
"""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from clickstream_platform.ingest.options import IngestOptions

PREFIX = "CLICKSTREAM_"


class LambdaSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a function is told by its environment.

    Attributes:
        table_prefix: Beginning of the names of all live tables.
        sessions_ttl_days: Days after their last event's arrival that live sessions are kept.
        metrics_ttl_days: The same for live metrics.
        event_index_ttl_days: The same for the event index and live first clicks: how far replay and look-back reach.
        final_after_seconds: A live first click is final so long after its checkout arrived.
        storage_timeout_seconds: So long an AWS call is tried again before its records are given back for a retry.
        max_upload_bytes: Longer uploads are refused; API Gateway lets no more than the default through.
        streams: Streams that events are put on: one for everything, or two, the second one for checkouts.
        write_keys: Who may send events to the ingest API: `web:KEY,app:OTHER`, a name for logs and metrics and its key.
            Empty leaves that to IAM at the gateway.
        cors_origins: Origins of pages whose scripts may call the ingest API, comma-separated; `*` is all of them.
        idempotency_hours: So long the ingest API knows an idempotency key again.
        generator_events: Events that it makes on average in five minutes.
        generator_dirty_rate: Share of its records that are malformed.
        generator_seed: Another seed, another shop.
        replay_queue_url: Queue of the messages that tell the replay processor which events to bring.
        replay_steps_queue_url: Queue of a replay's own steps: what is selected and sent next.
        replay_max_receives: As often as both queues give out a message before it is a dead letter.
        replay_ttl_days: Days that replays are known for.
        replay_lake_uri: Another lake, which `target=bronze` writes to.
        replay_stream: Stream that `target=stream` writes to; by default the first of `streams`.
        replay_target_queue_url: Queue that `target=queue` sends events to.
    """

    lake_uri: str = "lake"
    currency: str = "USD"
    session_timeout_minutes: int = 30
    attribution_window_minutes: int = 60
    consent_default: Literal["granted", "denied"] = "granted"
    pii_key: str | None = None
    hash_customer_pii: bool = False
    shop_domains: str = ""
    default_phone_region: str = "US"
    earliest_event_time: datetime = datetime(2015, 1, 1, tzinfo=UTC)
    max_future_seconds: int = 86_400
    max_record_bytes: int = 1_048_576
    table_prefix: str = "clickstream-"
    sessions_ttl_days: int = 7
    metrics_ttl_days: int = 90
    event_index_ttl_days: int = 30
    final_after_seconds: int = 300
    storage_timeout_seconds: float = 10.0
    max_upload_bytes: int = 10_485_760
    streams: str = "events"
    write_keys: str = ""
    cors_origins: str = ""
    idempotency_hours: int = 24
    generator_events: int = 500
    generator_dirty_rate: float = 0.01
    generator_seed: int = 1
    replay_queue_url: str = ""
    replay_steps_queue_url: str = ""
    replay_max_receives: int = 5
    replay_ttl_days: int = 30
    replay_lake_uri: str = ""
    replay_stream: str = ""
    replay_target_queue_url: str = ""

    def ingest_options(self) -> "IngestOptions":
        """The choices of ingest among the settings."""
        from clickstream_platform.ingest.options import IngestOptions

        return IngestOptions(
            lake_uri=self.lake_uri.rstrip("/"),
            pii_key=self.pii_key.encode() if self.pii_key else None,
            hash_customer_pii=self.hash_customer_pii,
            shop_domains=tuple(part.strip() for part in self.shop_domains.split(",") if part.strip()),
            default_phone_region=self.default_phone_region,
            earliest_event_time=self.earliest_event_time,
            max_future_seconds=self.max_future_seconds,
            max_record_bytes=self.max_record_bytes,
            notify=False,
        )


def read_settings(environment: Mapping[str, str]) -> LambdaSettings:
    """The settings of an environment.

    Raises:
        ValueError: A variable has a wrong value; the message names it.
    """
    names = {field.name: PREFIX + field.name.upper() for field in msgspec.structs.fields(LambdaSettings)}
    given = {name: environment[variable] for name, variable in names.items() if variable in environment}
    try:
        return msgspec.convert(given, LambdaSettings, strict=False)
    except msgspec.ValidationError as error:
        text, _, place = str(error).partition(" - at `$.")
        raise ValueError(f"{names.get(place.rstrip('`'), PREFIX + '*')}: {text}") from None


@cache
def settings() -> LambdaSettings:
    """The settings of this process, read once."""
    return read_settings(os.environ)
