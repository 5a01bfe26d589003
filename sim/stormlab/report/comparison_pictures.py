"""The pictures of a comparison: what was kept of its runs, as the drawing functions take it."""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from stormlab.compare import Comparison, Grid, PolicyResult
from stormlab.compare.results import Floats, Ints
from stormlab.plots_compare import (
    Picture,
    Scene,
    draw_attempts,
    draw_bytes,
    draw_differences,
    draw_returns,
    draw_standings,
    draw_trade,
)
from stormlab.statistics import Interval

RECOVERY = ("recovery_s_p99", "reconnect_s_p99")  # the first that is known
PEAK = "attempts_per_s_peak"
BEFORE = 0.05  # of what is shown, before the fault
AFTER = 1.05  # as long as something happens, and a little more
BEFORE_MOST_S = 10.0


def pictures(comparison: Comparison) -> list[Picture]:
    """Every picture for which something was kept, in the order of the report.

    Raises:
        PlotError: when matplotlib is missing, or there are more policies than can be told apart.
    """
    return [*_over_time(comparison), *_of_outcomes(comparison)]


def _of_outcomes(comparison: Comparison) -> Iterator[Picture]:
    waits = {each.label: each.runs.waits_s for each in comparison.policies}
    if all(sum(map(len, runs)) for runs in waits.values()):
        yield draw_returns(
            waits,
            curves={
                each.label: (each.ecdf.times_s, each.ecdf.share)
                for each in comparison.policies
                if each.ecdf is not None
            },
            gave_up=_gave_up(comparison),
        )
    points = _points(comparison)
    if points is not None:
        yield points
    differences = _differences(comparison)
    if differences is not None:
        yield differences


def _gave_up(comparison: Comparison) -> dict[str, float]:
    """The share of the sockets that lost their connection and stand as given up at the end."""
    found = {}
    for each in comparison.policies:
        lost = sum(map(len, each.runs.waits_s))
        at_end = each.runs.standings.get("gave up")
        if lost and at_end is not None and at_end.size:
            found[each.label] = float(at_end[:, -1].sum()) / lost
    return found


def _points(comparison: Comparison) -> Picture | None:
    """Time to recover against peak load, where both are known of every policy."""
    time = next((name for name in RECOVERY if name in comparison.measures), None)
    if time is None or PEAK not in comparison.measures:
        return None
    found: dict[str, tuple[Interval, Interval]] = {}
    for each in comparison.policies:
        x, y = each.figures.get(time), each.figures.get(PEAK)
        if x is None or y is None:
            return None
        found[each.label] = (x.interval, y.interval)
    since = "when the service was there again" if time == RECOVERY[0] else "the loss"
    return draw_trade(
        found,
        x_label=f"s from {since} until 99 % of the sockets are back",
        y_label="attempts in the busiest second",
    )


def _differences(comparison: Comparison) -> Picture | None:
    """Every other policy against the first, by every figure that was judged."""
    baseline, *others = comparison.labels
    judged = {
        comparison.key[name]: {
            other: comparison.pair(name, baseline, other).judgement for other in others
        }
        for name in comparison.rankings
        if all(_is_judged(comparison, name, baseline, other) for other in others)
    }
    return draw_differences(judged, baseline) if judged and others else None


def _is_judged(comparison: Comparison, figure: str, first: str, second: str) -> bool:
    return any((p.figure, p.first, p.second) == (figure, first, second) for p in comparison.pairs)


# over time ---------------------------------------------------------------------------------------


def _over_time(comparison: Comparison) -> Iterator[Picture]:
    grid = comparison.grid
    if grid is None or not len(grid):
        return
    first, scene = _scene(comparison, grid)

    def curve(policy: PolicyResult, name: str) -> Floats:
        return policy.runs.curves[name][:, first:] / grid.bin_s

    def has(*names: str) -> bool:
        return all(name in each.runs.curves for each in comparison.policies for name in names)

    if has("attempts"):
        peaks = {
            each.label: each.figures[PEAK].interval.value
            for each in comparison.policies
            if PEAK in each.figures
        }
        yield draw_attempts(
            {each.label: curve(each, "attempts") for each in comparison.policies},
            scene,
            peaks=peaks if len(peaks) == len(comparison.policies) else None,
        )
    if all(each.runs.standings for each in comparison.policies):
        yield draw_standings(
            {each.label: _shares(each, first) for each in comparison.policies}, scene
        )
    if has("bytes_useful", "bytes_wasted"):
        yield draw_bytes(
            {
                each.label: (
                    curve(each, "bytes_useful").mean(axis=0),
                    curve(each, "bytes_wasted").mean(axis=0),
                )
                for each in comparison.policies
            },
            scene,
        )


def _shares(policy: PolicyResult, first: int) -> dict[str, Floats]:
    """Percent of all places, mean over the runs."""
    standings = policy.runs.standings
    places = np.maximum(sum(counts for counts in standings.values()), 1)
    return {
        name: (100 * counts / places).mean(axis=0)[first:] for name, counts in standings.items()
    }


def _scene(comparison: Comparison, grid: Grid) -> tuple[int, Scene]:
    """The first bin that is shown, and the scene with 0 at the fault."""
    zero_s = grid.fault_s or 0.0
    end_s = _last_s(comparison, grid)
    before_s = min(BEFORE_MOST_S, BEFORE * max(end_s - zero_s, grid.bin_s))
    first = max(0, math.floor((zero_s - before_s - grid.edges_s[0]) / grid.bin_s + 1e-9))
    return first, Scene(
        bin_s=grid.bin_s,
        start_s=float(grid.edges_s[first]) - zero_s,
        down_s=tuple((begin - zero_s, end - zero_s) for begin, end in grid.down_s),
        capacity_per_s=grid.capacity_per_s,
        end_s=end_s - zero_s,
        zero="the start" if grid.fault_s is None else "the fault",
    )


def _last_s(comparison: Comparison, grid: Grid) -> float:
    """Until when something happens in any run, and a little longer; at most to the end."""
    last = 0
    for each in comparison.policies:
        busy = [counts.any(axis=0) for counts in each.runs.curves.values()]
        busy += [_moved(counts) for counts in each.runs.standings.values()]
        for one in busy:
            found = np.flatnonzero(one)
            last = max(last, int(found[-1]) + 1 if len(found) else 0)
    zero_s = grid.fault_s or 0.0
    until_s = max(float(grid.edges_s[min(last, len(grid))]), *(end for _, end in grid.down_s), 0.0)
    return min(float(grid.edges_s[-1]), zero_s + AFTER * (until_s - zero_s))


def _moved(counts: Ints) -> NDArray[np.bool_]:
    changes = np.diff(counts, axis=1, append=counts[:, -1:])
    return np.asarray((changes != 0).any(axis=0), dtype=np.bool_)
