from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from stormlab.recovery import Standing
from stormlab.vocabulary import Event

S = 1_000_000_000
Make = Callable[..., Any]


def at(storm: Any, *times_s: float) -> list[str]:
    """How the only place stands at each time."""
    recovery = storm.recovery()
    grid = np.array([round(time_s * S) for time_s in times_s])
    counts = recovery.standings.occupancy(grid, recovery.places)
    columns = np.array([counts[standing] for standing in Standing])
    assert (columns.sum(axis=0) == 1).all()
    return [Standing(index).name for index in columns.argmax(axis=0).tolist()]


def test_a_life(fleet: Make) -> None:
    storm = fleet()
    storm.socket(1, 2, 10)
    storm.timer(10, 5)
    storm.socket(15, None, 20)
    storm.add(20, Event.GAVE_UP, client=0, endpoint=0)
    assert at(storm, 0, 1, 2, 9.9, 10, 15, 20, 99) == [
        "SILENT", "CONNECTING", "OPEN", "OPEN", "WAITING", "CONNECTING", "GAVE_UP", "GAVE_UP"
    ]  # fmt: skip


def test_who_gave_up_and_is_told_to_try_again_has_not_given_up(fleet: Make) -> None:
    storm = fleet()
    storm.add(5, Event.GAVE_UP, client=0, endpoint=0)
    storm.socket(8, None, 9)
    assert at(storm, 6, 8, 10) == ["GAVE_UP", "CONNECTING", "SILENT"]


def test_a_cleared_timer_is_no_timer(fleet: Make) -> None:
    storm = fleet()
    storm.add(1, Event.TIMER_SET, client=0, endpoint=0, value_ns=9 * S)
    storm.add(2, Event.TIMER_CLEARED, client=0, endpoint=0)
    assert at(storm, 1, 3) == ["WAITING", "SILENT"]


@pytest.mark.parametrize("endpoint", [0, -1])
def test_a_client_without_network_is_paused(fleet: Make, endpoint: int) -> None:
    storm = fleet()
    storm.timer(1, 50)
    storm.add(2, Event.OFFLINE, client=0, endpoint=endpoint)
    storm.add(5, Event.ONLINE, client=0, endpoint=endpoint)
    assert at(storm, 1, 2, 6) == ["WAITING", "PAUSED", "WAITING"]


def test_a_hidden_page_is_paused_only_while_nothing_is_pending(fleet: Make) -> None:
    storm = fleet()
    storm.add(1, Event.HIDDEN, client=0)
    storm.timer(3, 2)
    storm.add(9, Event.VISIBLE, client=0)
    assert at(storm, 2, 4, 6, 9) == ["PAUSED", "WAITING", "PAUSED", "SILENT"]


def test_what_happens_to_a_client_happens_to_each_of_its_places(fleet: Make) -> None:
    storm = fleet(clients=2, sockets=3)
    storm.add(1, Event.OFFLINE, client=1)
    recovery = storm.recovery()
    assert recovery.standings.at_end.tolist() == [Standing.SILENT] * 3 + [Standing.PAUSED] * 3
    counts = recovery.standings.occupancy(np.array([0, S]), recovery.places)
    assert counts[Standing.PAUSED].tolist() == [0, 3]
    assert counts[Standing.SILENT].tolist() == [6, 3]


def test_an_old_socket_that_ends_late_does_not_end_the_new_one(fleet: Make) -> None:
    storm = fleet()
    storm.socket(1, 2, 20)
    storm.socket(10, 11)
    assert at(storm, 10, 15, 25) == ["OPEN", "OPEN", "OPEN"]
