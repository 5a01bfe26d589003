"""What a real server does, written into the trace in the words of the modelled one.

Three places see it. The tap on a transport: LOST, and when what was read or is to be written costs
processor time (none passes in a hosted loop by itself; the costs are those of the model,
:mod:`stormlab_models.implementations`). The application's wrapper: STARTED, ACCEPTED,
ACCEPT_FAILED, RECEIVED, ENDED. And what the application tells of itself (:meth:`Witness.tell`):
SENT_INITIAL, DISCONNECT, EXCEPTION, BLOCKED.

A line of the log is of the connection whose step wrote it, which a context variable tells: it is
set where the connection is read and where the application is called, and every task that begins
there inherits it. Not seen are HANDSHAKE_TIMEOUT and PING_TIMEOUT, which go on inside of uvicorn.
"""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any

from stormlab.clock import NS_PER_S, Clock, Rank, to_ns
from stormlab.hosts.aio.network import Address
from stormlab.hosts.aio.phased import PhasedLoop
from stormlab.hosts.aio.watch import ClientTap, Journal, ServerTap
from stormlab.trace import Recorder
from stormlab.vocabulary import Event
from stormlab_models.asgi import Message
from stormlab_models.implementations import Implementation
from stormlab_models.machine import Machine
from stormlab_models.network import Segment
from stormlab_models.real.end import CarriedEnd
from stormlab_models.real.log import failed_at, kind_of, lines_of
from stormlab_models.real.octets import SWITCHING, typed

PROCESS = frozenset({Event.UP, Event.SHUTDOWN, Event.KILLED})  # what the host itself may write
# whose step it is: the witness of a run, and the number of a connection
_CONN: ContextVar[tuple[object, int]] = ContextVar("conn", default=(None, -1))
Asgi = Callable[[Any, Any, Any], Awaitable[None]]


def _if_alive(loop: PhasedLoop, act: Callable[[], None]) -> None:
    """A process that is killed while it sleeps did not do what would have come behind."""
    if not loop.dead:
        act()


class Witness(Journal):
    """The journal of a hosted server in a modelled world; ``bare``: loggers without a level."""

    def __init__(self, clock: Clock, recorder: Recorder, bare: frozenset[str]) -> None:
        super().__init__(clock, recorder)
        self.loop: PhasedLoop | None = None  # of the process that runs
        self.lines: list[list[Any]] = []  # time in nanoseconds, and a line of the log
        self.active: set[int] = set()
        self.over = False
        self._bare = bare
        self._by_conn: dict[int, dict[str, int]] = {}

    def add(self, event: Event, **columns: Any) -> None:  # noqa: ANN401  see Recorder.add
        """Write down what the host says of the process; the rest is written here."""
        if event in PROCESS and not self.over:
            super().add(event, **columns)
            if event is Event.KILLED:
                self.active.clear()

    def taken(self, remote: Address) -> dict[str, int]:
        """A server has taken a connection."""
        who = super().taken(remote)
        self._by_conn[who["conn"]] = who
        return who

    def steps(self, conn: int) -> None:
        """From here on, this step and the tasks that begin in it are of connection ``conn``."""
        _CONN.set((self, conn))

    @property
    def _running(self) -> int:
        witness, conn = _CONN.get()
        return conn if witness is self else -1

    def note(self, event: Event, conn: int | None = None, **columns: Any) -> None:  # noqa: ANN401
        """Write an event of a connection down; None: of the one whose step it is."""
        if not self.over:
            number = self._running if conn is None else conn
            columns = {**self._by_conn.get(number, {}), **columns}
            self.when_due(partial(self._record, event, columns))

    def _record(self, event: Event, columns: dict[str, Any]) -> None:
        if not self.over:
            self.recorder.add(self.clock.now_ns, event, **columns)

    def when_due(self, act: Callable[[], None]) -> None:
        """Write it down when the clock is where the running step is, which may have slept."""
        loop = self.loop
        if loop is None or not loop.lag_ns:
            act()
        else:
            self.clock.after(loop.lag_ns, Rank.SERVER, partial(_if_alive, loop, act))

    def sent(self, end: CarriedEnd, segment: Segment) -> None:
        """A segment has left the server."""
        conn, message = self.who(end.remote).get("conn", -1), segment.payload
        if segment.kind == "response":
            self.note(Event.RESPONSE, conn, down=segment.size, code=int(str(message)))
        elif isinstance(message, Message):
            code = message.size if message.kind == "close" else 0
            detail = message.kind
            self.note(Event.SERVER_FRAME, conn, down=segment.size, code=code, detail=detail)

    def tell(self, text: str) -> None:
        """What the application says of itself: a word, and a number if there is one."""
        word, _, number = text.partition(" ")
        if word == "sent":
            self.note(Event.SENT_INITIAL)
        elif word == "disconnect":
            self.note(Event.DISCONNECT, code=int(number))
        elif word == "exception":  # told where it is caught
            self.note(Event.EXCEPTION, code=int(number), detail=failed_at(sys.exc_info()[1]))
        elif word == "block":
            self.note(Event.BLOCKED, value_ns=to_ns(float(number)))

    def logged(self, record: logging.LogRecord) -> None:
        """The server has written to its log."""
        lines, kind = lines_of(record, self._bare), kind_of(record)
        self.when_due(partial(self._keep, lines))
        if kind == "ready timeout":
            self.note(Event.READY_TIMEOUT)
        self.note(Event.LOG, detail=kind)

    def _keep(self, lines: list[str]) -> None:
        if not self.over:
            self.lines.extend([self.clock.now_ns, line] for line in lines)

    def watching(self, app: Asgi, name: str) -> Asgi:
        """The application, watched; ``name``: of the implementation that serves it."""

        async def application(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  ASGI
            if scope["type"] != "websocket":
                await app(scope, receive, send)
                return
            conn = self.who(tuple(scope["client"])).get("conn", -1)
            await _Call(self, conn, receive, send).run(app, scope, name)

        return application


@dataclass
class _Call:
    """One call of the application."""

    witness: Witness
    conn: int
    receive: Any
    send: Any
    refused: bool = False  # accept() raised

    async def run(self, app: Asgi, scope: Any, name: str) -> None:  # noqa: ANN401  ASGI
        self.witness.steps(self.conn)
        loop = asyncio.get_running_loop()
        witness, conn = self.witness, self.conn
        witness.note(Event.STARTED, conn, detail=name)
        try:
            await app(scope, self.hear, self.say)
        except Exception as error:
            if failed_at(error) == "work" and not self.refused:
                witness.note(Event.EXCEPTION, conn, detail="work")
            raise
        finally:
            if not getattr(loop, "dead", False):  # what is left of a killed process says nothing
                witness.active.discard(conn)
                witness.note(Event.ENDED, conn)

    async def hear(self) -> Any:  # noqa: ANN401  an ASGI event
        event = await self.receive()
        if event["type"] == "websocket.receive":
            text = event.get("text")
            kind = typed((text or "").encode())[0] if text is not None else "binary"
            self.witness.note(Event.RECEIVED, self.conn, detail=kind)
        return event

    async def say(self, event: Any) -> None:  # noqa: ANN401  an ASGI event
        accepts = event["type"] == "websocket.accept"
        try:
            await self.send(event)
        except Exception:
            if accepts:
                self.refused = True
                self.witness.note(Event.ACCEPT_FAILED, self.conn)
            raise
        if accepts:
            self.witness.active.add(self.conn)
            self.witness.note(Event.ACCEPTED, self.conn)


class Watching:
    """What a server's loop asks when it takes a connection."""

    def __init__(
        self, witness: Witness, loop: PhasedLoop, machine: Machine, kind: Implementation
    ) -> None:
        self.witness, self.loop, self.machine, self.kind = witness, loop, machine, kind

    def dialled(self, address: Address) -> ClientTap:
        """A server dials nobody.

        Raises:
            LookupError: Always.
        """
        raise LookupError(address)

    def accepted(self, remote: Address) -> ServerTap:
        """A connection was taken."""
        return CostlyTap(self, remote)

    def spend(self, cost_ns: int) -> None:
        """Let the running step take processor time."""
        self.loop.block(self.machine.cpu_ns(cost_ns) / NS_PER_S)


class CostlyTap(ServerTap):
    """Reads one connection along, and lets the loop take the time that it takes."""

    def __init__(self, watching: Watching, remote: Address) -> None:
        super().__init__(watching.witness, remote)
        self._watching, self._witness = watching, watching.witness
        self._read: list[str] = []
        self._code = 0

    def received(self, data: Any) -> None:  # noqa: ANN401  bytes
        """The server's code is about to read."""
        self._witness.steps(self.number)
        for sight in self._up.feed(data):
            self._read.append(sight.what)
            if sight.what == "close":
                self._code = sight.code

    def handled(self) -> None:
        """It has."""
        watching, kind = self._watching, self._watching.kind
        read, self._read = self._read, []
        for what in read:
            if what != "request":
                watching.spend(kind.send_ns)
            elif kind.legacy:  # a task of its own reads it, which is about to run
                watching.loop.call_soon(watching.spend, kind.parse_ns)
            else:
                watching.spend(kind.parse_ns)

    def sent(self, data: Any) -> None:  # noqa: ANN401  bytes
        """The server's code is about to write."""
        for sight in self._down.feed(data):
            if sight.what == "message":
                self._watching.spend(self._watching.kind.send_ns)
            elif sight.what == "response" and sight.code == SWITCHING:
                self._watching.spend(self._watching.kind.respond_ns)

    def dropped(self, data: Any) -> None:  # noqa: ANN401  bytes
        """What is written after the end took its time too."""
        self.sent(data)

    def over(self, error: BaseException | None, *, by_peer: bool = False) -> None:
        """TCP is over."""
        del error, by_peer
        self._witness.note(Event.LOST, self.number, code=self._code)
