"""`clickstream funnel` in a process of its own, over a small lake."""

import csv
import io
import json
import os
import subprocess
import sys
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from clickstream_platform.commands.funnel_report import bar
from clickstream_platform.lake import Lake
from clickstream_platform.transforms import sessions
from clickstream_platform_tests.transforms.rows import HALF_HOUR, at, clean_events, event

FIRST, LAST = date(2024, 3, 2), date(2024, 3, 4)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Each of three days four people look, two of them take, and one buys a day later."""
    rows = []
    for number in range(3):
        day = FIRST + timedelta(days=number)
        for place, name in enumerate(("ann", "bob", "cyd", "dee")):
            who = f"{name}{number}"
            phone = {"device_type": "mobile"} if name == "dee" else {}
            rows.append(event(at(f"09:0{place}", day), "view_item", who, **phone))
            if name in ("ann", "bob"):
                rows.append(event(at("09:20", day), "add_to_cart", who))
            if name == "ann" and number < 2:
                later = at("10:00", day + timedelta(days=1))
                rows.append(event(later, "purchase", who, value=Decimal("9.00")))
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    days = [FIRST + timedelta(days=number) for number in range(3)]
    events = clean_events(*rows)
    lake.replace("events_clean", events.to_native(), days)
    spans = sessions(events, first_day=FIRST, last_day=LAST, timeout=HALF_HOUR)
    lake.replace("sessions", spans.to_native(), days)
    return lake


def run(lake: Lake | str, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CLICKSTREAM_")}
    uri = lake if isinstance(lake, str) else lake.uri
    return subprocess.run(
        [sys.executable, "-m", "clickstream_platform.cli", "funnel", *arguments],
        env={**kept, "CLICKSTREAM_LAKE_URI": uri, "PYTHONIOENCODING": "utf-8", **variables},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_steps_are_printed_with_bars_shares_losses_and_waits(lake: Lake) -> None:
    result = run(lake)
    assert result.returncode == 0
    lines = [line.split() for line in result.stdout.splitlines() if line.strip()]
    assert result.stdout.startswith(f"Funnel ecommerce, within a session, {FIRST}..{LAST}")
    assert lines[3] == ["1", "View", "item", "█" * 30, "12", "100.0%"]
    assert lines[4] == ["2", "Add", "to", "cart", "█" * 15, "6", "50.0%", "50.0%", "6", "19.5", "min"]
    assert lines[5] == ["3", "Begin", "checkout", "0", "0.0%", "0.0%", "6"]
    assert f"Attempts begun from {LAST} on may still go on" in result.stderr


@pytest.mark.slow
def test_breakdown_and_window_of_the_command_line(lake: Lake) -> None:
    result = run(lake, "--steps", "view_item, purchase", "--within", "1d", "--by", "device_type", "--format", "json")
    answer = json.loads(result.stdout)
    assert (answer["within"], answer["from"], answer["to"], answer["open_from"]) == (
        "1d",
        *map(str, (FIRST, LAST, LAST)),
    )
    counts = {(row["dimension"], row["segment"], row["step"]): row["reached"] for row in answer["rows"]}
    assert counts == {
        ("all", "all", 1): 12,
        ("all", "all", 2): 0,
        ("device_type", "desktop", 1): 9,
        ("device_type", "desktop", 2): 0,
        ("device_type", "mobile", 1): 3,
        ("device_type", "mobile", 2): 0,
    }
    two = json.loads(run(lake, "--steps", "view_item,purchase", "--within", "2d", "--format", "json").stdout)
    assert [row["reached"] for row in two["rows"]] == [12, 2]
    assert two["open_from"] == str(LAST - timedelta(days=1))
    table = run(lake, "--by", "device_type").stdout
    assert "desktop" in table
    assert "6 (66.7%)" in table


@pytest.mark.slow
def test_days_narrow_what_is_counted(lake: Lake) -> None:
    rows = list(csv.DictReader(io.StringIO(run(lake, "--to", str(FIRST), "--format", "csv").stdout)))
    assert [row["reached"] for row in rows] == ["4", "2", "0", "0"]
    assert [row["funnel"] for row in rows] == ["ecommerce"] * 4


@pytest.mark.slow
def test_configured_funnels_are_listed_and_printed(lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "funnels.toml"
    path.write_text("[funnels.look]\nsteps = ['view_item', {event = 'add_to_cart', label = 'Takes'}]\nwithin = '3d'\n")
    listed = run(lake, "--list", CLICKSTREAM_FUNNELS_FILE=str(path)).stdout
    assert "look" in listed and "3d" in listed and "View item → Takes" in listed
    assert "2 Takes" in run(lake, "look", CLICKSTREAM_FUNNELS_FILE=str(path)).stdout
    path.write_text("[funnels.look]\nsteps = ['view_item', 'nod']\n")
    broken = run(lake, "--list", CLICKSTREAM_FUNNELS_FILE=str(path))
    assert broken.returncode == 2
    assert f"{path}: [funnels.look] steps, step 2: there is no event 'nod'" in broken.stderr
    assert "Traceback" not in broken.stderr


@pytest.mark.slow
def test_nobody_is_told(lake: Lake) -> None:
    result = run(lake, "--steps", "refund,login")
    assert result.returncode == 0
    assert f"Nobody began this funnel from {FIRST} to {LAST}." in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ecomerce"], "no such funnel. Did you mean ecommerce?"),
        (["ecommerce", "--steps", "login,purchase"], "give a NAME or --steps, not both"),
        (["--steps", "login"], "a funnel has from 2 to 20 steps"),
        (["--steps", "login,purchas"], "--steps, step 2: there is no event 'purchas'. Did you mean 'purchase'?"),
        (["--within", "a week"], "--within: 'a week' is neither"),
        (["--by", "device"], "--by: there is no breakdown 'device'. Did you mean 'device_type'?"),
        (["--from", "yesterday"], "'yesterday' is not a day like 2024-03-01"),
        (["--from", "2024-03-04", "--to", "2024-03-02"], "Exchange them"),
        (["--from", "2030-01-01"], "its days are 2024-03-02..2024-03-04"),
        (["--lake", "nowhere"], "there is no lake. Set CLICKSTREAM_LAKE_URI"),
    ],
)
@pytest.mark.slow
def test_what_cannot_be_printed_exits_with_2_and_a_remedy(lake: Lake, arguments: list[str], said: str) -> None:
    result = run(lake, *arguments)
    assert result.returncode == 2
    assert said in result.stderr
    assert not result.stdout
    assert "Traceback" not in result.stderr


def test_lake_without_tables_says_what_to_run(tmp_path: Path) -> None:
    result = run(str(tmp_path))
    assert result.returncode == 2
    assert "Run `clickstream build`" in result.stderr


def test_bars_are_as_long_as_their_share() -> None:
    assert [bar(share, 4) for share in (1, 0.5, 0.25, 0.28125, 0.0001, 0)] == ["████", "██", "█", "█▏", "▏", ""]
