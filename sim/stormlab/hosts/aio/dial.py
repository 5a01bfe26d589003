"""A WebSocket of a message-level client (a hosted JavaScript one) to any server on the network.

:class:`Dialler` gives the :data:`~stormlab.hosts.wire.Dial` of one device. To a server that speaks
bytes (the real uvicorn) the messages go through the sans-IO client of ``websockets``; to one of
:mod:`stormlab.hosts.aio.link` they may go as they are (``direct``).

When the client hears of the end: of a refusal, a reset, or a failed handshake when it arrives; of a
closing handshake when the server closes TCP, or 10 s after the client's close frame.
"""

import urllib.parse
from typing import Any

from stormlab.clock import NS_PER_S, Rank
from stormlab.hosts.aio.network import Network, Wire
from stormlab.hosts.aio.parcels import ClientSide
from stormlab.hosts.aio.speech import ClientSpeech
from stormlab.hosts.aio.watch import ClientTap, Journal, cause_of
from stormlab.hosts.wire import ABNORMAL, NO_STATUS, Data, Ear, End, Mouth
from stormlab.vocabulary import Cause, Event

CLOSE_TIMEOUT_NS = 10 * NS_PER_S
PORTS = {"ws": 80, "wss": 443}


class Dialler:
    """The WebSockets of one device; ``host``: its address. Each call is one ``new WebSocket``."""

    def __init__(
        self,
        network: Network,
        host: str,
        *,
        direct: bool = False,
        journal: Journal | None = None,
        client: int = -1,
    ) -> None:
        self.network, self.host, self.direct = network, host, direct
        self.journal, self.client = journal, client

    def __call__(self, url: str, protocols: tuple[str, ...], ear: Ear) -> Mouth:
        """Dial."""
        parts = urllib.parse.urlsplit(url)
        address = (parts.hostname or "", parts.port or PORTS[parts.scheme])
        tap = None
        if self.journal is not None:
            name = f"{self.network.resolve(address[0])}:{address[1]}"
            tap = ClientTap(self.journal, self.client, name)
        mouth = Dialled(self, url, protocols, ear, tap)
        mouth.tls = parts.scheme == "wss"
        mouth.wire = self.network.connect(self.host, address, mouth)
        if tap is not None:
            tap.from_address(mouth.wire.local)
        return mouth


class Dialled:
    """One WebSocket: what the client does (Mouth), and what TCP tells (TcpEar)."""

    wire: Wire
    tls = False

    def __init__(
        self,
        dialler: Dialler,
        url: str,
        protocols: tuple[str, ...],
        ear: Ear,
        tap: ClientTap | None,
    ) -> None:
        self._dialler, self._ear, self._tap = dialler, ear, tap
        side: Any = ClientSide if dialler.direct else ClientSpeech
        path = url
        if dialler.direct:
            parts = urllib.parse.urlsplit(url)
            path = parts.path + (f"?{parts.query}" if parts.query else "")
        self._speech = side(
            path, protocols, self._opened, self._refused, self._message, self._closing
        )
        self._open = self._over = self._closed = self._server_first = False
        self._status = 0

    # what the client does -----------------------------------------------------------------------

    @property
    def buffered(self) -> int:
        """Everything leaves at once."""
        return 0

    def send(self, data: Data) -> None:
        """Send a message; only while open."""
        if self._open and not self._over:
            self._write(self._speech.send(data))

    def close(self, code: int = NO_STATUS, reason: str = "") -> None:
        """Begin the closing handshake, or give the attempt up."""
        if self._over or self._closed:
            return
        self._closed = True
        if not self._open:
            if self._tap is not None:
                self._tap.line.add(Event.CLOSE_CALLED, code=code)
            self.wire.reset()
            later = self._dialler.network.clock
            later.after(0, Rank.BROWSER, lambda: self._end(End(cause=Cause.ABORTED_CONNECTING)))
            return
        self._write(self._speech.close(code, reason))
        self._dialler.network.clock.after(CLOSE_TIMEOUT_NS, Rank.BROWSER, self._impatient)

    def _impatient(self) -> None:
        if not self._over:
            self.wire.close()
            self._over_by(Cause.CLOSED_BY_PAGE)

    def _write(self, data: Any) -> None:
        if data:
            if self._tap is not None:
                self._tap.sent(data)
            self.wire.write(data)

    # what TCP tells -----------------------------------------------------------------------------

    def connected(self) -> None:
        """Ask for the upgrade, behind TLS if there is any."""
        if self.tls:
            self.wire.start_tls(self._ask)
        else:
            self._ask()

    def _ask(self) -> None:
        self._write(self._speech.request())

    def received(self, data: Any) -> None:
        """Bytes or parcels."""
        if not self._over:
            if self._tap is not None:
                self._tap.received(data)
            self._write(self._speech.receive(data))

    def ended(self) -> None:
        """The server's FIN."""
        if not self._over:
            self.wire.close()
            self._speech.ended()
            if not self._open:
                self._end(End(cause=Cause.REJECTED if self._status else Cause.SERVER_DROPPED))
            elif self._speech.clean:
                first = self._server_first
                self._over_by(Cause.SERVER_CLOSED if first else Cause.CLOSED_BY_PAGE)
            else:
                self._over_by(Cause.SERVER_DROPPED)

    def lost(self, error: OSError) -> None:
        """Refused, reset, or not answered."""
        if not self._over:
            self._over_by(cause_of(error))

    # what the protocol tells --------------------------------------------------------------------

    def _opened(self, protocol: str) -> None:
        self._open = True
        self._ear.opened(protocol)

    def _refused(self, status: int) -> None:
        self._status = status
        self.wire.close()
        self._end(End(cause=Cause.REJECTED))

    def _message(self, data: Data) -> None:
        self._ear.message(data)

    def _closing(self) -> None:
        if not self._closed:
            self._server_first = True
            self._ear.closing()

    def _over_by(self, cause: Cause) -> None:
        speech = self._speech
        failed = speech.code == ABNORMAL
        self._end(End(speech.code, speech.reason, speech.clean, failed, cause))

    def _end(self, end: End) -> None:
        if not self._over:
            self._over = True
            if self._tap is not None:
                self._tap.line.close(end.code, clean=end.clean, cause=end.cause)
            self._ear.ended(end)
