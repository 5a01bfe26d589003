"""Judging: policy by policy in processes, each row kept when it is finished.

A row's key names the code, the policy and the budget, so that what is stopped goes on where it
was, and no row of other code is ever taken for one of this.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from stormlab.check import Check, CheckError, Runs, Verdict, target_of
from stormlab.check.budget import Budget, budget_of
from stormlab.check.guard import limited
from stormlab.judging.matrix import Matrix, Row
from stormlab.policy.catalogue import Entry, catalogue
from stormlab.replications import JobError, replicate_as_completed
from stormlab.scenario import ScenarioError
from stormlab.sources import SourceReader
from stormlab.store import Store, unit_key
from stormlab.worlds.simulated import FLEET, SimulatedWorld

READER = "judging/2"  # change the number when a row tells something else
SEED = 0
LIMIT_S = 300.0  # of one run or judgement: all cores are at work, perhaps for others too


class JudgingError(Exception):
    """Policies that cannot be judged; the message is one line for a person."""


def judged(name: str, budget: str | Budget) -> dict[str, Any]:
    """Hold one policy of the catalogue to every promise; gives its row's figures.

    Raises:
        CheckError: one line, when the policy fails.
    """
    chosen = budget_of(budget)
    with limited(name, LIMIT_S) as limit:
        target = target_of(name)
        check = Check(target, target.promises(), chosen, SEED, Runs(target, limit))
        verdict = Verdict(target.name, tuple(check.run()), chosen.name, SEED)
    return Row.of(catalogue()[name], verdict, target.written).figures


@dataclass
class Plan:
    """The policies to judge, each with the key of its row, and the rows that are there."""

    keys: dict[str, str]
    budget: str | Budget
    command: str
    done: dict[str, Row] = field(default_factory=dict)

    @property
    def missing(self) -> list[str]:
        """The policies whose rows are not there."""
        return [name for name in self.keys if name not in self.done]

    def work(self, store: Store | None, workers: int | None = None) -> Iterator[str]:
        """Judge what is missing; yields each policy's name when its row is kept.

        Raises:
            JudgingError: when a policy cannot be judged; names it.
            StoreError: when a row cannot be kept.
            ReplicationError: when a worker process ends.
        """
        missing = self.missing
        jobs = [partial(judged, name, self.budget) for name in missing]
        try:
            with closing(replicate_as_completed(jobs, workers)) as results:
                for index, figures in results:
                    name = missing[index]
                    if store is not None:
                        store.keep(self.keys[name], figures)
                    self.done[name] = Row.from_figures(figures)
                    yield name
        except JobError as failed:
            if isinstance(failed.__cause__, CheckError):
                raise JudgingError(str(failed.__cause__)) from None
            raise RuntimeError(f"judging {missing[failed.index]} failed") from failed.__cause__

    @property
    def matrix(self) -> Matrix:
        """What came of it, when all rows are there."""
        return Matrix.of(
            [self.done[name] for name in self.keys], budget_of(self.budget).name, self.command
        )


def plan(
    names: Sequence[str], budget: str | Budget, command: str = "", store: Store | None = None
) -> Plan:
    """Which rows there are to be (none named: the whole catalogue), and which are kept already.

    Raises:
        JudgingError: one line, when a name is not of the catalogue, or the budget is none or one
            whose worlds differ every time.
        SourceError: when the code behind a policy cannot be found.
    """
    known = _known()
    for name in names:
        if name not in known:
            raise JudgingError(f"policy '{name}': not in the catalogue; see: stormlab policies")
    try:
        worlds = budget_of(budget)
    except ValueError as error:
        raise JudgingError(str(error)) from None
    if worlds.hunts:
        raise JudgingError(f"budget: found '{worlds.name}', whose worlds differ every time")
    tried = f"{worlds.name} {sorted(worlds.cases.items())} {worlds.shrink_tries}"
    chosen = {name: known[name] for name in sorted(names or known)}
    reader = SourceReader()
    keys = {
        name: unit_key(_code(reader, name), entry.digest, SEED, f"{READER} {name} {tried}")
        for name, entry in chosen.items()
    }
    made = Plan(keys, budget, command)
    for name, key in keys.items():
        unit = store.get(key) if store is not None else None
        if unit is not None:
            made.done[name] = Row.from_figures(unit.figures)
    return made


def _known() -> dict[str, Entry]:
    try:
        return dict(catalogue())
    except ValueError as error:
        raise JudgingError(str(error)) from None


def _code(reader: SourceReader, name: str) -> str:
    """The hash of the code that decides a policy's row."""
    try:
        return reader.of(SimulatedWorld({"model": FLEET, "duration_s": 1.0}).scenario(name)).digest
    except ScenarioError as error:
        raise JudgingError(f"policy '{name}': {error}") from None
