"""A server process's event loop: one thread, iterations, tasks that wait or block.

The loop is a small asyncio in virtual time, because log order and timeouts of the real server
follow from the order inside an iteration: first timers that are due, then everything that is ready
by then (in FIFO order; what becomes ready meanwhile waits for the next iteration), then whatever
has arrived on sockets (uvloop on libuv >= 1.45: timers, idle handles, poll). A callback that
blocks holds up everything behind it; a timer that came due meanwhile fires at the start of the
next iteration, after one more poll.

A task is a generator. It yields :class:`Sleep`, :class:`Block` or a :class:`Signal` to wait for,
and is resumed in a later iteration (``Block``: in the same one, after the time has passed).

Simplifications: one thread (no thread-pool executor), no signals, no partial writes.
"""

from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any

from stormlab.clock import Clock, Rank, Timer


@dataclass(frozen=True)
class Sleep:
    """Wait ``for_ns`` while the loop serves others; 0: until the next iteration."""

    for_ns: int


@dataclass(frozen=True)
class Block:
    """Hold the loop for ``for_ns``: a blocking call, or processor time."""

    for_ns: int


class Signal:
    """A one-shot event; tasks that wait for it become ready when it is set."""

    def __init__(self, loop: "EventLoop") -> None:
        """Create it unset."""
        self._loop = loop
        self._waiting: list[Task] = []
        self.is_set = False

    def set(self) -> None:
        """Wake the tasks that wait, each through the loop's ready queue."""
        if self.is_set:
            return
        self.is_set = True
        for task in self._waiting:
            task.wake()
        self._waiting.clear()

    def add(self, task: "Task") -> None:
        """Let ``task`` wait."""
        self._waiting.append(task)

    def discard(self, task: "Task") -> None:
        """Let ``task`` wait no longer."""
        if task in self._waiting:
            self._waiting.remove(task)


class Cancelled(Exception):  # noqa: N818  named like asyncio's CancelledError
    """Thrown into a task that is cancelled; it may catch it to clean up."""


Steps = Generator[Sleep | Block | Signal, None, Any]


def turns(count: int) -> Steps:
    """Let the loop go round so many times."""
    for _ in range(count):
        yield Sleep(0)


class Task:
    """A running generator. ``done`` is set when it ended; ``result`` is what it returned."""

    def __init__(self, loop: "EventLoop", steps: Steps) -> None:
        """Make it ready to start in the next iteration."""
        self._loop = loop
        self._steps = steps
        self._timer: LoopTimer | None = None
        self._signal: Signal | None = None
        self._throw: Exception | None = None
        self._scheduled = False
        self.done = Signal(loop)
        self.result: Any = None
        self.wake()

    def wake(self) -> None:
        """Let the task go on in the next iteration."""
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._resume)

    def cancel(self, error: Exception | None = None) -> None:
        """Throw ``error`` (or :class:`Cancelled`) into the task in the next iteration."""
        if self.done.is_set or self._throw is not None:
            return
        self._throw = error or Cancelled()
        if self._timer is not None:
            self._timer.cancel()
        if self._signal is not None:
            self._signal.discard(self)
        self.wake()

    def _resume(self) -> int | None:
        """Run until the next wait; an integer holds the loop for so many nanoseconds."""
        self._scheduled = False
        self._timer = self._signal = None
        error, self._throw = self._throw, None
        try:
            while True:
                want = self._steps.throw(error) if error else next(self._steps)
                error = None
                if isinstance(want, Block):
                    self._scheduled = True
                    self._loop.call_next(self._resume)
                    return want.for_ns
                if isinstance(want, Sleep):
                    if want.for_ns == 0:  # as asyncio.sleep(0): behind what is ready, no timer
                        self.wake()
                        return None
                    self._timer = self._loop.call_later(want.for_ns, self._slept)
                    return None
                if not want.is_set:
                    want.add(self)
                    self._signal = want
                    return None
        except StopIteration as stop:
            self.result = stop.value
        except Cancelled:
            pass
        self.done.set()
        return None

    def _slept(self) -> None:
        self.wake()


Callback = Callable[[], int | None]


class LoopTimer:
    """A callback for later, held by the loop; runs at the start of an iteration."""

    def __init__(self, due_ns: int, order: int, callback: Callback) -> None:
        """Remember when it is due; the loop keeps it."""
        self.due_ns = due_ns
        self.order = order
        self.callback: Callback | None = callback

    def __lt__(self, other: "LoopTimer") -> bool:
        """Order by time, then by age."""
        return (self.due_ns, self.order) < (other.due_ns, other.order)

    def cancel(self) -> None:
        """Forget it."""
        self.callback = None

    def fire(self) -> int | None:
        """Run the callback, unless it was cancelled meanwhile."""
        callback, self.callback = self.callback, None
        return callback() if callback is not None else None


class EventLoop:
    """One process's loop. ``wake_ns`` says how late the process gets the processor when idle."""

    def __init__(self, clock: Clock, wake_ns: Callable[[], int]) -> None:
        """Start idle and alive."""
        self._clock = clock
        self._wake_ns = wake_ns
        self._ready: deque[Callback] = deque()
        self._batch: deque[Callback] = deque()
        self._inbox: deque[Callback] = deque()
        self._timers: list[LoopTimer] = []
        self._order = 0
        self._phase = "idle"
        self._wake: Timer | None = None
        self._alarm: Timer | None = None
        self._alive = True
        self.busy_total_ns = 0

    @property
    def now_ns(self) -> int:
        """The loop's time."""
        return self._clock.now_ns

    def call_soon(self, callback: Callback) -> None:
        """Run ``callback`` in the next iteration."""
        self._ready.append(callback)
        self._poke(0)

    def call_next(self, callback: Callback) -> None:
        """Run ``callback`` before anything else that waits: the rest of a blocking step."""
        self._batch.appendleft(callback)

    def call_later(self, delay_ns: int, callback: Callback) -> LoopTimer:
        """Run ``callback`` at the start of the first iteration after ``delay_ns``."""
        self._order += 1
        timer = LoopTimer(self.now_ns + delay_ns, self._order, callback)
        heappush(self._timers, timer)
        if self._phase == "idle":
            self._set_alarm()
        return timer

    def arrive(self, callback: Callback) -> None:
        """Something arrived on a socket: ``callback`` runs when the loop polls."""
        self._inbox.append(callback)
        self._poke(self._wake_ns() if self._phase == "idle" else 0)

    def task(self, steps: Steps) -> Task:
        """Start a task."""
        return Task(self, steps)

    def stop(self) -> None:
        """The process is gone: nothing of it runs any more."""
        self._alive = False
        for timer in (self._wake, self._alarm):
            if timer is not None:
                timer.cancel()

    def _poke(self, delay_ns: int) -> None:
        if self._phase == "idle" and self._alive:
            self._phase = "waking"
            self._wake = self._clock.after(delay_ns, Rank.SERVER, self._woken)

    def _set_alarm(self) -> None:
        while self._timers and self._timers[0].callback is None:
            heappop(self._timers)
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._timers and self._alive:
            due_ns = max(self._timers[0].due_ns, self.now_ns)
            self._alarm = self._clock.at(due_ns, Rank.SERVER, self._alarmed)

    def _alarmed(self) -> None:
        self._poke(0)

    def _woken(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        # an idle loop sits in its poll: what has arrived is handled first
        self._phase = "poll"
        self._take_inbox()
        self._run()

    def _take_inbox(self) -> None:
        self._batch.extend(self._inbox)
        self._inbox.clear()

    def _run(self) -> None:
        while self._alive:
            while self._batch:
                busy_ns = self._batch.popleft()()
                if busy_ns:
                    self.busy_total_ns += busy_ns
                    self._wake = self._clock.after(busy_ns, Rank.SERVER, self._run)
                    return
            if not self._next_phase():
                return

    def _next_phase(self) -> bool:
        """Fill the batch for the next phase; False when there is nothing left to do."""
        if self._phase == "timers":
            self._phase = "ready"
            self._batch.extend(self._ready)
            self._ready.clear()
            return True
        if self._phase == "ready":
            self._phase = "poll"
            self._take_inbox()
            return True
        now_ns = self.now_ns
        while self._timers and self._timers[0].due_ns <= now_ns:
            self._batch.append(heappop(self._timers).fire)
        if not self._batch and not self._ready and not self._inbox:
            self._phase = "idle"
            self._set_alarm()
            return False
        self._phase = "timers"
        return True
