"""Customers' value at size: `python -m benchmarks.customer_value [--customers N]`.

Two years of customers are drawn from the models themselves, written as order lines to Parquet, and then counted,
fitted, scored and written as the assets do it. On a subset `lifetimes` does the same in the same run: fit both models,
and score everybody once.
"""

import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click
import narwhals as nw
import polars as pl

from clickstream_platform.lib.customer_value import fitted_models, holdout_by_frequency, valued_customers
from clickstream_platform_tests.models.shoppers import last_day, order_lines, summary

DAYS, HORIZON, RATE = 730, 365, 0.1
T = TypeVar("T")


@click.command()
@click.option("--customers", type=int, default=1_000_000, show_default=True)
@click.option("--subset", type=int, default=20_000, show_default=True, help="Customers that `lifetimes` gets.")
def main(customers: int, subset: int) -> None:
    """Print figures as a Markdown table."""
    click.echo("| step | customers | seconds | CPU seconds | beside lifetimes |")
    click.echo("| --- | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        lines = _written(Path(folder), order_lines(customers, DAYS, seed=1))
        models, fitting = _timed(lambda: _collected(fitted_models(lines)))
        _print("fit both models", customers, fitting)
        _, scoring = _timed(lambda: _scored(lines, models, Path(folder) / "scored.parquet"))
        _print("score and write everybody", customers, scoring)
        _print("fit and score", customers, fitting.also(scoring))
        _, holding = _timed(lambda: _collected(holdout_by_frequency(lines, horizon_days=HORIZON)))
        _print("holdout", customers, holding)

        few = order_lines(subset, DAYS, seed=2)
        lines = _written(Path(folder), few)
        models, fitting = _timed(lambda: _collected(fitted_models(lines)))
        _, scoring = _timed(lambda: _scored(lines, models, Path(folder) / "scored.parquet"))
        theirs, other = _timed(lambda: _lifetimes(few))
        _print("fit and score", subset, fitting.also(scoring), other)
        _print("the same in lifetimes", subset, other)
        ours = models.filter(pl.col("model") == "bg_nbd").select("r", "alpha", "a", "b").row(0, named=True)
        apart = max(abs(ours[name] / theirs[name] - 1) for name in ours)
        click.echo(f"| parameters of BG/NBD differ by at most {apart:.1e} | {subset:,} | | | |")


def _written(folder: Path, lines: pl.DataFrame) -> Any:
    path = folder / f"orders-{lines.height}.parquet"
    lines.write_parquet(path)
    return nw.from_native(pl.scan_parquet(path))


def _collected(frame: Any) -> pl.DataFrame:
    rows: pl.DataFrame = frame.to_native().collect(engine="streaming")
    return rows


def _scored(lines: Any, models: pl.DataFrame, out: Path) -> None:
    valued = valued_customers(lines, nw.from_native(models.lazy()), horizon_days=HORIZON, discount_rate=RATE)
    valued.to_native().sink_parquet(out)


def _lifetimes(lines: pl.DataFrame) -> dict[str, float]:
    """Count, fit and score; the parameters of its BG/NBD."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lifetimes import BetaGeoFitter, GammaGammaFitter

        counted = summary(lines, last_day(DAYS))
        history = counted["frequency"], counted["recency"], counted["T"]
        bought = BetaGeoFitter().fit(*history)
        again = counted[counted["frequency"] > 0]
        spent = GammaGammaFitter().fit(again["frequency"], again["monetary_value"])
        bought.conditional_probability_alive(*history)
        bought.conditional_expected_number_of_purchases_up_to_time(HORIZON, *history)
        spent.customer_lifetime_value(
            bought, *history, counted["monetary_value"], time=12, freq="D", discount_rate=(1 + RATE) ** (1 / 12) - 1
        )
        return dict(bought.params_)


class _Taken(NamedTuple):
    """Seconds on the clock, and of processors: on a machine that others use too, the second is the steadier."""

    clock: float
    processors: float

    def also(self, other: "_Taken") -> "_Taken":
        return _Taken(self.clock + other.clock, self.processors + other.processors)


def _timed(work: Callable[[], T]) -> tuple[T, _Taken]:
    begun = time.monotonic(), time.process_time()
    done = work()
    return done, _Taken(time.monotonic() - begun[0], time.process_time() - begun[1])


def _print(step: str, customers: int, taken: _Taken, beside: _Taken | None = None) -> None:
    ratio = f"{beside.clock / taken.clock:.1f} times as fast" if beside else ""
    click.echo(f"| {step} | {customers:,} | {taken.clock:.1f} | {taken.processors:.1f} | {ratio} |")


if __name__ == "__main__":
    main()
