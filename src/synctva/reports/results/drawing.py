"""Still figures for papers, as PNG, PDF and SVG; the one file that knows matplotlib.

What is drawn is given as plain numbers, scores x100; the same numbers give the same bytes. Widths
are those of a journal's column and page, and letters are as large as its captions.
"""

import io
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from synctva.reports import palette

COLUMN_IN, PAGE_IN = 3.5, 7.16
"""Widths of a column and of a page of two columns, in inches."""

DOTS_PER_INCH = 300

QUIET, GUIDE = "#5c6675", "#c9ced6"
"""Lines of what stays in the back, and guides."""

MARKERS = "osD^vP*X<>hp"

_STYLE: dict[Any, Any] = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": palette.INK,
    "text.color": palette.INK,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": palette.INK,
    "ytick.labelcolor": palette.INK,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.frameon": False,
    "text.parse_math": False,
    "pdf.fonttype": 42,
    "svg.hashsalt": "synctva",
}


@dataclass(frozen=True)
class Drawing:
    """A figure in three formats, as wide as a column or as a page."""

    is_wide: bool
    png: bytes = field(repr=False)
    pdf: bytes = field(repr=False)
    svg: bytes = field(repr=False)


@dataclass(frozen=True)
class Dot:
    """A value with its interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class DotPanel:
    """A column of dots, a row each; ``guide`` is a line across all rows."""

    title: str
    dots: Sequence[Dot | None]
    guide: float | None = None


@dataclass(frozen=True)
class Line:
    """A curve; a strong one is drawn above the others, ``sd`` as a band around it."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    sd: Sequence[float] = ()
    strong: bool = False


@dataclass(frozen=True)
class LinePanel:
    """Curves over one axis; a diagonal is where both axes are equal."""

    x_label: str
    y_label: str
    lines: Sequence[Line]
    diagonal: bool = False


@dataclass(frozen=True)
class Point:
    """A pair of scores and their sds."""

    x: float
    y: float
    x_sd: float = 0.0
    y_sd: float = 0.0


@dataclass(frozen=True)
class PointPanel:
    """Points of which more is better in both directions; the best ones are joined."""

    x_label: str
    y_label: str
    points: Sequence[Point] = field(default_factory=list)


def draw_dots(
    names: Sequence[str], strong: Sequence[bool], panels: Sequence[DotPanel], columns: int
) -> Drawing:
    """Returns rows of dots with intervals, panels beside each other under one column of names."""
    rows = math.ceil(len(panels) / columns)
    width = COLUMN_IN if columns <= 2 else PAGE_IN
    with _figure(width, rows * (0.55 + 0.17 * len(names))) as figure:
        grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
        for axes, panel in zip(grid.flat, panels, strict=False):
            if panel.guide is not None:
                axes.axvline(panel.guide, color=GUIDE, linewidth=0.8, zorder=0)
            for place, (dot, is_strong) in enumerate(zip(panel.dots, strong, strict=True)):
                if dot is not None:
                    colour = palette.WEIGHTED if is_strong else QUIET
                    axes.plot([dot.low, dot.high], [place, place], color=colour, linewidth=1.2)
                    axes.plot(dot.mean, place, "o", color=colour, markersize=3.5)
            axes.set_title(panel.title)
            axes.tick_params(axis="y", length=0)
            axes.locator_params(axis="x", nbins=4)
        for axes in list(grid.flat)[len(panels) :]:
            axes.set_visible(False)
        grid[0, 0].set_yticks(range(len(names)), [_short(name) for name in names])
        grid[0, 0].set_ylim(len(names) - 0.5, -0.5)
        return _drawing(figure)


def draw_lines(panels: Sequence[LinePanel]) -> Drawing:
    """Returns panels of curves beside each other, under one legend."""
    names = list(dict.fromkeys(line.name for panel in panels for line in panel.lines))
    with _figure(PAGE_IN if len(panels) > 2 else COLUMN_IN, 2.0 + 0.08 * len(names)) as figure:
        for axes, panel in zip(
            figure.subplots(1, len(panels), squeeze=False).flat, panels, strict=True
        ):
            if panel.diagonal:
                axes.axline((0, 0), slope=1, color=GUIDE, linewidth=0.8, zorder=0)
                axes.set(xlim=(0, 100), ylim=(0, 100))
            for line in panel.lines:
                number = names.index(line.name)
                look: dict[str, Any] = {
                    "color": palette.run_colour(number),
                    "marker": MARKERS[number % len(MARKERS)],
                    "markersize": 3.5 if line.strong else 2.5,
                    "linewidth": 1.6 if line.strong else 0.8,
                    "zorder": 3 if line.strong else 2,
                }
                axes.plot(line.x, line.y, label=_short(line.name), **look)
                if line.sd:
                    low = [y - sd for y, sd in zip(line.y, line.sd, strict=True)]
                    high = [y + sd for y, sd in zip(line.y, line.sd, strict=True)]
                    axes.fill_between(line.x, low, high, color=look["color"], alpha=0.15, lw=0)
            axes.set(xlabel=panel.x_label, ylabel=panel.y_label)
        _legend(figure)
        return _drawing(figure)


def draw_points(names: Sequence[str], panels: Sequence[PointPanel]) -> Drawing:
    """Returns panels of points beside each other, a marker for each name, under one legend."""
    with _figure(COLUMN_IN, 2.0 + 0.08 * len(names)) as figure:
        for axes, panel in zip(
            figure.subplots(1, len(panels), squeeze=False).flat, panels, strict=True
        ):
            best = best_points(panel.points)
            axes.step([p.x for p in best], [p.y for p in best], color=GUIDE, lw=0.8, where="pre")
            for number, (name, point) in enumerate(zip(names, panel.points, strict=True)):
                axes.errorbar(
                    point.x,
                    point.y,
                    xerr=point.x_sd,
                    yerr=point.y_sd,
                    fmt=MARKERS[number % len(MARKERS)],
                    color=palette.run_colour(number),
                    markersize=4.5,
                    elinewidth=0.6,
                    label=_short(name),
                )
            axes.set(xlabel=panel.x_label, ylabel=panel.y_label)
            axes.locator_params(nbins=5)
        _legend(figure)
        return _drawing(figure)


def draw_matrix(names: Sequence[str], shares: Sequence[Sequence[float]]) -> Drawing:
    """Returns a confusion matrix of percentages, a row per emotion."""
    with _figure(COLUMN_IN, 1.0 + 0.32 * len(names)) as figure:
        axes = figure.subplots()
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=100, aspect="auto")
        for row, own in enumerate(shares):
            for column, share in enumerate(own):
                colour = "white" if share > 60 else palette.INK
                axes.text(column, row, f"{share:.0f}", ha="center", va="center", color=colour)
        words = [_short(name, 14) for name in names]
        axes.set_xticks(range(len(names)), words, rotation=35, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(len(names)), words)
        axes.set(xlabel="predicted", ylabel="emotion")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        return _drawing(figure)


def best_points(points: Sequence[Point]) -> list[Point]:
    """Returns the points that no other exceeds in both directions, from left to right."""
    best: list[Point] = []
    for point in sorted(points, key=lambda p: (p.x, p.y), reverse=True):
        if not best or point.y > best[-1].y:
            best.append(point)
    return best[::-1]


def _short(name: str, most: int = 26) -> str:
    return name if len(name) <= most else f"{name[: most - 1].rstrip()}…"


def _legend(figure: Any) -> None:
    """Puts one legend below all panels."""
    shown = {}
    for axes in figure.axes:
        handles, names = axes.get_legend_handles_labels()
        shown.update(dict(zip(names, handles, strict=True)))
    figure.legend(shown.values(), shown.keys(), loc="outside lower center", ncols=2)


@contextmanager
def _figure(width_in: float, height_in: float) -> Iterator[Any]:
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(_STYLE):
        yield Figure(figsize=(width_in, height_in), layout="constrained")


def _drawing(figure: Any) -> Drawing:
    """Returns the figure in every format, without the date, so that it can be made again."""
    dateless = {
        "png": {"Software": None},
        "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
        "svg": {"Date": None, "Creator": None},
    }
    figure.dpi = DOTS_PER_INCH
    figure.get_layout_engine().execute(figure)
    figure.set_layout_engine("none")  # found once, for all formats
    files = {}
    for kind, metadata in dateless.items():
        file = io.BytesIO()
        figure.savefig(file, format=kind, dpi=DOTS_PER_INCH, metadata=metadata)
        files[kind] = file.getvalue()
    return Drawing(bool(figure.get_figwidth() > COLUMN_IN), **files)
