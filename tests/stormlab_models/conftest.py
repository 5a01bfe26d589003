"""A browser on a wire whose other end a test plays itself."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from stormlab.clock import Clock, Rank, to_ns, to_s
from stormlab.draws import Draws
from stormlab.trace import Recorder, Trace
from stormlab.vocabulary import Event
from stormlab_models.asgi import Message
from stormlab_models.browser import BROWSERS, Profile, Renderer
from stormlab_models.machine import Machine
from stormlab_models.network import Connection, Path, PathSettings, Segment, Who
from stormlab_models.page_socket import Handlers, PageSocket, Target


@dataclass
class ServerEnd:
    """The server's end of one connection; the test says what it does."""

    clock: Clock
    connection: Connection
    got: list[tuple[float, str]] = field(default_factory=list)  # second, what arrived
    auto: bool = False

    def arrived(self, segment: Segment) -> None:
        payload = segment.payload
        what = payload.kind if isinstance(payload, Message) else segment.kind
        code = f" {payload.size}" if isinstance(payload, Message) and what == "close" else ""
        self.got.append((to_s(self.clock.now_ns), what + code))
        if self.auto and segment.kind == "request":
            self.answer()

    def answer(self, status: int = 101) -> None:
        self.connection.send_down(Segment("response", status, 229))

    def send(self, kind: str, size: int = 10) -> None:
        self.connection.send_down(Segment("frame", Message(kind, size), size))

    def drop(self, why: str = "server dropped") -> None:
        self.connection.send_down(Segment("fin", payload=why))

    @property
    def heard(self) -> list[str]:
        """What arrived, without times."""
        return [what for _, what in self.got]


class Wire:
    """One path, one scripted server, and as many tabs and profiles as a test opens."""

    def __init__(self, browser: str, seed: int = 1, *, auto: bool = False) -> None:
        self.clock = Clock()
        self.draws = Draws(seed)
        self.recorder = Recorder()
        self.machine = Machine(self.draws)
        self.kind = BROWSERS[browser]
        self.path = Path(self.clock, self.draws, self.recorder, PathSettings())
        self.path.listener = self
        self.ends: list[ServerEnd] = []
        self.syn = "accept"  # or refuse, drop
        self.auto = auto  # answer every request with 101 at once
        self._clients = 0
        self._sockets = 0

    def incoming(self, connection: Connection) -> str:
        if self.syn == "accept":
            self.ends.append(ServerEnd(self.clock, connection, auto=self.auto))
            connection.attach(self.ends[-1])
        return self.syn

    def profile(self) -> Profile:
        return Profile(self.kind, self.clock, self.draws, self.machine, self.recorder)

    def tab(self, profile: Profile | None = None) -> Renderer:
        self._clients += 1
        return Renderer(profile or self.profile(), self._clients - 1)

    def open(self, tab: Renderer, *, ip: str = "127.0.0.1", port: int = 8002) -> PageSocket:
        who = Who(tab._client, self._sockets, 0, 1)
        self._sockets += 1
        return PageSocket(tab, Target(self.path, ip, port, "/ws"), who, Handlers())

    def run(self, for_s: float) -> None:
        """Let time pass; the clock stands where it would at the end."""
        end_ns = self.clock.now_ns + to_ns(for_s)
        self.clock.at(end_ns, Rank.OBSERVER, lambda: None)
        self.clock.run(end_ns)

    @property
    def trace(self) -> Trace:
        header = {"duration_ns": 10**15, "profiles": [0] * self._clients}
        return self.recorder.finish(header)

    def seconds(self, event: Event) -> list[float]:
        """When each event of a kind happened."""
        return [to_s(int(row["time_ns"])) for row in self.trace.of(event)]

    def told(self, socket: PageSocket) -> list[str]:
        """What the page heard of a socket: ``open``, ``message``, ``error``, ``close 1006``."""
        who = socket.who
        heard = {Event.OPEN, Event.MESSAGE, Event.ERROR, Event.CLOSE}
        return [
            row.event.value.removeprefix("page.") + (f" {row.code}" if row.code else "")
            for row in self.trace
            if row.event in heard and (row.client, row.socket) == (who.client, who.socket)
        ]


@pytest.fixture
def wire() -> Callable[..., Wire]:
    """Make a wire for a browser: ``wire("chromium")``."""
    return Wire
