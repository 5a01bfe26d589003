"""Chance, time, threads of code under test: addressed and virtual while its loop takes a step.

:func:`surroundings` puts functions of our own in the place of those of ``random``, ``secrets``,
``os``, ``uuid``, ``time`` and ``anyio``, and puts everything back at the end. Each of ours asks
whose step it is (:data:`_NOW`); outside of a step, or in another thread, it does what it always
did.

Limits. ``from time import time`` before a run keeps the real function, and so does
``datetime.now()`` (C). ``from random import random`` draws from the hidden generator, which a run
seeds, so that it is repeatable, though not addressed. NumPy's generators are not touched.
"""

import asyncio
import gc
import os
import random  # noqa: TID251  this is where the code under test gets its chance from
import socket
import sys
import threading
import time  # noqa: TID251  and its time
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol

from stormlab.collector import collector_off
from stormlab.draws import UNIT_BITS, Draws
from stormlab.hosts.aio.cures import ALL, Cure
from stormlab.hosts.aio.output import Said, capturing_output

EPOCH_S = 1_700_000_000  # the date at virtual time 0: 2023-11-14, 22:13:20 UTC


class Luck:
    """The chance of one process: its n-th draw is addressed by its number and n.

    Floats and bits are counted apart, so that a library's masks and keys move no jitter.
    ``fixed``: what every float is.
    """

    def __init__(self, draws: Draws, who: int, fixed: float | None = None) -> None:
        self._draws, self._who, self._fixed = draws, who, fixed
        self._units = self._words = 0

    def unit(self) -> float:
        """What ``random.random()`` gives: a uniform float in [0, 1)."""
        if self._fixed is not None:
            return self._fixed
        self._units += 1
        return self._draws.unit(self._who, "aio unit", self._units)

    def bits(self, count: int) -> int:
        """That many uniform bits."""
        found = 0
        for _ in range(0, count, UNIT_BITS):
            self._words += 1
            found = found << UNIT_BITS | self._draws.bits(self._who, "aio bits", self._words)
        return found >> -count % UNIT_BITS

    def bytes(self, count: int) -> bytes:
        """That many bytes."""
        return self.bits(8 * count).to_bytes(count, "big")


class Stepping(Protocol):
    """Whose step it is, as far as chance and time go."""

    luck: Luck
    number: int
    said: Said | None  # hears what it prints and logs

    def now_ns(self) -> int:
        """The virtual time, with what the step has slept."""

    def block(self, for_s: float) -> None:
        """Sleep without letting others run (``time.sleep``)."""


class _Now:
    """The loop that takes a step right now, and in which thread."""

    def __init__(self) -> None:
        self.loop: Stepping | None = None
        self.thread = 0

    def mine(self) -> Stepping | None:
        """The loop, if this is called from inside its step."""
        loop = self.loop
        return loop if loop is not None and threading.get_ident() == self.thread else None


_NOW = _Now()
_REAL_URANDOM = os.urandom  # noqa: TID251  what ours stands for
_REAL_GETPID = os.getpid
_REAL_RANDOM = random.Random


def enter(loop: Stepping | None) -> Stepping | None:
    """Begin the step of a loop, or end it with what this returned."""
    before, _NOW.loop = _NOW.loop, loop
    _NOW.thread = threading.get_ident()
    return before


class _Addressed(random.Random):
    """A generator that draws from the luck of whose step it is; outside of one, as always."""

    def random(self) -> float:
        loop = _NOW.mine()
        return super().random() if loop is None else loop.luck.unit()

    def getrandbits(self, k: int, /) -> int:
        loop = _NOW.mine()
        return super().getrandbits(k) if loop is None else loop.luck.bits(k)


class _Seeded(random.Random):
    """``random.Random``; without a seed of its own it takes one from the luck of the step."""

    def __init__(self, x: Any = None) -> None:
        loop = _NOW.mine()
        super().__init__(loop.luck.bits(64) if x is None and loop is not None else x)


def _urandom(size: int, /) -> bytes:
    loop = _NOW.mine()
    return _REAL_URANDOM(size) if loop is None else loop.luck.bytes(size)


def _connect_nowhere(real: Callable[..., Any]) -> Callable[..., Any]:
    def connect(self: socket.socket, address: Any) -> Any:
        if _NOW.mine() is None:
            return real(self, address)
        raise OSError(f"not there in virtual time: a socket of the operating system to {address}")

    return connect


def _getpid() -> int:
    loop = _NOW.mine()
    return _REAL_GETPID() if loop is None else loop.number + 1


def _uuid4() -> uuid.UUID:
    return uuid.UUID(bytes=_urandom(16), version=4)


def _clock(real: Callable[[], Any], virtual: Callable[[int], Any]) -> Callable[[], Any]:
    def now() -> Any:
        loop = _NOW.mine()
        return real() if loop is None else virtual(loop.now_ns())

    return now


def _sleep_as(real: Callable[[float], None]) -> Callable[[float], None]:
    def sleep(seconds: float, /) -> None:
        loop = _NOW.mine()
        if loop is None:
            real(seconds)
        else:
            loop.block(seconds)

    return sleep


async def _inline(func: Callable[..., Any], *args: Any, **_: Any) -> Any:
    """``anyio.to_thread.run_sync`` without the thread."""
    await asyncio.sleep(0)
    return func(*args)


def _chance() -> list[tuple[Any, str, Any]]:
    generator = _Addressed(0)
    names = [name for name in dir(random) if callable(getattr(generator, name, None))]
    hidden = [name for name in names if name.islower() and not name.startswith("_")]
    theirs = [(random, name, getattr(generator, name)) for name in hidden if name != "seed"]
    return [
        *theirs,
        (random, "Random", _Seeded),
        (random, "_urandom", _urandom),  # what SystemRandom, hence secrets, asks
        (os, "urandom", _urandom),
        (uuid, "uuid4", _uuid4),
    ]


def _time() -> list[tuple[Any, str, Any]]:
    epoch_ns = EPOCH_S * 10**9
    virtual: dict[str, Callable[[int], Any]] = {
        "time": lambda ns: (epoch_ns + ns) / 1e9,
        "time_ns": lambda ns: epoch_ns + ns,
        "monotonic": lambda ns: ns / 1e9,
        "monotonic_ns": lambda ns: ns,
        "perf_counter": lambda ns: ns / 1e9,
        "perf_counter_ns": lambda ns: ns,
    }
    clocks = [(time, name, _clock(getattr(time, name), of)) for name, of in virtual.items()]
    return [*clocks, (time, "sleep", _sleep_as(time.sleep))]


def _listener() -> Said | None:
    loop = _NOW.mine()
    return None if loop is None else loop.said


def _finalised() -> None:
    """Collect what a run leaves, before anybody else comes across it.

    Code that is cut off in the middle leaves connections open and coroutines that were never
    awaited. In a process that is killed nobody is told of them, and nobody is here.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect(0)  # only what is new: the collector was off


def _threads() -> list[tuple[Any, str, Any]]:
    to_thread = sys.modules.get("anyio.to_thread")
    return [] if to_thread is None else [(to_thread, "run_sync", _inline)]


@contextmanager
def _put(replaced: list[tuple[Any, str, Any]]) -> Iterator[None]:
    before = [(where, name, getattr(where, name)) for where, name, _ in replaced]
    try:
        for where, name, ours in replaced:
            setattr(where, name, ours)
        yield
    finally:
        for where, name, theirs in before:
            setattr(where, name, theirs)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


def _environment() -> list[tuple[Any, str, Any]]:
    """A plain copy without proxies: what the program changes in it is gone at the end."""
    kept = {name: os.environ[name] for name in os.environ if not name.lower().endswith("_proxy")}
    return [
        (os, "environ", kept),
        (os, "getpid", _getpid),
        (socket.socket, "connect", _connect_nowhere(socket.socket.connect)),
    ]


@contextmanager
def surroundings(seed: int, cures: frozenset[Cure] = ALL) -> Iterator[None]:
    """Have code under test meet addressed chance and virtual time while this lasts."""
    with ExitStack() as stack:
        if "garbage" in cures:
            stack.enter_context(collector_off())
        if "environment" in cures:
            stack.enter_context(_put(_environment()))
        if "chance" in cures:
            stack.enter_context(_seeded(seed))  # before its functions are replaced
            stack.enter_context(_put(_chance()))
        if "time" in cures:
            stack.enter_context(_put(_time()))
        if "threads" in cures:
            stack.enter_context(_put(_threads()))
        stack.enter_context(capturing_output(_listener))
        yield
        if "garbage" in cures:
            _finalised()
