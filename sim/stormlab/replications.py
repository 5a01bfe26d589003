"""Replications: scenarios run under seeds, in processes, each trace read with a function.

What comes back depends on scenario, seed and function only, never on the number of workers or on
their order. What can be said from it is in :mod:`stormlab.statistics`.
"""

import os
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Generic, TypeVar

from stormlab.model import run
from stormlab.scenario import Scenario
from stormlab.trace import Trace

CHUNK = 4
WINDOW = 3  # jobs at hand per worker: so that none waits for its next

T = TypeVar("T")


class ReplicationError(Exception):
    """A worker that could not do its runs; the message is one line for a person."""


class JobError(Exception):
    """A job whose run failed: its ``index``; ``__cause__`` says how."""

    def __init__(self, index: int) -> None:
        """Name the job."""
        super().__init__(index)
        self.index = index


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
    with _pool(count) as pool:
        yield from pool.map(_work, jobs, chunksize=CHUNK)


def replicate_as_completed(
    jobs: Sequence[Job[T]], workers: int | None = None
) -> Generator[tuple[int, T], None, None]:
    """Run every job and yield (its index in ``jobs``, its result) as soon as it is finished.

    For long work of which nothing finished may be lost; otherwise as :func:`replicate`.

    Raises:
        ReplicationError: when a worker ends, as it does when it cannot import ``read``.
        JobError: when a run raises; those under way are finished, and lost.
    """
    count = min(workers or os.cpu_count() or 1, max(1, (len(jobs) + 1) // 2))
    if count == 1:
        for index, job in enumerate(jobs):
            with _named(index):
                result = _work(job)
            yield index, result
        return
    waiting = iter(enumerate(jobs))
    under_way: dict[Future[T], int] = {}
    with _pool(count) as pool:
        while True:
            for index, job in islice(waiting, WINDOW * count - len(under_way)):
                under_way[pool.submit(_work, job)] = index
            if not under_way:
                return
            finished = wait(under_way, return_when=FIRST_COMPLETED).done
            for done in sorted(finished, key=under_way.__getitem__):
                index = under_way.pop(done)
                with _named(index):
                    result = done.result()
                yield index, result


@contextmanager
def _named(index: int) -> Iterator[None]:
    """Say which job a failure is of; a worker that is gone is no job's failure."""
    try:
        yield
    except BrokenProcessPool:
        raise
    except Exception as error:
        raise JobError(index) from error


@contextmanager
def _pool(count: int) -> Iterator[ProcessPoolExecutor]:
    """Worker processes that end with the block, and with this process however it ends."""
    pool = ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=_begin_worker)
    try:
        yield pool
    except BrokenProcessPool:
        raise ReplicationError("a worker process ended; its functions must be importable") from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin_worker() -> None:
    """Leave Ctrl-C to the parent, which ends the workers in order; but end when it is gone.

    A worker that waits for its next job would never learn by itself that its parent was killed.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(job: Job[T]) -> T:
    return job.read(run(job.scenario, job.seed))
