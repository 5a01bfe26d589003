from collections.abc import Callable
from typing import Any

import pytest

from stormlab.recovery.collapse import collapsed, signs
from stormlab.vocabulary import Event

Make = Callable[..., Any]


@pytest.fixture
def storm(fleet: Make) -> Callable[..., Any]:
    """Twenty clients lose their connection at 10 s; the service is there again at 20 s.

    ``in_vain`` of them try at 30, 60, 85 and 92 s and fail 3 s later each time, a timer pending in
    between and after; the others are back at 25 s. The run takes 100 s.
    """

    def make(in_vain: int, up_s: float | None = 20, **header: Any) -> Any:
        told = fleet(clients=20, **header)
        told.down(10, up_s)
        for client in range(20):
            told.settled(10, client=client)
            if client >= in_vain:
                told.socket(24, 25, client=client)
                continue
            for new_s, then_s in [(30, 27), (60, 22), (85, 4), (92, 60)]:
                told.socket(new_s, None, new_s + 3, client=client)
                told.timer(new_s + 3, then_s, client=client)
        return told

    return make


def test_a_fleet_that_tries_in_vain_has_collapsed(storm: Make) -> None:
    recovery = storm(10, capacity_per_s=2.0).recovery()
    assert signs(recovery) == (True, 10, 20, 10, 0, 20.0)
    assert collapsed(recovery) == 1


@pytest.mark.parametrize(("in_vain", "is_collapse"), [(0, 0), (1, 1), (20, 1)])
def test_five_percent_are_enough(storm: Make, in_vain: int, is_collapse: int) -> None:
    assert collapsed(storm(in_vain).recovery()) == is_collapse


@pytest.mark.parametrize("up_s", [None, 91])
def test_while_the_service_is_away_nothing_has_collapsed(storm: Make, up_s: float | None) -> None:
    assert collapsed(storm(20, up_s=up_s).recovery()) == 0


def test_who_gave_up_is_lost_and_not_in_vain(storm: Make) -> None:
    told = storm(10)
    for client in range(10):
        told.add(99, Event.GAVE_UP, client=client, endpoint=0)
    recovery = told.recovery()
    assert signs(recovery).in_vain == 0
    assert collapsed(recovery) == 0


def test_a_run_that_is_too_short_has_not_collapsed(fleet: Make) -> None:
    """All failed before the heal and wait for their first timer since."""
    told = fleet(clients=4)
    told.down(10, 20)
    for client in range(4):
        told.settled(10, client=client)
        told.socket(15, None, 15, client=client)
        told.timer(15, 300, client=client)
    recovery = told.recovery()
    assert signs(recovery).in_vain == 0
    assert collapsed(recovery) == 0


@pytest.mark.parametrize(("capacity_per_s", "is_collapse"), [(1.0, 0), (2.0, 1), (None, 1)])
def test_a_server_busy_with_what_lasts_is_slow(
    storm: Make, capacity_per_s: float | None, is_collapse: int
) -> None:
    """One of 21 attempts of the last tenth lasts: 1 of the 10 or 20 that could be made."""
    told = storm(19, capacity_per_s=capacity_per_s)
    told.socket(86, 86.5, 90, client=19)
    told.socket(87, 88, client=19)
    recovery = told.recovery()
    assert signs(recovery)[3:5] == (21, 1)
    assert collapsed(recovery) == is_collapse


def test_few_who_try_and_succeed_are_no_collapse(storm: Make) -> None:
    told = storm(5)
    for client in range(5, 9):
        told.socket(84, 85, client=client)
    assert collapsed(told.recovery()) == 0


def test_an_accept_and_close_loop_is_in_vain(fleet: Make) -> None:
    told = fleet()
    told.down(10, 20)
    told.settled(10)
    for new_s in range(21, 100, 5):
        told.socket(new_s, new_s + 1, new_s + 2)
        told.timer(new_s + 2, 3)
    assert collapsed(told.recovery()) == 1
