"""marketing_spend_clean and marketing_spend_quarantine."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream_platform.schemas import TABLES
from clickstream_platform.transforms import marketing_spend_clean, marketing_spend_quarantine
from clickstream_platform_tests.transforms.rows import DAY, at, found, frame

KEY = ("spend_date", "channel", "source", "medium", "campaign")
SCHEMA = dict(TABLES["marketing_spend"].polars_schema())


def line(cost: str = "10.00", **fields: Any) -> dict[str, Any]:
    """A version of a line of spend as bronze has it."""
    told = {"spend_date": DAY, "channel": "Paid Search", "source": "google", "medium": "cpc", "campaign": "brand"}
    lineage = {"source_time": at("23:00"), "record_hash": 1, "source_id": "file-1", "source_line": 1}
    return {**told, "cost": Decimal(cost), **lineage, **fields}


def judged(*rows: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Clean and quarantined lines of a shop that counts in dollars."""
    spend = frame(list(rows), SCHEMA)
    clean = found(marketing_spend_clean(spend, currency="USD"), *KEY)
    return clean, found(marketing_spend_quarantine(spend, currency="USD"), *KEY)


def test_a_line_is_kept_with_what_the_advertiser_counted() -> None:
    (row,), refused = judged(line("12.34", impressions=900, clicks=0, currency="USD"))
    assert refused == []
    assert (row["cost"], row["impressions"], row["clicks"]) == (Decimal("12.34"), 900, 0)
    assert list(row) == [*KEY, "cost", "impressions", "clicks"]


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ({"updated_at": at("08:00")}, {"updated_at": at("09:00")}),
        ({"updated_at": at("08:00"), "source_time": at("23:30")}, {"updated_at": at("09:00")}),
        ({"updated_at": at("22:00")}, {"source_time": at("22:30")}),
        ({"source_id": "a"}, {"source_id": "b"}),
        ({"source_line": 1}, {"source_line": 2}),
    ],
)
def test_a_correction_replaces_the_line_whole(older: dict[str, Any], newer: dict[str, Any]) -> None:
    versions = [line("10.00", clicks=9, **older), line("8.00", **newer)]
    for rows in (versions, versions[::-1]):
        (row,), _ = judged(*rows)
        assert (row["cost"], row["clicks"]) == (Decimal("8.00"), None)


@pytest.mark.parametrize("name", KEY)
def test_what_differs_in_any_part_of_the_key_is_another_line(name: str) -> None:
    other = DAY + timedelta(days=1) if name == "spend_date" else "other"
    clean, _ = judged(line("1.00"), line("2.00", **{name: other}))
    assert sum(row["cost"] for row in clean) == Decimal("3.00")


def test_foreign_money_waits_in_quarantine() -> None:
    clean, (refused,) = judged(line(), line("40.00", campaign="abroad", currency="EUR"))
    assert [row["campaign"] for row in clean] == ["brand"]
    assert (refused["reason"], refused["currency"], refused["cost"]) == ("foreign_currency", "EUR", Decimal("40.00"))


def test_a_line_that_is_corrected_to_the_shops_money_leaves_quarantine() -> None:
    clean, refused = judged(
        line("40.00", currency="EUR", updated_at=at("08:00")), line("44.00", currency="USD", updated_at=at("09:00"))
    )
    assert [row["cost"] for row in clean] == [Decimal("44.00")]
    assert refused == []


lines = st.builds(
    line,
    cost=st.integers(0, 10**8).map(lambda cents: f"{cents // 100}.{cents % 100:02}"),
    spend_date=st.sampled_from([DAY, DAY + timedelta(days=1)]),
    campaign=st.sampled_from(["brand", "spring", "(not set)"]),
    currency=st.sampled_from([None, "USD", "EUR"]),
    updated_at=st.none() | st.sampled_from([at("08:00"), at("09:00")]),
    source_id=st.sampled_from(["a", "b"]),
)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(lines, min_size=1, max_size=25), data=st.data())
def test_every_line_is_clean_or_in_quarantine_or_superseded_whatever_the_order(
    rows: list[dict[str, Any]], data: st.DataObject
) -> None:
    rows = [{**row, "source_line": number} for number, row in enumerate(rows)]
    clean, refused = judged(*rows)
    keys = [tuple(row[name] for name in KEY) for row in (*clean, *refused)]
    assert len(keys) == len(set(keys))
    assert set(keys) == {tuple(row[name] for name in KEY) for row in rows}
    assert judged(*data.draw(st.permutations(rows))) == (clean, refused)
    # What a day says does not depend on which other days are read.
    assert judged(*(row for row in rows if row["spend_date"] == DAY))[0] == [
        row for row in clean if row["spend_date"] == DAY
    ]


def test_no_spend_is_an_empty_table_of_the_same_columns() -> None:
    empty = marketing_spend_clean(frame([], SCHEMA), currency="USD").to_native().collect()
    assert isinstance(empty, pl.DataFrame)
    assert empty.schema == TABLES["marketing_spend_clean"].polars_schema()
