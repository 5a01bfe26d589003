"""The same loop in uvloop's order of things.

One iteration of libuv runs the timers that are due, then what uvloop holds ready by then (what
becomes ready meanwhile waits for the next iteration), then whatever has arrived on sockets, whose
callbacks run right in the poll; a listening socket gives one connection at each poll. asyncio's own
loop queues what arrived behind what is ready, and what is due behind both. The order of a server's
log lines, and whether a late handshake still succeeds, depend on it.

Sources: src/unix/core.c (uv_run) and src/unix/stream.c (uv__server_io) of libuv 1.45 and later,
uvloop/loop.pyx (_on_idle) and uvloop/handles/handle.pyx (_ensure_alive) of uvloop 0.23.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Literal

from stormlab.hosts.aio.loop import VirtualLoop

Order = Literal["asyncio", "uvloop"]


class PhasedLoop(VirtualLoop):
    """A loop that goes round in phases; see the module."""

    in_phases = True

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._polled: deque[asyncio.Handle] = deque()
        self._batch: deque[asyncio.Handle] = deque()  # what the running phase still has to do
        self._phase: Literal["idle", "timers", "ready", "poll"] = "idle"
        self.busy_total_ns = 0
        self.died_idle = False  # killed while it sat in its poll

    @property
    def idle(self) -> bool:
        """Whether it sits in its poll, so that what arrives has to wake the process."""
        waiting = self._ready or self._polled or self._batch
        return self._phase == "idle" and not waiting and not self._stepping and not self.dead

    def call_polled(self, callback: Callable[..., object], *args: Any) -> asyncio.Handle:
        """Run when the loop polls."""
        handle = asyncio.Handle(callback, args, self, None)
        self._polled.append(handle)
        if not self._stepping:
            self._wake_at(self.clock.now_ns)
        return handle

    def block(self, for_s: float) -> None:
        """As of any loop, and counted."""
        before_ns = self.lag_ns
        super().block(for_s)
        self.busy_total_ns += self.lag_ns - before_ns

    def _go_round(self) -> None:
        while not self._halted():
            if self._batch:
                handle = self._batch.popleft()
                if not handle.cancelled():
                    self.callbacks += 1
                    self._run(handle)
            elif not self._next_phase():
                return
            self._end_if_endless()

    def _next_phase(self) -> bool:
        """Fill the batch for the next phase; False: there is nothing left to do now."""
        batch, ready = self._batch, self._ready
        if self._phase in {"idle", "ready"}:
            # an idle loop sits in its poll: what has arrived comes first
            self._phase = "poll"
            batch.extend(self._polled)
            self._polled.clear()
        elif self._phase == "timers":
            self._phase = "ready"
            batch.extend(ready)
            ready.clear()
        else:
            self._phase = "timers"
            batch.extend(self._due())
            if not batch and not ready and not self._polled:
                self._phase = "idle"
                return False
        return True

    def _sleep(self) -> None:
        if self._phase != "idle" or self._ready or self._polled:
            self._wake_at(self.clock.now_ns)
        else:
            super()._sleep()

    def kill(self) -> None:
        """Run nothing more."""
        if not self.dead:
            self.died_idle = self.idle
            self._polled.clear()
            self._batch.clear()
        super().kill()
