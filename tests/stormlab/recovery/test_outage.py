from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from stormlab.recovery.outage import Outage, outage
from stormlab.recovery.rows import NEVER, Rows
from stormlab.vocabulary import Event

S = 1_000_000_000
Make = Callable[..., Any]


def of(told: Any) -> Outage:
    return outage(Rows(told.trace()))


def stretches(found: Outage) -> list[tuple[float, float]]:
    pairs = zip(found.begins_ns.tolist(), found.ends_ns.tolist(), strict=True)
    return [(begin / S, NEVER if end == NEVER else end / S) for begin, end in pairs]


def test_without_a_fault_the_run_counts_from_its_start(fleet: Make) -> None:
    found = of(fleet())
    assert (found.fault_ns, found.from_ns, found.heal_ns) == (None, 0, 0)
    assert found.healed_ns(np.array([5, NEVER])).tolist() == [5, NEVER]


def test_a_crash_lasts_until_the_server_is_up(fleet: Make) -> None:
    storm = fleet()
    storm.down(10, 30)
    found = of(storm)
    assert stretches(found) == [(10, 30)]
    assert (found.from_ns, found.heal_ns) == (10 * S, 30 * S)
    lost = np.array([5, 10, 29, 30, 50]) * S
    assert (found.healed_ns(lost) // S).tolist() == [5, 30, 30, 30, 50]


def test_a_server_that_stays_away_never_heals(fleet: Make) -> None:
    storm = fleet()
    storm.down(10)
    found = of(storm)
    assert found.heal_ns == NEVER
    assert found.healed_ns(np.array([12 * S, NEVER])).tolist() == [NEVER, NEVER]


def test_one_of_two_servers_is_enough(fleet: Make) -> None:
    rolling = fleet(pods=2)
    rolling.down(10, 20, pod=0)
    rolling.down(30, 40, pod=1)
    assert stretches(of(rolling)) == []
    assert of(rolling).heal_ns == 10 * S
    overlapping = fleet(pods=2)
    overlapping.down(10, 20, pod=0)
    overlapping.down(15, 40, pod=1)
    assert stretches(of(overlapping)) == [(15, 20)]


@pytest.mark.parametrize(
    ("begin", "end"),
    [("cut", "heal"), ("hold", "release"), ("offline", "online"), ("hang", "recover"),
     ("reject", "admit")],
)  # fmt: skip
def test_what_bars_the_way_makes_it_unavailable(fleet: Make, begin: str, end: str) -> None:
    storm = fleet()
    storm.fault(10, begin)
    storm.fault(20, end)
    assert stretches(of(storm)) == [(10, 20)]


def test_hidden_pages_are_no_fault(fleet: Make) -> None:
    storm = fleet()
    storm.fault(1, "hide")
    storm.down(10, 30)
    storm.fault(40, "show")
    assert of(storm).from_ns == 10 * S


@pytest.mark.parametrize("verb", ["drain", "slow", "block"])
def test_a_draining_or_slow_server_is_there(fleet: Make, verb: str) -> None:
    storm = fleet()
    storm.fault(10, verb)
    found = of(storm)
    assert (stretches(found), found.from_ns, found.heal_ns) == ([], 10 * S, 10 * S)


def test_one_hung_of_two_servers_is_not_an_outage_and_both_are(fleet: Make) -> None:
    storm = fleet(pods=2)
    storm.fault(10, "hang", pod=0)
    storm.down(20, 25, pod=1)
    storm.fault(40, "recover", pod=0)
    assert stretches(of(storm)) == [(20, 25)]


def test_two_cuts_at_once_are_healed_when_both_are(fleet: Make) -> None:
    storm = fleet()
    for time_s, verb in [(10, "cut"), (15, "cut"), (20, "heal"), (30, "heal"), (40, "heal")]:
        storm.fault(time_s, verb)
    assert stretches(of(storm)) == [(10, 30)]


def test_a_server_that_comes_up_is_no_fault(fleet: Make) -> None:
    storm = fleet()
    storm.add(0, Event.UP, conn=0)
    storm.down(10, 30)
    assert of(storm).from_ns == 10 * S
