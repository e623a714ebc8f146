"""What the charts are drawn from: panels, lying bars, axes, legends and the palette PNG they end as."""

import io
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from clickstream_platform.config import get_settings

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, told apart with every kind of colour vision; grey is always "the rest".
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
REST, INK, SOFT, CARD = "#B8BEC6", "#1F2933", "#5B6770", "#FFFFFF"
WIDTH_INCHES, DPI, COLOURS = 9.0, 100, 40
LABEL_CHARACTERS = 26
HEADROOM = 1.04
"""Room above the highest bar."""
FEWEST_BARS = 8
"""A picture of fewer days keeps the width of this many, so that one day is no wall of colour."""


def panels(
    title: str,
    *,
    rows: int = 1,
    columns: int = 1,
    ratios: Sequence[float] = (1,),
    height: float,
    share_x: bool = False,
    share_y: bool = False,
) -> "tuple[Figure, list[Axes]]":
    """A titled figure with a grid of panels, and these row by row.

    Args:
        title: What it shows.
        rows: Of the grid.
        columns: Of the grid.
        ratios: Heights of the rows against each other; of a single row, the widths of the columns.
        height: Of the figure, in inches.
        share_x: All panels have the same x axis.
        share_y: All panels have the same y axis.
    """
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    figure = Figure(
        figsize=(WIDTH_INCHES, height), dpi=DPI, facecolor=CARD, layout=ConstrainedLayoutEngine(h_pad=0.09, w_pad=0.06)
    )
    key = "height_ratios" if rows > 1 else "width_ratios"
    axes = figure.subplots(rows, columns, sharex=share_x, sharey=share_y, squeeze=False, gridspec_kw={key: ratios})
    figure.suptitle(title, x=0.01, ha="left", fontsize=13, fontweight="bold", color=INK)
    return figure, list(axes.flat)


def png(figure: "Figure") -> bytes:
    """The figure as a palette PNG: a quarter of the bytes, and flat colours lose nothing."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    canvas = FigureCanvasAgg(figure)
    with warnings.catch_warnings():
        # A product's name may hold characters that the font lacks: they are drawn as boxes, and that is enough said.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        canvas.draw()  # type: ignore[no-untyped-call]
    pixels = bytes(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    drawn = Image.frombytes("RGBA", canvas.get_width_height(), pixels).convert("RGB")
    out = io.BytesIO()
    drawn.quantize(COLOURS, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


def legend(axes: "Axes", names: Sequence[str]) -> None:
    """A legend right of the panel, in the order of the stack: its first name at the bottom."""
    legend = axes.legend(
        labels=[_short(name) for name in names],
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
        frameon=False,
        fontsize=8,
        labelcolor=SOFT,
        handlelength=1,
        reverse=True,
    )
    for text in legend.get_texts():
        text.set_parse_math(False)


def horizontal(
    axes: "Axes",
    names: Sequence[str] | None,
    values: Sequence[float | None],
    title: str,
    *,
    colour: str = PALETTE[0],
    form: str = "{:,.0f}",
    labels: Sequence[str] | None = None,
) -> None:
    """Horizontal bars, the first on top, each with its value; `names` None where the axis is shared."""
    places = list(range(len(values)))
    bars = axes.barh(places, [value or 0 for value in values], color=colour, height=0.7)
    texts = labels or ["no views" if value is None else form.format(value) for value in values]
    axes.bar_label(bars, labels=texts, padding=3, fontsize=8, color=INK)
    style(axes, title, grid=None)
    axes.margins(x=0.22)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    if names is not None:
        axes.set_yticks(places, [_short(name) for name in names], fontsize=9, color=INK, parse_math=False)
        axes.invert_yaxis()
    if not values:
        axes.set_yticks([])
        axes.text(0.5, 0.5, "none in these days", ha="center", color=SOFT, transform=axes.transAxes)


def style(axes: "Axes", title: str, *, grid: str | None = "y") -> None:
    """A panel's title, and as little else as can be: a grid behind upright bars, none behind lying ones."""
    from matplotlib.ticker import EngFormatter

    axes.set_title(title, loc="left", fontsize=9.5, color=SOFT)
    axes.set_facecolor(CARD)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(REST)
    axes.tick_params(length=0, labelsize=8, labelcolor=SOFT)
    if grid:
        axes.grid(axis="y", color="#E4E7EB", linewidth=0.8)
        axes.set_axisbelow(True)
        axes.yaxis.set_major_formatter(EngFormatter(sep=""))
        axes.locator_params(axis="y", nbins=5)
        axes.set_ylim(0, HEADROOM * axes.get_ylim()[1])


def days_axis(axes: "Axes", days: pl.Series) -> None:
    """Ticks on days alone: a locator of its own would put hours between a few days."""
    present = days.unique().sort().to_list()
    if missing := max(0, FEWEST_BARS - len(present)):
        axes.set_xlim(present[0] - timedelta(days=missing / 2 + 0.5), present[-1] + timedelta(days=missing / 2 + 0.5))
    step = -(-len(present) // 8)
    axes.set_xticks(present[::step], [f"{day:%b} {day.day}" for day in present[::step]])
    axes.set_xlabel(f"Day (UTC), {present[0].year}", fontsize=8, color=SOFT)


def time_axis(axes: "Axes", days: pl.Series) -> None:
    """Ticks every 3 hours of one day, every 12 of up to four, else at midnight of at most some eight days."""
    first, last = days.unique().sort().to_list()[0], days.unique().sort().to_list()[-1]
    count = (last - first).days + 1
    hours, form = (3, "%H:%M") if count == 1 else (12, "%b %d %H:%M") if count <= 4 else (24 * -(-count // 8), "%b %d")
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    ticks: Any = [start + timedelta(hours=hour) for hour in range(0, 24 * count, hours)]
    axes.set_xticks(ticks, [tick.strftime(form) for tick in ticks])


def span(frame: pl.DataFrame) -> str:
    """The days that a frame with a `date` column covers, as words."""
    days = frame["date"].unique().sort().to_list()
    return f"{days[0]}" if len(days) == 1 else f"{days[0]} to {days[-1]}"


def _short(name: str) -> str:
    return name if len(name) <= LABEL_CHARACTERS else name[: LABEL_CHARACTERS - 1].rstrip() + "…"


def currency() -> str:
    """The shop's currency, for titles."""
    return get_settings().currency
