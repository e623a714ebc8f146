"""A file that grows while it is read is taken as far as it is whole; the next run takes the rest."""

from pathlib import Path

import pytest

from clickstream_platform.ingest import IngestOptions, ingest_sources
from clickstream_platform_tests.ingest.harness import Lake, events, jsonl, packed


def ingest_while_growing(lake: Lake, path: Path, more: bytes) -> str:
    """Append to the file once ingest has read of it; the status of the source."""
    waiting = [more]

    def grow(*_: object) -> None:
        while waiting:
            with path.open("ab") as file:
                file.write(waiting.pop())

    options = IngestOptions(lake_uri=str(lake.path))
    report = ingest_sources([path], options, processes=1, on_progress=grow).sources[0]
    assert report.status != "incomplete" or report.notes
    return report.status


@pytest.mark.parametrize("torn", [0, 1, 30], ids=["whole-lines", "without-newline", "torn-line"])
def test_each_record_of_a_growing_log_is_taken_once(lake: Lake, torn: int) -> None:
    text = jsonl(*events(30))
    first = len(jsonl(*events(10))) - torn
    path = lake.file(text[:first])
    second = first + 900
    assert ingest_while_growing(lake, path, text[first:second]) == "incomplete"
    assert ingest_while_growing(lake, path, text[second:]) == "incomplete"
    assert ingest_while_growing(lake, path, b"") == "new"
    assert ingest_while_growing(lake, path, b"") == "already_ingested"
    assert sorted(row["event_id"] for row in lake.rows()) == sorted(f"e-{n}" for n in range(30))
    assert sorted(row["source_line"] for row in lake.rows()) == list(range(1, 31))
    assert lake.rejected() == []
    assert lake.objects("_ledger/_partial", "_ledger/_started") == []


def test_a_growing_csv_goes_on_below_its_header(lake: Lake) -> None:
    head, row = b"event_id,event_name,event_time,user_id\n", b"e-%d,page_view,2024-03-01T10:00:00Z,u\n"
    path = lake.file(head + row % 0 + (row % 1)[:9], "events.csv")
    assert ingest_while_growing(lake, path, (row % 1)[9:] + row % 2) == "incomplete"
    assert ingest_while_growing(lake, path, b"") == "new"
    assert [row["event_id"] for row in lake.rows()] == ["e-0", "e-1", "e-2"]


def test_a_growing_log_that_stood_still_is_finished_without_new_rows(lake: Lake) -> None:
    path = lake.file(jsonl(*events(3)))
    ingest_while_growing(lake, path, b"\n")
    assert ingest_while_growing(lake, path, b"") == "new"
    assert len(lake.rows()) == 3


@pytest.mark.parametrize("name", ["events.json", "events.jsonl.gz"])
def test_what_cannot_be_taken_in_parts_waits_until_it_is_whole(lake: Lake, name: str) -> None:
    whole = b"[" + b",".join(events(4)) + b"]" if name.endswith("json") else packed(jsonl(*events(4)), "gzip")
    path = lake.file(whole[:-20], name)
    assert ingest_while_growing(lake, path, whole[-20:]) == "incomplete"
    assert lake.objects("bronze", "rejected", "_queue", "_ledger") == []
    assert ingest_while_growing(lake, path, b"") == "new"
    assert len(lake.rows()) == 4
