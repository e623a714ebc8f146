"""Records of a person are taken out of files of any format, and no others."""

import csv
import gzip
import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clickstream_platform.ingest.ledger import Ledger
from clickstream_platform.ingest.local_store import LocalStore
from clickstream_platform.ingest.summary import SourceReport
from clickstream_platform.lib.erasure.originals import Looked, Taken, Unsearchable, look_into, take_out
from clickstream_platform.lib.erasure.person import Person

Record = dict[str, str]


def jsonl(records: list[Record], **choices: Any) -> bytes:
    return b"".join(json.dumps(one, **choices).encode() + b"\n" for one in records)


def seams(records: list[Record]) -> bytes:
    return b"".join(json.dumps(one).encode() for one in records)


def array(records: list[Record]) -> bytes:
    return json.dumps(records, indent=1).encode()


def table(separator: str) -> Callable[[list[Record]], bytes]:
    def write(records: list[Record]) -> bytes:
        text = io.StringIO()
        writer = csv.DictWriter(text, ["event_id", "user_id", "anonymous_id", "note"], delimiter=separator)
        writer.writeheader()
        writer.writerows(records)
        return text.getvalue().encode()

    return write


def read_table(data: bytes, separator: str) -> list[Record]:
    rows = csv.DictReader(io.StringIO(data.decode()), delimiter=separator)
    return [{name: value for name, value in row.items() if value} for row in rows]


def read_many(data: bytes) -> list[Record]:
    decoder, text, found = json.JSONDecoder(), data.decode().lstrip(), []
    while text:
        one, end = decoder.raw_decode(text)
        found.append(one)
        text = text[end:].lstrip()
    return found


FORMATS: dict[str, tuple[str, Callable[[list[Record]], bytes], Callable[[bytes], list[Record]]]] = {
    "lines": ("landing/events/a.jsonl", jsonl, read_many),
    "unescaped": ("landing/events/a.jsonl", lambda records: jsonl(records, ensure_ascii=False), read_many),
    "array": ("raw/landing/events/year=2024/month=03/day=01/a.json", array, json.loads),
    "commas": ("landing/events/a.csv", table(","), lambda data: read_table(data, ",")),
    "semicolons": ("landing/events/a.csv", table(";"), lambda data: read_table(data, ";")),
    "delivered": ("raw/year=2024/month=03/day=01/a", jsonl, read_many),
    "seams": ("raw/year=2024/month=03/day=01/a", seams, read_many),
    "indented": ("raw/year=2024/month=03/day=01/a", lambda records: jsonl(records, indent=2), read_many),
}
PACKED: dict[str, tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]] = {
    "plain": (bytes, bytes),
    "gzip": (gzip.compress, gzip.decompress),
    "zstd": (zstandard.compress, lambda data: zstandard.ZstdDecompressor().stream_reader(data).read()),
}

# Blanks around an id are taken off in CSV, and control characters have no place in it.
texts = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=40)
ids = st.one_of(texts, st.sampled_from(["17", "u-1", 'a"b', "50%", "it's\\", "é", "x" * 300])).map(str.strip)


@st.composite
def people_and_records(draw: st.DrawFn) -> tuple[str, list[Record]]:
    who = draw(ids.filter(bool))
    others = st.one_of(ids.filter(bool), st.just(who + "0"), st.just("0" + who)).filter(lambda name: name != who)
    record = st.fixed_dictionaries(
        {"event_id": st.uuids().map(str)},
        optional={
            "user_id": st.one_of(st.just(who), others),
            "note": st.one_of(texts.map(str.strip).filter(bool), st.just(who)),
        },
    )
    records = draw(st.lists(record, max_size=8))
    return who, [one if "user_id" in one else {**one, "anonymous_id": draw(others)} for one in records]


@pytest.mark.parametrize("form", FORMATS)
@settings(deadline=None)
@given(people_and_records(), st.sampled_from(sorted(PACKED)))
@example(("u", [{"event_id": "1", "user_id": "u"}]), "gzip")
@example(("é☃", [{"event_id": "1", "user_id": "é☃"}, {"event_id": "2", "user_id": "e"}]), "zstd")
def test_what_is_left_are_the_records_of_others(form: str, given: tuple[str, list[Record]], packing: str) -> None:
    who, records = given
    path, write, read = FORMATS[form]
    pack, unpack = PACKED[packing]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, path)
        file.parent.mkdir(parents=True)
        file.write_bytes(pack(write(records)))
        before = file.read_bytes()
        store, person = LocalStore(Path(folder)), Person(frozenset([who]))
        theirs = [one for one in records if one.get("user_id") == who]
        rest = [one for one in records if one not in theirs]
        assert look_into(store, path, person) == Looked(len(theirs))
        assert take_out(store, path, person) == Taken(len(theirs), len(rest) if theirs else 0)
        if not theirs:
            assert file.read_bytes() == before
        elif rest:
            assert read(unpack(file.read_bytes())) == rest
            assert look_into(store, path, person) == Looked(0)
        else:
            assert not file.exists()
        assert list(Path(folder, "_staging/ingest").iterdir()) == []


def test_a_rewritten_file_is_known_to_the_ledger_under_its_new_bytes(tmp_path: Path) -> None:
    from clickstream_platform.ingest.identity import source_id

    store, path = LocalStore(tmp_path), "landing/events/a.jsonl"
    file = tmp_path / path
    file.parent.mkdir(parents=True)
    file.write_bytes(jsonl([{"event_id": "1", "user_id": "ann"}, {"event_id": "2", "user_id": "bob"}]))
    old, ledger = source_id(file), Ledger(store, "events")
    ledger.end(SourceReport(path, "events", "new", old, objects=[f"bronze/events/{old}-00000.parquet"]))
    assert take_out(store, path, Person(frozenset(["ann"]))) == Taken(1, 1)
    entry = ledger.entry(source_id(file))
    assert entry is not None
    assert entry["objects"] == [f"bronze/events/{old}-00000.parquet", f"rejected/events/{old}.parquet"]
    assert ledger.knows(old)


def test_records_of_other_formats_are_told_by_their_values(tmp_path: Path) -> None:
    store, path = LocalStore(tmp_path), "landing/events/export.csv"
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_text("visitor,what,price\nann,view,5\nbob,view,ann's\nbob,view,6\n")
    assert take_out(store, path, Person(frozenset(["ann"]))) == Taken(1, 2)
    assert (tmp_path / path).read_text() == "visitor,what,price\nbob,view,ann's\nbob,view,6\n"


def test_an_address_is_theirs_however_it_is_written_unless_somebody_else_is_signed_in(tmp_path: Path) -> None:
    store, path = LocalStore(tmp_path), "raw/year=2024/month=03/day=01/a"
    (tmp_path / path).parent.mkdir(parents=True)
    records = [{"anonymous_id": "b", "email": " ANN@Shop.com"}, {"user_id": "bob", "email": "ann@shop.com"}]
    torn = b'{"anonymous_id": "b", "email": "Ann@shop.com\n{"anonymous_id": "b", "email": "joann@shop.com\n'
    (tmp_path / path).write_bytes(jsonl(records) + torn)
    assert take_out(store, path, Person(frozenset(["ann"]), frozenset(["ann@shop.com"]))) == Taken(2, 2)
    assert b"joann@" in (tmp_path / path).read_bytes()


def test_addresses_are_learnt_from_the_records_of_the_person(tmp_path: Path) -> None:
    store, path = LocalStore(tmp_path), "raw/year=2024/month=03/day=01/a"
    (tmp_path / path).parent.mkdir(parents=True)
    records = [
        {"user_id": "ann", "email": "Ann@shop.com"},
        {"user_id": "bob", "anonymous_id": "ann", "email": "bob@shop.com"},
    ]
    (tmp_path / path).write_bytes(jsonl(records))
    assert look_into(store, path, Person(frozenset(["ann"]))) == Looked(2, frozenset(["ann@shop.com"]))


def test_text_of_another_encoding_goes_as_a_whole_when_it_names_the_person(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    (tmp_path / "landing/events").mkdir(parents=True)
    for name, encoding, who in (("a", "utf-16", "ann"), ("b", "utf-16", "bob")):
        (tmp_path / f"landing/events/{name}").write_bytes(f'{{"user_id": "{who}"}}\n'.encode(encoding))
        assert take_out(store, f"landing/events/{name}", Person(frozenset(["ann"]))).removed == (who == "ann")
    assert [path.name for path in (tmp_path / "landing/events").iterdir()] == ["b"]


def test_what_cannot_be_looked_into_is_said(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    (tmp_path / "landing/events").mkdir(parents=True)
    (tmp_path / "landing/events/a.zip").write_bytes(b"PK\x03\x04 and so on")
    with pytest.raises(Unsearchable, match="is a ZIP archive"):
        look_into(store, "landing/events/a.zip", Person(frozenset(["ann"])))
    assert take_out(store, "landing/events/gone", Person(frozenset(["ann"]))) == Taken(0, 0)


def test_a_file_of_many_chunks_is_searched_over_their_borders(tmp_path: Path) -> None:
    """Chunks have a mebibyte: the id lies across the border of two."""
    store, who = LocalStore(tmp_path), "somebody-with-a-long-name"
    (tmp_path / "landing/events").mkdir(parents=True)
    line = json.dumps({"user_id": who}).encode()
    for shift in range(0, len(line), 5):
        filler = b'{"user_id": "bob", "note": "' + b"x" * ((1 << 20) - 31 - shift) + b'"}\n'
        (tmp_path / "landing/events/a.jsonl").write_bytes(filler + line + b"\n")
        assert look_into(store, "landing/events/a.jsonl", Person(frozenset([who]))).records == 1
