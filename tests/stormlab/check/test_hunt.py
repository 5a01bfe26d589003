"""The nightly hunt: new worlds each time, and those that broke something come first."""

from pathlib import Path

from stormlab.check import Budget, Target, check_policy, target_of
from stormlab.check.hunt import hunt
from stormlab.evidence import Outcome
from stormlab.policy import Reconnect
from stormlab.worlds.bare import BareWorld
from stormlab.worlds.written import World

HUNTS = Budget("hunt", {"bare": 40}, 300, 300_000, hunts=True)


def has_hang(world: World) -> bool:
    return isinstance(world, BareWorld) and any(each.what == "hang" for each in world.phases)


def test_it_stops_at_the_first_breach_and_remembers_it(sound: Reconnect, tmp_path: Path) -> None:
    target: Target = target_of(sound)
    shown: list[World] = []

    def breaks(world: World) -> bool:
        shown.append(world)
        return has_hang(world)

    assert hunt("bare", target, 200, tmp_path, breaks)
    first = next(world for world in shown if has_hang(world))
    shown.clear()
    assert hunt("bare", target, 200, tmp_path, breaks)
    assert shown[0] == first


def test_without_a_breach_every_world_is_shown(sound: Reconnect) -> None:
    shown: list[World] = []

    def never(world: World) -> bool:
        shown.append(world)
        return False

    assert not hunt("bare", target_of(sound), 20, None, never)
    assert len(shown) == 20


def test_a_check_that_hunts_finds_and_shrinks(never_again: type, tmp_path: Path) -> None:
    names = ["converges", "one-live-socket"]
    verdict = check_policy(never_again, promises=names, budget=HUNTS, folder=tmp_path)
    assert verdict["converges"].outcome is Outcome.BROKEN
    assert verdict["one-live-socket"].outcome is Outcome.HOLDS
    world = verdict["converges"].world
    assert isinstance(world, BareWorld)
    assert 1 <= len(world.phases) <= 2  # long enough for three refusals
    assert (tmp_path / "hypothesis" / "NeverAgain" / "bare").is_dir()
