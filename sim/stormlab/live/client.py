"""A client of the ``websockets`` library that reconnects as a policy says.

asyncio drives :class:`stormlab.policy.host.Host`: it waits until an attempt is due, makes it, and
tells what came of it. Times are those of the event loop's monotonic clock, in integer nanoseconds
since the client was first used.
"""

import asyncio
import contextlib
import importlib
import logging
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from types import AsyncGeneratorType, ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, cast

from stormlab.live import failures
from stormlab.live.chance import SystemChance
from stormlab.live.failures import GaveUp, HttpFirstError
from stormlab.policy.contract import (
    Chance,
    Fact,
    Happened,
    Policy,
    Stop,
    terms_of,
)
from stormlab.policy.host import Host, Step

if TYPE_CHECKING:
    from stormlab.live.connection import LiveConnection

ProvedBy = Literal["message", "application"]
WhenStopped = Literal["raise", "end", "wait"]
HttpFirst = Callable[[], Awaitable[str | None]]

_log = logging.getLogger("stormlab.live")


class Reconnecting:
    """Connections to ``uri``, one after the other, at the times that ``policy`` decides.

    ::

        async with Reconnecting("wss://example.org/feed", policy) as client:
            async for connection in client:
                async for message in connection:
                    ...

    The loop's body gets each connection when it is open; when the body ends, the connection is
    closed and the next one is made, as the policy says. ``async with`` closes what is open however
    the loop was left; without it that happens when Python collects the loop's iterator.

    Args:
        uri: The server's ``ws:`` or ``wss:`` URI.
        policy: One object for each client. Its :class:`~stormlab.policy.Terms` are kept; one that
            states none leaves time limits and pings to websockets' defaults.
        chance: Where the policy draws from; by default the operating system.
        http_first: Called before each handshake; its success is told as REACHED, a failure ends
            the attempt. It may return the URI to connect to. Needed if the policy's terms ask for
            it.
        proved_by: What is told as PROVED: the first ``message`` that the body receives, or only
            :meth:`prove` (``application``).
        when_stopped: What the loop does when nothing brings the next attempt: ``raise``
            :class:`GaveUp`, ``end``, or ``wait`` for a fact. While the application has said
            offline or hidden it waits in any case, for the fact that ends this.
        on_step: Called with each :class:`~stormlab.policy.host.Attempt` and each
            :class:`~stormlab.policy.host.Told`, for logs and metrics.
        kwargs: Passed to :func:`websockets.connect`. ``process_exception`` has the meaning it has
            there; by default every refused handshake is left to the policy. ``create_connection``
            must be a subclass of :class:`stormlab.live.connection.LiveConnection`.

    Raises:
        ImportError: One line, when websockets is not installed.
        ValueError: When an argument contradicts the policy's terms.

    Facts are told from the event loop's thread; from another one use
    ``loop.call_soon_threadsafe(client.online)``.
    """

    def __init__(
        self,
        uri: str,
        policy: Policy,
        *,
        chance: Chance | None = None,
        http_first: HttpFirst | None = None,
        proved_by: ProvedBy = "message",
        when_stopped: WhenStopped = "raise",
        on_step: Callable[[Step], None] | None = None,
        **kwargs: Any,  # noqa: ANN401  the library's
    ) -> None:
        self.uri = uri
        self.terms = terms_of(policy)  # of the latest attempt
        self._library = _library()
        self._retryable = kwargs.pop("process_exception", self._library.for_the_policy)
        self._http_first = http_first
        self._kwargs = kwargs
        self._arguments = self._library.within_terms(policy, kwargs)  # of the latest attempt
        if self.terms.http_first and http_first is None:
            msg = "http_first is missing: the policy asks for an HTTP call before each handshake"
            raise ValueError(f"{msg}; give a coroutine function that makes it")
        self._proved_by = proved_by
        self._when_stopped = when_stopped
        self._on_step = on_step
        self._host = Host(policy, chance or SystemChance(), listen=self._listen)
        self._origin_s: float | None = None
        self._news = asyncio.Event()
        self._connection: LiveConnection | None = None
        self._loop: weakref.ref[AsyncGeneratorType[LiveConnection, None]] | None = None
        self._in_block = False  # of ``async with``
        self._kept: AsyncGenerator[LiveConnection, None] | None = None
        self._failure: BaseException | None = None  # that came last
        self._logged: Stop | None = None

    # what the application tells -----------------------------------------------------------------

    def prove(self) -> None:
        """The application answered on this connection; told once for each connection."""
        self._tell(Fact.PROVED, self._host.attempt)

    def online(self) -> None:
        """The device has a network."""
        self._tell(Fact.ONLINE)

    def offline(self) -> None:
        """The device has no network; the connection is dropped if the policy's terms say so."""
        self._tell(Fact.OFFLINE)
        if self.terms.closes_offline and self._connection is not None:
            self._connection.abort()

    def visible(self) -> None:
        """A person sees the application."""
        self._tell(Fact.VISIBLE)

    def hidden(self) -> None:
        """Nobody sees the application."""
        self._tell(Fact.HIDDEN)

    def retry_by_hand(self) -> None:
        """A person asks for a connection."""
        self._tell(Fact.RETRY_BY_HAND)

    # the loop -----------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        self._in_block = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        loop, self._kept, self._in_block = self._kept, None, False
        if loop is not None:
            await loop.aclose()

    def __aiter__(self) -> AsyncIterator["LiveConnection"]:
        """Begin, or go on where the last loop ended; one loop at a time."""
        if self._unfinished() is not None:
            msg = "this client is being iterated already: make one client for each loop"
            raise RuntimeError(msg)
        loop = cast("AsyncGeneratorType[LiveConnection, None]", self._connections())
        self._loop = weakref.ref(loop)  # so that a loop that was left is collected, and closes
        if self._in_block:
            self._kept = loop  # but the end of the block closes it, and waits for that
        return loop

    def _unfinished(self) -> "AsyncGeneratorType[LiveConnection, None] | None":
        loop = self._loop() if self._loop is not None else None
        return loop if loop is not None and loop.ag_frame is not None else None

    async def run(self, handler: Callable[["LiveConnection"], Awaitable[object]]) -> None:
        """Call ``handler`` with each connection; the end of a connection ends only that call.

        Returns or raises as the loop does when the policy has stopped; what else the handler raises
        comes out.
        """
        async with self:
            async for connection in self:
                with contextlib.suppress(self._library.CLOSED):
                    await handler(connection)

    async def _connections(self) -> AsyncGenerator["LiveConnection", None]:
        self._host.start(self._now_ns())
        while await self._due():
            connection = await self._attempt()
            if connection is None:
                continue
            tasks = self._watch(connection)
            try:
                yield connection
            finally:
                await self._end(connection, tasks)

    async def _due(self) -> bool:
        """Wait until an attempt is due; False: the policy has stopped and the loop ends."""
        while True:
            due_ns, stop = self._host.due_ns, self._host.stopped
            if due_ns is not None and due_ns <= self._now_ns():
                return True
            if stop is not None and not self._waits_for_a_fact(stop):
                if self._when_stopped == "end":
                    return False
                raise GaveUp(stop) from self._failure
            self._news.clear()
            until_s = None if due_ns is None else (self._origin_s or 0) + due_ns / failures.NS_PER_S
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(until_s):
                    await self._news.wait()

    def _waits_for_a_fact(self, stop: Stop) -> bool:
        waits = self._host.away or self._when_stopped == "wait"
        if self._logged is not stop:
            self._logged = stop
            then = "waiting for a fact that changes this" if waits else "the loop ends"
            _log.warning("%s: no further attempt: %s; %s", self.uri, stop.reason, then)
        return waits

    async def _attempt(self) -> "LiveConnection | None":
        """Make one attempt and tell how it ended; None: withheld, or refused."""
        number = self._host.begin(self._now_ns())
        if number is None:
            return None
        self._logged = None
        self.terms = terms_of(self._host.policy)
        self._arguments = self._library.within_terms(self._host.policy, self._kwargs)
        try:
            connection = await self._open(number)
        except BaseException as error:
            self._host.tell(failures.refused(error, self._now_ns()), number)
            if not isinstance(error, Exception):
                raise
            fatal = self._retryable(error)
            if fatal is error:
                raise
            if fatal is not None:
                raise fatal from error
            self._failure = error
            _log.info("%s: attempt %d refused: %r", self.uri, number, error)
            return None
        self._tell(Fact.OPENED, number)
        return connection

    async def _open(self, number: int) -> "LiveConnection":
        limit_s = self.terms.connect_timeout_s
        try:
            async with asyncio.timeout(limit_s) as limit:
                uri = await self._reach(number)
                opened: LiveConnection
                opened = await self._library.open_connection(uri, **self._arguments)
                return opened
        except TimeoutError as error:
            if limit.expired():
                raise TimeoutError(f"not open within {limit_s} s") from error
            raise

    async def _reach(self, number: int) -> str:
        """Make the HTTP call that precedes the handshake, if any; give the URI to connect to."""
        if self._http_first is None:
            return self.uri
        try:
            uri = await self._http_first()
        except Exception as error:
            raise HttpFirstError(f"the HTTP call before the handshake: {error!r}") from error
        self._tell(Fact.REACHED, number)
        return uri or self.uri

    # a connection -------------------------------------------------------------------------------

    def _watch(self, connection: "LiveConnection") -> list[asyncio.Task[None]]:
        """Tell when the connection ends, whatever the loop's body is doing; ping."""
        number = self._host.attempt
        self._connection = connection
        if self._proved_by == "message":
            connection.on_message = lambda: self._tell(Fact.PROVED, number)

        async def until_closed() -> None:
            await connection.wait_closed()
            self._failure = connection.protocol.close_exc
            code, reason = connection.close_code, connection.close_reason
            _log.info("%s: connection %d closed: %s %s", self.uri, number, code, reason)
            self._host.tell(failures.dropped(code, reason, self._now_ns()), number)
            self._news.set()

        tasks = [asyncio.create_task(until_closed())]
        if self.terms.heartbeat_s is not None:
            timeout_s = self._arguments["ping_timeout"]
            beat = self._library.beat(connection, self.terms.heartbeat_s, timeout_s)
            tasks.append(asyncio.create_task(beat))
        return tasks

    async def _end(self, connection: "LiveConnection", tasks: list[asyncio.Task[None]]) -> None:
        """Close the connection and wait until the policy has been told; leave no task behind."""
        try:
            await connection.close()
        finally:
            connection.abort()  # cancelled while closing: there is no time for the other end
            for task in tasks[1:]:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            if self._connection is connection:
                self._connection = None
        for error in ended:
            if isinstance(error, Exception):
                raise error

    # the host -----------------------------------------------------------------------------------

    def _now_ns(self) -> int:
        now_s = asyncio.get_running_loop().time()
        if self._origin_s is None:
            self._origin_s = now_s
        return round((now_s - self._origin_s) * failures.NS_PER_S)

    def _tell(self, fact: Fact, attempt: int | None = None) -> None:
        self._host.tell(Happened(fact, self._now_ns()), attempt)
        self._news.set()

    def _listen(self, step: Step) -> None:
        if self._on_step is None:
            return
        try:
            self._on_step(step)
        except Exception:  # noqa: BLE001  a broken metric must not end the connection
            _log.exception("%s: on_step failed", self.uri)


def _library() -> ModuleType:
    try:
        return importlib.import_module("stormlab.live.connection")
    except ImportError as error:
        msg = f"stormlab.live needs websockets 15 or newer: pip install 'stormlab[live]' ({error})"
        raise ImportError(msg) from None
