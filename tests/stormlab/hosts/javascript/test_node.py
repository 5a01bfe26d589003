"""Plain Node programs: what they say of a world, and a defect shown with real sockets."""

from pathlib import Path
from typing import Any

import pytest
from tests.stormlab.hosts.javascript.conftest import played

from stormlab.hosts.failure import HostError
from stormlab.hosts.javascript.code import code_of, run_recipe
from stormlab.hosts.javascript.engine import Code
from stormlab.hosts.javascript.node import node_script
from stormlab.hosts.recipe import Recipe
from stormlab.vocabulary import Event
from stormlab.worlds.bare import BareWorld
from stormlab.worlds.phases import Act, Phase

CODE = Code(
    "mine",
    "const __lib = { wait: 300 };",
    """(lib, env) => {
      let socket, timer, closed = false;
      const connect = () => {
        socket = new WebSocket(env.url);
        socket.onmessage = (e) => env.note("heard", e.data);
        socket.onopen = () => socket.send("hi");
        socket.onerror = () => {};
        socket.onclose = () => { if (!closed) timer = setTimeout(connect, lib.wait); };
      };
      connect();
      return { close() { closed = true; clearTimeout(timer); socket.close(4000); } };
    }""",
    "mine",
)


def test_a_program_holds_the_code_and_the_world() -> None:
    world = BareWorld((Phase("refuse", 1.5),), (Act("close", 2),), settle_s=3)
    script = node_script(CODE, world, scale=0.25)
    assert CODE.text in script
    assert '"what": "refuse", "for_s": 1.5' in script
    assert '"do": "close", "at_s": 2' in script
    assert "const SCALE = 0.25;" in script
    assert {part.split('"')[1] for part in script.split("require(")[1:3]} == {"node:http", "ws"}


@pytest.mark.parametrize("do", ["offline", "online", "hide", "show"])
def test_what_needs_a_browser_is_refused_in_one_line(do: Any) -> None:
    with pytest.raises(
        HostError, match=rf"^{do} cannot be replayed on Node; allowed: by_hand, close$"
    ):
        node_script(CODE, BareWorld(acts=(Act(do, 1),)))


def test_a_scale_out_of_range_and_several_sockets_are_refused() -> None:
    for scale in (0, -1, 1e9, float("nan")):
        with pytest.raises(HostError, match=r"^scale: found"):
            node_script(CODE, BareWorld(), scale=scale)
    with pytest.raises(HostError, match=r"^sockets: found 2"):
        node_script(CODE, BareWorld(sockets=2))


def told(found: Any) -> list[str]:
    return [
        f"{event['what']} {event['detail']}".strip()
        for event in found["events"]
        if event["what"] in {"open", "close", "note", "call", "uncaught error"}
    ]


@pytest.mark.slow
@pytest.mark.fidelity
@pytest.mark.parametrize("scale", [1.0, 0.2])
def test_each_phase_is_met_in_reality(tmp_path: Path, scale: float) -> None:
    world = BareWorld(
        (
            Phase("serve", 1),
            Phase("refuse", 1),
            Phase("serve", 1),
            Phase("stop", 1, code=1012),
            Phase("reject", 0.75, code=1013, after_s=0.1),
            Phase("hang", 1),
            Phase("serve", 1, code=4001, drop=True),
        ),
        (Act("close", 8.5),),
        settle_s=3,
    )
    answer = '(socket) => socket.on("message", (data) => socket.send("back " + data))'
    script = node_script(CODE, world, scale=scale, answer=answer)
    for _ in range(TRIES):  # a busy machine may be late for a phase
        found = played(script, tmp_path)
        heard = told(found)
        if heard.count("open") >= 4 and {"close 1012", "close 1013"} <= set(heard):
            break
    assert heard[:3] == ["open", "note heard back hi", "close 1006"]
    assert heard.count("open") >= 4
    assert {"close 1012", "close 1013"} <= set(heard)
    assert heard[-2:] == ["call close()", "close 4000"]
    assert found["scale"] == scale
    assert not found["connected"]


TRIES = 3
EVENTS = {"new WebSocket": Event.NEW, "open": Event.OPEN, "close": Event.CLOSE}
RECONNECTING = Recipe(
    name="reconnecting-websocket",
    package="npm:reconnecting-websocket@4.4.0",
    start="""(lib, env) => {
      const socket = new lib.default(env.url);
      return { close: () => socket.close(), reconnect: () => socket.reconnect() };
    }""",
)


@pytest.mark.slow
@pytest.mark.fidelity
def test_a_client_that_never_connects_again_does_so_in_reality_too(tmp_path: Path) -> None:
    """reconnecting-websocket 4.4.0: close() while it waits, then reconnect() (its issue 165).

    Its wait of up to 5 s ends after close() and leaves a lock behind that reconnect() finds.
    """
    closed = BareWorld((Phase("refuse", 1),), (Act("close", 0.2), Act("by_hand", 8)), settle_s=13)
    found = played(node_script(code_of(RECONNECTING), closed), tmp_path)
    assert (found["attempts"], found["opens"], found["connected"]) == (1, 0, False)
    left = BareWorld((Phase("refuse", 1),), (), settle_s=8)
    story = run_recipe(RECONNECTING, left)
    assert len(story.of(Event.OPEN)) == 1


@pytest.mark.slow
@pytest.mark.fidelity
@pytest.mark.parametrize("feed", [(), (0.0, 0.75)])
def test_real_attempts_come_when_the_lab_says(tmp_path: Path, feed: tuple[float, ...]) -> None:
    """The same draws, real sockets, a tenth of the world's time.

    A machine that is busy is late: then it is tried again.
    """
    world = BareWorld(
        (Phase("serve", 4), Phase("refuse", 20), Phase("stop", 4)), settle_s=20, seed=5
    )
    story = run_recipe(RECONNECTING, world, feed=feed)
    lab = {
        what: pytest.approx([each / 1e9 for each in story.times_ns(event)], abs=1.5)
        for what, event in EVENTS.items()
    }
    script = node_script(code_of(RECONNECTING), world, scale=0.1, feed=feed)
    for _ in range(TRIES):
        events = played(script, tmp_path)["events"]
        found = {what: [one["s"] for one in events if one["what"] == what] for what in EVENTS}
        if found == lab:
            return
    assert found == lab
