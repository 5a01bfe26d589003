"""asyncio's transports over the virtual TCP.

All that has come by the time the loop looks is one read, and an end of TCP behind it is seen one
iteration later, as with real sockets. On a loop in uvloop's order a write after connection_lost()
raises, as uvloop's does; on asyncio's it goes nowhere.
"""

import asyncio
import errno
import socket
from typing import TYPE_CHECKING, Any

from stormlab.hosts.aio.network import Address, Wire, failure
from stormlab.hosts.aio.watch import Tap

if TYPE_CHECKING:
    from stormlab.hosts.aio.inert import InertLoop

# uvloop's words; the last number is an address in memory
HANDLER_CLOSED = (
    "unable to perform operation on <TCPTransport closed=True reading=False 0x7f0000000000>;"
    " the handler is closed"
)


class Placeholder:
    """What ``get_extra_info("socket")`` gives: addresses, and options that do nothing."""

    family, type, proto = socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP

    def __init__(self, local: Address, remote: Address | None = None) -> None:
        self._local, self._remote = local, remote

    def getsockname(self) -> Address:
        """The own address."""
        return self._local

    def getpeername(self) -> Address:
        """The other's address.

        Raises:
            OSError: ENOTCONN, of a listening socket.
        """
        if self._remote is None:
            raise failure(errno.ENOTCONN)
        return self._remote

    def fileno(self) -> int:
        """None."""
        return -1

    def setsockopt(self, *_: Any) -> None:
        """Not done."""

    def getsockopt(self, *_: Any) -> int:
        """Not set."""
        return 0

    def close(self) -> None:
        """Done by the transport."""


class VirtualTransport(asyncio.Transport):
    """A transport over one end of a virtual TCP connection."""

    def __init__(
        self,
        loop: "InertLoop",
        wire: Wire,
        protocol: Any,
        *,
        tls: Any = None,
        tap: Tap | None = None,
    ) -> None:
        super().__init__()
        self._loop, self._wire, self._protocol = loop, wire, protocol
        self._tls, self._tap = tls, tap
        self._incoming: list[bytes] = []
        self._ended = self._told_end = False
        self._paused = self._closing = self._closed = self._told_lost = False
        self._looking = False  # a read is scheduled
        loop.transports[id(self)] = self
        loop.call_soon(self._protocol.connection_made, self)

    # what arrives -------------------------------------------------------------------------------

    def connected(self) -> None:
        """Heard before there was a transport."""

    def received(self, data: bytes) -> None:
        """The loop's next poll finds the socket readable."""
        self._incoming.append(data)
        self._look()

    def ended(self) -> None:
        """As :meth:`received`."""
        self._ended = True
        self._look()

    def lost(self, error: OSError) -> None:
        """Reset by the other end."""
        self._loop.call_polled(self._fatal, error)

    def _look(self) -> None:
        if not self._looking and not self._paused and not self._closing:
            self._looking = True
            self._loop.call_polled(self._read)

    def _read(self) -> None:
        """One read: all data that has come, or else the end."""
        self._looking = False
        if self._paused or self._closing:
            return
        if self._incoming:
            data, self._incoming = b"".join(self._incoming), []
            if self._tap is not None:
                self._tap.received(data)
            if isinstance(self._protocol, asyncio.BufferedProtocol):
                _feed(self._protocol, data)
            else:
                self._protocol.data_received(data)
            if self._tap is not None:
                self._tap.handled()
            if self._ended:
                self._look()
        elif self._ended and not self._told_end:
            self._told_end = True
            if not self._protocol.eof_received():
                self.close()

    def _fatal(self, error: OSError) -> None:
        if not self._closed:
            self._closing = True
            self._lose(error)

    def _lose(self, error: Exception | None) -> None:
        if not self._closed:
            self._closed = True
            self._incoming.clear()
            self._loop.transports.pop(id(self), None)
            if self._tap is not None:
                self._tap.over(error, by_peer=self._told_end)
            self._loop.call_soon(self._tell_lost, self._protocol, error)

    def _tell_lost(self, protocol: Any, error: Exception | None) -> None:
        protocol.connection_lost(error)
        self._told_lost = True

    # what the protocol does ---------------------------------------------------------------------

    def write(self, data: Any) -> None:
        """Send bytes.

        Raises:
            RuntimeError: On a loop in uvloop's order, after the end.
        """
        if self._told_lost and self._loop.in_phases:
            raise RuntimeError(HANDLER_CLOSED)
        if data and not self._closing:
            data = bytes(data)
            if self._tap is not None:
                self._tap.sent(data)
            self._wire.write(data, self._loop.lag_ns)
        elif data and self._tap is not None:
            self._tap.dropped(bytes(data))

    def writelines(self, list_of_data: Any) -> None:
        """Send bytes."""
        self.write(b"".join(list_of_data))

    def can_write_eof(self) -> bool:
        """TCP can, TLS cannot."""
        return self._tls is None

    def write_eof(self) -> None:
        """Half close."""
        self._wire.fin(self._loop.lag_ns)

    def die(self) -> None:
        """The process was killed: the kernel closes the socket, the protocol hears nothing."""
        if not self._closed:
            self._closing = self._closed = True
            self._wire.close()
            if self._tap is not None:
                self._tap.died()

    def close(self) -> None:
        """Close in order."""
        if not self._closing:
            self._closing = True
            self._wire.close(self._loop.lag_ns)
            self._lose(None)

    def abort(self) -> None:
        """Close at once, with a RST."""
        if not self._closing:
            self._wire.reset(self._loop.lag_ns)
        self._closing = True
        self._lose(None)

    def is_closing(self) -> bool:
        """Whether it is."""
        return self._closing

    def pause_reading(self) -> None:
        """Leave what comes where it is."""
        self._paused = True

    def resume_reading(self) -> None:
        """Read what has come."""
        self._paused = False
        if self._incoming or self._ended:
            self._look()

    def is_reading(self) -> bool:
        """Whether it reads."""
        return not self._paused and not self._closing

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """There is no limit."""

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """As asyncio's default."""
        return 16_384, 65_536

    def get_write_buffer_size(self) -> int:
        """Everything leaves at once."""
        return 0

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Hand over, as uvicorn does at an upgrade."""
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Who hears."""
        protocol: asyncio.BaseProtocol = self._protocol
        return protocol

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Addresses, and whether there is TLS."""
        found = {
            "peername": self._wire.remote,
            "sockname": self._wire.local,
            "socket": Placeholder(self._wire.local, self._wire.remote),
            "sslcontext": self._tls,
        }
        return found.get(name, default)

    async def upgrade(self, tls: Any) -> None:
        """Shake hands now."""
        done: asyncio.Future[None] = self._loop.create_future()
        self._wire.start_tls(lambda: _call(self._loop, done))
        await done
        self._tls = tls


def _call(loop: "InertLoop", future: "asyncio.Future[None]") -> None:
    loop.call_soon(future.set_result, None)


def _feed(protocol: asyncio.BufferedProtocol, data: bytes) -> None:
    while data:
        buffer = memoryview(protocol.get_buffer(len(data)))
        taken = min(len(buffer), len(data))
        buffer[:taken] = data[:taken]
        protocol.buffer_updated(taken)
        data = data[taken:]
