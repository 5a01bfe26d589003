"""Running a comparison: every policy under the same seeds, until it is precise or enough.

Run i of every policy has the seed ``10,000 * seed + i``: common random numbers within one
comparison, and no run in common between comparisons with different seeds.
"""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from stormlab.compare.assembly import assembled
from stormlab.compare.contenders import CompareError, Contender, Field
from stormlab.compare.reading import Reader, Reading, recovery_reader
from stormlab.compare.results import Comparison, Effort
from stormlab.replications import Job, JobError, replicate_as_completed
from stormlab.scenario import ScenarioError
from stormlab.sources import SourceError, SourceReader
from stormlab.statistics import CONFIDENCE, Precision, Replicated, mean_interval, replicate_until
from stormlab.store import Store, unit_key

SEEDS_APART = 10_000
SEED_MAX = (2**53 - 1) // SEEDS_APART - 1  # so that the seed of every run is exact in JSON
REPLICATIONS_MIN, REPLICATIONS_MAX = 2, SEEDS_APART
FLOOR, CEILING = 10, 200
PRECISION = 0.05


@dataclass(frozen=True)
class Plan:
    """How many runs: ``replications`` of each policy, or as many as ``precision`` takes.

    ``precision``: half width of the 95 % interval as a part of the mean, for every key figure of
    every policy. ``ceiling``: the most runs of each policy that it may take.
    """

    replications: int | None = None
    precision: float = PRECISION
    ceiling: int = CEILING

    def __post_init__(self) -> None:
        """Refuse what cannot be done.

        Raises:
            CompareError: one line.
        """
        count = self.replications if self.replications is not None else self.ceiling
        if not REPLICATIONS_MIN <= count <= REPLICATIONS_MAX:
            raise CompareError(
                f"replications: found {count}; allowed: {REPLICATIONS_MIN} to {REPLICATIONS_MAX:,}"
            )

    @property
    def most(self) -> int:
        """The most runs of each policy."""
        return self.ceiling if self.replications is None else self.replications

    @property
    def rule(self) -> Precision:
        """The rule by which runs are added."""
        return Precision(
            relative=self.precision, floor=min(FLOOR, self.ceiling), ceiling=self.ceiling
        )


@dataclass(frozen=True)
class Worst:
    """The key figure that is the least precise so far."""

    policy: str
    figure: str
    half_width_percent: float


@dataclass(frozen=True)
class State:
    """How far a comparison is: runs done and expected, over all policies."""

    done: int
    expected: int
    worst: Worst | None


Watch = Callable[[State], None]


def run_seed(seed: int, replication: int) -> int:
    """The seed of run ``replication`` of every policy."""
    return SEEDS_APART * seed + replication


def compare(
    what: Field,
    plan: Plan | None = None,
    *,
    seed: int = 0,
    jobs: int | None = None,
    store: Store | None = None,
    watch: Watch | None = None,
    reader: Reader | None = None,
) -> Comparison:
    """Run every policy and say what can be said.

    ``jobs``: worker processes, None: as many as cores. ``store``: where every finished run is kept
    and looked for. ``watch`` is called after each run. ``reader``: how traces are read, None: as
    the recovery of a fleet. The result depends on scenario, policies, plan and seed only.

    Raises:
        CompareError: one line, when a policy's run fails by its scenario.
        StoreError, SourceError: when runs cannot be kept.
    """
    plan, reader = plan or Plan(), reader or recovery_reader()
    lab = _Lab(what, plan, seed, reader, store, watch)
    with lab.working(jobs):
        if plan.replications is None:
            reached = lab.until_precise()
            effort = Effort(reached.n, plan.precision, reached.settled, plan.ceiling)
        else:
            lab.figures(range(plan.replications))
            effort = Effort(plan.replications, None, None, plan.replications)
    count = effort.replications
    readings = {label: lab.readings(label, count) for label in lab.labels}
    seeds = [run_seed(seed, index) for index in range(count)]
    return assembled(what, effort, (seed, seeds), reader, readings, lab.code)


class _Lab:
    """Makes the runs that are asked for, or finds them in the store."""

    def __init__(
        self,
        what: Field,
        plan: Plan,
        seed: int,
        reader: Reader,
        store: Store | None,
        watch: Watch | None,
    ) -> None:
        self._plan, self._reader, self._store, self._watch = plan, reader, store, watch
        self._contenders = {each.label: each for each in what.contenders}
        self._seed = seed
        digests = _digests(what, needed=store is not None)
        self.code = digests[""]
        self._found: dict[tuple[str, int], Reading] = {}
        self._units = [(index, label) for index in range(plan.most) for label in self.labels]
        self._keys = {
            (label, index): unit_key(
                digests[label],
                self._contenders[label].scenario.hash,
                run_seed(seed, index),
                reader.name,
            )
            for index, label in self._units
        }
        self._results: Iterator[tuple[int, Reading]] = iter(())
        self._missing: list[tuple[int, str]] = []
        self._expected = 0

    @property
    def labels(self) -> list[str]:
        return list(self._contenders)

    def readings(self, label: str, count: int) -> list[Reading]:
        """The first runs of one policy."""
        return [self._found[label, index] for index in range(count)]

    @contextmanager
    def working(self, workers: int | None) -> Iterator[None]:
        """Begin with the runs, first come first; they end with the block.

        All that may be needed are on one list, of which the processes are given only the next few:
        so none waits while it is decided whether more are needed.
        """
        self._find_kept()
        self._missing = [unit for unit in self._units if (unit[1], unit[0]) not in self._found]
        jobs = [self._job(self._contenders[label], index) for index, label in self._missing]
        results: Generator[tuple[int, Reading], None, None] = replicate_as_completed(jobs, workers)
        with closing(results):
            self._results = results
            yield

    def _job(self, contender: Contender, index: int) -> Job[Reading]:
        return Job(contender.scenario, run_seed(self._seed, index), self._reader.read)

    def _find_kept(self) -> None:
        if self._store is None:
            return
        kept = self._store.keys()
        for unit, key in self._keys.items():
            found = self._store.get(key) if key in kept else None
            if found is not None:
                content = dict(found.figures)
                self._found[unit] = Reading(
                    content["trace_hash"], content["figures"], content["facts"], found.arrays
                )

    def _take_one(self) -> None:
        """Wait for the next run to be finished, and keep it."""
        try:
            where, reading = next(self._results)
        except JobError as failed:
            index, label = self._missing[failed.index]
            cause = failed.__cause__
            if isinstance(cause, ScenarioError):
                raise CompareError(f"policy {label}: {cause}") from None
            seed = run_seed(self._seed, index)
            raise RuntimeError(f"the run failed: policy {label}, seed {seed}") from cause
        index, label = self._missing[where]
        self._found[label, index] = reading
        if self._store is not None:
            content = {
                "trace_hash": reading.trace_hash,
                "figures": dict(reading.figures),
                "facts": dict(reading.facts),
            }
            self._store.keep(self._keys[label, index], content, reading.arrays)

    def figures(self, indices: range) -> list[dict[str, float]]:
        """The key figures of these runs of all policies, waiting for those that are not done."""
        needed = [(label, index) for index in indices for label in self.labels]
        self._expected = max(self._expected, indices.stop * len(self._contenders))
        while any(unit not in self._found for unit in needed):
            self._take_one()
            self._tell()
        return [self._row(index) for index in indices]

    def _row(self, index: int) -> dict[str, float]:
        return {
            f"{label}\n{name}": _or_never(self._found[label, index].figures.get(name))
            for label in self.labels
            for name in self._reader.key
        }

    def until_precise(self) -> Replicated:
        """Add runs until the rule is met."""

        def expect(_done: int, expected: int) -> None:
            self._expected = expected * len(self._contenders)

        return replicate_until(self._figures_of, self._plan.rule, batch=1, progress=expect)

    def _figures_of(self, indices: range) -> Sequence[Mapping[str, float]]:
        return self.figures(indices)

    def _tell(self) -> None:
        if self._watch is not None:
            done = min(len(self._found), max(self._expected, 1))
            self._watch(State(done, self._expected, self._worst()))

    def _worst(self) -> Worst | None:
        """The least precise of the key figures, from the runs that all policies have."""
        count = 0
        while all((label, count) in self._found for label in self.labels):
            count += 1
        if count < REPLICATIONS_MIN:
            return None
        rows = [self._row(index) for index in range(count)]
        found: list[Worst] = []
        for name in rows[0]:
            values = np.array([row[name] for row in rows])
            if np.isfinite(values).all() and values.mean():
                interval = mean_interval(values, CONFIDENCE)
                half = 100 * (interval.high - interval.value) / abs(interval.value)
                label, _, figure = name.partition("\n")
                found.append(Worst(label, figure, half))
        return max(found, key=lambda one: one.half_width_percent, default=None)


def _digests(what: Field, *, needed: bool) -> dict[str, str]:
    """The code behind each policy's runs by its label, and behind the scenario's by "".

    Code without a source that can be read ("unknown") does no harm unless runs are kept.
    """
    reader = SourceReader()
    found: dict[str, str] = {}
    for label, scenario in [("", what.base), *((c.label, c.scenario) for c in what.contenders)]:
        try:
            found[label] = reader.of(scenario).digest
        except SourceError:
            if needed:
                raise
            found[label] = "unknown"
    return found


def _or_never(value: Any) -> float:  # noqa: ANN401  any figure
    return float("inf") if value is None else float(value)
