"""What bad input gets: a reason, with every good record kept."""

import gzip
import random
from typing import Any

import pytest

from clickstream_platform_tests.contract.records import event
from clickstream_platform_tests.ingest.harness import Lake, events, jsonl, packed

HEADER = b"order_id,customer_id,product_id,quantity,unit_price,total_amount,status,order_time\n"
ORDER = b"o-1,c-1,p-1,1,2.50,2.50,completed,2024-03-01T10:00:00Z\n"


def test_bad_lines_between_good_ones_are_refused_with_their_place(lake: Lake) -> None:
    bad = [
        b"{not json",
        b"[1]",
        event(event_name="x"),
        b"\xff\xfe",
        event(value=-1),
        event(event_time="1970-01-01T00:00:00Z"),
    ]
    good = events(len(bad))
    report = lake.take(jsonl(*(line for pair in zip(good, bad, strict=True) for line in pair)))
    assert report.accepted == 6
    assert [(row["line"], row["reason"], row["field"]) for row in lake.rejected()] == [
        (2, "malformed_json", None),
        (4, "not_an_object", None),
        (6, "unknown_event", "event_name"),
        (8, "invalid_encoding", None),
        (10, "negative_amount", "value"),
        (12, "event_time_out_of_range", "event_time"),
    ]
    assert all(row["detail"] and row["source"].endswith("events.jsonl") for row in lake.rejected())


def test_an_event_too_far_in_the_future_is_refused(lake: Lake) -> None:
    assert lake.take(event(event_time="2099-01-01T00:00:00Z")).rejected == {"event_time_out_of_range": 1}


def test_nan_amounts_are_refused_in_json_and_in_csv(lake: Lake) -> None:
    assert lake.take(event(value=float("nan"))).rejected == {"malformed_json": 1}
    rows = HEADER + ORDER.replace(b"2.50,2.50", b"NaN,2.50") + ORDER.replace(b"2.50,2.50", b"2.50,-2.50") + ORDER
    report = lake.take(rows, "orders.csv")
    assert (report.accepted, report.rejected) == (1, {"invalid_value": 1, "negative_amount": 1})


def test_duplicate_ids_are_all_kept_for_silver_to_tell_apart(lake: Lake) -> None:
    assert lake.take(jsonl(event(), event(), event(value=1))).accepted == 3


@pytest.mark.parametrize(
    "data", [b"", b"\n\n", b"\xef\xbb\xbf", b" \r\n", gzip.compress(b"", mtime=0), b"[]", b"[ ]\n"]
)
def test_an_empty_file_is_fine_and_known_afterwards(lake: Lake, data: bytes) -> None:
    report = lake.take(data)
    assert (report.status, report.rows_read) == ("new", 0)
    assert lake.take(data).status == "already_ingested"


def test_a_csv_of_a_header_alone_has_no_records(lake: Lake) -> None:
    assert lake.take(HEADER, "orders.csv").rows_read == 0


@pytest.mark.parametrize("how", ["gzip", "zstd"])
def test_a_truncated_archive_gives_all_records_before_the_break(lake: Lake, how: str) -> None:
    noise = random.Random(1)
    records = [event(event_id=f"e-{n}", user_id=noise.randbytes(40).hex()) for n in range(20_000)]
    data = packed(jsonl(*records), how)
    report = lake.take(data[: len(data) * 2 // 3], "events.jsonl.x")
    assert 5_000 < report.accepted < 20_000
    assert report.rejected == {"truncated_input": 1}
    assert [row["event_id"] for row in lake.rows()] == [f"e-{n}" for n in range(report.accepted)]
    assert how in lake.rejected()[0]["detail"]


@pytest.mark.parametrize("how", ["gzip", "zstd"])
def test_a_damaged_archive_is_no_crash(lake: Lake, how: str) -> None:
    data = bytearray(packed(jsonl(*events(2000)), how))
    data[len(data) // 2 : len(data) // 2 + 20] = b"\x00" * 20
    assert lake.take(bytes(data), "events.jsonl.x").rejected.get("truncated_input", 0) <= 1


def test_an_array_that_breaks_off_keeps_its_whole_elements(lake: Lake) -> None:
    text = b"[" + b",".join(events(3))
    report = lake.take(text[:-5], "events.json")
    assert (report.accepted, report.rejected) == (2, {"truncated_input": 1})


def test_bad_elements_of_an_array_are_refused_one_by_one(lake: Lake) -> None:
    good = events(3)
    text = (
        b"[\n" + b",\n".join([good[0], b"17", b'{"open": "quote}', good[1], b"[]", b'"text"', good[2]]) + b"\n]\nrest"
    )
    report = lake.take(text, "events.json")
    assert [row["event_id"] for row in lake.rows()] == ["e-0", "e-1", "e-2"]
    assert report.rejected == {"not_an_object": 3, "malformed_json": 2}


@pytest.mark.parametrize("form", ["lines", "array", "csv"])
def test_a_line_of_ten_megabytes_is_too_large_and_the_rest_is_read(lake: Lake, form: str) -> None:
    huge, good = event(event_id="huge", region="x" * 10_000_000), events(2)
    if form == "csv":
        head = b"event_id,event_name,event_time,user_id,region\n"
        line = b"e-%d,page_view,2024-03-01T10:00:00Z,u,r\n"
        data = head + line % 0 + (line % 9).replace(b",r\n", b"," + b"x" * 10_000_000 + b"\n") + line % 1
    elif form == "lines":
        data = jsonl(good[0], huge, good[1])
    else:
        data = b"[" + b",".join((good[0], huge, good[1])) + b"]"
    report = lake.take(data, f"events.{form}")
    assert (report.accepted, report.rejected) == (2, {"too_large": 1})
    (refused,) = lake.rejected()
    assert refused["record_bytes"] > 10_000_000
    assert len(refused["record"]) <= 8192


def test_the_limit_holds_within_one_chunk_too(lake: Lake) -> None:
    wide = events(3, region="x" * 1000)
    csv = b"event_id,event_name,event_time,user_id,region\ne,page_view,2024-03-01T10:00:00Z,u," + b"x" * 1000 + b"\n"
    assert lake.take(jsonl(*wide), max_record_bytes=1024).rejected == {"too_large": 3}
    assert lake.take(csv, "events.csv", max_record_bytes=1024).rejected == {"too_large": 1}


def test_mixed_encodings_refuse_only_their_own_records(lake: Lake) -> None:
    latin = "customer_id,name\nc-1,J\u00fcrgen\n".encode("latin-1") + "c-2,J\u00fcrgen\n".encode()
    report = lake.take(latin, "customers.csv")
    assert report.rejected == {"invalid_encoding": 1}
    assert [row["name"] for row in lake.rows("customers")] == ["J\u00fcrgen"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_utf_16_is_named_as_such(lake: Lake, encoding: str) -> None:
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    report = lake.take(mark + jsonl(*events(3)).decode().encode(encoding))
    assert report.accepted == 0
    assert report.rejected == {"invalid_encoding": 3}
    assert "UTF-16" in lake.rejected()[0]["detail"]


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        (b"o-2,c-1,p-1,1,2.50,2.50,completed\n", "7 cells; the header has 8"),
        (ORDER.rstrip() + b",more\n", "9 cells; the header has 8"),
        (b'"o-2,c-1,p-1,1,2.50,2.50,completed,2024-03-01T10:00:00Z\n', "not CSV"),
        (b'o-"2",c-1,"p"x,1,2.50,2.50,completed,2024-03-01T10:00:00Z\n', "not CSV"),
    ],
    ids=["missing-cell", "extra-cell", "open-quote", "stray-quote"],
)
def test_a_csv_line_of_another_shape_loses_only_itself(lake: Lake, line: bytes, detail: str) -> None:
    report = lake.take(HEADER + ORDER + line + ORDER * 3, "orders.csv")
    assert (report.accepted, report.rejected) == (4, {"wrong_column_count": 1})
    assert detail in lake.rejected("orders")[0]["detail"]


@pytest.mark.parametrize(
    ("header", "line", "counts", "note"),
    [
        (b"customer_id,name,shoe_size\n", b"c-1,x,43\n", (1, {}), "ignored: 'shoe_size'"),
        (b"name,email\n", b"x,y\n", (0, {"missing_field": 1}), "no column customer_id"),
        (b"customer_id,name,name\n", b"c-1,x,y\n", (1, {}), "'name' more than once"),
    ],
    ids=["extra", "missing", "twice"],
)
def test_columns_that_are_extra_missing_or_twice_are_said(
    lake: Lake, header: bytes, line: bytes, counts: tuple[int, dict[str, int]], note: str
) -> None:
    report = lake.take(header + line, "customers.csv")
    assert (report.accepted, report.rejected) == counts
    assert note in " ".join(report.notes)


@pytest.mark.parametrize(
    ("magic", "said"),
    [(b"PAR1....", "Parquet"), (b"PK\x03\x04....", "ZIP"), (b"BZh91AY", "bzip2"), (b"\xfd7zXZ\x00..", "xz")],
)
def test_files_of_other_kinds_fail_with_their_name(lake: Lake, magic: bytes, said: str) -> None:
    report = lake.take(magic)
    assert report.status == "failed"
    assert said in (report.error or "")


def test_one_failing_source_does_not_stop_the_others(lake: Lake) -> None:
    lake.file(b"PAR1....", "events-1.jsonl")
    lake.file(jsonl(*events(2)), "events-2.jsonl")
    summary = lake.ingest(lake.inbox, lake.inbox / "events-none.jsonl")
    assert [source.status for source in summary.sources] == ["failed", "new", "failed"]
    assert summary.accepted == 2


def test_a_source_that_is_a_device_fails(lake: Lake) -> None:
    report = lake.ingest("/dev/null", dataset="events").sources[0]
    assert (report.status, report.error) == ("failed", "is no regular file")


def test_values_of_every_shape_in_one_file(lake: Lake) -> None:
    values: list[Any] = [None, 0, -0.0, 1e-9, 99_999_999_999.99, 1e300, "1", [], {}, True]
    report = lake.take(jsonl(*(event(event_id=str(n), value=value) for n, value in enumerate(values))))
    assert report.accepted == 5
    assert report.rejected == {"invalid_value": 1, "wrong_type": 4}
    assert str(lake.rows()[-1]["value"]) == "99999999999.99"
