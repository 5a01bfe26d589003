from collections import Counter
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from stormlab.fleet.streams import Streams, add, note, streams_at
from stormlab.histogram import BUCKETS, ERROR, middles_ns

BIN_NS, UNTIL_NS = 100, 1000
COLUMNS = [-1, 0, 1]  # of three kinds of event


@njit
def noted(address: int, time_ns: int, event: int, up: int, down: int) -> Any:
    note(streams_at(address, 0), time_ns, event, up, down)


@njit
def added(address: int, number: int, duration_ns: int) -> Any:
    add(streams_at(address, 0), number, duration_ns)


EVENT = st.tuples(
    st.integers(0, UNTIL_NS) | st.sampled_from([0, 99, 100, 999, 1000]),
    st.integers(0, 2),
    st.integers(0, 50),
    st.integers(0, 50),
)


@given(st.lists(EVENT, max_size=40))
def test_events_and_bytes_fall_into_their_bins(events: list[tuple[int, int, int, int]]) -> None:
    streams = Streams(UNTIL_NS, BIN_NS, COLUMNS, 1)
    for event in events:
        noted(streams.address, *event)
    for kind, column in ((1, 0), (2, 1)):
        expected = Counter(time_ns // BIN_NS for time_ns, which, _, _ in events if which == kind)
        assert streams.counts(column).tolist() == [expected[place] for place in range(11)]
    for column, word in ((-2, 2), (-1, 3)):
        sums = np.zeros(11, int)
        for event in events:
            sums[event[0] // BIN_NS] += event[word]
        assert streams.counts(column).tolist() == sums.tolist()


@given(st.lists(st.integers(0, 1 << 61), max_size=40), st.integers(0, 1))
def test_a_duration_falls_into_the_bucket_around_it(durations: list[int], number: int) -> None:
    streams = Streams(UNTIL_NS, BIN_NS, COLUMNS, 2)
    for each in durations:
        before = streams.histogram(number).counts.copy()
        added(streams.address, number, each)
        (bucket,) = np.flatnonzero(streams.histogram(number).counts - before)
        assert abs(middles_ns()[bucket] - each) <= max(1.01, each * ERROR * 1.001)
        assert bucket < BUCKETS
    assert streams.histogram(number).total == len(durations)
    assert streams.histogram(1 - number).total == 0
