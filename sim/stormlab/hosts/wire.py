"""One WebSocket between a hosted client and a server, as messages: what each end does and hears.

Whoever hosts a client (:mod:`stormlab.hosts.javascript`, :mod:`stormlab.hosts.aio`) is an
:class:`Ear` and is given a :class:`Mouth`; whoever is the server is a :class:`Peer` and is given a
:class:`Caller`. What lies between them (time, faults, bytes) is the business of the :class:`Dial`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from stormlab.vocabulary import Cause

Data = str | bytes  # a text or a binary message

NORMAL = 1000
NO_STATUS = 1005  # a close frame without a code (RFC 6455, 7.4.1)
ABNORMAL = 1006  # no close frame (RFC 6455, 7.4.1)


@dataclass(frozen=True)
class End:
    """How a connection, or the attempt to make one, ended, as the client's end knows it.

    ``failed``: the WebSocket was failed, so that an ``error`` event comes before ``close`` (WHATWG
    websockets, section 4). ``cause``: why, as the world knows it; the client cannot tell.
    """

    code: int = ABNORMAL
    reason: str = ""
    clean: bool = False
    failed: bool = True
    cause: Cause = Cause.NONE


class Ear(Protocol):
    """A client's end of a WebSocket: what it hears. Nothing comes after :meth:`ended`."""

    def opened(self, protocol: str) -> None:
        """The handshake is complete; ``protocol``: the chosen subprotocol, or empty."""

    def message(self, data: Data) -> None:
        """A message arrived."""

    def closing(self) -> None:
        """The server's close frame arrived first: the closing handshake has begun."""

    def ended(self, end: End) -> None:
        """The connection is over, or the attempt failed."""


class Mouth(Protocol):
    """A client's end of a WebSocket: what it does. After the end all of it does nothing."""

    @property
    def buffered(self) -> int:
        """Bytes handed to :meth:`send` that have not left yet."""

    def send(self, data: Data) -> None:
        """Send a message; only while open."""

    def close(self, code: int = NO_STATUS, reason: str = "") -> None:
        """Begin the closing handshake, or give the attempt up; ``NO_STATUS``: without a code."""


Dial = Callable[[str, tuple[str, ...], Ear], Mouth]
"""``dial(url, protocols, ear)``: a new WebSocket; nothing is heard before the call has returned."""


class Caller(Protocol):
    """A connection as its server sees it."""

    @property
    def number(self) -> int:
        """The server's n-th connection, from 0."""

    @property
    def url(self) -> str:
        """What was dialled, with its query."""

    @property
    def protocol(self) -> str:
        """The chosen subprotocol, or empty."""

    def send(self, data: Data) -> None:
        """Send a message."""

    def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Begin the closing handshake."""

    def later(self, delay_s: float, action: Callable[[], None]) -> None:
        """Do something after a while, if the connection is still there then."""

    def proved(self) -> None:
        """Say that from now on the application answers on this connection."""


class Peer(Protocol):
    """A server's side of a protocol, for all of its connections; see :class:`SilentPeer`."""

    def protocol(self, offered: tuple[str, ...]) -> str:
        """Choose one of the offered subprotocols, or none (empty)."""

    def opened(self, caller: Caller) -> None:
        """A client has connected."""

    def message(self, caller: Caller, data: Data) -> None:
        """A client has sent a message."""

    def gone(self, caller: Caller) -> None:
        """A connection is over, by whomever."""


def reason_of(peer: Peer, code: int) -> str:
    """What a server says when it closes with ``code``: nothing, unless it has ``reason(code)``."""
    say: Callable[[int], str] | None = getattr(peer, "reason", None)
    return "" if say is None else say(code)


class SilentPeer:
    """A server that says nothing, and counts a connection as proved once it is open."""

    def protocol(self, offered: tuple[str, ...]) -> str:
        """Take the client's first."""
        return offered[0] if offered else ""

    def opened(self, caller: Caller) -> None:
        """That is all the application there is."""
        caller.proved()

    def message(self, caller: Caller, data: Data) -> None:
        """Nothing is answered."""

    def gone(self, caller: Caller) -> None:
        """Nothing is kept."""
