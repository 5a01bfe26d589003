"""The search: propose, run, learn; then check the best under seeds that it has not seen.

Proposals are made in rounds of a fixed size, so that the result depends on scenario, policy, axes,
goals and seed only, never on the number of processes. All trials run under the same seeds (common
random numbers). The best of many noisy trials looks better than it is; hence the check under fresh
seeds, of the best three and of the policy as it was given, and only its figures are reported as
the result.
"""

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stormlab.compare import CompareError, Contender, Field, Reader, recovery_reader
from stormlab.compare import field as prepare
from stormlab.replications import Job, JobError, replicate_as_completed
from stormlab.scenario import ScenarioError
from stormlab.sources import SourceReader
from stormlab.statistics import Interval, mean_interval
from stormlab.store import Store, unit_key
from stormlab.trace import Trace
from stormlab.tune.goals import Goal, Met, Target, TuneError, loss
from stormlab.tune.space import SCENARIO, Axis

if TYPE_CHECKING:
    from optuna import Study

ROUND = 8  # proposals at a time: as many as eight processes can use
STARTUP = 12  # the first proposals are spread at random, as TPE needs
CHECKED = 3
SEEDS_APART = 10_000
CHECK_SEEDS_FROM = 5_000  # of the 10,000 seeds that belong to a seed of the search

Watch = Callable[[int, int], None]
Figures = Mapping[str, float]


@dataclass(frozen=True)
class Aim:
    """What is searched: a scenario, a policy, its axes, the goals, and how much may be run."""

    scenario: str
    policy: str
    axes: tuple[Axis, ...]
    goals: tuple[Goal, ...]
    target: Target
    settings: tuple[str, ...] = ()
    trials: int = 48
    replications: int = 4
    check_replications: int = 20
    seed: int = 0


@dataclass(frozen=True)
class Trial:
    """One set of parameters and what came of it; ``number`` 0 is the policy as it was given."""

    number: int
    parameters: Mapping[str, str]
    policy: str
    figures: Figures
    loss: float


@dataclass(frozen=True)
class Check:
    """A trial under fresh seeds: every figure with its interval, and each goal judged."""

    trial: Trial
    intervals: Mapping[str, Interval | None]  # None: not all of the runs got there
    goals: tuple[tuple[Goal, Met], ...]

    @property
    def meets_all(self) -> bool:
        """Whether every goal is met beyond noise."""
        return all(met == "met" for _, met in self.goals)


@dataclass(frozen=True)
class Tuning:
    """What was searched, what was tried, and what holds under fresh seeds, the best first."""

    aim: Aim
    trials: tuple[Trial, ...]
    checks: tuple[Check, ...]
    given: Check

    @property
    def best(self) -> Check:
        """The checked trial that misses least, by its figures under fresh seeds."""
        return self.checks[0]


def tune(
    aim: Aim,
    *,
    jobs: int | None = None,
    store: Store | None = None,
    watch: Watch | None = None,
) -> Tuning:
    """Search, then check.

    ``jobs``, ``store``, ``watch`` as in :func:`stormlab.compare.compare`.

    Raises:
        TuneError, ScenarioError, CompareError: one line.
    """
    bench = _Bench(aim, jobs, store, watch)
    study = _study(aim)
    trials = bench.run([bench.trial(0, {})], aim.replications, first=0)
    while len(trials) <= aim.trials:
        count = min(ROUND, aim.trials + 1 - len(trials))
        asked = [study.ask() for _ in range(count)]
        proposed = [{axis.key: axis.propose(each) for axis in aim.axes} for each in asked]
        plans = [bench.trial(len(trials) + i, values) for i, values in enumerate(proposed)]
        done = bench.run(plans, aim.replications, first=0)
        for each, trial in zip(asked, done, strict=True):
            study.tell(each, trial.loss)
        trials += done
    best = _best_different(trials[1:])
    checked = bench.run(
        [bench.trial(each.number, each.parameters) for each in (*best, trials[0])],
        aim.check_replications,
        first=CHECK_SEEDS_FROM,
    )
    checks = [bench.checked(trial) for trial in checked]
    ordered = sorted(checks[:-1], key=lambda check: (check.trial.loss, check.trial.number))
    return Tuning(aim, tuple(trials), tuple(ordered), checks[-1])


def _best_different(trials: Sequence[Trial]) -> list[Trial]:
    """The best few trials, no parameters twice."""
    best: dict[str, Trial] = {}
    for trial in sorted(trials, key=lambda trial: (trial.loss, trial.number)):
        best.setdefault(repr(sorted(trial.parameters.items())), trial)
    return list(best.values())[:CHECKED]


@dataclass(frozen=True)
class _Plan:
    """A trial before it ran."""

    number: int
    parameters: Mapping[str, str]
    contender: Contender


@dataclass
class _Bench:
    """Runs trials, in processes, each run kept when it is finished."""

    aim: Aim
    jobs: int | None
    store: Store | None
    watch: Watch | None
    reader: Reader = field(default_factory=recovery_reader)
    _sources: SourceReader = field(default_factory=SourceReader)
    _samples: dict[int, dict[str, list[float]]] = field(default_factory=dict)
    _done: int = 0

    def __post_init__(self) -> None:
        names = {*(each.figure for each in self.aim.goals), self.aim.target.figure}
        unknown = sorted(names - self.reader.measures.keys())
        if unknown:
            allowed = ", ".join(self.reader.measures)
            raise TuneError(f"figure: found '{unknown[0]}'; allowed: {allowed}")
        self.names = sorted(names | self.reader.key.keys())
        settled = CHECKED + 1
        self._all = (self.aim.trials + 1) * self.aim.replications
        self._all += settled * self.aim.check_replications

    def trial(self, number: int, parameters: Mapping[str, str]) -> _Plan:
        """Set up a trial; whether its parameters fit is checked here."""
        own = [f"{k}={v}" for k, v in parameters.items() if not k.startswith(SCENARIO)]
        others = [
            f"{key.removeprefix(SCENARIO)}={value}"
            for key, value in parameters.items()
            if key.startswith(SCENARIO)
        ]
        policy = ",".join([self.aim.policy, *own])
        settings = (*self.aim.settings, *others)
        what: Field = prepare(self.aim.scenario, [policy], settings)
        return _Plan(number, parameters, what.contenders[0])

    def run(self, plans: Sequence[_Plan], count: int, *, first: int) -> list[Trial]:
        """Run each trial under seeds ``first`` and following; in the order of the trials."""
        seeds = [SEEDS_APART * self.aim.seed + first + index for index in range(count)]
        units = [(plan, seed) for plan in plans for seed in seeds]
        found: dict[int, Figures] = {}
        missing: list[int] = []
        for index, (plan, seed) in enumerate(units):
            kept = self._kept(plan, seed)
            if kept is None:
                missing.append(index)
            else:
                found[index] = kept
                self._count()
        todo = [Job(units[i][0].contender.scenario, units[i][1], read_figures) for i in missing]
        try:
            for where, figures in replicate_as_completed(todo, self.jobs):
                index = missing[where]
                found[index] = figures
                self._keep(*units[index], figures)
                self._count()
        except JobError as failed:
            plan = units[missing[failed.index]][0]
            cause = failed.__cause__
            if isinstance(cause, ScenarioError):
                raise CompareError(f"policy {plan.contender.label}: {cause}") from None
            raise
        return [
            self._trial(plan, [found[place * count + index] for index in range(count)])
            for place, plan in enumerate(plans)
        ]

    def _count(self) -> None:
        self._done += 1
        if self.watch is not None:
            self.watch(min(self._done, self._all), self._all)

    def _key(self, plan: _Plan, seed: int) -> str:
        scenario = plan.contender.scenario
        return unit_key(self._sources.of(scenario).digest, scenario.hash, seed, "tune 1")

    def _kept(self, plan: _Plan, seed: int) -> Figures | None:
        unit = self.store.get(self._key(plan, seed)) if self.store is not None else None
        return None if unit is None else dict(unit.figures)

    def _keep(self, plan: _Plan, seed: int, figures: Figures) -> None:
        if self.store is not None:
            self.store.keep(self._key(plan, seed), figures)

    def _trial(self, plan: _Plan, runs: Sequence[Figures]) -> Trial:
        samples = {name: [run[name] for run in runs] for name in self.names}
        self._samples[plan.number] = samples
        means = {name: sum(values) / len(values) for name, values in samples.items()}
        value = loss(self.aim.goals, self.aim.target, means)
        return Trial(plan.number, plan.parameters, plan.contender.target, means, value)

    def checked(self, trial: Trial) -> Check:
        """The intervals of a trial's last runs, and its goals judged by them."""
        samples = self._samples[trial.number]
        intervals = {name: _interval(values) for name, values in samples.items()}
        judged: list[tuple[Goal, Met]] = []
        for each in self.aim.goals:
            interval = intervals[each.figure]
            judged.append((each, "missed" if interval is None else each.judged(interval)))
        return Check(trial, intervals, tuple(judged))


def read_figures(trace: Trace) -> dict[str, float]:
    """Every figure of a recovery as a number; one that does not apply is infinite, as never is."""
    figures = recovery_reader().read(trace).figures
    return {name: math.inf if value is None else float(value) for name, value in figures.items()}


def _interval(values: Sequence[float]) -> Interval | None:
    return mean_interval(values) if all(map(math.isfinite, values)) else None


def _study(aim: Aim) -> "Study":
    """A study of Optuna's with the TPE sampler, seeded.

    ``constant_liar`` lets it know of the other proposals of a round, ``multivariate`` of how
    parameters go together; both are called experimental, with a warning, for years.
    """
    try:
        import optuna  # noqa: PLC0415  heavy and optional
    except ImportError:
        raise TuneError("tuning needs optuna: pip install 'stormlab[tune]'") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    options: dict[str, Any] = {"multivariate": True, "constant_liar": True}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(seed=aim.seed, n_startup_trials=STARTUP, **options)
    return optuna.create_study(sampler=sampler, direction="minimize")
