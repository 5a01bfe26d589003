"""The runs of a sweep: which there are, which are done, and doing the others.

A run is one cell under one seed. Its figures are kept the moment it is finished, so that nothing
but the runs under way is ever lost.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from stormlab.model import find_model
from stormlab.replications import Job, JobError, replicate_as_completed
from stormlab.scenario import ScenarioError
from stormlab.sources import SourceReader
from stormlab.store import Store, unit_key
from stormlab.sweep.grid import Sweep, SweepError
from stormlab.trace import Trace

READER = "figures/1"  # change the number when :func:`numbers` reads a trace differently

Numbers = dict[str, float | None]


def numbers(model: str, trace: Trace) -> Numbers:
    """The figures of a trace that are numbers, or that do not apply (None); texts left out."""
    figures = find_model(model).figures(trace)
    return {
        name: None if value is None else float(value)
        for name, value in figures.items()
        if value is None or isinstance(value, int | float)
    }


@dataclass(frozen=True)
class Run:
    """One cell under one seed; ``key`` names the unit under which its figures are kept."""

    cell: int
    seed: int
    key: str


@dataclass
class Plan:
    """All runs of a sweep in the order of its table, and the figures of those that are done."""

    sweep: Sweep
    runs: tuple[Run, ...]
    code: dict[str, str]  # the hashes of the code that makes them: stormlab.sources
    done: dict[str, Numbers]

    @property
    def missing(self) -> list[Run]:
        """Runs to do, those of one seed together, so that all cells grow at the same pace."""
        left: dict[str, Run] = {}
        for run in self.runs:
            if run.key not in self.done:
                left.setdefault(run.key, run)
        return sorted(left.values(), key=lambda run: (run.seed, run.cell))

    @property
    def kept(self) -> int:
        """How many runs are done."""
        return sum(run.key in self.done for run in self.runs)

    def work(
        self, store: Store, workers: int | None, check: Callable[[Numbers], None] | None = None
    ) -> Iterator[Run]:
        """Do what is missing; yields each run when its figures are kept.

        ``check`` sees the figures of each run after they were kept; what it raises ends the work.

        Raises:
            SweepError: when a cell cannot be run; names it.
            StoreError: when a run cannot be kept.
            ReplicationError: when a worker process ends.
        """
        missing = self.missing
        jobs = [
            Job(cell.scenario, run.seed, partial(numbers, cell.scenario.model))
            for run in missing
            for cell in [self.sweep.cells[run.cell]]
        ]
        try:
            with closing(replicate_as_completed(jobs, workers)) as results:
                for index, figures in results:
                    run = missing[index]
                    self._keep(store, run.key, figures)
                    if check is not None:
                        check(figures)
                    yield run
        except JobError as failed:
            run, cause = missing[failed.index], failed.__cause__
            where = f"{self.sweep.name} with {self.sweep.cells[run.cell].label}, seed {run.seed}"
            if isinstance(cause, ScenarioError):
                raise SweepError(f"{where}: {cause}") from None
            raise RuntimeError(f"the run failed: {where}") from cause

    def _keep(self, store: Store, key: str, figures: Numbers) -> None:
        """Keep the figures and count them, also when Ctrl-C comes between the two."""
        try:
            store.keep(key, figures)
            self.done[key] = figures
        except KeyboardInterrupt:
            if store.get(key) is not None:
                self.done[key] = figures
            raise

    def code_changed(self) -> bool:
        """Whether the code is no longer what it was when the plan was made."""
        reader = SourceReader()
        parts: dict[str, str] = {}
        for cell in self.sweep.cells:
            parts.update(reader.of(cell.scenario).parts)
        return parts != self.code


def plan(sweep: Sweep, store: Store, known: Mapping[str, Numbers]) -> Plan:
    """Lay out all runs and find those that are done: in ``known``, or kept in the store.

    Raises:
        SourceError: when the code behind a cell cannot be found.
    """
    reader = SourceReader()
    code: dict[str, str] = {}
    runs: list[Run] = []
    for index, cell in enumerate(sweep.cells):
        sources = reader.of(cell.scenario)
        code.update(sources.parts)
        for seed in sweep.seeds:
            key = unit_key(sources.digest, cell.scenario.hash, seed, READER)
            runs.append(Run(index, seed, key))
    done: dict[str, Numbers] = {}
    for key in dict.fromkeys(run.key for run in runs):
        if key in known:
            done[key] = known[key]
        elif (unit := store.get(key)) is not None:
            done[key] = unit.figures
    return Plan(sweep, tuple(runs), code, done)
