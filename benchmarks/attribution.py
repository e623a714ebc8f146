"""Touches to credit by all models, timed: `python -m benchmarks.attribution`.

Makes the clean events and sessions of a shop's month (from a seed, kept between calls), and computes touchpoints,
conversion_paths, channel_effects and channel_attribution by the platform's transforms, each written as Parquet. Beside
it, the same but for the fitted models in plain DuckDB SQL, which is the one that the tests hold the tables against.
"""

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
from clickstream_platform.lib.channel_fits import channel_effects
from clickstream_platform_tests import oracle

FIRST, DAYS = date(2024, 3, 1), 30
LAST = FIRST + timedelta(days=DAYS - 1)
WINDOW = 30
_TABLES = ("touchpoints", "conversion_paths", "channel_attribution")


@click.command()
@click.option("--events", default=10_000_000, show_default=True)
@click.option("--touch-share", default=0.2, show_default=True, help="Share of events that tell a source.")
@click.option("--folder", type=click.Path(path_type=Path), default=Path(".bench/attribution"), show_default=True)
@click.option("--beside/--alone", default=True, help="Run the DuckDB SQL too.")
def main(events: int, touch_share: float, folder: Path, beside: bool) -> None:
    """Print seconds by step, and how much faster than SQL."""
    folder = folder / f"{events}-{touch_share}"
    if not (folder / "sessions.parquet").exists():
        folder.mkdir(parents=True, exist_ok=True)
        _make(events, touch_share, folder)
    click.echo("| step | seconds |\n| --- | ---: |")
    begun = time.perf_counter()
    _ours(folder)
    ours = time.perf_counter() - begun
    click.echo(f"| all models, {events:,} events | {ours:.1f} |")
    if beside:
        begun = time.perf_counter()
        _theirs(folder)
        theirs = time.perf_counter() - begun
        click.echo(f"| DuckDB SQL, without the fitted models | {theirs:.1f} |")
        click.echo(f"| beside DuckDB | {theirs / ours:.2f} times as fast |")


def _make(count: int, touch_share: float, folder: Path) -> None:
    """Events at random moments, six of a visitor on average; a hundredth buys, one in fifty of these gives back."""
    rows = pl.select(number=pl.int_range(count))
    chance = [pl.col("number").hash(seed).mod(1_000_003) / 1_000_003 for seed in range(6)]
    channels = pl.Series(CHANNELS[1:])
    told = chance[0] < touch_share
    kind = pl.when(chance[1] < 0.01).then(pl.lit("purchase")).when(chance[1] < 0.0102).then(pl.lit("refund"))
    # Squares and cubes, as few channels have most of the touches.
    channel = (chance[2] ** 2 * len(channels)).cast(pl.UInt32)
    moment = pl.lit(FIRST).cast(pl.Datetime("us", "UTC")) + pl.duration(microseconds=(chance[3] * DAYS * 86_400e6))
    visitor = (chance[4] * count / 6).cast(pl.Int64)
    revenue = pl.when(kind == "purchase").then(chance[5] * 200).when(kind == "refund").then(chance[5] * -20)
    # A refund names the order of a number nearby, which may be none.
    order = pl.when(kind.is_not_null()).then(pl.format("o{}", pl.col("number") // 300))
    events = (
        rows.select(
            event_id=pl.format("e{}", pl.col("number").hash(9)),
            event_name=kind.fill_null("page_view"),
            event_time=moment,
            entity_id=pl.format("a{}", visitor.hash(7)),
            order_id=order,
            revenue=revenue.fill_null(0).cast(pl.Decimal(18, 2)),
            is_bot=pl.lit(False),
            has_source=told,
            channel=pl.when(told).then(pl.lit(channels).gather(channel)).otherwise(pl.lit("Direct")),
            source=pl.when(told).then(pl.lit("somewhere")).otherwise(pl.lit("(direct)")),
            medium=pl.when(told).then(pl.lit("link")).otherwise(pl.lit("(none)")),
            campaign=pl.when(told & (chance[5] < 0.5)).then(pl.format("campaign {}", channel)),
            analytics_consent=pl.lit(True),
            ads_consent=pl.lit(True),
        )
        .with_columns(event_date=pl.col("event_time").dt.date())
        .sort("event_date")
    )
    events.write_parquet(folder / "events_clean.parquet")
    direct = events.filter(~pl.col("has_source")).gather_every(8)
    direct.select(
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
    def read(name: str) -> nw.LazyFrame:
        return nw.from_native(pl.scan_parquet(folder / f"{name}.parquet"))

    def write(name: str, make: Callable[[], nw.LazyFrame]) -> None:
        begun = time.perf_counter()
        make().to_native().sink_parquet(folder / f"{name}.parquet", maintain_order=False)
        click.echo(f"| {name} | {time.perf_counter() - begun:.1f} |")

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
