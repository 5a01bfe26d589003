"""The library websockets itself, in the worlds of its model: attempts at the same nanosecond.

The jitter of both comes from the same draws. They differ in three things, each stated by a test:
nobody's hand reaches a library; a half-open connection is noticed by pings that began when it
opened, and then closed with patience; and a server that waits for the closing handshake ends TCP
two ways later than the model's.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import websockets
from hypothesis import Phase as Stage
from hypothesis import given, settings
from websockets.asyncio.client import connect

from stormlab.clock import NS_PER_MS, NS_PER_S, to_ns
from stormlab.evidence import Outcome
from stormlab.hosts.aio.bare import luck_of, run_aio
from stormlab.hosts.aio.entropy import Luck
from stormlab.policy import Policy, Scope
from stormlab.properties.promises import PROMISES, Seen, Subject
from stormlab.strategies import bare_worlds
from stormlab.vocabulary import Event
from stormlab.worlds.bare import BareWorld, Phase, run_bare
from stormlab.worlds.made import Addressed, bare_world
from stormlab.worlds.story import Story
from stormlab_models.policies.websockets import ENTRIES

MODEL = ENTRIES[0].reconnect
WITHOUT_PINGS: dict[str, Any] = {"ping_interval": None}
KEEPALIVE_FAILED = 1011
PHASES = (Stage.explicit, Stage.reuse, Stage.generate)


class SameDraws:
    """The chance of the model: what the library's ``random.random()`` gives."""

    def __init__(self, luck: Luck) -> None:
        self._luck = luck

    def unit(self, purpose: str, scope: Scope = "attempt") -> float:
        del purpose, scope
        return self._luck.unit()


def client(**settings: Any) -> Callable[[str], Any]:
    async def stay(url: str) -> None:
        async for connection in connect(url, **settings):
            try:
                async for _ in connection:
                    pass
            except websockets.ConnectionClosed:
                continue

    return stay


def modelled(world: BareWorld, *, pings: bool, socket: int = 0) -> Story:
    assert MODEL is not None
    terms = MODEL.terms
    if not pings:
        terms = replace(terms, heartbeat_s=None, heartbeat_timeout_s=None)

    def group(count: int) -> list[Policy]:
        return replace(MODEL, terms=terms).make_group(count)

    alone = replace(world, sockets=1)
    return run_bare(group, alone, SameDraws(luck_of(world, socket)))[0]


def without_hands(world: BareWorld) -> BareWorld:
    acts = tuple(act for act in world.acts if act.do != "by_hand")
    return replace(world, acts=acts, sockets=1)


def attempts_ns(story: Story, until_ns: int) -> list[int]:
    return [time_ns for time_ns in story.times_ns(Event.NEW) if time_ns < until_ns]


# no shrinking: each example is a whole world, and the first that fails is as good as another
@settings(deadline=None, max_examples=30, phases=PHASES)
@given(bare_worlds())
def test_attempts_are_those_of_the_model(world: BareWorld) -> None:
    world = without_hands(world)
    real, model = run_aio(world, client(**WITHOUT_PINGS))[0], modelled(world, pings=False)
    until_ns = min(real.end_ns, model.end_ns)
    assert attempts_ns(real, until_ns) == attempts_ns(model, until_ns)
    assert not real.has(Event.UNCAUGHT)


# no shrinking: each example is a whole world, and the first that fails is as good as another
@settings(deadline=None, max_examples=30, phases=PHASES)
@given(bare_worlds())
def test_attempts_agree_until_a_silence_is_noticed(world: BareWorld) -> None:
    world = without_hands(world)
    real, model = run_aio(world, client())[0], modelled(world, pings=True)
    noticed = model.times_ns(Event.HEARTBEAT_LOST)
    noticed += [step.time_ns for step in real.of(Event.CLOSE_CALLED) if step.code]
    until_ns = min([real.end_ns, model.end_ns, *noticed])
    assert attempts_ns(real, until_ns) == attempts_ns(model, until_ns)


@pytest.mark.slow
def test_a_thousand_worlds_give_equal_attempts() -> None:
    attempts = 0
    for case in range(1000):
        world = without_hands(bare_world(Addressed(1, case), 300.0))
        real = run_aio(world, client(**WITHOUT_PINGS))[0]
        model = modelled(world, pings=False)
        until_ns = min(real.end_ns, model.end_ns)
        assert attempts_ns(real, until_ns) == attempts_ns(model, until_ns), world
        attempts += len(attempts_ns(real, until_ns))
    assert attempts == 58_851  # as docs/hosts-python.md says


@pytest.mark.parametrize("served_s", [1.0, 5.0, 20.0, 20.07, 33.0, 59.9])
def test_a_silence_is_noticed_by_pings_that_began_at_the_open(served_s: float) -> None:
    world = BareWorld((Phase("serve", served_s), Phase("hang", 120.0)))
    real, model = run_aio(world, client())[0], modelled(world, pings=True)
    assert model.times_ns(Event.NEW)[1] == to_ns(served_s + 40.0)  # two periods after it began
    opened_s = 0.06
    periods = next(k for k in range(1, 9) if opened_s + 20 * k + 0.02 > served_s)
    failed_s = opened_s + 20 * periods + 20  # the ping, and its timeout
    assert [(step.time_ns, step.code) for step in real.of(Event.CLOSE_CALLED)][:1] == [
        (to_ns(failed_s), KEEPALIVE_FAILED)
    ]
    # and ten seconds for a closing handshake that nobody answers
    assert real.times_ns(Event.NEW)[1] == to_ns(failed_s + 10.0)


def test_a_closing_handshake_takes_two_ways_more() -> None:
    world = BareWorld((Phase("serve", 5.0), Phase("serve", 5.0, code=1012, drop=True)))
    at_once = run_aio(world, client())[0].times_ns(Event.NEW)
    in_order = run_aio(world, client(), in_order=True)[0].times_ns(Event.NEW)
    assert at_once == modelled(world, pings=True).times_ns(Event.NEW) == [0, 5_010 * NS_PER_MS]
    assert in_order == [0, 5_030 * NS_PER_MS]


def test_there_is_no_delay_after_a_connection_that_opened() -> None:
    world = BareWorld((Phase("reject", 60.0, code=1013, after_s=0.0),), settle_s=0.0)
    real = run_aio(world, client())[0]
    attempts = attempts_ns(real, 60 * NS_PER_S)
    assert len(attempts) == 1000
    gaps = {later - earlier for earlier, later in pairwise(attempts)}
    assert gaps == {60 * NS_PER_MS}  # nothing but the handshake
    assert attempts == attempts_ns(modelled(world, pings=True), 60 * NS_PER_S)


def test_promises_judge_the_library_as_they_judge_its_model() -> None:
    """Where both are decided; a library's timers are not seen, so that less is decided of it."""
    assert MODEL is not None
    subject = Subject.of(MODEL, "websockets")
    verdicts: dict[tuple[str, str], set[Outcome]] = {}
    for case in range(40):
        world = without_hands(bare_world(Addressed(2, case), 300.0))
        real, model = run_aio(world, client())[0], modelled(world, pings=True)
        for promise in (each for each in PROMISES.values() if "bare" in each.tiers):
            told = [
                promise.judge(subject, Seen((story,), to_ns(world.healed_s), story.end_ns, world))
                for story in (real, model)
            ]
            decided = {each.outcome for each in told} - {Outcome.UNDECIDED}
            assert len(decided) < 2, (promise.name, world)
            verdicts.setdefault(("real", promise.name), set()).add(told[0].outcome)
    assert Outcome.BROKEN in verdicts["real", "calm-when-fooled"]  # no delay after an open
    assert Outcome.HOLDS in verdicts["real", "converges"]


def test_every_socket_has_luck_of_its_own() -> None:
    world = BareWorld((Phase("serve", 3.0), Phase("refuse", 60.0)), sockets=3, seed=7)
    stories = run_aio(world, client())
    assert len({tuple(story.times_ns(Event.NEW)) for story in stories}) == 3
    for number, story in enumerate(stories):
        expected = modelled(world, pings=True, socket=number).times_ns(Event.NEW)
        assert story.times_ns(Event.NEW) == expected
