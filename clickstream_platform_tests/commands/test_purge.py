from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from clickstream_platform.cli import main


@pytest.fixture
def originals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[int, Path]:
    """An original by its age in days."""
    monkeypatch.setenv("CLICKSTREAM_LAKE_URI", str(tmp_path))
    found = {}
    for age in (0, 9, 10, 11, 40):
        day: date = datetime.now(UTC).date() - timedelta(days=age)
        found[age] = tmp_path / f"raw/landing/events/year={day:%Y}/month={day:%m}/day={day:%d}/{age}.jsonl"
        found[age].parent.mkdir(parents=True)
        found[age].write_text("{}")
    return found


def kept(originals: dict[int, Path]) -> set[int]:
    return {age for age, path in originals.items() if path.exists()}


def test_setting_says_how_many_days_are_kept(originals: dict[int, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKSTREAM_RAW_RETENTION_DAYS", "10")
    result = CliRunner().invoke(main, ["purge"])
    assert result.exit_code == 0
    assert kept(originals) == {0, 9, 10}
    assert result.stdout.startswith("deleted 2 originals from before ")


def test_dry_run_lists_and_deletes_nothing(originals: dict[int, Path]) -> None:
    result = CliRunner().invoke(main, ["purge", "--dry-run"])
    assert kept(originals) == set(originals)
    assert [line.rpartition("/")[2] for line in result.stdout.splitlines()] == ["40.jsonl"]
    assert result.stderr.startswith("1 original from before ")
