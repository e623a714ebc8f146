"""What cannot be taken is refused with a status and a reason, costs little, and never is a server error."""

import gzip
import json
import tracemalloc
import zlib
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from clickstream_platform.contract import Event, Limits, parser
from clickstream_platform.lambdas.ingest_api.body import MOST_BYTES
from clickstream_platform_tests.lambdas.ingest_api.harness import Api, event, events, gz

GZIP = {"content-encoding": "gzip"}
LINES = {"content-type": "application/x-ndjson"}


@pytest.mark.parametrize(
    ("body", "headers", "status", "says"),
    [
        (None, {}, 400, "empty"),
        (b"", {}, 400, "empty"),
        (b" \n\t ", {}, 400, "empty"),
        (b"", GZIP, 400, "empty"),
        (b"\n\n \n", LINES, 400, "no events"),
        (b"[]", {}, 400, "no events"),
        (b'{"events": []}', {}, 400, "no events"),
        (b"not json", {}, 400, "no JSON"),
        (b"NaN", {}, 400, "no JSON"),
        (b'{"event_id": ', {}, 400, "no JSON"),
        (b"[{}, ]", {}, 400, "no JSON"),
        (b'[{"a": nope}]', {}, 400, "no JSON"),
        (b"17", {}, 400, "neither an event"),
        (b'"text"', {}, 400, "neither an event"),
        (b"null", {}, 400, "neither an event"),
        (b'{"events": {}}', {}, 400, "no array"),
        (b'{"events": "all"}', {}, 400, "no array"),
        (b'{"events": [{}], "idempotency_key": 5}', {}, 400, "idempotency_key"),
        (b'{"\xff": 1}', {}, 400, "not UTF-8"),
        (b"[" * 200_000, {}, 400, "nested too deeply"),
        (b'{"a":' * 100_000, {}, 400, "nested too deeply"),
        (b"\xef\xbb\xbf{}", {}, 400, "no JSON"),
        (json.dumps(events(501)).encode(), {}, 413, "more than 500 events"),
        (json.dumps({"events": events(501)}).encode(), {}, 413, "more than 500 events"),
        (b"{}\n" * 501, LINES, 413, "more than 500 events"),
        (b"[" + b"1," * 3_000_000 + b"1]", {}, 413, "more than 500 events"),
        (b"1\n" * 3_000_000, LINES, 413, "more than 500 events"),
        (b"[" + b" " * MOST_BYTES + b"]", {}, 413, "longer than"),
        (b"not gzip", GZIP, 400, "no JSON"),
        (b"\x1f\x8b nor this", GZIP, 400, "damaged"),
        (gz(events(9))[:-9], GZIP, 400, "breaks off"),
        (gz(events(9))[:20], GZIP, 400, "breaks off"),
        (gz(events(1)) + b"rubbish", GZIP, 400, "damaged"),
        (gz(events(1))[:-8] + b"\0" * 8, GZIP, 400, "damaged"),
        (zlib.compress(b"{}"), GZIP, 400, "no JSON"),
        (gz(b"") * 65, GZIP, 400, "members"),
        (gz(b"") * 300_000, GZIP, 400, "members"),
        (gz(b" " * (MOST_BYTES + 1)), GZIP, 413, "unpacked"),
        (gz(b" " * MOST_BYTES), GZIP, 400, "empty"),
        (gz(b" " * (MOST_BYTES - 9)) + gz(b" " * 10), GZIP, 413, "unpacked"),
        (b"{}", {"content-encoding": "br"}, 415, "content-encoding"),
        (b"{}", {"content-encoding": "gzip, gzip"}, 415, "content-encoding"),
        ("\ud800", {}, 400, "no JSON"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.isascii() else "body",
)
def test_a_body_that_is_none_is_refused(
    api: Api, body: bytes | str | None, headers: dict[str, str], status: int, says: str
) -> None:
    said = api.post(body, headers)
    assert (said.status, says in said.body["error"]) == (status, True), said
    assert said.body["correlation_id"] == "request-1"
    assert api.on_stream() == []


@pytest.mark.parametrize("size", [MOST_BYTES, MOST_BYTES + 1])
def test_a_body_may_be_as_long_as_lambda_takes(api: Api, size: int) -> None:
    start = b"[" + json.dumps(event()).encode()
    body = start + b" " * (size - len(start) - 1) + b"]"
    assert len(body) == size
    assert api.post(body).status == (202 if size == MOST_BYTES else 413)


def test_a_gzip_bomb_takes_no_memory(api: Api) -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(b"\0" * (1 << 20)) for _ in range(512)) + packer.flush()  # half a gigabyte
    api.post(event())  # what a first request loads is not the bomb's
    tracemalloc.start()
    try:
        assert api.post(bomb, GZIP).status == 413
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()


def test_not_base64_although_it_is_said_to_be(api: Api) -> None:
    from clickstream_platform.lambdas.ingest_api.handler import handler
    from clickstream_platform_tests.lambdas.ingest_api.harness import http_event

    answer = handler({**http_event("POST", "/events", "*", {}, {}), "isBase64Encoded": True}, None)
    assert answer["statusCode"] == 400


@pytest.mark.parametrize("made", [{}, {"Records": []}, {"requestContext": {}}])
def test_what_is_no_request_fails_the_invocation(api: Api, made: dict[str, Any]) -> None:
    from clickstream_platform.lambdas.ingest_api.handler import handler

    with pytest.raises(ValueError, match="not a request"):
        handler(made, None)


def test_routes_that_are_not_there_and_methods_that_are_not_taken(api: Api) -> None:
    for path in ("/", "", "/event", "/events/1", "/EVENTS"):
        assert api.ask("POST", path, event()).status == 404
    for method, path, allowed in [
        ("GET", "/events", "POST, OPTIONS"),
        ("DELETE", "/collect", "POST, OPTIONS"),
        ("POST", "/health", "GET"),
        ("POST", "/openapi.json", "GET"),
    ]:
        said = api.ask(method, path, event())
        assert (said.status, said.headers["allow"]) == (405, allowed)
    assert api.ask("GET", "/health").body == {"status": "ok"}
    assert api.ask("POST", "/events/", event()).status == 202


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=9,
)
_FIELDS = st.dictionaries(
    st.sampled_from([*Event.__struct_fields__, "events", "idempotency_key"]), _JSON | st.just("2026-11-20T10:00:00Z")
)
_EVENT = st.builds(lambda fields: {**event(), **fields}, _FIELDS)
_BATCH = (_EVENT | _FIELDS | st.lists(_EVENT | _JSON, max_size=5)) | st.builds(
    lambda inner, key: {"events": inner, "idempotency_key": key}, st.lists(_EVENT, max_size=3) | _JSON, _JSON
)


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Bytes of any kind, and batches that were damaged somewhere."""
    if draw(st.booleans()):
        return draw(st.binary(max_size=60))
    body = json.dumps(draw(_BATCH)).encode()
    if draw(st.booleans()):
        place = draw(st.integers(0, len(body)))
        body = body[:place] + draw(st.binary(max_size=3)) + body[place + draw(st.integers(0, 2)) :]
    return gzip.compress(body) if draw(st.booleans()) else body


@given(
    body=bodies(),
    path=st.sampled_from(["/events", "/collect"]),
    headers=st.fixed_dictionaries(
        {},
        optional={
            "content-encoding": st.sampled_from(["gzip", "identity", "zstd"]) | st.text(max_size=5),
            "content-type": st.sampled_from(["application/json", "application/x-ndjson", "text/plain"]),
            "idempotency-key": st.text(max_size=5) | st.just("k"),
            "user-agent": st.text(max_size=5),
            "origin": st.text(max_size=5),
        },
    ),
    rest=st.booleans(),
)
@hypothesis_settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_no_body_is_a_server_error_and_what_is_taken_is_valid(
    api: Api, body: bytes, path: str, headers: dict[str, str], rest: bool
) -> None:
    said = api.post(body, headers, path=path, rest=rest)
    assert said.status in (202, 204, 400, 409, 413, 415)
    if said.status == 202:
        assert said.body["accepted"] >= 1
        assert len(said.body["refusals"]) == said.body["refused"]


@given(st.lists(_EVENT | _FIELDS.filter(lambda fields: "events" not in fields), min_size=1, max_size=6))
@hypothesis_settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_exactly_the_valid_records_are_accepted(api: Api, records: list[dict[str, Any]]) -> None:
    parse = parser("events", Limits())
    good = [isinstance(parse(json.dumps(one).encode()), Event) for one in records]
    said = api.post(records)
    assert said.body["accepted"] == sum(good)
    assert [one["index"] for one in said.body["refusals"]] == [place for place, ok in enumerate(good) if not ok]
