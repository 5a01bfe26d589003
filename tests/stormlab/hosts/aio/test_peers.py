"""A message-level server and clients of two kinds: a Python library's bytes, and messages."""

from typing import Any

import pytest
from websockets.asyncio.client import connect

from stormlab.hosts.aio import World
from stormlab.hosts.wire import Caller, Data, End
from stormlab.vocabulary import Cause, Event


class Peer:
    """Greets, echoes, ticks a second later, closes when told to."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def protocol(self, offered: tuple[str, ...]) -> str:
        return offered[-1] if offered else ""

    def opened(self, caller: Caller) -> None:
        self.told.append((caller.number, caller.url, caller.protocol))
        caller.send("welcome")
        caller.later(1.0, lambda: caller.send("tick"))
        caller.later(100.0, lambda: self.told.append("never"))

    def message(self, caller: Caller, data: Data) -> None:
        caller.proved()
        if data == "close":
            caller.close(1013, "later")
        else:
            caller.send(data)

    def gone(self, caller: Caller) -> None:
        self.told.append(("gone", caller.number))


@pytest.mark.parametrize("direct", [True, False])
def test_a_client_that_speaks_in_messages(listener: Any, *, direct: bool, told: Any) -> None:
    peer, world = Peer(), World()
    world.serve_peer(peer)
    ear, dial = listener(world), world.dial(direct=direct)

    def begin() -> None:
        ear.mouth = dial("wss://127.0.0.1:8000/x?y", ("a", "b"), ear)

    world.at(0, begin)
    world.at(2, lambda: ear.mouth.send("close"))
    trace = world.run(10)
    assert ear.heard == [
        (60, "opened b"),
        (60, "welcome"),
        (1060, "tick"),
        (2020, "closing"),
        (2040, End(1013, "later", clean=True, failed=False, cause=Cause.SERVER_CLOSED)),
    ]
    assert peer.told == [(0, "/x?y", "b"), ("gone", 0)]
    assert told(trace, Event.PROVED) == [(2.01,)]
    assert told(trace, Event.LOST) == [(2.03,)]


def test_a_python_client() -> None:
    peer, world = Peer(), World()
    server = world.serve_peer(peer)
    got: list[Any] = []

    async def main() -> None:
        async with connect("ws://127.0.0.1:8000/", subprotocols=["a", "b"]) as connection:  # type: ignore[list-item]
            await connection.send(b"bytes")
            got.extend([await connection.recv(), await connection.recv()])
            await connection.wait_closed()
            got.extend([connection.subprotocol, connection.close_code])

    world.client(main)
    world.at(3, server.stop)
    world.run(10)
    assert world.failures == []
    assert got == ["welcome", b"bytes", "b", 1012]
    assert peer.told == [(0, "/", "b"), ("gone", 0)]
    assert not server.up
