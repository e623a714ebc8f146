import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from clickstream_platform.commands.check import check
from clickstream_platform.lake import Lake
from clickstream_platform.lib.checks.catalogue import check_groups, checked_tables
from clickstream_platform_tests.lib.checks.shop import MONDAY, TUESDAY, good_lake, rewrite


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    yield good_lake(tmp_path / "lake")


def ask(lake: Lake | str, *arguments: str) -> Result:
    uri = lake if isinstance(lake, str) else lake.uri
    return CliRunner().invoke(check, [*arguments, "--lake", uri], env={"COLUMNS": "200"})


def spoil_with_an_error(lake: Lake) -> None:
    rewrite(lake, "sessions", lambda frame: frame.with_columns(start_reason=pl.lit("mood")), TUESDAY)


def spoil_with_a_warning(lake: Lake) -> None:
    rewrite(lake, "sessions", lambda frame: frame.with_columns(mood=pl.lit("good")), TUESDAY)


@pytest.mark.parametrize("form", ["table", "json", "github"])
def test_everything_right_exits_with_0(lake: Lake, form: str) -> None:
    assert ask(lake, "--format", form).exit_code == 0


@pytest.mark.parametrize("form", ["table", "json", "github"])
def test_failed_error_check_exits_with_1(lake: Lake, form: str) -> None:
    spoil_with_an_error(lake)
    assert ask(lake, "--format", form).exit_code == 1


def test_warning_exits_with_0_unless_strict(lake: Lake) -> None:
    spoil_with_a_warning(lake)
    assert ask(lake).exit_code == 0
    assert ask(lake, "--strict").exit_code == 1


def test_failures_come_first_with_what_was_found_and_what_to_do(lake: Lake) -> None:
    spoil_with_an_error(lake)
    spoil_with_a_warning(lake)
    lines = ask(lake).stdout.splitlines()
    rows = [line for line in lines if "silver." in line or "gold." in line]
    assert "start_reason_allowed" in rows[0] and "✗ error" in rows[0]
    assert "1 of 3" in rows[0] and "1 of 3 (33.33%)" in rows[0]
    assert "schema_change" in rows[1] and "! warn" in rows[1]
    assert all("✓" in row for row in rows[2:])
    found, to_do = lines[-6:-4]
    assert lines[-7].startswith("✗ error sessions start_reason_allowed: start_reason is one of ")
    assert found.startswith(f"  Found: {TUESDAY}: 1 of 1 rows (100.00%) break the rule")
    assert found.endswith(f"such as session_id ada@{TUESDAY}, start_reason mood")
    assert to_do == "  To do: trace the sampled keys in the upstream table."
    assert lines[-4].startswith("! warn sessions schema_change: ")
    checks = sum(len(group.infos) for table in checked_tables() for group in check_groups(table.name))
    assert lines[-1].startswith(f"{checks} checks,") and lines[-1].endswith("1 failed, 1 warned")


def test_narrow_terminal_cuts_nothing(lake: Lake) -> None:
    spoil_with_an_error(lake)
    terminal = {"COLUMNS": "80", "FORCE_COLOR": "1"}
    shown = CliRunner().invoke(check, ["sessions", "experiment_results", "--lake", lake.uri], env=terminal).stdout
    assert "✗ error" in shown and "1 of 3 (33.33%)" in shown and "…" not in shown
    assert f"such as session_id ada@{TUESDAY}, start_reason mood" in shown


def test_table_and_days_narrow_what_is_checked(lake: Lake) -> None:
    spoil_with_an_error(lake)
    assert ask(lake, "--days", str(MONDAY)).exit_code == 0
    assert ask(lake, "--days", f"{MONDAY}..{TUESDAY}").exit_code == 1
    assert ask(lake, "events_clean", "gold.traffic_summary").exit_code == 0
    found = json.loads(ask(lake, "gold.traffic_summary", "--format", "json", "--days", str(MONDAY)).stdout)
    assert {verdict["table"] for verdict in found["verdicts"]} == {"gold.traffic_summary"}
    assert {verdict["day"] for verdict in found["verdicts"]} == {str(MONDAY), None}


def test_newest_days_are_checked_unless_all_are_asked_for(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clickstream_platform.commands.check.NEWEST", 1)
    spoil_with_an_error(lake)
    assert ask(lake).exit_code == 0
    assert ask(lake, "--all").exit_code == 1


def test_json_holds_every_verdict(lake: Lake) -> None:
    spoil_with_an_error(lake)
    found = json.loads(ask(lake, "sessions", "--format", "json").stdout)
    assert (found["errors"], found["warnings"]) == (1, 0)
    (failed,) = [verdict for verdict in found["verdicts"] if not verdict["passed"]]
    assert (failed["check"], failed["day"], failed["severity"]) == ("start_reason_allowed", str(TUESDAY), "error")
    assert (failed["checked"], failed["failed"], failed["rate"]) == (1, 1, 1.0)
    assert failed["sample"] == [{"session_id": f"ada@{TUESDAY}", "start_reason": "mood"}]


def test_github_gets_an_annotation_for_each_failed_check(lake: Lake) -> None:
    spoil_with_a_warning(lake)
    rewrite(lake, "customers_clean", lambda frame: frame.with_columns(email=pl.lit("A%\nB@shop.test")), None)
    lines = ask(lake, "--format", "github").stdout.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("::error title=customers_clean%3A email_is_normalized::2 of 2 rows (100.00%25) break")
    assert lines[1].startswith("::warning title=sessions%3A schema_change::against the schema: added mood")
    assert "shop.test" not in lines[0]


def test_unreadable_quarantine_fails_its_checks_rather_than_the_command(lake: Lake) -> None:
    (path,) = lake.objects("orders_quarantine", [MONDAY])
    Path(lake.uri, path).write_bytes(b"PAR1")
    result = ask(lake)
    assert result.exit_code == 1
    assert "no readable Parquet" in result.stdout
    assert "cannot be judged" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["sesions"], "did you mean sessions?"),
        (["qqqqq"], "tables are events_clean, "),
        (["gold.sessions"], "no such table"),
        (["events"], "check the silver table that is made of it"),
        (["--days", "2020-01-01..2020-01-02"], "its days are 2024-03-04..2024-03-06"),
        (["--days", "2024-03-05..2024-03-04"], "ends before it begins"),
        (["--days", "2024-03-04", "--all"], "exclude each other"),
    ],
)
def test_what_cannot_be_checked_exits_with_2_and_a_remedy(lake: Lake, arguments: list[str], said: str) -> None:
    result = ask(lake, *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not result.stdout


def test_lake_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    result = ask(str(tmp_path / "nowhere"))
    assert result.exit_code == 2
    assert "clickstream ingest" in result.stderr
    assert not (tmp_path / "nowhere").exists()


def test_lake_or_table_without_rows_says_what_to_run(lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path in lake.objects("sessions"):
        Path(lake.uri, path).unlink()
    for result in (ask(str(tmp_path / "empty")), ask(lake, "sessions")):
        assert result.exit_code == 2
        assert "Run `clickstream build`" in result.stderr


def test_checks_need_no_dagster_and_help_needs_no_polars() -> None:
    code = (
        "import sys; from clickstream_platform.commands.check import check;"
        "assert not {'polars', 'pandera', 'dagster', 'pyarrow'} & set(sys.modules);"
        "import clickstream_platform.lib.checks, clickstream_platform.commands.check_report;"
        "assert 'dagster' not in sys.modules and 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
