"""What holds for every test: nothing of the machine leaks in, and what the machine lacks is skipped."""

import os
import shutil
from collections.abc import Iterator

import pytest

from clickstream_platform.config import get_settings

pytest_plugins = ["clickstream_platform_tests.aws"]

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No setting, Dagster home or AWS account of whoever runs the tests reaches them."""
    for name in os.environ:
        if name.startswith(("CLICKSTREAM_", "AWS_")) or name == "DAGSTER_HOME":
            monkeypatch.delenv(name)
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests whose program is missing are skipped, but not in CI."""
    lacking = {
        "spark": None if shutil.which("java") else "needs Java 17",
        "browser": None if any(map(shutil.which, _BROWSERS)) else "needs Chromium",
    }
    require_all = os.environ.get("CLICKSTREAM_TESTS_REQUIRE_ALL") == "1"
    for item in items:
        for marker, reason in lacking.items():
            if reason and item.get_closest_marker(marker) and not require_all:
                item.add_marker(pytest.mark.skip(reason=reason))
