"""`clickstream ingest` as people and schedulers run it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from clickstream_platform.commands.ingest import ingest
from clickstream_platform_tests.contract.records import event
from clickstream_platform_tests.ingest.harness import Lake, events, jsonl, run


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No .env file of whoever runs the tests is read."""
    monkeypatch.chdir(tmp_path)


def invoke(lake: Lake, *arguments: str | Path) -> Result:
    return CliRunner().invoke(ingest, ["--lake", str(lake.path), "-j1", *map(str, arguments)])


def test_a_good_file_exits_with_0_and_a_summary(lake: Lake) -> None:
    result = invoke(lake, lake.file(jsonl(*events(3))))
    assert result.exit_code == 0
    assert "3 records" in result.output
    assert "3 to bronze on 1 days, 0 rejected" in result.output


def test_few_rejected_records_exit_with_0_and_say_where_they_are(lake: Lake) -> None:
    result = invoke(lake, lake.file(jsonl(*events(99), b"x")))
    assert result.exit_code == 0
    assert "1 rejected (malformed_json 1)" in result.output
    assert f"{lake.path}/rejected/" in result.output


def test_more_rejected_records_than_allowed_exit_with_1(lake: Lake) -> None:
    result = invoke(lake, lake.file(jsonl(*events(9), b"x")))
    assert result.exit_code == 1
    assert "10.0% rejected is more than the allowed 5.0%" in result.output
    assert len(lake.rows()) == 9


@pytest.mark.parametrize(("allowed", "code"), [("0.5", 0), ("0.1", 0), ("0.09", 1)])
def test_the_allowed_share_can_be_set(lake: Lake, allowed: str, code: int) -> None:
    assert invoke(lake, lake.file(jsonl(*events(9), b"x")), "--max-rejected", allowed).exit_code == code


def test_the_allowed_share_is_a_setting_too(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKSTREAM_REJECT_THRESHOLD", "0.2")
    assert invoke(lake, lake.file(jsonl(*events(9), b"x"))).exit_code == 0


def test_a_source_that_cannot_be_read_exits_with_2_and_the_others_are_taken(lake: Lake) -> None:
    result = invoke(lake, lake.file(jsonl(*events(3))), lake.inbox / "events-missing.jsonl")
    assert result.exit_code == 2
    assert "events-missing.jsonl: no such file or folder" in result.stderr
    assert len(lake.rows()) == 3


def test_nothing_to_read_exits_with_2(lake: Lake) -> None:
    result = invoke(lake, lake.inbox)
    assert result.exit_code == 2
    assert "no file found" in result.stderr


def test_a_lake_that_cannot_be_written_exits_with_2_and_the_remedy(lake: Lake) -> None:
    lake.path.write_text("a file is in the way")
    result = invoke(lake, lake.file(event()))
    assert result.exit_code == 2
    assert "CLICKSTREAM_LAKE_URI" in result.stderr


def test_the_second_time_says_so(lake: Lake) -> None:
    path = lake.file(event())
    invoke(lake, path)
    result = invoke(lake, path)
    assert result.exit_code == 0
    assert "already ingested" in result.output


def test_many_files_are_summed_up_and_the_bad_ones_named(lake: Lake) -> None:
    for number in range(40):
        lake.file(event(event_id=f"e-{number}"), f"events-{number:02}.jsonl")
    lake.file(b"bad", "events-bad.jsonl")
    result = invoke(lake, lake.inbox)
    assert "events-bad.jsonl" in result.output
    assert "... and 40 more files" in result.output


def test_settings_reach_ingest(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKSTREAM_PII_KEY", "key")
    monkeypatch.setenv("CLICKSTREAM_SHOP_DOMAINS", "pay.example, b.example")
    invoke(lake, lake.file(event(email="jane@example.com", url="https://shop.test/", referrer="https://pay.example/")))
    assert lake.row()["email_hash"]
    assert lake.row()["channel"] == "Direct"


def test_help_teaches_by_examples() -> None:
    text = CliRunner().invoke(ingest, ["--help"]).output
    for said in ("clickstream ingest landing", "--mapping", "zcat", "rejected/", "Exit code", "JSON lines"):
        assert said in text


def test_an_unknown_format_names_the_known_ones(lake: Lake) -> None:
    result = invoke(lake, lake.file(event()), "--format", "xml")
    assert result.exit_code == 2
    assert "known: mapping, native" in result.stderr


def test_stdin_through_a_pipe(lake: Lake) -> None:
    result = run("-", "--lake", lake.path, stdin=jsonl(*events(3)), CLICKSTREAM_REJECT_THRESHOLD="0")
    assert (result.returncode, result.stderr) == (0, b"")
    assert len(lake.rows()) == 3
    assert lake.staged() == []


def test_the_place_of_a_refused_record_is_told_down_to_the_field(lake: Lake) -> None:
    invoke(lake, lake.file(jsonl(*events(2), event(items=[{"product_id": "p", "price": "1"}]))))
    (refused,) = lake.rejected()
    assert refused["source"].endswith("events.jsonl")
    assert (refused["line"], refused["field"], refused["reason"]) == (3, "items[0].price", "wrong_type")
    assert json.loads(refused["record"])["items"][0]["price"] == "1"
