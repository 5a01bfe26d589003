"""Time to reconnect as distribution functions, with those who were never seen to come back."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from stormlab.plots import GREY, INK, PlotError, style
from stormlab.plots_compare.labels import spread
from stormlab.plots_compare.picture import (
    WIDTH_IN,
    Floats,
    Picture,
    amount,
    by_policy,
    log_axis,
    look,
    short,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINTS = 200
BAND = (5, 95)
LEAST_S = 1e-3  # on a log axis nobody is back at 0
KEY_GAP = 0.085  # of the height, between two labels
WIDER = 1.12  # the axis beyond the last return, for the marks
MARKS = (0.08, 0.3, 0.5, 0.7, 0.9)  # heights at which a curve shows its marker


def draw_returns(
    times_s: Mapping[str, Sequence[ArrayLike]],
    *,
    curves: Mapping[str, tuple[ArrayLike, ArrayLike]] | None = None,
    gave_up: Mapping[str, float] | None = None,
    until_s: float | None = None,
) -> Picture:
    """Share of sockets that are back by each time since they lost their connection, log axis.

    ``times_s``: by policy one array per replication; ``inf``: not back while it was watched.
    ``curves``: by policy the pooled curve, times and the share that is back from each on, such as
    a Kaplan-Meier estimate; without one it is the plain share, which is the same where all were
    watched for the same time.
    ``gave_up``: by policy the share (0 to 1) that will not come back by itself; told apart from
    those who were still trying at the end. ``until_s``: for how long all were watched.

    Raises:
        PlotError: no matplotlib, no policy or more than twelve, or a policy without any client.
    """
    runs = {
        name: [np.sort(np.asarray(run, dtype=np.float64).ravel()) for run in given]
        for name, given in by_policy(times_s, "time to reconnect").items()
    }
    pooled = {name: _pooled(name, arrays) for name, arrays in runs.items()}
    seen = np.concatenate([array[np.isfinite(array)] for array in pooled.values()])
    low = max(LEAST_S, float(seen[seen > 0].min(initial=np.inf)) * 0.8)
    low = low if np.isfinite(low) else (until_s or 1.0) / 10
    high = max(until_s or 0.0, float(seen.max(initial=0.0)) * WIDER, 2 * low)
    keys = {name: _key(name, array, (gave_up or {}).get(name)) for name, array in pooled.items()}
    with style() as new_figure:
        figure = new_figure(figsize=(WIDTH_IN, 4.4), layout="constrained")
        axes, side = figure.subplots(1, 2, width_ratios=(1, 0.46))
        for index, (name, array) in enumerate(pooled.items()):
            _band(axes, runs[name], index, low, high)
            times, share = (curves or {}).get(name) or _plain(array)
            _curve(axes, np.asarray(times, float), np.asarray(share, float), index, (low, high))
        log_axis(axes, "x", low, high)
        axes.set_yticks(np.arange(0, 1.01, 0.2), [f"{k * 20} %" for k in range(6)])
        axes.set_ylim(0, 1.03)
        axes.set(xlabel="time since the connection was lost, s", ylabel="share that is back")
        _labels(side, pooled, keys)
    several = max(len(given) for given in runs.values())
    caption = (
        "Share of sockets that have a lasting connection again, by the time since they lost it,"
        f" log axis; {'pooled over replications' if several > 1 else 'one run'}."
    )
    if several > 1:
        caption += " Bands: 90 % of the replications at each time."
    caption += " A curve that ends below 100 % at the right edge: the rest was not back by then."
    alt = "Distribution functions of the time to reconnect: " + "; ".join(keys.values()) + "."
    return Picture(figure, "time-to-reconnect", "Time to reconnect", caption, alt)


def _pooled(name: str, runs: Sequence[Floats]) -> Floats:
    array = np.sort(np.concatenate(runs)) if runs else np.array([])
    if not array.size or np.isnan(array).any():
        raise PlotError(f"time to reconnect of {name}: found no client, or NaN; never is inf")
    return array


def _key(name: str, array: Floats, gave_up: float | None) -> str:
    """The label at the end of a line: the policy, its median, and who is missing."""
    away = 1 - float(np.isfinite(array).mean())
    half = float(array[(len(array) - 1) // 2])
    told = f"{name}: half by {amount(half)} s" if np.isfinite(half) else name
    if not away:
        return told
    joint = ", " if np.isfinite(half) else ": "
    if gave_up is None:
        return f"{told}{joint}{_percent(away)} not back"
    parts = ((min(gave_up, away), "never"), (away - min(gave_up, away), "still away"))
    return told + joint + ", ".join(f"{_percent(part)} {word}" for part, word in parts if part)


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.3g} %"  # noqa: PLR2004


def _plain(array: Floats) -> tuple[Floats, Floats]:
    """The share of all that is back from each time on."""
    finite = array[np.isfinite(array)]
    return finite, np.arange(1, len(finite) + 1) / len(array)


def _curve(
    axes: "Axes", times: Floats, share: Floats, index: int, extent: tuple[float, float]
) -> None:
    """Steps, at most POINTS of them, up to the right edge; markers at some heights and there."""
    low, high = extent
    wanted = np.linspace(0, share[-1], POINTS) if len(share) else np.array([])
    kept = np.unique(np.minimum(np.searchsorted(share, wanted), len(share) - 1))
    times, share = np.maximum(times[kept], low), share[kept]
    reached = float(share[-1]) if len(share) else 0.0
    line = look(index).line
    axes.step(
        np.concatenate([[low], times, [high]]),
        np.concatenate([[0.0], share, [reached]]),
        where="post",
        **{**line, "marker": ""},
    )
    heights = np.array([height * reached for height in MARKS if reached])
    at = times[np.searchsorted(share, heights)]
    axes.plot(at, heights, **{**line, "linestyle": ""})
    axes.plot([high], [reached], **{**line, "linestyle": ""}, clip_on=False, zorder=5)


def _band(axes: "Axes", runs: Sequence[Floats], index: int, low: float, high: float) -> None:
    if len(runs) < 2:  # noqa: PLR2004  one run has no spread
        return
    grid = np.geomspace(low, high, POINTS)
    shares = [np.searchsorted(run, grid, side="right") / len(run) for run in runs if len(run)]
    bottom, top = np.percentile(shares, BAND, axis=0)
    axes.fill_between(
        grid, bottom, top, step="post", facecolor=look(index).colour, alpha=0.18, linewidth=0
    )


def _labels(side: "Axes", pooled: Mapping[str, Floats], keys: Mapping[str, str]) -> None:
    """One label per line beside its end, the fastest on top where lines end together."""
    side.set(xlim=(0, 1), ylim=(0, 1.03))
    side.set_axis_off()
    slowest_first = sorted(
        pooled, key=lambda name: (np.isfinite(pooled[name]).mean(), -_middle(pooled[name]))
    )
    ends = [float(np.isfinite(pooled[name]).mean()) for name in slowest_first]
    heights = spread(ends, KEY_GAP, 0.02, 1.0)
    order = list(pooled)
    for name, end, height in zip(slowest_first, ends, heights, strict=True):
        shown = look(order.index(name))
        side.plot([-0.06, 0.02], [end, height], color=GREY, linewidth=0.6, clip_on=False)
        side.plot([0.03, 0.09, 0.15], [height] * 3, **{**shown.line, "markevery": [1]})
        first, rest = short(name), keys[name].removeprefix(name).lstrip(": ,")
        text = f"{first}\n{rest}" if rest else first
        side.text(
            0.18, height, text, va="center", fontsize=7.5, linespacing=1.05, color=INK, wrap=False
        )


def _middle(array: Floats) -> float:
    """The median, never as a large number."""
    half = float(array[(len(array) - 1) // 2])
    return half if np.isfinite(half) else 1e18
