"""Events over HTTP: what is taken, what goes on the stream, and what the sender is told."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clickstream_platform.contract import DESCRIPTIONS, Event, Limits, parser
from clickstream_platform_tests.lambdas.ingest_api.harness import STREAM, Api, event, events, gz

LINES = "\n".join(json.dumps(one) for one in events(3)) + "\n\n"
NDJSON = {"content-type": "application/x-ndjson"}


@pytest.mark.parametrize("rest", [False, True], ids=["http", "rest"])
@pytest.mark.parametrize("as_bytes", [False, True], ids=["text", "base64"])
@pytest.mark.parametrize(
    ("body", "count", "headers"),
    [
        (json.dumps(event("e0")), 1, {}),
        (json.dumps(events(3)), 3, {"content-type": "application/json; charset=utf-8"}),
        (json.dumps({"events": events(3)}), 3, {}),
        (LINES, 3, NDJSON),
        (" \r\n" + json.dumps(events(1)) + "\n", 1, {"content-type": "application/x-www-form-urlencoded"}),
    ],
    ids=["one", "array", "envelope", "lines", "blanks around"],
)
def test_events_of_every_shape_are_on_the_stream(
    api: Api, rest: bool, as_bytes: bool, body: str, count: int, headers: dict[str, str]
) -> None:
    said = api.post(body.encode() if as_bytes else body, headers, rest=rest)

    expected = {"accepted": count, "refused": 0, "refusals": [], "correlation_id": "request-1"}
    assert (said.status, said.body) == (202, expected)
    assert said.headers == {"content-type": "application/json"}
    assert api.ids() == [f"e{number}" for number in range(count)]


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip"])
def test_gzip_is_unpacked_also_in_several_members(api: Api, encoding: str) -> None:
    text = json.dumps(events(4)).encode()
    said = api.post(gz(text[:50]) + gz(text[50:]), {"content-encoding": encoding})
    assert (said.status, said.body["accepted"]) == (202, 4)
    assert len(api.ids()) == 4


@pytest.mark.parametrize("rest", [False, True])
def test_a_body_that_the_gateway_has_unpacked_is_taken_although_the_header_is_left(api: Api, rest: bool) -> None:
    assert api.post(events(2), {"content-encoding": "gzip"}, rest=rest).body["accepted"] == 2


def test_each_record_is_judged_by_itself(api: Api) -> None:
    ahead = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    said = api.post(
        [event("good"), event("late", event_time=ahead), 17, event("b", event_name="order"), event(7), event("also")]
    )

    assert said.status == 202
    assert (said.body["accepted"], said.body["refused"]) == (2, 4)
    assert said.reasons == [
        (1, "event_time_out_of_range", "event_time"),
        (2, "not_an_object", None),
        (3, "unknown_event", "event_name"),
        (4, "wrong_type", "event_id"),
    ]
    assert [one["event_id"] for one in said.body["refusals"]] == ["late", None, "b", None]
    for one in said.body["refusals"]:
        assert one["meaning"] == DESCRIPTIONS[one["reason"]]
        assert one["detail"]
    assert api.ids() == ["also", "good"]


def test_a_malformed_line_is_refused_alone(api: Api) -> None:
    said = api.post(f'{json.dumps(event("a"))}\n{{"event_id":\n\n{json.dumps(event("b"))}', NDJSON)
    assert (said.status, said.reasons) == (202, [(1, "malformed_json", None)])
    assert api.ids() == ["a", "b"]


def test_a_request_of_which_nothing_is_acceptable_is_wrong(api: Api) -> None:
    said = api.post([event(anonymous_id=...), {}])
    assert said.status == 400
    assert said.body["error"] == "no record is acceptable"
    assert said.reasons == [(0, "missing_field", "user_id"), (1, "missing_field", "event_id")]
    assert api.ids() == []


def test_five_hundred_events_fit_in_a_request(api: Api) -> None:
    said = api.post(events(500))
    assert (said.status, said.body["accepted"]) == (202, 500)
    assert len(set(api.ids())) == 500


def test_more_than_one_call_to_kinesis_carries_takes_several(api: Api) -> None:
    long = [event(f"e{number}", text="x" * 800_000) for number in range(7)]  # 5.6 MB: more than one PutRecords
    assert api.post(long).body["accepted"] == 7
    assert len(api.ids()) == 7


def test_the_server_says_when_an_event_was_received_and_leaves_the_rest_as_it_was(api: Api) -> None:
    sent = event(
        received_at="2020-01-01T00:00:00Z",
        value=12.10,
        items=[{"product_id": "p", "price": 1e-2, "shelf": "top"}],
        currency="EUR",
        properties={"big": 12345678901234567890, "nested": [1.50, None]},
        newsletter=True,
        größe="é\u2028",
    )
    before = datetime.now(UTC)

    text = json.dumps(sent, ensure_ascii=False).replace("12.1,", "12.10,")
    assert api.post(text.encode()).status == 202

    (found,) = api.on_stream()
    received = datetime.fromisoformat(found.pop("received_at"))
    assert before <= received <= datetime.now(UTC)
    assert found.pop("_key") == "ann"
    assert found == {name: value for name, value in sent.items() if name != "received_at"}


def test_numbers_keep_their_text(api: Api) -> None:
    exact = (
        '{"event_id":"e","event_name":"page_view","event_time":"2026-11-20T10:00:00Z","user_id":"u","x":1.10,"y":1E2}'
    )
    api.post(exact)
    kinesis = api.aws.client("kinesis")
    data = b""
    for shard in kinesis.list_shards(StreamName=STREAM)["Shards"]:
        place = kinesis.get_shard_iterator(
            StreamName=STREAM, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )
        data += b"".join(one["Data"] for one in kinesis.get_records(ShardIterator=place["ShardIterator"])["Records"])
    assert data.startswith(exact[:-1].encode() + b',"received_at":"')


def test_what_the_request_tells_fills_what_the_event_does_not(api: Api) -> None:
    headers = {"user-agent": "Mozilla/5.0 (X11)", "cloudfront-viewer-country": "DE", "x-forwarded-for": "203.0.113.9"}
    own = {"user_agent": "App/1", "country": "FR"}
    api.post([event("a"), event("b", **own), event("c", user_agent=None, country="")], headers)

    found = {one["event_id"]: one for one in api.on_stream()}
    assert [(found[name]["user_agent"], found[name]["country"]) for name in "abc"] == [
        ("Mozilla/5.0 (X11)", "DE"),
        ("App/1", "FR"),
        ("Mozilla/5.0 (X11)", "DE"),
    ]
    assert "203.0.113" not in json.dumps(list(found.values()))


def test_whatever_the_headers_say_the_event_stays_valid(api: Api) -> None:
    agents = ["", " ", "\ud800", "x" * 20_000, "é" * 9000]
    countries = ["", "XYZ", "1A", "Ä1", "{}"]
    for agent in agents:
        for country in countries:
            assert api.post(event(), {"user-agent": agent, "cloudfront-viewer-country": country}).status == 202
    found = api.on_stream()
    assert len(found) == 25
    for one in found:
        del one["_key"]
        assert isinstance(parser("events", Limits())(json.dumps(one).encode()), Event)
        assert "country" not in one


@pytest.mark.parametrize("lines", [False, True])
def test_half_a_character_costs_neither_its_event_nor_the_others(api: Api, lines: bool) -> None:
    texts = ["cut \ud83d", "\udc4d", "\ud83d\ud83d\udc4d", "a \\ud83d b", "\\\ud83d", "whole 👍", '\n\t"']
    records = [json.dumps(event(f"e{number}", text=text)) for number, text in enumerate(texts)]
    said = api.post("\n".join(records), NDJSON) if lines else api.post(f"[{','.join(records)}]")
    assert (said.status, said.body["refused"]) == (202, 0)
    found = {one["event_id"]: one["text"] for one in api.on_stream()}
    assert list(map(found.get, (f"e{number}" for number in range(7)))) == [
        "cut �", "�", "�👍", "a \\ud83d b", "\\�", "whole 👍", "\n\t\""
    ]  # fmt: skip


def test_a_person_has_one_partition_key(api: Api) -> None:
    people: list[dict[str, Any]] = [
        {"user_id": "u1", "anonymous_id": "a1"},
        {"user_id": "u1", "anonymous_id": ...},
        {"user_id": " ", "anonymous_id": "a1"},
        {"anonymous_id": "ü" * 256},
    ]
    assert api.post([event(f"e{number}", **who) for number, who in enumerate(people)]).body["accepted"] == 4
    keys = {one["event_id"]: one["_key"] for one in api.on_stream()}
    assert keys == {"e0": "u1", "e1": "u1", "e2": "a1", "e3": "ü" * 256}


def test_checkouts_have_a_stream_of_their_own_where_there_are_two(api: Api) -> None:
    api.aws.client("kinesis").create_stream(StreamName="checkouts", ShardCount=1)
    api.configure(streams=f"{STREAM},checkouts")
    names = ["click", "purchase", "view_item", "begin_checkout", "refund"]
    api.post([event(name, event_name=name) for name in names])
    assert api.ids() == ["click", "view_item"]
    assert api.ids("checkouts") == ["begin_checkout", "purchase", "refund"]


def test_a_record_may_be_as_long_as_kinesis_takes_with_key_and_time_of_arrival(api: Api) -> None:
    added = len(',"received_at":"2026-11-20T10:00:00.000000Z"') + len("ann")
    room = 1_048_576 - len(json.dumps(event("e1", text=""), separators=(",", ":"))) - added
    said = api.post([event("e1", text="x" * room), event("e2", text="x" * (room + 1))])
    assert said.reasons == [(1, "too_large", None)]
    assert api.ids() == ["e1"]


def test_very_many_refusals_are_told_shortly(api: Api) -> None:
    said = api.post([*(event("é" * 256, country=f"{number:0200}") for number in range(499)), event("good")])
    assert (said.status, said.body["refused"], len(said.body["refusals"])) == (202, 499, 499)
    assert len(json.dumps(said.body)) < 300_000
    assert {one["event_id"] for one in said.body["refusals"]} == {None}


def test_a_beacon_is_answered_without_a_body(api: Api) -> None:
    plain = {"content-type": "text/plain;charset=UTF-8"}
    said = api.post(json.dumps(events(2)), plain, path="/collect")
    assert (said.status, said.body, "content-type" in said.headers) == (204, None, False)
    assert api.ids() == ["e0", "e1"]

    partly = api.post([event("e2"), {}], path="/collect")
    assert (partly.status, partly.body["refused"]) == (202, 1)
    assert api.post([{}], path="/collect").status == 400
