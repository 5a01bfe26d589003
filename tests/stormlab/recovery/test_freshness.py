from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormlab.recovery import Recovery, freshness
from stormlab.trace import Recorder
from stormlab.vocabulary import Event

S = 1_000_000_000
Make = Callable[..., Any]


def test_publications_before_a_moment() -> None:
    published = freshness.Publications(every_ns=5, phase_ns=2, end_ns=14)
    moments = np.array([0, 2, 3, 7, 8, 12, 13, 99])
    assert published.before(moments).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert published.at(np.array([0, 2])).tolist() == [2, 12]


def test_messages_missed_while_away(fleet: Make) -> None:
    """Away from 12 s to 31 s: misses 15, 20, 25, 30 s of the 18 from 10 s on."""
    storm = fleet(clients=2, message_every_ns=5 * S)
    storm.settled(12, client=0)
    storm.settled(client=1)
    storm.fault(10, "cut")
    storm.socket(30, 31, client=0)
    recovery = storm.recovery()
    assert freshness.missed(recovery) == (4, 36)
    assert freshness.missed_percent(recovery) == pytest.approx(100 * 4 / 36)
    assert freshness.missed_per_client(recovery) == 2


def test_without_messages_nothing_is_missed_nor_stale(fleet: Make) -> None:
    recovery = fleet().recovery()
    assert freshness.missed_percent(recovery) is None
    assert freshness.missed_per_client(recovery) is None
    assert freshness.staleness_mean_s(recovery) is None
    assert freshness.staleness_quantile_s(recovery, 0.99) is None
    assert freshness.staleness_most_s(recovery) is None


def test_one_who_is_never_away_is_as_stale_as_the_period_is_long(fleet: Make) -> None:
    storm = fleet(message_every_ns=5 * S)
    storm.settled()
    storm.fault(10, "slow")
    recovery = storm.recovery()
    assert freshness.staleness_mean_s(recovery) == pytest.approx(2.5)
    assert freshness.staleness_quantile_s(recovery, 0.5) == pytest.approx(2.5)
    assert freshness.staleness_most_s(recovery) == 5


def test_one_who_never_gets_a_message_is_as_stale_as_it_is_old(fleet: Make) -> None:
    storm = fleet(message_every_ns=5 * S)
    storm.socket(20)
    recovery = storm.recovery()
    assert freshness.staleness_mean_s(recovery) == pytest.approx(40)
    assert freshness.staleness_most_s(recovery) == 80


Life = list[tuple[int, int]]


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 12)), max_size=4), max_size=3),
    st.integers(1, 7),
    st.integers(0, 9),
    st.integers(0, 40),
)
def test_closed_forms_are_what_one_finds_moment_by_moment(
    lives: list[Life], every: int, phase: int, fault: int
) -> None:
    """Each life is gaps and connections in turn; the run is 40 ticks, its moments half-way."""
    end, recorder = 40, Recorder()
    told: list[tuple[int, int, Event, dict[str, Any]]] = [(fault, 0, Event.FAULT, {})]
    open_at = np.zeros((len(lives), end), bool)
    first = [NEVER_SEEN] * len(lives)
    for client, life in enumerate(lives):
        now = 0
        for socket, (gap, length) in enumerate(life):
            begin, now = now + gap, now + gap + length
            if now >= end:
                break
            who = {"client": client, "endpoint": 0, "socket": socket}
            told += [(begin, 2, Event.NEW, who), (begin, 3, Event.OPEN, who)]
            told.append((now, 1, Event.CLOSE, who))
            open_at[client, begin:now] = True
            first[client] = min(first[client], begin)
    for time_ns, _, event, columns in sorted(told, key=lambda row: row[:2]):
        recorder.add(time_ns, event, **columns)
    header = {"duration_ns": end, "clients": len(lives), "sockets": 1}
    header |= {"message_every_ns": every, "message_phase_ns": phase}
    recovery = Recovery.of(recorder.finish(header))
    missed, published, ages = by_hand(open_at, first, every, phase, fault)
    assert freshness.missed(recovery) == (missed, published)
    mean = freshness.staleness_mean_s(recovery)
    assert (mean is None) == (not ages)
    if ages and mean is not None:
        assert mean * S == pytest.approx(float(np.mean(ages)))
        most = freshness.staleness_most_s(recovery)
        assert most is not None
        assert most * S == pytest.approx(max(ages) + 0.5)
        median = freshness.staleness_quantile_s(recovery, 0.5)
        assert median is not None
        below = np.mean(np.array(ages) + 0.5 <= np.ceil(median * S))
        assert below >= 0.5 - 1e-9


NEVER_SEEN = 1_000


def by_hand(
    open_at: "np.ndarray[Any, np.dtype[np.bool_]]",
    first: list[int],
    every: int,
    phase: int,
    fault: int,
) -> tuple[int, int, list[float]]:
    """Messages missed and published, and the age half-way through every tick."""
    missed = published = 0
    ages: list[float] = []
    for client, seen in enumerate(first):
        newest = seen
        for tick in range(open_at.shape[1]):
            is_message = tick >= phase and (tick - phase) % every == 0
            if is_message and open_at[client, tick]:
                newest = tick
            if tick >= max(seen, fault):
                published += is_message
                missed += is_message and not open_at[client, tick]
                ages.append(tick + 0.5 - newest)
    return missed, published, ages
