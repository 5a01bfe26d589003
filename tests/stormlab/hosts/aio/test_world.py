import os
import subprocess
import sys
from typing import Any

import pytest

from stormlab.clock import NS_PER_S, Clock, Rank
from stormlab.evidence import Outcome
from stormlab.hosts.aio import World
from stormlab.properties.laws import check_all
from stormlab.vocabulary import Event

IMPLEMENTATIONS = ("websockets", "websockets-sansio", "wsproto")
FAULTS = ((5.0, "stop"), (8.0, "start"), (12.0, "kill"), (14.0, "start"))
PROGRAM = """
import asyncio, sys
import socketio, websockets
from websockets.asyncio.client import connect
from stormlab.hosts.aio import World

def application():
    server = socketio.AsyncServer(async_mode="asgi", ping_interval=5, ping_timeout=4)
    @server.on("echo")
    async def echo(sid, data):
        await server.emit("echo", data)
    return socketio.ASGIApp(server, other_asgi_app=plain)

async def plain(scope, receive, send):
    if scope["type"] != "websocket":
        return
    await receive()
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        await send({**event, "type": "websocket.send"})

async def talk():
    async for connection in connect("ws://server.example:8000/ws"):
        try:
            while True:
                await connection.send("hello")
                await connection.recv()
                await asyncio.sleep(1)
        except websockets.ConnectionClosed:
            continue

async def emit():
    client = socketio.AsyncClient()
    await client.connect("http://server.example:8000")
    while True:
        if client.connected:
            await client.emit("echo", {"a": 1, "b": 2})
        await asyncio.sleep(0.7)

def trace(ws):
    world = World(seed=3)
    server = world.serve(application(), host="server.example", ws=ws)
    for _ in range(3):
        world.client(talk)
        world.client(emit, at_s=0.1)
    for at_s, what in ((5.0, "stop"), (8.0, "start"), (12.0, "kill"), (14.0, "start")):
        world.at(at_s, getattr(server, what))
    return world.run(30.0)

if __name__ == "__main__":
    for ws in sys.argv[1:]:
        print(trace(ws).hash, len(trace(ws)))
"""


def in_a_process(hash_seed: str) -> list[str]:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-c", PROGRAM, *IMPLEMENTATIONS]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return done.stdout.splitlines()


def test_the_trace_is_the_same_in_every_process() -> None:
    told = in_a_process("0")
    assert told == in_a_process("1")
    assert all(int(line.split()[1]) > 300 for line in told)


def world_of(echo_app: Any, talking: Any, seed: int = 1) -> World:
    world = World(seed)
    server = world.serve(echo_app)
    for _ in range(5):
        world.client(talking)
    for at_s, what in FAULTS:
        world.at(at_s, getattr(server, what))
    return world


def test_equal_worlds_give_equal_traces(echo_app: Any, talking: Any) -> None:
    assert len({world_of(echo_app, talking).run(30).hash for _ in range(10)}) == 1


@pytest.mark.slow
def test_a_hundred_worlds_give_one_trace(echo_app: Any, talking: Any) -> None:
    assert len({world_of(echo_app, talking).run(30).hash for _ in range(100)}) == 1


def test_another_seed_gives_another_trace(echo_app: Any, talking: Any) -> None:
    hashes = {world_of(echo_app, talking, seed).run(30).hash for seed in range(5)}
    assert len(hashes) == 5


def test_a_fleet_comes_back_after_a_restart(echo_app: Any, talking: Any) -> None:
    world = world_of(echo_app, talking)
    trace = world.run(60)
    assert world.failures == []
    opened = [row.client for row in trace if row.event is Event.OPEN]
    assert {client: opened.count(client) for client in range(5)} == dict.fromkeys(range(5), 3)
    assert trace.count(Event.UP) == 3
    assert trace.duration_ns == 60_000_000_000


def test_a_cut_client_comes_back(echo_app: Any, talking: Any, told: Any) -> None:
    world = World(seed=1)
    world.serve(echo_app)
    cut, other = world.client(talking), world.client(talking)
    world.at(2.5, lambda: world.network.cut(cut.host))
    world.at(70.0, lambda: world.network.heal(cut.host))
    trace = world.run(120)
    assert other.failures == []
    closed = told(trace, Event.CLOSE, "client", "code")
    # its ping at 20.04 is not answered for 20 s, its close frame not for 10 s
    assert [row for row in closed if row[0] < 55] == [(50.04, 0, 1006)]
    assert {row.client for row in trace if row.event is Event.OPEN and row.time_ns > 70e9} == {0}


def test_one_way_is_as_long_as_it_is_said(echo_app: Any, talking: Any, told: Any) -> None:
    world = World(way_s=0.1)
    world.serve(echo_app)
    world.client(talking)
    assert told(world.run(5), Event.OPEN) == [(0.4,)]


def test_others_may_live_on_the_same_clock(echo_app: Any, talking: Any) -> None:
    clock, times = Clock(), []
    world = World(clock=clock)
    world.serve(echo_app)
    world.client(talking)

    def tick() -> None:
        times.append(clock.now_ns)
        clock.after(NS_PER_S, Rank.ACTION, tick)

    clock.at(0, Rank.ACTION, tick)
    trace = world.run(5.0)
    assert times[:6] == [second * NS_PER_S for second in range(6)]
    assert trace.count(Event.MESSAGE) > 3


@pytest.mark.parametrize("ws", [*IMPLEMENTATIONS, "none"])
def test_every_law_of_traces_holds(echo_app: Any, talking: Any, ws: str) -> None:
    world = World(seed=1)
    server: Any = world.serve_asgi(echo_app) if ws == "none" else world.serve(echo_app, ws=ws)
    for _ in range(3):
        client = world.client(talking)
    for at_s, what in FAULTS:
        world.at(at_s, getattr(server, what))
    world.at(20.5, lambda: world.network.cut(client.host))
    world.at(80.0, lambda: world.network.heal(client.host))
    world.at(100.0, client.kill)
    verdicts = check_all(world.run(200))
    assert [verdict for verdict in verdicts if verdict.outcome is Outcome.BROKEN] == []
    assert sum(verdict.outcome is Outcome.HOLDS for verdict in verdicts) >= 8
