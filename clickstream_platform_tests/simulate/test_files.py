"""The files as such, read without any of the platform's code."""

import csv
import hashlib
import io
import json
from datetime import date, datetime
from pathlib import Path

import pytest

from clickstream_platform.simulate import simulate
from clickstream_platform_tests.simulate.conftest import content, tree

DAYS, SHOPPERS, DIRT = 8, 400, 0.1


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files") / "out"
    simulate(folder, DAYS, SHOPPERS, 7, DIRT)
    return folder


def digest(folder: Path) -> str:
    return hashlib.sha256(repr(sorted(tree(folder).items())).encode()).hexdigest()


def test_same_arguments_same_bytes(out: Path, tmp_path: Path) -> None:
    simulate(tmp_path / "again", DAYS, SHOPPERS, 7, DIRT)

    assert digest(tmp_path / "again") == digest(out)


@pytest.mark.parametrize("other", [(1, 401, 7, DIRT), (1, SHOPPERS, 8, DIRT), (1, SHOPPERS, 7, 0.0)])
def test_other_arguments_other_events(out: Path, tmp_path: Path, other: tuple[int, int, int, float]) -> None:
    simulate(tmp_path / "other", *other)

    first = "landing/events/2024-03-01.jsonl"
    assert tree(tmp_path / "other")[first] != tree(out)[first]


def test_a_longer_run_begins_with_the_same_days(out: Path, tmp_path: Path) -> None:
    simulate(tmp_path / "longer", DAYS + 1, SHOPPERS, 7, DIRT)

    first = "landing/events/2024-03-01.jsonl"
    assert tree(tmp_path / "longer")[first] == tree(out)[first]


def test_compression_changes_nothing_but_the_wrapping(out: Path, tmp_path: Path) -> None:
    simulate(tmp_path / "plain", DAYS, SHOPPERS, 7, DIRT, compress="none")

    plain, mixed = (sorted((each / "landing" / "events").iterdir()) for each in (tmp_path / "plain", out))
    assert {path.suffix for path in plain} == {".jsonl"}
    assert {path.suffix for path in mixed} == {".jsonl", ".gz", ".zst"}
    assert [content(path) for path in plain] == [content(path) for path in mixed]
    assert tree(tmp_path / "plain" / "truth") == tree(out / "truth")


def test_files_come_when_their_day_is_over(out: Path) -> None:
    for path in (out / "landing").rglob("2024-03-02.*"):
        assert datetime.fromtimestamp(path.stat().st_mtime).astimezone().timestamp() == 1_709_424_300  # 00:05 next day


@pytest.mark.parametrize("dataset", ["events", "products", "orders", "customers", "marketing_spend"])
def test_counts_state_the_records_of_every_file(out: Path, dataset: str) -> None:
    stated = json.loads((out / "truth" / "counts.json").read_text())[dataset]["files"]

    found = {}
    for path in (out / "landing" / dataset).iterdir():
        lines = content(path).count(b"\n") - (dataset in ("orders", "customers", "marketing_spend"))
        if lines:
            found[path.name[:10]] = lines

    assert found == {name: counts["records"] for name, counts in stated.items() if counts.get("records")}
    for counts in stated.values():
        assert counts["records"] == counts.get("accepted", 0) + sum(counts.get("rejected", {}).values())


@pytest.mark.parametrize("rate", [0.02, 0.1, 0.5])
def test_malformed_records_are_the_dirty_rates_share_of_all(tmp_path: Path, rate: float) -> None:
    counts = simulate(tmp_path / "out", 2, 2_000, 2, rate).counts

    for dataset in ("events", "orders", "customers"):
        total = counts[dataset]["total"]  # type: ignore[index]
        rejected = sum(total["rejected"].values())
        # A fraction of a record is rounded by chance, once a day, and for events once more for the kiosk's.
        assert rejected == pytest.approx(rate * total["records"], abs=3)
        assert total["accepted"] + rejected == total["records"]


def test_customers_come_as_csv_at_times_from_a_spreadsheet(out: Path) -> None:
    plain, spreadsheet = (content(out / "landing" / "customers" / f"2024-03-0{day}.csv") for day in (1, 4))

    assert spreadsheet.startswith(b"\xef\xbb\xbfcustomer_id,")
    assert spreadsheet.count(b"\r\n") == spreadsheet.count(b"\n") > 1
    assert b"\r" not in plain
    rows = list(csv.DictReader(io.StringIO(plain.decode())))
    assert {"email", "phone", "country", "signup_date"} < rows[0].keys()


def test_events_of_other_days_are_in_a_days_file(out: Path) -> None:
    """Late ones, and none from the future: what happened after midnight comes in the next file."""
    day = date(2024, 3, 6)
    lines = content(out / "landing" / "events" / "2024-03-06.jsonl.gz").splitlines()

    days = set()
    for line in lines:
        try:
            event = json.loads(line)
            if event["anonymous_id"].startswith("a") and len(event["anonymous_id"]) == 17:
                days.add(date.fromisoformat(event["event_time"][:10]))
        except (ValueError, TypeError, KeyError, AttributeError):
            continue

    assert day in days
    assert min(days) < day
    assert max(days) == day
