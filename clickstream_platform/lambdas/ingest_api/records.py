"""The records of a request: which are taken, as what they go on the stream, and why the others are refused."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

from clickstream_platform.contract import DESCRIPTIONS, Event, Limits, Parse, Rejection, parser
from clickstream_platform.lambdas.environment import LambdaSettings
from clickstream_platform.lambdas.http_api import Request
from clickstream_platform.lambdas.ingest_api.answers import RefusedRecord
from clickstream_platform.realtime.put_records import OutgoingRecord
from clickstream_platform.realtime.streams import CHECKOUTS, MOST_RECORD_BYTES, stream_names

_LONGEST_AGENT, _LONGEST_DETAIL, _LONGEST_FIELD = 8192, 300, 128

_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode


class _Named(msgspec.Struct):
    event_id: str | None = None


_decode_id = msgspec.json.Decoder(_Named).decode


class TakenRecord(NamedTuple):
    """A record that is accepted: its place in the request, the event, and what goes on the stream."""

    place: int
    event: Event
    outgoing: OutgoingRecord


class Judged(NamedTuple):
    """What becomes of the records of a request."""

    taken: list[TakenRecord]
    refused: list[RefusedRecord]


class Judge:
    """Holds records against the contract.

    Raises:
        ValueError: The streams are set wrongly.
    """

    def __init__(self, settings: LambdaSettings) -> None:
        self._clicks, self._checkouts = stream_names(settings.streams)
        self._earliest, self._most_bytes = settings.earliest_event_time, settings.max_record_bytes
        self._ahead = timedelta(seconds=settings.max_future_seconds)

    def judge(self, records: Sequence[bytes], request: Request, received_at: datetime) -> Judged:
        """Take or refuse each record; those that are taken say when they were received, by the server's clock."""
        parse = parser("events", Limits(self._earliest, received_at + self._ahead, self._most_bytes))
        fill = _filled_from(request, received_at)
        judged = Judged([], [])
        for index, data in enumerate(records):
            found = self._taken(index, data, parse, fill)
            if isinstance(found, Rejection):
                judged.refused.append(_refused(index, data, found))
            else:
                judged.taken.append(found)
        return judged

    def _taken(self, index: int, data: bytes, parse: Parse, fill: Mapping[str, msgspec.Raw]) -> TakenRecord | Rejection:
        event = parse(data)
        if isinstance(event, Rejection):
            return event
        assert isinstance(event, Event)
        given = _decode_fields(data)
        # What the event says of itself stands; the time of arrival is the server's to say.
        missing = {name: value for name, value in fill.items() if not getattr(event, name) or name == "received_at"}
        sent = _encode({**given, **missing})
        entity = event.user_id or event.anonymous_id or ""
        size = len(sent) + len(entity.encode())
        if len(sent) > self._most_bytes or size > MOST_RECORD_BYTES:
            return Rejection("too_large", None, f"{size} bytes with what the server adds")
        stream = self._checkouts if event.event_name in CHECKOUTS else self._clicks
        return TakenRecord(index, event, OutgoingRecord(stream, entity, sent))


def timestamp(moment: datetime) -> str:
    """A time as the contract writes it: UTC, microseconds."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _filled_from(request: Request, received_at: datetime) -> dict[str, msgspec.Raw]:
    """Fields that the request itself tells; never the sender's address, which is personal."""
    found = {"received_at": timestamp(received_at)}
    agent = request.headers.get("user-agent", "").strip().encode("utf-8", "replace").decode()
    if agent:
        found["user_agent"] = agent[:_LONGEST_AGENT]
    country = request.headers.get("cloudfront-viewer-country", "")
    if len(country) == 2 and country.isascii() and country.isalpha():
        found["country"] = country.upper()
    return {name: msgspec.Raw(_encode(value)) for name, value in found.items()}


def _refused(index: int, data: bytes, why: Rejection) -> RefusedRecord:
    try:
        event_id = _decode_id(data).event_id
    except (ValueError, RecursionError):
        event_id = None
    return RefusedRecord(
        index=index,
        event_id=event_id[:256] if event_id else None,
        reason=why.reason,
        field=why.field[:_LONGEST_FIELD] if why.field else None,
        detail=why.detail[:_LONGEST_DETAIL],
        meaning=DESCRIPTIONS[why.reason],
    )
