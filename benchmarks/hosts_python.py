"""What real Python programs cost in virtual time: `python benchmarks/hosts_python.py [CLIENTS]`.

Clients of the library websockets send a message each second and wait for the echo, through uvicorn
and without it; figures are per second of processor time of this process. Messages are counted in
both directions. The last line hosts one client in drawn bare worlds.
"""

import asyncio
import logging
import sys
from collections.abc import Callable
from dataclasses import replace
from time import process_time  # noqa: TID251  a benchmark measures real time
from typing import Any

import websockets
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from websockets.asyncio.client import connect

from stormlab.hosts.aio import World
from stormlab.hosts.aio.bare import run_aio
from stormlab.hosts.wire import Data, End, Mouth
from stormlab.vocabulary import Event
from stormlab.worlds.made import Addressed, bare_world

SECONDS = 20
WORLDS = 200
URL = "ws://127.0.0.1:8000/ws"
fastapi = FastAPI()


@fastapi.websocket("/ws")
async def echo_by_fastapi(websocket: WebSocket) -> None:
    """Send back what comes."""
    await websocket.accept()
    try:
        while True:
            await websocket.send_text(await websocket.receive_text())
    except WebSocketDisconnect:
        pass


async def echo(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  ASGI
    """Send back what comes, without a framework."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (event := await receive())["type"] == "websocket.receive":
            await send({**event, "type": "websocket.send"})


async def talk() -> None:
    """A message each second."""
    async for connection in connect(URL):
        try:
            while True:
                await connection.send("hello")
                await connection.recv()
                await asyncio.sleep(1)
        except websockets.ConnectionClosed:
            continue


def say(line: str) -> None:
    """Print a line."""
    sys.stdout.write(line + "\n")


class Talker:
    """The same for a client that speaks in messages, with the world's clock for a timer."""

    mouth: Mouth

    def __init__(self, world: World) -> None:
        """Dial at once."""
        self._world = world
        dial = world.dial(direct=True)

        def begin() -> None:
            self.mouth = dial(URL, (), self)

        world.at(0, begin)

    def opened(self, protocol: str) -> None:
        """Send the first."""
        del protocol
        self.mouth.send("hello")

    def message(self, data: Data) -> None:
        """Send the next in a second."""
        world = self._world
        world.at(world.clock.now_ns / 1e9 + 1, lambda: self.mouth.send(data))

    def closing(self) -> None:
        """Never."""

    def ended(self, end: End) -> None:
        """Never."""


def measured(name: str, clients: int, serve: Callable[[World], Any], *, direct: bool) -> None:
    """Run one world and print a line."""
    world = World(seed=1)
    serve(world)
    for _ in range(clients):
        if direct:
            Talker(world)
        else:
            world.client(talk)
    began = process_time()
    trace = world.run(SECONDS)
    took_s = process_time() - began
    messages = trace.count(Event.MESSAGE, Event.RECEIVED)
    callbacks = sum(process.loop.callbacks for process in world.processes)
    figures = f"{messages / took_s:9,.0f} {callbacks / took_s:9,.0f} {len(trace) / took_s:9,.0f}"
    say(f"{name:28} {took_s:7.2f} s {figures}")


async def stay(url: str) -> None:
    """Be connected for ever."""
    async for connection in connect(url):
        try:
            async for _ in connection:
                pass
        except websockets.ConnectionClosed:
            continue


def bare_worlds() -> None:
    """Host a client in drawn worlds."""
    worlds = [replace(bare_world(Addressed(1, n), 300.0), sockets=1) for n in range(WORLDS)]
    began = process_time()
    stories = [run_aio(world, stay)[0] for world in worlds]
    took_s = process_time() - began
    attempts = sum(len(story.of(Event.NEW)) for story in stories)
    say(f"{WORLDS} bare worlds: {WORLDS / took_s:.0f} a second, {attempts / took_s:,.0f} attempts")


def main() -> None:
    """Print the table."""
    logging.getLogger("websockets").setLevel(logging.CRITICAL)
    clients = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    say(f"{clients} clients, {SECONDS} virtual seconds; of processor time:")
    say(f"{'':28} {'took':>9} {'messages/s':>9} {'callbacks/s':>9} {'rows/s':>8}")
    for ws in ("websockets", "websockets-sansio", "wsproto"):
        name = f"uvicorn, {ws}"
        measured(name, clients, lambda world, ws=ws: world.serve(echo, ws=ws), direct=False)
    serve = "ASGI, no uvicorn"
    measured(f"{serve}, bytes", clients, lambda world: world.serve_asgi(echo), direct=False)
    measured(f"{serve}, messages", clients, lambda world: world.serve_asgi(echo), direct=True)
    measured("FastAPI so, messages", clients, lambda world: world.serve_asgi(fastapi), direct=True)
    bare_worlds()


if __name__ == "__main__":
    main()
