"""A connection of the ``websockets`` library that says when it proved itself. Needs websockets.

Two additions to :class:`websockets.asyncio.client.ClientConnection`: the first message that the
application receives is reported, and iterating over messages ends with the connection, however that
ended, since what follows is the policy's business. ``recv`` and ``send`` raise ``ConnectionClosed``
as always.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from stormlab.policy.contract import HasTerms, Policy, terms_of

CLOSED = ConnectionClosed
PING_TIMEOUT_S = 20.0  # the library's own, for a policy that pings but says not how long to wait
TERM_OF = {
    "open_timeout": "connect_timeout_s",
    "ping_interval": "heartbeat_s",
    "ping_timeout": "heartbeat_timeout_s",
}


class LiveConnection(ClientConnection):
    """What a :class:`stormlab.live.Reconnecting` client yields."""

    on_message: Callable[[], None] | None = None

    async def recv(self, decode: bool | None = None) -> Any:  # noqa: ANN401, FBT001  as there
        """Receive the next message, as ``ClientConnection.recv`` does."""
        message = await super().recv(decode)
        self._proved()
        return message

    async def recv_streaming(self, decode: bool | None = None) -> AsyncIterator[Any]:  # noqa: FBT001  as there
        """Receive the next message frame by frame."""
        async for frame in super().recv_streaming(decode):
            self._proved()
            yield frame

    async def __aiter__(self) -> AsyncIterator[Any]:
        with contextlib.suppress(ConnectionClosed):
            while True:
                yield await self.recv()

    def abort(self) -> None:
        """Drop the connection, if it is open, without a closing handshake: close code 1006."""
        if self.close_code is None:
            self.transport.abort()

    def _proved(self) -> None:
        if self.on_message is not None:
            self.on_message()


def within_terms(policy: Policy, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Make the arguments of ``websockets.connect`` agree with the policy's terms.

    Raises:
        ValueError: when an argument says what the policy says.
    """
    terms = terms_of(policy)
    for argument, term in TERM_OF.items():
        value = getattr(terms, term)
        if value is not None and argument in kwargs:
            msg = f"{argument}={kwargs[argument]}: the policy sets {term}={value:g}"
            raise ValueError(f"{msg}; leave {argument} out")
    kwargs = {"ping_timeout": terms.heartbeat_timeout_s or PING_TIMEOUT_S} | kwargs
    if isinstance(policy, HasTerms):  # no timeout is a term too: as long as the network waits
        kwargs = {"open_timeout": None} | kwargs
    if terms.heartbeat_s is not None:
        kwargs["ping_interval"] = None  # :func:`beat` pings
    return kwargs


async def open_connection(uri: str, **kwargs: Any) -> LiveConnection:  # noqa: ANN401  as there
    """Connect, as ``websockets.connect(uri, **kwargs)`` does.

    Raises:
        ValueError: when ``create_connection`` is given and is no LiveConnection.
    """
    made_by = kwargs.setdefault("create_connection", LiveConnection)
    if not (isinstance(made_by, type) and issubclass(made_by, LiveConnection)):
        msg = f"create_connection={made_by!r}: allowed is a subclass of {LiveConnection.__module__}"
        raise ValueError(f"{msg}.LiveConnection")  # noqa: TRY004  bad input is a ValueError here
    connection = await connect(uri, **kwargs)
    assert isinstance(connection, LiveConnection)  # noqa: S101  just checked; for the type
    return connection


def for_the_policy(error: Exception) -> Exception | None:
    """Tell what the policy decides about (None) from a mistake that no retry mends (the error).

    Unlike :func:`websockets.asyncio.client.process_exception`, whose argument and answers it
    shares, it leaves every refused handshake to the policy: that is told the HTTP status.
    """
    return None if isinstance(error, OSError | EOFError | InvalidHandshake) else error


async def beat(connection: ClientConnection, every_s: float, timeout_s: float | None) -> None:
    """Ping every ``every_s``; drop the connection when a pong takes longer than ``timeout_s``."""
    clock = asyncio.get_running_loop().time
    due_s = clock()
    try:
        while True:
            due_s = max(due_s + every_s, clock())
            await asyncio.sleep(due_s - clock())
            async with asyncio.timeout(timeout_s):
                await (await connection.ping())
    except TimeoutError:
        connection.transport.abort()
    except ConnectionClosed:
        pass
