"""What happens on the wire of a bare world below the WebSocket."""

import asyncio

import pytest
from websockets.asyncio.client import connect

from stormlab.hosts.aio.bare import run_aio
from stormlab.hosts.wire import Caller, Data, SilentPeer
from stormlab.vocabulary import Event
from stormlab.worlds.bare import Act, BareWorld, Phase


class Echo(SilentPeer):
    def message(self, caller: Caller, data: Data) -> None:
        caller.send(data)


def times_of_echo(world: BareWorld) -> list[float]:
    """When the answers to a message each second arrive."""
    times: list[float] = []

    async def talk(url: str) -> None:
        async with connect(url, ping_interval=None) as connection:

            async def listen() -> None:
                loop = asyncio.get_running_loop()
                async for _ in connection:
                    times.append(round(loop.time(), 3))  # noqa: PERF401  each when it comes

            task = asyncio.create_task(listen())
            for _ in range(8):
                await connection.send("x")
                await asyncio.sleep(1)
            task.cancel()

    run_aio(world, talk, Echo())
    return times


def test_messages_take_a_round_trip() -> None:
    assert times_of_echo(BareWorld()) == [n + 0.08 for n in range(8)]


def test_what_is_sent_in_a_silence_arrives_after_it() -> None:
    acts = (Act("offline", 2.5), Act("online", 5.5))
    expected = [0.08, 1.08, 2.08, 5.52, 5.52, 5.52, 6.08, 7.08]
    assert times_of_echo(BareWorld(acts=acts)) == expected


def test_a_silence_of_the_server_ends_with_a_reset() -> None:
    assert times_of_echo(BareWorld((Phase("serve", 2.5), Phase("hang", 3)))) == [0.08, 1.08, 2.08]


def test_pings_are_answered_and_a_client_may_close() -> None:
    latencies: list[float] = []

    async def ping(url: str) -> None:
        async with connect(url) as connection:
            latencies.append(await (await connection.ping()))

    [story] = run_aio(BareWorld(), ping)
    assert latencies == pytest.approx([0.02])
    [close] = story.of(Event.CLOSE)
    assert (close.code, close.clean, close.time_ns) == (1000, 1, 100_000_000)


def test_a_client_may_end_tcp_at_any_time() -> None:
    class Gone(SilentPeer):
        def __init__(self) -> None:
            self.gone_ms: list[int] = []

        def gone(self, caller: Caller) -> None:
            self.gone_ms.append(caller.number)

    async def abort(url: str) -> None:
        connection = await connect(url)
        connection.transport.abort()
        await asyncio.sleep(1)

    peer = Gone()
    [story] = run_aio(BareWorld(), abort, peer)
    assert peer.gone_ms == [0]
    assert [step.code for step in story.of(Event.CLOSE)] == [1006]


async def once(url: str) -> None:
    await connect(url)


def test_an_attempt_may_be_given_up_at_any_time() -> None:
    async def impatient(url: str) -> None:
        for timeout_s in (0.005, 0.015, 0.025, 0.045, 0.055):
            try:
                await asyncio.wait_for(once(url), timeout_s)
            except TimeoutError:
                await asyncio.sleep(1)

    [story] = run_aio(BareWorld(), impatient)
    assert not story.has(Event.OPEN, Event.UNCAUGHT)
    assert len(story.of(Event.CLOSE)) == 5
