import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormlab.histogram import BUCKETS, ERROR, SUB_BITS, Histogram, middles_ns


def bucket_of(duration_ns: int) -> int:
    """As the definition says: the power of two, and which 1/128 of it."""
    power = duration_ns.bit_length() - 1
    return (power << SUB_BITS) + int((duration_ns / 2**power - 1) * (1 << SUB_BITS))


def histogram(durations_ns: list[int]) -> Histogram:
    buckets = [bucket_of(each) for each in durations_ns]
    return Histogram(np.bincount(buckets, minlength=BUCKETS).astype(np.int64))


@given(
    st.lists(st.integers(1_000_000, 10**14), min_size=1, max_size=60),
    st.sampled_from([0.01, 0.5, 0.95, 1.0]),
)
def test_what_is_read_out_is_within_the_stated_error(times_ns: list[int], share: float) -> None:
    found = histogram(times_ns)
    exact_s = float(np.quantile(times_ns, share, method="inverted_cdf")) / 1e9
    assert found.total == len(times_ns)
    assert found.quantile_s(share) == pytest.approx(exact_s, rel=ERROR)
    assert found.mean_s() == pytest.approx(np.mean(times_ns) / 1e9, rel=ERROR)


def test_no_duration_has_no_quantile() -> None:
    empty = Histogram(np.zeros(BUCKETS, np.int64))
    assert (empty.total, empty.quantile_s(0.5), empty.mean_s()) == (0, None, None)


def test_buckets_cover_all_durations_without_a_gap() -> None:
    middles = middles_ns()
    assert (np.diff(middles) > 0).all()
    assert middles[-1] > 2**62
