"""The server's own pings: one every interval, and the end of a connection that does not answer."""

from collections.abc import Callable
from dataclasses import dataclass

from stormlab.clock import NS_PER_S
from stormlab_models.event_loop import EventLoop, Signal, Sleep, Steps, Task


@dataclass(frozen=True)
class KeepAlive:
    """``interval_s``: from a pong to the next ping; None turns pings off."""

    interval_s: float | None = 20.0
    timeout_s: float | None = 20.0


class Pinger:
    """Pings one connection. ``ping`` sends one (False: it is closing), ``missed`` ends it."""

    def __init__(
        self,
        loop: EventLoop,
        settings: KeepAlive,
        ping: Callable[[], bool],
        missed: Callable[[], None],
    ) -> None:
        """Start nothing yet."""
        self._loop, self._settings, self._ping, self._missed = loop, settings, ping, missed
        self._pong = Signal(loop)
        self._task: Task | None = None

    def start(self) -> None:
        """Ping from now on."""
        if self._settings.interval_s is not None:
            self._task = self._loop.task(self._steps(self._settings.interval_s))

    def stop(self) -> None:
        """Ping no more."""
        if self._task is not None:
            self._task.cancel()

    def pong(self) -> None:
        """The client has answered."""
        self._pong.set()

    def _steps(self, interval_s: float) -> Steps:
        while True:
            yield Sleep(round(interval_s * NS_PER_S))
            pong = self._pong = Signal(self._loop)
            if not self._ping():
                return
            if self._settings.timeout_s is not None:
                yield from self._await(pong, self._settings.timeout_s)

    def _await(self, pong: Signal, timeout_s: float) -> Steps:
        missed = Signal(self._loop)

        def miss() -> None:
            missed.set()
            pong.set()

        timer = self._loop.call_later(round(timeout_s * NS_PER_S), miss)
        yield pong
        timer.cancel()
        if missed.is_set:
            self._missed()
