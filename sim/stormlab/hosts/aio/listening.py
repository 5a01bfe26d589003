"""asyncio's servers over the virtual TCP.

What the kernel has accepted the process takes at once, all of it, as asyncio's own loop does; a
loop in uvloop's order takes one connection at each poll.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from stormlab.hosts.aio.network import Address, End, Listener
from stormlab.hosts.aio.transport import Placeholder, VirtualTransport

if TYPE_CHECKING:
    from stormlab.hosts.aio.inert import InertLoop


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
        if not self._loop.in_phases:
            self._loop.call_soon(self._make, end)
        elif len(self._waiting) == 1:
            self._loop.call_polled(self._take_one)

    def _take_one(self) -> None:
        self._make(next(iter(self._waiting.values())))
        if self._waiting:  # the listening socket stays readable
            self._loop.call_polled(self._take_one)

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
