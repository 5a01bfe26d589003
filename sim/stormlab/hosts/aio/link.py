"""A server's end of one WebSocket, without a loop: what a service does with it and hears of it.

The client may speak bytes (any Python library) or messages (a hosted JavaScript client by
:mod:`stormlab.hosts.aio.dial`): what arrives first tells which. The server closes TCP when the
closing handshake is complete, or 10 s after it began one that is not answered.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from stormlab.clock import NS_PER_S, Rank
from stormlab.hosts.aio.network import Address, End, Listener, Network
from stormlab.hosts.aio.parcels import ServerSide
from stormlab.hosts.aio.speech import ServerSpeech
from stormlab.hosts.aio.watch import Journal, ServerTap
from stormlab.hosts.wire import ABNORMAL, NORMAL, Data
from stormlab.vocabulary import Event

CLOSE_TIMEOUT_NS = 10 * NS_PER_S


class Handling(Protocol):
    """What a service hears of one connection."""

    def message(self, data: Data) -> None:
        """A message arrived."""

    def ended(self, code: int, reason: str) -> None:
        """No more comes; ``code``: of the client's close frame, 1006 without one."""


Service = Callable[["Link"], Handling]
"""Asked for each upgrade; answers by ``link.accept()`` or ``link.reject()``, now or later."""


class Link:
    """One WebSocket as its server has it."""

    def __init__(self, server: "LinkServer", end: End) -> None:
        self.line = ServerTap(server.journal, end.remote)
        self.number = server.next_number()
        self.url = ""
        self.offered: tuple[str, ...] = ()
        self.accepted = self.closing = self.over = self.dead = False
        self._server, self._end = server, end
        self._speech: Any = None
        self._handling: Handling | None = None

    @property
    def client(self) -> Address:
        """Where the client is."""
        return self._end.remote

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Of the request; none from a client that speaks in messages."""
        request = getattr(self._speech, "request", None)
        return [] if request is None else list(request.headers.raw_items())

    @property
    def protocol(self) -> str:
        """The chosen subprotocol, or empty."""
        return str(self._speech.protocol)

    # what the service does ----------------------------------------------------------------------

    def accept(self, protocol: str = "", headers: list[tuple[str, str]] | None = None) -> None:
        """Answer with a 101."""
        if not self.over and not self.accepted:
            self.accepted = True
            self._write(self._speech.accept(protocol, headers))

    def reject(self, status: int, text: str = "") -> None:
        """Answer with anything else, and close TCP."""
        if not self.over and not self.accepted:
            self._write(self._speech.reject(status, text))
            self._close_tcp()

    def send(self, data: Data) -> None:
        """Send a message; after the end it goes nowhere."""
        if self.accepted and not self.over:
            self._write(self._speech.send(data))

    def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Begin the closing handshake."""
        if self.accepted and not self.over and not self.closing:
            self.closing = True
            self._write(self._speech.close(code, reason))
            clock = self._server.network.clock
            clock.after(CLOSE_TIMEOUT_NS, Rank.SERVER, self._close_tcp)

    def drop(self) -> None:
        """Close TCP without a word."""
        self._close_tcp()

    def die(self) -> None:
        """As :meth:`drop`, by the kernel: the process notices nothing any more."""
        self.dead = True
        self._close_tcp()

    def _write(self, data: Any) -> None:
        if data:
            self.line.sent(data)
            self._end.write(data, self._server.lag_ns())

    def _close_tcp(self) -> None:
        if not self.over:
            self._end.close(self._server.lag_ns())
            self._gone()

    def _gone(self) -> None:
        if not self.over:
            self.over = True
            self._server.links.pop(self.number, None)
            if not self.dead:
                self.line.over(None)
            if self._handling is not None:
                self._handling.ended(self._speech.code, self._speech.reason)

    # what arrives -------------------------------------------------------------------------------

    def connected(self) -> None:
        """Of the client's end only."""

    def received(self, data: Any) -> None:
        """Bytes or parcels."""
        if self.over:
            return
        self.line.received(data)
        if self._speech is None:
            side: Any = ServerSpeech if isinstance(data, bytes) else ServerSide
            self._speech = side(self._requested, self._message, self._closed)
        self._write(self._speech.receive(data))
        if self._speech.code != ABNORMAL:
            self._close_tcp()

    def ended(self) -> None:
        """The client's FIN."""
        self._close_tcp()

    def lost(self, error: OSError) -> None:
        """The client's RST."""
        del error
        self._gone()

    def _requested(self, url: str, offered: tuple[str, ...]) -> None:
        self.url, self.offered = url, offered
        self._handling = self._server.service(self)

    def _message(self, data: Data) -> None:
        if self._handling is not None:
            self._handling.message(data)

    def _closed(self) -> None:
        self.closing = True


class LinkServer:
    """A listening address and the links behind it; ``lag_ns``: how far its code is ahead."""

    def __init__(
        self,
        network: Network,
        journal: Journal,
        address: Address,
        service: Service,
        lag_ns: Callable[[], int] = lambda: 0,
    ) -> None:
        self.network, self.journal, self.service, self.lag_ns = network, journal, service, lag_ns
        self.links: dict[int, Link] = {}
        self.listener: Listener | None = None
        self._address = address
        self._numbers = 0

    @property
    def up(self) -> bool:
        """Whether it listens."""
        return self.listener is not None

    def start(self) -> None:
        """Listen."""
        if self.listener is None:
            self.listener = self.network.listen(self._address, self._accept)
            self.journal.add(Event.UP)

    def stop(self, code: int = 1012) -> None:
        """Listen no more, and close what is open with ``code``; handshakes get a 500."""
        if self._unlisten():
            self.journal.add(Event.SHUTDOWN)
            for link in list(self.links.values()):
                link.close(code) if link.accepted else link.reject(500)
                link.drop()

    def kill(self) -> None:
        """The process dies: TCP is closed without a close frame."""
        if self._unlisten():
            self.journal.add(Event.KILLED)
            for link in list(self.links.values()):
                link.die()

    def next_number(self) -> int:
        """The number of the server's next connection."""
        self._numbers += 1
        return self._numbers - 1

    def _unlisten(self) -> bool:
        listener, self.listener = self.listener, None
        if listener is not None:
            listener.close()
        return listener is not None

    def _accept(self, end: End) -> None:
        link = Link(self, end)
        self.links[link.number] = link
        end.attach(link)


def later(network: Network, link: Link, delay_ns: int, action: Callable[[], None]) -> None:
    """Do something after a while, if the connection is still there then."""
    network.clock.after(delay_ns, Rank.SERVER, partial(_if_there, link, action))


def _if_there(link: Link, action: Callable[[], None]) -> None:
    if not link.over:
        action()
