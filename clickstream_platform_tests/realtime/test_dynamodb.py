"""The DynamoDB client: against the emulation, and against servers that throttle, break and lose."""

import json
import random
import socket
import time
from typing import Any

import pytest

from clickstream_platform.realtime.dynamodb import ConditionFailed, Dynamo, DynamoError
from clickstream_platform_tests.aws import Aws
from clickstream_platform_tests.lambdas.stream import created
from clickstream_platform_tests.realtime.conftest import Behind, Scripted

INDEX, SESSIONS = "event-index", "sessions"


def entries(count: int, **fields: Any) -> list[dict[str, Any]]:
    return [{"entity_id": "ann", "time_event": f"{number:05}", "row": number, **fields} for number in range(count)]


def keys(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: item[name] for name in ("entity_id", "time_event")} for item in items]


@pytest.fixture
def dynamo(aws: Aws) -> Dynamo:
    created(aws)
    return Dynamo("clickstream-", patience=5)


def test_more_items_than_one_call_takes_are_written_and_read(dynamo: Dynamo) -> None:
    items = entries(260)  # 25 in a write, 100 in a read
    assert dynamo.put_many(INDEX, items) == []
    found = dynamo.get_many(INDEX, [*keys(items), {"entity_id": "nobody", "time_event": "0"}])
    assert sorted(found, key=lambda item: item["row"]) == items
    some = dynamo.get_many(INDEX, keys(items[:3]), ("row", "entity_id"))
    assert sorted(item["row"] for item in some) == [0, 1, 2]
    assert {tuple(sorted(item)) for item in some} == {("entity_id", "row")}
    assert dynamo.get_many(INDEX, []) == dynamo.put_many(INDEX, []) == []


def test_a_partition_of_more_than_one_page_is_read_in_order(behind: Behind) -> None:
    """A page has a megabyte at most, and is read when somebody asks for it."""
    dynamo, met = behind()
    items = entries(25, text="x" * 100_000)
    assert dynamo.put_many(INDEX, items) == []
    met.clear()
    where, values = "entity_id = :entity", {":entity": "ann"}
    assert [item["row"] for item in dynamo.query(INDEX, where, values)] == list(range(25))
    assert len(met) >= 3
    met.clear()
    assert next(dynamo.query(INDEX, where, values))["row"] == 0
    assert len(met) == 1
    assert list(dynamo.query(INDEX, where, values, only="attribute_exists(nothing_like_it)")) == []


def test_a_condition_that_fails_tells_what_is_there(dynamo: Dynamo) -> None:
    new, names = "attribute_not_exists(#version)", {"#version": "version"}
    item = {"entity_id": "ann", "version": 1, "parts": [{"events": 2}]}
    dynamo.put(SESSIONS, item, new, {}, names)
    with pytest.raises(ConditionFailed) as failed:
        dynamo.put(SESSIONS, {**item, "version": 9}, new, {}, names)
    assert failed.value.item == item
    with pytest.raises(ConditionFailed) as missing:
        dynamo.update(SESSIONS, {"entity_id": "bob"}, "SET a = :a", "#version = :v", {":a": 1, ":v": 1}, names)
    assert missing.value.item is None
    assert dynamo.get_many(SESSIONS, [{"entity_id": "ann"}, {"entity_id": "bob"}]) == [item]
    assert dynamo.last_error is None


def test_of_writes_at_the_same_time_under_one_condition_one_wins(dynamo: Dynamo) -> None:
    def write(number: int) -> bool:
        try:
            dynamo.update(SESSIONS, key, "ADD n :one SET v = :one", "attribute_not_exists(v)", {":one": 1}, {})
        except ConditionFailed:
            return False
        return True

    for entity in range(30):
        key = {"entity_id": str(entity)}
        assert sum(dynamo.each(write, range(8))) == 1
        assert dynamo.get_many(SESSIONS, [key])[0]["n"] == 1


@pytest.mark.parametrize("fault", ["throttle", "error", "lost"])
def test_calls_are_tried_again_while_patience_lasts(behind: Behind, fault: str) -> None:
    dynamo, met = behind(fault, fault, fault)
    assert dynamo.put_many(INDEX, entries(1)) == []
    assert met == [fault] * 3 + [None]
    assert len(dynamo.get_many(INDEX, keys(entries(1)))) == 1


@pytest.mark.parametrize(
    ("fault", "code"),
    [("throttle", "ThrottlingException"), ("error", "InternalServerError"), ("lost", "ConnectionError")],
)
def test_calls_are_given_up_when_patience_ends(behind: Behind, fault: str, code: str) -> None:
    dynamo, met = behind(*[fault] * 1000, patience=0.3)
    began = time.monotonic()
    with pytest.raises(DynamoError) as given_up:
        dynamo.get_many(INDEX, keys(entries(1)))
    assert given_up.value.code == code
    assert "BatchGetItem" in str(given_up.value)
    assert 0.3 <= time.monotonic() - began < 20
    assert len(met) > 2
    assert dynamo.last_error is given_up.value
    items = entries(30)
    assert dynamo.put_many(INDEX, items) == items


def test_a_wrong_call_is_not_tried_again(behind: Behind) -> None:
    dynamo, met = behind()
    with pytest.raises(DynamoError, match="ResourceNotFoundException: BatchGetItem on clickstream-nowhere: ") as wrong:
        dynamo.get_many("nowhere", [{"entity_id": "ann"}])
    assert wrong.value.code == "ResourceNotFoundException"
    assert len(met) == 1


def test_an_address_where_nobody_answers_is_named(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", f"http://{address}")
        with pytest.raises(DynamoError, match=f"ConnectionError: BatchGetItem at {address}: .*refused"):
            Dynamo("clickstream-", patience=0.2).get_many(INDEX, keys(entries(1)))


def test_keys_that_were_left_unread_are_asked_for_again(
    scripted: Scripted,
) -> None:
    name, (first, second) = "clickstream-event-index", [{"entity_id": {"S": who}} for who in ("ann", "bob")]
    half = {"Responses": {name: [first]}, "UnprocessedKeys": {name: {"Keys": [second]}}}
    rest = {"Responses": {name: [second]}, "UnprocessedKeys": {}}
    dynamo, asked = scripted((200, json.dumps(half).encode()), (200, json.dumps(rest).encode()))
    found = dynamo.get_many(INDEX, [{"entity_id": "ann"}, {"entity_id": "bob"}])
    assert [item["entity_id"] for item in found] == ["ann", "bob"]
    assert [len(one["RequestItems"][name]["Keys"]) for one in asked] == [2, 1]
    dynamo, _ = scripted((200, json.dumps(half | {"Responses": {}}).encode()), patience=0.1)
    with pytest.raises(DynamoError, match="1 keys of event-index are not read"):
        dynamo.get_many(INDEX, [{"entity_id": "ann"}, {"entity_id": "bob"}])


def test_items_that_were_left_unwritten_are_written_again_or_given_back(
    scripted: Scripted,
) -> None:
    name, items = "clickstream-event-index", entries(3)
    left = [{"PutRequest": {"Item": {"entity_id": {"S": "ann"}, "time_event": {"S": "00002"}, "row": {"N": "2"}}}}]
    answer = (200, json.dumps({"UnprocessedItems": {name: left}}).encode())
    dynamo, asked = scripted(answer, (200, b'{"UnprocessedItems": {}}'))
    assert dynamo.put_many(INDEX, items) == []
    assert asked[1]["RequestItems"][name] == left
    dynamo, _ = scripted(answer, patience=0.1)
    assert dynamo.put_many(INDEX, items) == items[2:]


@pytest.mark.parametrize("body", [b"<html>bad gateway</html>", b"", b"[]", b"\xff"])
def test_an_answer_that_is_no_json_is_a_failure_like_any_other(scripted: Scripted, body: bytes) -> None:
    dynamo, _ = scripted((502, body), patience=0.1)
    with pytest.raises(DynamoError) as failed:
        dynamo.get_many(INDEX, keys(entries(1)))
    assert failed.value.code == "502"


def test_pauses_grow_and_stay_below_a_second(behind: Behind, monkeypatch: pytest.MonkeyPatch) -> None:
    dynamo, _ = behind(*["throttle"] * 9)
    slept: list[float] = []
    monkeypatch.setattr(random, "uniform", lambda low, high: high)
    monkeypatch.setattr(time, "sleep", slept.append)
    assert dynamo.put_many(INDEX, entries(1)) == []
    assert slept == [0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.0, 1.0, 1.0]
