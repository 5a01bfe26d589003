"""The picture of a search: every trial by two figures, the limits of the goals shaded.

Trials are dots, light grey for the first and black for the last, so that one sees where the search
went. The policy as it was given is a square, the checked ones have crosses (their intervals under
fresh seeds), the best of them is a star. What never came lies in a strip of its own at the end.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stormlab.plots import COLOURS, GREY, INK, save, style
from stormlab.recovery import FIGURES
from stormlab.tune import Check, Goal, Trial, Tuning

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RATIO_LOG = 10  # an axis whose values span more than this is logarithmic
_MARGIN = 0.08  # of the span
_GIVEN, _BEST = COLOURS[0], COLOURS[3]
_LIGHT, _DARK = 0.78, 0.1  # greys of the first and the last trial
_STRIP = "#f3e3d3"


def figures_of(tuning: Tuning) -> tuple[str, str]:
    """The two figures that are drawn: of the goals, then of the target, then a key figure."""
    first, second, *_ = dict.fromkeys([*tuning.aim.figures, *tuning.trials[0].samples])
    return first, second


def picture(tuning: Tuning) -> Callable[[Path], None]:
    """Prepare the picture; what is returned writes it as SVG or PNG.

    Raises:
        PlotError: when matplotlib is missing.
    """
    with style():  # tells at once when matplotlib is missing
        pass

    def write(path: Path) -> None:
        with style() as make:
            save(_drawn(make, tuning), path)

    return write


def caption(tuning: Tuning) -> str:
    """What the picture shows, in words."""
    across, up = figures_of(tuning)
    return (
        f"Across: {across}; up: {up}. Dots: means of the {len(tuning.proposed)} trials, dark ones"
        " later. Hatched: where a goal is missed. Crosses: intervals of the checked ones under"
        " fresh seeds."
    )


@dataclass(frozen=True)
class _Scale:
    """One axis: its figure, what it has to show, and where "never" lies."""

    figure: str
    low: float
    high: float
    log: bool
    never: bool

    @property
    def top(self) -> float:
        """The end of the axis, the strip of what never came included."""
        if not self.never:
            return self.high
        part = 0.12
        if self.log:
            return self.high * math.pow(self.high / self.low, part)
        return self.high + (self.high - self.low) * part

    def at(self, value: float) -> float:
        """Where a value is drawn."""
        if math.isfinite(value):
            return value
        return math.sqrt(self.high * self.top) if self.log else (self.high + self.top) / 2


def _scale(tuning: Tuning, figure: str) -> _Scale:
    means = [trial.mean(figure) for trial in (*tuning.trials, *(c.trial for c in tuning.checks))]
    ends = [
        end
        for check in tuning.checks
        for interval in [check.intervals[figure]]
        if interval is not None
        for end in (interval.low, interval.high)
    ]
    limits = [goal.limit for goal in tuning.aim.goals if goal.figure == figure]
    shown = [value for value in (*means, *ends, *limits) if math.isfinite(value)] or [0.0, 1.0]
    low, high = min(shown), max(shown)
    log = low > 0 and high / low > RATIO_LOG
    if log:
        room = (high / low) ** _MARGIN
        low, high = low / room, high * room
    else:
        room = (high - low or abs(high) or 1.0) * _MARGIN
        low, high = low - room, high + room
    return _Scale(figure, low, high, log, any(map(math.isinf, means)))


def _drawn(make: "type[Figure]", tuning: Tuning) -> "Figure":
    drawing = make(figsize=(7.2, 4.8), layout="constrained")
    axes = drawing.subplots()
    across, up = (_scale(tuning, figure) for figure in figures_of(tuning))
    _frame(axes, across, up)
    for goal in tuning.aim.goals:
        for scale in (across, up):
            if goal.figure == scale.figure:
                _missed(axes, goal, scale, upright=scale is across)
    _trials(axes, tuning.proposed, across, up)
    for check in tuning.checks:
        _cross(axes, check, across, up, colour=_colour(check, tuning))
    if any(_colour(check, tuning) == INK for check in tuning.checks):
        axes.plot([], [], marker="+", markersize=9, linestyle="", color=INK, label="also checked")
    given, best = tuning.given.trial, tuning.best.trial
    _mark(axes, given, across, up, marker="s", size=7, colour=_GIVEN, label="as given, checked")
    if best.number:
        label = f"best, checked: trial {best.number}"
        _mark(axes, best, across, up, marker="*", size=14, colour=_BEST, label=label)
    title = f"{tuning.base.name}: {len(tuning.proposed)} trials of {tuning.aim.policy}"
    axes.set_title(title, loc="left", pad=18)
    drawing.legend(loc="outside lower left", ncols=4)
    return drawing


def _frame(axes: "Axes", across: _Scale, up: _Scale) -> None:
    if across.log:
        axes.set_xscale("log")
    if up.log:
        axes.set_yscale("log")
    axes.set_xlim(across.low, across.top)
    axes.set_ylim(up.low, up.top)
    axes.set_xlabel(_label(across))
    axes.set_ylabel(_label(up))
    axes.grid(visible=True, axis="both")
    for scale, way in ((across, axes.xaxis), (up, axes.yaxis)):
        if scale.log:
            from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter  # noqa: PLC0415  with matplotlib there

            way.set_major_locator(LogLocator(subs=(1, 2, 5)))
            way.set_major_formatter(StrMethodFormatter("{x:g}"))
            way.set_minor_formatter(NullFormatter())
    if across.never:
        axes.axvspan(across.high, across.top, facecolor=_STRIP, zorder=0)
        axes.text(across.at(math.inf), up.low, "never", ha="center", va="bottom", fontsize=8.5)
    if up.never:
        axes.axhspan(up.high, up.top, facecolor=_STRIP, zorder=0)
        axes.text(across.low, up.at(math.inf), " never", ha="left", va="center", fontsize=8.5)


def _label(scale: _Scale) -> str:
    found = FIGURES.get(scale.figure)
    return f"{found.title}, {found.unit}\n{scale.figure}" if found else scale.figure


def _missed(axes: "Axes", goal: Goal, scale: _Scale, *, upright: bool) -> None:
    """Hatch where a goal is missed, with its limit as a line."""
    ends = (goal.limit, scale.top) if goal.better == "lower" else (scale.low, goal.limit)
    span, line = (axes.axvspan, axes.axvline) if upright else (axes.axhspan, axes.axhline)
    span(*ends, facecolor="#f4f4f4", edgecolor="#d0d0d0", hatch="///", linewidth=0, zorder=0.1)
    line(goal.limit, color=INK, linewidth=1, linestyle="--", zorder=1)
    text = {"fontsize": 8, "color": INK}
    relation = goal.relation.replace("<=", "≤").replace(">=", "≥")
    if upright:
        axes.annotate(
            f"{relation} {goal.limit:g}",
            (goal.limit, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 2),
            textcoords="offset points",
            ha="center",
            va="bottom",
            **text,  # type: ignore[arg-type]
        )
    else:
        axes.annotate(
            f"{relation} {goal.limit:g}",
            (1.0, goal.limit),
            xycoords=("axes fraction", "data"),
            xytext=(3, 0),
            textcoords="offset points",
            ha="left",
            va="center",
            **text,  # type: ignore[arg-type]
        )


def _trials(axes: "Axes", trials: Sequence[Trial], across: _Scale, up: _Scale) -> None:
    count = len(trials)
    for index, trial in enumerate(trials):
        x, y = trial.mean(across.figure), trial.mean(up.figure)
        if math.isnan(x) or math.isnan(y):
            continue
        shade = _LIGHT + (_DARK - _LIGHT) * (index / max(1, count - 1))
        axes.plot(
            [across.at(x)],
            [up.at(y)],
            marker="o",
            markersize=5,
            linestyle="",
            color=str(round(shade, 3)),
            markeredgecolor=GREY,
            markeredgewidth=0.4,
            label="a trial (later ones darker)" if index == count - 1 else None,
            zorder=2,
        )


def _colour(check: Check, tuning: Tuning) -> str:
    if check.trial.number == 0:
        return _GIVEN
    return _BEST if check is tuning.best else INK


def _cross(axes: "Axes", check: Check, across: _Scale, up: _Scale, *, colour: str) -> None:
    """The intervals of a checked trial."""
    x, y = check.trial.mean(across.figure), check.trial.mean(up.figure)
    if math.isnan(x) or math.isnan(y):
        return
    x_range, y_range = check.intervals[across.figure], check.intervals[up.figure]
    look = {"color": colour, "linewidth": 1.6, "zorder": 3}
    if x_range is not None:
        axes.plot([x_range.low, x_range.high], [up.at(y)] * 2, **look)  # type: ignore[arg-type]
    if y_range is not None:
        axes.plot([across.at(x)] * 2, [y_range.low, y_range.high], **look)  # type: ignore[arg-type]


def _mark(
    axes: "Axes",
    trial: Trial,
    across: _Scale,
    up: _Scale,
    *,
    marker: str,
    size: float,
    colour: str,
    label: str,
) -> None:
    x, y = trial.mean(across.figure), trial.mean(up.figure)
    if math.isnan(x) or math.isnan(y):
        return
    axes.plot(
        [across.at(x)],
        [up.at(y)],
        marker=marker,
        markersize=size,
        linestyle="",
        color=colour,
        markeredgecolor="white",
        markeredgewidth=0.8,
        label=label,
        zorder=4,
    )
