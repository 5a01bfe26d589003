import asyncio
from typing import Any

import pytest

from stormlab.hosts.aio.bare import run_aio
from stormlab.vocabulary import Event
from stormlab.worlds.bare import BareWorld


def test_a_client_does_not_listen_in_a_bare_world() -> None:
    seen: list[Any] = []

    async def main(url: str) -> None:
        del url
        with pytest.raises(OSError, match="not supported"):
            await asyncio.start_server(lambda *_: None, "127.0.0.1", 80)
        seen.extend(await asyncio.get_running_loop().getaddrinfo("any.example", 1))

    [story] = run_aio(BareWorld(), main)
    assert not story.has(Event.UNCAUGHT)
    assert seen[0][4] == ("127.0.0.1", 1)


def test_every_socket_is_told_its_events_alone() -> None:
    async def main(url: str) -> None:
        del url
        await asyncio.sleep(1)

    stories = run_aio(BareWorld(sockets=3), main)
    assert [story.endpoint for story in stories] == [0, 1, 2]
    assert [step.event for step in stories[2]] == [Event.FAULT, Event.GAVE_UP]
    orders = [step.order for story in stories for step in story]
    assert sorted(orders) == list(range(1, 7))
