from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stormlab.recovery.connections import (
    Connections,
    _merged,
    first_back,
    first_lost,
    held_at_end,
)
from stormlab.recovery.rows import NEVER

S = 1_000_000_000
Make = Callable[..., Any]


def held(*told: tuple[int, int, int]) -> Connections:
    place, start, stop = (np.array(column, np.int64) for column in zip(*told, strict=True))
    return Connections(place, start, stop)


def test_sockets_that_overlap_are_one_connection(fleet: Make) -> None:
    storm = fleet(clients=2)
    storm.socket(1, 2, 10)
    storm.socket(5, 6, 20)
    storm.socket(21, 22, 30)
    storm.socket(1, 3, client=1)
    found = storm.recovery().connections
    assert found.place.tolist() == [0, 0, 1]
    assert found.start_ns.tolist() == [2 * S, 22 * S, 3 * S]
    assert found.stop_ns.tolist() == [20 * S, 30 * S, NEVER]


def test_one_that_begins_when_another_ends_is_another() -> None:
    found = _merged(*(np.array(column) for column in [(0, 0), (1, 5), (5, 9)]))
    assert found.start_ns.tolist() == [1, 5]


def test_a_place_loses_what_it_holds_when_the_fault_comes() -> None:
    places = held((0, 0, 12), (1, 0, NEVER), (2, 0, 10), (2, 15, 20))
    assert first_lost(places, np.zeros(3, np.int64), 10).tolist() == [12, NEVER, 10]


def test_a_place_that_is_away_when_the_fault_comes_counts_from_the_fault_or_its_first_try() -> None:
    nobody = held((0, 90, 95))
    assert first_lost(nobody, np.array([3, 30, NEVER]), 10).tolist() == [10, 30, NEVER]


def test_a_connection_that_does_not_last_is_no_return() -> None:
    places = held((0, 20, 25), (0, 30, 40), (1, 5, 30), (1, 40, 41))
    assert first_back(places, np.array([10, 10]), 10, 100).tolist() == [30, NEVER]


def test_a_connection_that_opened_just_before_the_end_is_no_return_yet() -> None:
    places = held((0, 90, NEVER), (1, 91, NEVER), (2, 5, 8))
    assert first_back(places, np.array([10, 10, 5]), 10, 100).tolist() == [90, NEVER, NEVER]
    assert held_at_end(places, 4).tolist() == [90, 91, NEVER, NEVER]


def test_the_time_held_is_cut_at_both_ends() -> None:
    places = held((0, 0, 12), (0, 20, NEVER), (1, 0, 5))
    assert places.held_ns(2, np.array([10, 10]), 100).tolist() == [82, 0]


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 30), st.integers(1, 15)),
        min_size=1,
        max_size=12,
    )
)
def test_merging_keeps_every_moment_and_adds_none(told: list[tuple[int, int, int]]) -> None:
    told.sort()
    place, start, length = (np.array(column) for column in zip(*told, strict=True))
    found = _merged(place, start, start + length)
    moments = {(p, t) for p, s, n in told for t in range(s, s + n)}
    again = [
        (p, t)
        for p, a, b in zip(found.place, found.start_ns, found.stop_ns, strict=True)
        for t in range(a, b)
    ]
    assert len(again) == len(set(again))
    assert set(again) == moments
