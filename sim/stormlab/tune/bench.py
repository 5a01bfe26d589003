"""The bench: sets trials up, runs them in processes, keeps every run when it is finished."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice, product

from stormlab.compare import CompareError, Contender, Reader, recovery_reader
from stormlab.compare import field as prepare
from stormlab.recovery import Recovery, figures
from stormlab.replications import Job, JobError, replicate_as_completed
from stormlab.scenario import ScenarioError
from stormlab.sources import SourceReader
from stormlab.store import Store, unit_key
from stormlab.trace import Trace
from stormlab.tune.goals import Sample, TuneError, loss
from stormlab.tune.records import CHECKED, Aim, Trial
from stormlab.tune.space import SCENARIO, combinations

READER = "tune 2"  # changes when runs are read differently
CORNERS_MAX = 64
_WHOLE = "a whole number"

Figures = Mapping[str, float | int | None]


@dataclass(frozen=True)
class State:
    """How far a search is: runs done and expected, and trials that met all goals so far."""

    done: int
    expected: int
    meeting: int


Watch = Callable[[State], None]


@dataclass(frozen=True)
class Plan:
    """A trial before it ran."""

    number: int
    parameters: Mapping[str, str]
    contender: Contender
    settings: tuple[str, ...]


class Bench:
    """Makes the runs that are asked for, or finds them: no run is made twice."""

    def __init__(
        self, aim: Aim, jobs: int | None, store: Store | None, watch: Watch | None
    ) -> None:
        """Check everything that was asked for; nothing runs yet.

        ``every`` holds all sets of parameters when there are no more than may be tried.

        Raises:
            TuneError, ScenarioError, CompareError: one line.
        """
        self._aim, self._jobs, self._store, self._watch = aim, jobs, store, watch
        self._reader = recovery_reader()
        check_figures(aim.figures, self._reader)
        self._names = tuple(dict.fromkeys([*aim.figures, *self._reader.key]))
        self._sources = SourceReader()
        self._found: dict[tuple[str, int], Figures] = {}
        self._done = self._meeting = 0
        keys = [axis.key for axis in aim.axes]
        self.base = prepare(aim.scenario, [aim.policy], aim.settings).base
        self._check_space()
        every = combinations(aim.axes, aim.trials)
        self.every = [dict(zip(keys, values, strict=True)) for values in every or []]
        self.trials = len(self.every) or aim.trials

    def plan(self, number: int, parameters: Mapping[str, str]) -> Plan:
        """Set up a trial; whether its parameters fit is checked here."""
        own = [f"{key}={value}" for key, value in parameters.items() if not _of_scenario(key)]
        others = tuple(
            f"{key.removeprefix(SCENARIO)}={value}"
            for key, value in parameters.items()
            if _of_scenario(key)
        )
        policy = ",".join([self._aim.policy, *own])
        what = prepare(self._aim.scenario, [policy], (*self._aim.settings, *others))
        return Plan(number, parameters, what.contenders[0], others)

    def _check_space(self) -> None:
        """Set up the corners of the space: every end of a range, every choice."""
        axes = self._aim.axes
        for corner in _corners([axis.extremes for axis in axes]):
            values = {axis.key: value for axis, value in zip(axes, corner, strict=True)}
            try:
                self.plan(1, values)
            except ScenarioError as error:
                hint = "; write it as whole:LOW:HIGH" if str(error).endswith(_WHOLE) else ""
                raise ScenarioError(f"{error}{hint}") from None

    def run(self, plans: Sequence[Plan], seeds: range, *, search: bool) -> list[Trial]:
        """Run each trial under each seed; in the order of the trials.

        Raises:
            CompareError: one line, when a run fails by its scenario.
            StoreError, SourceError, ReplicationError: when runs cannot be made or kept.
        """
        units = {(plan.contender.scenario.hash, seed): plan for plan in plans for seed in seeds}
        missing = [unit for unit in units if not self._known(units[unit], unit)]
        todo = [Job(units[unit].contender.scenario, unit[1], read_figures) for unit in missing]
        self._tell(len(plans) * len(seeds) - len(missing))
        try:
            with closing(replicate_as_completed(todo, self._jobs)) as results:
                for where, found in results:
                    self._keep(units[missing[where]], missing[where], found)
                    self._tell(1)
        except JobError as failed:
            plan, cause = units[missing[failed.index]], failed.__cause__
            if isinstance(cause, ScenarioError):
                raise CompareError(f"policy {plan.contender.label}: {cause}") from None
            seed = missing[failed.index][1]
            message = f"the run failed: policy {plan.contender.label}, seed {seed}"
            raise RuntimeError(message) from cause
        trials = [self._trial(plan, seeds) for plan in plans]
        if search:
            self._meeting += sum(trial.meets_all for trial in trials)
        return trials

    def _known(self, plan: Plan, unit: tuple[str, int]) -> bool:
        if unit not in self._found and self._store is not None:
            kept = self._store.get(self._key(plan, unit))
            if kept is not None:
                self._found[unit] = kept.figures
        return unit in self._found

    def _keep(self, plan: Plan, unit: tuple[str, int], found: Figures) -> None:
        self._found[unit] = found
        if self._store is not None:
            self._store.keep(self._key(plan, unit), found)

    def _key(self, plan: Plan, unit: tuple[str, int]) -> str:
        return unit_key(self._sources.of(plan.contender.scenario).digest, *unit, READER)

    def _tell(self, count: int) -> None:
        self._done += count
        if self._watch is not None and count:
            aim = self._aim
            tried = (self.trials + 1) * aim.replications
            expected = tried + (min(CHECKED, self.trials) + 1) * aim.check_replications
            self._watch(State(self._done, expected, self._meeting))

    def _trial(self, plan: Plan, seeds: range) -> Trial:
        runs = [self._found[plan.contender.scenario.hash, seed] for seed in seeds]
        samples = {
            name: Sample(tuple(_number(run.get(name)) for run in runs)) for name in self._names
        }
        value = loss(self._aim.goals, self._aim.target, samples)
        policy = plan.contender.target
        return Trial(plan.number, plan.parameters, policy, plan.settings, samples, value)


def check_figures(names: Sequence[str], reader: Reader) -> None:
    """Refuse a figure that there is not, and name the likeliest; short headings lead there too.

    Raises:
        TuneError: one line.
    """
    from difflib import get_close_matches  # noqa: PLC0415  only when something is wrong

    short = {heading.split()[0].split("/")[0]: name for name, heading in reader.key.items()}
    for name in names:
        if name not in reader.measures:
            close = [short[name]] if name in short else get_close_matches(name, reader.measures, 1)
            hint = f" (did you mean '{close[0]}'?)" if close else ""
            raise TuneError(f"{name}: no such figure{hint}; all of them: docs/metrics.md")


def read_figures(trace: Trace) -> dict[str, float | int | None]:
    """Every figure of a recovery: None where one does not apply, ``inf`` for never."""
    return dict(figures(Recovery.of(trace)))


def _of_scenario(key: str) -> bool:
    return key.startswith(SCENARIO)


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _corners(extremes: Sequence[Sequence[str]]) -> Iterator[tuple[str, ...]]:
    """Every combination; of very many the first, and each value at least once."""
    yield from islice(product(*extremes), CORNERS_MAX)
    if math.prod(map(len, extremes)) > CORNERS_MAX:
        for place in range(max(map(len, extremes))):
            yield tuple(values[min(place, len(values) - 1)] for values in extremes)
