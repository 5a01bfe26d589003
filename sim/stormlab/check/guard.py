"""Code of somebody else, watched: what it raises, returns, or never returns becomes one line.

A policy is wrapped when it is made. Every answer is held against the contract
(:mod:`stormlab.policy.contract`), and an exception that leaves it becomes a :class:`CheckError`
that names policy, method, exception and line. What is made of stormlab's own parts is not wrapped.
The limit is one of the processor's time, so that a busy machine is not the policy's fault. In real
time it is longer, for a policy that sleeps or waits for something else.

Simplification: a time limit needs SIGALRM, which there is in the main thread of POSIX systems.
Elsewhere a policy that never returns is not stopped. A policy that catches every exception in its
endless loop cannot be stopped from inside the process either; ``stormlab check`` ends it.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from time import (  # noqa: TID251  code of somebody else is given real seconds, no more
    monotonic,
    process_time,
)
from types import FrameType, TracebackType
from typing import Any, TypeVar

import simpy

from stormlab.hosts.failure import HostError
from stormlab.policy.breaker import Breaker
from stormlab.policy.contract import (
    Chance,
    Decision,
    Happened,
    Policy,
    RetryAt,
    Stop,
    Terms,
)
from stormlab.policy.loading import said
from stormlab.policy.reconnector import Reconnector

LIMIT_S = 10.0
BUSY = 2.4  # times the limit, in real time: 24 s, which with the next lies below half a minute
STUBBORN_S = 4.0
NEARLY = 0.9  # so much of the limit is enough: the alarm is set in real time, and rings seldom
SHOWN_MAX = 60
AGAIN_S = 1.0  # an alarm that was swallowed rings again
OURS = {  # and the engine that real code is hosted by
    Path(__file__).resolve().parent.parent,
    Path(simpy.__file__).resolve().parent,
}
T = TypeVar("T")


class CheckError(Exception):
    """The code under test cannot be checked; the message is one line for a person."""


class _OverdueError(BaseException):
    """Rung by the alarm; not an Exception, so that a policy does not swallow it by habit."""


class Watched:
    """A policy, each of whose answers is checked."""

    def __init__(self, policy: Any, name: str) -> None:  # noqa: ANN401  code of somebody else
        """Offer what the policy offers, no more: the host asks for what is there."""
        self._policy, self._name = policy, name
        if callable(getattr(policy, "start", None)):
            self.start = self._start
        if callable(getattr(policy, "postponed", None)):
            self.postponed = self._postponed

    def on(self, happened: Happened, chance: Chance) -> Decision:
        """Hand a fact on."""
        answer = _called(self._name, "on", self._policy.on, happened, chance)
        return self._decision("on", answer)

    def may_attempt(self, time_ns: int) -> bool:
        """Hand the question on."""
        answer: object = _called(self._name, "may_attempt", self._policy.may_attempt, time_ns)
        if not isinstance(answer, bool):
            raise self._wrong("may_attempt", answer, "True or False")
        return answer

    def _start(self, time_ns: int, chance: Chance) -> RetryAt:
        answer: object = _called(self._name, "start", self._policy.start, time_ns, chance)
        if not isinstance(answer, RetryAt):
            raise self._wrong("start", answer, "RetryAt")
        self._decision("start", answer)
        return answer

    def _postponed(self, time_ns: int, chance: Chance) -> Decision:
        answer = _called(self._name, "postponed", self._policy.postponed, time_ns, chance)
        return self._decision("postponed", answer)

    def _decision(self, method: str, answer: object) -> Decision:
        if isinstance(answer, RetryAt):
            if type(answer.time_ns) is not int:
                found = type(answer.time_ns).__name__
                allowed = f"a whole number of nanoseconds, not a {found}"
                raise self._wrong(method, answer, allowed)
            return answer
        if answer is None or isinstance(answer, Stop):
            return answer
        raise self._wrong(method, answer, "RetryAt, Stop or None")

    def _wrong(self, method: str, answer: object, allowed: str) -> CheckError:
        return CheckError(f"{self._name}: {method}() returned {_short(answer)}; allowed: {allowed}")

    @property
    def breaker(self) -> Breaker | None:
        """Its breaker, if it shows one."""
        found = getattr(self._policy, "breaker", None)
        return found if isinstance(found, Breaker) else None

    @property
    def declared(self) -> object:
        """What it declares, if it does."""
        return getattr(self._policy, "declared", None)

    @property
    def terms(self) -> Terms:
        """Its terms, or none."""
        found = _called(self._name, "terms", getattr, self._policy, "terms", Terms())
        if not isinstance(found, Terms):
            raise CheckError(f"{self._name}: terms is {found!r}; allowed: stormlab.policy.Terms")
        return found


class WatchedFactory:
    """A factory of policies, each of them watched."""

    def __init__(self, make: Callable[[], Policy], name: str) -> None:
        """Keep the name, for what goes wrong."""
        self._make, self.__name__ = make, name
        if callable(getattr(make, "make_group", None)):
            self.make_group = self._make_group

    def __call__(self) -> Policy:
        """One policy, for one socket."""
        return self._watched(_called(self.__name__, "", self._make))

    def _make_group(self, count: int) -> list[Policy]:
        group = getattr(self._make, "make_group")  # noqa: B009  the name is only known to be there
        made = _called(self.__name__, "make_group", group, count)
        return [self._watched(each) for each in made]

    def _watched(self, policy: Any) -> Policy:  # noqa: ANN401  code of somebody else
        for method in ("on", "may_attempt"):
            if not callable(getattr(policy, method, None)):
                found = type(policy).__name__
                raise CheckError(f"{self.__name__}: makes a {found}, which has no {method}()")
        if isinstance(policy, Reconnector):
            return policy
        return Watched(policy, self.__name__)


def _short(value: object) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= SHOWN_MAX else text[: SHOWN_MAX - 3] + "..."


def _called(name: str, method: str, call: Callable[..., T], *arguments: object) -> T:
    try:
        return call(*arguments)
    except CheckError:
        raise
    except (Exception, SystemExit) as error:
        what = f"{method}()" if method else "making it"
        where = _where(error.__traceback__)
        raise CheckError(f"{name}: {what} raised {said(error)}{where}") from error


@contextmanager
def of_others(name: str, what: str) -> Iterator[None]:
    """In this block, what code of somebody else raises becomes one line.

    Raises:
        CheckError: that line.
    """
    try:
        yield
    except CheckError:
        raise
    except HostError as error:
        raise CheckError(f"{name}: {error}") from None
    except (Exception, SystemExit) as error:
        raise CheckError(
            f"{name}: {what} raised {said(error)}{_where(error.__traceback__)}"
        ) from error


def _where(trace: TracebackType | None) -> str:
    """The innermost line of the file in which the other's code begins."""
    file, found = "", ""
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if not file and not _is_ours(name):
            file = name
        if file and name == file:
            found = f" ({Path(name).name}:{trace.tb_lineno})"
        trace = trace.tb_next
    return found


def _is_ours(file: str) -> bool:
    return not OURS.isdisjoint(Path(file).parents)


class Limit:
    """A limit of time for one piece of work after another."""

    def __init__(self, name: str, seconds: float = LIMIT_S) -> None:
        """``name``: whose work it is."""
        self.name, self._seconds = name, seconds
        self.in_python = True  # else no line of Python says where the code is
        self.works = False
        self.began_s, self._began_used_s = monotonic(), process_time()

    def begin(self) -> None:
        """The next piece begins now."""
        self.began_s, self._began_used_s = monotonic(), process_time()
        if self.works:
            signal.setitimer(signal.ITIMER_REAL, self._seconds, AGAIN_S)

    def ring(self, _signal: int, frame: FrameType | None) -> None:
        """Too late: stop what is running, and say where it is."""
        if self._is_kept_waiting():
            return  # the alarm rings again
        while frame is not None and _is_ours(frame.f_code.co_filename):
            frame = frame.f_back
        found = frame is not None and self.in_python
        file = Path(frame.f_code.co_filename).name if frame is not None else ""
        where = f" (at {file}:{frame.f_lineno})" if found and frame is not None else ""
        raise _OverdueError(f"{self.name}: did not return within {self._seconds:g} s{where}")

    def _is_kept_waiting(self) -> bool:
        """Whether the machine is busy with something else, which is not the code's fault."""
        real_s = monotonic() - self.began_s
        return self.used_s < NEARLY * self._seconds and real_s < BUSY * self._seconds

    @property
    def used_s(self) -> float:
        """How much of the processor's time the piece has had."""
        return process_time() - self._began_used_s


STUBBORN: ContextVar[Callable[[str], object] | None] = ContextVar("STUBBORN", default=None)
"""Set by who owns the process: called with a line, in another thread, and must end the process."""


@contextmanager
def _stubborn_ended(limit: Limit) -> Iterator[None]:
    """End the process over code that catches what the alarm raises, if its owner wants that."""
    end = STUBBORN.get()
    if end is None:
        yield
        return
    over = threading.Event()

    def watch() -> None:
        while not over.wait(AGAIN_S):
            late = monotonic() - limit.began_s > BUSY * LIMIT_S + STUBBORN_S
            if late or limit.used_s > LIMIT_S + STUBBORN_S:
                end(f"{limit.name}: did not return within {LIMIT_S:g} s, nor when it was stopped")
                return

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


_LIMIT: ContextVar[Limit | None] = ContextVar("LIMIT", default=None)


def next_life() -> None:
    """Start the time anew for one life of code that is not Python; see :func:`limited`."""
    limit = _LIMIT.get()
    if limit is not None:
        limit.in_python = False
        limit.begin()


@contextmanager
def limited(name: str, seconds: float = LIMIT_S) -> Iterator[Limit]:
    """Stop what takes longer than ``seconds``; :meth:`Limit.begin` starts the time anew.

    Raises:
        CheckError: one line, when the time was over.
    """
    limit = Limit(name, seconds)
    token = _LIMIT.set(limit)
    try:
        with _rung(limit):
            yield limit
    finally:
        _LIMIT.reset(token)


@contextmanager
def _rung(limit: Limit) -> Iterator[None]:
    """Ring the alarm for a limit."""
    main = threading.current_thread() is threading.main_thread()
    with _stubborn_ended(limit):
        if not main or not hasattr(signal, "setitimer"):
            yield
            return
        before = signal.signal(signal.SIGALRM, limit.ring)
        left_s, every_s = signal.setitimer(signal.ITIMER_REAL, 0)
        limit.works = True
        try:
            limit.begin()
            yield
        except _OverdueError as error:
            raise CheckError(str(error)) from None
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
            if left_s:
                signal.setitimer(signal.ITIMER_REAL, left_s, every_s)
