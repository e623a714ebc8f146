"""One request with events: read, judged, and put on the stream, once for each idempotency key."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from clickstream_platform.lambdas.environment import LambdaSettings
from clickstream_platform.lambdas.http_api import Answer, Refusal, Request, answer, read_body
from clickstream_platform.lambdas.ingest_api.access import WriteKeys
from clickstream_platform.lambdas.ingest_api.answers import EventsAnswer, bounded
from clickstream_platform.lambdas.ingest_api.body import MOST_BYTES, Batch, read_batch, unpacked
from clickstream_platform.lambdas.ingest_api.records import Judge, Judged
from clickstream_platform.lambdas.ingest_api.telemetry import Told
from clickstream_platform.realtime.aws_calls import AwsError
from clickstream_platform.realtime.dynamodb import Dynamo
from clickstream_platform.realtime.idempotency import (
    LONGEST_KEY,
    Answered,
    Idempotency,
    InProgress,
    Mine,
    OtherContent,
)
from clickstream_platform.realtime.put_records import NotTaken, StreamWriter

REPLAYED = "idempotent-replayed"
_RETRY_SECONDS = 5
_CLOCKS_APART = 1.0  # seconds that the clocks of two functions may differ by


class Incoming(NamedTuple):
    """A request with what belongs to its invocation.

    Attributes:
        event: As API Gateway handed it over, for the body.
        seconds_left: Until the invocation is killed.
    """

    request: Request
    event: Mapping[str, Any]
    told: Told
    seconds_left: float


class _Work(NamedTuple):
    judged: Judged
    received_at: datetime
    told: Told


class Ingest:
    """Takes events; holds the clients.

    Raises:
        ValueError: A setting is wrong.
    """

    def __init__(self, settings: LambdaSettings) -> None:
        self._keys, self._judge = WriteKeys(settings.write_keys), Judge(settings)
        patience = settings.storage_timeout_seconds
        self._writer = StreamWriter(patience)
        # Asked before and after the stream: all three together have to end before API Gateway gives up.
        dynamo = Dynamo(settings.table_prefix, patience=patience / 3)
        self._idempotency = Idempotency(dynamo, settings.idempotency_hours)

    def events(self, incoming: Incoming) -> Answer:
        """202 with what became of each record, or 400 where all are refused.

        Raises:
            Refusal: The request is refused as a whole, or Kinesis has too much to do.
            NotTaken: Kinesis fails otherwise.
            AwsError: DynamoDB does not say whose the idempotency key is.
        """
        request, told = incoming.request, incoming.told
        told.source = self._keys.source_of(request)
        body = unpacked(read_body(incoming.event, MOST_BYTES), request.headers.get("content-encoding", ""))
        batch = read_batch(body, request.headers.get("content-type", ""))
        key = _idempotency_key(request, batch)
        received_at = datetime.now(UTC)
        work = _Work(self._judge.judge(batch.records, request, received_at), received_at, told)
        if not work.judged.taken:
            told.judged(work.judged, received_at, taken=0)
            return answer(400, _said(work, taken=0, error="no record is acceptable"))
        if key is None:
            return self._put(work)
        claim = self._idempotency.claim(told.source, key, body, incoming.seconds_left + _CLOCKS_APART)
        if isinstance(claim, OtherContent):
            raise Refusal(409, "the idempotency key belongs to a request with another body")
        if isinstance(claim, InProgress):
            wait = {"retry-after": str(claim.seconds)}
            raise Refusal(409, "a request with this idempotency key is being worked on", wait)
        if isinstance(claim, Answered):
            told.judged(work.judged, received_at, taken=0, replayed=True)
            before: Answer = msgspec.json.decode(claim.answer)
            return {**before, "headers": {**before["headers"], REPLAYED: "true"}}
        return self._put_once(work, claim)

    def beacon(self, incoming: Incoming) -> Answer:
        """The same for a page that is left, which reads no answer: 204 where all records are taken."""
        said = self.events(incoming)
        if said["statusCode"] != 202 or msgspec.json.decode(said["body"])["refused"]:
            return said
        kept = {name: value for name, value in said["headers"].items() if name == REPLAYED}
        return answer(204, None, kept)

    def _put_once(self, work: _Work, mine: Mine) -> Answer:
        """Put the records, and keep the answer; what fails gives the key back."""
        try:
            said = self._put(work)
        except Exception:
            try:
                self._idempotency.release(mine)
            except AwsError as error:
                work.told.warned("an idempotency key is taken until its lease ends", error)
            raise
        try:
            self._idempotency.finish(mine, msgspec.json.encode(said).decode())
        except AwsError as error:
            # The records are on the stream, and that is what the sender is told. Sent again, silver takes each once.
            work.told.warned("an answer is not kept for its idempotency key", error)
        return said

    def _put(self, work: _Work) -> Answer:
        taken = work.judged.taken
        try:
            self._writer.put([record.outgoing for record in taken])
        except NotTaken as error:
            left = {taken[number].place for number in error.left}
            done = [record.place for record in taken if record.place not in left]
            work.told.judged(work.judged, work.received_at, taken=len(done))
            if not error.is_throttled:
                raise
            said = _said(work, taken=len(done), error=None)
            raise Refusal(
                429,
                "the stream has too much to do; send all of it again later: an event_id counts once",
                {"retry-after": str(_RETRY_SECONDS)},
                accepted=said.accepted,
                refused=said.refused,
                refusals=said.refusals,
                taken=done,
            ) from error
        work.told.judged(work.judged, work.received_at, taken=len(taken))
        return answer(202, _said(work, taken=len(taken), error=None))


def _idempotency_key(request: Request, batch: Batch) -> str | None:
    header, field = request.headers.get("idempotency-key"), batch.idempotency_key
    if header is not None and field is not None and header != field:
        raise Refusal(400, "the header Idempotency-Key and the field idempotency_key differ")
    key = field if header is None else header
    if key is not None and not 1 <= len(key) <= LONGEST_KEY:
        raise Refusal(400, f"an idempotency key has 1 to {LONGEST_KEY} characters")
    return key


def _said(work: _Work, *, taken: int, error: str | None) -> EventsAnswer:
    refused = work.judged.refused
    return bounded(
        EventsAnswer(
            error=error or msgspec.UNSET,
            accepted=taken,
            refused=len(refused),
            refusals=refused,
            correlation_id=work.told.correlation_id,
        )
    )
