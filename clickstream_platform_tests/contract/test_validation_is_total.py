"""Whatever the bytes, the answer is a record or a reason."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream_platform.contract import DATASETS, REASONS, Limits, Record, Rejection, examine, from_text, parser
from clickstream_platform_tests.contract.records import RECORDS

LIMITS = Limits(latest=datetime(2030, 1, 1, tzinfo=UTC))
TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["", " ", "NaN", "-1", "1e400", "null", "2024-03-01T10:00:00Z", "0001-01-01T00:00:00+14:00", "a@b.co"]
    ),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def damaged_records(draw: st.DrawFn, dataset: str) -> dict[str, Any]:
    """Good records with some fields replaced by anything."""
    names = [*RECORDS[dataset], "items", "value", "country", "currency", "properties", "received_at", "updated_at", "x"]
    names += ["consent", "clicks", "channel"]
    damage = draw(st.dictionaries(st.sampled_from(names), VALUES, max_size=3))
    return {**RECORDS[dataset], **damage}


def _is_answer(answer: object) -> bool:
    return (answer.reason in REASONS and bool(answer.detail)) if isinstance(answer, Rejection) else answer is not None


def _comparable(answer: Record | Rejection) -> object:
    if isinstance(answer, Rejection):
        return answer
    fields = msgspec.structs.asdict(answer)
    raw = fields.pop("properties", None)
    return fields, bytes(raw) if raw else None


@pytest.mark.parametrize("dataset", DATASETS)
@settings(max_examples=120, deadline=None)
@given(data=st.binary(max_size=200))
def test_any_bytes_give_a_record_or_a_reason(dataset: str, data: bytes) -> None:
    assert _is_answer(parser(dataset, LIMITS)(data))


@pytest.mark.parametrize("dataset", DATASETS)
@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_any_values_of_fields_give_a_record_or_a_reason(dataset: str, data: st.DataObject) -> None:
    encoded = json.dumps(data.draw(damaged_records(dataset))).encode()
    answer = parser(dataset, LIMITS)(encoded)
    assert _is_answer(answer)
    # The fast way is a short cut, no other rule.
    assert _comparable(answer) == _comparable(examine(dataset, encoded, LIMITS))


@pytest.mark.parametrize("dataset", DATASETS)
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_any_cells_give_a_record_or_a_reason(dataset: str, data: st.DataObject) -> None:
    good = {name: str(value) for name, value in RECORDS[dataset].items()}
    damage = data.draw(st.dictionaries(st.sampled_from([*good, "items", "properties", "x"]), TEXTS, max_size=3))
    assert _is_answer(from_text(dataset, {**good, **damage}, LIMITS))


@settings(max_examples=100, deadline=None)
@given(cut=st.integers(min_value=0, max_value=400), noise=st.binary(max_size=3))
def test_an_event_torn_or_patched_anywhere_gives_a_record_or_a_reason(cut: int, noise: bytes) -> None:
    whole = json.dumps(
        {**RECORDS["events"], "url": "https://shop.example/é?q=1", "items": [{"product_id": "p"}]}
    ).encode()
    assert _is_answer(parser("events", LIMITS)(whole[:cut] + noise))
    assert _is_answer(parser("events", LIMITS)(whole[:cut] + noise + whole[cut + len(noise) :]))
