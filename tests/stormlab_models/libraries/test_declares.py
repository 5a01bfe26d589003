"""What each recipe declares is what its package does, and a wrong declaration is noticed."""

from dataclasses import replace

import pytest

from stormlab.check import check_client
from stormlab.clock import to_s
from stormlab.hosts.javascript.code import run_recipe
from stormlab.hosts.recipe import Declares
from stormlab.policy.catalogue import find_policy
from stormlab.properties.promises.declared import declared_by
from stormlab.vocabulary import Event
from stormlab.worlds.bare import BareWorld, Phase
from stormlab.worlds.story import Story
from stormlab_models.libraries.recipes import RECIPES

pytestmark = pytest.mark.npm
NAMES = list(RECIPES)
WIRE = {1000, 1001, 1002, 1003, *range(1007, 1015)}  # codes below 3000 that a close frame can have
GIVES_UP = {"@microsoft/signalr": 5, "robust-websocket": 4}  # failures, with the loss before
NETWORK_S = 67.01  # the last SYN of a lost server is answered by nobody (worlds/bare_socket.py)
BORDERS = (3499, 3500, 3999, 4000, 4399, 4400, 4499, 4500, 4999)
TRIED = frozenset({*WIRE, *BORDERS, *(4004, 4005, 4401, 4403, 4406, 4408, 4409, 4429, 4504)})


def run(name: str, *phases: Phase, settle_s: float = 60.0) -> Story:
    return run_recipe(RECIPES[name], BareWorld(phases, (), settle_s))


def closed_with(name: str, code: int) -> Story:
    """Connected for 5 s, closed by the server with a code, and free to come back since."""
    return run(name, Phase("serve", 5.0), Phase("serve", 1.0, code=code, drop=True), settle_s=90.0)


@pytest.mark.parametrize("name", NAMES)
def test_close_codes_are_final_exactly_as_declared(name: str) -> None:
    declared = RECIPES[name].declares.final_codes
    final = {code for code in TRIED if len(closed_with(name, code).of(Event.NEW)) == 1}
    assert final == declared & TRIED
    assert {code for code in declared if code >= 3000} <= set(range(3000, 5000))


@pytest.mark.parametrize("name", NAMES)
def test_who_declares_to_give_up_does_and_nobody_else(name: str) -> None:
    declares = RECIPES[name].declares
    story = run(name, Phase("serve", 10.0), Phase("refuse", 3600.0), settle_s=1.0)
    stopped = to_s(story.of(Event.CLOSE)[-1].time_ns) < 120
    assert stopped is bool(declares.gives_up)
    assert (declares.attempts_max is not None) is bool(declares.gives_up)
    if name in GIVES_UP:
        assert len(story.of(Event.CLOSE)) == GIVES_UP[name] == 1 + (declares.attempts_max or 0)


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_declares_what_its_model_does(name: str) -> None:
    declares, model = RECIPES[name].declares, declared_by(find_policy(RECIPES[name].policy or ""))
    assert model is not None
    assert (declares.attempts_max, declares.final_codes & TRIED) == (
        model.attempts_max,
        model.final_codes & TRIED,
    )
    assert declares.connect_timeout_s == model.terms.connect_timeout_s
    assert model.gives_up in {declares.gives_up, None}
    assert model.resets_on in {declares.resets_on, None}
    assert (declares.heartbeat_s is None) is (model.terms.heartbeat_s is None)


def test_graphql_makes_its_five_retries_where_it_is_closed_and_none_where_it_is_refused() -> None:
    name = "graphql-ws"
    fooled = run(name, Phase("serve", 5.0), Phase("reject", 300.0, drop=True))
    assert len(fooled.of(Event.NEW)) == 1 + (RECIPES[name].declares.attempts_max or 0)
    assert fooled.has(Event.GAVE_UP)
    assert len(run(name, Phase("refuse", 300.0)).of(Event.NEW)) == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_silent_peer_is_noticed_as_declared(name: str) -> None:
    """By its heartbeat if it declares one; else a connection to nobody stays for ever."""
    declares = RECIPES[name].declares
    noticed = []
    for up_s in (40.0, 47.0, 55.5):
        story = run(name, Phase("serve", up_s), Phase("hang", 600.0), settle_s=1.0)
        ends = [to_s(each.time_ns) for each in story.of(Event.CLOSE, Event.CLOSE_CALLED)]
        noticed += [end_s - up_s for end_s in ends[:1] if end_s < up_s + 600.0]
    if declares.heartbeat_s is None:
        assert noticed == []
    else:
        assert len(noticed) == 3
        assert max(noticed) <= declares.heartbeat_s + (declares.heartbeat_timeout_s or 0) + 1


@pytest.mark.parametrize("name", NAMES)
def test_an_attempt_is_given_up_as_declared(name: str) -> None:
    story = run(name, Phase("hang", 600.0), settle_s=1.0)
    first_s = to_s(story.of(Event.CLOSE)[0].time_ns)
    declared_s = RECIPES[name].declares.connect_timeout_s
    assert first_s == pytest.approx(NETWORK_S if declared_s is None else declared_s, abs=0.2)


@pytest.mark.parametrize(
    ("name", "wrong", "promise", "reason"),
    [
        ("@microsoft/signalr", {"attempts_max": 6}, "gives-up-as-declared", "and declares 6"),
        ("@microsoft/signalr", {"gives_up": False, "attempts_max": None}, "converges", "connected"),
        ("robust-websocket", {"final_codes": frozenset({1000})}, "converges", "not connected"),
        (
            "y-websocket",
            {"final_codes": frozenset({1011})},
            "obeys-close-codes",
            "an attempt after close code 1011, declared final",
        ),
        ("socket.io-client", {"heartbeat_s": 5.0}, "notices-a-dead-peer", "still open"),
        ("@rails/actioncable", {"heartbeat_s": 3.0}, "notices-a-dead-peer", "still open"),
        ("home-assistant-js-websocket", {"setup_delay_s": None}, "attempts-bounded", "bound: 35"),
    ],
)
def test_who_breaks_what_it_declares_is_accused(
    name: str, wrong: dict[str, object], promise: str, reason: str
) -> None:
    recipe = RECIPES[name]
    declares: Declares = replace(recipe.declares, **wrong)  # type: ignore[arg-type]
    verdict = check_client(recipe, declares=declares, promises=[promise])
    (judged,) = verdict.broken
    assert reason in judged.reason


@pytest.mark.parametrize(
    ("name", "promises"),
    [
        ("@microsoft/signalr", ["gives-up-as-declared", "converges", "notices-a-dead-peer"]),
        ("y-websocket", ["converges", "obeys-close-codes", "notices-a-dead-peer"]),
        ("socket.io-client", ["converges", "notices-a-dead-peer"]),
        ("home-assistant-js-websocket", ["converges", "attempts-bounded"]),
        ("robust-websocket", ["obeys-close-codes"]),
    ],
)
def test_who_keeps_what_it_declares_is_not_accused(name: str, promises: list[str]) -> None:
    verdict = check_client(RECIPES[name], promises=promises)
    assert [judged.name for judged in verdict.broken] == []
