"""A socket in the network process, against a server that the test plays."""

from collections.abc import Callable
from typing import Any

import pytest

from stormlab.clock import to_ns
from stormlab.vocabulary import Cause, Event, State

MakeWire = Callable[..., Any]


@pytest.mark.parametrize(("browser", "timeout_s"), [("chromium", 240), ("firefox", 20)])
def test_a_handshake_without_an_answer_is_given_up(
    wire: MakeWire, browser: str, timeout_s: int
) -> None:
    world = wire(browser)
    socket = world.open(world.tab())
    world.run(timeout_s - 0.1)
    assert world.told(socket) == []
    world.run(0.5)
    assert world.told(socket) == ["error", "close 1006"]
    assert world.ends[0].heard == ["request", "fin"]


@pytest.mark.parametrize(("browser", "timeout_s"), [("chromium", 60), ("firefox", 20)])
def test_a_closing_handshake_without_an_answer_is_given_up(
    wire: MakeWire, browser: str, timeout_s: int
) -> None:
    world = wire(browser, auto=True)
    socket = world.open(world.tab())
    world.run(0.5)
    socket.close()
    world.run(timeout_s - 0.1)
    assert socket.state is State.CLOSING
    world.run(0.5)
    assert world.told(socket) == ["open", "close 1006"]


def test_another_answer_than_101_rejects(wire: MakeWire) -> None:
    world = wire("chromium")
    socket = world.open(world.tab())
    world.run(0.5)
    world.ends[0].answer(500)
    world.run(0.5)
    assert world.told(socket) == ["error", "close 1006"]
    (close,) = (row for row in world.trace if row.event is Event.CLOSE)
    assert close.cause is Cause.REJECTED


def test_a_refused_attempt_carries_no_bytes_and_fails_within_milliseconds(wire: MakeWire) -> None:
    world = wire("chromium")
    world.syn = "refuse"
    socket = world.open(world.tab())
    world.run(1)
    assert world.told(socket) == ["error", "close 1006"]
    assert world.trace.count(Event.REFUSED) == 1
    assert int(world.trace.rows["up"].sum()) == 0
    assert world.seconds(Event.CLOSE)[0] < 0.02


def test_pings_are_answered_without_the_page(wire: MakeWire) -> None:
    world = wire("chromium", auto=True)
    tab = world.tab()
    socket = world.open(tab)
    world.run(0.5)
    tab.busy_until_ns = to_ns(100)  # a frozen page
    world.ends[0].send("ping")
    world.run(1)
    assert world.ends[0].heard == ["request", "pong"]
    assert world.told(socket) == ["open"]


def test_a_socket_that_is_closing_when_its_page_goes_says_nothing_more(wire: MakeWire) -> None:
    world = wire("chromium", auto=True)
    socket = world.open(world.tab())
    world.run(0.5)
    socket.close()
    world.run(0.1)
    socket.discard()
    world.run(0.5)
    assert world.ends[0].heard == ["request", "close 1005", "fin"]


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_an_abort_before_the_turn_leaves_nothing_on_the_wire(wire: MakeWire, browser: str) -> None:
    rig = wire(browser)
    tab = rig.tab()
    rig.open(tab)
    waiting = rig.open(tab)
    rig.run(0.2)
    waiting.close()
    rig.run(0.2)
    sockets = {row.socket for row in rig.trace if row.event is Event.CONNECT}
    assert waiting.who.socket not in sockets
    assert rig.told(waiting) == ["error", "close 1006"]


def test_new_sockets_are_counted_before_the_closes_that_came_first(wire: MakeWire) -> None:
    """StrictMode: the throttle sees sixteen pending sockets, so the last waits a second or more."""
    rig = wire("chromium", auto=True)
    tab = rig.tab()
    first = [rig.open(tab) for _ in range(8)]
    for socket in first:
        socket.close()
    second = [rig.open(tab) for _ in range(8)]
    rig.run(0.9)
    assert second[0].opened
    assert not second[-1].opened
    rig.run(6)
    assert all(socket.opened for socket in second)
    requested = {row.socket for row in rig.trace if row.event is Event.REQUEST}
    assert requested & {socket.who.socket for socket in first} == {first[0].who.socket}
