from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormlab.recovery import load
from stormlab.vocabulary import Event

Make = Callable[..., Any]


@given(st.lists(st.integers(0, 50), max_size=20), st.integers(1, 20))
def test_the_sliding_peak_is_the_fullest_stretch(times: list[int], window: int) -> None:
    ascending = np.array(sorted(times), np.int64)
    fullest = max(((t <= ascending) & (ascending < t + window)).sum() for t in range(51))
    assert load.sliding_peak(ascending, window) == fullest


def test_peaks_of_attempts_and_of_arrivals(fleet: Make) -> None:
    """Attempts at 19.95, 20.00, 20.05, 20.95 s; only two of them reach the server."""
    storm = fleet(clients=2)
    storm.fault(10, "cut")
    for client, new_s in [(0, 19.95), (1, 20.0), (0, 20.05), (1, 20.95)]:
        who = storm.socket(new_s, client=client)
        if new_s > 20.01:
            storm.add(new_s + 0.5, Event.REQUEST, **who)
    recovery = storm.recovery()
    assert load.attempts_peak(recovery, 100) == 2
    assert load.attempts_peak(recovery, 1000) == 3
    assert load.attempts_sliding_peak(recovery) == 3
    assert load.arrivals_peak(recovery, 1000) == 1
    assert (load.attempts_mean(recovery), load.attempts_most(recovery)) == (2, 2)


def test_bytes_of_attempts_that_do_not_last_are_wasted(fleet: Make) -> None:
    storm = fleet(clients=2)
    settled = storm.settled(10)
    storm.add(1, Event.REQUEST, up=9999, **settled)
    storm.fault(10, "cut")
    for who in [storm.socket(20, 21, 25), storm.socket(30, 31), storm.socket(40)]:
        storm.add(50, Event.REQUEST, up=300, **who)
        storm.add(50, Event.CONNECT, up=100, **who)
    recovery = storm.recovery()
    useful, wasted = load.handshake_bytes(recovery)
    assert (useful.sum(), wasted.sum()) == (400, 800)
    assert load.bytes_per_client(recovery) == 600
    assert load.bytes_per_client(recovery, ("tcp",)) == 150
    assert load.useful_bytes_per_client(recovery) == 200
    assert load.wasted_bytes_percent(recovery) == pytest.approx(200 / 3)


def test_success_as_page_and_server_see_it(fleet: Make) -> None:
    """Four attempts: refused, rejected by admission, served for nobody, accepted."""
    storm = fleet()
    storm.fault(10, "cut")
    storm.socket(20, None, 20)
    rejected = storm.socket(30, None, 31)
    storm.add(30.5, Event.REJECTED, code=503, **rejected)
    for new_s, open_s, gone in [(40, None, 1), (50, 52, 0)]:
        who = storm.socket(new_s, open_s)
        storm.add(new_s, Event.STARTED, **who)
        storm.add(new_s + 1, Event.SERVED, value_ns=1 + 2 * gone, code=gone, **who)
        storm.add(new_s + 1, Event.ACCEPTED, **who)
    recovery = storm.recovery()
    assert load.page_success_percent(recovery) == 25
    assert load.lasting_percent(recovery) == 25
    assert load.server_success_percent(recovery) == 50
    assert load.rejected(recovery) == 1
    assert load.wasted_work_percent(recovery) == 75


def test_shares_of_nothing_are_none(fleet: Make) -> None:
    recovery = fleet().recovery()
    assert load.page_success_percent(recovery) is None
    assert load.server_success_percent(recovery) is None
    assert load.wasted_bytes_percent(recovery) is None
    assert load.wasted_work_percent(recovery) is None
    assert load.attempts_most(recovery) == 0
    assert load.bytes_per_client(fleet(clients=0).recovery()) is None
