"""Pictures of sweeps: one figure over one or two keys of the grid, with its intervals.

The key with the most numbers runs along the axis below; another, if there is one, gives the lines,
each with its own colour, dash and marker. Bars are 95 % intervals of the mean. When a second key
has more numbers than lines can be told apart, a heat map shows means over both; its intervals are
in the summary. Of the other keys every combination has a panel.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stormlab.console import DASH
from stormlab.plots import COLOURS, DASHES, INK, MARKERS, PlotError, save, style
from stormlab.sweep import Results, Summary
from stormlab.sweep.grid import value_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LINES_MAX = len(COLOURS)
PANELS_MAX = 6
PANELS_PER_ROW = 3
CELLS_WITH_NUMBERS = 100
RATIO_LOG = 20  # a key whose values span more than this is drawn on a logarithmic axis
TICKS_MAX = 8
_WIDTH, _HEIGHT = 4.6, 3.2
_DODGE = 0.12

Cells = dict[tuple[Any, ...], Summary]


@dataclass(frozen=True)
class Layout:
    """Which key goes where; ``lines`` may be missing, ``panels`` may be several keys."""

    below: str
    lines: str | None
    panels: tuple[str, ...]
    heat: bool


def layout(keys: dict[str, list[Any]]) -> Layout:
    """Choose a place for every key that has more than one value.

    Raises:
        PlotError: when there are more combinations than a picture can show.
    """
    varied = [key for key, values in keys.items() if len(values) > 1] or list(keys)[:1]
    numeric = [key for key in varied if _numeric(keys[key])]
    below = max(numeric or varied, key=lambda key: len(keys[key]))
    others = [key for key in varied if key != below]
    few = [key for key in others if len(keys[key]) <= LINES_MAX]
    lines = max(few, key=lambda key: (not _numeric(keys[key]), len(keys[key])), default=None)
    heat = lines is None and below in numeric and len(others) > 0 and _numeric(keys[others[0]])
    if heat:
        lines = others[0]
    panels = tuple(key for key in others if key != lines)
    count = 1
    for key in panels:
        count *= len(keys[key])
    if count > PANELS_MAX:
        raise PlotError(f"{' x '.join(varied)} is more than one picture shows; see summary.csv")
    return Layout(below, lines, panels, heat)


def picture(results: Results, summaries: Sequence[Summary], figure: str) -> Callable[[Path], None]:
    """Prepare the picture of one figure; what is returned writes it as SVG or PNG.

    Raises:
        PlotError: when matplotlib is missing, or the grid is too large for a picture.
    """
    keys = {key: list(dict.fromkeys(results.columns[key])) for key in results.keys}
    places = layout(keys)
    cells = {each.point: each for each in summaries if each.figure == figure}
    with style():  # tells at once when matplotlib is missing
        pass

    def write(path: Path) -> None:
        with style() as make:
            save(_drawn(make, keys, places, cells, figure, results), path)

    return write


def _drawn(
    make: "type[Figure]",
    keys: dict[str, list[Any]],
    places: Layout,
    cells: Cells,
    figure: str,
    results: Results,
) -> "Figure":
    panels = _combinations(keys, places.panels)
    across = 2 if len(panels) == 4 else min(len(panels), PANELS_PER_ROW)  # noqa: PLR2004  a square
    down = -(-len(panels) // across)
    size = (_WIDTH * across + (1.4 if places.lines else 0), _HEIGHT * down + 0.5)
    drawing = make(figsize=size, layout="constrained")
    grid = drawing.subplots(down, across, squeeze=False, sharey=True)
    first, last = results.metadata["seeds"]
    runs = last - first + 1
    of = f"mean of {runs:,} runs" if places.heat else f"mean of {runs:,} runs, bars: 95 % interval"
    title = f"{results.metadata['scenario']}: {figure}\n{of}"
    drawing.suptitle(title, x=0.01, ha="left", size=9.5)
    low_high = _range(cells)
    for index, axes in enumerate(grid.flat):
        if index >= len(panels):
            axes.set_visible(False)
            continue
        fixed = panels[index]
        if fixed:
            axes.set_title(
                ", ".join(f"{key} = {value_text(value)}" for key, value in fixed.items())
            )
        if places.heat:
            _heat(axes, keys, places, cells, fixed, low_high)
        else:
            _lines(axes, keys, places, cells, fixed)
        axes.set_xlabel(places.below)
        if index % across == 0:
            axes.set_ylabel(str(places.lines) if places.heat else figure)
    if places.lines and not places.heat:
        handles, labels = grid.flat[0].get_legend_handles_labels()
        drawing.legend(handles, labels, loc="outside right center", title=places.lines)
    return drawing


def _lines(
    axes: "Axes", keys: dict[str, list[Any]], places: Layout, cells: Cells, fixed: dict[str, Any]
) -> None:
    values = keys[places.below]
    numeric = _numeric(values)
    at = np.array(values if numeric else range(len(values)), dtype=np.float64)
    series = keys[places.lines] if places.lines else [None]
    for index, line in enumerate(series):
        shift = 0.0 if numeric else _DODGE * (index - (len(series) - 1) / 2)
        shown = []
        for place, value in zip(at, values, strict=True):
            point = {**fixed, places.below: value}
            if places.lines:
                point[places.lines] = line
            cell = cells.get(tuple(point.get(key, keys[key][0]) for key in keys))
            if cell is not None and cell.mean is not None:
                low = cell.mean if cell.low is None else cell.low
                high = cell.mean if cell.high is None else cell.high
                shown.append((place + shift, cell.mean, cell.mean - low, high - cell.mean))
        where, means, below, above = np.array(shown, dtype=np.float64).reshape(-1, 4).T
        under = len(series) - 1 - index  # wider below narrower: equal lines stay to be seen
        axes.errorbar(
            where,
            means,
            yerr=[below, above],
            color=COLOURS[index % len(COLOURS)],
            linestyle=DASHES[index % len(DASHES)] if numeric else "none",
            marker=MARKERS[index % len(MARKERS)],
            markersize=3.5 + 1.6 * under,
            linewidth=1.2 + 0.8 * under,
            elinewidth=1.0,
            capsize=2.5,
            label=value_text(line),
        )
    if numeric and _wide(values):
        axes.set_xscale("log")
        axes.minorticks_off()
    if numeric and len(values) <= TICKS_MAX:
        axes.set_xticks(at, [value_text(value) for value in values])
    if not numeric:
        axes.set_xticks(at, [value_text(value) for value in values], rotation=20, ha="right")
        axes.set_xlim(-0.5, len(values) - 0.5)
    axes.margins(y=0.1)


def _heat(
    axes: "Axes",
    keys: dict[str, list[Any]],
    places: Layout,
    cells: Cells,
    fixed: dict[str, Any],
    low_high: tuple[float, float],
) -> None:
    assert places.lines is not None  # noqa: S101  a heat map has two keys
    across, up = keys[places.below], keys[places.lines]
    means = np.full((len(up), len(across)), np.nan)
    for row, upper in enumerate(up):
        for column, value in enumerate(across):
            point = {**fixed, places.below: value, places.lines: upper}
            cell = cells.get(tuple(point.get(key, keys[key][0]) for key in keys))
            if cell is not None and cell.mean is not None:
                means[row, column] = cell.mean
    low, high = low_high
    image = axes.imshow(means, origin="lower", aspect="auto", cmap="cividis", vmin=low, vmax=high)
    axes.grid(visible=False)
    axes.set_facecolor("#e8e8e8")  # where the figure applies to no run
    axes.set_xticks(range(len(across)), [value_text(value) for value in across], rotation=30)
    axes.set_yticks(range(len(up)), [value_text(value) for value in up])
    if means.size <= CELLS_WITH_NUMBERS:
        for (row, column), mean in np.ndenumerate(means):
            text = DASH if np.isnan(mean) else value_text(float(mean))
            dark = mean < (low + high) / 2  # never so where there is no mean
            axes.text(
                column, row, text, ha="center", va="center", size=7, color="white" if dark else INK
            )
    axes.figure.colorbar(image, ax=axes)


def _combinations(keys: dict[str, list[Any]], chosen: Sequence[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [{}]
    for key in chosen:
        found = [{**each, key: value} for each in found for value in keys[key]]
    return found


def _range(cells: Cells) -> tuple[float, float]:
    means = [cell.mean for cell in cells.values() if cell.mean is not None]
    return (min(means), max(means)) if means else (0.0, 1.0)


def _numeric(values: Sequence[Any]) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _wide(values: Sequence[float]) -> bool:
    return min(values) > 0 and max(values) / min(values) > RATIO_LOG
