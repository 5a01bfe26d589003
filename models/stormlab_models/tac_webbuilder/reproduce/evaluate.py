"""From claims to verdicts: which runs are needed, what they give, and the rule that judges.

The rule. A *cell* is a judged case with one of the claim's fixes. Its value is the figure itself
(``value``), the difference that the fix makes (``gain``, after minus before, paired by seed) or
the percentage by which the fix lowers the total (``reduction_percent``, paired). A cell *holds*
when its whole 95 % interval lies in the claimed range, *fails* when none of it does, and is *open*
otherwise. All judged cells hold: reproduced. All fail: refuted. Anything else: depends. Cells in
which the figure does not apply (no connection was accepted, nothing failed) are not judged.

Runs are shared: a run is named by its scenario's hash and its seed, and every claim that needs it
reads the same one.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from stormlab.replications import Job, replicate
from stormlab.statistics import (
    Interval,
    mean_interval,
    median_interval,
    paired_difference,
    paired_reduction,
    share_interval,
)
from stormlab_models.tac_webbuilder.reproduce.cases import CASES, MECHANISMS, fixed
from stormlab_models.tac_webbuilder.reproduce.figure import Value
from stormlab_models.tac_webbuilder.reproduce.figures import FIGURES, read_figures
from stormlab_models.tac_webbuilder.reproduce.fixes import PHASES, baseline_of
from stormlab_models.tac_webbuilder.reproduce.register import Claim, Verdict

REPLICATIONS = 12
PHASE_FIGURES = (
    "page_success",
    "server_success",
    "handshake_useful_kb",
    "handshake_wasted_kb",
    "attempts",
    "orphans",
    "endpoints_open",
)
# what the figures draw and no claim asks for
DRAWN = tuple(("strictmode", fix) for fix in ("", "client_ready", "manager", "stagger"))
DRAWN += (("strictmode", "owner_check"), ("strictmode", "defer"))

Values = dict[str, Value]
Outcome = Literal["holds", "fails", "open", "does not apply"]
World = tuple[str, str]  # case and fix


@dataclass(frozen=True)
class Cell:
    """What the model gives for one claim in one case with one fix."""

    case: str
    fix: str
    judged: bool
    interval: Interval | None
    outcome: Outcome


@dataclass(frozen=True)
class Result:
    """A claim with what the runs gave and the verdict that follows."""

    claim: Claim
    cells: tuple[Cell, ...]
    verdict: Verdict


@dataclass(frozen=True)
class PhaseCell:
    """One figure of one phase under one mechanism."""

    phase: str
    case: str
    figure: str
    interval: Interval | None


class Runs:
    """The values of every run, by world and seed."""

    def __init__(self, needs: dict[World, set[str]], replications: int) -> None:
        """Plan the runs; equal scenarios become one."""
        self.needs = needs
        self.replications = replications
        self._hashes = {world: fixed(*world).hash for world in needs}
        self.values: dict[str, Values] = {}

    def jobs(self) -> list[Job[Values]]:
        """One job for each different scenario and seed that has no values yet."""
        figures: dict[str, set[str]] = {}
        first: dict[str, World] = {}
        for world, names in self.needs.items():
            key = self._hashes[world]
            figures.setdefault(key, set()).update(names)
            first.setdefault(key, world)
        return [
            Job(fixed(*world), seed, read_figures(tuple(figures[key])))
            for key, world in first.items()
            for seed in range(self._count(world[0]))
            if not figures[key] <= self.values.get(f"{key}/{seed}", {}).keys()
        ]

    def _count(self, case: str) -> int:
        return min(self.replications, CASES[case].replications_max or self.replications)

    def run(self, workers: int | None, done: Callable[[str, Values], None]) -> None:
        """Do what is missing; ``done`` hears of each run as it ends."""
        jobs = self.jobs()
        for job, values in zip(jobs, replicate(jobs, workers), strict=True):
            self.values[job.key] = values
            done(job.key, values)

    def of(self, world: World, figure: str) -> list[Value]:
        """A figure of every seed of a world, in the order of the seeds."""
        key = self._hashes[world]
        count = self._count(world[0])
        return [self.values[f"{key}/{seed}"][figure] for seed in range(count)]


def needs_of(claims: Iterable[Claim], *, phases: bool) -> dict[World, set[str]]:
    """Which figures are needed of which worlds."""
    needs: dict[World, set[str]] = {}
    for claim in claims:
        for case in claim.cases:
            fixes = set(claim.fixes)
            if claim.compare != "value":
                fixes |= {baseline_of(fix) for fix in claim.fixes}
            for fix in sorted(fixes):
                needs.setdefault((case, fix), set()).add(claim.figure)
    if phases:
        for phase in PHASES:
            for case in MECHANISMS:
                needs.setdefault((case, phase), set()).update(PHASE_FIGURES)
        for world in [*DRAWN, *((case, "") for case in MECHANISMS)]:
            needs.setdefault(world, set()).add("time_to_data_s")
    return needs


# values ----------------------------------------------------------------------------------------


def interval_of(figure: str, values: Sequence[Value]) -> Interval | None:
    """The figure over runs; None when it applies to none of them."""
    kind = FIGURES[figure].kind
    if kind == "share":
        pairs = [value for value in values if isinstance(value, tuple | list) and value[1]]
        return share_interval([(pair[0], pair[1]) for pair in pairs]) if pairs else None
    numbers = _numbers(values)
    if not numbers:
        return None
    return median_interval(numbers) if kind == "median" else mean_interval(numbers)


def change_of(compare: str, before: Sequence[Value], after: Sequence[Value]) -> Interval | None:
    """What a fix changes, over the pairs of runs to which the figure applies."""
    pairs = [
        (_percent(a), _percent(b))
        for a, b in zip(before, after, strict=True)
        if _percent(a) is not None and _percent(b) is not None
    ]
    olds = [float(old) for old, _ in pairs if old is not None]
    news = [float(new) for _, new in pairs if new is not None]
    if not olds or not all(map(math.isfinite, [*olds, *news])):
        return None
    if compare == "reduction_percent":
        return paired_reduction(olds, news) if sum(olds) else None
    return paired_difference(olds, news)


def _numbers(values: Sequence[Value]) -> list[float]:
    return [float(value) for value in values if isinstance(value, int | float)]


def _percent(value: Value) -> float | None:
    if isinstance(value, tuple | list):
        return 100 * value[0] / value[1] if value[1] else None
    return value


# verdicts --------------------------------------------------------------------------------------


def evaluate(claim: Claim, runs: Runs) -> Result:
    """Fill the claim's cells and judge."""
    cells = tuple(_cell(claim, case, fix, runs) for case in claim.cases for fix in claim.fixes)
    return Result(claim, cells, judge([cell.outcome for cell in cells if cell.judged]))


def _cell(claim: Claim, case: str, fix: str, runs: Runs) -> Cell:
    after = runs.of((case, fix), claim.figure)
    if claim.compare == "value":
        interval = interval_of(claim.figure, after)
    else:
        interval = change_of(claim.compare, runs.of((case, baseline_of(fix)), claim.figure), after)
    return Cell(case, fix, case in claim.judged, interval, outcome_of(claim, interval))


def outcome_of(claim: Claim, interval: Interval | None) -> Outcome:
    """Whether the interval lies in the claimed range."""
    if interval is None:
        return "does not apply"
    low = -math.inf if claim.claimed.low is None else claim.claimed.low
    high = math.inf if claim.claimed.high is None else claim.claimed.high
    if math.isinf(interval.value) and math.isinf(high):
        return "open"
    if interval.inside(low, high):
        return "holds"
    return "fails" if interval.outside(low, high) else "open"


def judge(outcomes: Sequence[Outcome]) -> Verdict:
    """All hold: reproduced; all fail: refuted; else: depends.

    Raises:
        ValueError: when the figure applied nowhere, so that no run stands behind the claim.
    """
    judged = [outcome for outcome in outcomes if outcome != "does not apply"]
    if not judged:
        raise ValueError("no judged case in which the figure applies")
    if all(outcome == "holds" for outcome in judged):
        return "reproduced"
    return "refuted" if all(outcome == "fails" for outcome in judged) else "depends"


def phase_table(runs: Runs) -> list[PhaseCell]:
    """The phases' figures under each mechanism."""
    return [
        PhaseCell(phase, case, figure, interval_of(figure, runs.of((case, phase), figure)))
        for phase in PHASES
        for case in MECHANISMS
        for figure in PHASE_FIGURES
    ]
