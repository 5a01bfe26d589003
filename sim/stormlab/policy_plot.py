"""A policy as a picture: every value that each delay can take, one row an attempt.

Rows from top to bottom in the order of time; a bar is an interval of the support, a diamond a
single value, and the share of clients that wait exactly the cap stands beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stormlab.clock import NS_PER_S
from stormlab.plots import COLOURS, INK, save, style
from stormlab.policy.support import Support

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LINEAR_SPAN = 60.0  # between the shortest and the longest high end; beyond it the axis bends
_SHARE_MIN = 0.0005


@dataclass(frozen=True)
class Row:
    """One delay: what it follows, every value it can take, and the share exactly at the cap.

    ``observed``: the support is not exact, only what was seen in simulated draws.
    """

    label: str
    support: Support
    at_cap: float | None = None
    observed: bool = False


def draw_policy(title: str, rows: Sequence[Row], path: Path) -> None:
    """Draw the delays of a policy into an SVG or PNG file; the same rows give the same bytes.

    Raises:
        stormlab.plots.PlotError: when matplotlib is missing.
    """
    with style() as figure_type:
        figure = figure_type(figsize=(7.2, 1.15 + 0.27 * len(rows)), layout="constrained")
        axes = figure.add_subplot()
        longest_s = max(row.support.high_ns for row in rows) / NS_PER_S
        _scale(axes, rows, longest_s)
        for index, row in enumerate(rows):
            _draw_row(axes, index, row)
        axes.set_yticks(range(len(rows)), [row.label for row in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.grid(visible=False, axis="y")
        axes.grid(visible=True, axis="x")
        axes.set_xlabel("delay before the next attempt, s" + _bent(axes))
        axes.set_title(title)
        save(figure, path)


def _bent(axes: "Axes") -> str:
    return " (logarithmic scale)" if axes.get_xscale() == "symlog" else ""


def _scale(axes: "Axes", rows: Sequence[Row], longest_s: float) -> None:
    highs_s = [row.support.high_ns / NS_PER_S for row in rows]
    shortest_s = min((high for high in highs_s if high > 0), default=1.0)
    if longest_s > _LINEAR_SPAN * shortest_s:
        bend_s = max(shortest_s / 2, longest_s / 1e4)  # linear below it
        axes.set_xscale("symlog", linthresh=bend_s)
        decades = [10.0**power for power in range(-9, 10)]
        ticks = [0.0, *(tick for tick in decades if bend_s <= tick <= longest_s * 8)]
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.set_xlim(0, longest_s * 8)  # room for the shares
    else:
        axes.set_xlim(0, max(longest_s, 1e-3) * 1.25)


def _draw_row(axes: "Axes", index: int, row: Row) -> None:
    hatch = "////" if row.observed else None
    for low, high in row.support.intervals:
        low_s, high_s = low / NS_PER_S, high / NS_PER_S
        if low == high:
            axes.plot(low_s, index, "D", color=COLOURS[3], markersize=5, clip_on=False, zorder=3)
        else:
            axes.barh(
                index,
                high_s - low_s,
                left=low_s,
                height=0.55,
                facecolor="white" if row.observed else COLOURS[0],
                edgecolor=COLOURS[0],
                linewidth=0.8,
                hatch=hatch,
            )
    if row.at_cap is not None and row.at_cap > _SHARE_MIN:
        high_s = row.support.high_ns / NS_PER_S
        if not row.support.is_point:
            axes.plot(high_s, index, "D", color=COLOURS[3], markersize=5, zorder=3)
        axes.annotate(
            f"{row.at_cap:.0%} at the cap",
            (high_s, index),
            xytext=(7, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=INK,
        )


def strip(support: Support, longest_ns: int, cells: int) -> str:
    """The support as a line of text from 0 to ``longest_ns``: ``=`` interval, ``*`` value."""
    drawn = [" "] * cells
    for low, high in support.intervals:
        first, last = (end * (cells - 1) // max(1, longest_ns) for end in (low, high))
        for cell in range(first, min(last, cells - 1) + 1):
            drawn[cell] = "*" if low == high else "="
    return "".join(drawn).rstrip()
