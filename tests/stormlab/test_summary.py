from dataclasses import replace

import numpy as np
import pytest

from stormlab.histogram import BUCKETS, Histogram
from stormlab.summary import Summary, TooLongError
from stormlab.trace import DTYPE, Trace


def trace(seed: int) -> Trace:
    return Trace({"seed": seed}, np.zeros(0, DTYPE), ("",))


@pytest.fixture
def summary() -> Summary:
    return Summary(
        header={"model": "fleet"},
        figures={"attempts": 3},
        bin_s=0.1,
        over_time={"attempts": np.array([1, 2])},
        durations={"return_s": Histogram(np.zeros(BUCKETS, np.int64))},
        events={"page.new": 3},
        sample=trace(1),
    )


def test_the_hash_names_all_that_was_counted(summary: Summary) -> None:
    other = np.zeros(BUCKETS, np.int64)
    other[7] = 1
    changed = [
        replace(summary, header={"model": "page"}),
        replace(summary, over_time={"attempts": np.array([2, 1])}),
        replace(summary, durations={"return_s": Histogram(other)}),
        replace(summary, events={"page.new": 4}),
        replace(summary, sample=trace(2)),
    ]
    assert replace(summary).hash == summary.hash
    assert len({summary.hash, *(each.hash for each in changed)}) == 1 + len(changed)


def test_too_long_says_how_long() -> None:
    assert str(TooLongError(20_000_000)) == "more than 20,000,000 events"
