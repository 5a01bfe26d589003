"""Looking for planted faults as ``stormlab check`` would, seed by seed, in processes.

Each fault is looked for with its promise alone, and its repaired twin is held to every promise that
applies to it. What several faults have as their twin is tried once.
"""

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from multiprocessing import get_context
from statistics import median

from stormlab.check import Budget, CheckError, check_policy
from stormlab.evidence import Outcome
from stormlab.properties.promises import Seen
from stormlab.selftest.planted import Code, Planted
from stormlab.worlds.written import size_of

FOUND_SHARE_MIN = 0.9  # of the seeds, for each fault
TWINS_BUDGET = "dev"  # all promises judge each twin, which takes twenty times as long as one
CLIENTS_MAX, FAULTS_MAX = 3, 2  # of the median shrunk world, where no fleet is needed


@dataclass(frozen=True)
class Search:
    """One thing to do: look for ``fault`` under ``seed``, or see whether its twin passes."""

    fault: Planted
    seed: int
    budget: str | Budget
    twin: bool = False


@dataclass(frozen=True)
class Result:
    """What came of a search.

    ``broken``: the promises found broken. ``cases`` and ``seconds``: until the fault was found, or
    in all. ``clients`` and ``faults``: the size of the shrunk world; None where there is no world.
    ``error``: why nothing could be judged.
    """

    search: Search
    broken: tuple[str, ...]
    cases: int
    seconds: float
    clients: int | None = None
    faults: int | None = None
    error: str = ""


@dataclass(frozen=True)
class Discovery:
    """A fault after all its searches."""

    fault: Planted
    hunts: tuple[Result, ...]
    twins: tuple[Result, ...] = field(default=())

    @property
    def found(self) -> list[Result]:
        """The searches that found it."""
        return [each for each in self.hunts if self.fault.promise in each.broken]

    @property
    def alarms(self) -> list[Result]:
        """The searches in which its repaired twin was called broken."""
        return [each for each in self.twins if each.broken or each.error]

    @property
    def is_found(self) -> bool:
        """Whether it was found under nine of ten seeds."""
        return len(self.found) >= FOUND_SHARE_MIN * len(self.hunts)

    @property
    def size(self) -> tuple[float, float] | None:
        """Median clients and faults of the shrunk worlds; None where there are none."""
        sizes = [
            (each.clients, each.faults)
            for each in self.found
            if each.clients is not None and each.faults is not None
        ]
        if not sizes:
            return None
        return median(clients for clients, _ in sizes), median(faults for _, faults in sizes)


def search(what: Search) -> Result:
    """Do one thing."""
    fault = what.fault
    code = fault.repaired if what.twin else fault.faulty
    if isinstance(code, Seen):
        outcome = fault.shown(code).outcome
        return Result(what, (fault.promise,) if outcome is Outcome.BROKEN else (), 1, 0.0)
    promises = None if what.twin else [fault.promise]
    try:
        verdict = check_policy(
            code, name=fault.name, promises=promises, budget=what.budget, seed=what.seed
        )
    except CheckError as error:  # told beside the others, which go on
        return Result(what, (), 0, 0.0, error=str(error))
    broken = tuple(each.name for each in verdict.broken)
    if what.twin or not broken:
        cases = max((each.cases for each in verdict), default=0)
        return Result(what, broken, cases, verdict.seconds)
    judged = verdict[fault.promise]
    clients, faults = size_of(judged.world) if judged.world is not None else (None, None)
    return Result(what, broken, judged.found_at or 0, judged.seconds, clients, faults)


def planned(
    faults: Sequence[Planted],
    seeds: Sequence[int],
    budget: str | Budget,
    twins: str | Budget = TWINS_BUDGET,
) -> list[Search]:
    """Everything there is to do; ``twins``: the budget of each check of a repaired twin.

    A twin that several faults share is tried once, by all promises.
    """
    todo = [Search(fault, seed, budget) for fault in faults for seed in seeds]
    tried: list[Code] = []
    for fault in faults:
        if not any(_same(fault.repaired, code) for code in tried):
            tried.append(fault.repaired)
            todo += [Search(fault, seed, twins, twin=True) for seed in seeds]
    return todo


def _same(one: Code, other: Code) -> bool:
    """Whether two codes are the same; a record is only itself."""
    return one is other or (not isinstance(one, Seen) and one == other)


def searched(todo: Sequence[Search], jobs: int | None = None) -> Iterator[Result]:
    """Do everything, in ``jobs`` processes (None: one per core; 1: in this one), in any order."""
    count = min(jobs or os.cpu_count() or 1, max(1, len(todo)))
    if count == 1:
        yield from map(search, todo)
        return
    pool = get_context("spawn").Pool(count, _leave_interrupts)
    with pool, closing(pool):
        yield from pool.imap_unordered(search, todo)


def _leave_interrupts() -> None:
    """Ctrl-C is the parent's, which then ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def discoveries(faults: Sequence[Planted], results: Sequence[Result]) -> list[Discovery]:
    """The results by fault, in the order of the faults and seeds."""
    ordered = sorted(results, key=lambda result: result.search.seed)
    tried: list[tuple[Code, tuple[Result, ...]]] = []
    found = []
    for fault in faults:
        own = [each for each in ordered if each.search.fault.name == fault.name]
        twins = tuple(each for each in own if each.search.twin)
        if twins:
            tried.append((fault.repaired, twins))
        twins = next((known for code, known in tried if _same(fault.repaired, code)), ())
        found.append(Discovery(fault, tuple(e for e in own if not e.search.twin), twins))
    return found
