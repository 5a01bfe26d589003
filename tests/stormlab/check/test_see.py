"""Targets as people give them, and what is seen of them in each kind of world."""

from collections.abc import Callable

import pytest

from stormlab.check import CheckError, see, target_of
from stormlab.check.see import is_page, with_keys
from stormlab.policy import Reconnect
from stormlab.policy.catalogue import find_policy
from stormlab.worlds.bare import BareWorld
from stormlab.worlds.herd import HerdWorld
from stormlab.worlds.phases import Phase
from stormlab.worlds.simulated import SimulatedWorld

FLEET = SimulatedWorld(
    {
        "model": "fleet",
        "duration_s": 60.0,
        "clients": {"count": 2},
        "faults": [{"do": "crash", "at_s": 5.0, "for_s": 10.0}],
    }
)
PAGE = SimulatedWorld({"model": "tac-webbuilder", "duration_s": 20.0})


def test_a_policy_is_taken_in_every_form(ours: type, sound: Reconnect) -> None:
    named = {
        "Ours": target_of(ours),
        "phoenix": target_of("phoenix"),
        "mine": target_of(sound, "mine"),
        "aws-full-jitter": target_of(find_policy("aws-full-jitter")),
        "table": target_of({"name": "table", "backoff": {"kind": "constant", "delay_s": 1.0}}),
    }
    assert {target.name for target in named.values()} == set(named)
    for target in named.values():
        assert len(see(target, BareWorld((Phase("refuse", 3.0),))).stories) == 1


def test_what_has_no_name_elsewhere_says_so(sound: Reconnect) -> None:
    class Local:
        def on(self, happened: object, chance: object) -> None: ...

        def may_attempt(self, time_ns: int) -> bool:
            del time_ns
            return True

    assert target_of(Local).written is None
    written = target_of(sound).written
    assert isinstance(written, dict)
    assert target_of(written).subject.make() is not None


def test_a_fleet_and_a_page_are_simulated(ours: type) -> None:
    seen = see(target_of(ours), FLEET)
    assert [story.client for story in seen.stories] == [0, 1]
    assert seen.trace is not None
    assert (seen.healed_ns, seen.end_ns) == (15_000_000_000, 60_000_000_000)
    page = see(target_of("page.hook=repaired"), PAGE)
    assert len(page.stories) == 8


def test_a_herd_is_judged_without_a_run(sound: Reconnect) -> None:
    seen = see(target_of(sound), HerdWorld(3))
    assert seen.stories == ()
    assert seen.world == HerdWorld(3)


@pytest.mark.parametrize("world", [BareWorld((Phase("refuse", 3.0),)), FLEET])
def test_every_run_can_be_repeated(ours: type, world: BareWorld | SimulatedWorld) -> None:
    seen = see(target_of(ours), world)
    assert seen.again is not None
    assert seen.again() == seen.stories


def test_the_keys_of_a_page_go_over_those_of_the_world() -> None:
    world = SimulatedWorld(PAGE.document | {"page": {"hook": "analysed", "jitter_s": 1.0}})
    both = with_keys(world, {"page": {"hook": "manager"}})
    assert both.document["page"] == {"hook": "manager", "jitter_s": 1.0}
    with pytest.raises(CheckError, match="need a world of the model tac-webbuilder, not fleet"):
        with_keys(FLEET, {"page": {}})


def test_wrong_keys_of_a_page_are_one_line() -> None:
    with pytest.raises(CheckError, match=r"page.hook: found 'x'; allowed: 'analysed', 'fixed'"):
        see(target_of("page.hook=x"), PAGE)


@pytest.mark.parametrize(
    ("code", "page"),
    [
        ("page.hook=manager", True),
        ({"page": {"hook": "manager"}}, True),
        ("phoenix", False),
        ("phoenix,backoff.cap_s=3", False),
        ({"like": "phoenix"}, False),
        (find_policy, False),
    ],
)
def test_policies_and_pages_are_told_apart(code: object, page: bool) -> None:  # noqa: FBT001
    assert is_page(code) is page


def test_a_policy_that_fails_in_a_fleet_is_named(code: Callable[[str], str]) -> None:
    target = target_of(code("return {}[happened.code]"))
    with pytest.raises(CheckError, match=r"Policy: on\(\) raised KeyError"):
        see(target, FLEET)
