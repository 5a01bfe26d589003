"""Replications over seeds, and what can be said from them: values with intervals.

``replicate`` runs scenarios under seeds, in processes, and reads each trace with a function; what
comes back depends on scenario, seed and function only, never on the number of workers or on their
order. The intervals are two-sided at 95 %:

=================== ==============================================================================
mean_interval       Student's t over the runs
share_interval      Wilson's score interval of a pooled share; the number of trials is divided by
                    the design effect (Kish 1965), because the sockets of one run are not
                    independent of each other
median_interval     order statistics (exact binomial ranks); infinite values mean "never" and
                    count, so a run that was cut off is not left out
bootstrap_interval  percentile bootstrap of any statistic of whole runs, with a fixed seed
paired_difference   t over the differences of runs of the same seed (common random numbers)
paired_reduction    percent that the total fell by, bootstrap over the pairs
=================== ==============================================================================

An interval of equal figures has no width: the model gives the same under every seed. Needs scipy:
``pip install 'stormlab[report]'``.
"""

import math
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from types import ModuleType
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from stormlab.model import run
from stormlab.scenario import Scenario
from stormlab.trace import Trace

CONFIDENCE = 0.95
RESAMPLES = 1999
CHUNK = 4

T = TypeVar("T")
Statistic = Callable[[NDArray[np.float64]], float]


class CompareError(Exception):
    """Something that cannot be compared; the message is one line for a person."""


@dataclass(frozen=True)
class Interval:
    """A value with its 95 % interval, from ``n`` runs (for a share: ``n`` trials in all)."""

    value: float
    low: float
    high: float
    n: int

    def inside(self, low: float, high: float) -> bool:
        """Whether the whole interval lies in the closed range."""
        return low <= self.low and self.high <= high

    def outside(self, low: float, high: float) -> bool:
        """Whether no point of the interval lies in the closed range."""
        return self.high < low or self.low > high


@dataclass(frozen=True)
class Job(Generic[T]):
    """One run and how its trace is read; ``read`` must be picklable."""

    scenario: Scenario
    seed: int
    read: Callable[[Trace], T]

    @property
    def key(self) -> str:
        """What decides the trace: scenario hash and seed."""
        return f"{self.scenario.hash}/{self.seed}"


def replicate(jobs: Sequence[Job[T]], workers: int | None = None) -> Iterator[T]:
    """Run every job and yield the results in the order of the jobs.

    ``workers``: processes; None: as many as there are cores, 1: this process only. Stopping the
    iteration (or Ctrl-C) ends the workers after the runs they are at.

    Raises:
        CompareError: when a worker ends, as it does when it cannot import ``read``.
    """
    count = min(workers or os.cpu_count() or 1, max(1, len(jobs) // CHUNK))
    if count == 1:
        yield from map(_work, jobs)
        return
    pool = ProcessPoolExecutor(
        count, mp_context=get_context("spawn"), initializer=_ignore_interrupt
    )
    try:
        yield from pool.map(_work, jobs, chunksize=CHUNK)
    except BrokenProcessPool:
        raise CompareError("a worker process ended; its functions must be importable") from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _ignore_interrupt() -> None:
    """Ctrl-C belongs to the parent, which ends the workers in order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _work(job: Job[T]) -> T:
    return job.read(run(job.scenario, job.seed))


# intervals -------------------------------------------------------------------------------------


def mean_interval(values: Sequence[float]) -> Interval:
    """Mean with Student's t interval; one run has an infinite one, equal runs a width of 0."""
    array = _finite(values)
    mean, n = float(array.mean()), len(array)
    if n == 1:
        return Interval(mean, -math.inf, math.inf, n)
    error = float(array.std(ddof=1)) / math.sqrt(n)
    half = float(_stats().t.ppf((1 + CONFIDENCE) / 2, n - 1)) * error
    return Interval(mean, mean - half, mean + half, n)


def share_interval(counts: Sequence[tuple[float, float]]) -> Interval:
    """Share in percent of pooled ``(successes, trials)``, one pair per run."""
    array = np.array([pair for pair in counts if pair[1] > 0], dtype=np.float64)
    if not len(array):
        raise CompareError("a share of no trials")
    successes, trials = array.sum(axis=0)
    share = float(successes / trials)
    effective = trials / design_effect(array)
    z = float(_stats().norm.ppf((1 + CONFIDENCE) / 2))
    centre = (share + z * z / (2 * effective)) / (1 + z * z / effective)
    spread = math.sqrt(share * (1 - share) / effective + z * z / (4 * effective**2))
    half = z * spread / (1 + z * z / effective)
    low = max(0.0, centre - half) if share > 0 else 0.0
    high = min(1.0, centre + half) if share < 1 else 1.0
    return Interval(100 * share, 100 * low, 100 * high, int(trials))


def design_effect(counts: NDArray[np.float64]) -> float:
    """How many trials of a run are worth one independent trial: 1 or more."""
    successes, trials = counts[:, 0], counts[:, 1]
    share = successes.sum() / trials.sum()
    if len(counts) == 1 or share in (0, 1):
        return 1.0
    runs = len(counts)
    residuals = successes - share * trials
    clustered = runs / (runs - 1) * float((residuals**2).sum()) / float(trials.sum()) ** 2
    independent = share * (1 - share) / float(trials.sum())
    return float(max(1.0, clustered / independent))


def median_interval(values: Sequence[float]) -> Interval:
    """Median with the interval of order statistics; ``inf`` means never."""
    array = np.sort(np.array(values, dtype=np.float64))
    n = len(array)
    if not n:
        raise CompareError("a median of no runs")
    rank = int(_stats().binom.ppf((1 - CONFIDENCE) / 2, n, 0.5))
    low, high = array[max(rank - 1, 0)], array[min(n - rank, n - 1)]
    middle = array[(n - 1) // 2], array[n // 2]
    value = middle[0] if middle[0] == middle[1] else (middle[0] + middle[1]) / 2
    return Interval(float(value), float(low), float(high), n)


def bootstrap_interval(runs: Sequence[Sequence[float]], statistic: Statistic) -> Interval:
    """Percentile bootstrap of ``statistic(rows)``; each run is one row of numbers.

    The generator has a fixed seed, so that equal runs give equal intervals.
    """
    rows = np.array(runs, dtype=np.float64)
    if not len(rows):
        raise CompareError("a bootstrap of no runs")
    value, n = statistic(rows), len(rows)
    if n == 1 or (rows == rows[0]).all():
        return Interval(value, value, value, n)
    found = (
        _stats()
        .bootstrap(
            (np.arange(n),),
            lambda picked: statistic(rows[picked]),
            n_resamples=RESAMPLES,
            confidence_level=CONFIDENCE,
            method="percentile",
            vectorized=False,
            rng=0,
        )
        .confidence_interval
    )
    return Interval(value, float(found.low), float(found.high), n)


# pairs -----------------------------------------------------------------------------------------


def paired_difference(before: Sequence[float], after: Sequence[float]) -> Interval:
    """Mean of after minus before; the n-th runs of both have the same seed."""
    _same_length(before, after)
    with np.errstate(invalid="ignore"):
        differences = np.array(after, dtype=np.float64) - np.array(before, dtype=np.float64)
    return mean_interval(np.where(np.isnan(differences), 0.0, differences).tolist())


def paired_reduction(before: Sequence[float], after: Sequence[float]) -> Interval:
    """Percent by which the total falls from before to after; negative: it rises."""
    _same_length(before, after)

    def reduction(rows: NDArray[np.float64]) -> float:
        total = rows[:, 0].sum()
        return float(100 * (1 - rows[:, 1].sum() / total)) if total else 0.0

    return bootstrap_interval(list(zip(before, after, strict=True)), reduction)


def _same_length(before: Sequence[float], after: Sequence[float]) -> None:
    if len(before) != len(after):
        raise CompareError(f"{len(before)} runs before and {len(after)} after: not pairs")


def _finite(values: Sequence[float]) -> NDArray[np.float64]:
    array = np.array(values, dtype=np.float64)
    if not len(array):
        raise CompareError("a mean of no runs")
    if not np.isfinite(array).all():
        raise CompareError("a mean of runs of which some never got there: use the median")
    return array


def _stats() -> ModuleType:
    try:
        from scipy import stats  # noqa: PLC0415  heavy and optional
    except ImportError:
        raise CompareError("intervals need scipy: pip install 'stormlab[report]'") from None
    module: ModuleType = stats
    return module
