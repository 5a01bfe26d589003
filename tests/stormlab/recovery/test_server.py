import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormlab.recovery import server
from stormlab.vocabulary import Event

Make = Callable[..., Any]


@pytest.fixture
def queue(fleet: Make) -> Any:
    """Crash 10-20 s, one worker. Handshakes 20-24, 24-28 (waited from 21 s), 28-40 (from 22 s)."""
    storm = fleet(clients=3, workers=1)
    storm.down(10, 20)
    for client, new_s, started_s, open_s in [(0, 20, 20, 24), (1, 21, 24, 28), (2, 22, 28, 40)]:
        storm.settled(10, client=client)
        who = storm.socket(new_s, open_s, client=client)
        storm.add(new_s, Event.QUEUED_REQUEST, **who)
        storm.add(started_s, Event.STARTED, **who)
        storm.add(open_s, Event.SERVED, **who)
    return storm


def test_the_queue_and_when_it_is_over(queue: Any) -> None:
    recovery = queue.recovery()
    assert server.queue_peak(recovery) == 2
    assert server.queue_drain_s(recovery) == 8
    assert server.drain_s(recovery) == 20


def test_a_worker_that_never_rests_is_saturated(queue: Any) -> None:
    recovery = queue.recovery()
    assert server.saturation_percent(recovery) == 100
    assert server.utilisation_percent(recovery) == 100


def test_with_two_workers_it_is_half_used(queue: Any) -> None:
    queue.header["workers"] = 2
    recovery = queue.recovery()
    assert server.saturation_percent(recovery) == 0
    assert server.utilisation_percent(recovery) == 50


def test_without_a_limit_there_is_no_saturation(queue: Any) -> None:
    del queue.header["workers"]
    recovery = queue.recovery()
    assert server.saturation_percent(recovery) is None
    assert server.utilisation_percent(recovery) is None


def test_a_kill_empties_worker_and_queue(queue: Any) -> None:
    """Killed at 26 s and up at 27 s: the third never leaves the queue, the second the worker."""
    killed = queue.trace()
    rows = killed.rows[killed.rows["time_ns"] < 26 * 10**9]
    queue._told = [told for told in queue._told if told[0] < 26 * 10**9]
    assert len(queue._told) == len(rows)
    queue.down(26, 27)
    recovery = queue.recovery()
    assert server.busy(recovery).times_ns.max() == 26 * 10**9
    assert server.waiting(recovery).times_ns.max() == 26 * 10**9
    assert server.queue_drain_s(recovery) == 0


def test_a_queue_that_is_there_at_the_end_never_drains(fleet: Make) -> None:
    storm = fleet()
    storm.down(10, 20)
    storm.settled(10)
    who = storm.socket(30)
    storm.add(31, Event.QUEUED_REQUEST, **who)
    recovery = storm.recovery()
    assert server.queue_drain_s(recovery) == math.inf
    assert server.drain_s(recovery) == math.inf


def test_a_rejected_handshake_leaves_the_queue(fleet: Make) -> None:
    storm = fleet()
    storm.fault(10, "slow")
    who = storm.socket(30)
    storm.add(31, Event.QUEUED_REQUEST, **who)
    storm.add(33, Event.REJECTED, code=503, **who)
    assert server.queue_drain_s(storm.recovery()) == 23


def test_nothing_drains_while_the_service_stays_away(fleet: Make) -> None:
    storm = fleet()
    storm.down(10)
    storm.settled(10)
    recovery = storm.recovery()
    assert server.drain_s(recovery) is None
    assert server.queue_drain_s(recovery) is None


def test_drained_is_when_99_of_100_are_back(fleet: Make) -> None:
    storm = fleet(clients=100)
    storm.fault(10, "cut")
    storm.fault(10, "heal")
    for client in range(100):
        storm.settled(10, client=client)
        storm.socket(11, 20 + client / 2, client=client)
    assert server.drain_s(storm.recovery()) == 10 + 98 / 2


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 8)), max_size=8),
    st.integers(0, 20),
    st.integers(0, 20),
)
def test_levels_count_intervals(told: list[tuple[int, int]], begin: int, length: int) -> None:
    start = np.array([a for a, _ in told], np.int64)
    stop = start + np.array([n for _, n in told], np.int64)
    levels = server.Levels(start, stop)
    end = begin + length
    counts = [int(((start <= t) & (t < stop)).sum()) for t in range(begin, end)]
    assert levels.integral_ns(begin, end) == sum(counts)
    assert levels.at_least_ns(2, begin, end) == sum(count >= 2 for count in counts)
    assert levels.most(begin, end) == max(counts, default=0)
