"""One socket against the table of states, and against a server that the test plays."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from stormlab.clock import Clock, to_ns
from stormlab.draws import Draws
from stormlab.properties import broken
from stormlab.trace import Recorder
from stormlab.vocabulary import Cause, Event, State
from stormlab_models.asgi import Message
from stormlab_models.browser import BROWSERS, Profile, Renderer
from stormlab_models.machine import Machine
from stormlab_models.network import Connection, Path, PathSettings, Segment, Who
from stormlab_models.page_socket import Handlers, PageSocket, Target
from stormlab_models.websocket import TRANSITIONS

MakeWire = Callable[..., Any]
TAKEN: set[tuple[State, str]] = set()  # pairs that the machine below has driven through


class Rig(RuleBasedStateMachine):
    """A socket whose page and network sides are fed directly, beside the table's own state."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.recorder = Recorder()
        draws = Draws(0)
        machine = Machine(draws)
        profile = Profile(BROWSERS["chromium"], self.clock, draws, machine, self.recorder)
        path = Path(self.clock, draws, self.recorder, PathSettings())
        self.heard: list[str] = []
        handlers = Handlers(
            on_open=lambda _: self.heard.append("open"),
            on_message=lambda *_: self.heard.append("message"),
            on_close=lambda *_: self.heard.append("close"),
        )
        target = Target(path, "127.0.0.1", 8002, "/ws")
        self.socket = PageSocket(Renderer(profile, 0), target, Who(0, 0, 0, 1), handlers)
        self.expected = State.CONNECTING

    def take(self, what: str, act: Callable[[], None]) -> None:
        """Let the socket have an input; compare with the table's row."""
        transition = TRANSITIONS[self.expected, what]
        TAKEN.add((self.expected, what))
        self.heard.clear()
        before = len(self.recorder.finish({}))
        act()
        self.expected = transition.after
        new = list(self.recorder.finish({}))[before:]
        errors = sum(row.event is Event.ERROR for row in new)
        assert self.heard == [event for event in transition.events if event != "error"]
        assert errors == transition.events.count("error")

    @rule()
    def handshake_done(self) -> None:
        if (self.expected, "handshake done") in TRANSITIONS and self.expected is not State.OPEN:
            self.take("handshake done", self.socket.hear_open)

    @precondition(lambda self: self.expected is not State.CONNECTING)
    @rule()
    def message(self) -> None:
        self.take("message", lambda: self.socket.hear_message(Message("update")))

    @rule()
    def close_called(self) -> None:
        self.take("close called", self.socket.close)

    @precondition(lambda self: self.expected is not State.CONNECTING)
    @rule(code=st.sampled_from((1000, 1005, 1012)))
    def close_frame(self, code: int) -> None:
        end = self.socket.hear_end
        self.take("close frame", lambda: end(code, Cause.SERVER_CLOSED, clean=True))

    @precondition(lambda self: not self.socket.opened)
    @rule(cause=st.sampled_from((Cause.REFUSED, Cause.TIMED_OUT, Cause.ABORTED_CONNECTING)))
    def connection_failed(self, cause: Cause) -> None:
        self.take("connection failed", lambda: self.socket.hear_end(1006, cause))

    @precondition(lambda self: self.socket.opened)
    @rule(cause=st.sampled_from((Cause.RESET, Cause.KILLED, Cause.IDLE_CUT)))
    def connection_lost(self, cause: Cause) -> None:
        self.take("connection lost", lambda: self.socket.hear_end(1006, cause))

    @invariant()
    def the_state_is_the_tables(self) -> None:
        assert self.socket.state is self.expected


def test_the_socket_follows_the_table_through_every_pair() -> None:
    TAKEN.clear()
    from hypothesis.stateful import run_state_machine_as_test  # noqa: PLC0415  its only use

    run_state_machine_as_test(
        Rig,
        settings=settings(
            max_examples=800, stateful_step_count=12, deadline=None, derandomize=True
        ),
    )
    assert set(TRANSITIONS) == TAKEN


class Life(RuleBasedStateMachine):
    """Whole sockets on a wire: page, server and time act in any order, and every law holds."""

    @initialize(
        browser=st.sampled_from(("chromium", "firefox")), syn=st.sampled_from(("accept", "refuse"))
    )
    def begin(self, browser: str, syn: str) -> None:
        self.clock, self.recorder = Clock(), Recorder()
        draws = Draws(3)
        self.path = Path(self.clock, draws, self.recorder, PathSettings())
        self.path.listener = self
        profile = Profile(BROWSERS[browser], self.clock, draws, Machine(draws), self.recorder)
        self.tab = Renderer(profile, 0)
        self.syn = syn
        self.ends: list[Connection] = []
        self.requested: set[int] = set()
        self.answered: set[int] = set()
        self.sockets: list[PageSocket] = []

    def incoming(self, connection: Connection) -> str:
        if self.syn == "accept":
            number = len(self.ends)
            self.ends.append(connection)

            class End:
                def arrived(_, segment: Segment) -> None:  # noqa: N805  the machine is self
                    if segment.kind == "request":
                        self.requested.add(number)

            connection.attach(End())
        return self.syn

    @rule()
    def page_opens(self) -> None:
        if len(self.sockets) < 5:
            target = Target(self.path, "127.0.0.1", 8002, "/ws")
            who = Who(0, len(self.sockets), 0, 1)
            self.sockets.append(PageSocket(self.tab, target, who, Handlers()))

    @rule(which=st.integers(0, 4))
    def page_closes(self, which: int) -> None:
        if which < len(self.sockets):
            self.sockets[which].close()

    @rule(which=st.integers(0, 4))
    def page_sends(self, which: int) -> None:
        if which < len(self.sockets):
            self.sockets[which].send(Message("ping", 10))

    @rule(which=st.integers(0, 4), status=st.sampled_from((101, 101, 500)))
    def server_answers(self, which: int, status: int) -> None:
        if which in self.requested - self.answered:
            self.answered.add(which)
            self._down(which, Segment("response", status, 229), Event.RESPONSE, code=status)

    @rule(which=st.integers(0, 4), kind=st.sampled_from(("update", "ping")))
    def server_sends(self, which: int, kind: str) -> None:
        if which in self.answered:
            self._down(which, Segment("frame", Message(kind, 5), 9), Event.SERVER_FRAME, kind)

    @rule(which=st.integers(0, 4))
    def server_closes(self, which: int) -> None:
        if which in self.answered:
            self._down(
                which, Segment("frame", Message("close", 1012), 4), Event.SERVER_FRAME, "close"
            )

    @rule(which=st.integers(0, 4), kind=st.sampled_from(("fin", "rst")))
    def server_drops(self, which: int, kind: str) -> None:
        if which < len(self.ends):
            self.ends[which].send_down(Segment(kind))

    @rule(seconds=st.sampled_from((0.001, 0.01, 0.3, 70.0)))
    def time_passes(self, seconds: float) -> None:
        self.clock.run(self.clock.now_ns + to_ns(seconds))

    def _down(
        self, which: int, segment: Segment, event: Event, detail: str = "", code: int = 0
    ) -> None:
        connection = self.ends[which]
        if not connection.server_closed:
            who = connection.who
            self.recorder.add(
                self.clock.now_ns,
                event,
                client=0,
                socket=who.socket,
                endpoint=0,
                down=segment.size,
                detail=detail,
                code=code,
            )
        connection.send_down(segment)

    def teardown(self) -> None:
        if hasattr(self, "clock"):
            self.clock.run(self.clock.now_ns + to_ns(1000))
            trace = self.recorder.finish({"duration_ns": 10**18, "profiles": [0]})
            assert not broken(trace), "\n".join(v.shown(trace) for v in broken(trace))
            over = [
                s for s in self.sockets if s.state is State.CLOSED and s._channel.stage == "over"
            ]
            others = len(self.sockets) - len(over)
            assert 0 <= self.tab.profile.sockets <= others
            assert 0 <= self.tab.throttle.pending <= others


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


# --- single stories -------------------------------------------------------------------------------


def test_open_message_and_a_clean_close_by_the_page(wire: MakeWire) -> None:
    world = wire("chromium", auto=True)
    socket = world.open(world.tab())
    world.run(0.5)
    world.ends[0].send("initial")
    world.run(0.5)
    socket.close()
    assert socket.state is State.CLOSING
    world.run(0.5)
    assert world.ends[0].heard == ["request", "close 1005"]
    world.ends[0].send("update")  # on its way already: not heard any more
    world.ends[0].send("close", 0)
    world.run(0.5)
    assert world.told(socket) == ["open", "message", "close 1005"]
    assert world.ends[0].heard == ["request", "close 1005", "fin"]
    (close,) = (row for row in world.trace if row.event is Event.CLOSE)
    assert (close.clean, close.cause, close.detail) == (
        1,
        Cause.CLOSED_BY_PAGE,
        "called@OPEN/opened",
    )


def test_a_close_frame_of_the_server_is_answered_and_clean(wire: MakeWire) -> None:
    world = wire("chromium", auto=True)
    socket = world.open(world.tab())
    world.run(0.5)
    world.ends[0].send("close", 1012)
    world.run(0.5)
    assert world.told(socket) == ["open", "close 1012"]
    assert world.ends[0].heard == ["request", "close 1012", "fin"]


@pytest.mark.parametrize(
    ("why", "cause"),
    [
        ("server dropped", Cause.SERVER_DROPPED),
        ("killed", Cause.KILLED),
        ("idle cut", Cause.IDLE_CUT),
    ],
)
def test_an_open_connection_lost_is_1006_without_an_error(
    wire: MakeWire, why: str, cause: Cause
) -> None:
    world = wire("chromium", auto=True)
    socket = world.open(world.tab())
    world.run(0.5)
    world.ends[0].drop(why)
    world.run(0.5)
    assert world.told(socket) == ["open", "close 1006"]
    (close,) = (row for row in world.trace if row.event is Event.CLOSE)
    assert (close.cause, close.clean) == (cause, 0)


def test_send_does_nothing_unless_open(wire: MakeWire) -> None:
    world = wire("chromium", auto=True)
    socket = world.open(world.tab())
    socket.send(Message("early", 1))
    world.run(0.5)
    socket.send(Message("hello", 1))
    socket.close()
    socket.send(Message("late", 1))
    world.run(0.5)
    assert world.ends[0].heard == ["request", "hello", "close 1005"]


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_a_document_that_goes_away_says_1001_for_open_sockets_only(
    wire: MakeWire, browser: str
) -> None:
    world = wire(browser)
    tab = world.tab()
    first, second, third = (world.open(tab) for _ in range(3))
    world.run(0.5)
    world.ends[0].answer()
    world.run(0.5)
    for socket in (first, second, third):
        socket.discard()
    world.run(1)
    assert world.ends[0].heard == ["request", "close 1001", "fin"]
    assert world.ends[1].heard == ["request", "fin"] if browser == "chromium" else ["request"]
    assert len(world.ends) == 2  # the third never had its turn
    assert world.told(first) == ["open"]
    assert world.told(second) == world.told(third) == []
