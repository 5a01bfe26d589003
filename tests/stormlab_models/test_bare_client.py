"""Clients without a browser: how a socket succeeds, fails and closes."""

from itertools import pairwise
from typing import Any

import pytest

from stormlab.clock import Clock, Rank, to_ns
from stormlab.draws import Draws
from stormlab.trace import Recorder, Row
from stormlab.vocabulary import Cause, Event
from stormlab_models.asgi import Message
from stormlab_models.bare_client import CONNECT_COST_NS, BareSocket, ClientProcess
from stormlab_models.machine import Machine
from stormlab_models.network import Connection, Path, PathSettings, Segment, Who


class Stage:
    """A client process, and a server end that the test plays."""

    def __init__(self, *, listens: bool = True) -> None:
        self.clock, self.recorder = Clock(), Recorder()
        draws = Draws(0)
        self.path = Path(self.clock, draws, self.recorder, PathSettings())
        self.path.listener = self if listens else None
        machine = Machine(draws)
        self.process = ClientProcess(self.clock, self.recorder, machine, self.path)
        self.ends: list[bool] = []
        self.heard: list[str] = []
        self.connection: Connection | None = None

    def incoming(self, connection: Connection) -> str:
        self.connection = connection
        connection.attach(self)
        return "accept"

    def arrived(self, segment: Segment) -> None:
        payload = segment.payload
        self.heard.append(payload.kind if isinstance(payload, Message) else segment.kind)

    def open(self, number: int = 0, timeout_s: float = 10) -> BareSocket:
        return BareSocket(
            self.process,
            Who(0, number, 0, 1),
            "/ws",
            timeout_s=timeout_s,
            on_end=lambda socket: self.ends.append(socket.succeeded),
        )

    def down(self, time_s: float, kind: str, payload: object = None) -> None:
        def send() -> None:
            assert self.connection is not None
            self.connection.send_down(Segment(kind, payload, 5))

        self.at(time_s, send)

    def at(self, time_s: float, act: Any) -> None:
        self.clock.at(to_ns(time_s), Rank.FAULT, act)

    def run(self) -> list[Row]:
        self.clock.run(to_ns(100))
        return list(self.recorder.finish({"duration_ns": 0}))

    def close_row(self) -> Row:
        (row,) = (row for row in self.run() if row.event is Event.CLOSE)
        return row


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_socket_succeeds_with_its_first_message(stage: Stage) -> None:
    stage.open()
    stage.down(1, "response", 101)
    stage.down(2, "frame", Message("initial", 50))
    stage.down(3, "frame", Message("update", 50))
    events = [row.event for row in stage.run()]
    assert stage.ends == [True]
    assert [event for event in events if event in {Event.NEW, Event.OPEN, Event.MESSAGE}] == [
        Event.NEW,
        Event.OPEN,
        Event.MESSAGE,
    ]
    assert stage.heard == ["request"]


def test_a_refused_socket_fails() -> None:
    stage = Stage(listens=False)
    stage.open()
    assert (stage.close_row().cause, stage.ends) == (Cause.REFUSED, [False])


@pytest.mark.parametrize(
    ("sends", "cause", "code"),
    [
        ([], Cause.TIMED_OUT, 1006),
        ([("response", 500)], Cause.REJECTED, 1006),
        ([("fin", None)], Cause.SERVER_DROPPED, 1006),
        ([("response", 101), ("fin", None)], Cause.SERVER_DROPPED, 1006),
        ([("response", 101), ("frame", Message("close", 1012))], Cause.SERVER_CLOSED, 1012),
        ([("response", 101), ("frame", Message("close"))], Cause.SERVER_CLOSED, 1005),
    ],
)
def test_a_socket_that_gets_no_message_fails(
    stage: Stage, sends: list[tuple[str, object]], cause: Cause, code: int
) -> None:
    stage.open(timeout_s=10)
    for turn, (kind, payload) in enumerate(sends, 1):
        stage.down(turn, kind, payload)
    row = stage.close_row()
    assert (row.cause, row.code, stage.ends) == (cause, code, [False])
    assert stage.heard[-1] == "fin"


def test_pings_are_not_answered(stage: Stage) -> None:
    stage.open()
    stage.down(1, "response", 101)
    stage.down(2, "frame", Message("ping", 6))
    stage.run()
    assert "pong" not in stage.heard


def test_a_socket_closes_in_order(stage: Stage) -> None:
    socket = stage.open()
    stage.down(1, "response", 101)
    stage.down(2, "frame", Message("initial", 50))
    stage.at(3, socket.close)
    stage.at(4, socket.close)
    row = stage.close_row()
    assert (row.code, row.clean, row.cause) == (1005, 1, Cause.CLOSED_BY_PAGE)
    assert stage.heard == ["request", "close", "fin"]
    assert stage.ends == [True]


def test_one_process_does_one_thing_at_a_time(stage: Stage) -> None:
    for number in range(10):
        stage.open(number)
    times = [row.time_ns for row in stage.run() if row.event is Event.CONNECT]
    steps = {after - before for before, after in pairwise(times)}
    assert steps == {CONNECT_COST_NS}
