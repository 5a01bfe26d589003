from typing import Any

import pytest
from websockets.asyncio.client import connect

from stormlab.hosts.aio import World
from stormlab.vocabulary import Event


async def visit() -> None:
    async with connect("ws://127.0.0.1:8000/"):
        pass


def rows(world: World) -> list[tuple[str, int, int, int, str]]:
    world.client(visit)
    return [
        (row.event.value, row.client, row.conn, row.code, row.detail)
        for row in world.run(30)
        if row.event in {Event.DISCONNECT, Event.EXCEPTION, Event.ENDED}
    ]


@pytest.mark.parametrize("ws", ["websockets", "websockets-sansio", "wsproto", "none"])
def test_what_the_application_hears_is_told(echo_app: Any, ws: str) -> None:
    world = World()
    if ws == "none":
        world.serve_asgi(echo_app)
    else:
        world.serve(echo_app, ws=ws)
    assert rows(world) == [("srv.disconnect", 0, 0, 1000, ""), ("srv.ended", 0, 0, 0, "")]


@pytest.mark.parametrize("factory", [True, False])
def test_what_it_raises_is_told_and_passes_through(*, factory: bool) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            raise ValueError("oh")

    world = World()
    made: Any = (lambda: app) if factory else app
    server = world.serve(made, factory=factory)
    assert rows(world) == [
        ("srv.exception", 0, 0, 0, "ValueError: oh"),
        ("srv.ended", 0, 0, 0, ""),
    ]
    assert any("Exception in ASGI application" in line for line in server.lines)


def test_an_application_that_uvicorn_imports_is_left_alone() -> None:
    world = World()
    server = world.serve("no.such:application")
    world.run(1)
    assert not server.up
