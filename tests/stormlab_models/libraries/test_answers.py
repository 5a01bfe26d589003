"""What the servers say in JavaScript is what they say in Python, at the same times."""

import json
from typing import Any, cast

import pytest
from tests.stormlab_models.libraries.conftest import Call

from stormlab.clock import Clock, to_ns, to_s
from stormlab.draws import Draws
from stormlab.hosts.diary import Diary
from stormlab.hosts.javascript.code import maker
from stormlab.hosts.line import Surroundings
from stormlab.hosts.recipe import SILENT, Recipe
from stormlab.hosts.wire import Caller, Data, Peer, SilentPeer
from stormlab_models.libraries.recipes import RECIPES

quickjs = pytest.importorskip("quickjs")
SPEAKING = {name: recipe for name, recipe in RECIPES.items() if recipe.peer is not SilentPeer}
Said = list[tuple[float, Any]]
ENGINE = """
const told = [], jobs = [], heard = [];
let now = 0, open = true;
const socket = {
  on: (what, call) => { heard.push(call); },
  send: (data) => { told.push([now, typeof data === "string" ? data : [...data]]); },
  close: (code) => { told.push([now, `closed ${code}`]); open = false; },
};
const at = (time, call) => { jobs.push({ time, call }); };
const later = (seconds, call) => at(now + seconds, () => { if (open) call(); });
const says = (time, data) => at(time, () => {
  const bytes = typeof data !== "string";
  heard.forEach((call) => call(bytes ? new Uint8Array(data) : data, bytes));
});
const until = (end) => {
  for (;;) {
    jobs.sort((one, other) => one.time - other.time);
    if (jobs.length === 0 || jobs[0].time > end) return JSON.stringify(told);
    now = jobs[0].time;
    jobs.shift().call();
  }
};
"""


def unpacked(data: Any) -> Any:
    """What a message says, however JSON is spaced."""
    if not isinstance(data, str):
        return list(data)
    cut = len(data) - len(data.lstrip("0123456789"))
    try:
        return data[:cut], json.loads(data[cut:].rstrip("\x1e"))
    except ValueError:
        return data


def in_javascript(recipe: Recipe, says: list[tuple[float, Data]], until_s: float) -> Said:
    """What the recipe's answer tells a client that says this, and when."""
    context = quickjs.Context()
    context.eval(f"{ENGINE}\n({recipe.answer})(socket, later, 0); 0")
    for at_s, data in says:
        sent = data if isinstance(data, str) else list(data)
        context.eval(f"says({at_s!r}, {json.dumps(sent)}); 0")
    found = json.loads(context.eval(f"until({until_s!r})"))
    return [(round(at_s, 6), unpacked(data)) for at_s, data in found]


def in_python(recipe: Recipe, says: list[tuple[float, Data]], until_s: float) -> Said:
    """The same of the recipe's peer."""
    call = Call(recipe.peer())
    for at_s, data in says:
        call.says(at_s, data)
    told = [(at_s, unpacked(data)) for at_s, data in call.until(until_s)]
    ends = [(at_s, f"closed {code}") for at_s, code in call.closed]
    return sorted([*told, *ends], key=lambda each: each[0])


class Listening:
    """A peer that writes down what its first client says."""

    def __init__(self, peer: Peer, clock: Clock) -> None:
        self.peer, self.clock = peer, clock
        self.heard: list[tuple[float, Data]] = []

    def message(self, caller: Caller, data: Data) -> None:
        self.heard.append((to_s(self.clock.now_ns), data))
        self.peer.message(caller, data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.peer, name)


def talk(recipe: Recipe, until_s: float) -> list[tuple[float, Data]]:
    """What the library itself says on one connection, in seconds after it was accepted."""
    clock = Clock()
    peer = Listening(recipe.peer(), clock)
    around = Surroundings(clock, cast("Peer", peer), Diary(), to_ns(60.0))
    maker(recipe)(around, Draws(0)).start()
    clock.run(to_ns(until_s))
    return peer.heard


def test_who_has_a_protocol_has_an_answer_and_nobody_else() -> None:
    answering = {name for name, recipe in RECIPES.items() if recipe.answer != SILENT}
    assert answering == set(SPEAKING)
    assert len(SPEAKING) == 9


@pytest.mark.npm
@pytest.mark.parametrize("name", SPEAKING)
def test_a_real_client_is_told_the_same(name: str) -> None:
    recipe, until_s = SPEAKING[name], 200.0
    says = talk(recipe, until_s)
    assert says or name == "@anycable/core"  # which subscribes to nothing
    told = in_javascript(recipe, says, until_s)
    assert told == in_python(recipe, says, until_s)
    assert told


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("socket.io-client", [(1.0, "40"), (25.5, "3")]),  # the second ping is not answered
        ("phoenix", [(1.0, '[null, "5", "phoenix", "heartbeat", {}]')]),
        ("graphql-ws", [(1.0, '{"type": "connection_init"}'), (2.0, '{"type": "ping"}')]),
        ("graphql-ws", [(1.0, '{"type": "subscribe"}')]),
        ("@microsoft/signalr", [(1.0, '{"protocol":"json","version":1}\x1e{"type":6}\x1e')]),
        ("centrifuge", [(1.0, '{"id":1,"connect":{}}\n{"id":2,"subscribe":{}}'), (27.0, "{}")]),
        (
            "home-assistant-js-websocket",
            [(1.0, '{"type":"auth"}'), (2.0, '{"id":1,"type":"ping"}')],
        ),
        ("home-assistant-js-websocket", [(3.0, '{"id":2,"type":"get_states"}')]),
        ("@rails/actioncable", [(1.0, '{"command":"subscribe","identifier":"{}"}')]),
        ("y-websocket", [(1.0, bytes([0, 0, 1, 0])), (2.0, bytes([1, 2, 3])), (3.0, "what?")]),
    ],
)
def test_what_seldom_happens_is_answered_alike(name: str, says: list[tuple[float, Data]]) -> None:
    told = in_javascript(RECIPES[name], says, 100.0)
    assert told == in_python(RECIPES[name], says, 100.0)
    assert told or "subscribe" in str(says[0][1])


@pytest.mark.parametrize("name", RECIPES)
def test_a_close_has_the_same_reason(name: str) -> None:
    reason = getattr(RECIPES[name].peer(), "reason", lambda _code: "")
    context = quickjs.Context()
    context.eval(f"globalThis.answer = {RECIPES[name].answer}; 0")
    for code in (1012, 2999, 3000, 4500):
        assert context.eval(f"answer.reason ? answer.reason({code}) : ''") == reason(code)
