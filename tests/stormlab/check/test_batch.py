"""Batches: the same worlds everywhere, and an account of what they have shown."""

from itertools import islice

import pytest

from stormlab.check.batch import settled_s, witnessed, worlds
from stormlab.check.see import see, target_of
from stormlab.policy import Constant, Delays, Reconnect
from stormlab.properties import Sometimes
from stormlab.properties.promises.promise import Tier
from stormlab.properties.promises.recovery import settle_s
from stormlab.worlds.bare import BareWorld
from stormlab.worlds.herd import HerdWorld
from stormlab.worlds.phases import Phase
from stormlab.worlds.written import key_of


@pytest.mark.parametrize("tier", ["bare", "herd", "fleet", "page"])
def test_the_worlds_of_a_seed_are_always_the_same(sound: Reconnect, tier: Tier) -> None:
    target = target_of(sound)
    first, again = ([key_of(world) for world in worlds(tier, 12, 5, target)] for _ in range(2))
    other = [key_of(world) for world in worlds(tier, 12, 6, target)]
    assert first == again
    assert first != other


def test_more_worlds_begin_with_the_same_ones(sound: Reconnect) -> None:
    target = target_of(sound)
    few, many = list(worlds("bare", 5, 0, target)), worlds("bare", 50, 0, target)
    assert list(islice(many, 5)) == few


def test_worlds_last_longer_than_the_bound(sound: Reconnect) -> None:
    target = target_of(sound)
    assert settled_s(target) > settle_s(target.subject)
    for tier in ("bare", "fleet"):
        for world in worlds(tier, 30, 0, target):
            assert not isinstance(world, HerdWorld)
            assert world.healed_s is not None
            assert world.end_s - world.healed_s >= settled_s(target) - 1e-6


def test_worlds_fool_a_client_for_as_long_as_its_delays_take() -> None:
    lengths = {}
    for base_s in (1.0, 50.0):
        target = target_of(Reconnect(Delays(Constant(base_s))))
        made = [world for world in worlds("bare", 250, 0, target) if isinstance(world, BareWorld)]
        phases = [phase for world in made for phase in world.phases]
        lengths[base_s] = {each.for_s for each in phases if each.what == "reject" and each.drop}
    assert lengths == {1.0: {120.0, 180.0, 240.0}, 50.0: {618.0, 927.0, 1236.0}}


def test_a_batch_for_development_shows_all_that_worlds_can_show(sound: Reconnect) -> None:
    target = target_of(sound)
    shown = set().union(
        *(witnessed(target, see(target, world)) for world in worlds("bare", 120, 0, target))
    )
    assert shown == set(Sometimes)


@pytest.mark.parametrize(
    ("phase", "shown"),
    [
        (Phase("refuse", 20.0), {Sometimes.REFUSAL}),
        (Phase("hang", 20.0), {Sometimes.REFUSAL, Sometimes.HANG}),
        (Phase("reject", 20.0), {Sometimes.ACCEPT_THEN_CLOSE}),
        (Phase("stop", 20.0, advice_s=2.0), {Sometimes.REFUSAL, Sometimes.ADVICE}),
        (Phase("serve", 20.0), set()),
    ],
)
def test_what_a_world_shows(sound: Reconnect, phase: Phase, shown: set[Sometimes]) -> None:
    target = target_of(sound)
    world = BareWorld((phase,), settle_s=60.0)
    depends = {Sometimes.CAP, Sometimes.STABLE_RESET, Sometimes.MASS_LOSS}
    assert witnessed(target, see(target, world)) - depends == shown


def test_a_herd_has_lost_its_server(sound: Reconnect) -> None:
    target = target_of(sound)
    assert Sometimes.MASS_LOSS in witnessed(target, see(target, HerdWorld(1)))
