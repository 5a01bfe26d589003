"""TCP in memory, on the clock of the world: addresses, listeners, ordered streams of bytes, faults.

A connection has two ends (:class:`End`). What one writes (bytes, or between two ends that agree on
it anything else) arrives at the other after one way of the
path, in order. A SYN meets the listener as it is when it arrives: accepted after one round trip,
refused after one, or, where nothing answers, sent again (1, 2, 3, 4, 5, 7, 11, 19, 35 s after the
first) and given up after 67 s, as in :mod:`stormlab.worlds.bare_socket`. The server's process gets
the connection when the client's ACK arrives.

Faults: a host can be cut off and healed. What is on its way meanwhile is kept, as TCP sends it
again, and arrives one way after the healing. An end that was closed answers data with a RST.

Simplifications: no loss but by cuts, no congestion, no limit of what is under way, one latency for
all; names always resolve; TLS is one more round trip of the client, whoever terminates it.
"""

import errno
import ipaddress
import os
from collections.abc import Callable
from functools import partial
from typing import Literal, Protocol

from stormlab.clock import Clock, Rank
from stormlab.worlds.bare_socket import SYN_NS, WAY_NS

Address = tuple[str, int]
Mode = Literal["accept", "refuse", "hang"]
Kind = Literal["data", "fin", "rst", "hello", "hello done"]
EPHEMERAL_PORT = 49_152  # the first port of clients (RFC 6335, section 6)
NAMES_FROM = int(ipaddress.IPv4Address("10.1.0.1"))
LOCALHOST = "127.0.0.1"


class TcpEar(Protocol):
    """Whoever uses an end of a connection: what it hears, outside of its own loop's steps."""

    def connected(self) -> None:
        """The connection is there (of the one who connects only)."""

    def received(self, data: bytes) -> None:
        """Bytes arrived."""

    def ended(self) -> None:
        """The other end's FIN arrived: no more bytes."""

    def lost(self, error: OSError) -> None:
        """The connection was reset, refused, or could not be made in time."""


class Wire(Protocol):
    """An end of a TCP connection, as its user sees it (:class:`End`, or that of a bare world)."""

    local: Address
    remote: Address

    def write(self, data: bytes, lag_ns: int = 0) -> None:
        """Send bytes, ``lag_ns`` after now (the code's own time may be ahead of the clock's)."""

    def fin(self, lag_ns: int = 0) -> None:
        """Say that no more bytes come."""

    def close(self, lag_ns: int = 0) -> None:
        """Close the socket: FIN, and whatever arrives from now on is answered with a RST."""

    def reset(self, lag_ns: int = 0) -> None:
        """Close with a RST, or give the attempt to connect up."""

    def start_tls(self, done: Callable[[], None]) -> None:
        """Shake hands, then call ``done``."""


class Net(Protocol):
    """What a loop needs of a network."""

    def resolve(self, host: str | None) -> str:
        """The numeric address of a host."""

    def connect(self, host: str, address: Address, ear: TcpEar) -> Wire:
        """Begin to connect from ``host``; nothing is heard before this has returned."""

    def listen(self, address: Address, accept: Callable[["End"], None]) -> "Listener":
        """Listen; raises OSError (EADDRINUSE) where somebody does already."""


def failure(code: int) -> OSError:
    """What the operating system's error number becomes in Python."""
    return OSError(code, os.strerror(code))


class Listener:
    """A listening socket; ``mode`` can be changed while it listens."""

    def __init__(
        self, network: "Network", address: Address, accept: Callable[["End"], None]
    ) -> None:
        self.address = address
        self.mode: Mode = "accept"
        self.accept = accept
        self._network = network

    @property
    def open(self) -> bool:
        """Whether it still listens."""
        return self._network.listeners.get(self.address) is self

    def close(self) -> None:
        """Listen no more; what was accepted stays."""
        if self.open:
            del self._network.listeners[self.address]


class Network:
    """All TCP of one world; ``way_ns``: from one host to another, in nanoseconds."""

    def __init__(self, clock: Clock, way_ns: int = WAY_NS) -> None:
        self.clock = clock
        self.way_ns = way_ns
        self.listeners: dict[Address, Listener] = {}
        self._names: dict[str, str] = {}
        self._ports: dict[str, int] = {}
        self._cut: dict[str, list[Callable[[], None]]] = {}  # what waits for the host's healing

    def resolve(self, host: str | None) -> str:
        """The numeric address of a host; every name has one, in the order of asking."""
        if host in {None, "", "0.0.0.0", "::", "localhost"}:  # noqa: S104  nothing is bound
            return LOCALHOST
        assert host is not None  # noqa: S101  for the type checker
        try:
            return str(ipaddress.ip_address(host))
        except ValueError:
            number = ipaddress.IPv4Address(NAMES_FROM + len(self._names))
            return self._names.setdefault(host, str(number))

    def listen(self, address: Address, accept: Callable[["End"], None]) -> Listener:
        """Listen at an address; port 0 takes a free one.

        Raises:
            OSError: EADDRINUSE, if somebody does already.
        """
        host, port = self.resolve(address[0]), address[1]
        if port == 0:
            port = self._free_port(host)
        if (host, port) in self.listeners:
            raise failure(errno.EADDRINUSE)
        listener = Listener(self, (host, port), accept)
        self.listeners[listener.address] = listener
        return listener

    def connect(self, host: str, address: Address, ear: TcpEar) -> "End":
        """Send a SYN from ``host``."""
        remote = (self.resolve(address[0]), address[1])
        end = End(self, (host, self._free_port(host)), remote, ear)
        self.clock.after(self.way_ns, Rank.NETWORK, partial(self._syn, end, self.clock.now_ns))
        return end

    def _free_port(self, host: str) -> int:
        self._ports[host] = self._ports.get(host, EPHEMERAL_PORT - 1) + 1
        return self._ports[host]

    def _syn(self, end: "End", began_ns: int) -> None:
        """A SYN arrives, and meets the listener as it is now."""
        if end.closed:
            return
        clock = self.clock
        listener = self.listeners.get(end.remote)
        mode = listener.mode if listener is not None else "refuse"
        if self.is_cut(end.local[0], end.remote[0]) or mode == "hang":
            since_ns = clock.now_ns - began_ns
            again_ns = next((each for each in SYN_NS if each + self.way_ns > since_ns), None)
            if again_ns is None:
                end.fail(failure(errno.ETIMEDOUT))
            else:
                time_ns = began_ns + again_ns + self.way_ns
                clock.at(time_ns, Rank.NETWORK, partial(self._syn, end, began_ns))
        elif listener is None or mode == "refuse":
            self._arrive(end, partial(end.fail, failure(errno.ECONNREFUSED)))
        else:
            self._arrive(end, partial(self._syn_ack, end, listener))

    def _arrive(self, end: "End", action: Callable[[], None]) -> None:
        """Let a segment of the handshake arrive, one way from now or when a cut is healed."""

        def arrive() -> None:
            if not self.keep((end.local[0], end.remote[0]), arrive):
                action()

        self.clock.after(self.way_ns, Rank.NETWORK, arrive)

    def _syn_ack(self, end: "End", listener: Listener) -> None:
        if end.closed:
            return
        other = End(self, end.remote, end.local, None)
        end.peer, other.peer = other, end
        end.established = other.established = True
        self._arrive(end, partial(self._accepted, other, listener))
        assert end.ear is not None  # noqa: S101  the one who connects hears
        end.ear.connected()

    @staticmethod
    def _accepted(end: "End", listener: Listener) -> None:
        """The ACK arrives; a listener that was closed meanwhile has reset what it had."""
        if end.closed:
            return
        if listener.open:
            listener.accept(end)
        else:
            end.reset()

    # faults -------------------------------------------------------------------------------------

    def cut(self, host: str) -> None:
        """Let nothing through from or to a host."""
        self._cut.setdefault(self.resolve(host), [])

    def heal(self, host: str) -> None:
        """Let everything through again; what was kept arrives one way from now."""
        for arrive in self._cut.pop(self.resolve(host), ()):
            self.clock.after(self.way_ns, Rank.NETWORK, arrive)

    def is_cut(self, *hosts: str) -> bool:
        """Whether one of these hosts is cut off."""
        return any(host in self._cut for host in hosts)

    def keep(self, hosts: tuple[str, str], arrive: Callable[[], None]) -> bool:
        """Keep what arrives until the cut is healed; False: there is none."""
        for host in hosts:
            if host in self._cut:
                self._cut[host].append(arrive)
                return True
        return False


class End:
    """One end of a TCP connection."""

    def __init__(
        self, network: Network, local: Address, remote: Address, ear: TcpEar | None
    ) -> None:
        self.local, self.remote = local, remote
        self.ear = ear
        self.peer: End | None = None
        self.established = False
        self.closed = False  # the socket is closed, from this side
        self.no_more = False  # FIN or RST sent
        self._network = network
        self._arrived: list[tuple[Kind, bytes]] = []  # before there was an ear
        self._tls_done: Callable[[], None] | None = None

    def attach(self, ear: TcpEar) -> None:
        """Let ``ear`` hear what comes, and what has come."""
        self.ear = ear
        arrived, self._arrived = self._arrived, []
        for kind, data in arrived:
            self._hear(kind, data)

    def write(self, data: bytes, lag_ns: int = 0) -> None:
        """Send bytes; after FIN or the end they go nowhere."""
        if not self.no_more and self.established:
            self._send("data", data, lag_ns)

    def fin(self, lag_ns: int = 0) -> None:
        """Say that no more bytes come."""
        if not self.no_more and self.established:
            self.no_more = True
            self._send("fin", b"", lag_ns)

    def close(self, lag_ns: int = 0) -> None:
        """Close the socket."""
        self.fin(lag_ns)
        self.closed = True

    def reset(self, lag_ns: int = 0) -> None:
        """Close the socket with a RST; before it is connected: give up."""
        if not self.closed and self.established:
            self._send("rst", b"", lag_ns)
        self.closed = self.no_more = True

    def vanish(self) -> None:
        """Be gone without a word, as by a loss of power; data that arrives is answered by a RST."""
        self.closed = self.no_more = True

    def start_tls(self, done: Callable[[], None]) -> None:
        """Shake hands: one round trip, answered below the other's code."""
        self._tls_done = done
        self._send("hello", b"", 0)

    def fail(self, error: OSError) -> None:
        """Tell the user that it is over."""
        if not self.closed:
            self.closed = self.no_more = True
            if self.ear is not None:
                self.ear.lost(error)

    def _send(self, kind: Kind, data: bytes, lag_ns: int) -> None:
        peer, network = self.peer, self._network
        assert peer is not None  # noqa: S101  established
        way_ns = network.way_ns + lag_ns
        network.clock.after(way_ns, Rank.NETWORK, partial(peer.arrive, kind, data))

    def arrive(self, kind: Kind, data: bytes) -> None:
        """A segment has come, if the path is whole."""
        hosts = (self.local[0], self.remote[0])
        if self._network.keep(hosts, partial(self.arrive, kind, data)):
            return
        if self.closed:
            if kind in {"data", "hello"}:
                self._send("rst", b"", 0)
        elif kind == "rst":
            self.fail(failure(errno.ECONNRESET))
        elif kind == "hello":
            self._send("hello done", b"", 0)
        elif kind == "hello done":
            done, self._tls_done = self._tls_done, None
            if done is not None:
                done()
        else:
            self._hear(kind, data)

    def _hear(self, kind: Kind, data: bytes) -> None:
        if self.ear is None:
            self._arrived.append((kind, data))
        elif kind == "data":
            self.ear.received(data)
        else:
            self.ear.ended()
