"""The Dagster UI of a running platform in a real browser: what a data engineer finds there without looking it up."""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import quote

import dagster as dg
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from clickstream_platform.schemas import TABLES
from clickstream_platform_tests.e2e.platform import RunningPlatform, visit

pytestmark = pytest.mark.browser

DAY = datetime(2024, 3, 8, 10, tzinfo=UTC)
_MILLISECONDS = 90_000


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """A platform through which the visits of one day have gone."""
    running = RunningPlatform(tmp_path_factory.mktemp("platform"))
    try:
        running.drop("events/a.jsonl", [*visit("ann", DAY, order="o1"), *visit("bob", DAY)])
        running.wait_until(lambda: bool(running.lake.objects("conversion_funnel")), "the funnel")
        running.wait_until_quiet(5)
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def page(platform: RunningPlatform) -> Iterator[Page]:
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with sync_playwright() as playwright:
        # Chromium's sandbox needs a user other than root.
        browser = playwright.chromium.launch(executable_path=program, chromium_sandbox=os.geteuid() != 0)
        page = browser.new_page(base_url=f"http://127.0.0.1:{platform.port}", viewport={"width": 4500, "height": 3500})
        page.set_default_timeout(_MILLISECONDS)
        expect.set_options(timeout=_MILLISECONDS)
        yield page
        browser.close()


@pytest.mark.parametrize("layer", ["bronze", "silver", "gold"])
def test_the_graph_shows_every_table_in_its_layer(page: Page, layer: str) -> None:
    selected = quote(f'group:"{layer}"', safe="")
    page.goto(f"/asset-groups/?asset-selection={selected}&expanded={quote(f'global@global:{layer}', safe='')}")
    for name, table in TABLES.items():
        found = page.get_by_text(name, exact=True)
        if table.layer == layer:
            expect(found.first).to_be_visible()
        else:
            expect(found).to_have_count(0)


def test_an_asset_tells_what_it_is(page: Page) -> None:
    table = TABLES["conversion_funnel"]
    page.goto("/assets/gold/conversion_funnel?view=overview")
    for name, column in table.columns.items():
        expect(page.get_by_text(name, exact=True).first).to_be_visible()
        expect(page.get_by_text(str(column.description)[:40]).first).to_be_visible()
    for kind in ("polars", "parquet"):
        expect(page.get_by_text(kind, exact=False).first).to_be_visible()


def test_the_chart_of_a_gold_asset_is_a_picture_of_its_rows(page: Page, platform: RunningPlatform) -> None:
    key = dg.AssetKey(["gold", "conversion_funnel"])
    records = platform.instance.fetch_materializations(key, limit=100).records
    drawn = [one for one in records if one.asset_materialization and "chart" in one.asset_materialization.metadata]
    page.goto(f"/assets/gold/conversion_funnel?view=events&partition={drawn[0].partition_key}")
    page.get_by_text("[Show Markdown]").first.click()
    picture = page.locator("img[src^='data:image']").first
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") > 200


def test_checks_show_their_verdicts(page: Page) -> None:
    page.goto("/assets/gold/conversion_funnel?view=checks")
    expect(page.get_by_text("rows_accounted_for").or_(page.get_by_text("shape")).first).to_be_visible()
    expect(page.get_by_text("Passed").first).to_be_visible()
