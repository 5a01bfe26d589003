"""The path between clients and server: connections, latency, loss, cuts, and an idle-cutting proxy.

A :class:`Path` carries TCP connections. A SYN meets a listening server, or is refused, or is lost
and sent again at Linux's times. Segments of one direction arrive in order. ``cut`` lets nothing
pass until ``heal``; what was sent meanwhile arrives afterwards, as TCP would retransmit it.
``hold`` keeps everything back until ``release``. A proxy on the path closes both sides of a
connection on which no byte moved in either direction for ``idle_cut_s``, looking every 0.1 s.

Sources: SYN retransmission of Linux >= 6.5 measured at 1.02, 2.05, 3.07, 4.10, 5.12, 7.14, 11.3,
19.5 s (tcp_syn_linear_timeouts); handshake sizes measured per browser and server.

Simplifications: loss hits SYNs only (an established connection on a lossy path gets slower, not
lost); no bandwidth limit, no congestion window; when a cut heals, everything that waited arrives at
once and in order, a SYN's answer too, instead of at TCP's retransmission times; a proxy adds no
latency of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from stormlab.clock import NS_PER_MS, NS_PER_S, Clock, Rank, Timer
from stormlab.draws import Draws, Quantiles, lognormal
from stormlab.trace import Recorder
from stormlab.vocabulary import Event
from stormlab_models.machine import address

SYN_RETRY_S = (1.02, 2.05, 3.07, 4.10, 5.12, 7.14, 11.26, 19.46, 35.6, 67.8)
PROXY_LOOK_NS = 100 * NS_PER_MS


@dataclass(frozen=True)
class Segment:
    """Something on the wire: its kind, its payload for the other side, and its size in bytes."""

    kind: str  # request, response, frame, fin, rst
    payload: object = None
    size: int = 0


class ClientSide(Protocol):
    """What a connection tells the one who opened it."""

    def established(self) -> None:
        """The TCP connection is there."""

    def refused(self) -> None:
        """Nobody listens, or the SYN was given up."""

    def arrived(self, segment: Segment) -> None:
        """A segment came from the server."""


class ServerSide(Protocol):
    """What a connection tells the server."""

    def arrived(self, segment: Segment) -> None:
        """A segment came from the client."""


class Listener(Protocol):
    """A server's listening socket."""

    def incoming(self, connection: "Connection") -> str:
        """Answer a SYN: ``accept``, ``refuse`` or ``drop``."""


class Connection:
    """One TCP connection, from its first SYN. Ends are closed one by one, as TCP does."""

    def __init__(self, path: "Path", client: ClientSide, who: "Who") -> None:
        """Made by :meth:`Path.connect`."""
        self.path = path
        self.client = client
        self.server: ServerSide | None = None
        self.who = who
        self.port = 0
        self.client_closed = False
        self.server_closed = False
        self.last_byte_ns = 0
        self.syn_ns = path.clock.now_ns
        self._early: list[Segment] = []
        self._last_arrival_ns = {True: 0, False: 0}
        self._sent = {True: 0, False: 0}

    def attach(self, server: ServerSide) -> None:
        """The server process has taken the connection from the accept queue."""
        self.server = server
        early, self._early = self._early, []
        for segment in early:
            server.arrived(segment)

    def send_up(self, segment: Segment) -> None:
        """Client to server."""
        if self.client_closed:
            return
        self.client_closed = segment.kind in {"fin", "rst"}
        self._carry(segment, up=True)

    def send_down(self, segment: Segment) -> None:
        """Server to client. Ignored once the server's side is closed."""
        if self.server_closed:
            return
        self.server_closed = segment.kind in {"fin", "rst"}
        self._carry(segment, up=False)

    def answered(self, arrival_ns: int) -> None:
        """The SYN's answer is under way; whatever the server sends arrives after it."""
        self._last_arrival_ns[False] = arrival_ns

    def _carry(self, segment: Segment, *, up: bool) -> None:
        path = self.path
        self._sent[up] += 1
        self.last_byte_ns = path.clock.now_ns
        arrival_ns = path.arrival_ns(self.who, self._sent[up], up=up)
        arrival_ns = max(arrival_ns, self._last_arrival_ns[up])
        self._last_arrival_ns[up] = arrival_ns

        def arrive() -> None:
            if path.closed_until_heal:
                path.park(arrive)
                return
            if up:
                self._arrived_up(segment)
            else:
                self.client.arrived(segment)

        path.clock.at(
            arrival_ns, Rank.NETWORK, arrive, client=self.who.client, socket=self.who.socket
        )

    def _arrived_up(self, segment: Segment) -> None:
        if self.server is None:
            self._early.append(segment)
        else:
            self.server.arrived(segment)


@dataclass(frozen=True)
class Who:
    """Whose connection it is: client, its socket, endpoint and attempt, for trace and draws."""

    client: int
    socket: int
    endpoint: int = -1
    attempt: int = 0

    @property
    def address(self) -> int:
        """The address for draws."""
        return address(self.client, self.socket)


@dataclass(frozen=True)
class PathSettings:
    """How the path behaves: one-way latencies, SYN loss, a proxy's idle cut and set-up time."""

    latency_up_s: float = 0.00005
    latency_down_s: float = 0.00005
    latency_sigma: float = 0.3
    loss: float = 0.0
    idle_cut_s: float | None = None
    cut_with: str = "fin"
    proxy_connect_s: float = 0.0


class Path:
    """All connections of a scenario run over one path to one server."""

    def __init__(
        self, clock: Clock, draws: Draws, recorder: Recorder, settings: PathSettings
    ) -> None:
        """Start healthy, with nobody listening."""
        self.clock = clock
        self.listener: Listener | None = None
        self.closed_until_heal = False
        self._draws = draws
        self._recorder = recorder
        self._settings = settings
        self._tables = {
            True: lognormal(settings.latency_up_s, settings.latency_sigma),
            False: lognormal(settings.latency_down_s, settings.latency_sigma),
        }
        self._parked: list[Callable[[], None]] = []
        self._ports = 32768 + draws.integer(0, 20000, 0, "first_port")

    def arrival_ns(self, who: Who, ordinal: int, *, up: bool) -> int:
        """When something sent now arrives."""
        table: Quantiles = self._tables[up]
        purpose = "latency_up" if up else "latency_down"
        return self.clock.now_ns + self._draws.duration_ns(table, who.address, purpose, ordinal)

    def cut(self, event: Event = Event.CUT) -> None:
        """Let nothing pass."""
        self.closed_until_heal = True
        self._recorder.add(self.clock.now_ns, event)

    def heal(self) -> None:
        """Let everything pass again; what waited arrives now."""
        if not self.closed_until_heal:
            return
        self.closed_until_heal = False
        self._recorder.add(self.clock.now_ns, Event.HEALED)
        parked, self._parked = self._parked, []
        for arrive in parked:
            arrive()

    def park(self, arrive: Callable[[], None]) -> None:
        """Keep an arrival until the path heals."""
        self._parked.append(arrive)

    def connect(self, client: ClientSide, who: Who) -> Connection:
        """Send a first SYN; the client side hears of the outcome."""
        connection = Connection(self, client, who)
        self._ports += 2 + self._draws.integer(0, 5, who.address, "port_step")
        connection.port = 32768 + self._ports % 28000
        self._recorder.add(
            self.clock.now_ns,
            Event.CONNECT,
            client=who.client,
            endpoint=who.endpoint,
            socket=who.socket,
            attempt=who.attempt,
            code=connection.port,
        )
        self._syn(connection, 0)
        return connection

    def _syn(self, connection: Connection, turn: int) -> None:
        who = connection.who
        clock = self.clock

        def reach_server() -> None:
            lost = self._draws.chance(self._settings.loss, who.address, "syn_loss", turn)
            answer = "drop"
            if not lost and not self.closed_until_heal and not connection.client_closed:
                answer = self.listener.incoming(connection) if self.listener else "refuse"
            if answer == "drop":
                self._retry_syn(connection, turn)
                return
            back_ns = self.arrival_ns(who, 1_000_000 + turn, up=False)

            connection.answered(back_ns)

            def reach_client() -> None:
                if self.closed_until_heal:
                    self.park(reach_client)
                elif answer == "accept":
                    self._watch_idle(connection)
                    connection.client.established()
                else:
                    connection.client.refused()

            clock.at(back_ns, Rank.NETWORK, reach_client, client=who.client, socket=who.socket)

        there_ns = self.arrival_ns(who, 2_000_000 + turn, up=True)
        there_ns += round(self._settings.proxy_connect_s * NS_PER_S)
        clock.at(there_ns, Rank.NETWORK, reach_server, client=who.client, socket=who.socket)

    def _retry_syn(self, connection: Connection, turn: int) -> None:
        who = connection.who
        if connection.client_closed:
            return
        self._recorder.add(
            self.clock.now_ns,
            Event.SYN_LOST,
            client=who.client,
            endpoint=who.endpoint,
            socket=who.socket,
            attempt=who.attempt,
        )
        if turn >= len(SYN_RETRY_S):
            connection.client.refused()  # the client's kernel gives up
            return
        retry_ns = connection.syn_ns + round(SYN_RETRY_S[turn] * NS_PER_S)
        self.clock.at(
            max(retry_ns, self.clock.now_ns),
            Rank.NETWORK,
            lambda: self._syn(connection, turn + 1),
            client=who.client,
            socket=who.socket,
        )

    def _watch_idle(self, connection: Connection) -> None:
        if self._settings.idle_cut_s is None:
            return
        limit_ns = round(self._settings.idle_cut_s * NS_PER_S)
        connection.last_byte_ns = self.clock.now_ns
        phase_ns = self._draws.integer(0, PROXY_LOOK_NS - 1, connection.who.address, "proxy_phase")
        self._look_later(connection, limit_ns, phase_ns)

    def _look_later(self, connection: Connection, limit_ns: int, phase_ns: int) -> Timer:
        """Look again at the proxy's first look after the limit could have been reached."""
        due_ns = connection.last_byte_ns + limit_ns
        looks = -(-(due_ns - phase_ns) // PROXY_LOOK_NS)

        def look() -> None:
            if connection.client_closed and connection.server_closed:
                return
            if self.clock.now_ns - connection.last_byte_ns < limit_ns:
                self._look_later(connection, limit_ns, phase_ns)
                return
            self._cut_idle(connection)

        return self.clock.at(
            max(looks * PROXY_LOOK_NS + phase_ns, self.clock.now_ns),
            Rank.NETWORK,
            look,
            client=connection.who.client,
            socket=connection.who.socket,
        )

    def _cut_idle(self, connection: Connection) -> None:
        who = connection.who
        self._recorder.add(
            self.clock.now_ns,
            Event.IDLE_CUT,
            client=who.client,
            endpoint=who.endpoint,
            socket=who.socket,
            attempt=who.attempt,
        )
        end = Segment(self._settings.cut_with, payload="idle cut")
        connection.send_down(end)
        connection.send_up(end)
