import asyncio
import contextlib
from typing import Any

import pytest
import websockets
from websockets.asyncio.client import connect

from stormlab.hosts.aio import World
from stormlab.trace import Trace
from stormlab.vocabulary import Cause, Event

URL = "ws://127.0.0.1:8000/ws"


def ends(trace: Trace) -> list[tuple[int, int, Cause]]:
    return [(row.code, row.clean, row.cause) for row in trace if row.event is Event.CLOSE]


def of_one(trace: Trace) -> list[str]:
    return [row.event.value for row in trace if row.socket == 0 and row.client == 0]


@pytest.fixture
def world(echo_app: Any) -> World:
    world = World(seed=1)
    world.serve(echo_app, ws="websockets")
    return world


def test_a_whole_life(world: World) -> None:
    async def main() -> None:
        async with connect(URL) as connection:
            await connection.send("hello")
            await connection.recv()

    world.client(main)
    trace = world.run(10)
    assert of_one(trace) == [
        "page.new",
        "net.request",
        "srv.started",
        "net.response",
        "srv.accepted",
        "page.open",
        "page.send",
        "net.client_frame",
        "srv.received",
        "net.server_frame",
        "page.message",
        "page.close_called",
        "net.client_frame",
        "net.server_frame",
        "page.close",
        "srv.lost",  # it waits for the client's FIN
        "srv.disconnect",
        "srv.ended",
    ]
    assert ends(trace) == [(1000, 1, Cause.CLOSED_BY_PAGE)]
    [disconnect] = [row for row in trace if row.event is Event.DISCONNECT]
    assert disconnect.code == 1000
    assert trace.endpoints == ("127.0.0.1:8000",)


async def dial() -> None:
    try:
        async with connect(URL) as connection:
            await connection.wait_closed()
    except (OSError, websockets.InvalidHandshake):
        pass


def test_a_server_that_closes(world: World) -> None:
    world.serve_asgi(never, port=8001)

    async def other() -> None:
        async with connect("ws://127.0.0.1:8001/") as connection:
            await connection.wait_closed()

    world.client(other)
    trace = world.run(10)
    assert ends(trace) == [(4321, 1, Cause.SERVER_CLOSED)]


async def never(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        raise ValueError("none")
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": 4321})
    await receive()


def test_a_server_that_dies(echo_app: Any) -> None:
    world = World(seed=1)
    server = world.serve(echo_app)
    world.client(dial)
    world.at(1.0, server.kill)
    assert ends(world.run(10)) == [(1006, 0, Cause.SERVER_DROPPED)]


def test_nobody_listens() -> None:
    world = World()
    world.client(dial)
    assert ends(world.run(10)) == [(1006, 0, Cause.REFUSED)]


def test_an_answer_that_is_no_upgrade() -> None:
    async def forbid(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close"})

    world = World()
    world.serve(forbid)
    world.client(dial)
    trace = world.run(10)
    assert ends(trace) == [(1006, 0, Cause.REJECTED)]
    [response] = [row for row in trace if row.event is Event.RESPONSE]
    [rejected] = [row for row in trace if row.event is Event.REJECTED]
    assert response.code == rejected.code == 403
    assert [row.detail for row in trace if row.event is Event.CLOSE] == ["HTTP 403"]


def test_an_attempt_that_is_given_up(world: World) -> None:
    async def main() -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(dial(), 0.5)

    world.network.cut("127.0.0.1")
    world.client(main)
    trace = world.run(10)
    assert ends(trace) == [(1006, 0, Cause.ABORTED_CONNECTING)]
    assert [row.time_ns for row in trace if row.event is Event.CLOSE] == [500_000_000]


def test_a_plain_request_is_no_websocket() -> None:
    async def page(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await receive()
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    async def main() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", 8000)
        writer.write(b"GET /page?x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        await reader.read()
        writer.close()

    world = World()
    world.serve(page)
    world.client(main)
    trace = world.run(10)
    rows = [(row.event.value, row.code, row.detail) for row in trace if row.socket == 0]
    assert rows == [
        ("page.new", 0, ""),
        ("page.http_request", 0, "GET /page"),
        ("page.http_response", 204, ""),
        ("page.close", 1006, "HTTP 204"),
    ]


def test_attempts_are_counted_by_client_and_endpoint(echo_app: Any, told: Any) -> None:
    async def main() -> None:
        for port in (8000, 8001, 8000):
            async with connect(f"ws://127.0.0.1:{port}/"):
                pass

    world = World()
    world.serve(echo_app)
    world.serve(echo_app, port=8001)
    world.client(main)
    world.client(main)
    trace = world.run(10)
    rows = [row[1:] for row in told(trace, Event.NEW, "client", "endpoint", "socket", "attempt")]
    assert sorted(rows) == [
        (client, *rest) for client in (0, 1) for rest in ((0, 0, 1), (0, 2, 2), (1, 1, 1))
    ]
