"""Whatever a file holds, ingest does not raise, and every record is accepted or refused."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clickstream_platform.contract import DATASETS
from clickstream_platform_tests.contract.records import RECORDS, record
from clickstream_platform_tests.ingest.harness import Lake, events, packed

PIECES = st.one_of(
    st.binary(max_size=30),
    st.sampled_from(
        [
            *events(2),
            b"\n",
            b"\r\n",
            b"[",
            b"]",
            b"{",
            b"}",
            b'"',
            b",",
            b"\\",
            b"\x00",
            b"\xef\xbb\xbf",
            b"\xff\xfe",
            b"\xff",
            b"\r",
            b"event_id,event_name\n",
            b"order_id,customer_id\n",
        ]
    ),
)


@pytest.mark.parametrize("dataset", DATASETS)
@settings(max_examples=40, deadline=None)
@given(pieces=st.lists(PIECES, max_size=12), how=st.sampled_from(["plain", "gzip", "zstd"]), cut=st.integers(0, 9))
@example(pieces=[b"\x00", b"\r", b"\x00"], how="plain", cut=0)
def test_any_bytes_as_a_file_are_accounted_for(dataset: str, pieces: list[bytes], how: str, cut: int) -> None:
    data = packed(b"".join(pieces), how)
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder))
        report = lake.take(data[: len(data) - cut], f"{dataset}.x")
        assert report.status in ("new", "failed")
        assert lake.staged() == []


@pytest.mark.parametrize("form", ["lines", "array", "csv"])
@settings(max_examples=25, deadline=None)
@given(picks=st.lists(st.sampled_from(["good", "unknown", "negative", "late"]), min_size=1, max_size=30))
def test_each_record_ends_once_in_bronze_or_among_the_rejected(form: str, picks: list[str]) -> None:
    damage: dict[str, dict[str, Any]] = {
        "good": {},
        "unknown": {"status": "x"},
        "negative": {"quantity": -1},
        "late": {"order_time": "2099-01-01T00:00:00Z"},
    }
    lines = [record("orders", order_id=f"o-{n}", **damage[pick]) for n, pick in enumerate(picks)]
    if form == "csv":
        names = list(RECORDS["orders"])
        rows = [{**RECORDS["orders"], "order_id": f"o-{n}", **damage[pick]} for n, pick in enumerate(picks)]
        data = "\n".join([",".join(names), *(",".join(str(row[name]) for name in names) for row in rows)]).encode()
    else:
        data = b"\n".join(lines) if form == "lines" else b"[" + b",\n".join(lines) + b"]"
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder))
        lake.take(data, "orders.x")
        kept = {row["source_line"]: row["order_id"] for row in lake.rows("orders")}
        refused = {row["line"]: row["reason"] for row in lake.rejected("orders")}
    assert kept == {n + 1: f"o-{n}" for n, pick in enumerate(picks) if pick == "good"}
    reasons = {"unknown": "unknown_status", "negative": "negative_amount", "late": "event_time_out_of_range"}
    assert refused == {n + 1: reasons[pick] for n, pick in enumerate(picks) if pick != "good"}
