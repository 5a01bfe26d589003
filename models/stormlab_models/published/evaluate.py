"""Runs of the published cases, and their verdicts as rows of a table."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from stormlab.model import find_model, make_scenario
from stormlab.replications import Job, replicate_as_completed
from stormlab.scenario import Scenario
from stormlab.trace import Trace
from stormlab_models.published.cases import Case, CaseError, Check, Run
from stormlab_models.published.fleet_runs import Figures, Reading
from stormlab_models.published.judge import Judgement, judge, judge_order, with_family

Over = Callable[[Sequence[Callable[[], Figures]]], Iterator[Callable[[], Figures]]]


@dataclass(frozen=True)
class Outcome:
    """One comparison: which run, which figure, what is published, the verdict.

    ``check`` is None for an order of runs; ``means`` are then theirs, in that order.
    """

    run: str
    figure: str
    judgement: Judgement
    check: Check | None = None
    means: tuple[float, ...] = ()
    factor: float = 1.0


@dataclass(frozen=True)
class CaseResult:
    """One case and everything that was compared."""

    case: Case
    outcomes: list[Outcome]

    def count(self, verdict: str) -> int:
        """How many comparisons have this verdict."""
        return sum(outcome.judgement.verdict == verdict for outcome in self.outcomes)

    @property
    def tested(self) -> int:
        """Comparisons by standard errors: the size of the family."""
        return sum(outcome.judgement.p_value is not None for outcome in self.outcomes)


def scenario_of(case: Case, run: Run) -> Scenario:
    """The scenario of a run.

    Raises:
        ScenarioError: when model or parameters do not fit.
    """
    document = {"model": run.model, "duration_s": run.duration_s, **run.set}
    return make_scenario(document, name=f"{case.id} {run.name}")


def read_figures(trace: Trace) -> Figures:
    """What a worker sends back of a run: its figures."""
    return find_model(str(trace.header["model"])).figures(trace)


def _job(run: Run, scenario: Scenario, seed: int) -> Callable[[], Figures]:
    if run.read is not None:
        return Reading(scenario, seed, run.read)
    return Job(scenario, seed, read_figures)


def without(cases: Sequence[Case], reason: str) -> tuple[list[Case], list[str]]:
    """The cases without the runs that the compiled engine makes; and a line for each that lost any.

    ``reason``: what keeps it from being used. A case without any other run is left out.
    """
    kept, lines = [], []
    for case in cases:
        runs = [run for run in case.run if run.read is None]
        if len(runs) < len(case.run):
            lines.append(f"{case.id}: {len(case.run) - len(runs)} runs left out: {reason}")
        if runs:
            kept.append(case.model_copy(update={"run": runs}))
    return kept, lines


def evaluate(
    cases: Sequence[Case],
    *,
    quick: bool = False,
    seed: int = 1,
    workers: int | None = None,
    over: Over = iter,
) -> list[CaseResult]:
    """Run the cases and judge them; replications have the seeds ``seed``, ``seed + 1``, ...

    Raises:
        CaseError: when a model does not give a figure that is compared.
        ScenarioError: when a run does not fit its model.
        ReplicationError: when a worker ends.
    """
    jobs: list[Callable[[], Figures]] = []
    owners: list[tuple[str, str]] = []
    for case in cases:
        for run in case.run:
            scenario = scenario_of(case, run)
            count = run.quick if quick else run.replications
            jobs += [_job(run, scenario, seed + turn) for turn in range(count)]
            owners += [(case.id, run.name)] * count
    found: dict[int, Figures] = {}
    # one by one, not in chunks: Ctrl-C then waits for a run or two, not for a dozen
    for _, (index, figures) in zip(over(jobs), replicate_as_completed(jobs, workers), strict=True):
        found[index] = figures
    samples: dict[tuple[str, str], list[Figures]] = {}
    for index, owner in enumerate(owners):
        samples.setdefault(owner, []).append(found[index])
    return [_result(case, samples) for case in cases]


def _result(case: Case, samples: dict[tuple[str, str], list[Figures]]) -> CaseResult:
    outcomes = []
    for run in case.run:
        for check in run.check:
            values = _values(case, run.name, check.figure, samples)
            outcomes.append(Outcome(run.name, _label(check), judge(check, values), check))
    judged = with_family([outcome.judgement for outcome in outcomes])
    outcomes = [
        Outcome(outcome.run, outcome.figure, judgement, outcome.check)
        for outcome, judgement in zip(outcomes, judged, strict=True)
    ]
    for order in case.order:
        rising = [_values(case, name, order.figure, samples) for name in order.runs]
        means = tuple(math.fsum(each) / len(each) for each in rising)
        judgement, name = judge_order(order, rising), _rising(order.runs)
        outcomes.append(Outcome(name, order.figure, judgement, None, means, order.factor))
    return CaseResult(case, outcomes)


def _values(
    case: Case, run: str, figure: str, samples: dict[tuple[str, str], list[Figures]]
) -> list[float]:
    rows = samples[case.id, run]
    if figure not in rows[0]:
        allowed = ", ".join(rows[0])
        raise CaseError(f"{case.id}: {run}: figure: found '{figure}'; allowed: {allowed}")
    return [_number(row[figure]) for row in rows]


def _number(value: Any) -> float:  # noqa: ANN401  whatever a model calls a figure
    return math.inf if value is None else float(value)


def _rising(names: Sequence[str]) -> str:
    """The runs as a chain; a first word that all of them share is said once."""
    first = {name.partition(" ")[0] for name in names}
    rest = [name.partition(" ")[2] for name in names]
    if len(first) == 1 and all(rest):
        return f"{first.pop()}: {' < '.join(rest)}"
    return " < ".join(names)


def _label(check: Check) -> str:
    if check.statistic == "quantile":
        return f"{check.figure}, p{100 * check.probability:g} of runs"
    if check.tolerance.rule == "spread":
        return f"{check.figure}, one run"
    return check.figure if check.statistic == "mean" else f"{check.figure}, {check.statistic}"
