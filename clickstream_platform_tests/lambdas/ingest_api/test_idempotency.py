"""The same request under the same key is carried out once, and answered alike, within a window."""

import json
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from clickstream_platform.realtime.dynamodb import Dynamo
from clickstream_platform.realtime.idempotency import Answered, Idempotency, InProgress, Mine, OtherContent
from clickstream_platform_tests.lambdas.faults import FaultyProxy
from clickstream_platform_tests.lambdas.ingest_api.harness import Api, RefusingKinesis, event, events, gz
from clickstream_platform_tests.lambdas.stream import rows_of

KEY = {"idempotency-key": "order-17"}
HOUR = 3600


def test_a_repeated_request_has_the_stored_answer_and_puts_nothing(api: Api) -> None:
    body = json.dumps([*events(2), {}])
    first = api.post(body, KEY)
    again = api.post(gz(body.encode()), {**KEY, "content-encoding": "gzip"}, rest=True)

    assert (first.status, "idempotent-replayed" in first.headers) == (202, False)
    assert again.headers.pop("idempotent-replayed") == "true"
    assert again == first
    assert api.ids() == ["e0", "e1"]


def test_a_repeated_beacon_too(api: Api) -> None:
    for replayed in (None, "true"):
        said = api.post(json.dumps(event()), KEY, path="/collect")
        assert (said.status, said.headers.get("idempotent-replayed")) == (204, replayed)
    assert api.ids() == ["e1"]


def test_the_field_of_the_envelope_is_as_good_as_the_header(api: Api) -> None:
    body = {"events": events(1), "idempotency_key": "k"}
    assert api.post(body).status == 202
    assert api.post(body, {"idempotency-key": "k"}).headers["idempotent-replayed"] == "true"
    assert api.post(events(1), {"idempotency-key": "k"}).status == 409
    different = api.post(body, {"idempotency-key": "K"})
    assert (different.status, "differ" in different.body["error"]) == (400, True)


def test_the_same_key_with_another_body_is_a_conflict(api: Api) -> None:
    assert api.post(event("a"), KEY).status == 202
    said = api.post(event("b"), KEY)
    assert (said.status, "another body" in said.body["error"]) == (409, True)
    assert api.ids() == ["a"]
    assert api.post(event("b"), {"idempotency-key": "order-18"}).status == 202


def test_a_refused_request_leaves_its_key_free(api: Api) -> None:
    assert api.post([{}], KEY).status == 400
    assert api.post(b"{", KEY).status == 400
    assert api.post(event(), KEY).status == 202


@pytest.mark.parametrize("key", ["x", "x" * 256, "é" * 256, "\ud800"])
def test_a_key_has_up_to_256_characters(api: Api, key: str) -> None:
    assert api.post(event(), {"idempotency-key": key}).status == 202
    assert api.post(event(), {"idempotency-key": key}).headers["idempotent-replayed"] == "true"


def test_keys_of_no_or_too_many_characters_are_refused(api: Api) -> None:
    for key in ("", "x" * 257):
        assert api.post(event(), {"idempotency-key": key}).status == 400
        assert api.post({"events": events(1), "idempotency_key": key}).status == 400
    assert api.post({"events": events(1), "idempotency_key": None}).status == 202


def test_sources_have_keys_of_their_own(api: Api) -> None:
    api.configure(write_keys="web:one,app:two")
    assert api.post(event("a"), {**KEY, "x-write-key": "one"}).status == 202
    assert api.post(event("b"), {**KEY, "x-write-key": "two"}).status == 202
    assert api.post(event("b"), {**KEY, "x-write-key": "one"}).status == 409


def test_a_request_in_progress_is_a_conflict_that_passes(api: Api) -> None:
    reached, go_on = threading.Event(), threading.Event()

    def hold(number: int, records: Sequence[Mapping[str, Any]]) -> dict[int, str]:
        reached.set()
        go_on.wait(30)
        return {}

    with RefusingKinesis(api.aws.endpoint, hold) as kinesis, ThreadPoolExecutor(1) as thread:
        api.through(kinesis.endpoint, "KINESIS")
        first = thread.submit(api.post, event(), KEY)
        assert reached.wait(30)
        meanwhile = api.post(event(), KEY)
        other = api.post(event("b"), KEY)
        go_on.set()
        assert first.result().status == 202
    assert (meanwhile.status, "being worked on" in meanwhile.body["error"]) == (409, True)
    assert 1 <= int(meanwhile.headers["retry-after"]) <= 31
    assert (other.status, "retry-after" in other.headers) == (409, False)
    assert api.post(event(), KEY).headers["idempotent-replayed"] == "true"
    assert api.ids() == ["e1"]


def test_of_many_at_once_one_is_carried_out(api: Api) -> None:
    with ThreadPoolExecutor(8) as threads:
        said = list(threads.map(lambda _: api.post(event(), KEY), range(24)))
    assert {one.status for one in said} <= {202, 409}
    assert sum(one.status == 202 and "idempotent-replayed" not in one.headers for one in said) == 1
    assert api.ids() == ["e1"]


def test_an_attempt_that_died_is_taken_over_after_its_lease(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps(event())
    dead = store().claim("any", KEY["idempotency-key"], body.encode(), 1.5)
    assert isinstance(dead, Mine)

    assert api.post(body, KEY).headers["retry-after"] in ("1", "2")
    time.sleep(1.6)
    assert api.post(event("b"), KEY).status == 409
    said = api.post(body, KEY)
    assert (said.status, "idempotent-replayed" in said.headers) == (202, False)

    store().finish(dead, "too late")
    assert api.post(body, KEY).body == said.body


def test_a_key_is_free_after_its_window_although_dynamodb_still_has_it(api: Api) -> None:
    api.configure(idempotency_hours="2")
    before = int(time.time())
    assert api.post(event("a"), KEY).status == 202
    (row,) = rows_of(api.aws, "idempotency")
    assert before + 2 * HOUR <= row["expires_at"] <= time.time() + 2 * HOUR

    api.aws.client("dynamodb").update_item(
        TableName="clickstream-idempotency",
        Key={"request_key": {"S": row["request_key"]}},
        UpdateExpression="SET expires_at = :past",
        ExpressionAttributeValues={":past": {"N": str(before - 1)}},
    )
    assert api.post(event("b"), KEY).status == 202
    assert api.post(event("b"), KEY).headers["idempotent-replayed"] == "true"


def test_what_is_stored_has_neither_the_key_nor_the_events(api: Api) -> None:
    api.post(event("secret-event"), {"idempotency-key": "secret-key"})
    assert "secret" not in json.dumps(rows_of(api.aws, "idempotency"))


def store(hours: float = 24) -> Idempotency:
    return Idempotency(Dynamo("clickstream-", patience=5), hours)


def test_the_window_begins_with_the_first_attempt(api: Api) -> None:
    keys, begun = store(), time.time()
    mine = keys.claim("web", "k", b"body", 30, begun)
    assert isinstance(mine, Mine)
    assert keys.claim("web", "k", b"body", 30, begun + 29) == InProgress(1)
    keys.finish(mine, "said")

    assert keys.claim("web", "k", b"body", 30, begun + 24 * HOUR - 1) == Answered("said")
    assert keys.claim("web", "k", b"other", 30, begun + 24 * HOUR - 1) == OtherContent()
    assert isinstance(keys.claim("web", "k", b"other", 30, begun + 24 * HOUR), Mine)


def test_a_released_key_is_had_at_once_and_for_the_same_body(api: Api) -> None:
    keys = store()
    first = keys.claim("web", "k", b"body", 30)
    assert isinstance(first, Mine)
    keys.release(first)
    assert keys.claim("web", "k", b"other", 30) == OtherContent()
    second = keys.claim("web", "k", b"body", 30)
    assert isinstance(second, Mine)

    keys.release(first)  # has nothing to give back any more
    assert isinstance(keys.claim("web", "k", b"body", 30), InProgress)
    keys.finish(first, "too late")
    keys.finish(second, "said")
    assert keys.claim("web", "k", b"body", 30) == Answered("said")


def test_source_and_key_are_told_apart(api: Api) -> None:
    keys = store()
    for source, key in [("a", "b:c"), ("a:b", "c"), ("a", "b"), ("", "a:b"), ("1:a", "b")]:
        assert isinstance(keys.claim(source, key, b"", 30), Mine)


def test_a_claim_whose_answer_is_lost_is_still_ones_own(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = iter(["lost"])
    with FaultyProxy(api.aws.endpoint, lambda: next(faults, None)) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", proxy.endpoint)
        assert isinstance(store().claim("web", "k", b"body", 30), Mine)
    assert len(rows_of(api.aws, "idempotency")) == 1
