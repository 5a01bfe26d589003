"""What is done with connections, written into the trace, whatever library does it.

The bytes of every connection are read along (:mod:`stormlab.hosts.aio.frames`), at the client's end
and at the server's. Events of a client: NEW (a SYN is sent), OPEN (the 101 arrived), MESSAGE, SEND,
CLOSE_CALLED (its close frame, if it is the first), CLOSE (TCP is over; the code is what a browser
would tell: that of the close frame that arrived, 1006 without one). An HTTP exchange that is no
WebSocket is NEW, HTTP_REQUEST, HTTP_RESPONSE, CLOSE. On the wire: REQUEST, RESPONSE, CLIENT_FRAME
and SERVER_FRAME with their bytes, when they are sent. Events of a server: STARTED (an upgrade was
asked for), ACCEPTED, REJECTED (HTTP status), RECEIVED, CLOSED (its close frame, if it is the
first), LOST (TCP is over); what the application hears of the end is written down by
:mod:`stormlab.hosts.aio.watched_app`.

A client's n-th connection is its socket n (from 0); the endpoint is the address that was dialled.
Messages are told apart by their size alone.
"""

import errno
from dataclasses import dataclass, field
from typing import Any, Protocol

from stormlab.clock import Clock
from stormlab.hosts.aio.frames import SWITCHING, Reader, Sight
from stormlab.hosts.aio.network import Address
from stormlab.hosts.wire import ABNORMAL
from stormlab.trace import Recorder
from stormlab.vocabulary import Cause, Event

_CAUSES = {
    errno.ECONNREFUSED: Cause.REFUSED,
    errno.ETIMEDOUT: Cause.TIMED_OUT,
    errno.ECONNRESET: Cause.RESET,
}


def cause_of(error: BaseException | None) -> Cause:
    """The cause that an error of the operating system stands for; NONE for anything else."""
    code = error.errno if isinstance(error, OSError) else None
    return _CAUSES.get(code or 0, Cause.NONE)


@dataclass
class Journal:
    """The trace of a world, and who is who in it."""

    clock: Clock
    recorder: Recorder = field(default_factory=Recorder)
    endpoints: dict[str, int] = field(default_factory=dict)
    _sockets: dict[int, int] = field(default_factory=dict)
    _attempts: dict[tuple[int, int], int] = field(default_factory=dict)
    _conns: int = 0
    _who: dict[Address, dict[str, int]] = field(default_factory=dict)  # by a client's address

    def add(self, event: Event, **columns: Any) -> None:
        """Write an event of now down."""
        self.recorder.add(self.clock.now_ns, event, **columns)

    def dialled(self, client: int, name: str) -> dict[str, int]:
        """A client's next connection to ``name``, as columns of the trace."""
        endpoint = self.endpoints.setdefault(name, len(self.endpoints))
        socket = self._sockets.get(client, -1) + 1
        self._sockets[client] = socket
        attempt = self._attempts.get((client, endpoint), 0) + 1
        self._attempts[client, endpoint] = attempt
        return {"client": client, "endpoint": endpoint, "socket": socket, "attempt": attempt}

    def know(self, address: Address, who: dict[str, int]) -> None:
        """Remember whose address this is."""
        self._who[address] = who

    def taken(self, remote: Address) -> dict[str, int]:
        """A server has taken a connection: its columns, with those of the client if it is known."""
        self._conns += 1
        self._who[remote] = {**self._who.get(remote, {}), "conn": self._conns - 1}
        return self._who[remote]

    def who(self, address: Address) -> dict[str, int]:
        """The columns of a client's address; nothing for a stranger's."""
        return self._who.get(address, {})


class ClientLine:
    """One connection of a client, as the trace tells it: also for clients without bytes."""

    def __init__(self, journal: Journal, client: int, name: str) -> None:
        self.who = journal.dialled(client, name)
        self._journal = journal
        self._over = False
        journal.add(Event.NEW, **self.who)

    def add(self, event: Event, **columns: Any) -> None:
        """Write an event of this connection down."""
        self._journal.add(event, **self.who, **columns)

    def close(self, code: int, *, clean: bool, cause: Cause, detail: str = "") -> None:
        """It is over; only the first time counts."""
        if not self._over:
            self._over = True
            self.add(Event.CLOSE, code=code, clean=int(clean), cause=cause, detail=detail)


class _Tap:
    """Reads both directions of a connection along; what is read may be parcels too."""

    def __init__(self) -> None:
        self._up, self._down = Reader(), Reader()

    @staticmethod
    def _sights(reader: Reader, data: Any, *, masked: bool) -> list[Sight]:
        if isinstance(data, bytes):
            return reader.feed(data)
        return [parcel.sight(masked=masked) for parcel in data]

    def handled(self) -> None:
        """The code has dealt with what it read."""

    def dropped(self, data: Any) -> None:
        """The code has written to a transport that is closed: it goes nowhere."""


class ClientTap(_Tap):
    """Reads a client's connection along."""

    def __init__(self, journal: Journal, client: int, name: str) -> None:
        super().__init__()
        self.line = ClientLine(journal, client, name)
        self._journal = journal
        self._sent_code: int | None = None
        self._got_code: int | None = None
        self._first: str = ""  # whose close frame was the first
        self._status = 0
        self._open = self._asked = False

    def from_address(self, address: Address) -> None:
        """The client's own address is known."""
        self._journal.know(address, self.line.who)

    def sent(self, data: Any) -> None:
        """The client's code has written."""
        for sight in self._sights(self._up, data, masked=True):
            if sight.what == "request":
                self._requested(sight)
                continue
            if sight.what == "message":
                self.line.add(Event.SEND, detail=sight.label)
            elif sight.what == "close":
                self._sent_code = sight.code
                if not self._first:
                    self._first = "client"
                    self.line.add(Event.CLOSE_CALLED, code=sight.code)
            code, detail = sight.code, sight.label
            self.line.add(Event.CLIENT_FRAME, up=sight.size, code=code, detail=detail)

    def _requested(self, sight: Sight) -> None:
        self._asked = sight.upgrade
        if sight.upgrade:
            self.line.add(Event.REQUEST, up=sight.size, detail=sight.text)
        else:
            self.line.add(Event.HTTP_REQUEST, detail=sight.text.partition("?")[0])

    def received(self, data: Any) -> None:
        """The client's code is about to read."""
        for sight in self._sights(self._down, data, masked=False):
            if sight.what == "message":
                self.line.add(Event.MESSAGE, detail=sight.label)
            elif sight.what == "close":
                self._got_code = sight.code
                self._first = self._first or "server"
            elif sight.what == "response":
                self._responded(sight)

    def _responded(self, sight: Sight) -> None:
        self._status = sight.code
        self._open = sight.code == SWITCHING
        if self._open:
            self.line.add(Event.OPEN)
        elif not self._asked:
            self.line.add(Event.HTTP_RESPONSE, code=sight.code)

    def over(self, error: BaseException | None, *, by_peer: bool = False) -> None:
        """TCP is over; ``by_peer``: the other end's FIN came first."""
        clean = self._sent_code is not None and self._got_code is not None
        code = ABNORMAL if self._got_code is None else self._got_code
        detail = f"HTTP {self._status}" if self._status and not self._open else ""
        cause = self._cause(error, by_peer=by_peer)
        self.line.close(code, clean=clean, cause=cause, detail=detail)

    def died(self) -> None:
        """The process was killed."""
        self.line.close(ABNORMAL, clean=False, cause=Cause.PAGE_GONE)

    def _cause(self, error: BaseException | None, *, by_peer: bool) -> Cause:
        cause = cause_of(error)
        if cause is not Cause.NONE:
            return cause
        if self._first:
            return Cause.CLOSED_BY_PAGE if self._first == "client" else Cause.SERVER_CLOSED
        if self._open:
            return Cause.SERVER_DROPPED if by_peer else Cause.CLOSED_BY_PAGE
        if self._status:
            return Cause.REJECTED
        return Cause.SERVER_DROPPED if by_peer else Cause.ABORTED_CONNECTING


class ServerTap(_Tap):
    """Reads a server's connection along, the journal's n-th."""

    def __init__(self, journal: Journal, remote: Address) -> None:
        super().__init__()
        self._journal = journal
        self._who = journal.taken(remote)
        self._closing = False
        self._plain = True  # no WebSocket so far

    @property
    def number(self) -> int:
        """The connection's number."""
        return self._who["conn"]

    def add(self, event: Event, **columns: Any) -> None:
        """Write an event of this connection down."""
        self._journal.add(event, **self._who, **columns)

    def received(self, data: Any) -> None:
        """The server's code is about to read."""
        for sight in self._sights(self._up, data, masked=True):
            if sight.what == "message":
                self.add(Event.RECEIVED, detail=sight.label)
            elif sight.what == "close":
                self._closing = True
            elif sight.what == "request" and sight.upgrade:
                self._plain = False
                self.add(Event.STARTED)

    def sent(self, data: Any) -> None:
        """The server's code has written."""
        for sight in self._sights(self._down, data, masked=False):
            if sight.what == "response":
                if not self._plain:
                    self._responded(sight)
                continue
            if sight.what == "close" and not self._closing:
                self._closing = True
                self.add(Event.CLOSED, code=sight.code)
            code, detail = sight.code, sight.label
            self.add(Event.SERVER_FRAME, down=sight.size, code=code, detail=detail)

    def _responded(self, sight: Sight) -> None:
        self.add(Event.RESPONSE, code=sight.code, down=sight.size, detail=sight.label)
        if sight.code == SWITCHING:
            self.add(Event.ACCEPTED)
        else:
            self.add(Event.REJECTED, code=sight.code)

    def over(self, error: BaseException | None, *, by_peer: bool = False) -> None:
        """TCP is over."""
        del by_peer
        if not self._plain:
            self.add(Event.LOST, cause=cause_of(error))

    def died(self) -> None:
        """The process was killed, and notices nothing any more."""


class Watching(Protocol):
    """What a loop asks when it opens or takes a connection."""

    def dialled(self, address: Address) -> ClientTap:
        """A connection is about to be opened."""

    def accepted(self, remote: Address) -> "ClientTap | ServerTap":
        """A connection was taken."""


class Watcher:
    """What the loop of one process asks when it opens or takes a connection."""

    def __init__(self, journal: Journal, number: int) -> None:
        self._journal, self._number = journal, number

    def dialled(self, address: Address) -> ClientTap:
        """A connection is about to be opened."""
        return ClientTap(self._journal, self._number, f"{address[0]}:{address[1]}")

    def accepted(self, remote: Address) -> ServerTap:
        """A connection was taken."""
        return ServerTap(self._journal, remote)


Tap = ClientTap | ServerTap
