"""One message of a replay: its events are found, those of erased persons left out, the rest brought to the target."""

from typing import NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from clickstream_platform.ingest.bronze_writer import BronzeWriter
from clickstream_platform.ingest.store import open_lake_store
from clickstream_platform.lambdas.environment import LambdaSettings
from clickstream_platform.lambdas.replay.plans import delete_plans
from clickstream_platform.lambdas.replay.steps import Bring
from clickstream_platform.lambdas.replay_processor.domain import Domain
from clickstream_platform.lambdas.replay_processor.events import events_of
from clickstream_platform.lambdas.replay_processor.rows import BronzeRows
from clickstream_platform.realtime.dynamodb import Dynamo
from clickstream_platform.realtime.erased import ErasedEntities
from clickstream_platform.realtime.put_records import OutgoingRecord, StreamWriter
from clickstream_platform.realtime.replay_pages import ReplayPages
from clickstream_platform.realtime.replay_request import ReplayRequest
from clickstream_platform.realtime.replay_state import Replays
from clickstream_platform.realtime.sqs import Message, Queue

_PERSONS = ("entity_id", "user_id", "anonymous_id")


class Brought(NamedTuple):
    """What became of a message's events."""

    processed: int
    missing: int
    refused: int


class ReplayProcessor:
    """Brings events to their targets; holds the clients."""

    def __init__(self, settings: LambdaSettings) -> None:
        self._settings, patience = settings, settings.storage_timeout_seconds
        dynamo = Dynamo(settings.table_prefix, patience=patience)
        self.replays = Replays(dynamo, settings.replay_ttl_days)
        self.pages = ReplayPages(dynamo, settings.replay_ttl_days, self.replays)
        self._store = open_lake_store(settings.ingest_options().lake_uri, patience=patience)
        self._rows = BronzeRows(self._store)
        self._erased = ErasedEntities(dynamo, settings.pii_key.encode() if settings.pii_key else None)
        self._domain = Domain(dynamo, settings.replay_ttl_days)
        self._streams = StreamWriter(patience)
        self._shop_domains = settings.ingest_options().shop_domains

    def bring(self, message: Bring, request: ReplayRequest) -> Brought:
        """Bring the events of a message to the replay's target.

        Raises:
            ObjectGone: Their object is not in the lake.
            AwsError, IngestError, NotTaken: Some could not be brought; all may be brought again.
        """
        found = self._rows.find(message.pointers)
        rows = self._without_erased(found.rows)
        refused = found.rows.num_rows - rows.num_rows
        if rows.num_rows:
            getattr(self, f"_to_{request.target}")(message, rows)
        return Brought(rows.num_rows, found.missing, refused)

    def forget_plans(self, replay_id: str) -> None:
        """Delete what a replay was to send.

        Raises:
            IngestError: It cannot be deleted.
        """
        delete_plans(self._store, replay_id)

    def _without_erased(self, rows: pa.Table) -> pa.Table:
        persons = {person for name in _PERSONS for person in rows.column(name).to_pylist() if person}
        erased = pa.array(sorted(self._erased.erased_of(persons)), pa.string())
        if not len(erased):
            return rows
        theirs = [pc.is_in(rows.column(name), value_set=erased) for name in _PERSONS]
        return rows.filter(pc.invert(pc.or_(pc.or_(theirs[0], theirs[1]), theirs[2])))

    def _to_domain(self, message: Bring, rows: pa.Table) -> None:
        self._domain.add(message.replay_id, message.page, message.number, self._analysed(rows))

    def _analysed(self, rows: pa.Table) -> pa.Table:
        """The rows of people who allow analytics: what somebody did is added up of no others."""
        unsaid = pa.scalar(self._settings.consent_default == "granted")
        return rows.filter(pc.fill_null(rows.column("analytics_consent"), unsaid))

    def _to_stream(self, message: Bring, rows: pa.Table) -> None:
        stream = self._settings.replay_stream or self._settings.streams.partition(",")[0].strip()
        entities = rows.column("entity_id").to_pylist()
        events = events_of(rows, self._shop_domains)
        records = [OutgoingRecord(stream, entity, event) for entity, event in zip(entities, events, strict=True)]
        self._streams.put(records)

    def _to_bronze(self, message: Bring, rows: pa.Table) -> None:
        """The same rows, lineage included, under a name that a repetition overwrites."""
        store = open_lake_store(
            self._settings.replay_lake_uri.rstrip("/"), patience=self._settings.storage_timeout_seconds
        )
        name = f"replay-{message.replay_id}-{message.page}-{message.number:06d}"
        writer = BronzeWriter(store, "events", name)
        writer.add({column: rows.column(column).combine_chunks() for column in rows.column_names})
        writer.close()

    def _to_queue(self, message: Bring, rows: pa.Table) -> None:
        queue = Queue(self._settings.replay_target_queue_url, self._settings.storage_timeout_seconds)
        queue.send(map(Message, events_of(rows, self._shop_domains)))


def read_message(body: str) -> Bring:
    """A message of the queue.

    Raises:
        ValueError: It is none.
    """
    try:
        return msgspec.json.decode(body, type=Bring)
    except msgspec.DecodeError as error:
        raise ValueError(f"not a message of a replay: {error}") from None
