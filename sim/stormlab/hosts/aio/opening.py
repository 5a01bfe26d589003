"""How a coroutine opens a connection: TCP, then TLS if it is asked for, then a transport."""

import asyncio
from typing import TYPE_CHECKING, Any

from stormlab.hosts.aio.network import Address, TcpEar, Wire
from stormlab.hosts.aio.transport import VirtualTransport
from stormlab.hosts.aio.watch import Tap

if TYPE_CHECKING:
    from stormlab.hosts.aio.inert import InertLoop


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

    def hand_over(self, transport: VirtualTransport) -> None:
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
