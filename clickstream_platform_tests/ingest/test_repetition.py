"""Everything may happen twice."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clickstream_platform.ingest import IngestError, IngestOptions, ingest_sources, source_id
from clickstream_platform_tests.contract.records import event
from clickstream_platform_tests.ingest.harness import Lake, events, jsonl


def test_the_same_input_twice_adds_nothing(lake: Lake) -> None:
    data = jsonl(*events(5), b"bad")
    lake.take(data)
    before = lake.state()
    report = lake.take(data)
    assert (report.status, report.rows_read, report.accepted) == ("already_ingested", 0, 0)
    assert lake.state() == before


def test_a_copy_under_another_name_is_the_same_input(lake: Lake) -> None:
    lake.take(jsonl(*events(5)))
    assert lake.take(jsonl(*events(5)), "events-copy.jsonl").status == "already_ingested"
    assert len(lake.rows()) == 5


def test_the_same_bytes_as_another_dataset_are_another_input(lake: Lake) -> None:
    lake.take(jsonl(*events(5)))
    assert lake.take(jsonl(*events(5)), "customers.jsonl").rejected == {"missing_field": 5}


def test_a_source_is_known_by_its_size_and_content(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "b").write_bytes(b"y")
    assert source_id(tmp_path / "a") != source_id(tmp_path / "b")
    assert source_id(tmp_path / "a").startswith("1-")


def test_again_replaces_the_rows_and_tells_the_sensor(lake: Lake) -> None:
    path = lake.file(jsonl(*events(20_000)))
    first = lake.ingest(path, records_per_object=1000).sources[0]
    second = lake.ingest(path, again=True, records_per_object=100_000).sources[0]
    assert second.status == "new"
    assert len(first.objects) > len(second.objects), "the test needs objects that the second run does not write"
    assert lake.objects("bronze") == second.objects
    assert len(lake.rows()) == 20_000
    assert lake.queue()[0]["objects"] == second.objects


def test_again_with_a_key_fills_in_the_hashes(lake: Lake) -> None:
    data = event(email="jane@example.com")
    lake.take(data)
    lake.take(data, again=True, pii_key=b"key")
    assert lake.row()["email_hash"]


def test_objects_of_a_source_are_a_pure_function_of_its_bytes(lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Lake(tmp_path / "other")
    for one in (lake, other):
        one.take(jsonl(*events(300)))
    assert [path for path in lake.objects() if "_ledger" not in path] == [
        path for path in other.objects() if "_ledger" not in path
    ]
    assert lake.rows() == other.rows()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"format": "xml"}, "unknown format 'xml'; known: mapping, native"),
        ({"format": "mapping"}, "--mapping"),
        ({"mapping": "missing.toml"}, "cannot read mapping missing.toml"),
        ({"lake_uri": "gs://bucket"}, "s3://bucket/prefix"),
    ],
)
def test_choices_that_make_no_sense_are_said(lake: Lake, options: dict[str, Any], message: str) -> None:
    with pytest.raises(IngestError, match=message):
        ingest_sources([lake.file(b"")], replace(IngestOptions(str(lake.path)), **options), processes=1)
