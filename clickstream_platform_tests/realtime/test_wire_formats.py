"""Attributes of DynamoDB there and back, and aggregates out of any bytes."""

from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clickstream_platform.realtime.attributes import from_wire, to_wire
from clickstream_platform.realtime.kinesis import read_batches
from clickstream_platform.realtime.kpl import Torn, user_records
from clickstream_platform_tests.lambdas.kpl_format import aggregate, message, sealed
from clickstream_platform_tests.lambdas.stream import Shard

names = st.text(min_size=1, max_size=8)
values = st.recursive(
    st.text(max_size=20) | st.booleans() | st.integers(-(10**37), 10**37),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
sets = st.sets(st.text(max_size=8), min_size=1) | st.sets(st.integers(-(10**37), 10**37), min_size=1)
items = st.dictionaries(names, values | sets, max_size=6)


@settings(deadline=None)
@given(items)
def test_items_come_back_as_they_were(item: dict[str, Any]) -> None:
    assert from_wire(to_wire(item)) == item
    assert all(type(from_wire(to_wire(item))[name]) is type(value) for name, value in item.items())


@settings(deadline=None)
@given(items)
def test_boto3_reads_the_same_out_of_them(item: dict[str, Any]) -> None:
    read = TypeDeserializer().deserialize
    assert {name: read(value) for name, value in to_wire(item).items()} == item


def test_attributes_that_are_none_are_left_out() -> None:
    assert to_wire({"a": None, "b": {"c": None, "d": 1}}) == {"b": {"M": {"d": {"N": "1"}}}}


@pytest.mark.parametrize("value", [1.5, b"x", object(), set()])
def test_what_is_no_attribute_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="no attribute value"):
        to_wire({"a": value})


@settings(deadline=None)
@given(st.lists(st.binary(max_size=300), max_size=8))
def test_an_aggregate_gives_back_what_was_put_into_it(payloads: list[bytes]) -> None:
    assert user_records(message(payloads)) == payloads


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=80))
@example(b"\x1a\xff\xff\xff\xff\xff\xff\xff\xff\x7f")
@example(b"\x80" * 80)
@example(b"\x19\x00")
def test_any_bytes_are_an_aggregate_or_torn(content: bytes) -> None:
    try:
        found = user_records(content)
    except Torn:
        return
    assert all(type(one) is bytes for one in found)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=40) | st.binary(max_size=40).map(sealed), min_size=1, max_size=4))
def test_no_record_of_an_invocation_vanishes(payloads: list[bytes]) -> None:
    """Each gives at least one, and every aggregate that cannot be read is refused with a reason."""
    records = Shard().records(payloads)
    (batch,) = read_batches({"Records": records})
    assert set(batch.sequences) == {record["kinesis"]["sequenceNumber"] for record in records}
    lengths = {len(column) for column in (batch.sequences, batch.places, batch.arrivals, batch.data)}
    assert lengths == {len(batch)}
    positions = [batch.position(number) for number in range(len(batch))]
    assert positions == sorted(set(positions))
    assert [batch.sequence_at(position) for position in positions] == batch.sequences


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=60), st.data())
def test_an_aggregate_that_lost_a_byte_gives_no_records(payload: bytes, data: st.DataObject) -> None:
    whole = aggregate([payload])
    lost = data.draw(st.integers(0, len(whole) - 1))
    torn = whole[:lost] + whole[lost + 1 :]
    (batch,) = read_batches({"Records": Shard().records([torn])})
    assert batch.data == [torn]
