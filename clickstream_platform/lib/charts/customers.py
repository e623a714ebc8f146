"""The pictures of what customers are worth, and of the models behind it."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from clickstream_platform.lib.charts.parts import CARD, INK, PALETTE, SOFT, currency, horizontal, panels, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_STEPS = 25
_MOST_SHOWN = 0.98
"""What customers differ in is drawn up to what this share of them stays below."""


def _customer_lifetime_value(frame: pl.DataFrame) -> "Figure":
    """By segment: how many, what they have spent, what they are expected to; and how alive those are who came back.

    Everybody who bought once is alive to the model, and would hide the others.
    """
    back = pl.col("repeat_purchases") > 0
    days = frame["horizon_days"].to_list()[0]
    figure, (customers, spent, value, alive) = panels(
        f"Customers by RFM segment, as of {frame['as_of'].unique().sort().to_list()[-1]}",
        columns=4,
        ratios=(1, 1, 1, 1),
        share_y=True,
        height=3.8,
    )
    segments = (
        frame.group_by("rfm_segment")
        .agg(
            pl.len().alias("customers"),
            pl.col("total_spent", "clv").cast(pl.Float64).sum(),
            back.sum().alias("back"),
            (pl.col("probability_alive").filter(back).sort().mean() * 100).round(6).alias("alive"),
        )
        .sort("total_spent", "rfm_segment", descending=[True, False])
    )
    names = [_segment(name) for name in segments["rfm_segment"]]
    horizontal(customers, names, segments["customers"].to_list(), "Customers", colour=PALETTE[4])
    horizontal(spent, None, segments["total_spent"].to_list(), f"Spent so far ({currency()})")
    horizontal(value, None, segments["clv"].to_list(), f"CLV, next {days} days ({currency()})", colour=PALETTE[2])
    labels = [
        f"{share:.0f} %" if share is not None else "no model" if came_back else "none did"
        for share, came_back in segments.select("alive", "back").iter_rows()
    ]
    horizontal(alive, None, segments["alive"].to_list(), "Alive, of who came back", colour=PALETTE[1], labels=labels)
    return figure


def _customer_value_holdout(frame: pl.DataFrame) -> "Figure":
    """Left how well the model fits what it has seen, right how well it foresaw what it had not."""
    rows = frame.sort("repeat_purchases")
    begin, end, last = (rows[name].to_list()[0] for name in ("calibration_start", "calibration_end", "holdout_end"))
    figure, (fit, foresight) = panels("Does the model of purchases hold?", columns=2, ratios=(1, 1), height=3.6)
    labels = [
        f"{again}+" if more else f"{again}" for again, more in rows.select("repeat_purchases", "or_more").iter_rows()
    ]
    _pairs(fit, labels, rows["customers"].to_list(), rows["expected_customers"].to_list())
    style(fit, f"Customers, {begin} to {end} (seen by the model)")
    if fit.get_ylim()[1] > 0:
        fit.set_yscale("symlog", linthresh=1)
        fit.set_ylim(0, 4 * fit.get_ylim()[1])
        fit.yaxis.set_major_formatter("{x:,.0f}")
    _pairs(foresight, labels, rows["actual_purchases"].to_list(), rows["expected_purchases"].to_list())
    style(foresight, f"Purchases a customer, to {last} (not seen)")
    foresight.yaxis.set_major_formatter("{x:g}")
    for axes in (fit, foresight):
        axes.set_xlabel(f"Repeat purchases to {end}", fontsize=8, color=SOFT)
    fit.legend(frameon=False, fontsize=8, labelcolor=SOFT, loc="upper right")
    return figure


def _pairs(
    axes: "Axes", labels: Sequence[str], actual: Sequence[float | None], expected: Sequence[float | None]
) -> None:
    """Bars of what was, and points of what a model says."""
    places = range(len(labels))
    axes.bar(places, [value or 0 for value in actual], width=0.7, color=PALETTE[4], label="Actual")
    known = [(place, value) for place, value in zip(places, expected, strict=True) if value is not None]
    axes.plot(
        [place for place, _ in known],
        [value for _, value in known],
        marker="o",
        markersize=5,
        linewidth=1.2,
        color=PALETTE[5],
        label="Expected" if known else "Expected: no model",
    )
    axes.set_xticks(list(places), list(labels))


def _customer_value_models(frame: pl.DataFrame) -> "Figure":
    """What the fits say of how customers differ: in how often they buy, how likely they leave, what they spend."""
    from scipy.stats import beta, gamma, invgamma

    last = frame["training_end"].to_list()[0]
    figure, (rates, leaving, spending) = panels(
        f"How customers differ, by the models trained to {last}", columns=3, ratios=(1, 1, 1), height=3.3
    )
    bought, spent = (_parameters(frame, name) for name in ("bg_nbd", "gamma_gamma"))
    rate = None if bought is None else gamma(bought["r"], scale=365 / bought["alpha"])
    _shares(rates, rate, "Purchases a year, while alive")
    leaves = None if bought is None else beta(bought["a"], bought["b"])
    _shares(leaving, leaves, "Probability to leave after one", highest=1.0)
    mean = None if spent is None else invgamma(spent["q"], scale=spent["p"] * spent["v"])
    _shares(spending, mean, f"Mean purchase ({currency()})", colour=PALETTE[2])
    return figure


def _parameters(frame: pl.DataFrame, model: str) -> dict[str, float] | None:
    rows = frame.filter(pl.col("model") == model, pl.col("converged")).to_dicts()
    return rows[0] if rows else None


def _shares(
    axes: "Axes", distribution: Any, title: str, *, highest: float | None = None, colour: str = PALETTE[0]
) -> None:
    """Shares of customers between equal steps of what they differ in: a density may be infinite, a share is not."""
    style(axes, title)
    if distribution is None:
        axes.set_xticks([])
        axes.set_yticks([])
        axes.text(0.5, 0.5, "no model", ha="center", color=SOFT, transform=axes.transAxes)
        return
    top = highest or max(float(distribution.ppf(_MOST_SHOWN)), 1e-9)
    edges = np.linspace(0, top, _STEPS + 1)
    shares = np.diff(distribution.cdf(edges)) * 100
    axes.bar(edges[:-1], shares, width=np.diff(edges), align="edge", color=colour, edgecolor=CARD, linewidth=0.6)
    axes.axvline(min(float(distribution.mean()), top), color=INK, linewidth=1, linestyle="--")
    axes.set_xlim(0, top)
    axes.set_ylim(0, 1.15 * float(shares.max()))
    axes.set_xlabel(f"mean {_figure(float(distribution.mean()))} (dashed)", fontsize=8, color=SOFT)
    axes.set_ylabel("% of customers", fontsize=8, color=SOFT)


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _segment(name: str) -> str:
    return name.replace("_", " ").capitalize().replace("Cant", "Can't")


DRAWINGS: dict[str, Callable[[pl.DataFrame], "Figure"]] = {
    "customer_lifetime_value": _customer_lifetime_value,
    "customer_value_holdout": _customer_value_holdout,
    "customer_value_models": _customer_value_models,
}
COLUMNS: dict[str, tuple[str, ...]] = {
    "customer_lifetime_value": (
        *("rfm_segment", "total_spent", "clv", "probability_alive", "horizon_days", "as_of", "value_method"),
        *("recency_score", "recency_days", "frequency_score", "total_orders", "monetary_score", "repeat_purchases"),
    )
}
"""Of a table with a row a customer, what its picture and its facts are made of."""
