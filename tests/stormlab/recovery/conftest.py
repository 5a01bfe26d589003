"""Storms told by hand: what happens to clients, in seconds, as acts of the domain."""

from collections.abc import Callable
from typing import Any

import pytest

from stormlab.clock import to_ns
from stormlab.recovery import Recovery
from stormlab.trace import Recorder, Trace
from stormlab.vocabulary import Cause, Event


class Fleet:
    """Tells a storm in any order; :meth:`trace` puts it in order of time."""

    def __init__(self, clients: int, sockets: int, duration_s: float, **header: Any) -> None:
        self.header: dict[str, Any] = {
            "clients": clients,
            "sockets": sockets,
            "duration_ns": to_ns(duration_s),
            "endpoints": [f"socket {k}" for k in range(sockets)],
        } | header
        self._told: list[tuple[int, Event, dict[str, Any]]] = []
        self._numbers = [0] * clients

    def add(self, time_s: float, event: Event, **columns: Any) -> None:
        self._told.append((to_ns(time_s), event, columns))

    def fault(self, time_s: float, verb: str, pod: int = -1) -> None:
        self.add(time_s, Event.FAULT, detail=verb, conn=pod)

    def down(self, begin_s: float, end_s: float | None = None, pod: int = 0) -> None:
        """A server process is killed and comes up again."""
        self.add(begin_s, Event.FAULT, detail="crash", conn=pod)
        self.add(begin_s, Event.KILLED, conn=pod)
        if end_s is not None:
            self.add(end_s, Event.UP, conn=pod)

    def timer(self, time_s: float, delay_s: float, client: int = 0, endpoint: int = 0) -> None:
        who = {"client": client, "endpoint": endpoint}
        self.add(time_s, Event.TIMER_SET, value_ns=to_ns(delay_s), **who)
        self.add(time_s + delay_s, Event.TIMER_FIRED, **who)

    def socket(  # an attempt and what became of it
        self,
        new_s: float,
        open_s: float | None = None,
        close_s: float | None = None,
        client: int = 0,
        endpoint: int = 0,
        detail: str = "",
    ) -> dict[str, Any]:
        who = {"client": client, "endpoint": endpoint, "socket": self._numbers[client]}
        self._numbers[client] += 1
        self.add(new_s, Event.NEW, detail=detail, **who)
        if open_s is not None:
            self.add(open_s, Event.OPEN, detail=detail, **who)
        if close_s is not None:
            self.add(close_s, Event.CLOSE, cause=Cause.RESET, **who)
        return who

    def settled(
        self, close_s: float | None = None, client: int = 0, endpoint: int = 0
    ) -> dict[str, Any]:
        return self.socket(0, 0, close_s, client, endpoint, detail="settled")

    def trace(self) -> Trace:
        recorder = Recorder()
        for time_ns, event, columns in sorted(self._told, key=lambda row: row[0]):
            if time_ns > self.header["duration_ns"]:
                break
            recorder.add(time_ns, event, **columns)
        return recorder.finish(self.header)

    def recovery(self, stable_s: float = 10.0) -> Recovery:
        return Recovery.of(self.trace(), stable_s)


@pytest.fixture
def fleet() -> Callable[..., Fleet]:
    """Make a fleet of ``clients`` with ``sockets`` each, watched for ``duration_s``."""

    def make(clients: int = 1, sockets: int = 1, duration_s: float = 100, **header: Any) -> Fleet:
        return Fleet(clients, sockets, duration_s, **header)

    return make
