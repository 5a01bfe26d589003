"""Calls with retries: the rules by hand, and the closed form."""

from typing import Any

import pytest

from stormlab.vocabulary import Event
from stormlab_models.published.calls import Breaker, Bucket, Retries


def test_retries_are_beside_the_first_attempt() -> None:
    rule = Retries(2)
    assert [rule.may_retry(retries) for retries in range(4)] == [True, True, False, False]


def test_a_bucket_needs_more_than_one() -> None:
    """Five at the start: four retries leave exactly one, which is not enough; 0.1 more is."""
    rule = Bucket(0.1, 5)
    assert [rule.may_retry(0) for _ in range(5)] == [True] * 4 + [False]
    rule.started()
    assert rule.may_retry(99)
    assert not rule.may_retry(0)


def test_a_buckets_level_is_rounded_as_in_the_source() -> None:
    """Four calls to each retry: at the eleventh exactly one token is left, which is not enough.

    In exact arithmetic, that is; the float holds 1.0000000000000002.
    """
    rule = Bucket(0.1, 5)
    allowed = []
    for _ in range(12):
        for _ in range(4):
            rule.started()
        allowed.append(rule.may_retry(0))
    assert allowed[:11] == [True] * 7 + [False, True, False, True]


def test_a_bucket_does_not_run_over() -> None:
    rule = Bucket(0.1, 2)
    for _ in range(100):
        rule.started()
    assert [rule.may_retry(0) for _ in range(2)] == [True, False]


def test_a_breaker_counts_failures_against_calls() -> None:
    """Ten calls: the first failure is a tenth and allowed, the second is not."""
    rule = Breaker(0.1, 3)
    for _ in range(10):
        rule.started()
    assert rule.may_retry(0)
    assert not rule.may_retry(1)
    for _ in range(20):
        rule.started()
    assert rule.may_retry(2)  # three of thirty
    for _ in range(100):
        rule.started()
    assert not rule.may_retry(3)  # closed, but the call has had its retries


def test_nothing_fails_without_failures(simulate: Any, figures_of: Any) -> None:
    figures = figures_of(simulate("calls", 30, clients=5, failure_share=0.0, start_s=5.0))
    assert figures["success"] == figures["load"] == 1
    assert figures["calls"] == pytest.approx(250, abs=60)


def test_every_call_fails_when_all_do(simulate: Any, figures_of: Any) -> None:
    figures = figures_of(simulate("calls", 30, clients=5, failure_share=1.0, start_s=5.0))
    assert (figures["success"], figures["load"]) == (0, 4)


def test_three_retries_follow_their_closed_form(simulate: Any, figures_of: Any) -> None:
    figures = figures_of(simulate("calls", 30, clients=50, failure_share=0.5))
    assert figures["load"] == pytest.approx(1.875, abs=0.04)
    assert figures["success"] == pytest.approx(1 - 0.5**4, abs=0.01)


def test_back_off_doubles_between_attempts(simulate: Any) -> None:
    trace = simulate(
        "calls", 30, clients=1, failure_share=1.0, start_s=1.0, backoff_s=0.1, answer_s=1e-9
    )
    rows = trace.rows[trace.rows["socket"] == 0]
    gaps_s = (rows["time_ns"][1:] - rows["time_ns"][:-1]) / 1e9
    assert gaps_s.tolist() == pytest.approx([0.1, 0.2, 0.4], abs=1e-6)


def test_calls_are_followed_to_their_end(simulate: Any) -> None:
    """No call starts after start_s, and each ends in a success or without retries left."""
    trace = simulate("calls", 60, clients=3, failure_share=0.5, start_s=2.0, answer_s=1.0)
    assert trace.count(Event.HTTP_RESPONSE) == len(trace)
    for client in range(3):
        mine = trace.rows[trace.rows["client"] == client]
        for call in set(mine["socket"].tolist()):
            last = mine[mine["socket"] == call][-1]
            assert last["code"] == 200 or last["attempt"] == 4


def test_a_run_without_calls_has_no_load(simulate: Any, figures_of: Any) -> None:
    figures = figures_of(simulate("calls", 1, clients=1, calls_per_s=0.001, start_s=0.001))
    assert (figures["calls"], figures["load"], figures["success"]) == (0, None, None)
