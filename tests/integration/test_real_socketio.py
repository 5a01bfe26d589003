"""python-socketio's own client and server, unmodified, on uvicorn and aiohttp, in virtual time.

Its reconnect delays are those of its model in the catalogue, draw by draw.
"""

import asyncio
from itertools import pairwise
from typing import Any

import pytest
import socketio

from stormlab.clock import to_ns
from stormlab.draws import Draws
from stormlab.hosts.aio import World
from stormlab.hosts.aio.entropy import Luck
from stormlab.properties.laws import broken
from stormlab.trace import Trace
from stormlab.vocabulary import Event
from stormlab_models.policies.python_clients import SOCKETIO

IMPLEMENTATIONS = ("websockets", "websockets-sansio", "wsproto")
HOST = "server.example"
ROUND_TRIP_NS = to_ns(0.02)
KILLED_S, BACK_S = 10.0, 70.0


def application() -> Any:
    server = socketio.AsyncServer(async_mode="asgi", ping_interval=5, ping_timeout=4)

    @server.on("echo")  # type: ignore[untyped-decorator]
    async def echo(sid: str, data: Any) -> None:
        await server.emit("echo", data, to=sid)

    return socketio.ASGIApp(server)


class Client:
    """Sends something each second while it is connected."""

    def __init__(self, scheme: str = "http", **options: Any) -> None:
        self.got: list[Any] = []
        self._url = f"{scheme}://{HOST}:8000"
        self._options = options

    async def __call__(self) -> None:
        client = socketio.AsyncClient()

        @client.on("echo")  # type: ignore[untyped-decorator]
        async def echo(data: Any) -> None:
            self.got.append(data)

        try:
            await client.connect(self._url, **self._options)
            while True:
                if client.connected:
                    await client.emit("echo", len(self.got))
                await asyncio.sleep(1)
        finally:
            await client.eio.http.close()  # an engine that is cancelled leaves it open


def outage(ws: str, client: Client, seed: int = 1) -> tuple[World, Trace]:
    world = World(seed)
    server = world.serve(application(), host=HOST, ws=ws)
    world.client(client)
    world.at(KILLED_S, server.kill)
    world.at(BACK_S, server.start)
    return world, world.run(90.0)


@pytest.mark.parametrize("ws", IMPLEMENTATIONS)
@pytest.mark.parametrize("transports", [None, ["websocket"]])
def test_the_client_talks_and_comes_back(ws: str, transports: list[str] | None) -> None:
    client = Client(transports=transports)
    world, trace = outage(ws, client)
    assert world.failures == []
    assert client.got == list(range(len(client.got)))
    back_ns = to_ns(BACK_S)
    opened = [row for row in trace if row.event is Event.OPEN]
    assert [row.time_ns > back_ns for row in opened] == [False, True]
    assert len(client.got) > 15  # before the outage and after it
    assert broken(trace) == []


def test_tls_takes_a_round_trip_more() -> None:
    opened_ns = []
    for scheme in ("http", "https"):
        world = World(seed=1)
        world.serve(application(), host=HOST)
        world.client(Client(transports=["websocket"], scheme=scheme))
        trace = world.run(5.0)
        assert world.failures == []
        opened_ns += [row.time_ns for row in trace if row.event is Event.OPEN]
    assert opened_ns == [to_ns(0.04), to_ns(0.06)]


@pytest.mark.parametrize("seed", range(5))
def test_delays_are_those_of_the_model(seed: int) -> None:
    _, trace = outage("websockets", Client(transports=["websocket"]), seed)
    attempts = [row.time_ns for row in trace if row.event is Event.NEW]
    refused = [row.time_ns for row in trace if row.event is Event.CLOSE]
    assert refused[0] == to_ns(KILLED_S + 0.01)
    delays = [later - ended for later, ended in zip(attempts[1:], refused, strict=False)]
    luck = Luck(Draws(seed), 0)

    class SameDraws:
        def unit(self, purpose: str, scope: str = "attempt") -> float:
            del purpose, scope
            return luck.unit()

    policy = SOCKETIO.make()
    expected = expected_delays_ns(policy, SameDraws(), len(delays))
    assert len(delays) >= 10
    assert delays == expected
    assert all(abs(delay - to_ns(5)) <= to_ns(0.5) for delay in delays[3:])  # seconds, not shares
    assert len({late - early for early, late in pairwise(attempts[4:])}) > 3


def expected_delays_ns(policy: Any, chance: Any, count: int) -> list[int]:
    """What the model waits after each of a row of refusals."""
    from stormlab.policy import Fact, Happened, RetryAt  # noqa: PLC0415  beside its use

    now_ns, delays = 0, []
    policy.on(Happened(Fact.OPENED, now_ns), chance)
    policy.on(Happened(Fact.PROVED, now_ns), chance)
    for number in range(count):
        fact = Fact.REFUSED if number else Fact.DROPPED
        decision = policy.on(Happened(fact, now_ns, 1006), chance)
        assert isinstance(decision, RetryAt)
        delays.append(decision.time_ns - now_ns)
        now_ns = decision.time_ns + ROUND_TRIP_NS
    return delays
