import heapq
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from stormlab.fleet.wheel import BUCKETS_BITS_MAX, Wheel, pop, push, ready, wheel_at, width_bits

FOREVER = 1 << 60


@njit
def put(address: int, time_ns: int, key: int, payload: int) -> Any:
    return push(wheel_at(address, 0), time_ns, key, payload)


@njit
def take(address: int, limit_ns: int) -> Any:
    wheel = wheel_at(address, 0)
    if not ready(wheel, limit_ns):
        return -1, 0, 0
    pop(wheel)
    return wheel.time_ns, wheel.key, wheel.payload


steps = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 5, 1_000, 70_000, 10**6, 10**8]),  # from now on
        st.integers(0, 3),  # key: ties are frequent
        st.integers(0, 3),  # how many are taken after it
    ),
    max_size=200,
)


@given(steps, st.sampled_from([10**6, 10**9, 10**11]), st.sampled_from([10, 1000, 100_000]))
@settings(max_examples=200, deadline=None)
def test_events_come_as_from_a_heap(
    made: list[tuple[int, int, int]], until_ns: int, usual: int
) -> None:
    wheel = Wheel(until_ns, 4096, usual)
    heap: list[tuple[int, int, int]] = []
    now_ns = 0
    for number, (later_ns, key, count) in enumerate(made):
        kept = put(wheel.address, now_ns + later_ns, key, number)
        assert kept == (now_ns + later_ns <= until_ns)
        if kept:
            heapq.heappush(heap, (now_ns + later_ns, key, number))
        for _ in range(count if heap else 0):
            if heap:
                assert take(wheel.address, FOREVER) == heap[0]
                now_ns = heapq.heappop(heap)[0]
    while heap:
        assert take(wheel.address, FOREVER) == heapq.heappop(heap)
    assert take(wheel.address, FOREVER)[0] == -1


@pytest.mark.parametrize("count", [10, 100, 5_000, 70_000])
@pytest.mark.parametrize("same", [False, True])
def test_a_crowded_bucket_is_sorted_stably(count: int, same: bool) -> None:  # noqa: FBT001
    wheel = Wheel(10**9, 2 * count, 4)
    turn = 7_919
    times = [0 if same else (number * turn) % 50_000 for number in range(count)]
    for number, time_ns in enumerate(times):
        put(wheel.address, time_ns, (number * 31) % 5, number)
    found = [take(wheel.address, FOREVER) for _ in range(count)]
    assert found == sorted(found)
    assert sorted(payload for *_, payload in found) == list(range(count))


def test_the_wheel_does_not_turn_past_a_limit() -> None:
    wheel = Wheel(10**9, 100, 100)
    put(wheel.address, 900_000_000, 0, 1)
    assert take(wheel.address, 100_000_000)[0] == -1
    put(wheel.address, 200_000_000, 0, 2)
    assert int(wheel.record[0]["heaped"]) == 0  # it found its bucket
    assert [take(wheel.address, FOREVER)[2] for _ in range(2)] == [2, 1]


def test_a_wheel_that_is_full_says_so() -> None:
    wheel = Wheel(10**9, 16, 16)
    for number in range(4096):
        put(wheel.address, number * 200_000, 0, number)
    assert np.array_equal(wheel.record["full"], [1])


@given(st.integers(1, 10**15), st.integers(1, 1 << 28))
def test_the_number_of_buckets_has_a_limit(until_ns: int, usual: int) -> None:
    assert until_ns >> width_bits(until_ns, usual) <= 1 << BUCKETS_BITS_MAX


@pytest.mark.parametrize(
    ("until_s", "usual", "width_ms"),
    [
        (60, 200_000, 17),  # some hundred events in a bucket
        (400, 16_000_000, 8),
        (400, 20_000, 17),  # fewer, but no longer than latencies
        (7_200, 16_000_000, 34),  # a long run
        (1, 1_000, 4),
    ],
)
def test_buckets_are_crowded_but_not_longer_than_latencies(
    until_s: int, usual: int, width_ms: int
) -> None:
    assert round((1 << width_bits(until_s * 10**9, usual)) / 1e6) == width_ms
