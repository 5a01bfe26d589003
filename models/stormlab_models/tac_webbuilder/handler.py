"""The server's side of the application: the handler, its proposed change, watchers, HTTP queries.

Handler: make the initial data (awaiting, or blocking the event loop; before or after accept), wait
``accept_delay_s``, accept, send, then read until the end. An error is caught and logged after
accept, and left to the server before. Proposed change: wait for
``client_ready`` before sending, at most five seconds, and then *return*, with a comment that says
it closes. The repaired form closes.

Watchers: six background tasks look at their interval, only while somebody is connected, and
broadcast when the data changed; the sixth (pattern sync) has no endpoint.

Source: the analysis, "Current Architecture", Improvement 1, Server Change 1; measured behaviour of
a handler of this shape.

Simplifications: one manager for all endpoints counts as somebody; a changed dataset is a draw per
look, a version number stands for the data; broadcasts go out one after the other and a dead
connection is skipped.
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

from stormlab.clock import to_ns
from stormlab.draws import Draws
from stormlab.vocabulary import Event
from stormlab_models.asgi import AcceptFailed, AsgiSocket, Disconnected, Message, WorkFailed
from stormlab_models.event_loop import Block, Sleep, Steps
from stormlab_models.server import Server as ServerProcess
from stormlab_models.tac_webbuilder.endpoints import ENDPOINTS, PATTERN_SYNC_S
from stormlab_models.tac_webbuilder.parameters import Server
from stormlab_models.uvicorn import UvicornConnection

POLICY_VIOLATION = 1008
WATCHER_COST_S = 0.0005
PONG_BYTES = 48


@dataclass
class Backend:
    """The application's state in the server process."""

    server: Server
    draws: Draws
    process: ServerProcess | None = None
    active: dict[int, UvicornConnection] = field(default_factory=dict)
    versions: dict[int, int] = field(default_factory=dict)
    malformed_share: float = 0.0

    # the handler --------------------------------------------------------------------------------

    def handle(self, socket: AsgiSocket) -> Steps:
        """Serve one connection; exceptions end in the log, as Starlette's caller writes them."""
        assert isinstance(socket, UvicornConnection)  # noqa: S101  the only socket there is
        socket.record(Event.STARTED)
        try:
            yield from self._serve(socket)
        except AcceptFailed:
            pass  # the implementation has logged what it logs
        except Disconnected as gone:
            detail = "send" if gone.sending else "receive"
            socket.record(Event.EXCEPTION, code=gone.code, detail=detail)
            socket.log("error on send" if gone.sending else "error on receive")
        except WorkFailed:
            socket.record(Event.EXCEPTION, detail="work")
            if socket.number not in self.active:
                raise
            socket.log("error in work")
        finally:
            self.active.pop(socket.number, None)
            socket.record(Event.ENDED)

    def _serve(self, socket: UvicornConnection) -> Steps:
        server = self.server
        if server.initial_data_placement == "before_accept":
            yield from self._make_data(socket)
        if server.accept_delay_s:
            yield Sleep(to_ns(server.accept_delay_s))
        yield from socket.accept()
        self.active[socket.number] = socket
        if server.waits_for_ready:
            ready = yield from socket.receive(to_ns(server.ready_timeout_s))
            if ready is None:
                socket.record(Event.READY_TIMEOUT)
                socket.log("ready timeout")
                if server.ready_timeout_closes:
                    yield from socket.close(POLICY_VIOLATION)
                return
        if server.initial_data_placement == "after_accept":
            yield from self._make_data(socket)
        version = self.versions.get(socket.endpoint, 1)
        yield from socket.send(Message("initial", server.initial_data_bytes, version))
        socket.record(Event.SENT_INITIAL)
        yield from self._read(socket)

    def _make_data(self, socket: UvicornConnection) -> Steps:
        name = ENDPOINTS[socket.endpoint].name
        data_s = self.server.per_endpoint_data_s.get(name, self.server.initial_data_s)
        if data_s:
            duration_ns = to_ns(data_s)
            if self.server.initial_data_kind == "block":
                socket.record(Event.BLOCKED, value_ns=duration_ns)
                yield Block(duration_ns)
            else:
                yield Sleep(duration_ns)
        if self.server.initial_data_fails:
            raise WorkFailed

    def _read(self, socket: UvicornConnection) -> Generator[Any, None, None]:
        try:
            while True:
                message = yield from socket.receive()
                if message is not None and message.kind == "ping" and self.server.answers_ping:
                    yield from socket.send(Message("pong", PONG_BYTES, message.stamp_ns))
        except Disconnected as gone:
            if gone.sending and not gone.code:
                raise  # it is no WebSocketDisconnect
            socket.record(Event.DISCONNECT, code=gone.code)

    # the watchers -------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the background tasks of a new process."""
        self.active.clear()
        if self.process is None or not self.server.watchers:
            return
        for endpoint, description in enumerate(ENDPOINTS):
            if description.watcher_s is not None:
                self.process.loop.task(self._watch(endpoint, description.watcher_s))
        self.process.loop.task(self._watch(-1, PATTERN_SYNC_S))

    def _watch(self, endpoint: int, interval_s: float) -> Steps:
        turn = 0
        while True:
            yield Sleep(to_ns(interval_s))
            turn += 1
            if not self.active:
                continue
            yield Block(to_ns(WATCHER_COST_S))
            probability = self.server.data_change_probability
            changed = self.draws.chance(probability, endpoint + 1, "data_changed", turn)
            self._record(Event.WATCHER, endpoint, "changed" if changed else "same")
            if changed and endpoint >= 0:
                yield from self.broadcast(endpoint, turn)

    def broadcast(self, endpoint: int, turn: int) -> Steps:
        """Send the endpoint's new data to every live connection of it."""
        version = self.versions.get(endpoint, 1) + 1
        self.versions[endpoint] = version
        bad = self.draws.chance(self.malformed_share, endpoint + 1, "malformed", turn)
        message = Message("malformed" if bad else "update", self.server.broadcast_bytes, version)
        reached = 0
        for socket in [s for s in self.active.values() if s.endpoint == endpoint]:
            try:
                yield from socket.send(message)
                reached += 1
            except Disconnected:
                self.active.pop(socket.number, None)
        self._record(Event.BROADCAST, endpoint, message.kind, reached)

    def _record(self, event: Event, endpoint: int, detail: str, code: int = 0) -> None:
        if self.process is not None:
            self.process.recorder.add(
                self.process.clock.now_ns, event, endpoint=endpoint, detail=detail, code=code
            )

    # HTTP ---------------------------------------------------------------------------------------

    def query(self, endpoint: int) -> Steps:
        """A GET of an endpoint's data; returns the data's version."""
        query_ns = to_ns(self.server.http_query_s)
        if self.server.initial_data_kind == "block":
            yield Block(query_ns)
        else:
            yield Sleep(query_ns)
        return self.versions.get(endpoint, 1)
