"""Every policy against one, figure by figure: paired differences with their intervals."""

import math
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from stormlab.plots import COLOURS, GREY, INK, PlotError, style
from stormlab.plots_compare.picture import WIDTH_IN, Picture, by_policy, log_axis, short
from stormlab.statistics import CONFIDENCE, Interval, Judgement

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = 3
ROW_IN = 0.24
TICKS_MAX = 5
RATIO_MIN, RATIO_MAX = 1 / 100, 100.0
LOOKS = {"better": ("o", COLOURS[0]), "worse": ("s", COLOURS[3])}


def draw_differences(
    judged: Mapping[str, Mapping[str, Judgement]], baseline: str, *, columns: int | None = None
) -> Picture:
    """A panel per figure, a row per policy: its mean as a multiple of the baseline's, log axis.

    ``judged``: by title of the figure and policy the verdict against the baseline. Where a mean
    does not exist (some run never got there) the row says in how many runs the policy was better
    and worse.

    Raises:
        PlotError: no matplotlib, no figure, no policy, or more than twelve.
    """
    if not judged:
        raise PlotError("differences: found no figure")
    names = list(by_policy(next(iter(judged.values())), "differences"))
    columns = columns or (COLUMNS if len(judged) <= 2 * COLUMNS else COLUMNS + 1)
    columns = min(columns, len(judged))
    rows = math.ceil(len(judged) / columns)
    height = rows * (0.75 + ROW_IN * len(names)) + 0.5
    low, high = _range(judged)
    with style() as new_figure:
        figure = new_figure(figsize=(WIDTH_IN, height), layout="constrained")
        axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        flat = list(axes.flat)
        for axis in flat[len(judged) :]:
            axis.remove()
        for axis, (title, verdicts) in zip(flat, judged.items(), strict=False):
            axis.set_title(title)
            axis.axvline(1, color=INK, linewidth=0.8)
            for row, name in enumerate(names):
                _row(axis, row, verdicts[name], (low, high))
        log_axis(flat[0], "x", low, high, TICKS_MAX)
        flat[0].set_yticks(range(len(names)), [short(name) for name in names])
        flat[0].set_ylim(len(names) - 0.4, -0.6)
        for place, axis in enumerate(flat[: len(judged)]):
            axis.tick_params(labelbottom=place >= len(judged) - columns)
            axis.grid(visible=True, axis="x")
        figure.supxlabel(f"times the figure of {short(baseline)}", fontsize=9)
        _legend(figure.legend)
    caption = (
        f"Means as multiples of those of {baseline}, which is 1; log axis; {100 * CONFIDENCE:g} %"
        " intervals of the single comparison, paired by seed. Filled: told apart after Holm's"
        " correction over all of them; hollow: no difference beyond noise at this precision."
    )
    counts = Counter(_word(one) for verdicts in judged.values() for one in verdicts.values())
    alt = (
        f"Paired differences to {baseline} in {', '.join(judged)}: "
        + ", ".join(f"{count} {word}" for word, count in sorted(counts.items()))
        + "."
    )
    return Picture(figure, "differences", f"Against {baseline}", caption, alt)


def _ratio(judgement: Judgement) -> Interval | None:
    """The mean as a multiple of the baseline's; None where there is no mean."""
    moved = judgement.comparison.relative_percent
    if moved is None:
        return None
    low, value, high = (1 + x / 100 for x in (moved.low, moved.value, moved.high))
    return Interval(value, low, high, moved.n)


def _range(judged: Mapping[str, Mapping[str, Judgement]]) -> tuple[float, float]:
    ratios = [_ratio(one) for verdicts in judged.values() for one in verdicts.values()]
    ends = [
        end
        for one in ratios
        if one is not None
        for end in (one.low, one.value, one.high)
        if math.isfinite(end) and end > 0
    ]
    low, high = min([0.8, *ends]), max([1.25, *ends])
    return max(RATIO_MIN, low / 1.15), min(RATIO_MAX, high * 1.15)


def _row(axes: "Axes", row: int, judgement: Judgement, extent: tuple[float, float]) -> None:
    ratio = _ratio(judgement)
    marker, colour = LOOKS.get(judgement.verdict, ("D", GREY))
    if ratio is None:
        _tell_never(axes, row, judgement, colour if judgement.verdict in LOOKS else INK)
        return
    low, high = (min(max(x, extent[0]), extent[1]) for x in (ratio.low, ratio.high))
    axes.plot([low, high], [row, row], color=colour, linewidth=1.6, solid_capstyle="butt")
    value = min(max(ratio.value, extent[0]), extent[1])
    arrow = "<" if ratio.value < extent[0] else ">" if ratio.value > extent[1] else marker
    face = colour if judgement.verdict in LOOKS else "white"
    axes.plot([value], [row], marker=arrow, color=colour, markerfacecolor=face, markersize=5)


def _tell_never(axes: "Axes", row: int, judgement: Judgement, colour: str) -> None:
    """Words where no mean exists, because some run never got there."""
    pair = judgement.comparison
    theirs, own = pair.never
    text = f"never in {own} of {pair.n} runs" + (f", baseline {theirs}" if theirs else "")
    if not any(pair.never):
        text = f"better in {pair.better_runs}, worse in {pair.worse_runs} of {pair.n} runs"
    axes.text(
        0.98,
        row,
        text,
        transform=axes.get_yaxis_transform(),
        fontsize=7,
        ha="right",
        va="center",
        color=colour,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.2},
    )


def _word(judgement: Judgement) -> str:
    return judgement.verdict if judgement.verdict in LOOKS else "no difference beyond noise"


def _legend(legend: object) -> None:
    from matplotlib.lines import Line2D  # noqa: PLC0415  heavy and optional

    assert callable(legend)  # noqa: S101  narrows the type
    handles = [
        Line2D([], [], color=colour, marker=marker, label=word)
        for word, (marker, colour) in LOOKS.items()
    ]
    handles.append(
        Line2D([], [], color=GREY, marker="D", markerfacecolor="white", label="no difference")
    )
    legend(handles=handles, loc="outside upper center", ncols=3)
