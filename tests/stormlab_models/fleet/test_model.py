"""What a whole fleet does."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from stormlab.trace import Trace
from stormlab.vocabulary import Event

Fleet = Callable[..., Trace]
At = Callable[..., list[float]]

CRASH = {"do": "crash", "at_s": 10, "for_s": 7}


def test_a_rolling_restart_moves_some_twice(fleet: Fleet) -> None:
    rolling = {"at_s": 10, "every_s": 10, "down_s": 3}
    trace = fleet(rolling=rolling, server={"pods": 3}, clients={"count": 300})
    assert trace.count(Event.SHUTDOWN) == 3
    drops = Counter(trace.of(Event.CLOSE)["client"].tolist())
    assert max(drops.values()) in {2, 3}
    assert sum(drops.values()) > 300


def test_a_cold_fleet_connects_over_its_spread(fleet: Fleet, at: At) -> None:
    trace = fleet(clients={"count": 200, "start": "cold", "cold_spread_s": 10})
    times = at(trace, Event.NEW)
    assert len(times) == 200
    assert 0 <= min(times) < 1
    assert 9 < max(times) <= 10
    assert trace.count(Event.OPEN) == 200


def test_a_mixed_fleet_has_its_shares(fleet: Fleet, policies: Any) -> None:
    mix = [
        {"policy": f"{policies}:Every5", "share": 0.25},
        {"policy": f"{policies}:Twice", "share": 0.75},
    ]
    trace = fleet(mix=mix, clients={"count": 400})
    groups = Counter(trace.header["policy_of_client"])
    assert 70 < groups[0] < 130
    assert groups[0] + groups[1] == 400
    assert trace.header["policies"] == ["Every5", "Twice"]


def test_the_same_world_gives_the_same_trace(fleet: Fleet) -> None:
    faults = [CRASH, {"do": "cut", "at_s": 30, "for_s": 10, "share": 0.3}]
    one, two = (fleet(faults=faults, clients={"count": 30}) for _ in range(2))
    assert one.hash == two.hash
    assert fleet(faults=faults, clients={"count": 30}, seed=2).hash != one.hash


def test_faults_may_last_longer_or_shorter_in_each_run(fleet: Fleet, at: At) -> None:
    crash = [{"do": "crash", "at_s": 10, "for_s": 20}]
    back = [at(fleet(faults=crash, fault_spread_s=5, seed=seed), Event.UP)[0] for seed in range(20)]
    assert 25 <= min(back) < 27
    assert 33 < max(back) <= 35
    assert len(set(back)) == 20
