"""The body of a request as records: unpacked, and cut into the bytes of each."""

import re
import zlib
from collections.abc import Iterator, Mapping
from io import BytesIO
from itertools import islice
from typing import Final, NamedTuple

import msgspec

from clickstream_platform.lambdas.http_api import Refusal

MOST_BYTES: Final = 6 << 20
"""Of a body, packed and unpacked; Lambda hands over no more."""

MOST_RECORDS: Final = 500

_MAGIC: Final = b"\x1f\x8b"
_GZIP: Final = 31  # zlib's number for gzip's own header and checksum
_MOST_MEMBERS: Final = 64  # what is behind each is copied, so that many tiny ones would take for ever
_LINES = {"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"}

# Every escape in turn, so that an escaped backslash is not taken for the beginning of the next one: a pair of
# surrogates, half of one, or anything else.
_ESCAPES = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)

_array_decoder = msgspec.json.Decoder(list[msgspec.Raw])
_object_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
_text_decoder = msgspec.json.Decoder(str)


class Batch(NamedTuple):
    """The records of a request, each judged later, and the idempotency key that its envelope carries."""

    records: list[bytes]
    idempotency_key: str | None = None


def unpacked(body: bytes, encoding: str) -> bytes:
    """A body without its content encoding.

    Raises:
        Refusal: The encoding is unknown, the body is damaged or breaks off, or it is too long unpacked.
    """
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip"):
        raise Refusal(415, "unknown content-encoding: send gzip, or none", {"accept-encoding": "gzip, identity"})
    if not body.startswith(_MAGIC):
        return body  # REST APIs unpack bodies themselves, and leave the header; JSON never begins like gzip
    try:
        return _gunzipped(body)
    except zlib.error:
        raise Refusal(400, "the gzip body is damaged") from None


def read_batch(body: bytes, content_type: str) -> Batch:
    """The records of a body: one event, an array, `{"events": [...]}`, or lines where the content type says so.

    Half a character, as browsers send of an emoji that was cut through, becomes the replacement character: no decoder
    takes it, and the other events of the request must not suffer for it.

    Raises:
        Refusal: It is none of these, has no records, or too many.
    """
    if b"\\ud" in body or b"\\uD" in body:
        body = _ESCAPES.sub(lambda escape: rb"\ufffd" if escape[1] else escape[0], body)
    if content_type.partition(";")[0].strip().lower() in _LINES:
        # One more than may be is enough to know.
        batch = Batch(list(islice(_lines(body), MOST_RECORDS + 1)))
    else:
        batch = _read_json(body.strip())
    if not batch.records:
        raise Refusal(400, "the body has no events")
    if len(batch.records) > MOST_RECORDS:
        raise Refusal(413, f"more than {MOST_RECORDS} events; send them in several requests")
    return batch


def _lines(body: bytes) -> Iterator[bytes]:
    """The lines that are not empty: each a record, of which a malformed one is refused by itself."""
    return filter(None, map(bytes.strip, BytesIO(body)))


def _gunzipped(body: bytes) -> bytes:
    """One or more gzip members, never more of them in memory than may be."""
    parts: list[bytes] = []
    length, rest = 0, body
    while rest:
        if len(parts) == _MOST_MEMBERS:
            raise Refusal(400, f"the gzip body has more than {_MOST_MEMBERS} members")
        member = zlib.decompressobj(_GZIP)
        part = member.decompress(rest, MOST_BYTES + 1 - length)
        length += len(part)
        if length > MOST_BYTES:
            raise Refusal(413, f"the body is longer than {MOST_BYTES} bytes once it is unpacked")
        if not member.eof:
            raise Refusal(400, "the gzip body breaks off")
        parts.append(part)
        rest = member.unused_data
    return b"".join(parts)


def _read_json(body: bytes) -> Batch:
    if not body:
        raise Refusal(400, "the body is empty")
    try:
        if body.startswith(b"["):
            return _of_array(body)
        if body.startswith(b"{"):
            fields = _object_decoder.decode(body)
            is_event = "events" not in fields or "event_name" in fields
            return Batch([body]) if is_event else _of_envelope(fields)
        msgspec.json.decode(body)
    except UnicodeDecodeError:
        raise Refusal(400, "the body is not UTF-8") from None
    except msgspec.DecodeError as error:
        raise Refusal(400, f"the body is no JSON: {str(error).removeprefix('JSON is malformed: ')}") from None
    except RecursionError:
        raise Refusal(400, "the body is nested too deeply") from None
    raise Refusal(400, 'the body is neither an event, nor an array of events, nor {"events": [...]}')


def _of_array(array: bytes | msgspec.Raw) -> Batch:
    return Batch([bytes(record) for record in _array_decoder.decode(array)[: MOST_RECORDS + 1]])


def _of_envelope(fields: Mapping[str, msgspec.Raw]) -> Batch:
    try:
        records = _of_array(fields["events"]).records
    except msgspec.ValidationError:
        raise Refusal(400, "`events` is no array") from None
    key = fields.get("idempotency_key")
    if key is None or bytes(key) == b"null":
        return Batch(records)
    try:
        return Batch(records, _text_decoder.decode(key))
    except msgspec.ValidationError:
        raise Refusal(400, "`idempotency_key` is no text") from None
