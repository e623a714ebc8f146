"""Uploads through API Gateway, in the payload formats of REST (1.0) and HTTP (2.0) interfaces."""

import base64
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from clickstream_platform.contract import DATASETS
from clickstream_platform.ingest import IngestError
from clickstream_platform.lambdas.environment import settings
from clickstream_platform.lambdas.file_ingest.handler import file_ingest
from clickstream_platform.lambdas.file_ingest.taking import NotIngested
from clickstream_platform.lambdas.file_ingest.upload import read_upload
from clickstream_platform.lambdas.http_api import Refusal, is_request
from clickstream_platform_tests.ingest.harness import events, jsonl
from clickstream_platform_tests.lambdas.file_ingest.bucket import Lake, created, gz, invoke

BODY = jsonl(*events(3), b"bad")


def rest(dataset: str, body: str | None, *, encoded: bool = False, **fields: Any) -> dict[str, Any]:
    """Payload format 1.0."""
    return {
        "resource": "/upload/{dataset}",
        "path": f"/upload/{dataset}",
        "httpMethod": "POST",
        "pathParameters": {"dataset": dataset},
        "headers": None,
        "queryStringParameters": None,
        "body": body,
        "isBase64Encoded": encoded,
        "requestContext": {"requestId": "r", "httpMethod": "POST"},
        **fields,
    }


def http(
    dataset: str, body: str | None, *, encoded: bool = False, method: str = "POST", **fields: Any
) -> dict[str, Any]:
    """Payload format 2.0."""
    event = {
        "version": "2.0",
        "rawPath": f"/upload/{dataset}",
        "requestContext": {"http": {"method": method, "path": f"/upload/{dataset}"}, "requestId": "r"},
        "isBase64Encoded": encoded,
        **fields,
    }
    return event if body is None else {**event, "body": body}


def base64ed(data: bytes) -> str:
    return base64.b64encode(data).decode()


def answered(event: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    answer = invoke(event)
    assert answer["headers"]["content-type"] == "application/json"
    assert answer["headers"].get("allow") == ("POST" if answer["statusCode"] == 405 else None)
    body = json.loads(answer["body"])
    assert body["correlation_id"] == "request-1"
    return answer["statusCode"], body


@pytest.mark.parametrize(
    "event",
    [
        rest("events", BODY.decode()),
        http("events", BODY.decode()),
        rest("events", base64ed(gz(BODY)), encoded=True, headers={"Content-Type": "application/gzip"}),
        http("events", base64ed(BODY), encoded=True, headers={"content-type": "application/json"}),
    ],
    ids=["rest", "http", "rest, gzip", "http, base64"],
)
def test_an_upload_is_ingested_at_once_and_says_what_became_of_it(lake: Lake, event: dict[str, Any]) -> None:
    status, body = answered(event)

    assert (status, body["status"]) == (200, "new")
    assert (body["rows_read"], body["accepted"], body["rejected"]) == (4, 3, {"malformed_json": 1})
    where = body["where"]
    assert [where["original"]] == lake.paths("raw/")
    assert where["bronze"] == lake.paths("bronze/")
    assert [where["rejected"]] == lake.paths("rejected/")
    assert lake.paths("landing/") == []


def test_a_repeated_upload_gets_the_same_answer_and_changes_nothing(lake: Lake) -> None:
    _, first = answered(rest("events", BODY.decode()))
    before = lake.state()

    status, second = answered(http("events", BODY.decode(), headers={"x-file-name": "other name.jsonl"}))

    assert (status, second["status"]) == (200, "already_ingested")
    assert {**second, "status": "", "where": ""} == {**first, "status": "", "where": ""}
    assert second["where"]["bronze"] == first["where"]["bronze"]
    assert lake.state() == before


def test_its_own_notification_finds_the_upload_done(lake: Lake) -> None:
    _, body = answered(rest("events", BODY.decode(), queryStringParameters={"name": "../../a b.jsonl"}))
    name = body["where"]["original"].rpartition("/")[2]
    assert name == body["source_id"].partition("-")[2][:12] + "-a-b.jsonl"

    assert invoke(created(f"lake/landing/events/{name}"))["objects"][0]["status"] == "gone"


def test_a_table_of_one_column_is_csv_when_it_is_said_to_be(lake: Lake) -> None:
    status, body = answered(rest("customers", "customer_id\nC1\n", headers={"CONTENT-TYPE": "text/csv; charset=utf-8"}))

    assert (status, body["accepted"], body["rejected"]) == (200, 1, {})
    assert body["where"]["original"].endswith("-customers.csv")


@pytest.mark.parametrize(
    ("event", "status", "says"),
    [
        (rest("refunds", "x"), 400, "unknown dataset 'refunds'"),
        (rest("", "x"), 400, "unknown dataset"),
        (http("events", None), 400, "empty"),
        (rest("events", None), 400, "empty"),
        (rest("events", " \n"), 400, "empty"),
        (rest("events", "*", encoded=True), 400, "not base64"),
        (rest("events", "é", encoded=True), 400, "not base64"),
        (rest("events", base64ed(b"PK\x03\x04zip"), encoded=True), 400, "is a ZIP archive"),
        (http("events", "x", method="PUT"), 405, "POST"),
        (rest("events", "x" * 101), 413, "longer than 100 bytes"),
        (rest("events", base64ed(b"x" * 101), encoded=True), 413, "longer than 100 bytes"),
        (http("events", base64ed(b"x" * 300), encoded=True), 413, "longer than 100 bytes"),
    ],
)
def test_what_cannot_be_ingested_is_refused_and_stored_nowhere(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, event: dict[str, Any], status: int, says: str
) -> None:
    monkeypatch.setenv("CLICKSTREAM_MAX_UPLOAD_BYTES", "100")

    found, body = answered(event)

    assert (found, says in body["error"]) == (status, True), body
    assert lake.paths() == []


def test_a_body_of_exactly_the_limit_is_taken(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKSTREAM_MAX_UPLOAD_BYTES", "100")
    assert answered(rest("events", base64ed(b"x" * 100), encoded=True))[0] == 200


def test_a_stored_upload_that_cannot_be_ingested_now_is_left_to_its_notification(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise NotIngested("not now, ann@example.com")

    with monkeypatch.context() as patched:
        patched.setattr(type(file_ingest()), "take", failing)
        status, body = answered(rest("events", BODY.decode()))
    assert (status, body["status"]) == (202, "stored")
    assert "ann" not in json.dumps(body)

    path = body["where"]["landing"]
    assert invoke(created(f"lake/{path}"))["objects"][0]["accepted"] == 3


def test_a_failure_of_ours_says_nothing_but_an_id(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> None:
        raise IngestError("the secret bucket is gone")

    monkeypatch.setattr(type(file_ingest().store), "put", failing)

    assert answered(rest("events", BODY.decode())) == (500, {"correlation_id": "request-1"})


_TEXT = st.text(max_size=12)
_MAPPING = st.none() | st.dictionaries(
    st.sampled_from(["dataset", "name", "X-File-Name", "Content-Type"]), _TEXT | st.none()
)


@given(
    make=st.sampled_from([rest, http]),
    dataset=st.sampled_from(DATASETS) | _TEXT,
    body=st.none() | _TEXT,
    encoded=st.booleans(),
    fields=st.fixed_dictionaries({}, optional={"headers": _MAPPING, "queryStringParameters": _MAPPING}),
)
@hypothesis_settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_request_is_a_safe_file_or_refused(
    make: Any, dataset: str, body: str | None, encoded: bool, fields: dict[str, Any]
) -> None:
    event = make(dataset, body, encoded=encoded, **fields)
    assert is_request(event)
    try:
        upload = read_upload(event, settings().max_upload_bytes)
    except Refusal as refusal:
        assert 400 <= refusal.status < 500
        return
    assert upload.dataset in DATASETS
    assert upload.name
    assert upload.name[0] not in "._-/"
    assert "/" not in upload.name
    assert upload.name.isascii()
    assert len(upload.name) <= 110
    assert upload.body.strip()
