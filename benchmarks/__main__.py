"""`make bench`: ingest and bronze to gold, timed as whole processes, with the results compared."""

import os
import shutil
from datetime import date, timedelta
from pathlib import Path

import click

from benchmarks.compare import differences
from benchmarks.measure import Measured, run, size_of
from benchmarks.validation import validated
from clickstream_platform.lake import Lake
from clickstream_platform.simulate import simulate

FIRST, DAYS = date(2024, 3, 1), 30
LAST = FIRST + timedelta(days=DAYS - 1)
MIB, GIB = 1 << 20, 1 << 30


@click.command()
@click.option("--events", "sizes", multiple=True, type=int, default=(1_000_000, 10_000_000), show_default=True)
@click.option("--folder", type=click.Path(path_type=Path), default=Path(".bench"), show_default=True)
@click.option("--build/--no-build", default=True, help="Time `clickstream build` (with Dagster and checks) too.")
def main(sizes: tuple[int, ...], folder: Path, build: bool) -> None:
    """Simulate shops of the given sizes (kept between calls), and print figures as a Markdown table."""
    click.echo("| step | events | seconds | events/s | peak memory | beside DuckDB |")
    click.echo("| --- | ---: | ---: | ---: | ---: | ---: |")
    for events in sizes:
        _bench(events, folder.absolute() / str(events), build=build)


def _bench(aim: int, folder: Path, *, build: bool) -> None:
    shop, lake_folder, out = folder / "shop", folder / "lake", folder / "duckdb"
    if not (shop / "truth" / "counts.json").exists():
        simulate(shop, days=DAYS, events=aim, start=FIRST, force=True)
    for made in (lake_folder, out, folder / "home"):
        shutil.rmtree(made, ignore_errors=True)
    ours, bare = validated(shop)
    click.echo(f"| validation, one core | | | {ours:,.0f} | | ({ours / bare:.2f} times bare msgspec) |")
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("CLICKSTREAM_", "AWS_"))},
        "CLICKSTREAM_LAKE_URI": str(lake_folder),
        "DAGSTER_HOME": str(folder / "home"),
    }
    cli = "clickstream_platform.cli"
    taken = run(cli, "ingest", str(shop / "landing"), env=env)
    lake = Lake(str(lake_folder))
    events = _rows(lake)
    _print("ingest (2 processes)" if (os.cpu_count() or 1) > 1 else "ingest", events, taken)

    theirs = run("benchmarks.duckdb_sql", f"{lake.uri}/bronze", str(out), env=env)
    ours = run("benchmarks.ours", lake.uri, str(FIRST), str(LAST), env=env)
    _print("bronze to gold", events, ours, theirs)
    _print("the same in DuckDB SQL", events, theirs)
    different = differences(lake, out)
    click.echo(f"| results | {events:,} | | | | {'equal' if not different else f'DIFFERENT: {different}'} |")

    short = folder / "short"
    shutil.rmtree(short, ignore_errors=True)
    for reach, name in ((DAYS, lake.uri), (5, str(short))):
        if reach < DAYS:
            _copy_days(lake, Path(name), [LAST - timedelta(days=n) for n in range(reach)])
        day = run("benchmarks.ours", name, str(LAST), str(LAST), env=env)
        _print(f"one more day after {reach - 1} days", _rows(lake, [LAST]), day)
    if build:
        whole = run(cli, "build", "--all", env=env)
        _print("clickstream build (Dagster, checks)", events, whole, theirs)
    sizes = [size_of(shop / "landing") / GIB, size_of(lake_folder / "bronze") / GIB]
    click.echo("| raw files {:.2f} GiB, bronze {:.2f} GiB | | | | | |".format(*sizes))


def _rows(lake: Lake, days: list[date] | None = None) -> int:
    import polars as pl

    return int(lake.scan("events", days).select(pl.len()).collect().item())


def _copy_days(lake: Lake, target: Path, days: list[date]) -> None:
    for table in ("events", "orders", "events_clean", "orders_validated"):
        for path in lake.objects(table, days):
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(lake.address(path), target / path)
    for table in ("customers", "products"):
        for path in lake.objects(table):
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(lake.address(path), target / path)


def _print(step: str, events: int, taken: Measured, beside: Measured | None = None) -> None:
    ratio = f"{beside.seconds / taken.seconds:.2f} times as fast" if beside else ""
    click.echo(
        f"| {step} | {events:,} | {taken.seconds:.1f} | {events / taken.seconds:,.0f} "
        f"| {taken.peak_bytes / MIB:,.0f} MiB | {ratio} |"
    )


if __name__ == "__main__":
    main()
