from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from stormlab.fleet.pools import Pool, give, left, pool_at, take


@njit
def taken(address: int) -> Any:
    return take(pool_at(address, 0))


@njit
def given_back(address: int, place: int) -> Any:
    give(pool_at(address, 0), place)
    return left(pool_at(address, 0))


@given(st.lists(st.integers(-3, 5), max_size=60))
def test_no_place_is_taken_twice_and_none_is_lost(steps: list[int]) -> None:
    """A step below zero takes a place, another gives the n-th back that is held."""
    pool, held, most = Pool(4), list[int](), 0
    for step in steps:
        if step < 0:
            place = taken(pool.address)
            assert (place == -1) == (len(held) == 4)
            if place >= 0:
                assert place not in held
                held.append(place)
        elif step < len(held):
            never_used = given_back(pool.address, held.pop(step))
            assert never_used == 4 - most
        most = max(most, len(held))
