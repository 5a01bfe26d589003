"""What asyncio asks of every loop and what has one plain answer here.

Executors run inline, names are resolved in memory, signals are accepted and never come, debug is
off. ``sock_connect`` is how aiohttp opens its connections: the socket object is only a placeholder,
the connection is one of the virtual network.
"""

import asyncio
import concurrent.futures
import socket
from collections.abc import Callable
from typing import Any, TypeVarTuple

from stormlab.hosts.aio.cures import Cure
from stormlab.hosts.aio.listening import Listening
from stormlab.hosts.aio.network import Net
from stormlab.hosts.aio.opening import open_wire
from stormlab.hosts.aio.transport import VirtualTransport
from stormlab.hosts.aio.watch import Watching

Ts = TypeVarTuple("Ts")
MISSING = "not there in virtual time: {}"


class InertLoop(asyncio.AbstractEventLoop):
    """The plain answers."""

    net: Net
    host: str
    cures: frozenset[Cure]
    watcher: Watching | None
    transports: dict[int, VirtualTransport]  # open ones, in the order of opening
    listening: list[Listening]
    _placeholders: dict[int, Any]
    in_phases = False  # uvloop's order of things; see stormlab.hosts.aio.phased

    def call_polled(self, callback: Callable[..., object], *args: Any) -> asyncio.Handle:
        """Run a callback of a socket that has become readable."""
        return self.call_soon(callback, *args)

    @property
    def lag_ns(self) -> int:
        """By how much the running step is ahead of the clock."""
        raise NotImplementedError

    def get_debug(self) -> bool:
        """No debugging by asyncio."""
        return False

    def set_debug(self, enabled: bool) -> None:  # noqa: FBT001  asyncio's signature
        """Not done."""

    def add_signal_handler(self, sig: int, callback: Callable[[*Ts], object], *args: *Ts) -> None:
        """Accepted; no signal comes."""

    def remove_signal_handler(self, sig: int) -> bool:
        """There was none."""
        del sig
        return False

    def set_exception_handler(self, handler: Any) -> None:
        """Not called: whatever nobody catches is kept by the world."""

    def get_exception_handler(self) -> None:
        """There is none."""

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        """Keep it."""
        self.call_exception_handler(context)

    def set_task_factory(self, factory: Any) -> None:
        """Not used: tasks are numbered."""

    def get_task_factory(self) -> None:
        """There is none."""

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Call ``func`` at once, in this thread."""
        if "threads" not in self.cures:
            pool = executor or concurrent.futures.ThreadPoolExecutor(1)
            return asyncio.wrap_future(pool.submit(func, *args), loop=self)
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001  the caller's
            future.set_exception(error)
        return future

    def set_default_executor(self, executor: Any) -> None:
        """Not used."""

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """There is none."""

    def run_forever(self) -> None:
        """The world's clock runs the loop."""
        raise RuntimeError(MISSING.format("a loop of one's own to run"))

    def run_until_complete(self, future: Any) -> Any:
        """As :meth:`run_forever`."""
        if hasattr(future, "close"):
            future.close()
        self.run_forever()

    def stop(self) -> None:
        """The world's clock stops the loop."""

    # names and connections ----------------------------------------------------------------------

    async def getaddrinfo(
        self,
        host: Any,
        port: Any,
        *,
        family: int = 0,
        type: int = 0,  # noqa: A002  asyncio's name
        proto: int = 0,
        flags: int = 0,
    ) -> list[tuple[Any, ...]]:
        """One IPv4 address for every name."""
        del family, proto, flags
        name = host.decode() if isinstance(host, bytes) else host
        kind = socket.SocketKind(type) if type else socket.SOCK_STREAM
        where = (self.net.resolve(name), int(port or 0))
        return [(socket.AF_INET, kind, socket.IPPROTO_TCP, "", where)]

    async def getnameinfo(self, sockaddr: Any, flags: int = 0) -> tuple[str, str]:
        """The address itself."""
        del flags
        return str(sockaddr[0]), str(sockaddr[1])

    async def create_connection(
        self,
        protocol_factory: Callable[[], Any],
        host: str | None = None,
        port: int | None = None,
        *,
        ssl: Any = None,
        sock: Any = None,
        server_hostname: str | None = None,
        **_: Any,
    ) -> tuple[Any, Any]:
        """Connect by TCP, shake hands if ``ssl`` is given, and make the protocol."""
        del server_hostname
        if sock is not None:
            opened = self._placed().pop(id(sock), None)
            if opened is None:
                raise OSError(MISSING.format("a socket that was connected elsewhere"))
            sock.close()
        else:
            opened = await open_wire(self, (str(host), int(port or 0)))
        if ssl:
            await opened.start_tls()
        protocol = protocol_factory()
        transport = VirtualTransport(self, opened.wire, protocol, tls=ssl or None, tap=opened.tap)
        made = self.create_future()
        self.call_soon(made.set_result, None)  # behind connection_made
        opened.hand_over(transport)
        await made
        return transport, protocol

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        """Connect; :meth:`create_connection` finds the connection by the socket object."""
        self._placed()[id(sock)] = await open_wire(self, (str(address[0]), int(address[1])))

    def _placed(self) -> dict[int, Any]:
        if not hasattr(self, "_placeholders"):
            self._placeholders = {}
        return self._placeholders

    async def create_server(  # type: ignore[override]
        self,
        protocol_factory: Callable[[], Any],
        host: Any = None,
        port: int | None = None,
        *,
        sock: Any = None,
        ssl: Any = None,
        **_: Any,
    ) -> Listening:
        """Listen in memory; of several hosts at the first."""
        if sock is not None:
            raise OSError(MISSING.format("a listening socket of the operating system"))
        if isinstance(host, (list, tuple)):
            host = host[0] if host else None
        where = (self.net.resolve(host), int(port or 0))
        return Listening(self, protocol_factory, where, tls=ssl or None)

    async def start_tls(self, transport: Any, protocol: Any, sslcontext: Any, **_: Any) -> Any:
        """Shake hands on a connection that is there, by one round trip."""
        del protocol
        await transport.upgrade(sslcontext)
        return transport


def _missing(name: str) -> Callable[..., Any]:
    def method(self: InertLoop, *_: Any, **__: Any) -> Any:
        del self
        raise NotImplementedError(MISSING.format(f"loop.{name}()"))

    return method


for _name in (
    "add_reader",
    "add_writer",
    "connect_accepted_socket",
    "connect_read_pipe",
    "connect_write_pipe",
    "create_datagram_endpoint",
    "create_unix_connection",
    "create_unix_server",
    "sendfile",
    "sock_accept",
    "sock_recv",
    "sock_sendall",
    "subprocess_exec",
    "subprocess_shell",
):
    setattr(InertLoop, _name, _missing(_name))
