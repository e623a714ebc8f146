"""Figures of a table: exact, whatever the order of rows, and another as soon as a value is."""

import tempfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream_platform.lake import Lake
from clickstream_platform.lake.figures import Figures, table_figures
from clickstream_platform.schemas import TABLES
from clickstream_platform_tests.lib.checks.shop import rows

DAY, NEXT = date(2024, 3, 1), date(2024, 3, 2)
money = st.decimals(-(10**15), 10**15, places=2)
sessions = st.lists(
    st.fixed_dictionaries(
        {
            "session_id": st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
            "session_date": st.sampled_from([DAY, NEXT]),
            "revenue": money,
            "events": st.integers(-(2**63), 2**63 - 1),
            "duration_seconds": st.floats(-1e9, 1e9),
        }
    ),
    max_size=12,
)


def figures(records: list[dict[str, Any]], parts: int = 1) -> dict[date | None, Figures]:
    with tempfile.TemporaryDirectory() as folder:
        for number in range(parts):
            frame = rows("sessions", records[number::parts])
            for (day,), some in frame.group_by("session_date"):
                path = Path(folder, f"silver/sessions/year={day:%Y}/month={day:%m}/day={day:%d}/{number}.parquet")  # type: ignore[str-bytes-safe]
                path.parent.mkdir(parents=True, exist_ok=True)
                some.write_parquet(path)
        return table_figures(Lake(folder), "sessions", [DAY, NEXT])


@settings(deadline=None, max_examples=40)
@given(sessions, st.randoms(use_true_random=False))
def test_order_and_objects_do_not_matter_and_sums_are_exact(records: list[dict[str, Any]], random: Any) -> None:
    found = figures(records)
    shuffled = random.sample(records, len(records))
    assert figures(shuffled, parts=3) == found
    for day in {one["session_date"] for one in records}:
        own = [one for one in records if one["session_date"] == day]
        assert found[day]["rows"] == len(own)
        assert found[day]["keys"] == len({one["session_id"] for one in own})
        assert found[day]["sum(revenue)"] == sum((one["revenue"] for one in own), Decimal(0))
        assert found[day]["sum(events)"] == sum(one["events"] for one in own)


@settings(deadline=None, max_examples=40)
@given(sessions.filter(bool), st.data())
def test_any_other_value_shows_in_the_content(records: list[dict[str, Any]], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(records) - 1))
    name, other = data.draw(
        st.one_of(
            st.tuples(st.just("session_id"), st.text(st.characters(exclude_categories=["Cs"]), max_size=5)),
            st.tuples(st.just("revenue"), money),
            st.tuples(st.just("campaign"), st.just("x")),
            st.tuples(st.just("duration_seconds"), st.floats(-1e9, 1e9)),
        )
    )
    changed = [*records[:place], {**records[place], name: other}, *records[place + 1 :]]
    day = records[place]["session_date"]
    is_same = (records[place].get(name) or 0) == (other or 0) if name != "session_id" else records[place][name] == other
    assert (figures(changed)[day]["content"] == figures(records)[day]["content"]) == is_same


def test_values_that_change_places_show_in_the_content_alone() -> None:
    one = {"session_id": "a", "session_date": DAY, "events": 1, "page_views": 2}
    two = {"session_id": "b", "session_date": DAY, "events": 3, "page_views": 4}
    across_rows = [{**one, "events": 3}, {**two, "events": 1}]
    within_rows = [{**one, "channel": "x", "source": "y"}, two]
    back = [{**one, "channel": "y", "source": "x"}, two]
    for before, after in (([one, two], across_rows), (within_rows, back)):
        then, now = figures(before)[DAY], figures(after)[DAY]
        assert {name for name in then if then[name] != now[name]} == {"content"}


def test_zeros_are_one_and_where_a_row_came_from_does_not_matter(tmp_path: Path) -> None:
    one = {"session_id": "a", "session_date": DAY}
    assert figures([{**one, "duration_seconds": 0.0}]) == figures([{**one, "duration_seconds": -0.0}])
    lake, quarantined = Lake(str(tmp_path)), {"event_id": "e", "event_date": DAY}
    found = []
    for source in ("one file", "another"):
        lake.replace(
            "events_quarantine", rows("events_quarantine", [{**quarantined, "source_id": source}]).lazy(), [DAY]
        )
        found.append(table_figures(lake, "events_quarantine", [DAY]))
    assert found[0] == found[1]


def test_an_unpartitioned_table_without_objects_has_figures_of_nothing(tmp_path: Path) -> None:
    found = table_figures(Lake(str(tmp_path)), "customer_lifetime_value", [])
    assert set(found) == {None} and set(found[None].values()) == {0}
    assert table_figures(Lake(str(tmp_path)), "sessions", [DAY]) == {}
    kinds = TABLES["customer_lifetime_value"].polars_schema().items()
    assert {f"sum({name})" for name, kind in kinds if isinstance(kind, pl.Decimal)} <= set(found[None])
