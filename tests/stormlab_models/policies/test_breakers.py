"""Breakers of libraries: when they open, for how long, how they probe, and in front of what."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from stormlab.check import see, target_of
from stormlab.draws import Draws
from stormlab.evidence import Outcome
from stormlab.policy import (
    AddressedChance,
    Breaker,
    BreakerState,
    Policy,
    Reconnect,
    policies_for_client,
)
from stormlab.policy.host import Host
from stormlab.properties import PROMISES
from stormlab.worlds.bare import BareWorld, Phase
from stormlab_models.policies import CATALOGUE
from stormlab_models.policies.breakers import ENTRIES

S = 1_000_000_000
NAMES = [entry.name for entry in ENTRIES]
Play = Callable[..., Any]


def breaker_of(name: str) -> Breaker:
    parts = CATALOGUE[name].reconnect
    assert parts is not None
    assert parts.breaker is not None
    return parts.breaker.make()


def fed(breaker: Breaker, results: str, every_ns: int = S // 100) -> Breaker:
    """Let attempts end one after another: ``x`` failed, ``.`` succeeded."""
    for index, result in enumerate(results):
        assert breaker.allow(index * every_ns), index
        breaker.record(index * every_ns, success=result == ".")
    return breaker


OPENS = [  # results, closed before the last of them and open after it, and for how long
    ("resilience4j", "." * 50 + "x" * 50, 60),
    ("polly-circuit-breaker", "." * 90 + "x" * 10, 5),
    ("hystrix", "." * 10 + "x" * 10, 5),
    ("opossum", "x", 30),
    ("opossum", "." * 4 + "x" * 5, 30),  # more than half
    ("cockatiel", "x.xxxxx", 10),
    ("pybreaker", "xxxx.xxxxx", 60),
    ("purgatory", "xxxx.xxxxx", 30),
    ("aiobreaker", "xxxx.xxxxx", 60),
]


@pytest.mark.parametrize(("name", "results", "open_s"), OPENS)
def test_what_opens_it_and_for_how_long(name: str, results: str, open_s: int) -> None:
    breaker = fed(breaker_of(name), results[:-1])
    assert breaker.state(S) is BreakerState.CLOSED
    breaker.record(S, success=results[-1] == ".")
    assert breaker.state(S) is BreakerState.OPEN
    assert not breaker.allow((1 + open_s) * S - 1)
    assert breaker.state((1 + open_s) * S) is BreakerState.HALF_OPEN


PROBES = {  # how many attempts pass together when it is half-open
    "resilience4j": 10,
    "polly-circuit-breaker": 1,
    "hystrix": 1,
    "opossum": 1,
    "cockatiel": 1,
    "pybreaker": 1,
    "purgatory": 40,
    "aiobreaker": 40,
}


def opened(name: str) -> Breaker:
    results = next(results for each, results, _ in OPENS if each == name)
    return fed(breaker_of(name), results)


@pytest.mark.parametrize("name", NAMES)
def test_how_many_probe(name: str) -> None:
    breaker = opened(name)
    assert sum(breaker.allow(100 * S) for _ in range(40)) == PROBES[name]


@pytest.mark.parametrize("name", [name for name in NAMES if name != "resilience4j"])
def test_one_probe_decides(name: str) -> None:
    for success, after in ((True, BreakerState.CLOSED), (False, BreakerState.OPEN)):
        breaker = opened(name)
        assert breaker.allow(100 * S)
        breaker.record(100 * S, success=success)
        assert breaker.state(100 * S) is after


@pytest.mark.parametrize(("good", "after"), [(6, BreakerState.CLOSED), (5, BreakerState.OPEN)])
def test_ten_calls_decide_for_resilience4j(good: int, after: BreakerState) -> None:
    breaker = opened("resilience4j")
    for index in range(10):
        assert breaker.allow(100 * S)
        assert breaker.state(100 * S) is BreakerState.HALF_OPEN
        breaker.record(100 * S, success=index < good)
    assert breaker.state(100 * S) is after


@pytest.mark.parametrize(
    ("name", "again_s"), [("polly-circuit-breaker", 5), ("hystrix", 5), ("opossum", None)]
)
def test_a_probe_that_does_not_end(name: str, again_s: int | None) -> None:
    breaker = opened(name)
    assert breaker.allow(100 * S)
    assert not breaker.allow(104 * S)
    assert breaker.allow(100 * S + (again_s or 0) * S) == (again_s is not None)
    if again_s is None:
        assert not breaker.allow(10_000 * S)


GAPS = {  # while every attempt of one client is refused: from which one on it is the open time
    "opossum": (0, 30),
    "pybreaker": (4, 60),
    "purgatory": (4, 30),
    "aiobreaker": (4, 60),
}


@pytest.mark.parametrize("name", GAPS)
def test_a_client_away_comes_once_per_open_time(name: str, play: Play) -> None:
    first, open_s = GAPS[name]
    gaps = play(name, 600, up_s=None).gaps_s
    assert all(gap <= 2**n for n, gap in enumerate(gaps[:first]))
    assert gaps[first : first + 2] == pytest.approx([open_s, open_s])
    assert min(gaps[first:]) >= open_s - 1e-6


@pytest.mark.parametrize("name", ["resilience4j", "polly-circuit-breaker", "hystrix"])
def test_a_single_client_makes_too_few_attempts_for(name: str, play: Play) -> None:
    """Its delays are those of a client without a breaker for ten minutes."""
    parts = CATALOGUE[name].reconnect
    assert parts is not None
    without = Reconnect(parts.schedule, reset=parts.reset, terms=parts.terms)
    assert play(name, 600, up_s=None).gaps_s == play(without.make(), 600, up_s=None).gaps_s


def test_the_sockets_of_a_client_share_the_breaker(play: Play) -> None:
    first, second = policies_for_client(CATALOGUE["opossum"].make, 2)
    play(first, 1, up_s=None)
    host = host_of(second)
    host.start(2 * S)
    assert host.begin(2 * S) is None
    assert host.due_ns is not None
    assert host.due_ns >= 30 * S


def host_of(policy: Policy) -> Host:
    return Host(policy, AddressedChance(Draws(1), 1, 1))


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_closes_it_again(name: str, play: Play) -> None:
    played = play(name, 4000, ends=[*[{"up_s": None}] * 12, {"up_s": 500}, {"up_s": None}])
    assert played.stop is None
    assert played.gaps_s[12] <= 2  # the first after the drop: the breaker is closed


@pytest.mark.parametrize("name", ["cockatiel", "opossum", "pybreaker"])
def test_a_probe_without_a_proof_blocks_by_the_wiring_and_not_by_the_library(name: str) -> None:
    """Where a call ends with the opening, the place of the probe is free again."""
    parts = CATALOGUE[name].reconnect
    assert parts is not None
    assert parts.breaker is not None
    open_s = (parts.breaker.open_for.base_ms(0) or 0.0) / 1_000
    world = BareWorld(
        (Phase("refuse", open_s), Phase("mute", 2.0)), settle_s=2 * open_s + 90.0, sockets=2
    )
    promise = PROMISES["probe-frees-its-slot"]
    assert promise.name in CATALOGUE[name].remarks
    found = {}
    for success_on in ("proof", "open"):
        target = target_of(replace(parts, success_on=success_on), name)
        found[success_on] = promise.judge(target.subject, see(target, world)).outcome
    assert found == {"proof": Outcome.BROKEN, "open": Outcome.HOLDS}
