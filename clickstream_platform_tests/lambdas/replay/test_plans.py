"""Plans and their messages: each event once, in order, and within what SQS takes."""

import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream_platform.ingest import IngestOptions, ingest_sources
from clickstream_platform.ingest.store import open_lake_store
from clickstream_platform.lambdas.replay.plans import Plan, keep_plan, plan_of, read_plan
from clickstream_platform.lambdas.replay.selection import select
from clickstream_platform.realtime.replay_request import Days, ReplayRequest
from clickstream_platform.simulate import simulate
from clickstream_platform_tests.lambdas.stream import event

pointers = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 10_000), st.text(min_size=1, max_size=256)), max_size=300
)


@settings(deadline=None)
@given(pointers, st.integers(1, 500))
def test_messages_have_every_event_once_and_in_order(events: list[tuple[str, int, str]], most: int) -> None:
    columns = [list(column) for column in zip(*events, strict=True)] or [[], [], []]
    messages = Plan(plan_of(*columns), 0).messages(most)
    unpacked = [
        (message.object, row, name)
        for message in messages
        for row, name in zip(message.rows, message.event_ids, strict=True)
    ]
    assert unpacked == events
    assert all(1 <= len(message.rows) <= most for message in messages)


def test_messages_of_the_longest_ids_fit_into_sqs() -> None:
    ids = ["\N{GRINNING FACE}" * 256] * 1000
    (first, *_) = Plan(plan_of(["x"] * 1000, list(range(1000)), ids), 0).messages(500)
    assert sum(len(name.encode()) for name in first.event_ids) < 250_000


def test_a_plan_is_kept_once(tmp_path: Path) -> None:
    store = open_lake_store(str(tmp_path))
    first = Plan(plan_of(["x"], [1], ["e"]), 7)
    assert keep_plan(store, "r", 0, first) == first
    kept = keep_plan(store, "r", 0, Plan(plan_of([], [], []), 0))
    assert (kept.before, kept.events.num_rows) == (7, 1)
    assert read_plan(store, "r", 1) is None


@pytest.mark.parametrize("seed", [1, 2])
def test_of_copies_the_one_that_silver_takes_is_replayed(tmp_path: Path, seed: int) -> None:
    """Held against plain SQL over the same bronze."""
    simulate(tmp_path / "shop", days=2, events=4000, seed=seed, dirty_rate=0.05)
    lake = tmp_path / "lake"
    files = sorted((tmp_path / "shop" / "landing" / "events").iterdir())
    # Copies that were received before, after, and at the same time as the first ones.
    copies = tmp_path / "events" / "copies.jsonl"
    copies.parent.mkdir()
    draw = random.Random(seed)
    copies.write_bytes(
        b"".join(
            event(event_id=f"copy-{number % 40}", received_at=f"2024-03-01T10:00:{draw.randrange(4):02}Z", value=number)
            + b"\n"
            for number in range(400)
        )
    )
    ingest_sources([copies, *files], IngestOptions(lake_uri=str(lake)), processes=1)
    days = Days(first=date(2024, 3, 1), last=date(2024, 3, 1))
    tables: Any = None  # bronze needs none
    store, now = open_lake_store(str(lake)), datetime.now(UTC) + timedelta(seconds=1)
    events = select(ReplayRequest(days=days), 0, tables, store, 1_000_000, now).to_pylist()
    wanted = duckdb.sql(
        f"""
        select filename, file_row_number as row, event_id
        from read_parquet(
            '{lake}/bronze/events/year=2024/month=03/day=01/*.parquet', filename = true, file_row_number = true
        )
        qualify row_number() over (
            partition by event_id order by coalesce(received_at, event_time), record_hash, source_id, source_line
        ) = 1
        """
    ).fetchall()
    assert sum(name.startswith("copy-") for _, _, name in wanted) == 40
    assert len(wanted) > 1000 and _copies(lake) > len(wanted)
    found = {(f"{lake}/{one['object']}", one["row"], one["event_id"]) for one in events}
    assert found == set(wanted)


def _copies(lake: Path) -> int:
    (count,) = duckdb.sql(f"select count(*) from '{lake}/bronze/events/year=2024/month=03/day=01/*.parquet'").fetchall()
    return int(count[0])
