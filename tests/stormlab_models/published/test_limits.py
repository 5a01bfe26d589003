"""Limits by hand: what is admitted when."""

from stormlab.clock import NS_PER_S, to_ns
from stormlab_models.published.limits import FixedWindow, TokenBucket


def admitted(gate: FixedWindow | TokenBucket, *times_s: float) -> list[float]:
    return [time_s for time_s in times_s if gate.admit(to_ns(time_s))]


def test_a_window_opens_with_a_request_not_with_the_clock() -> None:
    """Windows [0.9, 1.9) and [1.95, 2.95); aligned ones would admit at 1.5 and 2.0."""
    gate = FixedWindow(2, NS_PER_S)
    assert admitted(gate, 0.9, 0.91, 1.5, 1.95, 2.0, 2.1) == [0.9, 0.91, 1.95, 2.0]


def test_the_end_of_a_window_belongs_to_the_next() -> None:
    gate = FixedWindow(1, NS_PER_S)
    assert admitted(gate, 0.0, 0.999999999, 1.0, 1.5) == [0.0, 1.0]


def test_a_bucket_starts_full_and_fills_at_its_rate() -> None:
    """Two per second, burst 2: tokens again at 0.5 s and 1 s."""
    gate = TokenBucket(2, 2)
    assert admitted(gate, 0, 0, 0, 0.4, 0.5, 0.6, 1.0) == [0, 0, 0.5, 1.0]


def test_a_bucket_holds_no_more_than_its_burst() -> None:
    gate = TokenBucket(2, 2)
    assert admitted(gate, 100, 100, 100, 100.4) == [100, 100]


def test_a_bucket_loses_nothing_to_rounding() -> None:
    gate = TokenBucket(3, 1)
    count = sum(gate.admit(millisecond * 1_000_000) for millisecond in range(100_000))
    # one at the start; then one per third of a second, at the next whole millisecond that has it
    assert 299 <= count <= 301
