"""How a burst of handshakes meets the legacy handshake timer, and what pings and SIGKILL do.

Each handshake blocks the real server's loop for 60 ms before accept, the timer is 0.8 s, and 20
come at once. libuv accepts one connection per poll. So when all wait in the accept queue they are
served one by one, and all succeed although the last takes 1.2 s; when all are accepted before the
first request is read, all timers start together and all fail.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from stormlab.vocabulary import Event
from stormlab_models.implementations import IMPLEMENTATIONS

COUNT, BLOCK_S, TIMER_S = 20, 0.06, 0.8
STOPPED_S = 0.1  # by then a signal has stopped the process
QUERY = {"data_s": BLOCK_S, "kind": "block"}


async def burst(server: Any, *, queued: bool) -> int:
    """Let a server that is stopped find a burst; count the sockets that open."""
    if queued:
        server.signal("stop")
        await asyncio.sleep(STOPPED_S)
    peers = [server.peer(QUERY) for _ in range(COUNT)]
    for peer in peers:
        await peer.connect()
    if not queued:
        await server.turns()
        server.signal("stop")
        await asyncio.sleep(STOPPED_S)
    for peer in peers:
        peer.request()
    await asyncio.sleep(0.1)
    server.signal("cont")
    for peer in peers:
        await peer.end_or_data()
    return sum(peer.seen == ["101"] for peer in peers)


@pytest.fixture(scope="module")
def opened(real_server: Any) -> dict[bool, int]:
    """How many of a burst opened: queued in the kernel, or accepted before."""

    async def both() -> dict[bool, int]:
        settings = {"implementation": "websockets", "open_timeout_s": TIMER_S}
        async with real_server(**settings) as one, real_server(**settings) as other:
            results = await asyncio.gather(burst(one, queued=True), burst(other, queued=False))
        return dict(zip((True, False), results, strict=True))

    return asyncio.run(both())


@pytest.mark.parametrize(("queued", "expected"), [(True, COUNT), (False, 0)])
def test_a_burst_opens_as_a_whole_or_not_at_all(
    opened: dict[bool, int],
    simulated_burst: Callable[..., Any],
    queued: bool,  # noqa: FBT001  a parameter of the test
    expected: int,
) -> None:
    kind = replace(IMPLEMENTATIONS["legacy"], handshake_timeout_s=TIMER_S)
    trace = simulated_burst(kind, QUERY, COUNT, queued=queued)
    assert trace.count(Event.SENT_INITIAL) == expected
    assert opened[queued] == expected


def test_unanswered_pings_and_sigkill(real_server: Any, simulate: Callable[..., Any]) -> None:
    cases = {
        "request, head, end, fin": {"pings_s": 0.3},
        "request, head, sleep 0.1, kill, end": {},
    }

    async def real() -> list[Any]:
        async def one(steps: str, pings_s: float = 20.0) -> Any:
            pings = {"ping_interval_s": pings_s, "ping_timeout_s": pings_s}
            async with real_server(implementation="websockets", **pings) as server:
                return await server.told(steps, ends="kill" in steps)

        return await asyncio.gather(*(one(steps, **more) for steps, more in cases.items()))

    pinged, killed = asyncio.run(real())
    assert pinged.peer == ["101", "close 1011", "ended"]
    assert killed.peer == ["101", "ended"]
    for (steps, more), told in zip(cases.items(), (pinged, killed), strict=True):
        model = simulate("legacy", steps, **more)
        assert (model.lines, model.codes, model.peer) == (told.lines, told.codes, told.peer)
