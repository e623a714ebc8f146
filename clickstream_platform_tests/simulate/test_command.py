"""`clickstream simulate` as a user meets it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from clickstream_platform.commands.simulate import simulate
from clickstream_platform_tests.simulate.conftest import tree


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(simulate, [str(each) for each in arguments], prog_name="clickstream simulate")


def test_writes_files_and_truth_and_names_the_next_command(tmp_path: Path) -> None:
    result = invoke(tmp_path / "out", "--days", 2, "--shoppers", 100)

    assert result.exit_code == 0, result.output
    assert f"clickstream ingest {tmp_path / 'out' / 'landing'}" in result.output
    assert "event records of 100 shoppers over 2 days" in result.output
    assert {path.name for path in (tmp_path / "out" / "landing").iterdir()} == {
        "customers",
        "events",
        "marketing_spend",
        "orders",
        "products",
    }
    assert {path.stem for path in (tmp_path / "out" / "truth").iterdir()} == {
        "attributed_checkouts",
        "conversion_funnel",
        "counts",
        "customer_lifetime_value",
        "customer_traits",
        "daily_sales_summary",
        "marketing_spend_clean",
        "product_performance",
        "sessions",
        "traffic_summary",
    }


def test_arguments_reach_the_shop(tmp_path: Path) -> None:
    arguments = ("--days", 3, "--shoppers", 50, "--seed", 5, "--dirty-rate", 0.25, "--start", "2023-05-01")

    assert invoke(tmp_path / "out", *arguments, "--compress", "gzip").exit_code == 0

    counts = json.loads((tmp_path / "out" / "truth" / "counts.json").read_text())
    assert counts["arguments"] == {
        "days": 3,
        "shoppers": 50,
        "seed": 5,
        "dirty_rate": 0.25,
        "start": "2023-05-01",
    }
    names = {path.name for path in (tmp_path / "out" / "landing" / "events").iterdir()}
    assert names == {f"2023-05-0{day}.jsonl.gz" for day in (1, 2, 3)}


def test_quiet_says_nothing(tmp_path: Path) -> None:
    result = invoke(tmp_path / "out", "--days", 1, "--shoppers", 20, "--quiet")

    assert (result.exit_code, result.output) == (0, "")


def test_help_teaches() -> None:
    text = invoke("--help").output

    for option in ("--days", "--shoppers", "--events", "--seed", "--dirty-rate", "--start", "--compress", "--force"):
        assert option in text
    assert "OUT/landing/events/" in text
    assert "OUT/truth/counts.json" in text
    assert "clickstream simulate demo --days 7 --shoppers 500" in text


TOMORROW = datetime.now(UTC).date() + timedelta(days=1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--days", 0), "days must be between 1 and"),
        (("--days", 900_000), "days must be between 1 and"),
        (("--days", 10**11), "days must be between 1 and"),
        (("--days", "many"), "'many' is not a valid integer"),
        (("--shoppers", 0), "shoppers must be between 1 and"),
        (("--shoppers", 5, "--events", 5), "give --shoppers or --events, not both"),
        (("--events", 0), "events must be at least 1"),
        (("--seed", -1), "seed must not be negative"),
        (("--dirty-rate", 1), "at least 0 and below 1"),
        (("--start", TOMORROW), "reach into the future"),
        (("--start", "1999-01-01"), "are rejected"),
        (("--start", "2024-03-01", "--days", 5_000), "days"),
        (("--compress", "rar"), "'rar' is not one of"),
    ],
)
def test_wrong_arguments_are_explained_and_write_nothing(
    tmp_path: Path, arguments: tuple[object, ...], words: str
) -> None:
    result = invoke(tmp_path / "out", *arguments)

    assert result.exit_code == 2
    assert words in " ".join(result.output.split())
    assert "Traceback" not in result.output
    assert not (tmp_path / "out").exists()


def test_an_earlier_simulation_is_replaced_only_when_asked(tmp_path: Path) -> None:
    arguments = (tmp_path, "--days", 1, "--shoppers", 20)
    invoke(*arguments)
    before = tree(tmp_path)

    refused = invoke(*arguments, "--seed", 2)

    assert refused.exit_code == 2
    assert "--force" in refused.output
    assert tree(tmp_path) == before
    assert invoke(*arguments, "--seed", 2, "--force").exit_code == 0
    assert tree(tmp_path) != before


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    result = invoke(tmp_path / "file" / "out", "--days", 1)

    assert result.exit_code in (1, 2)
    assert "Traceback" not in result.output
    assert str(tmp_path / "file") in result.output


def test_ctrl_c_leaves_nothing_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from clickstream_platform.simulate import blocks

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(blocks, "make_block", interrupted)
    result = invoke(tmp_path / "out", "--days", 2, "--shoppers", 20)

    assert result.exit_code == 130
    assert "as it was before" in result.output
    assert not (tmp_path / "out").exists()
