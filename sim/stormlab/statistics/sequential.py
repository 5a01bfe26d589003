"""Replications one after another until the figures are as precise as asked for.

The rule (Hoad, Robinson and Davies 2010, "Automated selection of the number of replications for a
discrete-event simulation", J. Operational Research Society 61:1632-1644; in Python:
``ReplicationsAlgorithm`` of sim-tools). A figure is *precise* after m replications when the half
width of its 95 % interval is at most ``relative`` times its mean, or at most its ``absolute`` floor
if it has one. The answer is the smallest n, not below ``floor``, such that every figure is precise
after each of n, n + 1, ..., n + k replications, where k = max(look_ahead, look_ahead * n // 100):
5 up to n = 199 with the default, then 5 % of n. The look-ahead is there because an interval that is
narrow by chance stops a run too early, and such intervals cover the truth too seldom.

Two differences from sim-tools: all figures have to be precise over the same stretch, and what is
reported uses all n + k replications, which have been made anyway.

The answer is a function of the figures of replication 0, 1, 2, ... alone. They are asked for in
batches so that several workers have something to do; what a batch made beyond the answer is left
out, so that neither batch size nor workers change the result.

Figures that do not vary are precise at once, also at a mean of 0. A figure with an ``inf``
("never") has no mean from there on: it is not waited for, and the result says so.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stormlab.statistics.intervals import (
    CONFIDENCE,
    Floats,
    Interval,
    StatisticsError,
    mean_interval,
    sample,
    scipy_stats,
    z_quantile,
)
from stormlab.statistics.quantiles import quantile_interval

Run = Callable[[range], Sequence[Mapping[str, float]]]
State = Literal["precise", "short", "never"]


@dataclass(frozen=True)
class Precision:
    """What is asked for: half width of the interval as a part of the mean, and within what limits.

    ``absolute``: per figure a half width in its own unit that is good enough whatever the mean, for
    figures whose mean may be 0. ``floor`` and ``ceiling``: fewest and most replications;
    ``look_ahead``: for how many more the precision has to last.
    """

    relative: float = 0.05
    absolute: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    confidence: float = CONFIDENCE
    floor: int = 10
    ceiling: int = 1000
    look_ahead: int = 5

    def __post_init__(self) -> None:
        """Refuse what cannot be reached.

        Raises:
            StatisticsError: with the name of the parameter and what is allowed.
        """
        if not self.relative > 0:
            raise StatisticsError(f"precision: found {self.relative:g}; allowed is above 0")
        if self.floor < 2:  # noqa: PLR2004  one replication has no interval
            raise StatisticsError(f"fewest replications: found {self.floor}; allowed is 2 or more")
        if self.ceiling < self.floor:
            raise StatisticsError(
                f"most replications: found {self.ceiling}; allowed is {self.floor} or more"
            )
        if self.look_ahead < 0:
            raise StatisticsError(f"look-ahead: found {self.look_ahead}; allowed is 0 or more")

    def looked_ahead(self, n: int) -> int:
        """How many replications after n have to confirm it."""
        return max(self.look_ahead, self.look_ahead * n // 100)


@dataclass(frozen=True)
class FigureReached:
    """Where one figure stands at the end.

    ``state``: ``precise``, ``short`` (the ceiling came first) or ``never`` (some replication never
    got there; ``interval`` is then that of the median). ``half_width_percent`` of the mean, None
    where there is no mean or it is 0; ``needed``: replications that the spread seen so far asks for
    (:func:`pilot`), None for ``never``.
    """

    state: State
    interval: Interval
    half_width_percent: float | None
    needed: int | None


@dataclass(frozen=True)
class Replicated:
    """The figures of replications 0..n-1, and how precise they are.

    ``settled``: the n of the rule, from which on every figure stayed precise; None when the ceiling
    came first.
    """

    n: int
    settled: int | None
    values: Mapping[str, tuple[float, ...]]
    figures: Mapping[str, FigureReached]

    @property
    def short(self) -> tuple[str, ...]:
        """The figures that are not as precise as asked for."""
        return tuple(name for name, figure in self.figures.items() if figure.state == "short")


def replicate_until(
    run: Run,
    precision: Precision,
    batch: int = 10,
    progress: Callable[[int, int], None] | None = None,
) -> Replicated:
    """Ask ``run`` for the figures of more replications until they are precise.

    ``run(range(10, 20))`` returns one mapping from figure to value per replication, in order and
    with the same figures each time; what it returns must depend on the index only. ``batch``: how
    many are asked for at least at a time; best a multiple of the number of workers. ``progress`` is
    called with how many are done and how many there will be by what is known so far.

    Raises:
        StatisticsError: when ``run`` returns another number of replications than asked for, other
            figures than before, or NaN.
    """
    rows: list[Mapping[str, float]] = []
    wanted = precision.floor + precision.looked_ahead(precision.floor)
    while True:
        size = min(max(wanted - len(rows), batch), precision.ceiling - len(rows))
        indices = range(len(rows), len(rows) + size)
        rows.extend(_checked(run(indices), indices, rows))
        names = tuple(rows[0])
        table = np.array([[row[name] for row in rows] for name in names], dtype=np.float64)
        if np.isnan(table).any():
            name = names[int(np.isnan(table).any(axis=1).argmax())]
            raise StatisticsError(f"figure {name}: found NaN in a replication; allowed are numbers")
        settled = stopping_point(table, names, precision)
        if settled is not None or len(rows) == precision.ceiling:
            break
        wanted = min(2 * len(rows), _forecast(table, precision))
        if progress:
            progress(len(rows), min(max(_forecast(table, precision), len(rows)), precision.ceiling))
    n = len(rows) if settled is None else settled + precision.looked_ahead(settled)
    if progress:
        progress(n, n)
    return _summary(names, table[:, :n], precision, settled)


def stopping_point(table: Floats, names: Sequence[str], precision: Precision) -> int | None:
    """The n of the rule for a table of figures by replications; None when it is not reached yet."""
    absolute = np.array([precision.absolute.get(name, 0.0) for name in names])
    good = np.all(_precise(table, absolute, precision), axis=0).tolist()  # from 1 replication on
    streak_start = precision.floor
    for m in range(precision.floor, table.shape[1] + 1):
        if not good[m - 1]:
            streak_start = m + 1
        elif m == streak_start + precision.looked_ahead(streak_start):
            return streak_start
    return None


def pilot(values: ArrayLike, relative: float, confidence: float = CONFIDENCE) -> int:
    """Replications that a pilot's spread asks for: R = (z cv / relative)^2, rounded up.

    ``cv`` is standard deviation over mean. Two at least; a mean of 0 cannot be told to a part of
    itself.

    Raises:
        StatisticsError: when a value is not finite, or the mean is 0 and the values vary.
    """
    array = sample(values, "a pilot")
    if not np.isfinite(array).all():
        raise StatisticsError("a pilot of runs of which some never got there")
    spread, mean = float(array.std(ddof=1)) if len(array) > 1 else math.inf, float(array.mean())
    if spread == 0:
        return 2
    if mean == 0 or math.isinf(spread):
        raise StatisticsError("a pilot needs two runs or more, and a mean other than 0")
    z = z_quantile((1 + confidence) / 2)
    return max(2, math.ceil((z * spread / (abs(mean) * relative)) ** 2))


def _checked(
    found: Sequence[Mapping[str, float]], indices: range, rows: Sequence[Mapping[str, float]]
) -> Sequence[Mapping[str, float]]:
    if len(found) != len(indices):
        raise StatisticsError(f"asked for {len(indices)} replications, got {len(found)}")
    first = set(rows[0] if rows else found[0])
    for index, row in zip(indices, found, strict=True):
        if set(row) != first or not row:
            raise StatisticsError(
                f"replication {index}: found figures {', '.join(sorted(row)) or 'none'}; allowed"
                f" are those of replication 0: {', '.join(sorted(first)) or 'at least one'}"
            )
    return found


def _precise(table: Floats, absolute: Floats, precision: Precision) -> NDArray[np.bool_]:
    """Whether each figure is precise after 1, 2, ... replications; ``inf`` counts as precise."""
    means, half_widths = _running(table, precision.confidence)
    lost = np.cumsum(~np.isfinite(table), axis=1) > 0
    with np.errstate(invalid="ignore"):
        enough = np.maximum(precision.relative * np.abs(means), absolute[:, None])
        good: NDArray[np.bool_] = (half_widths <= enough) | lost
    return good


def _running(table: Floats, confidence: float) -> tuple[Floats, Floats]:
    """Means and half widths of the first 1, 2, ... replications of each figure.

    Sums in order, so that more replications change nothing for the first ones; taken from the
    first value, so that squares do not swallow a small spread.
    """
    finite = np.where(np.isfinite(table), table, 0.0)
    start = finite[:, :1]
    shifted = finite - start
    n = np.arange(1, table.shape[1] + 1)
    sums, squares = np.cumsum(shifted, axis=1), np.cumsum(shifted**2, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        variances = np.maximum(squares - sums**2 / n, 0.0) / (n - 1)
        half_widths = _t_quantiles(table.shape[1], confidence) * np.sqrt(variances / n)
    half_widths[:, 0] = math.inf
    return start + sums / n, half_widths


@lru_cache(maxsize=64)
def _t_quantiles(n: int, confidence: float) -> Floats:
    freedom = np.maximum(np.arange(n), 1)
    return np.asarray(scipy_stats().t.ppf((1 + confidence) / 2, freedom), dtype=np.float64)


def _forecast(table: Floats, precision: Precision) -> int:
    """How many replications it will take, by the spread so far; never more than the ceiling."""
    wanted = precision.floor
    for row in table:
        if np.isfinite(row).all() and row.mean() != 0:
            wanted = max(wanted, pilot(row, precision.relative, precision.confidence))
    return min(wanted + precision.looked_ahead(wanted), precision.ceiling)


def _summary(
    names: Sequence[str], table: Floats, precision: Precision, settled: int | None
) -> Replicated:
    absolute = np.array([precision.absolute.get(name, 0.0) for name in names])
    precise = _precise(table, absolute, precision)[:, -1]
    return Replicated(
        n=table.shape[1],
        settled=settled,
        values={name: tuple(row.tolist()) for name, row in zip(names, table, strict=True)},
        figures={
            name: _reached(row, precision, precise=bool(good))
            for name, row, good in zip(names, table, precise, strict=True)
        },
    )


def _reached(row: Floats, precision: Precision, *, precise: bool) -> FigureReached:
    if not np.isfinite(row).all():
        return FigureReached("never", quantile_interval(row, 0.5, precision.confidence), None, None)
    found = mean_interval(row, precision.confidence)
    half = found.high - found.value
    return FigureReached(
        "precise" if precise else "short",
        found,
        100 * half / abs(found.value) if found.value else None,
        pilot(row, precision.relative, precision.confidence) if found.value else None,
    )
