"""Runs the shop: day by day, block by block, with the memory of one day at most."""

import json
import shutil
import time
from datetime import date
from pathlib import Path
from typing import Any

from clickstream_platform.simulate.blocks import blocks_of_day
from clickstream_platform.simulate.config import (
    Progress,
    ShopConfig,
    SimulationError,
    SimulationSummary,
    check_compression,
    shoppers_for,
)
from clickstream_platform.simulate.delivery import deliver
from clickstream_platform.simulate.draws import generator
from clickstream_platform.simulate.kiosk import KIOSK_BLOCK, kiosk_block
from clickstream_platform.simulate.landing import Landing
from clickstream_platform.simulate.ledger import OrderDesk
from clickstream_platform.simulate.master import MasterData
from clickstream_platform.simulate.memory import Memory
from clickstream_platform.simulate.orders import odd_orders, orders_of_block, plan_refunds
from clickstream_platform.simulate.population import Population
from clickstream_platform.simulate.spend import SpendDesk
from clickstream_platform.simulate.tally import Tally
from clickstream_platform.simulate.truth.book import TruthBook, session_reasons
from clickstream_platform.simulate.visits import DIRT

_STAGING = ".simulating"
_RESULTS = ("landing", "truth")


def simulate(
    out_dir: str | Path,
    days: int = 30,
    shoppers: int = 2_000,
    seed: int = 1,
    dirty_rate: float = 0.01,
    start: date = date(2024, 3, 1),
    *,
    events: int | None = None,
    compress: str = "mixed",
    force: bool = False,
    on_progress: Progress | None = None,
) -> SimulationSummary:
    """Write the files that a shop would send, and what every gold table must say of them.

    Args:
        out_dir: Gets `landing/` (customers, events, marketing_spend, orders, products; a file a day) and `truth/`.
        days: Days simulated.
        shoppers: People who may visit.
        seed: Another seed, another shop; the same arguments always give the same bytes.
        dirty_rate: Share of event, order and customer records that are malformed.
        start: First day, UTC.
        events: Aim at so many events in all, instead of naming the shoppers.
        compress: `none`, `gzip` or `zstd` for the event files, `mixed` for a day so and a day so.
        force: Replace `landing/` and `truth/` of an earlier run; nothing else in the folder is touched.
        on_progress: Told after each day.

    Returns:
        What was written.

    Raises:
        SimulationError: For arguments out of range, or a folder with other results in it.
        OSError: If the folder cannot be written to. Nothing half-written stays behind, whatever ends the run.
    """
    if events is not None:
        shoppers = shoppers_for(events, days, start)
    config = ShopConfig(days, shoppers, seed, dirty_rate, start)
    compression = check_compression(compress)
    out = Path(out_dir)
    _check_target(out, force=force)
    staging = out / _STAGING
    began, is_new = time.monotonic(), not out.exists()
    try:
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        landing = Landing(staging, config, compression)
        counts = _run(config, landing, staging, on_progress)
        _put_in_place(staging, out)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        if is_new and out.is_dir() and not any(out.iterdir()):
            out.rmdir()
    records = sum(file["records"] for file in counts["events"]["files"].values())
    return SimulationSummary(out, shoppers, records, landing.files, landing.bytes, time.monotonic() - began, counts)


def _run(config: ShopConfig, landing: Landing, root: Path, on_progress: Progress | None) -> dict[str, Any]:
    people = Population.fresh(config)
    memory, tally = Memory.fresh(config, people), Tally(config)
    desk, spend = OrderDesk(config, landing, tally), SpendDesk(config, landing, tally)
    master = MasterData(config, landing, tally, memory)
    (root / "truth").mkdir()
    with TruthBook(config, root / "truth") as book:
        for day in range(config.days):
            landing.begin_day(day)
            landing.start("events")
            if day == 0:
                master.open_shop()
            for number, block in enumerate(blocks_of_day(config, memory, day)):
                plan_refunds(config, memory, block)
                deliver(config, landing, tally, block, day, number)
                desk.take(orders_of_block(config, tally, block))
                spend.take(block)
                book.take(block, session_reasons(block))
            kiosk = kiosk_block(config, day)
            if kiosk:
                deliver(config, landing, tally, kiosk[0], day, KIOSK_BLOCK)
                book.take(*kiosk)
            rng = generator(config.seed, DIRT, day)
            desk.take(odd_orders(config, tally, rng, day, memory.reachable(), desk.due(day)))
            master.close_day(day)
            book.close_day(day, desk.close_day(day), spend.close_day(day))
            if on_progress:
                on_progress(day + 1, config.days, sum(f["records"] for f in tally.files["events"].values()))
        book.close_shop(people)
    landing.close()
    counts = tally.as_json()
    (root / "truth" / "counts.json").write_text(json.dumps(counts, indent=1, sort_keys=True) + "\n")
    return counts


def _check_target(out: Path, *, force: bool) -> None:
    if out.exists() and not out.is_dir():
        raise SimulationError(f"{out} is not a folder")
    if force or _was_cut_off(out):
        return
    for name in _RESULTS:
        target = out / name
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise SimulationError(f"{target} exists; choose another folder, or replace it with --force")


def _was_cut_off(out: Path) -> bool:
    """Whether an earlier run was killed with only `landing` in place: it is ours to replace."""
    staging = out / _STAGING
    return (staging / "truth").exists() and not (staging / "landing").exists() and not (out / "truth").exists()


def _put_in_place(staging: Path, out: Path) -> None:
    """Move the results to where they belong, `truth` last: where it is, all is. An interruption takes it back."""
    moves = [(out / name, staging / f"old-{name}") for name in reversed(_RESULTS) if (out / name).exists()]
    moves += [(staging / name, out / name) for name in _RESULTS]
    done: list[tuple[Path, Path]] = []
    try:
        for origin, target in moves:
            done.append((origin, target))
            origin.rename(target)
    except BaseException:
        for origin, target in reversed(done):
            if target.exists() and not origin.exists():
                target.rename(origin)
        raise
