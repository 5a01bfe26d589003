"""What a person reads of a world, and of delays that were walked."""

from dataclasses import dataclass

import pytest

from stormlab.check import check_policy
from stormlab.check.told import told_world
from stormlab.clock import to_ns
from stormlab.policy import (
    Chance,
    Decision,
    Fact,
    Happened,
    RetryAt,
)
from stormlab.policy.support import Support
from stormlab.properties import PROMISES, Declared
from stormlab.worlds.bare import BareWorld, Phase

WORLD = BareWorld((Phase("refuse", 5.0),), seed=7)
FIRST_FEW = 3
ALONE = "1 client, refused again and again; seed 7"


def test_a_run_is_told_by_its_world_and_a_walk_by_its_delays() -> None:
    in_range, overflow = PROMISES["delay-in-range"], PROMISES["delay-survives-overflow"]
    assert told_world(in_range, WORLD)[0].startswith("server: refuses 5 s")
    assert told_world(overflow, WORLD) == [ALONE]
    for promise in (in_range, overflow):
        assert told_world(promise, WORLD, [to_ns(0.5), to_ns(2.0), 0]) == [
            ALONE,
            "delays: 0.5, 2, 0 s",
        ]


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (8, "delays: 1, 2, 3, 4, 5, 6, 7, 8 s"),
        (9, "delays: 1, 2, 3, 4, ... (2 more), 7, 8, 9 s"),
        (1_200, "delays: 1, 2, 3, 4, ... (1,193 more), 1,198, 1,199, 1,200 s"),
    ],
)
def test_of_a_long_walk_the_first_and_the_last_are_told(count: int, told: str) -> None:
    walk = [to_ns(number) for number in range(1, count + 1)]
    assert told_world(PROMISES["delay-survives-overflow"], WORLD, walk)[1] == told


def _one_second(_n: int) -> Support:
    return Support.point(to_ns(1.0))


@dataclass
class Waits:
    """It waits 1 s when it is refused, ``late_s`` from the fourth time on, and after a drop."""

    late_s: float
    dropped_s: float
    failures: int = 0
    declared = Declared(delay_s_max=1.0, supports=_one_second)

    def on(self, happened: Happened, chance: Chance) -> Decision:
        del chance
        if happened.fact not in {Fact.DROPPED, Fact.REFUSED}:
            return None
        self.failures += 1
        delay_s = self.late_s if self.failures > FIRST_FEW else 1.0
        dropped = happened.fact is Fact.DROPPED
        return RetryAt(happened.time_ns + to_ns(self.dropped_s if dropped else delay_s))

    def may_attempt(self, time_ns: int) -> bool:
        del time_ns
        return True


@pytest.mark.parametrize("promise", ["delay-in-range", "delay-grows-to-the-cap"])
def test_a_check_shows_the_delays_that_it_judged_and_no_server(promise: str) -> None:
    found = check_policy(lambda: Waits(0.2, 1.0), promises=[promise])[promise]
    assert "    delays: 1, 1, 1, 0.2 s" in found.lines
    assert not [line for line in found.lines if "server" in line]


def test_a_wait_that_was_seen_in_a_run_keeps_its_world() -> None:
    found = check_policy(lambda: Waits(1.0, 9.0), promises=["delay-in-range"])["delay-in-range"]
    assert found.reason == "a delay beyond 1 s"
    assert [line for line in found.lines if line.startswith("    server: ")]
