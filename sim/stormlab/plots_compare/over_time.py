"""Panels over time, one per policy on common axes."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from stormlab.plots import COLOURS, GREY, HATCHES, INK, PlotError, style
from stormlab.plots_compare.picture import (
    DOWN_COLOUR,
    WIDTH_IN,
    Binned,
    Floats,
    Picture,
    Scene,
    amount,
    by_policy,
    floats,
    rebin,
    root_axis,
    shade,
    short,
    small_multiples,
    steps,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

BANDS = ((5, 95), (25, 75))  # percentiles over replications, outer first
BAND_COLOURS = ("#cfe3f1", "#8fbfe0")
SINGLE_RUNS = 3
UNLIKE = 6.0  # so many times the smallest peak asks for a square-root scale
FAR_ABOVE = 2.0  # a capacity so many times the highest peak is told, not drawn
COLUMNS = 2
ROW_IN = 1.3
STANDING_LOOK = {
    "open": (COLOURS[0], HATCHES[0]),
    "connecting": (COLOURS[1], HATCHES[1]),
    "waiting": (COLOURS[5], HATCHES[2]),
    "paused": (COLOURS[4], HATCHES[5]),
    "silent": ("#bbbbbb", HATCHES[4]),
    "gave up": (COLOURS[3], HATCHES[3]),
}


def draw_attempts(
    rates: Mapping[str, ArrayLike],
    scene: Scene,
    *,
    peaks: Mapping[str, float] | None = None,
) -> Picture:
    """Attempts per second over time: bands over replications, median and the first single runs.

    ``rates``: by policy an array of replications x bins, in attempts per second. ``peaks``: by
    policy what stands in the title, attempts in the busiest second, mean over replications.

    Raises:
        PlotError: no matplotlib, no policy or more than twelve, or an array of another shape.
    """
    runs = {
        name: floats(array, f"attempts of {name}", 2)
        for name, array in by_policy(rates, "attempts per second").items()
    }
    shown = rebin(runs, scene)
    tops = {name: float(_highest(array)) for name, array in shown.values.items()}
    top = max(*tops.values(), 1e-9)
    smallest = min((value for value in tops.values() if value > 0), default=top)
    rooted = top > UNLIKE * smallest
    capacity = scene.capacity_per_s
    drawn = capacity if capacity is not None and capacity <= FAR_ABOVE * top else None
    with style() as new_figure:
        figure, axes = small_multiples(new_figure, list(runs), row_in=ROW_IN, columns=COLUMNS)
        for axis, (name, array) in zip(axes, shown.values.items(), strict=True):
            shade(axis, scene)
            _fan(axis, shown.edges_s, array)
            if peaks is not None:
                axis.set_title(f"{short(name)}: peak {amount(peaks[name])}/s")
            if drawn is not None:
                axis.axhline(drawn, color=COLOURS[3], linestyle="--", linewidth=1)
        _height(axes[0], max(top, drawn or 0), rooted=rooted)
        unit = "attempts per s" + (", square-root scale" if rooted else "")
        _label(figure, axes, shown, scene, unit)
        _attempt_legend(figure, scene, several=_several(runs), capacity=drawn)
    several = _several(runs)
    words = [
        f"Attempts (new WebSocket) per second, mean over bins of {shown.bin_s:g} s.",
        (
            "Bands: 50 % and 90 % of the replications; thin: the first"
            f" {min(SINGLE_RUNS, several)} runs."
            if several > 1
            else "One run."
        ),
    ]
    if peaks is not None:
        words.append("Peak: attempts in the busiest second, mean over replications.")
    if rooted:
        words.append("Heights are on a square-root scale.")
    if capacity is not None and drawn is None:
        words.append(f"The capacity of {amount(capacity)} handshakes/s lies above the picture.")
    alt = "Attempts per second over time, one panel per policy" + _told_peaks(peaks)
    return Picture(figure, "attempts-per-s", "Attempts per second", " ".join(words), alt)


def _highest(array: Floats) -> float:
    """The top of what is drawn: outer band and single runs."""
    return float(
        max(np.percentile(array, BANDS[0][1], axis=0).max(), array[:SINGLE_RUNS].max(initial=0))
    )


def _fan(axes: "Axes", edges: Floats, array: Floats) -> None:
    if len(array) > 1:
        for (low, high), colour in zip(BANDS, BAND_COLOURS, strict=True):
            x, bottom, top = steps(edges, *np.percentile(array, (low, high), axis=0))
            axes.fill_between(x, bottom, top, step="post", facecolor=colour, linewidth=0)
        for run in array[:SINGLE_RUNS]:
            axes.step(*steps(edges, run), where="post", color=INK, linewidth=0.45, alpha=0.75)
    axes.step(
        *steps(edges, np.median(array, axis=0)), where="post", color=COLOURS[0], linewidth=1.4
    )


def _several(runs: Mapping[str, Floats]) -> int:
    return max(len(array) for array in runs.values())


def _told_peaks(peaks: Mapping[str, float] | None) -> str:
    told = [f"{name} peaks at {amount(peak)} per second" for name, peak in (peaks or {}).items()]
    return (": " + "; ".join(told) if told else "") + "."


def _attempt_legend(
    figure: "Figure", scene: Scene, *, several: int, capacity: float | None
) -> None:
    from matplotlib.lines import Line2D  # noqa: PLC0415  heavy and optional
    from matplotlib.patches import Patch  # noqa: PLC0415

    handles: list[Any] = [
        Line2D([], [], color=COLOURS[0], label="median" if several > 1 else "the run")
    ]
    if several > 1:
        handles += [
            Patch(facecolor=BAND_COLOURS[1], label="50 % of runs"),
            Patch(facecolor=BAND_COLOURS[0], label="90 %"),
            Line2D([], [], color=INK, linewidth=0.6, label="single runs"),
        ]
    if scene.down_s:
        handles.append(Patch(facecolor=DOWN_COLOUR, label="no service"))
    if capacity is not None:
        label = f"capacity {amount(capacity)}/s"
        handles.append(Line2D([], [], color=COLOURS[3], linestyle="--", label=label))
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles))


def draw_standings(shares: Mapping[str, Mapping[str, ArrayLike]], scene: Scene) -> Picture:
    """How the fleet's places stand over time, stacked: open, connecting, waiting and so on.

    ``shares``: by policy and standing an array of bins, in percent of all, mean over replications.

    Raises:
        PlotError: as :func:`draw_attempts`; also for a standing without a look.
    """
    names = list(by_policy(shares, "standings"))
    order = [one for one in STANDING_LOOK if any(one in shares[name] for name in names)]
    unknown = sorted({one for name in names for one in shares[name]} - set(STANDING_LOOK))
    if unknown:
        raise PlotError(f"standings: found {unknown[0]}; allowed are {', '.join(STANDING_LOOK)}")
    stacks = {}
    for name in names:
        rows = [floats(row, f"standings of {name}", 1) for row in shares[name].values()]
        zero = np.zeros(len(rows[0]))
        stacks[name] = np.array([np.asarray(shares[name].get(one, zero), float) for one in order])
    shown = rebin(stacks, scene)
    seen = [one for k, one in enumerate(order) if any(a[k].any() for a in shown.values.values())]
    with style() as new_figure:
        figure, axes = small_multiples(new_figure, names, row_in=ROW_IN, columns=COLUMNS)
        for axis, array in zip(axes, shown.values.values(), strict=True):
            floor = np.zeros(array.shape[-1])
            for index, one in enumerate(order):
                if one in seen:
                    _area(axis, shown.edges_s, floor, floor + array[index], one)
                    floor = floor + array[index]
            _mark(axis, scene)
        axes[0].set_ylim(0, 100)
        _label(figure, axes, shown, scene, "share of sockets, %")
        handles, labels = axes[0].get_legend_handles_labels()
        if scene.down_s:
            handles.append(_dotted())
            labels.append("service gone, back")
        figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
    caption = (
        "How the sockets of the fleet stand as their pages see it, mean over replications, bins of"
        f" {shown.bin_s:g} s. Waiting: a timer for the next attempt is pending."
    )
    if "silent" in seen:
        caption += " Silent: no socket, no timer, and nobody said so."
    alt = "Stacked shares of sockets over time, one panel per policy: " + "; ".join(
        f"{name} ends with {_ends(array, order)}" for name, array in shown.values.items()
    )
    return Picture(figure, "socket-states", "What the sockets are doing", caption, alt + ".")


def _ends(array: Floats, order: list[str]) -> str:
    told = [f"{array[k, -1]:.3g} % {one}" for k, one in enumerate(order) if array[k, -1] > 0]
    return ", ".join(told) or "nothing"


def _area(axes: "Axes", edges: Floats, floor: Floats, top: Floats, one: str) -> None:
    colour, hatch = STANDING_LOOK[one]
    x, low, high = steps(edges, floor, top)
    axes.fill_between(
        x,
        low,
        high,
        step="post",
        facecolor=colour,
        edgecolor="white",
        hatch=hatch,
        linewidth=0,
        label=one,
    )


def _dotted() -> "Line2D":
    from matplotlib.lines import Line2D  # noqa: PLC0415  heavy and optional

    return Line2D([], [], color=INK, linestyle=":", linewidth=1)


def _mark(axes: "Axes", scene: Scene) -> None:
    """The stretches without service as lines, where a shade would be covered."""
    for moment in (moment for stretch in scene.down_s for moment in stretch):
        axes.axvline(moment, color=INK, linestyle=":", linewidth=1)


def draw_bytes(rates: Mapping[str, tuple[ArrayLike, ArrayLike]], scene: Scene) -> Picture:
    """Handshake bytes per second, useful below and wasted on top.

    ``rates``: by policy useful and wasted bytes per second, an array of bins each, mean over
    replications.

    Raises:
        PlotError: as :func:`draw_attempts`.
    """
    both = {
        name: np.stack([floats(one, f"bytes of {name}", 1) for one in pair]) / 1000
        for name, pair in by_policy(rates, "bytes per second").items()
    }
    shown = rebin(both, scene)
    tops = [float(array.sum(axis=0).max()) for array in shown.values.values()]
    rooted = max(tops) > UNLIKE * min((top for top in tops if top > 0), default=math.inf)
    with style() as new_figure:
        figure, axes = small_multiples(new_figure, list(both), row_in=ROW_IN, columns=COLUMNS)
        for axis, (name, (useful, wasted)) in zip(axes, shown.values.items(), strict=True):
            shade(axis, scene)
            x, low, high = steps(shown.edges_s, useful, useful + wasted)
            axis.fill_between(x, low, step="post", facecolor=COLOURS[0], linewidth=0)
            axis.fill_between(
                x,
                low,
                high,
                step="post",
                facecolor=COLOURS[3],
                edgecolor="white",
                hatch=HATCHES[1],
                linewidth=0,
            )
            sums = both[name].sum(axis=-1) * scene.bin_s
            part = 100 * sums[1] / sums.sum() if sums.sum() else 0.0
            axis.set_title(f"{short(name)}: {amount(float(sums.sum()))} KB, {part:.3g} % wasted")
        _height(axes[0], max(*tops, 1e-9), rooted=rooted)
        unit = "handshake KB per s" + (", square-root scale" if rooted else "")
        _label(figure, axes, shown, scene, unit)
        _bytes_legend(figure, scene)
    caption = (
        "Bytes of handshakes on the wire per second, both directions, mean over replications and"
        f" bins of {shown.bin_s:g} s; in the title the sum. Wasted: no lasting connection came of"
        " it."
    )
    if rooted:
        caption += " Heights are on a square-root scale."
    alt = "Useful and wasted handshake bytes per second over time, one panel per policy."
    return Picture(figure, "handshake-bytes", "Handshake bytes per second", caption, alt)


def _bytes_legend(figure: "Figure", scene: Scene) -> None:
    from matplotlib.patches import Patch  # noqa: PLC0415  heavy and optional

    handles = [
        Patch(facecolor=COLOURS[0], label="useful"),
        Patch(facecolor=COLOURS[3], edgecolor="white", hatch=HATCHES[1], label="wasted"),
    ]
    if scene.down_s:
        handles.append(Patch(facecolor=DOWN_COLOUR, label="no service"))
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles))


def _height(axes: "Axes", top: float, *, rooted: bool) -> None:
    if rooted:
        root_axis(axes, top)
    else:
        axes.set_ylim(0, top * 1.1)
        axes.locator_params(axis="y", nbins=4)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.12g}")


def _label(figure: "Figure", axes: "list[Axes]", shown: Binned, scene: Scene, unit: str) -> None:
    axes[0].set_xlim(float(shown.edges_s[0]), float(shown.edges_s[-1]))
    figure.supxlabel(f"{scene.x_label} (bins of {shown.bin_s:g} s)", fontsize=9)
    figure.supylabel(unit, fontsize=9)


def draw_rounds(counts: ArrayLike, scene: Scene, policy: str) -> Picture:
    """Attempts of one policy by their number and time: dark spots are attempts made together.

    ``counts``: attempt number (first row: the first) x bins, sums over a fleet, mean over
    replications.

    Raises:
        PlotError: no matplotlib, or an array of another shape.
    """
    table = floats(counts, f"attempts of {policy}", 2)
    shown = rebin({policy: table}, scene, how=np.sum)
    cells = shown.values[policy]
    with style() as new_figure:
        from matplotlib.colors import LogNorm  # noqa: PLC0415  heavy and optional

        figure = new_figure(figsize=(WIDTH_IN, 3.2), layout="constrained")
        axes = figure.subplots()
        axes.grid(visible=False)
        top = max(float(cells.max()), 1.0)
        image = axes.imshow(
            np.ma.masked_less_equal(cells, 0),
            cmap="Blues",
            norm=LogNorm(min(1.0, top / 2), top),
            aspect="auto",
            origin="lower",
            interpolation="nearest",
            extent=(shown.edges_s[0], shown.edges_s[-1], 0.5, len(cells) + 0.5),
        )
        for moment in (moment for stretch in scene.down_s for moment in stretch):
            axes.axvline(moment, color=GREY, linestyle=":", linewidth=1)
        axes.locator_params(axis="y", integer=True)
        axes.set(title=short(policy), xlabel=scene.x_label, ylabel="number of the attempt")
        figure.colorbar(image, ax=axes, label=f"attempts in {shown.bin_s:g} s")
    caption = (
        "Attempts by their number since the connection was lost, in bins of"
        f" {shown.bin_s:g} s. A narrow dark row: all clients make this attempt at the same time."
    )
    alt = f"Heat map of the attempts of {policy} by number and time."
    return Picture(figure, "attempts-by-number", "Who tries together", caption, alt)
