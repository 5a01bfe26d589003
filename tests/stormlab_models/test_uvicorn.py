"""What each implementation does with a connection; the real ones are in tests/integration."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormlab.clock import Clock, Rank, to_ns, to_s
from stormlab.draws import Draws
from stormlab.trace import Recorder, Trace
from stormlab.vocabulary import Event
from stormlab_models.asgi import AcceptFailed, AsgiSocket, Disconnected, Message
from stormlab_models.event_loop import Block, Sleep, Steps
from stormlab_models.machine import Machine
from stormlab_models.network import Connection, Path, PathSettings, Segment, Who
from stormlab_models.server import Server
from stormlab_models.uvicorn import IMPLEMENTATIONS, KeepAlive, UvicornConnection

EVERY = sorted(IMPLEMENTATIONS)
CURRENT = ["legacy", "sansio", "wsproto"]


class Handler:
    """An application: data of ``data_s`` before or after accept, send, read until the end."""

    def __init__(
        self, data_s: float = 0, *, block: bool = False, after: bool = False, returns: bool = False
    ) -> None:
        self.data: Sleep | Block = (Block if block else Sleep)(to_ns(data_s))
        self.after, self.returns = after, returns
        self.ends: list[str] = []
        self.received: list[str] = []

    def __call__(self, socket: AsgiSocket) -> Steps:
        assert isinstance(socket, UvicornConnection)
        socket.record(Event.STARTED)
        try:
            yield from self.converse(socket)
        except AcceptFailed:
            self.ends.append("accept failed")
        except Disconnected as gone:
            self.ends.append(f"{'send' if gone.sending else 'receive'} {gone.code}")
            socket.log("ERROR")

    def converse(self, socket: AsgiSocket) -> Steps:
        if not self.after:
            yield self.data
        yield from socket.accept()
        if self.returns:
            return
        if self.after:
            yield self.data
        yield from socket.send(Message("initial", 50))
        try:
            while True:
                message = yield from socket.receive()
                self.received.append(message.kind if message else "")
        except Disconnected as gone:
            self.ends.append(f"ended {gone.code}")


class Peer:
    """A client that asks at once and does what a test says later."""

    def __init__(self, hall: "Hall", number: int, *, pongs: bool) -> None:
        self.hall, self.number, self.pongs = hall, number, pongs
        self.heard: list[str] = []
        self.times_s: list[float] = []
        self.connection = hall.path.connect(self, Who(0, number, 0, 1))

    def established(self) -> None:
        wait_ns = to_ns(self.hall.asks_s(self.number))
        self.hall.clock.after(wait_ns, Rank.PAGE, lambda: self.send("request"))

    def refused(self) -> None:
        self.hear("refused")

    def hear(self, what: str) -> None:
        self.heard.append(what)
        self.times_s.append(to_s(self.hall.clock.now_ns))

    def arrived(self, segment: Segment) -> None:
        if not isinstance(segment.payload, Message):
            self.hear(f"{segment.payload}" if segment.kind == "response" else segment.kind)
            return
        message = segment.payload
        self.hear(f"close {message.size}" if message.kind == "close" else message.kind)
        if message.kind == "ping" and self.pongs:
            self.send("pong")

    def send(self, what: str) -> None:
        verb, _, code = what.partition(" ")
        if verb in {"request", "fin", "rst"}:
            self.connection.send_up(Segment(verb, size=200))
        else:
            self.connection.send_up(Segment("frame", Message(verb, int(code or 0)), 8))


class Hall:
    """A server under one implementation, with its peers."""

    def __init__(
        self, name: str, handler: Handler, keep_alive: KeepAlive | None = None, **kind: Any
    ) -> None:
        self.clock, self.recorder, draws = Clock(), Recorder(), Draws(1)
        self.asks_s: Callable[[int], float] = lambda _: 0.0  # how long after TCP a peer asks
        settings = PathSettings(latency_sigma=0.0)
        self.path = Path(self.clock, draws, self.recorder, settings)
        implementation = replace(IMPLEMENTATIONS[name], **kind)
        pings = keep_alive or KeepAlive()

        def make(server: Server, connection: Connection, number: int) -> UvicornConnection:
            return UvicornConnection(
                server, connection, number, kind=implementation, app=handler, keep_alive=pings
            )

        self.server = Server(self.clock, self.recorder, Machine(draws), self.path, make)
        self.server.start()

    def peers(self, count: int = 1, *, pongs: bool = True) -> list[Peer]:
        return [Peer(self, number, pongs=pongs) for number in range(count)]

    def at(self, time_s: float, act: Callable[[], None]) -> None:
        self.clock.at(to_ns(time_s), Rank.FAULT, act)

    def run(self, until_s: float = 60.0) -> Trace:
        self.clock.run(to_ns(until_s))
        return self.recorder.finish({"endpoints": ["queue"], "duration_ns": to_ns(until_s)})


def logged(trace: Trace) -> list[str]:
    return [row.detail for row in trace if row.event is Event.LOG]


def converse(
    name: str, handler: Handler, what: Iterable[tuple[float, str]], **settings: Any
) -> tuple[list[str], list[str]]:
    """Let one peer do ``what``; the log and what it heard."""
    hall = Hall(name, handler, **settings)
    (peer,) = hall.peers()
    for time_s, word in what:
        hall.at(time_s, lambda word=word: peer.send(word))  # type: ignore[misc]
    return logged(hall.run()), peer.heard


ACCEPTED, OPEN, CLOSED, ERROR = "accepted", "connection open", "connection closed", "ERROR"


@pytest.mark.parametrize(
    ("name", "fin_s", "block", "after", "log", "end"),
    [
        # the end is seen while the data is awaited: accept() is told nothing on legacy
        ("legacy", 0.05, False, False, [ACCEPTED, ERROR, CLOSED], "send 1006"),
        # seen by the poll after the blocking call, behind the handler that accept() woke
        ("legacy", 0.05, True, False, [ACCEPTED, OPEN, ERROR, CLOSED], "send 1006"),
        # seen by the poll before the blocking call, so handled before the handler runs again
        ("legacy", 0.0005, True, False, [ACCEPTED, CLOSED, ERROR], "send 1006"),
        ("legacy", 0.05, False, True, [ACCEPTED, OPEN, CLOSED, ERROR], "send 1006"),
        ("sansio", 0.05, False, False, [], "accept failed"),
        ("sansio", 0.05, True, False, [ACCEPTED, OPEN], "ended 1005"),
        ("sansio", 0.05, False, True, [ACCEPTED, OPEN, ERROR], "send 1006"),
        ("sansio-0.38", 0.05, False, False, ["asgi exception"], "accept failed"),
        ("sansio-0.38", 0.05, False, True, [ACCEPTED, OPEN, ERROR], "send 0"),
        ("wsproto", 0.05, False, False, ["asgi exception"], "accept failed"),
        ("wsproto", 0.05, True, False, [ACCEPTED], "ended 1005"),
        ("wsproto", 0.05, False, True, [ACCEPTED], "ended 1005"),
    ],
)
def test_log_order_follows_from_when_the_end_is_seen(
    name: str,
    fin_s: float,
    block: bool,  # noqa: FBT001  a parameter of the test
    after: bool,  # noqa: FBT001  a parameter of the test
    log: list[str],
    end: str,
) -> None:
    handler = Handler(0.1, block=block, after=after)
    assert converse(name, handler, [(fin_s, "fin")])[0] == log
    assert handler.ends == [end]


@pytest.mark.parametrize("name", EVERY)
def test_a_close_frame_is_echoed_and_its_code_reported(name: str) -> None:
    handler = Handler()
    _, heard = converse(name, handler, [(0.5, "text"), (1, "close 1001")])
    assert handler.received == ["text"]
    assert handler.ends == ["ended 1001"]
    assert heard == ["101", "initial", "close 1001", "fin"]


@pytest.mark.parametrize("name", EVERY)
def test_a_send_after_a_close_frame_reports_1006(name: str) -> None:
    handler = Handler(0.1, after=True)
    converse(name, handler, [(0.05, "close 1001")])
    assert handler.ends == ["send 1006"]


@pytest.mark.parametrize(("name", "code"), [("legacy", 1006), ("sansio", 1005), ("wsproto", 1005)])
def test_what_an_end_without_a_close_frame_is_reported_as(name: str, code: int) -> None:
    for end in ("fin", "rst"):
        handler = Handler()
        converse(name, handler, [(1, end)])
        assert handler.ends == [f"ended {code}"]


@pytest.mark.parametrize(("name", "closes"), [("legacy", False), ("sansio", True)])
def test_a_handler_that_returns_without_closing(
    name: str,
    closes: bool,  # noqa: FBT001  a parameter of the test
) -> None:
    _, heard = converse(name, Handler(returns=True), [], keep_alive=KeepAlive(None, None))
    assert heard == (["101", "fin"] if closes else ["101"])


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("block", [False, True])
def test_only_legacy_has_a_handshake_timer(
    name: str,
    block: bool,  # noqa: FBT001  a parameter of the test
) -> None:
    handler = Handler(10.5, block=block)
    log, heard = converse(name, handler, [])
    if name != "legacy":
        assert heard[0] == "101"
        return
    assert heard == ["fin"]
    assert handler.ends == ["send 1006"]
    assert log == ([ACCEPTED, CLOSED, ERROR] if block else [CLOSED, ACCEPTED, ERROR])


def burst(count: int, block_s: float, how: str) -> int:
    """Open ``count`` sockets at once; how many got their message from a legacy server."""
    hall = Hall("legacy", Handler(block_s, block=True))
    if how == "queued":  # the process comes to them late
        hall.server.block(to_ns(0.1))
    else:  # it has accepted all before they ask, all at once or one before the others
        first_s = 0.01 if how == "first alone" else 0.02
        hall.asks_s = lambda number: 0.02 if number else first_s
    peers = hall.peers(count)
    hall.run(100)
    return sum("initial" in peer.heard for peer in peers)


@pytest.mark.parametrize(
    ("count", "block_s", "first_alone"),
    [(8, 1.15, 8), (8, 1.35, 8), (24, 0.5, 1), (40, 0.3, 1)],
)
def test_a_batch_outlives_the_timer_as_a_whole_or_not_at_all(
    count: int, block_s: float, first_alone: int
) -> None:
    """Measured per run: 8 of 8; 8 of 8; 24, 24, 1, 24 of 24; 0, 1, 1, 1 of 40."""
    assert burst(count, block_s, "queued") == count
    assert burst(count, block_s, "first alone") == first_alone
    assert burst(count, block_s, "together") == (count if count * block_s < 10 else 0)


@pytest.mark.parametrize(("pongs", "names"), [(True, EVERY), (False, ["wsproto", "sansio-0.38"])])
def test_answered_or_unsent_pings_close_nothing(
    pongs: bool,  # noqa: FBT001  a parameter of the test
    names: list[str],
) -> None:
    for name in names:
        hall = Hall(name, Handler())
        (peer,) = hall.peers(pongs=pongs)
        trace = hall.run(200)
        assert "fin" not in peer.heard
        assert trace.count(Event.PING_TIMEOUT) == 0
        assert ("ping" in peer.heard) == IMPLEMENTATIONS[name].pings


@pytest.mark.parametrize(("name", "code"), [("legacy", 1006), ("sansio", 1005)])
def test_unanswered_pings_close_with_1011(name: str, code: int) -> None:
    handler = Handler()
    hall = Hall(name, handler)
    (peer,) = hall.peers(pongs=False)
    trace = hall.run(200)
    assert peer.heard == ["101", "initial", "ping", "close 1011", "fin"]
    assert peer.times_s[-1] == pytest.approx(40, abs=0.1)
    assert handler.ends == [f"ended {code}"]
    assert trace.count(Event.PING_TIMEOUT) == 1


def test_without_a_timeout_unanswered_pings_close_nothing() -> None:
    hall = Hall("legacy", Handler(), KeepAlive(20, None))
    (peer,) = hall.peers(pongs=False)
    hall.run(110)
    assert peer.heard.count("ping") == 5


@given(
    st.sampled_from(["legacy", "sansio"]),
    st.floats(25, 45),
    st.floats(0.5, 70).filter(lambda start: min(abs(start - 20 * turn) for turn in range(5)) > 0.1),
)
def test_a_blocked_loop_closes_none(name: str, block_s: float, start_s: float) -> None:
    hall = Hall(name, Handler())
    peers = hall.peers(3)
    hall.at(start_s, lambda: hall.server.block(to_ns(block_s)))
    hall.run(200)
    assert all("fin" not in peer.heard for peer in peers)


@pytest.mark.parametrize("name", EVERY)
def test_sigterm_closes_open_sockets_with_1012_and_answers_handshakes_with_500(name: str) -> None:
    handler = Handler(0.5)
    hall = Hall(name, handler)
    (first,) = hall.peers()
    late: list[Peer] = []
    hall.at(1, lambda: late.extend(hall.peers()))
    hall.at(1.2, hall.server.stop)
    log = logged(hall.run())
    assert first.heard == ["101", "initial", "close 1012", "fin"]
    assert late[0].heard == ["500", "fin"]
    assert handler.ends == ["ended 1012", "accept failed"]
    assert ("connection rejected" in log) == (name != "wsproto")


@pytest.mark.parametrize("name", CURRENT)
def test_sigkill_ends_tcp_and_nothing_is_logged_any_more(name: str) -> None:
    hall = Hall(name, Handler(0.5))
    (peer,) = hall.peers()
    hall.at(1, hall.server.crash)
    before = len(logged(hall.run(0.9)))
    assert len(logged(hall.run())) == before
    assert peer.heard == ["101", "initial", "fin"]


def test_a_connection_that_never_asks_is_closed_at_shutdown_without_an_answer() -> None:
    hall = Hall("legacy", Handler())
    (peer,) = hall.peers()
    peer.established = lambda: None  # type: ignore[method-assign]
    hall.at(1, hall.server.stop)
    assert logged(hall.run()) == []
    assert peer.heard == ["fin"]


STEPS = st.lists(
    st.tuples(st.floats(0.001, 1.5), st.sampled_from(["fin", "text", "close 1001", "pong"])),
    max_size=4,
)


@given(st.sampled_from(EVERY), STEPS, st.floats(0, 1), st.booleans(), st.booleans(), st.booleans())
def test_every_handler_ends_once_and_nothing_follows_the_end(
    name: str,
    steps: list[tuple[float, str]],
    data_s: float,
    block: bool,  # noqa: FBT001  drawn
    after: bool,  # noqa: FBT001  drawn
    kill: bool,  # noqa: FBT001  drawn
) -> None:
    handler = Handler(data_s, block=block, after=after)
    hall = Hall(name, handler)
    (peer,) = hall.peers()
    for time_s, word in steps:
        hall.at(time_s, lambda word=word: peer.send(word))  # type: ignore[misc]
    hall.at(2.5, hall.server.crash if kill else hall.server.stop)
    trace = hall.run()
    ended = any(word == "fin" or word.startswith("close") for _, word in steps)
    if ended or not kill:
        assert len(handler.ends) == 1
    assert peer.heard.count("fin") <= 1
    assert "fin" not in peer.heard[:-1]
    lines = logged(trace)
    assert lines.count(ACCEPTED) <= 1
    assert lines.count(OPEN) <= lines.count(ACCEPTED)
