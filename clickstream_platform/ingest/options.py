"""How to ingest: everything that comes from the settings, as plain values that reach worker processes whole."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from clickstream_platform.contract import Limits

if TYPE_CHECKING:
    from clickstream_platform.config import Settings


@dataclass(frozen=True)
class IngestOptions:
    """The choices of one ingest.

    Attributes:
        lake_uri: Folder or `s3://bucket/prefix`.
        dataset: What every source is; None reads it from the path (`landing/<dataset>/...` or the name's beginning).
        format: Name of the adapter, see `adapters`.
        mapping: Path of a mapping file (TOML), for the `mapping` adapter.
        pii_key: Key of the e-mail hash; None drops e-mail addresses from events.
        hash_customer_pii: Keep only hashes of customers' e-mail, name and phone.
        shop_domains: The shop's own hosts; referrals from them are internal.
        records_per_object: Input records after which one object a day is written. Part of what makes object names
            repeatable: change it only when nothing is half ingested.
        bytes_per_object: The same in bytes of input records, so that memory is bounded for long records too.
        notify: Leave a message below `_queue/` for the sensor.
        again: Ingest sources that are in the ledger too, replacing their rows.
    """

    lake_uri: str
    dataset: str | None = None
    format: str = "native"
    mapping: str | None = None
    pii_key: bytes | None = None
    hash_customer_pii: bool = False
    shop_domains: tuple[str, ...] = ()
    default_phone_region: str = "US"
    earliest_event_time: datetime = datetime(2015, 1, 1, tzinfo=UTC)
    max_future_seconds: int = 86_400
    max_record_bytes: int = 1_048_576
    records_per_object: int = 200_000
    bytes_per_object: int = 128 << 20
    notify: bool = True
    again: bool = False

    @classmethod
    def from_settings(cls, settings: "Settings", **choices: Any) -> Self:
        """The options that the settings say, with the choices made for one ingest."""
        chosen: dict[str, Any] = {
            "lake_uri": settings.lake_uri,
            "pii_key": settings.pii_key.get_secret_value().encode() if settings.pii_key else None,
            "hash_customer_pii": settings.hash_customer_pii,
            "shop_domains": tuple(settings.shop_domains),
            "default_phone_region": settings.default_phone_region,
            "earliest_event_time": settings.earliest_event_time,
            "max_future_seconds": settings.max_future_seconds,
            "max_record_bytes": settings.max_record_bytes,
        }
        return cls(**{**chosen, **{name: value for name, value in choices.items() if value is not None}})

    def limits(self, clock: datetime | None = None) -> Limits:
        """The contract's limits at a time, by default now."""
        return Limits(
            earliest=self.earliest_event_time,
            latest=(clock or datetime.now(UTC)) + timedelta(seconds=self.max_future_seconds),
            max_record_bytes=self.max_record_bytes,
        )
