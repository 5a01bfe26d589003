"""Strategies: what they draw can be run, and shrinks to what a person would have written."""

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from stormlab.check import Budget, check_policy, see, target_of
from stormlab.policy import Reconnect
from stormlab.policy.table import PolicyTable
from stormlab.properties.promises.promise import Tier
from stormlab.strategies import (
    bare_worlds,
    breakers,
    fleet_worlds,
    herd_worlds,
    page_worlds,
    policies,
    worlds,
)
from stormlab.worlds.bare import BareWorld
from stormlab.worlds.herd import HerdWorld
from stormlab.worlds.phases import Phase
from stormlab.worlds.simulated import SimulatedWorld

KINDS: dict[Tier, type] = {
    "bare": BareWorld,
    "herd": HerdWorld,
    "fleet": SimulatedWorld,
    "page": SimulatedWorld,
}


@settings(max_examples=25)
@given(policies(), bare_worlds(settle_s=30.0))
def test_every_drawn_policy_lives_in_every_drawn_world(policy: Reconnect, world: BareWorld) -> None:
    seen = see(target_of(policy), world)
    assert len(seen.stories) == world.sockets
    assert seen.again is not None
    assert seen.again() == seen.stories


@settings(max_examples=25)
@given(policies())
def test_a_drawn_policy_can_be_written_as_a_table(policy: Reconnect) -> None:
    assert PolicyTable.validated(PolicyTable(policy).document).reconnect == policy


FEW = settings(max_examples=50, derandomize=True, database=None)


def test_worlds_shrink_to_the_fewest_things() -> None:
    assert find(bare_worlds(60.0), lambda _: True, settings=FEW) == BareWorld((), (), 60.0)
    hang = find(
        bare_worlds(60.0),
        lambda world: any(phase.what == "hang" for phase in world.phases),
        settings=FEW,
    )
    assert hang == BareWorld(hang.phases, (), 60.0)
    assert hang.phases[-1] == Phase("hang", 1.0)
    assert hang.healed_s == len(hang.phases) <= 3, "Hypothesis seldom leaves out a whole phase"
    assert find(herd_worlds(), lambda _: True, settings=FEW) == HerdWorld(0)
    fleet = find(fleet_worlds(), lambda _: True, settings=FEW)
    assert fleet.document["clients"] == {"count": 1}
    assert "faults" not in find(page_worlds(), lambda _: True, settings=FEW).document


@settings(max_examples=15)
@given(st.sampled_from(sorted(KINDS)).flatmap(lambda tier: st.tuples(st.just(tier), worlds(tier))))
def test_worlds_of_every_kind(drawn: tuple[Tier, object]) -> None:
    tier, world = drawn
    assert isinstance(world, KINDS[tier])


@settings(max_examples=25)
@given(breakers())
def test_drawn_breakers_open(rule: object) -> None:
    from stormlab.policy import BreakerState, CircuitBreaker  # noqa: PLC0415  beside its use

    assert isinstance(rule, CircuitBreaker)
    breaker = rule.make()
    for time_ns in range(40):
        if not breaker.allow(time_ns):
            break
        breaker.record(time_ns, success=False)
    assert breaker.state(40) is BreakerState.OPEN


@pytest.mark.slow
@settings(max_examples=20)
@given(policies())
def test_the_engine_can_check_every_drawn_policy(policy: Reconnect) -> None:
    """Parts may be put together unwisely, but never so that they break the engine."""
    check_policy(policy, budget=Budget("few", {"bare": 10, "herd": 1, "fleet": 2}, 5, 5_000))
