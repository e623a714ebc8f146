"""Records of a stream as a delivery service put them together."""

import gzip
import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickstream_platform.ingest.errors import TruncatedInput
from clickstream_platform.ingest.readers.delivered import DeliveredReader
from clickstream_platform.ingest.readers.raw import RawRecord, Refused

LIMIT = 4096


def read(data: bytes, size: int = 97, limit: int = LIMIT) -> list[RawRecord]:
    chunks = (data[place : place + size] for place in range(0, len(data), size))
    return [record for records in DeliveredReader(chunks, limit) for record in records]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text('a"\\{}[]:, \n', max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('k{}"', max_size=3), inner, max_size=3),
    max_leaves=8,
)
_EVENTS = st.lists(st.dictionaries(st.text('e{}"', max_size=3), _JSON, min_size=1, max_size=4), max_size=8)
_CHUNKS = st.integers(1, 60)


@given(_EVENTS, _CHUNKS)
def test_records_without_anything_between_come_out_as_they_were(events: list[object], size: int) -> None:
    records = [json.dumps(event).encode() for event in events]
    assert read(b"".join(records), size) == records


@given(_EVENTS, _CHUNKS, st.sampled_from([None, 1, "\t"]), st.sampled_from([b"\n", b"\r\n", b"\n\n"]))
def test_records_on_lines_come_out_as_they_were(
    events: list[object], size: int, indent: int | str | None, between: bytes
) -> None:
    """Also such that their producer wrote over several lines."""
    records = [json.dumps(event, indent=indent).encode() for event in events]
    assert read(b"".join(record + between for record in records), size) == records


@given(_EVENTS, _CHUNKS, st.lists(st.booleans(), min_size=8, max_size=8))
def test_some_producers_end_their_records_with_a_line_break_and_some_do_not(
    events: list[object], size: int, ended: list[bool]
) -> None:
    records = [json.dumps(event).encode() for event in events]
    parts = [record + b"\n" * end for record, end in zip(records, ended, strict=False)]
    assert read(b"".join(parts), size) == records


@given(st.lists(st.binary(min_size=1, max_size=30), max_size=12), _CHUNKS)
def test_no_byte_is_lost_whatever_comes(lines: list[bytes], size: int) -> None:
    data = b"\n".join(lines)
    records = read(data, size)
    assert all(isinstance(record, bytes) for record in records)
    assert b"".join(b"".join(records).split()) == b"".join(data.split())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "bad",
    [
        b'{"event_id":"e","anonymous_id":"a-broken',
        b"GET /cart HTTP/1.1",
        b"{'a': 'b'}",
        b'"x"',
        b'["x",1]',
        b"42",
        b'{"a":1}}',
    ],
)
def test_a_malformed_line_takes_no_other_record_with_it(bad: bytes) -> None:
    good = [json.dumps({"event_id": n, "nested": {"a": [{}]}}).encode() for n in range(3)]
    assert read(b"\n".join([good[0], bad, good[1], bad, bad, good[2], bad])) == [
        good[0], bad, good[1], bad, bad, good[2], bad,
    ]  # fmt: skip


def test_a_string_that_never_ends_costs_one_neighbour_at_most_of_what_follows_directly() -> None:
    good = [json.dumps({"event_id": n, "text": "x" * 50}).encode() for n in range(200)]
    found = read(b"".join([*good[:100], b'{"a":"b', *good[100:]]), size=1000, limit=1000)
    assert len(set(good) - set(found)) <= 2000 // len(good[0])
    assert found[:100] == good[:100]
    assert found[-1] == good[-1]


@pytest.mark.parametrize("between", [b"", b"\n"])
def test_a_record_that_is_too_long_is_refused_alone(between: bytes) -> None:
    good, long = b'{"a":1}', b'{"b":"' + b"x" * 9000 + b'"}'
    first, refused, last = read(between.join([good, long, good]))
    assert (first, last) == (good, good)
    assert isinstance(refused, Refused)
    assert (refused.rejection.reason, refused.size) == ("too_large", len(long))


def test_input_that_breaks_off_gives_what_came_before() -> None:
    def chunks() -> Iterator[bytes]:
        yield b'{"a":1}{"b":2}{"c'
        raise TruncatedInput("gzip data breaks off")

    *whole, torn = (record for records in DeliveredReader(chunks(), LIMIT) for record in records)
    assert whole == [b'{"a":1}', b'{"b":2}']
    assert isinstance(torn, Refused)
    assert (torn.rejection.reason, torn.shown) == ("truncated_input", b'{"c')


def test_much_that_follows_directly_is_read_in_bounded_memory() -> None:
    import tracemalloc

    piece = b"".join(b'{"event_id":"%d","text":"%s"}' % (n, b"x" * 500) for n in range(2000))
    packed = gzip.compress(piece)
    tracemalloc.start()
    count = sum(len(records) for records in DeliveredReader((gzip.decompress(packed) for _ in range(60)), 1 << 20))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 60 * 2000
    assert peak < 16 << 20
