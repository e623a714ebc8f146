"""Who may send: write keys of sources, and pages of other origins."""

import json

import pytest

from clickstream_platform.lambdas.environment import LambdaSettings
from clickstream_platform.lambdas.ingest_api.api import IngestApi
from clickstream_platform_tests.lambdas.deployed import logs_of, metrics_of
from clickstream_platform_tests.lambdas.deployed import said as logged
from clickstream_platform_tests.lambdas.ingest_api.harness import Api, event

SHOP = {"origin": "https://shop.example"}


def test_without_keys_the_gateway_decides(api: Api) -> None:
    assert api.post(event(), {"x-write-key": "whatever"}).status == 202


@pytest.mark.parametrize("rest", [False, True])
def test_a_source_is_known_by_its_key(api: Api, capsys: pytest.CaptureFixture[str], rest: bool) -> None:
    api.configure(write_keys=" web: K1 , app:K:2,")
    assert api.post(event(), {"x-write-key": "K1"}, rest=rest).status == 202
    assert api.post(event(), query={"key": "K:2"}, path="/collect", rest=rest).status == 204
    lines = logged(capsys)
    assert [line["source"] for line in logs_of(lines)] == ["web", "app"]
    assert [line["source"] for line in metrics_of(lines)] == ["web", "app"]
    assert "K1" not in json.dumps(lines)


@pytest.mark.parametrize("given", [None, "", "K", "K11", "k1", "web:K1", "é", "\ud800", "K1,K2"])
def test_without_a_right_key_nothing_is_taken(api: Api, given: str | None) -> None:
    api.configure(write_keys="web:K1,app:K2")
    headers = {} if given is None else {"x-write-key": given}
    for path in ("/events", "/collect"):
        said = api.post(event(), headers, path=path)
        assert (said.status, "www-authenticate" in said.headers, "K1" in str(said)) == (401, True, False)
        assert api.post(b"x" * 7_000_000, headers, path=path).status == 401
    assert api.on_stream() == []
    assert api.ask("GET", "/health").status == 200
    assert api.ask("OPTIONS", "/events").status == 204


@pytest.mark.parametrize("setting", ["K1", "web:", ":K1", "web:K1,web:K2"])
def test_keys_that_are_set_wrongly_are_said_without_showing_them(setting: str) -> None:
    with pytest.raises(ValueError, match="CLICKSTREAM_WRITE_KEYS") as caught:
        IngestApi(LambdaSettings(write_keys=setting))
    assert "K1" not in str(caught.value)


def test_without_origins_there_are_no_cors_headers(api: Api) -> None:
    said = api.ask("OPTIONS", "/collect", headers={**SHOP, "access-control-request-method": "POST"})
    assert (said.status, said.headers) == (204, {})
    assert "access-control-allow-origin" not in api.post(event(), SHOP).headers


def test_pages_of_the_origins_may_call_and_read_answers(api: Api) -> None:
    api.configure(cors_origins="https://shop.example, https://m.shop.example/")
    asked = api.ask("OPTIONS", "/events", headers={**SHOP, "access-control-request-method": "POST"})
    assert asked.status == 204
    assert asked.headers["access-control-allow-origin"] == "https://shop.example"
    assert asked.headers["access-control-allow-credentials"] == "true"
    assert asked.headers["access-control-allow-methods"] == "POST, OPTIONS"
    allowed = asked.headers["access-control-allow-headers"].split(", ")
    assert {"content-type", "content-encoding", "idempotency-key", "x-write-key"} <= set(allowed)

    for body, status in [(event(), 202), ({}, 400), (b"{", 400)]:
        said = api.post(body, {"origin": "https://m.shop.example"})
        assert said.status == status
        assert said.headers["access-control-allow-origin"] == "https://m.shop.example"
        assert said.headers["vary"] == "origin"


@pytest.mark.parametrize("origin", ["https://evil.example", "https://shop.example.evil", "null", "http://shop.example"])
def test_pages_of_other_origins_may_not(api: Api, origin: str) -> None:
    api.configure(cors_origins="https://shop.example")
    said = api.ask("OPTIONS", "/events", headers={"origin": origin})
    assert said.headers == {"vary": "origin"}
    assert "access-control-allow-origin" not in api.post(event(), {"origin": origin}).headers


def test_all_origins_are_allowed_without_credentials(api: Api) -> None:
    api.configure(cors_origins="*")
    said = api.ask("OPTIONS", "/events", headers=SHOP)
    assert said.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in said.headers
    assert "idempotent-replayed" in api.post(event(), SHOP).headers["access-control-expose-headers"]
