import math
from collections.abc import Callable
from typing import Any

import pytest

from stormlab.recovery import NEVER, Recovery, Standing, figures
from stormlab.recovery.run import once
from stormlab.vocabulary import Event

Make = Callable[..., Any]


@pytest.fixture
def two_of_three(fleet: Make) -> Any:
    """Crash from 10 s to 30 s. Client 0 is back at 40 s, client 1 at 50 s, client 2 never."""
    storm = fleet(clients=3)
    storm.down(10, 30)
    for client in range(3):
        storm.settled(10, client=client)
    storm.socket(39, 40, client=0)
    storm.socket(49, 50, client=1)
    storm.timer(10, 85, client=2)
    storm.socket(95, client=2)
    return storm


def test_times_from_the_loss_and_from_the_heal(two_of_three: Any) -> None:
    recovery = two_of_three.recovery()
    assert recovery.reconnect.back_s.tolist() == [30, 40]
    assert recovery.reconnect.away_s.tolist() == [90]
    assert recovery.recovery.back_s.tolist() == [10, 20]
    assert recovery.recovery.away_s.tolist() == [70]
    assert (recovery.away_ns / 1e9).tolist() == [30, 40, 90]


def test_who_still_tries_is_away_but_not_lost(two_of_three: Any) -> None:
    recovery = two_of_three.recovery()
    assert recovery.is_away.tolist() == [False, False, True]
    assert not recovery.is_lost_for_good.any()
    assert recovery.at_end.tolist() == [Standing.OPEN, Standing.OPEN, Standing.CONNECTING]


def test_being_accepted_and_closed_again_is_no_return(fleet: Make) -> None:
    storm = fleet()
    storm.down(10, 20)
    storm.settled(10)
    storm.socket(21, 22, 23)
    storm.socket(40, 41, 51)
    assert storm.recovery(stable_s=10).reconnect.back_s.tolist() == [31]
    assert storm.recovery(stable_s=1).reconnect.back_s.tolist() == [12]
    assert storm.recovery(stable_s=11).reconnect.away_s.tolist() == [90]


def test_one_who_is_back_before_the_last_heal_took_no_negative_time(fleet: Make) -> None:
    """The way is cut twice; the client came back in between and was not lost again."""
    storm = fleet()
    for time_s, verb in [(10, "cut"), (20, "heal"), (60, "cut"), (70, "heal")]:
        storm.fault(time_s, verb)
    storm.settled(11)
    storm.socket(24, 25)
    recovery = storm.recovery()
    assert recovery.recovery.back_s.tolist() == [5]


def test_an_opening_just_before_the_end_is_undecided(fleet: Make) -> None:
    """It is watched until it opened, and counts as neither back nor away."""
    storm = fleet(sockets=2)
    storm.fault(10, "cut")
    storm.settled(10, endpoint=0)
    storm.settled(20, endpoint=1)
    storm.socket(90, 95, endpoint=0)
    recovery = storm.recovery()
    assert recovery.reconnect.away_s.tolist() == [85, 80]
    assert recovery.is_away.tolist() == [False, True]
    assert recovery.client_reconnect.away_s.tolist() == [90]


@pytest.mark.parametrize(("dead_s", "lost"), [(39, 1), (41, 0)])
def test_a_page_may_take_a_minute_to_notice(fleet: Make, dead_s: float, lost: int) -> None:
    storm = fleet()
    storm.fault(30, "hang")
    storm.add(dead_s, Event.LOST, **storm.settled())
    recovery = storm.recovery()
    assert recovery.is_lost_for_good.sum() == lost
    assert recovery.is_away.tolist() == [True]


def test_a_client_is_back_when_all_its_sockets_are(fleet: Make) -> None:
    storm = fleet(clients=2, sockets=2)
    storm.fault(10, "cut")
    storm.fault(11, "heal")
    storm.settled(10, client=0, endpoint=0)
    storm.settled(12, client=0, endpoint=1)
    storm.settled(None, client=1, endpoint=0)
    storm.settled(15, client=1, endpoint=1)
    storm.socket(20, 21, client=0, endpoint=0)
    storm.socket(30, 31, client=0, endpoint=1)
    recovery = storm.recovery()
    assert recovery.reconnect.back_s.tolist() == [11, 19]
    assert recovery.client_reconnect.back_s.tolist() == [21]
    assert recovery.client_reconnect.away_s.tolist() == [85]


@pytest.mark.parametrize("last_word", ["gave up", "silent", "half-open"])
def test_who_will_not_try_again_is_lost_for_good(fleet: Make, last_word: str) -> None:
    storm = fleet()
    storm.fault(10, "hang")
    who = storm.settled(None if last_word == "half-open" else 10)
    if last_word == "half-open":
        storm.add(10, Event.LOST, **who)
    if last_word == "gave up":
        storm.add(11, Event.GAVE_UP, client=0, endpoint=0)
    recovery = storm.recovery()
    assert recovery.is_lost_for_good.tolist() == [True]
    assert recovery.at_end[0] == (Standing.GAVE_UP if last_word == "gave up" else Standing.SILENT)
    assert recovery.reconnect.away_s.tolist() == [90]


def test_a_device_without_network_is_away_but_not_lost(fleet: Make) -> None:
    storm = fleet()
    storm.fault(10, "offline")
    storm.settled(10)
    storm.add(10, Event.OFFLINE, client=0)
    recovery = storm.recovery()
    assert recovery.is_away.all()
    assert not recovery.is_lost_for_good.any()


def test_a_fleet_that_starts_from_nothing_counts_from_its_first_try(fleet: Make) -> None:
    storm = fleet(clients=2)
    storm.timer(3, 2, client=0)
    storm.socket(5, 6, client=0)
    storm.socket(7, 9, client=1)
    recovery = storm.recovery()
    assert recovery.reconnect.back_s.tolist() == [3, 2]
    assert recovery.storm.tolist() == [True, True]


def test_what_was_before_the_fault_is_no_storm(fleet: Make) -> None:
    storm = fleet()
    storm.socket(1, 2, 10)
    storm.down(10, 11)
    storm.socket(12, 13)
    assert storm.recovery().storm.tolist() == [False, True]


def test_a_group_is_seen_alone(two_of_three: Any) -> None:
    two_of_three.header |= {"policies": ["fast", "slow"], "policy_of_client": [0, 0, 1]}
    recovery = two_of_three.recovery()
    fast, slow = figures(recovery, "fast"), figures(recovery, 1)
    assert (fast["attempts"], slow["attempts"]) == (2, 1)
    assert (fast["reconnect_s_p99"], slow["reconnect_s_p50"]) == (40, math.inf)
    assert (fast["away_percent"], slow["away_percent"]) == (0, 100)
    assert fast["drain_s"] == slow["drain_s"] == figures(recovery)["drain_s"] == 20


@pytest.mark.parametrize("which", ["slow", 1, -1])
def test_an_unknown_group_is_refused(two_of_three: Any, which: int | str) -> None:
    two_of_three.header["policy"] = "only"
    with pytest.raises(ValueError, match=rf"found {which!r}; allowed: 'only'"):
        figures(two_of_three.recovery(), which)


def test_everybody_lost_for_good(fleet: Make) -> None:
    storm = fleet(clients=2)
    storm.down(10)
    for client in range(2):
        storm.settled(10, client=client)
        storm.add(10, Event.GAVE_UP, client=client, endpoint=0)
    found = figures(storm.recovery())
    assert (found["lost_percent"], found["lost_clients"]) == (100, 2)
    assert (found["reconnect_s_p50"], found["reconnect_s_mean"]) == (math.inf, 90)
    assert (found["recovery_s_p50"], found["drain_s"], found["collapsed"]) == (None, None, 0)


def test_nobody_lost(fleet: Make) -> None:
    storm = fleet(clients=2)
    storm.fault(10, "slow")
    storm.settled(client=0)
    storm.settled(client=1)
    found = figures(storm.recovery())
    assert found["connections_lost"] == 0
    assert {found[name] for name in ("reconnect_s_p50", "lost_percent", "away_s_mean")} == {None}
    assert found["attempts_per_client_mean"] == 0


def test_a_figure_asked_for_twice_is_computed_once(two_of_three: Any) -> None:
    calls: list[Recovery] = []

    @once
    def count(recovery: Recovery) -> int:
        calls.append(recovery)
        return len(calls)

    recovery = two_of_three.recovery()
    assert [count(recovery), count(recovery), count(two_of_three.recovery())] == [1, 1, 2]


def test_never_is_a_time_after_every_run(two_of_three: Any) -> None:
    recovery = two_of_three.recovery()
    assert recovery.back_ns[2] == NEVER > recovery.end_ns
