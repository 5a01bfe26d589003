"""The token bucket, token by token."""

from hypothesis import given
from hypothesis import strategies as st

from stormlab.clock import NS_PER_S, to_ns
from stormlab_models.fleet.admission import Gate, TokenBucket
from stormlab_models.fleet.parameters import Admission, Step


def test_a_full_bucket_gives_its_burst_and_then_its_rate() -> None:
    bucket = TokenBucket(rate_per_s=2, burst=3)
    assert [bucket.take(0) for _ in range(4)] == [True, True, True, False]
    assert not bucket.take(to_ns(0.499))
    assert bucket.take(to_ns(0.5))
    assert not bucket.take(to_ns(0.5))
    assert [bucket.take(to_ns(100)) for _ in range(4)] == [True, True, True, False]


def test_another_rate_keeps_whole_tokens() -> None:
    bucket = TokenBucket(rate_per_s=1, burst=10)
    for _ in range(10):
        bucket.take(0)
    bucket.change(10, to_ns(4))  # four tokens earned at the old rate
    assert [bucket.take(to_ns(4)) for _ in range(5)] == [True] * 4 + [False]
    assert bucket.take(to_ns(4.1))


@given(
    st.lists(st.integers(0, NS_PER_S), min_size=1, max_size=60),
    st.integers(1, 50),
    st.integers(1, 20),
)
def test_never_more_than_burst_and_rate_allow(gaps: list[int], rate: int, burst: int) -> None:
    bucket = TokenBucket(rate, burst)
    now_ns, taken = 0, 0
    for gap in gaps:
        now_ns += gap
        taken += bucket.take(now_ns)
        assert taken <= burst + now_ns * rate / NS_PER_S + 1e-6


def test_no_rate_lets_everybody_pass_until_the_operator_sets_one() -> None:
    gate = Gate(Admission(burst=1, steps=[Step(at_s=5, rate_per_s=1)]))
    assert all(gate.admits(to_ns(4)) for _ in range(100))
    assert [gate.admits(to_ns(5)) for _ in range(3)] == [True, False, False]
    assert gate.admits(to_ns(6))


def test_steps_are_taken_in_order_of_time() -> None:
    steps = [Step(at_s=20, rate_per_s=100), Step(at_s=10, rate_per_s=10)]
    gate = Gate(Admission(rate_per_s=1, burst=1, steps=steps))
    assert gate.admits(0)
    assert not gate.admits(to_ns(0.5))
    assert sum(gate.admits(to_ns(10) + to_ns(0.01) * n) for n in range(100)) in {10, 11}
    assert sum(gate.admits(to_ns(20) + to_ns(0.001) * n) for n in range(1000)) in {99, 100, 101}
