"""Replications: scenarios run under seeds, in processes, each trace read with a function.

What comes back depends on scenario, seed and function only, never on the number of workers or on
their order. What can be said from it is in :mod:`stormlab.statistics`.

Each worker has a pipe of its own and shares no lock or queue with the others. So one that dies is
noticed, and all can be ended at any moment: concurrent.futures' pool may hang when Ctrl-C meets it
half-way, and leaves its workers behind when it is killed.
"""

import os
import pickle
import signal
import traceback
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from threading import Thread
from typing import Any, Generic, TypeVar

from stormlab.model import run
from stormlab.scenario import Scenario
from stormlab.trace import Trace

CHUNK = 4

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

    def __call__(self) -> T:
        """Run it and read the trace."""
        return self.read(run(self.scenario, self.seed))

    @property
    def key(self) -> str:
        """What decides the trace: scenario hash and seed."""
        return f"{self.scenario.hash}/{self.seed}"


def replicate(jobs: Sequence[Job[T]], workers: int | None = None) -> Iterator[T]:
    """Run every job and yield the results in the order of the jobs.

    ``workers``: processes; None: as many as there are cores, 1: this process only. Stopping the
    iteration (or Ctrl-C) ends the workers at once; the runs they are at are lost.

    Raises:
        ReplicationError: when a worker ends, or cannot import ``read``.
        Exception: whatever a run raises.
    """
    count = min(workers or os.cpu_count() or 1, max(1, len(jobs) // CHUNK))
    early: dict[int, T] = {}
    due = 0
    try:
        with closing(replicate_as_completed(jobs, count)) as results:
            for index, result in results:
                early[index] = result
                while due in early:
                    yield early.pop(due)
                    due += 1
    except JobError as failed:
        raise failed.__cause__ or failed from None


def replicate_as_completed(
    jobs: Sequence[Callable[[], T]], workers: int | None = None
) -> Generator[tuple[int, T], None, None]:
    """Do every job and yield (its index in ``jobs``, its result) as soon as it is finished.

    A job is a :class:`Job`, or any picklable function without arguments whose result can be
    pickled. For long work of which nothing finished may be lost; otherwise as :func:`replicate`.

    Raises:
        ReplicationError: when a worker ends, or cannot import ``read``.
        JobError: when a run raises.
    """
    count = min(workers or os.cpu_count() or 1, max(1, (len(jobs) + 1) // 2))
    if count == 1:
        for index, job in enumerate(jobs):
            with _named(index):
                result = job()
            yield index, result
        return
    waiting = iter(enumerate(jobs))
    with _started(count) as links:
        under_way: dict[Connection, int] = {}
        for link, (index, job) in zip(links, waiting, strict=False):
            _send(link, job)
            under_way[link] = index
        while under_way:
            ready = wait(list(under_way))
            finished = [
                (under_way.pop(link), _received(link), link) for link in links if link in ready
            ]
            for (_, _, link), (index, job) in zip(finished, waiting, strict=False):
                _send(link, job)  # before anybody looks at the results: no worker waits for that
                under_way[link] = index
            for index, (failure, result), _ in finished:
                with _named(index):
                    if failure is not None:
                        raise failure
                yield index, result


@contextmanager
def _named(index: int) -> Iterator[None]:
    """Say which job a failure is of; what is no job's failure stays what it is."""
    try:
        yield
    except ReplicationError:
        raise
    except Exception as error:
        raise JobError(index) from error


# workers -----------------------------------------------------------------------------------------


@contextmanager
def _started(count: int) -> Iterator[list[Connection]]:
    """Worker processes, each behind a pipe, that end with the block, and with this process."""
    context = get_context("spawn")
    processes, links = [], []
    try:
        with _no_interrupt():  # until a worker can leave it to its parent
            for _ in range(count):
                ours, theirs = context.Pipe()
                process = context.Process(target=_serve, args=(theirs,), daemon=True)
                process.start()
                theirs.close()
                processes.append(process)
                links.append(ours)
        yield links
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()
        for link in links:
            link.close()


@contextmanager
def _no_interrupt() -> Iterator[None]:
    """Hold Ctrl-C back, here and in processes started here, until the block ends."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _send(link: Connection, job: Callable[[], Any]) -> None:
    try:
        link.send(job)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ReplicationError(f"a run cannot be given to a worker process: {error}") from None
    except OSError:
        raise ReplicationError("a worker process ended") from None


def _received(link: Connection) -> tuple[Exception | None, Any]:
    try:
        outcome: tuple[Exception | None, Any] = link.recv()
    except (EOFError, OSError):
        raise ReplicationError(
            "a worker process ended: killed, or out of memory (fewer --jobs need less)"
        ) from None
    return outcome


def _serve(link: Connection) -> None:
    """Do jobs until nobody is left who asks for them.

    Ctrl-C is left to the parent, which ends its workers. A worker that is at a long run would not
    notice that its parent was killed; a thread does.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()
    while True:
        outcome: tuple[Exception | None, Any]
        try:
            outcome = None, _next_job(link)()
        except EOFError:
            return
        except Exception as error:  # noqa: BLE001  a run may fail in any way
            outcome = _portable(error), None
        try:
            link.send(outcome)
        except ConnectionError:
            return
        except Exception as error:  # noqa: BLE001  whatever a result says when it is pickled
            link.send((ReplicationError(f"a result cannot leave its process: {error}"), None))


def _next_job(link: Connection) -> Callable[[], Any]:
    try:
        job: Callable[[], Any] = link.recv()
    except ConnectionError:
        raise EOFError from None
    except (AttributeError, ImportError) as error:
        raise ReplicationError(f"a worker process cannot import what it needs: {error}") from None
    return job


def _portable(error: Exception) -> Exception:
    """A failure as another process can take it, with where it happened."""
    if isinstance(error, ReplicationError):
        return error
    error.add_note("in a worker process:\n" + "".join(traceback.format_exception(error)))
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301  our own
    except Exception:  # noqa: BLE001  an exception with arguments of its own may fail in any way
        return RuntimeError("".join(traceback.format_exception(error)))
    return error


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
