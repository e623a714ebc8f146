import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from clickstream_platform import cli

HEAVY = ("dagster", "duckdb", "narwhals", "pandera", "polars", "pyarrow", "pydantic", "rich")


def test_every_command_loads_under_its_name() -> None:
    context = click.Context(cli.main)
    for name in cli.COMMANDS:
        command = cli.main.get_command(context, name)
        assert command is not None
        assert command.name == name
        assert command.help


def test_help_lists_the_commands_and_imports_none() -> None:
    code = (
        "import sys; from clickstream_platform.cli import main; main(['--help'], standalone_mode=False)\n"
        f"print('heavy:', [name for name in {HEAVY} if name in sys.modules])"
    )
    text = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert all(line in text for line in cli.COMMANDS.values())
    assert text.endswith("heavy: []\n")


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_the_help_of_a_command_keeps_its_lines(name: str) -> None:
    """A control character keeps the lines of examples; an r before the docstring makes it two letters."""
    text = CliRunner().invoke(cli.main, [name, "--help"]).stdout
    assert text.startswith(f"Usage: main {name} ")
    assert "\\b" not in text


def test_wrong_settings_are_told_by_variable_value_and_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKSTREAM_SESSION_TIMEOUT_MINUTES", "soon")
    monkeypatch.setenv("CLICKSTREAM_CURRENCY", "dollar")
    result = CliRunner().invoke(cli.main, ["sql", "SELECT 1"])
    assert result.exit_code == 2
    assert "CLICKSTREAM_SESSION_TIMEOUT_MINUTES=soon: input should be a valid integer" in result.stderr
    assert "unset it for the default, 30." in result.stderr
    assert "CLICKSTREAM_CURRENCY=dollar" in result.stderr
    assert "Traceback" not in result.stderr


def test_wrong_setting_of_an_env_file_is_told_with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("CLICKSTREAM_RAW_RETENTION_DAYS=0\n")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli.main, ["sql", "SELECT 1"])
    assert "CLICKSTREAM_RAW_RETENTION_DAYS=0 in .env: input should be greater than or equal to 1." in result.stderr


def test_unknown_command_is_answered_with_the_closest() -> None:
    result = CliRunner().invoke(cli.main, ["biuld"])
    assert result.exit_code == 2
    assert "Did you mean 'build'?" in result.stderr


def test_version_and_help_of_the_module() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "clickstream_platform.cli", "--version"], capture_output=True, text=True, check=True
    )
    assert result.stdout.startswith("clickstream, version ")


def test_faults_of_the_program_keep_their_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    def broken() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(cli.LazyGroup, "get_command", lambda self, ctx, name: broken)
    assert isinstance(CliRunner().invoke(cli.main, ["sql"]).exception, ZeroDivisionError)


def test_interrupt_exits_with_130_and_no_traceback(tmp_path: Path) -> None:
    endless = "SELECT count(*) FROM range(1000000000) a, range(1000000) b WHERE a.range * b.range % 7 = 1"
    process = subprocess.Popen(
        [sys.executable, "-m", "clickstream_platform.cli", "sql", f"SELECT 'begun'; {endless}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    while "begun" not in process.stdout.readline():
        assert process.poll() is None
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Interrupted." in stderr
    assert "Traceback" not in stderr
