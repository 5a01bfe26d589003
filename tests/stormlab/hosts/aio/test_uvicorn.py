import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from websockets.asyncio.client import connect

from stormlab.hosts.aio import World
from stormlab.vocabulary import Event

WS = ("websockets", "websockets-sansio", "wsproto")


@pytest.mark.parametrize("ws", WS)
def test_start_stop_kill(ws: str, echo_app: Any, talking: Callable[[], Any], told: Any) -> None:
    world = World(seed=1)
    server = world.serve(echo_app, ws=ws)
    world.client(talking)
    world.at(3.05, server.stop)
    world.at(6.0, server.start)
    world.at(15.5, server.kill)
    trace = world.run(20.0)
    assert world.failures == []
    assert told(trace, Event.SHUTDOWN) == [(3.05,)]
    assert told(trace, Event.CLOSED, "code") == [(3.1, 1012)]  # it looks every 0.1 s
    closed = told(trace, Event.CLOSE, "code", "clean")
    assert closed[0] == (3.11, 1012, 1)
    assert (15.51, 1006, 0) in closed
    assert told(trace, Event.KILLED) == [(15.5,)]
    assert not server.up


def test_the_log_is_kept(echo_app: Any, staying: Any) -> None:
    world = World(seed=1)
    server = world.serve(echo_app, ws="websockets")
    world.client(staying)
    world.at(3.0, server.stop)
    world.run(10.0)
    assert server.lines == [
        "INFO:     Started server process [2]",
        "INFO:     Waiting for application startup.",
        "INFO:     Application startup complete.",
        "INFO:     Uvicorn running on http://127.0.0.1:8000 (Press CTRL+C to quit)",
        'INFO:     10.0.0.1:49152 - "WebSocket /ws" [accepted]',
        "INFO:     connection open",
        "INFO:     Shutting down",
        "INFO:     connection closed",
        "INFO:     Waiting for application shutdown.",
        "INFO:     Application shutdown complete.",
        "INFO:     Finished server process [2]",
    ]


def test_the_logs_of_two_servers_are_kept_apart(echo_app: Any) -> None:
    world = World(seed=1)
    first, second = world.serve(echo_app), world.serve(echo_app, port=8001)

    async def main() -> None:
        async with connect("ws://127.0.0.1:8001/x"):
            pass

    world.client(main)
    world.run(5.0)
    assert not any("WebSocket" in line for line in first.lines)
    assert [line for line in second.lines if "WebSocket" in line] == [
        'INFO:     10.0.0.1:49152 - "WebSocket /x" [accepted]'
    ]


def test_a_stop_waits_for_the_application() -> None:
    async def slow(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "websocket":
            return
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            pass
        await asyncio.sleep(3)

    world = World(seed=1)
    server = world.serve(slow)

    async def main() -> None:
        async with connect("ws://127.0.0.1:8000/x") as connection:
            await connection.wait_closed()

    world.client(main)
    ups: list[bool] = []
    world.at(2.0, server.stop)
    world.at(4.0, lambda: ups.append(server.up))
    world.at(6.0, lambda: ups.append(server.up))
    world.run(10.0)
    assert ups == [True, False]


def test_configuration_is_handed_on(echo_app: Any, staying: Any, told: Any) -> None:
    world = World(seed=1)
    world.serve(echo_app, ws="websockets", ws_ping_interval=2.0, ws_ping_timeout=1.0)
    process = world.client(staying)
    world.at(3.0, lambda: world.network.cut(process.host))
    trace = world.run(10.0)
    assert told(trace, Event.CLOSED, "code") == [(5.05, 1011)]  # pings 2 s after each pong


def test_an_address_in_use_ends_the_process(echo_app: Any) -> None:
    world = World(seed=1)
    world.serve(echo_app)
    second = world.serve(echo_app)
    world.run(5.0)
    assert not second.up
    assert any("address already in use" in line.lower() for line in second.lines)


def test_a_factory_makes_a_new_application_at_each_start(echo_app: Any) -> None:
    made: list[Any] = []

    def make() -> Any:
        made.append(echo_app)
        return echo_app

    world = World(seed=1)
    server = world.serve(make, factory=True)
    world.at(1.0, server.kill)
    world.at(2.0, server.start)
    world.run(5.0)
    assert len(made) == 2


def test_a_block_holds_the_loop_up(echo_app: Any, staying: Any, told: Any) -> None:
    world = World(seed=1)
    server = world.serve(echo_app)
    world.client(staying, at_s=1.0)
    world.at(1.0, lambda: server.block(3.0))
    assert told(world.run(10.0), Event.OPEN) == [(4.01,)]


def test_a_server_is_killed_in_the_instant_of_its_start(echo_app: Any, staying: Any) -> None:
    world = World(seed=1)
    server = world.serve(echo_app, ws="websockets")
    world.at(0.0, server.kill)
    world.at(3.0, server.start)
    world.at(3.0, server.kill)
    world.client(staying, at_s=4.0)
    trace = world.run(10.0)
    assert trace.count(Event.KILLED) == 2
    assert trace.count(Event.OPEN) == 0
    assert not server.up
