"""A server of the websockets library in this process, and a policy that is easy to foresee."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from stormlab.live import Reconnecting
from stormlab.policy import Chance, Decision, Fact, Happened, RetryAt, Stop, Terms

PATIENCE_S = 8.0
MS = 1_000_000


@dataclass
class Steady:
    """Retries ``delay_ms`` after every end, at most ``attempts_max`` times without an OPENED."""

    delay_ms: int = 20
    attempts_max: int = 1000
    terms: Terms = field(default_factory=Terms)
    told: list[Happened] = field(default_factory=list)
    failures: int = 0

    def on(self, happened: Happened, chance: Chance) -> Decision:
        del chance
        self.told.append(happened)
        if happened.fact is Fact.OPENED:
            self.failures = 0
        if happened.fact in {Fact.RETRY_BY_HAND, Fact.ONLINE}:
            self.failures = 0
            return RetryAt(happened.time_ns)
        if happened.fact is Fact.OFFLINE:
            return Stop("offline", announced=False)
        if happened.fact not in {Fact.DROPPED, Fact.REFUSED}:
            return None
        self.failures += 1
        if self.failures > self.attempts_max:
            return Stop("attempts used up")
        return RetryAt(happened.time_ns + self.delay_ms * MS)

    def may_attempt(self, time_ns: int) -> bool:
        del time_ns
        return True

    def of(self, fact: Fact) -> list[Happened]:
        return [happened for happened in self.told if happened.fact is fact]


@dataclass
class Place:
    """Where the server is, and how many requests reached it."""

    uri: str
    requests: int = 0


async def behave(connection: ServerConnection) -> None:
    """Do what the path asks for: close with a code, or greet and echo."""
    path = connection.request.path if connection.request else ""
    if path.startswith("/close/"):
        _, _, code, reason = path.split("/")
        await connection.close(int(code), reason.replace("+", " "))
        return
    if path != "/silent":
        await connection.send("hello")
    async for message in connection:
        await connection.send(message)


@asynccontextmanager
async def served(**settings: Any) -> AsyncIterator[Place]:
    place = Place("")

    def answer(connection: ServerConnection, request: Request) -> Response | None:
        place.requests += 1
        if not request.path.startswith("/status/"):
            return None
        status = int(request.path.removeprefix("/status/"))
        response = connection.respond(HTTPStatus(status), "no\n")
        response.headers["Retry-After"] = "7"
        return response

    async with serve(behave, "127.0.0.1", 0, process_request=answer, **settings) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        place.uri = f"ws://127.0.0.1:{port}"
        yield place


@pytest.fixture
def server() -> Callable[..., AbstractAsyncContextManager[Place]]:
    """Serve for the length of an ``async with``."""
    return served


@pytest.fixture
def steady() -> type[Steady]:
    """The policy's class."""
    return Steady


@pytest.fixture
def in_time() -> Callable[[Coroutine[Any, Any, None]], None]:
    """Run a coroutine that must end soon and leave no task behind."""

    async def bounded(coroutine: Coroutine[Any, Any, None]) -> None:
        before = asyncio.all_tasks()
        async with asyncio.timeout(PATIENCE_S):
            await coroutine
        await asyncio.sleep(0.01)
        left = [task for task in asyncio.all_tasks() - before if "served" not in repr(task)]
        assert not left

    return lambda coroutine: asyncio.run(bounded(coroutine))


@pytest.fixture(scope="session")
def until() -> Callable[[Callable[[], Any]], Coroutine[Any, Any, None]]:
    """Wait for something that happens in the same loop: to be awaited with a condition."""

    async def wait(condition: Callable[[], Any]) -> None:
        while not condition():  # noqa: ASYNC110  what is waited for is a list of facts
            await asyncio.sleep(0.005)

    return wait


@pytest.fixture(scope="session")
def never_opens() -> Callable[[Reconnecting], Coroutine[Any, Any, None]]:
    """Let a client try until its loop ends; no connection may open."""

    async def tries(client: Reconnecting) -> None:
        async for _ in client:
            pytest.fail("opened")

    return tries
