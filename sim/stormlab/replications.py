"""Replications: scenarios run under seeds, in processes, each trace read with a function.

What comes back depends on scenario, seed and function only, never on the number of workers or on
their order. What can be said from it is in :mod:`stormlab.statistics`.
"""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Generic, TypeVar

from stormlab.model import run
from stormlab.scenario import Scenario
from stormlab.trace import Trace

CHUNK = 4

T = TypeVar("T")


class ReplicationError(Exception):
    """A worker that could not do its runs; the message is one line for a person."""


@dataclass(frozen=True)
class Job(Generic[T]):
    """One run and how its trace is read; ``read`` must be picklable."""

    scenario: Scenario
    seed: int
    read: Callable[[Trace], T]

    @property
    def key(self) -> str:
        """What decides the trace: scenario hash and seed."""
        return f"{self.scenario.hash}/{self.seed}"


def replicate(jobs: Sequence[Job[T]], workers: int | None = None) -> Iterator[T]:
    """Run every job and yield the results in the order of the jobs.

    ``workers``: processes; None: as many as there are cores, 1: this process only. Stopping the
    iteration (or Ctrl-C) ends the workers after the runs they are at.

    Raises:
        ReplicationError: when a worker ends, as it does when it cannot import ``read``.
    """
    count = min(workers or os.cpu_count() or 1, max(1, len(jobs) // CHUNK))
    if count == 1:
        yield from map(_work, jobs)
        return
    pool = ProcessPoolExecutor(
        count, mp_context=get_context("spawn"), initializer=_ignore_interrupt
    )
    try:
        yield from pool.map(_work, jobs, chunksize=CHUNK)
    except BrokenProcessPool:
        raise ReplicationError("a worker process ended; its functions must be importable") from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _ignore_interrupt() -> None:
    """Ctrl-C belongs to the parent, which ends the workers in order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _work(job: Job[T]) -> T:
    return job.read(run(job.scenario, job.seed))
