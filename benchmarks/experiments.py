"""Experiments at size: `python -m benchmarks.experiments [--events N]`.

Events are drawn at random over a month, each of an entity that sees two experiments, written to Parquet as
`events_clean` has them, and then brought through both silver tables to the results.
"""

import tempfile
import time
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
import narwhals as nw
import numpy as np
import polars as pl

from clickstream_platform import transforms
from clickstream_platform.lib.experiments import Plans, experiment_results

START, DAYS, EVENTS_EACH = date(2024, 3, 1), 30, 12
_SECONDS = DAYS * 86_400


@click.command()
@click.option("--events", type=int, default=10_000_000, show_default=True)
def main(events: int) -> None:
    """Print figures as a Markdown table."""
    click.echo("| step | rows | seconds | CPU seconds |")
    click.echo("| --- | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder) / f"{name}.parquet" for name in ("events", "exposures", "activity")}
        _events(events).sink_parquet(files["events"])
        made = nw.from_native(pl.scan_parquet(files["events"]))
        _timed("experiment_exposures", lambda: _written(transforms.experiment_exposures(made), files["exposures"]))
        _timed("entity_activity", lambda: _written(transforms.entity_activity(made), files["activity"]))
        silver = [nw.from_native(pl.scan_parquet(files[name])) for name in ("exposures", "activity")]
        _timed("experiment_results", lambda: experiment_results(*silver, Plans()).to_native().collect().height)


def _events(count: int) -> pl.LazyFrame:
    """Events without any order; one in ten shows both experiments, one in a hundred is a purchase."""
    rng = np.random.default_rng(1)
    start = datetime.fromisoformat(f"{START}T00:00:00+00:00")
    drawn = pl.DataFrame(
        {
            "entity": rng.integers(0, max(count // EVENTS_EACH, 1), count),
            "second": rng.integers(0, _SECONDS, count),
            "kind": rng.integers(0, 100, count),
        }
    ).lazy()
    seen = pl.concat_list(_shown("button", pl.col("entity") % 2), _shown("price", pl.col("entity") // 2 % 3))
    return drawn.with_row_index("number").select(
        pl.format("e{}", "number").alias("event_id"),
        pl.when(pl.col("kind") == 0).then(pl.lit("purchase")).otherwise(pl.lit("page_view")).alias("event_name"),
        (pl.lit(start) + pl.duration(seconds="second")).dt.cast_time_unit("us").alias("event_time"),
        (pl.lit(START) + pl.duration(days=pl.col("second") // 86_400)).cast(pl.Date).alias("event_date"),
        pl.format("a{}", "entity").alias("entity_id"),
        pl.lit(False).alias("is_bot"),
        pl.lit(True).alias("analytics_consent"),
        pl.when(pl.col("kind") == 0).then(pl.col("second") % 100).otherwise(0).cast(pl.Decimal(18, 2)).alias("revenue"),
        pl.when(pl.col("kind") >= 90).then(seen).otherwise(seen.list.head(0)).alias("experiments"),
    )


def _shown(experiment: str, variant: pl.Expr) -> pl.Expr:
    return pl.struct(pl.lit(experiment).alias("experiment"), variant.cast(pl.String).alias("variant"))


def _written(frame: Any, path: Path) -> int:
    frame.to_native().sink_parquet(path)
    return int(pl.scan_parquet(path).select(pl.len()).collect().item())


def _timed(step: str, work: Callable[[], int]) -> None:
    """Seconds of processors are the steadier on a machine that others use too."""
    clock, processors = time.monotonic(), time.process_time()
    rows = work()
    taken = time.monotonic() - clock, time.process_time() - processors
    click.echo(f"| {step} | {rows:,} | {taken[0]:.1f} | {taken[1]:.1f} |")


if __name__ == "__main__":
    main()
