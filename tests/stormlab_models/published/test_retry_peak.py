"""Retries of everybody at once: in step without jitter, within their bounds with it."""

from typing import Any

import pytest

from stormlab.clock import NS_PER_S
from stormlab_models.published.retry_peak import MODEL


def test_without_jitter_all_come_in_step(simulate: Any, figures_of: Any) -> None:
    """Retries at 1 s and 1 + 2 = 3 s; the next, at 7 s, is after the end."""
    trace = simulate("retry-peak", 4, clients=3, jitter="none")
    assert [int(t) // NS_PER_S for t in trace.rows["time_ns"]] == [0] * 3 + [1] * 3 + [3] * 3
    assert trace.rows["attempt"].tolist() == [1] * 3 + [2] * 3 + [3] * 3
    assert figures_of(trace) == {"retries": 6, "retries_bin_peak": 3, "retries_last_bin": 0}


def test_with_jitter_each_wait_is_below_its_bound(simulate: Any) -> None:
    trace = simulate("retry-peak", 4, clients=50)
    for client in range(50):
        rows = trace.rows[trace.rows["client"] == client]
        assert rows["attempt"].tolist() == list(range(1, len(rows) + 1))
        waits = rows["time_ns"][1:] - rows["time_ns"][:-1]
        assert all(wait < 2**k * NS_PER_S for k, wait in enumerate(waits.tolist()))
    assert (trace.rows["time_ns"][1:] >= trace.rows["time_ns"][:-1]).all()


def test_the_first_calls_are_no_retries(simulate: Any, figures_of: Any) -> None:
    assert figures_of(simulate("retry-peak", 0.01, clients=5, jitter="none"))["retries"] == 0


@pytest.mark.parametrize(("bin_s", "expected"), [(0.02, 2), (0.5, 3)])
def test_bins_are_counted_as_asked(bin_s: float, expected: int, small_bins: Any) -> None:
    assert MODEL.figures(small_bins(bin_s))["retries_bin_peak"] == expected
