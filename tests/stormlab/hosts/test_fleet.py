"""A fleet of hosted clients: each lives as it would alone, all on one clock."""

import hashlib

import pytest

from stormlab.draws import Draws
from stormlab.hosts.bare import MakeClient, run_hosted
from stormlab.hosts.fleet import run_fleet
from stormlab.hosts.javascript.client import JavaScriptClient, Settings
from stormlab.hosts.javascript.engine import Code
from stormlab.hosts.line import Surroundings
from stormlab.hosts.wire import Caller, Data, SilentPeer
from stormlab.vocabulary import Event
from stormlab.worlds.bare import BareWorld
from stormlab.worlds.phases import Act, Phase

START = """
(lib, env) => {
  let socket, timer, closed = false, tries = 0;
  const connect = () => {
    socket = new WebSocket(env.url);
    socket.onopen = () => { tries = 0; socket.send("hello " + env.number); };
    socket.onmessage = (e) => env.note("heard", e.data);
    socket.onclose = () => {
      if (!closed) timer = setTimeout(connect, Math.random() * Math.min(1e4, 500 * 2 ** tries++));
    };
  };
  connect();
  addEventListener("online", () => env.note("online"));
  return {
    close() { closed = true; clearTimeout(timer); socket.close(); },
    reconnect() { clearTimeout(timer); connect(); },
  };
}"""
ENDLESS = """
(lib, env) => {
  const connect = () => {
    const socket = new WebSocket(env.url);
    socket.onclose = connect;
    socket.onopen = () => socket.close();
  };
  connect();
}"""


class Numbering(SilentPeer):
    """Answers with the number of the connection."""

    def message(self, caller: Caller, data: Data) -> None:
        caller.send(f"{data!r} is number {caller.number}")


def making(start: str) -> MakeClient:
    code = Code("fleet", "const __lib = {};", start, hashlib.blake2b(start.encode()).hexdigest())

    def make(around: Surroundings, draws: Draws) -> JavaScriptClient:
        return JavaScriptClient(code, around.clock, around.dial, around.diary, draws, Settings())

    return make


WORLDS = {
    "restart": BareWorld((Phase("serve", 5), Phase("stop", 5)), settle_s=30, seed=7),
    "everything": BareWorld(
        (
            Phase("refuse", 2),
            Phase("serve", 3),
            Phase("hang", 4),
            Phase("reject", 3),
            Phase("mute", 2),
        ),
        (
            Act("offline", 1),
            Act("online", 4),
            Act("hide", 5),
            Act("show", 6),
            Act("by_hand", 12),
            Act("close", 25),
            Act("by_hand", 26),
        ),
        settle_s=30,
        seed=8,
    ),
}


@pytest.mark.parametrize("name", WORLDS)
def test_a_client_lives_in_a_fleet_as_it_does_alone(name: str) -> None:
    world, make = WORLDS[name], making(START)
    fleet = run_fleet(make, Numbering, world, 12)
    assert [story.client for story in fleet] == list(range(12))
    for number in (0, 1, 11):
        assert fleet[number] == run_hosted(world, make, Numbering(), client=number)


def test_equal_arguments_give_equal_stories_and_clients_differ() -> None:
    world, make = WORLDS["restart"], making(START)
    first, second = (run_fleet(make, Numbering, world, 20) for _ in range(2))
    assert first == second
    returned = {story.times_ns(Event.OPEN)[-1] for story in first}
    assert len(returned) == 20
    other = run_fleet(make, Numbering, BareWorld(world.phases, settle_s=30, seed=9), 20)
    assert {story.times_ns(Event.OPEN)[-1] for story in other} != returned


def test_a_restart_closes_all_and_all_come_back() -> None:
    fleet = run_fleet(making(START), Numbering, WORLDS["restart"], 50)
    for story in fleet:
        assert story.of(Event.CLOSE)[0].code == 1012
        assert len(story.of(Event.OPEN)) == 2
        assert not story.cut
        assert story.end_ns == 40 * 10**9


def test_a_client_that_never_waits_ends_the_run() -> None:
    world = BareWorld(settle_s=3600)
    fleet = run_fleet(making(ENDLESS), SilentPeer, world, 2)
    assert [story.cut for story in fleet] == [True, False]
    assert fleet[0].end_ns == fleet[1].end_ns < 3600 * 10**9


def test_a_fleet_of_none_has_no_stories() -> None:
    assert run_fleet(making(START), SilentPeer, BareWorld(settle_s=1), 0) == []


@pytest.mark.slow
def test_a_thousand_clients_come_back_after_a_restart() -> None:
    fleet = run_fleet(making(START), Numbering, WORLDS["restart"], 1000)
    assert all(len(story.of(Event.OPEN)) == 2 for story in fleet)
    assert fleet[999] == run_hosted(WORLDS["restart"], making(START), Numbering(), client=999)
