"""What of a real server is written into the trace."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

import pytest

from stormlab.clock import Clock
from stormlab.trace import Recorder, Row
from stormlab.vocabulary import Event
from stormlab_models.implementations import IMPLEMENTATIONS
from stormlab_models.real.witness import Watching, Witness

ADDRESS = ("127.0.0.1", 40_000)
WHO = {"client": 3, "endpoint": 1, "socket": 2, "attempt": 4}
SCOPE = {"type": "websocket", "client": list(ADDRESS)}


class Bed:
    """A witness of one connection."""

    def __init__(self) -> None:
        self.recorder = Recorder()
        self.witness = Witness(Clock(), self.recorder, frozenset({"own"}))
        self.witness.know(ADDRESS, WHO)
        self.witness.taken(ADDRESS)

    def call(self, app: Callable[..., Any], send: Any = None, *events: Any) -> None:
        """Call an application as a server does."""
        left = list(events)

        async def receive() -> Any:
            return left.pop(0)

        async def nothing(event: Any) -> None:
            del event

        watched: Any = self.witness.watching(app, "wsproto")
        with contextlib.suppress(RuntimeError):
            asyncio.run(watched(SCOPE, receive, send or nothing))

    @property
    def rows(self) -> list[Row]:
        """What was written."""
        return list(self.recorder.finish({"duration_ns": 1, "endpoints": ["a", "b"]}))


async def accepting(scope: Any, receive: Any, send: Any) -> None:
    del scope
    await send({"type": "websocket.accept"})
    await receive()
    await receive()


async def failing(scope: Any, receive: Any, send: Any) -> None:
    del scope, receive, send
    raise RuntimeError("no")


async def refusing(event: Any) -> None:
    raise RuntimeError(event)


def test_a_call_is_told_with_whose_it_is() -> None:
    bed = Bed()
    text, data = {"text": '{"type": "ping"}'}, {"bytes": b"x"}
    events = [{"type": "websocket.receive", **each} for each in (text, data)]
    bed.call(accepting, None, *events)
    assert [row.event for row in bed.rows] == [
        *(Event.STARTED, Event.ACCEPTED, Event.RECEIVED, Event.RECEIVED, Event.ENDED)
    ]
    assert [row.detail for row in bed.rows] == ["wsproto", "", "ping", "binary", ""]
    assert {(row.client, row.endpoint, row.socket, row.attempt, row.conn) for row in bed.rows} == {
        (3, 1, 2, 4, 0)
    }


def test_what_the_application_raises_is_its_own_unless_accept_did() -> None:
    own, refused = Bed(), Bed()
    own.call(failing)
    refused.call(accepting, refusing)
    assert [row.event for row in own.rows] == [Event.STARTED, Event.EXCEPTION, Event.ENDED]
    assert [row.event for row in refused.rows] == [
        *(Event.STARTED, Event.ACCEPT_FAILED, Event.ENDED)
    ]


def test_accepted_connections_are_active_while_their_handlers_run() -> None:
    bed = Bed()
    seen: list[set[int]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        del scope, receive
        await send({"type": "websocket.accept"})
        seen.append(set(bed.witness.active))

    bed.call(app)
    assert (seen, bed.witness.active) == ([{0}], set())
    bed.witness.active.add(0)
    bed.witness.add(Event.KILLED)
    assert bed.witness.active == set()


def test_only_what_the_process_does_is_taken_from_the_host() -> None:
    bed = Bed()
    for event in (Event.UP, Event.DISCONNECT, Event.ENDED, Event.SHUTDOWN):
        bed.witness.add(event)
    assert [row.event for row in bed.rows] == [Event.UP, Event.SHUTDOWN]


def test_a_step_is_of_one_connection_of_one_run() -> None:
    bed, other = Bed(), Bed()
    bed.witness.steps(0)
    bed.witness.tell("sent")
    other.witness.tell("sent")
    assert ([row.conn for row in bed.rows], [row.conn for row in other.rows]) == ([0], [-1])


def test_what_the_application_tells_is_an_event() -> None:
    bed = Bed()
    for text in ("sent", "disconnect 1001", "exception 1006", "block 0.25", "end"):
        bed.witness.tell(text)
    assert [(row.event, row.code, row.value_ns, row.detail) for row in bed.rows] == [
        (Event.SENT_INITIAL, 0, 0, ""),
        (Event.DISCONNECT, 1001, 0, ""),
        (Event.EXCEPTION, 1006, 0, "work"),
        (Event.BLOCKED, 0, 250_000_000, ""),
    ]


def test_a_line_is_kept_whole_and_its_kind_is_an_event() -> None:
    bed = Bed()
    for text in ("connection open", "[WS] q: Client never sent ready signal within 5s"):
        bed.witness.logged(logging.makeLogRecord({"msg": text, "name": "own", "levelno": 20}))
    assert [line for _, line in bed.witness.lines] == [
        "connection open",
        "[WS] q: Client never sent ready signal within 5s",
    ]
    assert [(row.event, row.detail) for row in bed.rows] == [
        (Event.LOG, "connection open"),
        (Event.READY_TIMEOUT, ""),
        (Event.LOG, "ready timeout"),
    ]


def test_when_the_run_is_over_nothing_is_written() -> None:
    bed = Bed()
    bed.witness.over = True
    bed.witness.tell("sent")
    bed.witness.add(Event.UP)
    bed.witness.logged(logging.makeLogRecord({"msg": "late", "name": "own"}))
    assert (bed.rows, bed.witness.lines) == ([], [])


class _Loop:
    """Counts what it is held up for."""

    def __init__(self) -> None:
        self.spent: list[int] = []
        self.soon: list[Any] = []
        self.lag_ns = 0

    def block(self, for_s: float) -> None:
        self.spent.append(round(for_s * 1e9))

    def call_soon(self, *call: Any) -> None:
        self.soon.append(call)


class _Machine:
    def cpu_ns(self, cost_ns: int) -> int:
        return 2 * cost_ns


REQUEST = b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"


@pytest.mark.parametrize("name", ["legacy", "wsproto"])
def test_reading_and_writing_take_the_time_of_the_model(name: str) -> None:
    bed, loop, kind = Bed(), _Loop(), IMPLEMENTATIONS[name]
    watching: Any = Watching(bed.witness, loop, _Machine(), kind)  # type: ignore[arg-type]
    tap = watching.accepted(ADDRESS)
    tap.received(REQUEST)
    assert loop.spent == []
    tap.handled()
    if kind.legacy:  # a task reads it
        ((spend, cost_ns),) = loop.soon
        spend(cost_ns)
    tap.sent(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
    tap.sent(b"\x81\x02{}")
    tap.received(b"\x88\x82\x00\x00\x00\x00\x03\xe9")
    tap.handled()
    tap.dropped(b"\x81\x02{}")
    assert loop.spent == [
        2 * cost for cost in (kind.parse_ns, kind.respond_ns, *[kind.send_ns] * 3)
    ]
    tap.over(None)
    assert [(row.event, row.code) for row in bed.rows] == [(Event.LOST, 1001)]
    with pytest.raises(LookupError):
        watching.dialled(ADDRESS)
