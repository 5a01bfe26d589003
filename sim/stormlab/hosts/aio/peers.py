"""A message-level :class:`~stormlab.hosts.wire.Peer` behind an address, for clients of any kind."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from stormlab.clock import to_ns
from stormlab.hosts.aio.link import Link, LinkServer, later
from stormlab.hosts.aio.network import LOCALHOST, Network
from stormlab.hosts.wire import NORMAL, Data, Peer
from stormlab.vocabulary import Event

if TYPE_CHECKING:
    from stormlab.hosts.aio.world import World


class LinkCaller:
    """A link as the peer sees it (:class:`~stormlab.hosts.wire.Caller`)."""

    def __init__(self, network: Network, link: Link) -> None:
        self._network, self._link = network, link

    @property
    def number(self) -> int:
        """The server's n-th connection, from 0."""
        return self._link.number

    @property
    def url(self) -> str:
        """Path and query of what was dialled."""
        return self._link.url

    @property
    def protocol(self) -> str:
        """The chosen subprotocol, or empty."""
        return self._link.protocol

    def send(self, data: Data) -> None:
        """Send a message."""
        self._link.send(data)

    def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Begin the closing handshake."""
        self._link.close(code, reason)

    def later(self, delay_s: float, action: Callable[[], None]) -> None:
        """Do something after a while, if the connection is still there then."""
        later(self._network, self._link, to_ns(delay_s), action)

    def proved(self) -> None:
        """Say that from now on the application answers on this connection."""
        self._link.line.add(Event.PROVED)


class _PeerHandling:
    """One connection of the peer."""

    def __init__(self, peer: Peer, network: Network, link: Link) -> None:
        self._peer, self._caller, self._link = peer, LinkCaller(network, link), link
        link.accept(peer.protocol(link.offered))
        peer.opened(self._caller)

    def message(self, data: Data) -> None:
        """Hand it on."""
        self._peer.message(self._caller, data)

    def ended(self, code: int, reason: str) -> None:
        """Hand it on."""
        del reason
        self._peer.gone(self._caller)
        if not self._link.dead:
            self._link.line.add(Event.DISCONNECT, code=code)
            self._link.line.add(Event.ENDED)


def peer_server(
    world: "World", peer: Peer, *, host: str = LOCALHOST, port: int = 8000
) -> LinkServer:
    """A server that answers as ``peer`` does; the caller starts it."""
    network = world.network
    return LinkServer(
        network, world.journal, (host, port), lambda link: _PeerHandling(peer, network, link)
    )
