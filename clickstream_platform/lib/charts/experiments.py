"""The picture of experiments: each variant's relative uplift with its interval, a panel a metric."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import polars as pl

from clickstream_platform.lib.charts.parts import CARD, INK, LABEL_CHARACTERS, PALETTE, REST, SOFT, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_VARIANTS = 14
"""Those of the experiments that were exposed last."""
_METRICS = {
    "conversion": "Conversion",
    "orders_per_visitor": "Orders per visitor",
    "revenue_per_visitor": "Revenue per visitor",
}
_NOTHING_SAID = "no uplift can be told yet"


def _experiment_results(frame: pl.DataFrame) -> "Figure":
    variants = frame.filter(~pl.col("is_control"))
    names = (
        variants.group_by("experiment", "variant")
        .agg(pl.col("last_exposed_at").max())
        .sort("last_exposed_at", "experiment", "variant", descending=[True, False, False], nulls_last=True)
        .head(MOST_VARIANTS)
        .sort("experiment", "variant")
        .select("experiment", "variant")
        .rows()
    )
    levels = frame["confidence_level"].unique().to_list()
    said = f"{levels[0]:.0%}" if len(levels) == 1 else "confidence"
    bound = f"p < {100 * (1 - levels[0]):g} %, always valid" if len(levels) == 1 else "always-valid p-value"
    figure, axes = panels(
        f"Experiments: uplift over control, with {said} intervals",
        columns=len(_METRICS),
        ratios=(1,) * len(_METRICS),
        share_y=True,
        height=1.5 + 0.3 * max(len(names), 1),
    )
    for panel, (metric, title) in zip(axes, _METRICS.items(), strict=True):
        _forest(panel, variants.filter(pl.col("metric") == metric), names, title)
    axes[0].set_yticks(range(len(names)), [_label(*name) for name in names], fontsize=8, color=INK, parse_math=False)
    axes[0].set_ylim(len(names) - 0.4, -0.6)
    axes[0].set_xlabel(f"filled: holds for who looks every day ({bound})", fontsize=8, color=SOFT, loc="left")
    return figure


def _forest(axes: "Axes", rows: pl.DataFrame, names: list[tuple[str, str]], title: str) -> None:
    """A point and its interval a variant, in percent of the control."""
    from matplotlib.ticker import FuncFormatter

    known = rows.drop_nulls("relative_low")
    holds = (pl.col("always_valid_p_value") < 1 - pl.col("confidence_level")).fill_null(False)
    for experiment, variant, uplift, low, high, certain in known.select(
        "experiment", "variant", "relative_uplift", "relative_low", "relative_high", holds.alias("certain")
    ).iter_rows():
        if (experiment, variant) not in names:
            continue
        place = names.index((experiment, variant))
        colour = PALETTE[2] if low > 0 else PALETTE[5] if high < 0 else SOFT
        axes.plot([low * 100, high * 100], [place, place], color=colour, linewidth=2, solid_capstyle="butt")
        axes.plot(
            [uplift * 100], [place], marker="o", markersize=6, color=colour, markerfacecolor=colour if certain else CARD
        )
    axes.axvline(0, color=REST, linewidth=1, zorder=0)
    if known.is_empty():
        axes.set_xticks([])
        axes.text(0.5, 0.5, _NOTHING_SAID, ha="center", fontsize=8, color=SOFT, transform=axes.transAxes)
    axes.set_title(title, loc="left", fontsize=9.5, color=SOFT)
    axes.set_facecolor(CARD)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+.0f}%" if value else "0%"))
    axes.locator_params(axis="x", nbins=5)
    axes.tick_params(length=0, labelsize=8, labelcolor=SOFT)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(REST)


def _label(experiment: str, variant: str) -> str:
    text = f"{experiment}: {variant}"
    return text if len(text) <= LABEL_CHARACTERS else text[: LABEL_CHARACTERS - 1].rstrip() + "…"


DRAWINGS: dict[str, Callable[[pl.DataFrame], "Figure"]] = {"experiment_results": _experiment_results}
