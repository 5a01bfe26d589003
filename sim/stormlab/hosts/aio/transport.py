"""asyncio's transports and servers over the virtual TCP.

All that has come by the time the loop looks is one read, and an end of TCP behind it is seen one
iteration later, as with real sockets.
"""

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from stormlab.hosts.aio.network import Address, End, Listener, TcpEar, Wire, failure
from stormlab.hosts.aio.watch import Tap

if TYPE_CHECKING:
    from stormlab.hosts.aio.inert import InertLoop


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


class Opened:
    """A connection that a coroutine waits for, until a transport takes it."""

    wire: Wire

    def __init__(self, loop: "InertLoop", tap: Tap | None = None) -> None:
        self.tap = tap
        self._loop = loop
        self._ear: TcpEar | None = None
        self._heard: list[tuple[str, Any]] = []
        self.waiter: asyncio.Future[None] = loop.create_future()

    def connected(self) -> None:
        """TCP is there."""
        self._loop.call_soon(self._done)

    def received(self, data: bytes) -> None:
        """Keep it, or hand it on."""
        self._hear("received", data)

    def ended(self) -> None:
        """Keep it, or hand it on."""
        self._hear("ended")

    def lost(self, error: OSError) -> None:
        """There is none, or it was reset before it was taken."""
        if self._ear is not None:
            self._ear.lost(error)
        else:
            self._heard.append(("lost", error))
            self._loop.call_soon(self._done, error)

    def _done(self, error: OSError | None = None) -> None:
        if self.waiter.done():
            return
        if error is None:
            self.waiter.set_result(None)
        else:
            self.waiter.set_exception(error)

    def _hear(self, what: str, *args: Any) -> None:
        if self._ear is not None:
            getattr(self._ear, what)(*args)
        else:
            self._heard.append((what, args[0] if args else None))

    async def wait(self) -> None:
        """Wait; who is cancelled meanwhile gives the connection up."""
        try:
            await self.waiter
        except BaseException as error:  # cancelled, refused, reset
            self.wire.reset()
            if self.tap is not None:
                self.tap.over(error)
            raise

    async def start_tls(self) -> None:
        """One more round trip."""
        self.waiter = self._loop.create_future()
        gone = [error for what, error in self._heard if what == "lost"]
        if gone:
            self.waiter.set_exception(gone[0])
        else:
            self.wire.start_tls(self.connected)
        await self.wait()

    def hand_over(self, transport: "VirtualTransport") -> None:
        """Let the transport hear from now on."""
        self._ear = transport
        heard, self._heard = self._heard, []
        for what, argument in heard:
            getattr(transport, what)(*(() if what == "ended" else (argument,)))


async def open_wire(loop: "InertLoop", address: Address) -> Opened:
    """Connect by TCP.

    Raises:
        OSError: Refused, or not answered in time.
    """
    watcher = loop.watcher
    tap = watcher.dialled(address) if watcher is not None else None
    opened = Opened(loop, tap)
    opened.wire = loop.net.connect(loop.host, address, opened)
    if tap is not None:
        tap.from_address(opened.wire.local)
    await opened.wait()
    return opened


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
        self._paused = self._closing = self._closed = False
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
        self._loop.call_soon(self._fatal, error)

    def _look(self) -> None:
        if not self._looking and not self._paused and not self._closing:
            self._looking = True
            self._loop.call_soon(self._read)

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
            self._loop.call_soon(self._protocol.connection_lost, error)

    # what the protocol does ---------------------------------------------------------------------

    def write(self, data: Any) -> None:
        """Send bytes."""
        if data and not self._closing:
            data = bytes(data)
            if self._tap is not None:
                self._tap.sent(data)
            self._wire.write(data, self._loop.lag_ns)

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


class Listening(asyncio.AbstractServer):
    """What ``create_server`` gives."""

    def __init__(
        self, loop: "InertLoop", factory: Callable[[], Any], address: Address, tls: Any = None
    ) -> None:
        self._loop, self._factory, self._tls = loop, factory, tls
        self.listener: Listener | None = loop.net.listen(address, self._accept)
        self._address = self.listener.address
        self._waiting: dict[int, End] = {}  # accepted by the kernel, not yet by the process
        loop.listening.append(self)

    def _accept(self, end: End) -> None:
        self._waiting[id(end)] = end
        self._loop.call_soon(self._make, end)

    def _make(self, end: End) -> None:
        del self._waiting[id(end)]
        loop = self._loop
        tap = loop.watcher.accepted(end.remote) if loop.watcher is not None else None
        end.attach(VirtualTransport(loop, end, self._factory(), tls=self._tls, tap=tap))

    @property
    def sockets(self) -> tuple[Placeholder, ...]:
        """One, while it listens."""
        return (Placeholder(self._address),) if self.is_serving() else ()

    def close(self) -> None:
        """Listen no more."""
        if self.listener is not None:
            self.listener.close()
            self.listener = None

    def die(self) -> None:
        """The process was killed: the kernel resets what waits."""
        self.close()
        for end in self._waiting.values():
            end.reset()
        self._waiting.clear()

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """Whose it is."""
        return self._loop

    def is_serving(self) -> bool:
        """Whether it listens."""
        return self.listener is not None

    async def start_serving(self) -> None:
        """It does already."""

    async def serve_forever(self) -> None:
        """Until cancelled."""
        try:
            await self._loop.create_future()
        finally:
            self.close()

    async def wait_closed(self) -> None:
        """Connections are not waited for, as up to Python 3.11."""
