from typing import Any

from websockets.asyncio.client import connect

from stormlab.hosts.aio import World
from stormlab.hosts.aio.link import Handling, Link, LinkServer
from stormlab.hosts.wire import Data
from stormlab.vocabulary import Event

ADDRESS = ("127.0.0.1", 8000)


class Kept:
    """A service that keeps its links, and answers nothing."""

    def __init__(self) -> None:
        self.links: list[Link] = []
        self.heard: list[Any] = []

    def __call__(self, link: Link) -> Handling:
        self.links.append(link)
        return self

    def message(self, data: Data) -> None:
        self.heard.append(data)

    def ended(self, code: int, reason: str) -> None:
        self.heard.append((code, reason))


def scene(listener: Any) -> tuple[World, Kept, LinkServer, Any]:
    world, kept = World(), Kept()
    server = LinkServer(world.network, world.journal, ADDRESS, kept)
    server.start()
    ear, dial = listener(world), world.dial()

    def begin() -> None:
        ear.mouth = dial("ws://127.0.0.1:8000/x", (), ear)

    world.at(0, begin)
    return world, kept, server, ear


def test_an_answer_may_come_later(listener: Any) -> None:
    world, kept, _, ear = scene(listener)
    world.at(5, lambda: kept.links[0].accept())
    world.at(5, lambda: kept.links[0].accept())  # the second does nothing
    world.at(6, lambda: kept.links[0].send("hi"))
    world.run(10)
    assert ear.heard == [(5010, "opened"), (6010, "hi")]


def test_a_server_that_is_not_answered_closes_after_10_s(listener: Any, told: Any) -> None:
    world, kept, _, _ = scene(listener)
    world.at(1, lambda: kept.links[0].accept())
    world.at(2, lambda: world.network.cut("127.0.0.1"))
    world.at(3, lambda: kept.links[0].close(1001))
    world.at(4, lambda: kept.links[0].close(1002))  # the second does nothing
    trace = world.run(30)
    assert told(trace, Event.CLOSED, "code") == [(3.0, 1001)]
    assert told(trace, Event.LOST) == [(13.0,)]
    assert kept.heard == [(1006, "")]


def test_what_is_done_after_the_end_does_nothing(listener: Any, told: Any) -> None:
    world, kept, server, ear = scene(listener)
    world.at(1, lambda: kept.links[0].reject(404, "not here"))
    for act in (
        lambda: kept.links[0].accept(),
        lambda: kept.links[0].send("x"),
        lambda: kept.links[0].close(),
        lambda: kept.links[0].drop(),
        lambda: kept.links[0].reject(500),
    ):
        world.at(2, act)
    trace = world.run(10)
    assert told(trace, Event.REJECTED, "code") == [(1.0, 404)]
    assert len(ear.heard) == 1
    assert server.links == {}


def test_a_stop_answers_handshakes_with_500(listener: Any, told: Any) -> None:
    world, _, server, _ = scene(listener)
    world.at(1, server.stop)
    world.at(2, server.stop)  # the second does nothing
    trace = world.run(10)
    assert told(trace, Event.REJECTED, "code") == [(1.0, 500)]
    assert told(trace, Event.SHUTDOWN) == [(1.0,)]


def test_a_client_that_vanishes(told: Any) -> None:
    world, kept = World(), Kept()
    LinkServer(world.network, world.journal, ADDRESS, kept).start()

    async def main() -> None:
        try:
            async with connect("ws://127.0.0.1:8000/", open_timeout=1):
                pass
        except TimeoutError:
            pass

    world.client(main)
    trace = world.run(10)
    assert kept.heard == [(1006, "")]
    assert told(trace, Event.LOST) == [(1.01,)]
    assert kept.links[0].headers
    assert kept.links[0].client[0] == "10.0.0.1"
