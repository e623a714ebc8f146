"""One batch of a shard: first what is kept for ever, then live state."""

import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import pyarrow as pa

from clickstream_platform.contract.reasons import Rejection
from clickstream_platform.ingest.arrow_compute import take
from clickstream_platform.ingest.batches import Batches, without_garbage_collection
from clickstream_platform.ingest.bronze_writer import BronzeWriter
from clickstream_platform.ingest.interpret import Interpreted, Interpreter, RefusedRecord
from clickstream_platform.ingest.readers.raw import SHOWN_BYTES, RawRecord, Refused
from clickstream_platform.ingest.rejected_writer import RejectedWriter
from clickstream_platform.ingest.store import open_lake_store
from clickstream_platform.lambdas.environment import LambdaSettings
from clickstream_platform.lambdas.observability import emit_metrics, log
from clickstream_platform.realtime.dynamodb import Dynamo
from clickstream_platform.realtime.entities import Rules
from clickstream_platform.realtime.kinesis import StreamBatch
from clickstream_platform.realtime.live_events import LiveEvent, live_events
from clickstream_platform.realtime.live_state import LiveState

_LOGGED_REFUSALS = 20


class Stored(NamedTuple):
    """What of a batch is in the lake: its events, and how many records were refused for which reason."""

    events: list[LiveEvent]
    rejected: Counter[str]


class StreamProcessor:
    """Takes batches of one or more streams; holds the clients."""

    def __init__(self, settings: LambdaSettings) -> None:
        self._settings, self._options = settings, settings.ingest_options()
        self._store = open_lake_store(self._options.lake_uri, patience=settings.storage_timeout_seconds)
        self._batches = Batches("events", self._options)
        rules = Rules(
            timeout=timedelta(minutes=settings.session_timeout_minutes),
            kept=timedelta(days=settings.sessions_ttl_days),
            final_after=settings.final_after_seconds,
            window=timedelta(minutes=settings.attribution_window_minutes),
        )
        dynamo = Dynamo(settings.table_prefix, patience=settings.storage_timeout_seconds)
        self.live = LiveState(
            dynamo, rules, metrics_ttl_days=settings.metrics_ttl_days, index_ttl_days=settings.event_index_ttl_days
        )

    def process(self, batch: StreamBatch, correlation_id: str) -> str | None:
        """Bring one batch to bronze and into live state.

        Returns:
            The lowest sequence number that has to be tried again; None when all is done.

        Raises:
            IngestError: The lake cannot be written; nothing is done.
        """
        begun = time.monotonic()
        stored = self.store(batch)
        outcome = self.live.apply(batch.origin, stored.events)
        failed = batch.sequence_at(outcome.failed) if outcome.failed else None
        seconds = time.monotonic() - begun
        common = {"source_id": batch.source_id, "correlation_id": correlation_id}
        if failed:
            first = next(event for event in stored.events if event.position == outcome.failed)
            about = {"event_id": first.event_id, "entity_id": first.entity_id}
            log(
                "WARNING",
                "records are given back for a retry",
                from_sequence=failed,
                error=outcome.error,
                **about,
                **common,
            )
        _emit(batch, stored, outcome.duplicates, seconds, common)
        return failed

    def store(self, batch: StreamBatch) -> Stored:
        """Write a batch's good records to bronze, one object an event day, and its bad ones to `rejected/`.

        Raises:
            IngestError: The lake cannot be written.
        """
        with without_garbage_collection():
            columns, objects, rejected = self.to_bronze(batch)
            if not objects:
                return Stored([], rejected)
            said = {"currency": self._settings.currency, "consent_default": self._settings.consent_default}
            return Stored(live_events(columns, batch, objects, **said), rejected)

    def to_bronze(self, batch: StreamBatch) -> tuple[dict[str, Any], dict[date, str], Counter[str]]:
        """The same, without live state: bronze columns, the object of each day, and reasons of refusal."""
        interpreted = self._interpret(batch)
        rejected = self._reject(batch, interpreted)
        if not interpreted.records:
            return {}, {}, rejected
        arrived = datetime.fromtimestamp(batch.arrivals[-1], UTC)
        columns = self._batches.columns(interpreted, batch.source_id, arrived)
        writer = BronzeWriter(self._store, "events", batch.source_id)
        writer.add(columns)
        writer.close()
        return columns, writer.object_of_day, rejected

    def _interpret(self, batch: StreamBatch) -> Interpreted:
        """Validate the records, each by the clock of its own arrival: a retry must not judge otherwise."""
        tolerance = timedelta(seconds=self._settings.max_future_seconds)
        earliest, latest = (datetime.fromtimestamp(edge(batch.arrivals), UTC) + tolerance for edge in (min, max))
        raws: list[RawRecord] = list(batch.data)
        for place, why in batch.rejections.items():
            raws[place] = Refused(why, batch.data[place][:SHOWN_BYTES], len(batch.data[place]))
        limits = self._options.limits()._replace(latest=latest)
        interpreted = Interpreter("events", limits, None).interpret(raws, 1)
        times = [event.event_time for event in interpreted.records]
        if not times or max(times) <= earliest:
            return interpreted
        arrivals = (datetime.fromtimestamp(batch.arrivals[number - 1], UTC) for number in interpreted.numbers)
        ahead = {place for place, arrival in enumerate(arrivals) if times[place] > arrival + tolerance}
        return _without(interpreted, ahead, batch) if ahead else interpreted

    def _reject(self, batch: StreamBatch, interpreted: Interpreted) -> Counter[str]:
        if not interpreted.refused:
            return Counter()
        writer = RejectedWriter(self._store, "events", batch.source_id, f"{batch.stream}/{batch.shard}")
        for number, why, shown, size in interpreted.refused:
            # With the sequence number a record can be read again, for as long as the stream keeps it.
            detail = f"{why.detail}; sequence number {batch.sequences[number - 1]}"
            writer.add(number, why._replace(detail=detail), shown, size)
        writer.close()
        for refused in interpreted.refused[:_LOGGED_REFUSALS]:
            log(
                "WARNING",
                "a record was rejected",
                reason=refused.rejection.reason,
                field=refused.rejection.field,
                sequence=batch.sequences[refused.number - 1],
                source_id=batch.source_id,
            )
        return writer.reasons


def _without(interpreted: Interpreted, places: set[int], batch: StreamBatch) -> Interpreted:
    """The same with some accepted events refused, as from after their own arrival's tolerance."""
    kept = [place for place in range(len(interpreted.records)) if place not in places]
    refused = list(interpreted.refused)
    for place in sorted(places):
        number = interpreted.numbers[place]
        data, said = batch.data[number - 1], interpreted.records[place].event_time
        why = Rejection("event_time_out_of_range", "event_time", f"{said.isoformat()} is too far in the future")
        refused.append(RefusedRecord(number, why, data.decode("utf-8", "replace"), len(data)))
    return Interpreted(
        [interpreted.records[place] for place in kept],
        [interpreted.numbers[place] for place in kept],
        take(interpreted.hashes, pa.array(kept, pa.int64())),
        sorted(refused, key=lambda one: one.number),
    )


def _emit(batch: StreamBatch, stored: Stored, duplicates: int, seconds: float, common: dict[str, str]) -> None:
    """Counts of the batch, and one line for each reason of refusal, as the reason is a dimension of its own."""
    lag = max(0.0, time.time() - batch.arrivals[0])
    emit_metrics(
        {
            "ingested": (len(stored.events), "Count"),
            "rejected": (stored.rejected.total(), "Count"),
            "duplicates": (duplicates, "Count"),
            "batch_size": (len(batch), "Count"),
            "ingest_lag": (lag * 1000, "Milliseconds"),
            "duration": (seconds * 1000, "Milliseconds"),
        },
        {"stream": batch.stream},
        **common,
    )
    for reason, count in stored.rejected.items():
        emit_metrics({"rejected_by_reason": (count, "Count")}, {"stream": batch.stream, "reason": reason}, **common)
