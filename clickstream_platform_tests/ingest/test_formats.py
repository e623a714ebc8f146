"""JSON lines, JSON arrays and CSV, plain and compressed, from files, folders and globs."""

import io
import json

import pytest

from clickstream_platform_tests.contract.records import EVENT, ORDER
from clickstream_platform_tests.ingest.harness import Lake, events, jsonl, packed

CSV = b"event_id,event_name,event_time,user_id,value\ne-1,page_view,2024-03-01T10:00:00Z,u-1,1.25\n"


@pytest.mark.parametrize("how", ["plain", "gzip", "zstd"])
@pytest.mark.parametrize(
    "text",
    [
        jsonl(*events(3)),
        jsonl(*events(3)).rstrip(b"\n"),
        jsonl(*events(3)).replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + jsonl(*events(3)),
        b"\n\n" + b"\n \n".join(events(3)) + b"\n\n",
        b"[" + b",".join(events(3)) + b"]",
        b"\xef\xbb\xbf [\r\n" + b",\r\n".join(events(3)) + b"\r\n]\r\n",
        json.dumps([json.loads(event) for event in events(3)], indent=2).encode(),
    ],
    ids=["lines", "no-last-newline", "crlf", "bom", "blank-lines", "array", "array-bom-crlf", "array-indented"],
)
def test_every_packing_of_the_same_events_gives_the_same_rows(lake: Lake, text: bytes, how: str) -> None:
    report = lake.take(packed(text, how), "events.bin")
    assert (report.accepted, report.rejected) == (3, {})
    assert [row["event_id"] for row in lake.rows()] == ["e-0", "e-1", "e-2"]
    assert [row["source_line"] for row in lake.rows()] == [1, 2, 3]


@pytest.mark.parametrize("how", ["plain", "gzip", "zstd"])
@pytest.mark.parametrize("mark", [b",", b";", b"\t"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_csv_with_a_header(lake: Lake, mark: bytes, end: bytes, how: str) -> None:
    text = CSV.replace(b",", mark).replace(b"\n", end)
    lake.take(packed(b"\xef\xbb\xbf" + text, how), "events.csv")
    row = lake.row()
    assert (row["event_id"], str(row["value"])) == ("e-1", "1.25")


def test_csv_cells_may_be_quoted_and_span_lines(lake: Lake) -> None:
    lake.take(b'customer_id,name\nc-1,"Doe, ""Jane""\nof Kent"\nc-2,x\n', "customers.csv")
    assert [row["name"] for row in lake.rows("customers")] == ['Doe, "Jane"\nof Kent', "x"]


def test_csv_cells_of_json(lake: Lake) -> None:
    text = CSV.replace(b"value", b"items").replace(b"1.25", b'"[{""product_id"": ""p"", ""price"": 2.5}]"')
    lake.take(text, "events.csv")
    assert [item["product_id"] for item in lake.row()["items"]] == ["p"]


def test_many_members_of_gzip_and_padding_behind_them(lake: Lake) -> None:
    data = b"".join(packed(jsonl(record), "gzip") for record in events(3)) + b"\x00" * 512
    assert lake.take(data, "events.jsonl.gz").accepted == 3


def test_many_frames_of_zstd(lake: Lake) -> None:
    data = b"".join(packed(jsonl(record), "zstd") for record in events(3))
    assert lake.take(data, "events.jsonl.zst").accepted == 3


def test_the_content_counts_and_not_the_name(lake: Lake) -> None:
    assert lake.take(packed(jsonl(*events(2)), "gzip"), "events.jsonl").accepted == 2
    assert lake.take(CSV, "events.json").accepted == 1


def test_records_longer_than_a_chunk_boundary_are_whole(lake: Lake) -> None:
    wide = events(40, region="r" * 1000, properties={"note": "x" * 90_000})
    assert lake.take(jsonl(*wide)).accepted == 40
    assert lake.take(b"[" + b",".join(wide) + b"]", "events.json").accepted == 40


def test_a_folder_is_searched_and_each_file_taken_for_what_its_place_says(lake: Lake) -> None:
    lake.file(jsonl(*events(2)), "landing/events/a.jsonl")
    lake.file(b"customer_id\nc-1\n", "landing/customers/2024/x.csv")
    lake.file(json.dumps([{"product_id": "p"}]).encode(), "landing/products/x.json")
    lake.file(jsonl(json.dumps(ORDER).encode()), "landing/orders/x.ndjson")
    lake.file(b"date,channel,cost\n2024-03-01,Display,9.50\n", "landing/marketing_spend/x.csv")
    lake.file(b"x", "landing/events/.hidden.jsonl")
    lake.file(b"x", "landing/events/_SUCCESS")
    lake.file(b"x", "landing/events/readme.md")
    summary = lake.ingest(lake.inbox)
    assert {(source.dataset, source.accepted) for source in summary.sources} == {
        ("events", 2),
        ("customers", 1),
        ("products", 1),
        ("orders", 1),
        ("marketing_spend", 1),
    }


def test_names_tell_the_dataset_too(lake: Lake) -> None:
    lake.file(b"customer_id\nc-1\n", "customers-2024.csv")
    lake.file(jsonl(*events(1)), "event_log.jsonl")
    assert {source.dataset for source in lake.ingest(lake.inbox).sources} == {"customers", "events"}


def test_a_glob_and_its_files_named_again_are_taken_once(lake: Lake) -> None:
    first = lake.file(jsonl(*events(1)), "events/a.jsonl")
    lake.file(jsonl(*events(2)), "events/b.jsonl")
    summary = lake.ingest(str(lake.inbox / "**" / "*.jsonl"), first)
    assert [source.accepted for source in summary.sources] == [1, 2]


def test_stdin_is_read_as_any_file(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(packed(jsonl(*events(3)), "gzip")))
    monkeypatch.setattr("sys.stdin", stdin)
    summary = lake.ingest("-")
    assert (summary.accepted, summary.sources[0].source) == (3, "-")
    assert lake.staged() == []


def test_files_in_parallel_give_the_same_as_one_by_one(lake: Lake) -> None:
    for number in range(5):
        lake.file(jsonl(*events(20 + number)), f"events-{number}.jsonl")
    summary = lake.ingest(lake.inbox, processes=2)
    assert [source.accepted for source in summary.sources] == [20, 21, 22, 23, 24]
    assert len(lake.rows()) == 110


def test_a_file_that_does_not_tell_its_dataset_fails_with_the_remedy(lake: Lake) -> None:
    report = lake.ingest(lake.file(jsonl(json.dumps(EVENT).encode()), "data.jsonl")).sources[0]
    assert report.status == "failed"
    assert "--dataset" in (report.error or "")
