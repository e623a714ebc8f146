"""The tracker in a real browser: a page of one origin, the ingest API behind a gateway on another, and Kinesis."""

import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from clickstream_platform.contract import Event, Limits, parser
from clickstream_platform.lambdas.http_routes import INGEST_API
from clickstream_platform.lambdas.ingest_api.handler import handler
from clickstream_platform.local_aws.functions import InProcess
from clickstream_platform.local_aws.gateway import Gateway
from clickstream_platform_tests.aws import Aws
from clickstream_platform_tests.lambdas.ingest_api.harness import Api

TRACKER = Path(__file__).parents[2] / "docs/examples/tracker/clickstream.js"


class Site:
    """A shop's pages, on an origin of their own."""

    def __init__(self, api: str, key: str, more: str = "") -> None:
        script = f'<script src="/clickstream.js" data-api="{api}" data-key="{key}" {more}></script>'
        page = f"<!doctype html><title>shop</title><h1>shop</h1>{script}".encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                is_script = self.path == "/clickstream.js"
                content = TRACKER.read_bytes() if is_script else page
                self.send_response_only(200)
                self.send_header("content-type", "text/javascript" if is_script else "text/html")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with sync_playwright() as playwright:
        # Chromium's sandbox needs a user other than root.
        browser = playwright.chromium.launch(executable_path=program, chromium_sandbox=os.geteuid() != 0)
        yield browser
        browser.close()


class Shop:
    """A page with the tracker, and what of it is on the stream."""

    def __init__(self, api: Api, site: Site, browser: Browser) -> None:
        self.api, self.site = api, site
        self.context = browser.new_context()
        self.errors: list[str] = []

    def open(self, path: str = "/p/1?utm_source=news") -> Page:
        page = self.context.new_page()
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.goto(self.site.url + path)
        return page

    def events(self, count: int, seconds: float = 30) -> list[dict[str, Any]]:
        """The events on the stream once there are so many, by time."""
        deadline = time.monotonic() + seconds
        while len(found := self.api.on_stream()) < count and time.monotonic() < deadline:
            time.sleep(0.1)
        assert len(found) == count, (found, self.errors)
        return sorted(found, key=lambda one: one["event_time"])


@pytest.fixture
def shop(aws: Aws, monkeypatch: pytest.MonkeyPatch, browser: Browser) -> Iterator[Callable[..., Shop]]:
    api, started = Api(aws, monkeypatch), []
    gateway = Gateway({INGEST_API: InProcess(handler)}).start()

    def begin(*, key: str = "K1", allowed: bool = True, more: str = "") -> Shop:
        site = Site(gateway.endpoint, key, more)
        api.configure(write_keys="web:K1", cors_origins=site.url if allowed else "https://other.example")
        started.append((site, made := Shop(api, site, browser)))
        return made

    yield begin
    for site, made in started:
        made.context.close()
        site.stop()
    gateway.stop()
    api.restart()


def test_it_is_small() -> None:
    assert len(TRACKER.read_bytes()) < 2048


pytestmark = pytest.mark.browser


def test_a_visit_arrives_as_valid_events_of_one_person_and_session(shop: Callable[..., Shop]) -> None:
    visit = shop()
    page = visit.open()
    with page.expect_response(lambda response: "/collect" in response.url) as sent:
        page.evaluate(
            "clickstream.track('view_item', {items: [{product_id: 'p', price: 9.99}], size: 'XL 👟'.slice(0, 4)})"
        )
    assert sent.value.status == 204
    assert sent.value.headers["access-control-allow-origin"] == visit.site.url

    first, second = visit.events(2)
    assert (first["event_name"], second["event_name"]) == ("page_view", "view_item")
    assert (second["items"], second["size"]) == ([{"product_id": "p", "price": 9.99}], "XL �")
    for one in (first, second):
        assert one["url"] == f"{visit.site.url}/p/1?utm_source=news"
        assert "Chrome" in one["user_agent"]
        assert one.pop("_key") == one["anonymous_id"]
        sent_at, received = (datetime.fromisoformat(one[name]) for name in ("event_time", "received_at"))
        assert abs((received - sent_at).total_seconds()) < 60
        assert isinstance(parser("events", Limits())(json.dumps(one).encode()), Event)
    assert first["anonymous_id"] == second["anonymous_id"]
    assert first["session_id"] == second["session_id"] not in (None, first["anonymous_id"])
    assert first["event_id"] != second["event_id"]
    assert visit.errors == []


def test_a_page_that_is_left_sends_at_once(shop: Callable[..., Shop]) -> None:
    visit = shop()
    page = visit.open()
    page.evaluate("clickstream.track('add_to_cart')")
    page.goto("about:blank")
    assert [one["event_name"] for one in visit.events(2, seconds=5)] == ["page_view", "add_to_cart"]


def test_a_visitor_is_known_again_and_a_session_ends_after_half_an_hour(shop: Callable[..., Shop]) -> None:
    visit = shop()
    page = visit.open()
    page.evaluate("location.href = '/p/2'")
    page.wait_for_url("**/p/2")
    page.evaluate(
        "sessionStorage.clickstream = sessionStorage.clickstream.replace(/^\\d+/, then => then - 30 * 60e3 - 1);"
        "clickstream.track('search'); clickstream.flush()"
    )
    one, two, three = visit.events(3)
    assert len({event["anonymous_id"] for event in (one, two, three)}) == 1
    assert one["session_id"] == two["session_id"] != three["session_id"]
    assert two["referrer"].startswith(visit.site.url)

    visit.open("/other-tab")
    assert visit.events(4)[3]["anonymous_id"] == one["anonymous_id"]


def test_what_could_not_be_sent_is_sent_later_and_is_the_same_event(shop: Callable[..., Shop]) -> None:
    visit = shop()
    answers = iter([429, 503])
    visit.context.route(
        "**/collect?*",
        lambda route: route.fulfill(status=status) if (status := next(answers, None)) else route.continue_(),
    )
    page = visit.open()
    for status in (429, 503, 204):
        with page.expect_response(lambda response: "/collect" in response.url) as sent:
            page.evaluate("clickstream.flush()")
        assert sent.value.status == status
        page.wait_for_timeout(50)  # the script has to look at the answer before it is asked again
    assert [one["event_name"] for one in visit.events(1)] == ["page_view"]


def test_very_many_events_go_in_several_requests(shop: Callable[..., Shop]) -> None:
    visit = shop()
    page = visit.open()
    page.evaluate("for (let n = 0; n < 99; n++) clickstream.track('click', {n}); clickstream.flush()")
    found = visit.events(100)
    assert sorted(one["n"] for one in found if one["event_name"] == "click") == list(range(99))
    assert len({one["event_id"] for one in found}) == 100


def test_without_storage_it_still_sends(shop: Callable[..., Shop]) -> None:
    visit = shop()
    for name in ("localStorage", "sessionStorage"):
        visit.context.add_init_script(f"Object.defineProperty(window, '{name}', {{get() {{ throw new Error('no') }}}})")
    page = visit.open()
    page.evaluate("clickstream.track('search'); clickstream.flush()")
    one, two = visit.events(2)
    assert (one["anonymous_id"], one["session_id"]) == (two["anonymous_id"], two["session_id"])
    assert one["session_id"]


def test_a_wrong_key_takes_nothing_and_is_not_tried_for_ever(shop: Callable[..., Shop]) -> None:
    visit = shop(key="wrong")
    page = visit.open()
    with page.expect_response(lambda response: "/collect" in response.url) as sent:
        page.evaluate("clickstream.flush()")
    assert sent.value.status == 401
    assert visit.api.on_stream() == []


def test_a_page_of_an_origin_that_is_not_allowed_is_told_so_by_its_browser(shop: Callable[..., Shop]) -> None:
    visit = shop(allowed=False)
    page = visit.open()
    page.evaluate("clickstream.flush()")
    deadline = time.monotonic() + 20
    while not any("CORS" in error for error in visit.errors) and time.monotonic() < deadline:
        page.wait_for_timeout(100)
    assert any("CORS" in error for error in visit.errors), visit.errors


def test_what_the_visitor_allows_goes_with_every_event_that_is_sent(shop: Callable[..., Shop]) -> None:
    """Also with those that wait: the consent tool answers after the page view has happened."""
    visit = shop()
    page = visit.open()
    page.evaluate("clickstream.consent({analytics: 'granted', ads: 'denied'}); clickstream.flush()")
    page.evaluate("clickstream.consent({analytics: 'denied', ads: 'denied'})")
    page.evaluate("clickstream.track('search'); clickstream.flush()")
    first, second = visit.events(2)
    assert first["consent"] == {"analytics": "granted", "ads": "denied"}
    assert second["consent"] == {"analytics": "denied", "ads": "denied"}
    for one in (first, second):
        del one["_key"]
        assert isinstance(parser("events", Limits())(json.dumps(one).encode()), Event)


NOTHING = {"analytics": "denied", "ads": "denied"}


@pytest.mark.parametrize(("more", "said"), [("", None), (f"data-consent='{json.dumps(NOTHING)}'", NOTHING)])
def test_until_there_is_an_answer_the_script_tag_says_what_holds(
    shop: Callable[..., Shop], more: str, said: dict[str, str] | None
) -> None:
    visit = shop(more=more)
    visit.open().evaluate("clickstream.flush()")
    (first,) = visit.events(1)
    assert first.get("consent") == said
    assert visit.errors == []
