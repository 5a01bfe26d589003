import asyncio
from typing import Any

import pytest
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from websockets.asyncio.client import connect

from stormlab.hosts.aio import World
from stormlab.hosts.wire import End
from stormlab.vocabulary import Cause, Event

URL = "ws://127.0.0.1:8000/rooms/7?name=x"


def test_fastapi_is_served(told: Any) -> None:
    app = FastAPI()
    seen: list[Any] = []

    @app.websocket("/rooms/{number}")
    async def room(websocket: WebSocket, number: int, name: str) -> None:
        await websocket.accept(subprotocol="b", headers=[(b"x-one", b"1")])
        seen.append([number, name, websocket.headers["host"]])
        try:
            while True:
                await websocket.send_json({"got": await websocket.receive_text()})
        except WebSocketDisconnect as gone:
            seen.append(gone.code)

    async def main() -> None:
        async with connect(URL, subprotocols=["a", "b"]) as connection:  # type: ignore[list-item]
            seen.append([connection.subprotocol, connection.response.headers["x-one"]])  # type: ignore[union-attr]
            await connection.send("hello")
            seen.append(await connection.recv())
            await connection.close(4000)

    world = World()
    world.serve_asgi(app)
    world.client(main)
    trace = world.run(10)
    assert world.failures == []
    assert seen == [
        [7, "x", "127.0.0.1:8000"],
        ["b", "1"],
        '{"got":"hello"}',
        4000,
    ]
    assert told(trace, Event.DISCONNECT, "code") == [(0.07, 4000)]


def test_the_lifespan_is_run() -> None:
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            scope["state"]["shared"] = 5
            for _ in range(2):
                event = await receive()
                await asyncio.sleep(1)
                seen.append(f"{event['type']} {asyncio.get_running_loop().time()}")
                await send({"type": event["type"] + ".complete"})
        else:
            await receive()
            await send({"type": "websocket.accept"})
            seen.append(f"shared {scope['state']['shared']}")
            while (await receive())["type"] != "websocket.disconnect":
                pass
            await asyncio.sleep(2)

    async def main() -> None:
        async with connect("ws://127.0.0.1:8000/") as connection:
            await connection.wait_closed()

    world = World()
    server = world.serve_asgi(app)
    world.client(main, at_s=3)
    world.at(5, server.stop)
    world.run(20)
    assert seen == ["lifespan.startup 1.0", "shared 5", "lifespan.shutdown 8.0"]


def test_a_startup_that_fails_is_a_failure() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": f"{scope['type']}.startup.failed", "message": "no"})

    world = World()
    server = world.serve_asgi(app)
    world.run(5)
    assert not server.up
    assert "startup failed" in world.failures[0]


async def accept_then(scope: Any, receive: Any, send: Any, then: Any) -> None:
    if scope["type"] == "lifespan":
        raise ValueError("none")
    await receive()
    await send({"type": "websocket.accept"})
    await then(receive, send)


@pytest.mark.parametrize(("raises", "code"), [(True, 1011), (False, 1000)])
def test_an_application_that_ends_closes(listener: Any, *, raises: bool, code: int) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        async def end(*_: Any) -> None:
            if raises:
                raise ValueError("oh")

        await accept_then(scope, receive, send, end)

    world = World()
    world.serve_asgi(app)
    ear, dial = listener(world), world.dial(direct=True)
    world.at(0, lambda: dial("ws://127.0.0.1:8000/", (), ear))
    trace = world.run(5)
    assert ear.heard[-1][1] == End(code, clean=True, failed=False, cause=Cause.SERVER_CLOSED)
    raised = [row.detail for row in trace if row.event is Event.EXCEPTION]
    assert raised == (["ValueError: oh"] if raises else [])


def test_an_application_that_raises_before_accept_answers_500(listener: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError("oh")

    world = World()
    world.serve_asgi(app)
    ear, dial = listener(world), world.dial()
    world.at(0, lambda: dial("ws://127.0.0.1:8000/", (), ear))
    trace = world.run(5)
    assert [row.code for row in trace if row.event is Event.REJECTED] == [500]
    assert ear.heard == [(40, End(cause=Cause.REJECTED))]


def test_a_send_after_the_end_raises(told: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        async def talk(receive: Any, send: Any) -> None:
            await asyncio.sleep(2)
            await send({"type": "websocket.send", "text": "x"})

        await accept_then(scope, receive, send, talk)

    async def main() -> None:
        async with connect("ws://127.0.0.1:8000/"):
            await asyncio.sleep(1)

    world = World()
    world.serve_asgi(app)
    world.client(main)
    trace = world.run(5)
    assert told(trace, Event.EXCEPTION, "detail") == [(2.03, "GoneError: the client has gone")]


def test_what_the_application_hears_of_the_end() -> None:
    codes: list[tuple[str, int]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        async def listen(receive: Any, send: Any) -> None:
            del send
            event = await receive()
            codes.append((scope["path"], event["code"]))

        await accept_then(scope, receive, send, listen)

    async def dial(path: str, how: str) -> None:
        connection = await connect(f"ws://127.0.0.1:8000{path}")
        await asyncio.sleep(1)
        if how == "closes":
            await connection.close(4001)
        elif how == "aborts":
            connection.transport.abort()
        await asyncio.sleep(9)

    world = World()
    server = world.serve_asgi(app)
    for how in ("closes", "aborts", "stays"):
        world.client(lambda how=how: dial(f"/{how}", how))  # type: ignore[misc]
    world.at(3, server.stop)
    world.run(5)
    assert sorted(codes) == [("/aborts", 1006), ("/closes", 4001), ("/stays", 1012)]


def test_a_restart_while_the_old_process_still_waits(told: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        async def linger(receive: Any, send: Any) -> None:
            del receive, send
            await asyncio.sleep(5)

        await accept_then(scope, receive, send, linger)

    async def main() -> None:
        async with connect("ws://127.0.0.1:8000/") as connection:
            await connection.wait_closed()

    world = World()
    server = world.serve_asgi(app)
    world.client(main)
    world.at(1, server.stop)
    world.at(2, server.start)
    world.client(main, at_s=3)
    trace = world.run(20)
    assert told(trace, Event.UP) == [(0.0,), (2.0,)]
    assert [row[0] for row in told(trace, Event.OPEN)] == [0.04, 3.04]
