"""One conversation, told twice: to the real uvicorn over a raw socket, and to the simulated one.

A conversation is the steps of the peer, for example ``request, head, sleep 0.1, fin``, and a query
that says what the handler does (served_app.py); what came of it is compared as :class:`Told`.
"""

import asyncio
import base64
import contextlib
import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import pytest

from stormlab.clock import Clock, Rank, to_ns
from stormlab.draws import Draws
from stormlab.trace import Recorder, Trace
from stormlab.vocabulary import Event
from stormlab_models import server_log
from stormlab_models.asgi import Message
from stormlab_models.implementations import IMPLEMENTATIONS, Implementation
from stormlab_models.machine import Machine
from stormlab_models.network import Connection, PathSettings, Segment, Who
from stormlab_models.network import Path as NetworkPath
from stormlab_models.server import Server
from stormlab_models.tac_webbuilder import parameters
from stormlab_models.tac_webbuilder.handler import Backend
from stormlab_models.uvicorn import KeepAlive, UvicornConnection

APP = Path(__file__).with_name("served_app.py")
PATIENCE_S = 15.0
OPEN_TIMEOUT_S = 0.8
STILL_OPEN_S = 0.15
SIGNALS = {
    "term": signal.SIGTERM,
    "kill": signal.SIGKILL,
    "stop": signal.SIGSTOP,
    "cont": signal.SIGCONT,
}
Query = dict[str, Any]
_UNTOLD = re.compile(r"INFO: +(Shutting|Waiting|Finished|Application|Started|Uvicorn)")


@dataclass
class Told:
    """What came of a conversation: log lines, codes the handler was given, what the peer saw."""

    lines: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    peer: list[str] = field(default_factory=list)


def plain(line: str) -> str:
    """Leave out what differs from run to run."""
    line = re.sub(r"(?:127|10)\.0\.0\.1(:|', )\d+", r"127.0.0.1\1PORT", line)
    return re.sub(r"0x[0-9a-f]+", "ADDRESS", line).replace(query_of(line), "").rstrip()


def query_of(line: str) -> str:
    """Find the query that an access line shows; the simulated URLs have none."""
    found = re.search(r'\?[^" ]*(?=" \[accepted\])', line)
    return found.group() if found else "\0"


# the real server ---------------------------------------------------------------------------------


class RealServer:
    """A uvicorn process of our own, and the lines it has written."""

    def __init__(self, **settings: Any) -> None:
        self.lines: list[str] = []
        self.settings = settings
        self.port = 0
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(APP),
            json.dumps(self.settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._reader = asyncio.create_task(self._read())
        await self.until(lambda: self.port > 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        await self._reader

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for raw in self.process.stdout:
            line = raw.decode().rstrip()
            if line.startswith("PORT "):
                self.port = int(line.split()[1])
            elif line:
                self.lines.append(line)
            self._news.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until the server's output fulfils ``condition``."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                self._news.clear()
                await self._news.wait()

    def signal(self, verb: str) -> None:
        """Send the process a signal: term, kill, stop or cont."""
        self.process.send_signal(SIGNALS[verb])

    def peer(self, query: Query) -> "RealPeer":
        """Make one more peer."""
        return RealPeer(self, query)

    async def turns(self, count: int = 4) -> None:
        """Let the server's loop go round until it has dealt with what came before."""
        for _ in range(count):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(b"GET /turn HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            await reader.read()
            writer.close()

    async def told(
        self, steps: str, query: Query | None = None, *, ends: bool = False, pings_s: float = 0
    ) -> Told:
        """Have a conversation; ``ends`` if its steps end the process."""
        del pings_s  # of the process, not of one conversation
        before = len(self.lines)
        peer = RealPeer(self, query or {})
        async with asyncio.timeout(PATIENCE_S):
            for step in steps.split(", "):
                await peer.do(step)
        if ends:
            await self.process.wait()
            await self._reader
        else:
            await self.until(lambda: "@end" in self.lines[before:])
            await self.turns()
        peer.close()
        own = [line for line in self.lines[before:] if not _UNTOLD.match(line)]
        return Told(
            [plain(line) for line in own if line[0] != "@"],
            [line for line in own if line[0] == "@" and line != "@end"],
            peer.seen,
        )


class RealPeer:
    """A raw socket that does the steps of a conversation."""

    def __init__(self, server: RealServer, query: Query) -> None:
        self.seen: list[str] = []
        self._server = server
        self._query = "&".join(f"{key}={value}" for key, value in query.items())
        self._writer: asyncio.StreamWriter | None = None

    async def do(self, step: str) -> None:
        """Do one step."""
        verb, _, argument = step.partition(" ")
        if verb == "sleep":
            await asyncio.sleep(float(argument))
        elif verb in SIGNALS:
            self._server.signal(verb)
        elif verb == "request":
            await self.connect()
            self.request()
        elif verb == "fin":
            await self.fin()
        elif verb == "close":
            self._write(frame(8, int(argument).to_bytes(2, "big")))
        elif verb == "ready":
            self._write(frame(1, b'{"type": "client_ready"}'))
        elif verb == "head":
            await self.head()
        else:
            await {"end": self.end, "still_open": self.still_open}[verb]()

    async def connect(self) -> None:
        """Open TCP."""
        port = self._server.port
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port)

    def request(self) -> None:
        """Ask for the upgrade."""
        query = f"?{self._query}" if self._query else ""
        self._write(
            f"GET /api/v1/ws/queue{query} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
            f"{base64.b64encode(b'0123456789abcdef').decode()}\r\n\r\n".encode()
        )

    def _write(self, data: bytes) -> None:
        assert self._writer is not None
        self._writer.write(data)

    def close(self) -> None:
        """Close TCP."""
        if self._writer is not None:
            self._writer.close()

    async def fin(self) -> None:
        """Close TCP, and be sure that it is."""
        self.close()
        if self._writer is not None:
            with contextlib.suppress(ConnectionError):
                await self._writer.wait_closed()

    async def head(self) -> None:
        """Wait for the answer to the handshake."""
        head = await self._reader.readuntil(b"\r\n\r\n")
        self.seen.append(head.split()[1].decode())

    async def still_open(self) -> None:
        """See whether TCP is open after a while."""
        try:
            ended = await asyncio.wait_for(self._reader.read(1), STILL_OPEN_S) == b""
        except TimeoutError:
            ended = False
        self.seen.append("ended" if ended else "open")

    async def end_or_data(self) -> None:
        """Wait for the handshake's answer, or for the end of TCP without one; then close."""
        try:
            await asyncio.wait_for(self.head(), PATIENCE_S)
        except asyncio.IncompleteReadError:
            self.seen.append("ended")
        await self.fin()

    async def end(self) -> None:
        """Wait for the end of TCP."""
        try:
            rest = await self._reader.read()
        except ConnectionError:
            rest = b""
        if rest.startswith(b"HTTP/"):
            self.seen.append(rest.split()[1].decode())
        elif code := close_code(rest):
            self.seen.append(f"close {code}")
        self.seen.append("ended")


def frame(opcode: int, payload: bytes) -> bytes:
    """A client's frame, masked with zeros."""
    return bytes([0x80 | opcode, 0x80 | len(payload), 0, 0, 0, 0]) + payload


def close_code(data: bytes) -> int:
    """Find the code of a close frame in what a server sent; 0 without one."""
    while data:
        opcode, size = data[0] & 15, data[1]
        if opcode == 8:
            return int.from_bytes(data[2:4], "big")
        data = data[2 + size :]
    return 0


# the simulated server ----------------------------------------------------------------------------


class SimulatedPeer:
    """A client of the simulated path that does the steps of a conversation."""

    def __init__(self, world: "Simulation", steps: str, socket: int = 0) -> None:
        self.seen: list[str] = []
        self._world = world
        self._arrived: list[str] = []
        self._asleep = False
        self._steps = self._run(steps.split(", "))
        self._connection = world.path.connect(self, Who(0, socket, 0, 1))

    def established(self) -> None:
        self._go_on()

    def refused(self) -> None:
        self.seen.append("refused")

    def arrived(self, segment: Segment) -> None:
        if segment.kind == "response":
            self._arrived.append(str(segment.payload))
        elif segment.kind in {"fin", "rst"}:
            self._arrived.append("ended")
        elif isinstance(segment.payload, Message) and segment.payload.kind == "close":
            self._arrived.append(f"close {segment.payload.size}")
        if not self._asleep:
            self._go_on()

    def _go_on(self) -> None:
        self._asleep = False
        wait_s = next(self._steps, None)
        if wait_s is not None:
            self._asleep = True
            self._world.clock.after(to_ns(wait_s), Rank.PAGE, self._go_on)

    def _run(self, steps: list[str]) -> Generator[float | None, None, None]:
        for step in steps:
            verb, _, argument = step.partition(" ")
            if verb == "sleep":
                yield float(argument)
            elif verb == "head":
                while not self._arrived:
                    yield None
                self.seen.append(self._arrived.pop(0))
            elif verb == "end":
                while "ended" not in self._arrived:
                    yield None
                self.seen += self._arrived
            elif verb == "still_open":
                yield STILL_OPEN_S
                self.seen.append("ended" if "ended" in self._arrived else "open")
            else:
                self._act(verb, argument)

    def _act(self, verb: str, argument: str) -> None:
        server, connection = self._world.server, self._connection
        if verb in {"term", "kill"}:
            (server.stop if verb == "term" else server.crash)()
            return
        segments = {
            "request": lambda: Segment("request", "/", 250),
            "fin": lambda: Segment("fin"),
            "close": lambda: Segment("frame", Message("close", int(argument)), 8),
            "ready": lambda: Segment("frame", Message("client_ready", 30), 30),
        }
        if verb in segments:  # stop and cont have no meaning here: the peer is fast enough
            connection.send_up(segments[verb]())


class Simulation:
    """A simulated server with the analysed handler, and nobody else."""

    def __init__(self, kind: Implementation, query: Query, pings_s: float = 0) -> None:
        self.clock, self.recorder = Clock(), Recorder()
        draws = Draws(0)
        self.path = NetworkPath(self.clock, draws, self.recorder, PathSettings())
        settings = parameters.Server(
            initial_data_s=query.get("data_s", 0.0),
            initial_data_kind="block" if query.get("kind") == "block" else "async",
            initial_data_placement=(
                "after_accept" if query.get("placement") == "after" else "before_accept"
            ),
            waits_for_ready="ready_s" in query,
            ready_timeout_s=query.get("ready_s", 5.0),
        )
        self.backend = Backend(settings, draws)
        pings = KeepAlive(pings_s, pings_s) if pings_s else KeepAlive()

        def make(server: Server, connection: Connection, number: int) -> UvicornConnection:
            return UvicornConnection(
                server, connection, number, kind=kind, app=self.backend.handle, keep_alive=pings
            )

        machine = Machine(draws)
        self.server = Server(self.clock, self.recorder, machine, self.path, make)
        self.server.start()

    def trace(self, duration_s: float = 10.0) -> Trace:
        """Run, and give the record."""
        self.clock.run(to_ns(duration_s))
        header = {"endpoints": ["queue"], "duration_ns": to_ns(duration_s)}
        return self.recorder.finish(header)


def simulated(
    name: str, steps: str, query: Query | None = None, *, ends: bool = False, pings_s: float = 0
) -> Told:
    """Have a conversation with the simulated server."""
    kind = IMPLEMENTATIONS[name]
    if kind.handshake_timeout_s is not None:
        kind = replace(kind, handshake_timeout_s=OPEN_TIMEOUT_S)
    del ends
    world = Simulation(kind, query or {}, pings_s)
    peer = SimulatedPeer(world, steps)
    trace = world.trace()
    words = {Event.SENT_INITIAL: "@sent", Event.DISCONNECT: "@disconnect"}
    words[Event.EXCEPTION] = "@exception"
    codes = [
        words[row.event] + ("" if row.event is Event.SENT_INITIAL else f" {row.code}")
        for row in trace
        if row.event in words
    ]
    return Told([plain(line) for line in server_log.lines(trace)], codes, peer.seen)


# fixtures ----------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def real_server() -> type[RealServer]:
    """Make a real server; it runs inside ``async with``."""
    return RealServer


@pytest.fixture(scope="session")
def simulate() -> Callable[..., Told]:
    """Have a conversation with the simulated server."""
    return simulated


@pytest.fixture(scope="session")
def conversation_tools() -> SimpleNamespace:
    """What another host of conversations needs: frames, and how what was told is compared."""

    def untold(line: str) -> bool:
        return _UNTOLD.match(line) is not None

    return SimpleNamespace(
        frame=frame, close_code=close_code, plain=plain, untold=untold, told=Told
    )


@pytest.fixture(scope="session")
def simulated_burst() -> Callable[..., Trace]:
    """Run a burst of handshakes: all queued in the kernel, or accepted before they ask."""

    def run(kind: Implementation, query: Query, count: int, *, queued: bool) -> Trace:
        world = Simulation(kind, query)
        steps = "request, head, fin"
        if queued:
            world.server.block(to_ns(0.1))
        else:
            steps = "sleep 0.1, " + steps
            world.clock.at(to_ns(0.05), Rank.FAULT, lambda: world.server.block(to_ns(0.1)))
        for number in range(count):
            SimulatedPeer(world, steps, number)
        return world.trace()

    return run
