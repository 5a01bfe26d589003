"""Any ASGI application behind a modelled path: its process, its listener, its log."""

import asyncio
import logging
import time  # noqa: TID251  an application that blocks sleeps; in virtual time it is virtual
from collections.abc import Callable
from typing import Any

import pytest

from stormlab.clock import Clock, Rank, to_ns
from stormlab.draws import Draws
from stormlab.model import World
from stormlab.trace import Recorder, Trace
from stormlab.vocabulary import Event
from stormlab_models.asgi import Message
from stormlab_models.implementations import IMPLEMENTATIONS
from stormlab_models.machine import Machine
from stormlab_models.network import Connection, Path, PathSettings, Segment, Who
from stormlab_models.real.server import On, RealServer, Setting

SERVED: tuple[On, ...] = ("uvicorn", "asgi")
LOG = logging.getLogger("stormlab.test.app")


def application(block_s: float = 0.0, wait_s: float = 0.0) -> Callable[..., Any]:
    """Accept, say a word, log what comes."""

    def make(tell: Callable[[str], None]) -> Any:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "websocket":
                raise RuntimeError("no lifespan")
            await receive()
            if block_s:
                tell(f"block {block_s}")
                time.sleep(block_s)  # noqa: ASYNC251  that is the point
            await asyncio.sleep(wait_s)
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.send", "text": '{"type":"hello"}'})
            tell("sent")
            while (event := await receive())["type"] == "websocket.receive":
                LOG.info("heard %s", event["text"])
            tell(f"disconnect {event['code']}")

        return app

    return make


class Visitor:
    """Asks for an upgrade as soon as there is TCP, and keeps what it gets."""

    def __init__(self, path: Path, number: int) -> None:
        self.got: list[tuple[float, Any]] = []
        self.clock = path.clock
        self.connection: Connection = path.connect(self, Who(0, number, 0, number + 1))

    def _keep(self, what: Any) -> None:
        self.got.append((round(self.clock.now_ns / 1e9, 3), what))

    def established(self) -> None:
        self.connection.send_up(Segment("request", "/", 250))

    def refused(self) -> None:
        self._keep("refused")

    def arrived(self, segment: Segment) -> None:
        message = segment.payload
        if isinstance(message, Message):
            self._keep((message.kind, message.size) if message.kind == "close" else message.kind)
        else:
            self._keep((segment.kind, message))


class Bed:
    """A server, a path, visitors."""

    def __init__(self, on: On = "uvicorn", app: Any = None, **setting: Any) -> None:
        self.world = World(Clock(), Draws(1), Recorder())
        self.clock = self.world.clock
        machine = Machine(self.world.draws)
        self.path = Path(self.clock, self.world.draws, self.world.recorder, PathSettings())
        kind = IMPLEMENTATIONS["wsproto"]
        self.server = RealServer(
            self.world,
            machine,
            self.path,
            app or application(),
            Setting(on, kind, LOG.name, **setting),
        )
        self.server.start()
        self.visitors: list[Visitor] = []

    def at(self, time_s: float, act: Callable[[], object]) -> None:
        """Do something then."""

        def do() -> None:
            act()

        self.clock.at(to_ns(time_s), Rank.FAULT, do)

    def visit(self, time_s: float) -> None:
        """Let somebody come then."""
        self.at(time_s, lambda: self.visitors.append(Visitor(self.path, len(self.visitors))))

    def run(self, duration_s: float = 10.0) -> Trace:
        """Run, and give the record."""
        with self.world.around:
            self.clock.run(to_ns(duration_s))
            for end in self.world.endings:
                end()
            self.world.header["duration_ns"] = to_ns(duration_s)
            return self.world.recorder.finish(self.world.header)

    def got(self, number: int = 0) -> list[Any]:
        """What a visitor got, without times."""
        return [what for _, what in self.visitors[number].got]


@pytest.mark.parametrize("on", SERVED)
def test_a_modelled_client_talks_to_a_real_application(on: On) -> None:
    bed = Bed(on)
    bed.visit(1)
    bed.at(2, lambda: bed.visitors[0].connection.send_up(Segment("frame", Message("x"), 9)))
    bed.at(3, lambda: bed.visitors[0].connection.send_up(Segment("frame", Message("close", 1001))))
    trace = bed.run()
    assert bed.got() == [("response", 101), "hello", ("close", 1001), ("fin", "server dropped")]
    events = [row.event for row in trace if row.conn == 0]
    for event in (Event.STARTED, Event.ACCEPTED, Event.SENT_INITIAL, Event.RECEIVED, Event.ENDED):
        assert events.count(event) == 1, event
    assert [row.code for row in trace if row.event is Event.DISCONNECT] == [1001]
    lines = [line for _, line in trace.header["server_log"]]
    assert 'heard {"type": "x"}' in lines
    assert bed.server.active == 0


@pytest.mark.parametrize("on", SERVED)
def test_it_is_stopped_with_1012_killed_without_a_word_and_starts_again(on: On) -> None:
    bed = Bed(on)
    bed.visit(1)
    bed.at(2, bed.server.stop)
    bed.visit(3)
    bed.at(4, bed.server.start)
    bed.visit(5)
    bed.at(6, bed.server.crash)
    bed.visit(7)
    trace = bed.run()
    assert bed.got(0)[2:] == [("close", 1012), ("fin", "server dropped")]
    assert bed.got(1) == ["refused"]
    assert bed.got(2)[2:] == [("fin", "killed")]
    assert bed.got(3) == ["refused"]
    assert [trace.count(each) for each in (Event.UP, Event.SHUTDOWN, Event.KILLED)] == [2, 1, 1]
    assert not bed.server.up


def test_a_block_holds_everybody_up_and_is_counted() -> None:
    bed = Bed(app=application(block_s=0.5))
    bed.visit(1)
    bed.visit(1.1)
    looks: list[float] = []
    bed.at(1.2, lambda: bed.server.look(lambda: looks.append(bed.clock.now_ns / 1e9)))
    bed.at(5, lambda: bed.server.block(to_ns(2)))
    bed.visit(5.5)
    trace = bed.run()
    assert [bed.visitors[number].got[0][0] for number in range(3)] == pytest.approx(
        [1.5, 2.0, 7.5], abs=0.01
    )
    assert looks == [pytest.approx(1.5, abs=0.01)] or looks == [pytest.approx(2.0, abs=0.01)]
    assert bed.server.busy_total_ns / 1e9 == pytest.approx(3.5, abs=0.01)
    assert sorted(row.value_ns / 1e9 for row in trace if row.event is Event.BLOCKED) == [
        *(0.5, 0.5),
        *(0.5, 2.0),
    ]


def test_a_process_killed_in_its_sleep_did_not_do_what_would_have_come_behind() -> None:
    bed = Bed(app=application(block_s=2.0))
    bed.visit(1)
    bed.at(2, bed.server.crash)
    trace = bed.run()
    assert bed.got() == [("fin", "killed")]
    assert trace.count(Event.ACCEPTED) == 0
    assert not [line for _, line in trace.header["server_log"] if "accepted" in line]


def test_the_accept_queue_has_an_end_and_a_drain_refuses() -> None:
    bed = Bed(backlog=1)
    bed.at(1, lambda: bed.server.block(to_ns(0.5)))
    for _ in range(4):
        bed.visit(1.1)
    bed.at(4, lambda: setattr(bed.server, "draining", True))
    bed.visit(4.5)
    trace = bed.run()
    assert trace.count(Event.SYN_LOST) == 2
    assert [bed.got(number)[0] for number in range(4)] == [("response", 101)] * 4
    assert bed.got(4) == ["refused"]


def test_a_look_at_a_server_that_is_down_is_answered_at_once() -> None:
    bed = Bed()
    looks: list[float] = []
    bed.at(1, bed.server.crash)
    bed.at(2, lambda: bed.server.look(lambda: looks.append(bed.clock.now_ns / 1e9)))
    bed.run()
    assert looks == [2]


def test_uvicorn_pings_as_it_is_told() -> None:
    bed = Bed(ping_interval_s=None)
    bed.visit(1)
    assert bed.run(60).count(Event.PING_TIMEOUT) == 0
    assert bed.got() == [("response", 101), "hello"]
