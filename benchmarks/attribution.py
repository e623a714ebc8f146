"""Touches to credit by all models, timed: `python -m benchmarks.attribution`.

Makes the clean events and sessions of a shop's month (from a seed, kept between calls), and computes touchpoints,
conversion_paths, channel_effects and channel_attribution by the platform's transforms, each written as in the lake. On
fewer events the same but for the fitted models is done in plain DuckDB SQL as well, which is the one that the tests
hold the tables against.

The data has shares like those of `clickstream simulate`: visits of five events, 15 events an entity, 0.9 % purchases,
89 % of visits that allow advertising; 18 % of the events tell a source, and with the visits that tell none 21 % of all
events are touches.
"""

import resource
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import click
import duckdb
import narwhals as nw
import polars as pl

from clickstream_platform import transforms
from clickstream_platform.contract.channels import CHANNELS
from clickstream_platform.lake.writing import PARQUET
from clickstream_platform.lib.channel_fits import channel_effects
from clickstream_platform_tests import oracle

FIRST, DAYS = date(2024, 3, 1), 30
LAST = FIRST + timedelta(days=DAYS - 1)
WINDOW = 30
VISIT_EVENTS, ENTITY_EVENTS = 5, 15
TOLD_AT_START, TOLD_LATER = 0.74, 0.045
"""Chance that a visit's first event tells a source, and that a later one does."""
CONSENT = 0.89
_TABLES = ("touchpoints", "conversion_paths", "channel_attribution")


@click.command()
@click.option("--events", default=10_000_000, show_default=True)
@click.option("--beside", default=1_000_000, show_default=True, help="Events to run DuckDB on too; 0: not at all.")
@click.option("--folder", type=click.Path(path_type=Path), default=Path(".bench/attribution"), show_default=True)
def main(events: int, beside: int, folder: Path) -> None:
    """Print wall and CPU seconds by step, and how much faster than SQL."""
    click.echo("| step | events | seconds | CPU seconds |\n| --- | ---: | ---: | ---: |")
    _timed("all eight models", events, _ours, _data(events, folder))
    if beside:
        small = _data(beside, folder)
        ours = _timed("all eight models", beside, _ours, small)
        theirs = _timed("six models in DuckDB SQL", beside, _theirs, small)
        ratios = [their / our for our, their in zip(ours, theirs, strict=True)]
        click.echo("| times as fast as DuckDB SQL | {:,} | {:.2f} | {:.2f} |".format(beside, *ratios))


def _data(events: int, folder: Path) -> Path:
    """The folder of a shop of this size; made if it is not there."""
    made = folder / f"visits-{events}"
    if not (made / "marketing_spend_clean.parquet").exists():
        made.mkdir(parents=True, exist_ok=True)
        _make(events, made)
    return made


def _timed(step: str, events: int, work: Callable[[Path], None], folder: Path) -> tuple[float, float]:
    """Wall and CPU seconds of a step, printed."""
    begun, spent = time.perf_counter(), _cpu_seconds()
    work(folder)
    taken = time.perf_counter() - begun, _cpu_seconds() - spent
    click.echo("| {} | {:,} | {:.1f} | {:.1f} |".format(step, events, *taken))
    return taken


def _cpu_seconds() -> float:
    """Of all threads, which says more than the clock on a machine that others use."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _make(count: int, folder: Path) -> None:
    """Visits of a shop's month: entities come back, some visits tell no source, a hundredth of the events buys."""
    rows = pl.select(number=pl.int_range(count)).with_columns(visit=pl.col("number") // VISIT_EVENTS)
    own = [pl.col("number").hash(seed).mod(1_000_003) / 1_000_003 for seed in range(4)]
    of_visit = [pl.col("visit").hash(seed).mod(1_000_003) / 1_000_003 for seed in range(4, 7)]
    channels = pl.Series(CHANNELS[1:])
    opens = pl.col("number") % VISIT_EVENTS == 0
    told = own[0] < pl.when(opens).then(TOLD_AT_START).otherwise(TOLD_LATER)
    kind = pl.when(own[1] < 0.0088).then(pl.lit("purchase")).when(own[1] < 0.0091).then(pl.lit("refund"))
    # Squared, as few channels have most of the touches.
    channel = (own[2] ** 2 * len(channels)).cast(pl.UInt32)
    began = of_visit[0] * DAYS * (86_400e6 - 1)
    moment = pl.lit(FIRST).cast(pl.Datetime("us", "UTC")) + pl.duration(microseconds=began.cast(pl.Int64))
    later = pl.duration(seconds=(pl.col("number") % VISIT_EVENTS) * 45)
    # A power as well: some entities come often, most a few times.
    entity = (of_visit[1] ** 1.25 * (count / ENTITY_EVENTS)).cast(pl.Int64)
    revenue = pl.when(kind == "purchase").then(own[3] * 200).when(kind == "refund").then(own[3] * -20)
    # A refund names the order of a number nearby, which may be none.
    order = pl.when(kind.is_not_null()).then(pl.format("o{}", pl.col("number") // 300))
    events = (
        rows.select(
            "visit",
            event_id=pl.format("{}-{}", pl.col("number").hash(9), pl.col("number").hash(10)),
            event_name=kind.fill_null("page_view"),
            event_time=moment + later,
            entity_id=pl.format("a{}", entity.hash(7)),
            order_id=order,
            revenue=revenue.fill_null(0).cast(pl.Decimal(18, 2)),
            is_bot=pl.lit(False),
            has_source=told,
            channel=pl.when(told).then(pl.lit(channels).gather(channel)).otherwise(pl.lit("Direct")),
            source=pl.when(told).then(pl.lit("somewhere")).otherwise(pl.lit("(direct)")),
            medium=pl.when(told).then(pl.lit("link")).otherwise(pl.lit("(none)")),
            campaign=pl.when(told & (own[3] < 0.5)).then(pl.format("campaign {}", channel)),
            analytics_consent=pl.lit(True),
            ads_consent=of_visit[2] < CONSENT,
        )
        .with_columns(event_date=pl.col("event_time").dt.date())
        .filter(pl.col("event_date") <= LAST)
        .sort("event_date")
    )
    events.drop("visit").write_parquet(folder / "events_clean.parquet")
    starts = events.sort("event_time").unique("visit", keep="first", maintain_order=True)
    starts.select(
        "entity_id",
        "channel",
        "source",
        "medium",
        "campaign",
        session_id=pl.format("s{}", "event_id"),
        session_date="event_date",
        started_at="event_time",
    ).write_parquet(folder / "sessions.parquet")
    pl.DataFrame(
        {"spend_date": [FIRST], "channel": ["Email"], "campaign": ["campaign 11"], "cost": [100]},
        schema_overrides={"cost": pl.Decimal(18, 2)},
    ).write_parquet(folder / "marketing_spend_clean.parquet")


def _ours(folder: Path) -> None:
    events = pl.scan_parquet(folder / "events_clean.parquet").select(pl.len()).collect().item()

    def read(name: str) -> nw.LazyFrame:
        return nw.from_native(pl.scan_parquet(folder / f"{name}.parquet"))

    def write(name: str, make: Callable[[], nw.LazyFrame]) -> None:
        def sink(_: Path) -> None:
            make().to_native().sink_parquet(folder / f"{name}.parquet", **PARQUET)

        _timed(f"- {name}", events, sink, folder)

    span = {"first_day": FIRST, "last_day": LAST}
    days = [FIRST + timedelta(days=number) for number in range(DAYS)]
    reach = timedelta(days=30)

    def effects() -> nw.LazyFrame:
        first = FIRST - timedelta(days=WINDOW - 1)
        counts = transforms.path_counts(read("conversion_paths"), first_day=first, last_day=LAST)
        return nw.from_native(
            channel_effects(counts.to_native().collect(engine="streaming"), days, WINDOW, "exposure").lazy()
        )

    def credit() -> nw.LazyFrame:
        shared = transforms.conversion_credit(
            read("conversion_paths"),
            read("events_clean"),
            **span,
            refund_reach=reach,
            half_life=timedelta(days=7),
            treatment="exposure",
        )
        return transforms.channel_attribution(
            shared.collect().lazy(), read("channel_effects"), read("marketing_spend_clean"), **span
        )

    write("touchpoints", lambda: transforms.touchpoints(read("events_clean"), read("sessions")))
    write(
        "conversion_paths",
        lambda: transforms.conversion_paths(read("touchpoints"), read("events_clean"), **span, lookback=reach),
    )
    write("channel_effects", effects)
    write("channel_attribution", credit)


def _theirs(folder: Path) -> None:
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    con.execute("SET VARIABLE lookback = INTERVAL 30 DAY")
    for name in ("events_clean", "sessions", "marketing_spend_clean"):
        con.execute(f"CREATE VIEW {name} AS FROM '{folder / name}.parquet'")
    for name in _TABLES:
        con.execute(f"CREATE TABLE {name} AS {oracle.query(name)}")
        con.execute(f"COPY {name} TO '{folder / name}.duckdb.parquet' (FORMAT parquet, COMPRESSION zstd)")
    con.close()


if __name__ == "__main__":
    main()
