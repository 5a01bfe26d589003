"""An asyncio event loop on the clock of a world: deterministic, without sockets, without threads.

A :class:`VirtualLoop` takes a step whenever something is due: it goes round, as asyncio's own loop
does, until nothing is ready at this instant of virtual time. Callbacks of one time run in the order
in which they were scheduled. Several loops live on one clock, each with a place of its own in the
order of simultaneous events.

What the code under test raises is kept (:attr:`VirtualLoop.failures`) and never leaves a step,
but for a KeyboardInterrupt; a loop that goes round for ever at one instant is ended.

Simplifications: no processor time passes but what ``time.sleep`` takes; no back-pressure.
"""

import asyncio
import contextlib
import heapq
import math
import sys
import weakref
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextvars import Context
from typing import Any, TypeVarTuple

from stormlab.clock import NS_PER_S, Clock, Rank, Timer, to_ns
from stormlab.hosts.aio import entropy
from stormlab.hosts.aio.cures import ALL, Cure
from stormlab.hosts.aio.entropy import Luck
from stormlab.hosts.aio.inert import InertLoop
from stormlab.hosts.aio.network import Net
from stormlab.hosts.aio.tasks import NumberedTask

CALLBACKS_PER_INSTANT_MAX = 100_000
CANCELLED_MIN = 100  # timers, before it is worth while to look for them
Ts = TypeVarTuple("Ts")
_KEPT = (Exception, asyncio.CancelledError, GeneratorExit)
Failed = Callable[[str, BaseException | None], None]


class EndlessError(Exception):
    """The code under test goes round at one instant of virtual time."""


class VirtualLoop(InertLoop):
    """A loop on ``clock`` with the network ``net``; ``number``: whose, in the order of events."""

    def __init__(
        self,
        clock: Clock,
        net: Net,
        luck: Luck,
        *,
        host: str,
        number: int = 0,
        rank: Rank = Rank.PAGE,
        cures: frozenset[Cure] = ALL,
        failed: Failed | None = None,
    ) -> None:
        self.clock, self.net, self.luck = clock, net, luck
        self.host, self.number, self.rank = host, number, rank
        self.cures = cures
        self.failures: list[str] = []
        self.callbacks = 0  # run so far
        self.dead = False
        self.watcher = None
        self.said: Callable[[str], None] | None = None
        self.transports = {}
        self.listening = []
        self._failed = failed
        self._closed = self._stepping = False
        self._ready: deque[asyncio.Handle] = deque()
        self._scheduled: list[_Due] = []  # a heap
        self._cancelled = 0  # of what is scheduled, at most
        self._order = 0
        self._wake: Timer | None = None
        self._lag_ns = 0  # by which the running step is ahead of the clock
        self._busy_until_ns = 0
        self._instant_ns, self._before = -1, 0  # the instant, and callbacks run before it
        self._asyncgens: dict[int, weakref.ref[AsyncGenerator[Any, Any]]] = {}
        self._tasks: weakref.WeakValueDictionary[int, NumberedTask[Any]]
        self._tasks = weakref.WeakValueDictionary()  # not by asyncio.all_tasks: it goes through all
        self._interrupt: BaseException | None = None

    # time and callbacks -------------------------------------------------------------------------

    def now_ns(self) -> int:
        """The virtual time, with what the running step has slept."""
        return self.clock.now_ns + self._lag_ns

    @property
    def lag_ns(self) -> int:
        """By how much the running step is ahead of the clock."""
        return self._lag_ns

    def time(self) -> float:
        """Seconds of virtual time."""
        return self.now_ns() / NS_PER_S

    def block(self, for_s: float) -> None:
        """Let the running step last ``for_s`` seconds; nothing else of this loop runs meanwhile."""
        self._lag_ns += max(to_ns(for_s), 0)

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """Run at the next iteration, in the order of calling."""
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        if not self._stepping:
            self._wake_at(self.clock.now_ns)
        return handle

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """As :meth:`call_soon`: there are no threads."""
        return self.call_soon(callback, *args, context=context)

    def call_later(
        self,
        delay: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Run after ``delay`` seconds, exact to the nanosecond."""
        if not delay < math.inf:
            return asyncio.TimerHandle(delay, callback, args, self, context)  # never
        return self._schedule(self.now_ns() + max(to_ns(delay), 0), callback, args, context)

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Run at ``when`` seconds of virtual time."""
        if not when < math.inf:
            return asyncio.TimerHandle(when, callback, args, self, context)  # never
        return self._schedule(to_ns(when), callback, args, context)

    def _schedule(
        self, time_ns: int, callback: Callable[..., Any], args: Any, context: Context | None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(time_ns / NS_PER_S, callback, args, self, context)
        self._order += 1
        # asyncio's own heap compares the times alone, and so loses the order of equal ones
        order = self._order if "fifo" in self.cures else 0
        heapq.heappush(self._scheduled, _Due(time_ns, order, handle))
        if not self._stepping:
            self._wake_at(time_ns)
        return handle

    def _wake_at(self, time_ns: int) -> None:
        """Take a step then, if none comes before."""
        time_ns = max(time_ns, self.clock.now_ns, self._busy_until_ns)
        wake = self._wake
        if self.dead or (wake is not None and wake.time_ns <= time_ns):
            return
        if wake is not None:
            wake.cancel()
        self._wake = self.clock.at(time_ns, self.rank, self._step, client=self.number)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Asked by TimerHandle.cancel(): forget what is cancelled once it is the larger part."""
        del handle
        self._cancelled += 1
        if self._cancelled > CANCELLED_MIN and 2 * self._cancelled > len(self._scheduled):
            self._scheduled[:] = [due for due in self._scheduled if not due.handle.cancelled()]
            heapq.heapify(self._scheduled)
            self._cancelled = 0

    # a step -------------------------------------------------------------------------------------

    def _step(self) -> None:
        self._wake = None
        self._stepping = True
        if self.clock.now_ns != self._instant_ns:
            self._instant_ns, self._before = self.clock.now_ns, self.callbacks
        before = entropy.enter(self)
        running = asyncio._get_running_loop()  # noqa: SLF001  for implementers of loops (its docs)
        asyncio._set_running_loop(self)  # noqa: SLF001  as above
        hooks = sys.get_asyncgen_hooks()
        if "asyncgens" in self.cures:
            sys.set_asyncgen_hooks(self._asyncgen_begun, self._asyncgen_dropped)
        try:
            self._go_round()
        finally:
            sys.set_asyncgen_hooks(*hooks)
            asyncio._set_running_loop(running)  # noqa: SLF001  as above
            entropy.enter(before)
            self._stepping = False
        self._busy_until_ns = self.now_ns()
        self._lag_ns = 0
        if self._interrupt is not None:
            interrupt, self._interrupt = self._interrupt, None
            raise interrupt
        self._sleep()

    def _sleep(self) -> None:
        if self._ready:
            self._wake_at(self.clock.now_ns)
        elif self._scheduled:
            self._wake_at(self._scheduled[0].time_ns)

    def _go_round(self) -> None:
        """As many iterations as there is something to do at this instant."""
        ready = self._ready
        while not self._halted():
            ready.extend(self._due())
            if not ready:
                return
            for _ in range(len(ready)):
                handle = ready.popleft()
                if not handle.cancelled():
                    self.callbacks += 1
                    self._run(handle)
                if self._halted():
                    return
            self._end_if_endless()

    def _due(self) -> list[asyncio.Handle]:
        """The timers that are due, in their order."""
        found: list[asyncio.Handle] = []
        scheduled, now_ns = self._scheduled, self.clock.now_ns
        while scheduled and scheduled[0].time_ns <= now_ns:
            found.append(heapq.heappop(scheduled).handle)
        return found

    def _end_if_endless(self) -> None:
        if self.callbacks - self._before > CALLBACKS_PER_INSTANT_MAX:
            said = f"{CALLBACKS_PER_INSTANT_MAX} callbacks at one instant: it never waits"
            self.fail("endless loop", EndlessError(said))
            self.kill()

    def _halted(self) -> bool:
        """Whether the step is over though there may be something to do."""
        return self.dead or self._lag_ns > 0 or self._interrupt is not None

    def _run(self, handle: asyncio.Handle) -> None:
        try:
            handle._run()  # noqa: SLF001  the loop's half of a public class
        except KeyboardInterrupt as interrupt:
            self._interrupt = interrupt
        except SystemExit as error:
            self.fail("exit", error)

    # the end ------------------------------------------------------------------------------------

    def kill(self) -> None:
        """Run nothing more: the kernel closes the sockets, what is scheduled is forgotten."""
        if self.dead:
            return
        self.dead = True
        for server in self.listening:
            server.die()
        for transport in list(self.transports.values()):
            transport.die()
        self.transports.clear()
        self._ready.clear()
        self._scheduled.clear()
        if self._wake is not None:
            self._wake.cancel()
        self._drop_tasks()

    def _drop_tasks(self) -> None:
        """End what waits, in the order of creation; nothing of it reaches the world any more."""
        running = asyncio.current_task(self) if self._stepping else None
        before = entropy.enter(self)
        last = 0
        try:
            while new := [task for task in self.tasks() if task.number > last]:
                for task in new:  # which may create others while they are closed
                    last = task.number
                    coroutine = task.get_coro()
                    if task is not running and coroutine is not None:
                        with contextlib.suppress(Exception):  # of its finally blocks, which await
                            coroutine.close()
        finally:
            entropy.enter(before)

    def cancel_all(self) -> int:
        """Cancel every task, in the order of creation, and say how many there were."""
        tasks = self.tasks()
        for task in tasks:
            task.cancel()
        return len(tasks)

    def tasks(self) -> list[NumberedTask[Any]]:
        """Every task that is not done, in the order of creation."""
        return [task for task in self._tasks.values() if not task.done()]

    def close(self) -> None:
        """Be over."""
        self.kill()
        self._closed = True

    def is_closed(self) -> bool:
        """Whether it is over."""
        return self._closed

    def is_running(self) -> bool:
        """Whether it takes a step."""
        return self._stepping

    # what asyncio asks of a loop ----------------------------------------------------------------

    def create_future(self) -> asyncio.Future[Any]:
        """A future of this loop."""
        return asyncio.Future(loop=self)

    def create_task(  # type: ignore[override]
        self,
        coro: Coroutine[Any, Any, Any],
        *,
        name: str | None = None,
        context: Context | None = None,
        **_: Any,
    ) -> asyncio.Task[Any]:
        """A task of this loop, numbered."""
        self._order += 1
        hashed = "task hashes" in self.cures
        name = f"Task-{self._order}" if name is None else name
        number = self._order
        task: NumberedTask[Any] = NumberedTask(
            coro, loop=self, name=name, context=context, number=number, hashed=hashed
        )
        self._tasks[number] = task
        return task

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Keep what nobody caught."""
        if self.dead:
            return
        error = context.get("exception")
        if isinstance(error, BaseException) and not isinstance(error, _KEPT):
            self._interrupt = error  # somebody's way to stop the process: not ours to keep
            return
        self.fail(str(context.get("message", "")), error)

    def fail(self, what: str, error: BaseException | None = None) -> None:
        """Keep what went wrong in the code under test."""
        said = f"{type(error).__name__}: {error}" if error is not None else ""
        self.failures.append(": ".join(part for part in (what, said) if part))
        if self._failed is not None:
            self._failed(what, error)

    def report_forgotten(self) -> None:
        """Keep what failed in tasks that nobody asked; asyncio tells when they are collected."""
        for task in list(self._tasks.values()):
            if task.done() and getattr(task, "_log_traceback", False):
                error = task.exception()  # counts as asked
                self.fail("Task exception was never retrieved", error)

    def _asyncgen_begun(self, generator: AsyncGenerator[Any, Any]) -> None:
        self._order += 1
        self._asyncgens[self._order] = weakref.ref(generator)

    def _asyncgen_dropped(self, generator: AsyncGenerator[Any, Any]) -> None:
        if not self.dead:
            self.create_task(generator.aclose())

    async def shutdown_asyncgens(self) -> None:
        """Close the async generators that are still there, in the order in which they began."""
        begun, self._asyncgens = self._asyncgens, {}
        for reference in begun.values():
            generator = reference()
            if generator is not None:
                try:
                    await generator.aclose()
                except Exception as error:  # noqa: BLE001  of the code under test
                    self.fail("an error while an async generator was closed", error)


class _Due:
    """A callback and its time."""

    __slots__ = ("handle", "order", "time_ns")

    def __init__(self, time_ns: int, order: int, handle: asyncio.TimerHandle) -> None:
        self.time_ns, self.order, self.handle = time_ns, order, handle

    def __lt__(self, other: "_Due") -> bool:
        if self.time_ns != other.time_ns:
            return self.time_ns < other.time_ns
        return self.order < other.order
