"""One client in a world: what it does becomes its story, and what is done to it reaches it."""

import sys
from collections.abc import Callable
from typing import Any

import pytest

from stormlab.draws import Draws
from stormlab.hosts.bare import run_hosted
from stormlab.hosts.failure import HostError
from stormlab.hosts.javascript import client as module
from stormlab.hosts.javascript.client import JavaScriptClient, Settings
from stormlab.hosts.line import Surroundings
from stormlab.hosts.wire import SilentPeer
from stormlab.vocabulary import Cause, Event
from stormlab.worlds.bare import BareWorld
from stormlab.worlds.phases import Act, Phase

Make = Callable[..., Any]


def test_what_the_code_says_and_does_wrong_is_in_its_story(lab: Make) -> None:
    ran = lab("""
    console.log("one", { a: 1 }, [2], null); console.error(new TypeError("bad"));
      console.debug(5n);
    console.assert(1 === 2, "sums"); console.table([1]); console.time("t");
    env.note("up"); env.note("detail", { n: 1 }); env.note("text", "x");
    fetch("https://api.example/v1").catch(() => {});
    setTimeout(() => { undefined.x; }, 5);""").run()
    assert ran.of(Event.CONSOLE) == [
        'log one {"a":1} 2 null',
        "error TypeError: bad",
        "debug 5",
        "error Assertion failed: sums",
        "table 1",
    ]
    assert ran.of(Event.NOTED) == ["up ", 'detail {"n":1}', "text x"]
    assert ran.of(Event.HTTP_REQUEST) == ["https://api.example/v1"]
    assert ran.errors == ["TypeError: cannot read property 'x' of undefined"]  # of no file


def test_an_event_that_is_thrown_is_told_by_its_type(lab: Make) -> None:
    ran = lab("""new WebSocket(env.url).onopen = (event) => Promise.reject(event);
      console.log(new CloseEvent("close", { code: 1011 }));""").run()
    assert ran.errors == ["Unhandled rejection: Event of type open"]
    assert ran.of(Event.CONSOLE) == ["log CloseEvent of type close"]


def test_long_lines_are_cut_and_half_characters_replaced(lab: Make) -> None:
    ran = lab("""console.log("x".repeat(1e5)); env.note("\\ud83d", "\\ude00");""").run()
    assert len(ran.of(Event.CONSOLE)[0]) == module.SAID_MAX
    assert ran.of(Event.NOTED) == ["\ufffd \ufffd"]
    for step in ran.diary.steps:
        step.detail.encode()


def test_methods_of_the_handle_are_called_and_may_be_missing_or_fail(lab: Make) -> None:
    ran = lab("""
    return { close() { say("closed", this.own);
      }, own: 7, reconnect: () => Promise.reject(new Error("no")) };""")
    ran.run(1)
    for name in ("close", "reconnect", "rest"):
        ran.client.call(name)
    assert ran.of(Event.NOTED) == ["say closed 7", "has no method rest"]
    assert ran.errors[0].startswith("Error: no")


def test_a_handle_that_comes_later_is_waited_for(lab: Make) -> None:
    ran = lab("""return new Promise((resolve) => setTimeout(() => resolve({
      close: () => say("ok") }), 50));""")
    ran.run(0.01)
    ran.client.call("close")
    ran.go_on(1)
    ran.client.call("close")
    assert ran.of(Event.NOTED) == ["has no method close", "say ok"]


def test_the_code_learns_where_and_who_it_is(lab: Make) -> None:
    ran = lab("say(env.url, env.number, location.href, navigator.userAgent.slice(0, 7));", client=3)
    assert ran.run().said == ["wss://server.example/socket 3 https://server.example/ Mozilla"]
    ran = lab(
        "say(env.url, process.versions.node, navigator.userAgent, typeof location);",
        profile="node",
        url="ws://other.example",
    )
    assert ran.run().said == ["ws://other.example 20.0.0 Node.js/20 undefined"]


@pytest.mark.parametrize("profile", ["browser", "node"])
def test_a_client_in_an_engine_of_its_own_lives_the_same_life(lab: Make, profile: str) -> None:
    body = """
    const connect = () => {
      const s = new WebSocket(env.url + "?" + Math.random());
      s.onerror = () => {};
      s.onopen = () => { s.send(Date()); say(performance.now()); };
      s.onclose = (e) => { say(e.code); setTimeout(connect, 1000 * Math.random()); };
    };
    connect();"""

    def steps(**settings: Any) -> Any:
        ran = lab(body, profile=profile, seed=4, **settings)
        ran.run(3).enter("stop").go_on(8).enter("serve").go_on(20)
        return ran.diary.steps

    shared = steps()
    assert steps() == shared
    assert steps(own_context=True) == shared
    assert len(shared) > 20


def test_two_clients_differ_by_their_number_and_their_feed(lab: Make) -> None:
    body = "say(Math.random());"
    assert lab(body, client=1).run().said != lab(body, client=2).run().said
    assert lab(body, feed=(0.5,)).run().said == ["0.5"]


def test_what_happens_is_told_to_the_code_once_each(lab: Make) -> None:
    world = BareWorld(
        (Phase("serve", 1), Phase("refuse", 1)),
        (Act("hide", 0.5), Act("show", 0.6), Act("by_hand", 1.5), Act("close", 4)),
        settle_s=8,
    )
    code = lab("""
    let s; const connect = () => { s = new WebSocket(env.url); s.onerror = () => {};
      s.onclose = (e) => say("close", e.code); s.onopen = () => say("open"); };
    connect(); document.onvisibilitychange = () => say(document.visibilityState);
    return { close: () => s.close(4000), reconnect: connect };""").code

    def make(around: Surroundings, draws: Draws) -> JavaScriptClient:
        return JavaScriptClient(code, around.clock, around.dial, around.diary, draws, Settings())

    story = run_hosted(world, make, SilentPeer())
    said = [step.detail.removeprefix("say ") for step in story.of(Event.NOTED)]
    assert said == ["open", "hidden", "visible", "close 1006", "close 1006"]
    assert [step.cause for step in story.of(Event.CLOSE)] == [Cause.KILLED, Cause.REFUSED]


def test_the_missing_engine_is_told_when_a_client_is_made(
    lab: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "quickjs", None)
    with pytest.raises(HostError, match="quickjs-ng"):
        lab("nothing that was compiled before")


def test_code_that_floods_the_world_is_stopped(lab: Make) -> None:
    ran = lab("""
    const connect = () => { const s = new WebSocket(env.url); s.onerror = () => {};
      s.onclose = connect; };
    connect();""")
    ran.around.go(online=False)
    ran.run(3)
    assert ran.halted == []  # a millisecond each: slow enough
    assert ran.diary.attempts > 2000
