"""Ranking the mechanisms by how well each produces the given log.

A variant's evidence is the mean, over repeated simulations, of the probability that its log is
read as the given one (:mod:`.align`); a mechanism's evidence is that of its best variant, since
its unknowns are unknown. Shares are the evidences' parts of their sum: the posterior
probabilities if all mechanisms were equally probable before. Mechanisms whose evidence is within a
factor of ten of the best (not "strong" by the usual scale of Bayes factors), two standard errors
of the simulations allowed, are a tie: this log cannot tell them apart.

Source for the scale: H. Jeffreys, Theory of Probability, 3rd ed., Appendix B.
"""

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from stormlab_models.tac_webbuilder.diagnose import align
from stormlab_models.tac_webbuilder.diagnose.features import (
    Encoded,
    acts_at,
    encode,
    gathered,
    lines_of,
)
from stormlab_models.tac_webbuilder.diagnose.hypotheses import MECHANISMS, Variant, variants
from stormlab_models.tac_webbuilder.diagnose.parse import (
    ACCEPTED,
    CLOSED,
    ERROR,
    SHUTDOWN,
    STARTED,
    Line,
    Log,
)

TIE_RATIO = 10.0
ERRORS_ALLOWED = 2.0  # standard errors, beside the ratio
LINES_MAX = 90
SLACK_LINES = 24
REPEATS_FIRST = 2
REPEATS_MORE = 10
VARIANTS_AGAIN = 6  # of each mechanism that is still in reach
IN_REACH = 12.0  # nats below the best
LOAD_ENDPOINTS = 8  # a load that shows fewer is taken as an excerpt
EXPLAINED_MIN = 0.5
LOADS_SEEN = 10  # by somebody who then picks an excerpt
RARE = 20.0  # nats; below that, ten loads are ten times the chance

_OF_PROCESS = {STARTED, SHUTDOWN}  # lines that a log about connections may lack

Over = Callable[[Sequence[Variant], str], Iterable[Variant]]


@dataclass
class Candidate:
    """A mechanism and how it fares."""

    mechanism: str
    evidence: float  # natural logarithm
    variant: Variant
    share: float = 0.0
    ratio: float = 1.0  # of the best evidence to this one's
    odd_lines: list[int] = field(default_factory=list)  # line numbers that it does not produce
    repeats: int = 0
    error: float = 0.0  # standard error of the evidence, from the spread of the simulations
    tied: bool = False
    close: list[tuple[Variant, float]] = field(default_factory=list)  # variants nearly as good


@dataclass
class Ranking:
    """All mechanisms, best first, and how the log was taken."""

    candidates: list[Candidate]
    is_part: bool
    accepts_only: bool
    lines: list[Line]  # those that were compared

    @property
    def tie(self) -> list[Candidate]:
        """The best and those that cannot be told from it."""
        return [c for c in self.candidates if c.tied]

    @property
    def failing(self) -> bool:
        """Whether the log has lines of a connection that failed or ended."""
        return any(line.kind in {ERROR, CLOSED} for line in self.lines)

    @property
    def explained(self) -> float:
        """Share of the lines that the best mechanism produces."""
        odd = len(self.candidates[0].odd_lines)
        return 1 - odd / len(self.lines) if self.lines else 0.0


@dataclass(frozen=True)
class Run:
    """One simulation of a variant, ready to be compared."""

    variant: Variant
    number: int
    lines: tuple[Line, ...]
    acts_s: float | None
    encoded: Encoded


@functools.cache
def simulated(variant: Variant, number: int, seed: int) -> Run:
    """Simulate a variant, once per process."""
    trace = variant.trace(number, seed)
    lines = lines_of(trace, variant.implementation)
    acts_s = acts_at(trace)
    return Run(variant, number, tuple(lines), acts_s, encode(lines, acts_s))


class Comparison:
    """One given log against simulated ones."""

    def __init__(self, log: Log, *, excerpt: bool | None = None) -> None:
        """Decide how the log is to be taken; ``excerpt`` None: by what it shows."""
        lines = gathered(_without_start(log.lines)[:LINES_MAX])
        kinds = {line.kind for line in lines}
        self._hidden: set[str] = set() if kinds & _OF_PROCESS else _OF_PROCESS
        endpoints = {line.endpoint for line in lines if line.kind == ACCEPTED}
        self.lines = lines
        self.accepts_only = kinds == {ACCEPTED} and len(lines) > 1
        self.is_part = len(endpoints) < LOAD_ENDPOINTS if excerpt is None else excerpt
        self.given = encode(lines)
        if not log.timed:
            self.given.gap_s.fill(np.nan)
        self.resolution_s = log.resolution_s
        self.length_max = len(lines) + SLACK_LINES

    def evidence(self, runs: Sequence[Run]) -> NDArray[np.float64]:
        """Log-probability of the given log for each simulated run."""
        logs = [self._encoded(run) for run in runs]
        given = self.given
        beside = [align.order(given.order, log.order) + align.kinds(given, log) for log in logs]
        if self.is_part:
            values = np.array([value for value, _ in self._windows(runs)])
        else:
            values = align.whole(given, align.Batch.of(logs, self.length_max), self.resolution_s)
        result: NDArray[np.float64] = values + np.array(beside)
        return result

    def mean(self, values: Sequence[float]) -> float:
        """The evidence of a variant, of that of its runs: the mean, as a logarithm.

        An excerpt was picked because it shows something, out of several loads that did not.
        """
        top = max(values)
        mean = top + float(np.log(np.mean(np.exp(np.array(values) - top))))
        if not self.is_part:
            return mean
        missed = LOADS_SEEN * np.log1p(-min(np.exp(mean), 1 - 1e-9))
        return float(np.log(-np.expm1(missed))) if mean > -RARE else mean + np.log(LOADS_SEEN)

    def odd_lines(self, run: Run) -> list[int]:
        """Numbers of the given lines that this run does not produce."""
        log = self._encoded(run)
        if self.is_part:
            log = self._windows([run])[0][1]
        found = align.unexplained(self.given, log, self.resolution_s, is_part=self.is_part)
        return [self.lines[index].number for index in found]

    def _windows(self, runs: Sequence[Run]) -> list[tuple[float, Encoded]]:
        """The best window of each run; it begins with a line like one of the log's first two."""
        first = {line.kind for line in self.lines[:2]}
        owners: list[int] = []
        windows: list[Encoded] = []
        none = encode([])
        for index, run in enumerate(runs):
            lines = self._visible(run.lines)
            for start, line in enumerate(lines):
                if line.kind in first:
                    window = lines[start : start + self.length_max]
                    windows.append(encode(window, run.acts_s))
                    owners.append(index)
        best = [(align.NEVER, none) for _ in runs]
        if windows:
            batch = align.Batch.of(windows, self.length_max)
            values = align.part(self.given, batch, self.resolution_s)
            for owner, log, value in zip(owners, windows, values, strict=True):
                if value > best[owner][0]:
                    best[owner] = (float(value), log)
        return best

    def _encoded(self, run: Run) -> Encoded:
        if not self.accepts_only and not any(line.kind in self._hidden for line in run.lines):
            return run.encoded
        return encode(self._visible(run.lines), run.acts_s)

    def _visible(self, lines: Sequence[Line]) -> Sequence[Line]:
        if self.accepts_only:
            return [line for line in lines if line.kind == ACCEPTED]
        return [line for line in lines if line.kind not in self._hidden]


def _without_start(lines: list[Line]) -> list[Line]:
    """Leave out that the server process started before the first connection."""
    first = next((i for i, line in enumerate(lines) if line.kind != STARTED), len(lines))
    return lines[first:]


def rank(
    log: Log, *, seed: int = 0, excerpt: bool | None = None, over: Over | None = None
) -> Ranking:
    """Simulate every mechanism and compare; ``over`` wraps the loops to show progress."""
    over = over or (lambda items, _title: items)
    comparison = Comparison(log, excerpt=excerpt)
    values: dict[Variant, list[float]] = {v: [] for v in variants()}
    _simulate(comparison, values, over(variants(), "simulating"), range(REPEATS_FIRST), seed)
    again = _in_reach(values, comparison)
    numbers = range(REPEATS_FIRST, REPEATS_FIRST + REPEATS_MORE)
    _simulate(comparison, values, over(again, "looking closer"), numbers, seed)
    candidates = [_candidate(name, values, comparison) for name in MECHANISMS]
    candidates.sort(key=lambda c: (-c.evidence, c.mechanism))
    _share(candidates)
    for candidate in candidates:
        number = int(np.argmax(values[candidate.variant]))
        candidate.odd_lines = comparison.odd_lines(simulated(candidate.variant, number, seed))
    return Ranking(candidates, comparison.is_part, comparison.accepts_only, comparison.lines)


def _simulate(
    comparison: Comparison,
    values: dict[Variant, list[float]],
    items: Iterable[Variant],
    numbers: range,
    seed: int,
) -> None:
    runs = [simulated(variant, number, seed) for variant in items for number in numbers]
    if runs:
        for run, value in zip(runs, comparison.evidence(runs), strict=True):
            values[run.variant].append(float(value))


def _in_reach(values: dict[Variant, list[float]], comparison: Comparison) -> list[Variant]:
    """The variants worth more simulations: the best few of each mechanism, if near the best."""
    scores = {variant: comparison.mean(runs) for variant, runs in values.items()}
    best = max(scores.values())
    again: list[Variant] = []
    for name in MECHANISMS:
        mine = sorted((v for v in scores if v.mechanism == name), key=lambda v: -scores[v])
        again += [v for v in mine[:VARIANTS_AGAIN] if scores[v] > best - IN_REACH]
    return again


def _candidate(name: str, values: dict[Variant, list[float]], comparison: Comparison) -> Candidate:
    mine = {v: runs for v, runs in values.items() if v.mechanism == name}
    most = max(len(runs) for runs in mine.values())
    scores = {v: comparison.mean(runs) for v, runs in mine.items() if len(runs) == most}
    best = max(scores, key=lambda v: scores[v])
    close = [(v, s) for v, s in scores.items() if s > scores[best] - np.log(TIE_RATIO)]
    error = _error(mine[best])
    return Candidate(name, scores[best], best, repeats=most, close=close, error=error)


def _error(values: Sequence[float]) -> float:
    """Standard error of the logarithm of the mean of exponentials, to first order."""
    parts = np.exp(np.array(values) - max(values))
    return float(parts.std(ddof=1) / parts.mean() / np.sqrt(len(parts)))


def _share(candidates: list[Candidate]) -> None:
    best = candidates[0].evidence
    parts = np.exp([c.evidence - best for c in candidates])
    for candidate, part in zip(candidates, parts, strict=True):
        candidate.share = float(part / parts.sum())
        candidate.ratio = float(min(1 / part, 1e12)) if part > 0 else 1e12
        error = float(np.hypot(candidate.error, candidates[0].error))
        below = best - candidate.evidence
        candidate.tied = bool(below <= np.log(TIE_RATIO) + ERRORS_ALLOWED * error)
