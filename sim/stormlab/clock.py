"""Virtual time: integer nanoseconds on SimPy's environment, one order for simultaneous events.

SimPy accepts integer delays and an integer priority. Every event of a world is scheduled here
with a priority computed from (rank of the kind, client, socket, attempt), so that what happens
first among events of the same instant depends neither on the engine nor on who scheduled first.
"""

import math
from collections.abc import Callable
from enum import IntEnum

import simpy

NS_PER_US = 1_000
NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000

_CLIENT_BITS, _SOCKET_BITS, _ATTEMPT_BITS = 24, 20, 16
_KEY_BITS = _CLIENT_BITS + _SOCKET_BITS + _ATTEMPT_BITS
_FIRST_PRIORITY = 2  # SimPy itself uses 0 (urgent) and 1 (normal)


def to_ns(seconds: float) -> int:
    """Seconds (any finite float) to the nearest integer nanosecond."""
    return round(seconds * NS_PER_S)


def to_s(time_ns: int) -> float:
    """Integer nanoseconds to seconds, for tables and plots only."""
    return time_ns / NS_PER_S


class Rank(IntEnum):
    """Order of simultaneous events: what the world does comes before what people do about it."""

    FAULT = 0
    NETWORK = 1
    SERVER = 2
    BROWSER = 3
    PAGE = 4
    TIMER = 5
    ACTION = 6
    OBSERVER = 7


class Timer(simpy.Event):
    """One scheduled call. ``cancel()`` before its time makes it do nothing."""

    __slots__ = ("_action", "time_ns")

    def __init__(self, env: simpy.Environment, time_ns: int, action: Callable[[], None]) -> None:
        """Prepare a call of ``action`` at ``time_ns``; the clock schedules it."""
        # as simpy.Event does, but with the callback in place: a run makes these by the million
        self.env = env
        self.time_ns = time_ns
        self._action: Callable[[], None] | None = action
        self._ok = True
        self._value = None
        self.callbacks = _CALLBACKS

    @property
    def pending(self) -> bool:
        """Whether the call is still to come."""
        return self._action is not None

    def cancel(self) -> None:
        """Forget the call; cancelling twice, or after it fired, is allowed."""
        self._action = None

    def fire(self) -> None:
        """Make the call, if it is still to come."""
        action, self._action = self._action, None
        if action is not None:
            action()


def _fire(timer: simpy.Event) -> None:
    assert isinstance(timer, Timer)  # noqa: S101  it is the callback of timers only
    timer.fire()


_CALLBACKS: list[Callable[[simpy.Event], None]] = [_fire]  # one list for all: SimPy only reads it


def order_key(client: int = 0, socket: int = 0, attempt: int = 0) -> int:
    """Whose event it is, as one number that orders simultaneous events of the same rank.

    Raises:
        ValueError: if one has no place in it (client below 2**24, socket below 2**20, attempt
            below 2**16, none negative).
    """
    if client >> _CLIENT_BITS or socket >> _SOCKET_BITS or attempt >> _ATTEMPT_BITS:
        msg = f"no place in the order of events: {client=}, {socket=}, {attempt=}"
        raise ValueError(msg)
    return (client << _SOCKET_BITS | socket) << _ATTEMPT_BITS | attempt


class Clock:
    """The clock of one world. All times are integer nanoseconds since the start of the run."""

    def __init__(self) -> None:
        """Start at time zero."""
        self.env = simpy.Environment(0)
        # the current virtual time in nanoseconds; a plain attribute, since a run asks for it more
        # often than for anything else
        self.now_ns = 0
        self._stopped = False

    def at(
        self,
        time_ns: int,
        rank: Rank,
        action: Callable[[], None],
        *,
        client: int = 0,
        socket: int = 0,
        attempt: int = 0,
    ) -> Timer:
        """Call ``action`` at ``time_ns``, not before now.

        ``rank``, ``client``, ``socket`` and ``attempt`` order simultaneous calls; calls equal in
        all of them keep the order in which they were scheduled.

        Raises:
            ValueError: if ``time_ns`` lies in the past, or if a key has no place in the priority
                (client below 2**24, socket below 2**20, attempt below 2**16, none negative).
        """
        return self.at_key(time_ns, rank, order_key(client, socket, attempt), action)

    def at_key(self, time_ns: int, rank: Rank, key: int, action: Callable[[], None]) -> Timer:
        """As :meth:`at`, with the :func:`order_key` of whose event it is."""
        env = self.env
        delay_ns = time_ns - self.now_ns
        if delay_ns < 0:
            msg = f"cannot schedule at {time_ns} ns: it is already {self.now_ns} ns"
            raise ValueError(msg)
        timer = Timer(env, time_ns, action)
        priority = _FIRST_PRIORITY + (rank << _KEY_BITS | key)
        # SimPy's stubs name three priorities; any integer orders the queue (simpy/core.py).
        env.schedule(timer, priority=priority, delay=delay_ns)  # type: ignore[arg-type]
        return timer

    def after(
        self,
        delay_ns: int,
        rank: Rank,
        action: Callable[[], None],
        *,
        client: int = 0,
        socket: int = 0,
        attempt: int = 0,
    ) -> Timer:
        """Call ``action`` after ``delay_ns`` (zero or more); see :meth:`at`."""
        return self.at(
            self.now_ns + delay_ns, rank, action, client=client, socket=socket, attempt=attempt
        )

    @property
    def next_ns(self) -> int | None:
        """When the next scheduled call is due; None: there is none."""
        time_ns = self.env.peek()
        return None if time_ns == math.inf else int(time_ns)

    def run(self, until_ns: int) -> None:
        """Run everything scheduled up to and including ``until_ns``, or until :meth:`stop`."""
        env = self.env
        while not self._stopped and (time_ns := env.peek()) <= until_ns:
            self.now_ns = int(time_ns)
            env.step()

    def stop(self) -> None:
        """End the run after the event that is happening now: there is nothing left to observe."""
        self._stopped = True

    def resume(self) -> None:
        """Let time go on after :meth:`stop`, for what has to be wound up."""
        self._stopped = False
