"""What a comparison found, for whoever shows it: plain values, nothing is computed again.

``inf`` is the figure of a run in which something never happened, NaN (in arrays only) that of a
run to which the figure does not apply. Run i of every policy has the same seed, so that entry i of
two policies' arrays is a pair.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from stormlab.statistics import NO_DIFFERENCE, Interval, Judgement, Verdict
from stormlab.statistics.verdicts import Better

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_OPPOSITE: Mapping[Verdict, Verdict] = {"better": "worse", "worse": "better"}


@dataclass(frozen=True)
class Measure:
    """One figure: its name in every file, and how it is shown.

    ``better``: whether lower or higher is better; None where neither is (such a figure is shown
    and never judged). ``words``: what it is, in a sentence.
    """

    name: str
    title: str
    unit: str
    better: Better | None
    words: str


@dataclass(frozen=True)
class Summary:
    """One figure of one policy over all runs.

    ``of``: the mean with Student's t; the median with order statistics where some run never got
    there, because no mean exists then. ``applies``: to how many runs the figure applies;
    ``reached``: in how many of them it is finite, so that ``reached < applies`` tells that some
    never got there. ``half_width_percent`` of the mean; None where that says nothing.
    ``precise``: as precise as asked for; None where nothing was asked.
    """

    of: Literal["mean", "median"]
    interval: Interval
    applies: int
    reached: int
    half_width_percent: float | None
    precise: bool | None = None


@dataclass(frozen=True, eq=False)
class Grid:
    """The bins of the curves, and what happened to the service meanwhile; seconds of the run.

    Bin j lasts from ``edges_s[j]`` to ``edges_s[j + 1]``. ``fault_s``: when the fault came, None
    without one. ``down_s``: the stretches without service; one that lasted to the end ends there.
    ``capacity_per_s``: handshakes that the service can make per second; None: no limit is known.
    All of the first run; the schedule of faults is the same in every run.
    """

    edges_s: Floats
    fault_s: float | None = None
    down_s: tuple[tuple[float, float], ...] = ()
    capacity_per_s: float | None = None

    @property
    def bin_s(self) -> float:
        """Width of a bin."""
        return float(self.edges_s[1] - self.edges_s[0])

    def __len__(self) -> int:
        """How many bins there are."""
        return len(self.edges_s) - 1


@dataclass(frozen=True, eq=False)
class Runs:
    """All runs of one policy; entry i of everything is run i.

    ``values``: every figure by name, one number per run. ``waits_s``: per run one entry for each
    socket's place that lost its connection: seconds until it was back for good, ``inf`` if it was
    not by the end; ``watched_s``: how long that place was watched (equal where it came back).
    ``curves``: by name an array of runs x bins: ``attempts`` (new WebSocket), ``arrivals``
    (handshake requests sent to the server), ``bytes_useful`` and ``bytes_wasted`` (of handshakes,
    both directions; wasted where no lasting connection came of it), counted within each bin.
    ``standings``: by name (open, connecting, waiting, paused, gave up, silent) an array of runs x
    bins: how many places stand so at the begin of each bin.
    """

    seeds: tuple[int, ...]
    trace_hashes: tuple[str, ...]
    values: Mapping[str, Floats]
    waits_s: tuple[Floats, ...]
    watched_s: tuple[Floats, ...]
    curves: Mapping[str, Ints]
    standings: Mapping[str, Ints]

    def __len__(self) -> int:
        """How many runs there are."""
        return len(self.seeds)


@dataclass(frozen=True, eq=False)
class Ecdf:
    """Share that is back, over all places of all runs: ``share[i]`` from ``times_s[i]`` on.

    By Kaplan-Meier, so that a place watched for a shorter time counts only as long as it was.
    ``censored``: how many of the ``n`` were still away when they were last seen.
    """

    times_s: Floats
    share: Floats
    n: int
    censored: int


@dataclass(frozen=True, eq=False)
class PolicyResult:
    """One policy of the comparison.

    ``label``: unique, for tables; ``target``: what was asked for; ``version`` of the library that
    it is taken from and ``terms`` (timeouts, heartbeat and the like), where the policy tells them.
    ``collapse``: probability that the service collapses, with Wilson's interval; None when the
    model does not say. ``lost``: clients lost for good, per run; None likewise.
    """

    label: str
    target: str
    version: str | None
    terms: Mapping[str, Any]
    scenario_hash: str
    runs: Runs
    figures: Mapping[str, Summary]
    ecdf: Ecdf | None
    collapse: Interval | None
    lost: Summary | None


@dataclass(frozen=True)
class Pair:
    """One figure of two policies: ``judgement`` is about the second, held against the first."""

    figure: str
    first: str
    second: str
    judgement: Judgement


@dataclass(frozen=True)
class Ranking:
    """The policies by one figure, best first, and which of them cannot be told apart.

    ``ranks``: 1 plus the number of policies found better than it, so that those not told apart
    from the best all have rank 1. ``groups``: the longest stretches of ``order`` in which no two
    policies were told apart (one policy may be in two). ``best``: the policy found better than
    every other, None when there is none. ``leaders``: those that nothing was found better than.
    """

    figure: str
    order: tuple[str, ...]
    ranks: Mapping[str, int]
    groups: tuple[tuple[str, ...], ...]
    best: str | None
    leaders: tuple[str, ...]


@dataclass(frozen=True)
class Short:
    """A figure that is not as precise as asked for; ``needed``: runs its spread asks for."""

    policy: str
    figure: str
    half_width_percent: float
    needed: int | None


@dataclass(frozen=True)
class Effort:
    """How many runs there are of each policy, and why that many.

    ``precision``: asked for, as a part of the mean; None when a number of runs was. ``settled``:
    from which number of runs on everything was as precise. ``ceiling``: the most runs allowed.
    ``short``: what is not as precise; ``never``: (policy, figure) that some run never reached, so
    that precision has no meaning for it.
    """

    replications: int
    precision: float | None
    settled: int | None
    ceiling: int
    short: tuple[Short, ...] = ()
    never: tuple[tuple[str, str], ...] = ()

    @property
    def why(self) -> str:
        """Why it stopped, as a clause for people."""
        if self.precision is None:
            return "as asked"
        wanted = f"{100 * self.precision:.3g} %"
        if self.settled is None:
            return f"the most allowed came before {wanted} precision"
        return f"{wanted} precision from run {self.settled} on"


@dataclass(frozen=True, eq=False)
class Comparison:
    """Everything that a comparison found.

    ``done``: what is done to the fleet, one clause per fault; ``settings``: (key, value) of the
    parameters that differ from their defaults, without the policy. ``measures``: every figure, in
    order; ``key``: those that are tabled and judged, by name, with a heading of few letters;
    ``code``: a hash over the code that made the runs.
    """

    scenario: str
    title: str
    model: str
    duration_s: float
    done: tuple[str, ...]
    settings: tuple[tuple[str, Any], ...]
    seed: int
    confidence: float
    effort: Effort
    grid: Grid | None
    measures: Mapping[str, Measure]
    key: Mapping[str, str]
    policies: tuple[PolicyResult, ...]
    pairs: tuple[Pair, ...]
    rankings: Mapping[str, Ranking]
    stormlab: str
    code: str

    @property
    def labels(self) -> tuple[str, ...]:
        """The policies, in the order given."""
        return tuple(policy.label for policy in self.policies)

    def policy(self, label: str) -> PolicyResult:
        """One policy by its label."""
        return self._by_label[label]

    @cached_property
    def _by_label(self) -> dict[str, PolicyResult]:
        return {policy.label: policy for policy in self.policies}

    @cached_property
    def _by_pair(self) -> dict[tuple[str, str, str], Pair]:
        return {(pair.figure, pair.first, pair.second): pair for pair in self.pairs}

    def pair(self, figure: str, one: str, other: str) -> Pair:
        """The comparison of two policies by one figure, whichever of them comes first in it."""
        found = self._by_pair.get((figure, one, other))
        return found or self._by_pair[figure, other, one]

    def verdict(self, figure: str, policy: str, against: str) -> Verdict:
        """What is said of ``policy`` when it is held against another."""
        pair = self.pair(figure, against, policy)
        found = pair.judgement.verdict
        return found if pair.second == policy else _OPPOSITE.get(found, NO_DIFFERENCE)
