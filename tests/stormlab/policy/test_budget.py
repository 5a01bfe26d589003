"""Retry budgets: never overdrawn, and asked again in time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormlab.policy import (
    AdaptiveThrottle,
    Budget,
    Leaky,
    ShareOfActive,
    TokenBucket,
    TokensByResult,
)
from stormlab.policy.budget import BudgetRule

S = 1_000_000_000
WAITS = st.lists(st.integers(0, 3 * S), min_size=1, max_size=80)


def taken(budget: Budget, time_ns: int, unit: float = 0.0) -> bool:
    return budget.take(time_ns, lambda: unit)


@given(waits=WAITS, rate=st.sampled_from([0.1, 1.0, 3.0]), burst=st.integers(1, 5))
def test_a_bucket_never_gives_more_than_rate_and_burst(
    waits: list[int], rate: float, burst: int
) -> None:
    budget = TokenBucket(rate, burst).make()
    now, times = 0, []
    for wait in waits:
        now += wait
        if taken(budget, now):
            times.append(now)
    for first in range(len(times)):
        for last in range(first, len(times)):
            seconds = (times[last] - times[first]) / S
            assert last - first + 1 <= burst + rate * seconds + 1e-6


@given(waits=WAITS, rate=st.sampled_from([0.1, 1.0, 3.0]), burst=st.integers(1, 5))
def test_a_bucket_gives_at_the_time_it_names_and_not_before(
    waits: list[int], rate: float, burst: int
) -> None:
    budget = TokenBucket(rate, burst).make()
    now = 0
    for wait in waits:
        now += wait
        due_ns = budget.next_ns(now)
        assert due_ns is not None
        if due_ns > now:
            assert not taken(budget, now)
            assert not taken(budget, due_ns - 1)
            now = due_ns
        assert taken(budget, now)


AWS = TokensByResult(500, cost=14, per_success=1, refund=True)
GRPC = TokensByResult(10, cost=0, per_failure=1, per_success=0.1, above=5)


@given(
    rule=st.sampled_from([AWS, GRPC, TokensByResult(3, 0, per_request=0.2)]),
    steps=st.lists(st.sampled_from(["take", "good", "retried", "bad", "request"]), max_size=99),
)
def test_tokens_stay_between_zero_and_their_maximum(rule: TokensByResult, steps: list[str]) -> None:
    budget = rule.make()
    left = rule.tokens_max if rule.tokens_start is None else rule.tokens_start
    for step in steps:
        if step == "take":
            allowed = left >= rule.cost and (not rule.above or left > rule.above)
            assert taken(budget, 0) == allowed
            left -= rule.cost if allowed else 0
        elif step == "request":
            budget.request(0)
            left += rule.per_request
        elif step == "bad":
            budget.failure(0, retried=True)
            left -= rule.per_failure
        else:
            budget.success(0, retried=step == "retried")
            left += rule.cost if step == "retried" and rule.refund else rule.per_success
        left = round(max(0, min(rule.tokens_max, left)), 9)


def test_grpc_retries_only_above_half() -> None:
    budget = GRPC.make()
    for _ in range(4):
        budget.failure(0, retried=False)
    assert taken(budget, 0)
    budget.failure(0, retried=False)
    assert not taken(budget, 0)
    budget.success(0, retried=False)
    assert taken(budget, 0)


def test_aws_pays_back_a_retry_that_succeeded() -> None:
    budget = AWS.make()
    assert sum(taken(budget, 0) for _ in range(50)) == 500 // 14
    budget.success(0, retried=True)
    assert [taken(budget, 0) for _ in range(2)] == [True, False]


def test_finagle_gives_its_reserve_and_a_fifth_of_the_requests() -> None:
    budget = Leaky().make()
    assert sum(taken(budget, 0) for _ in range(150)) == 100
    for _ in range(10):
        budget.request(S)
    assert sum(taken(budget, S) for _ in range(5)) == 2
    assert budget.next_ns(S) == 10 * S
    assert not taken(budget, 10 * S - 1)
    assert sum(taken(budget, 10 * S) for _ in range(150)) == 100


@given(waits=WAITS)
def test_finagle_s_budget_is_never_overdrawn_within_its_window(waits: list[int]) -> None:
    rule = Leaky(share=0.5, ttl_s=10, reserve_per_s=0.2)
    budget = rule.make()
    now, requests, retries = 0, [], []
    for index, wait in enumerate(waits):
        now += wait
        if index % 2:
            budget.request(now)
            requests.append(now)
        elif taken(budget, now):
            retries.append(now)
        recent = [at for at in retries if at // S > now // S - 10]
        asked = [at for at in requests if at // S > now // S - 20]
        assert len(recent) <= 2 + 0.5 * len(asked)


def test_envoy_s_share_of_what_is_active() -> None:
    budget = ShareOfActive().make()
    assert [taken(budget, 0) for _ in range(4)] == [True, True, True, False]
    budget.active(20)
    assert [taken(budget, 0) for _ in range(2)] == [True, False]
    budget.failure(0, retried=False)
    assert not taken(budget, 0)
    budget.failure(0, retried=True)
    assert taken(budget, 0)


def throttled(rule: AdaptiveThrottle, requests: int, accepts: int) -> Budget:
    budget = rule.make()
    for _ in range(requests):
        budget.request(0)
    for _ in range(accepts):
        budget.success(0, retried=False)
    return budget


@pytest.mark.parametrize(
    ("requests", "accepts", "refusal"),
    [(0, 0, 0.0), (10, 5, 0.0), (10, 4, 2 / 11), (100, 0, 100 / 101), (10, 10, 0.0)],
)
def test_the_throttle_refuses_with_the_book_s_probability(
    requests: int, accepts: int, refusal: float
) -> None:
    for unit, allowed in ((refusal + 1e-9, True), (refusal - 1e-9, not refusal)):
        assert taken(throttled(AdaptiveThrottle(), requests, accepts), 0, unit) == allowed


def test_the_throttle_forgets_after_its_window() -> None:
    budget = throttled(AdaptiveThrottle(), 100, 0)
    assert not taken(budget, 120 * S - 1)
    assert taken(budget, 241 * S)


def test_a_probe_passes_a_throttle_that_has_a_floor() -> None:
    budget = throttled(AdaptiveThrottle(probe_s=10), 1000, 0)
    assert not taken(budget, 10 * S - 1)
    assert budget.next_ns(5 * S) == 10 * S
    assert taken(budget, 10 * S)
    assert throttled(AdaptiveThrottle(), 1000, 0).next_ns(5 * S) is None


@pytest.mark.parametrize(
    "rule", [TokenBucket(1), AWS, GRPC, Leaky(), ShareOfActive(), AdaptiveThrottle()]
)
def test_a_budget_is_told_to_people(rule: BudgetRule) -> None:
    assert rule.words
    assert taken(rule.make(), 0)


def test_no_budget_refuses_nothing() -> None:
    assert taken(Budget(), 0)
    assert Budget().next_ns(7) == 7


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (TokenBucket(0.5, 3), "0.5 retries/s, burst 3"),
        (AWS, "500 tokens, a retry costs 14, +1 per success, refunded on success"),
        (GRPC, "10 tokens, a retry costs 0, -1 per failure, +0.1 per success, only above 5"),
        (TokensByResult(3, per_request=0.2), "3 tokens, a retry costs 1, +0.2 per request"),
        (Leaky(), "20% of the requests of 10 s, 10/s in reserve"),
        (ShareOfActive(), "retries at most 20% of what is active, at least 3"),
        (AdaptiveThrottle(), "adaptive throttle, K = 2 over 120 s"),
        (
            AdaptiveThrottle(1.5, 60, 10),
            "adaptive throttle, K = 1.5 over 60 s, one at least every 10 s",
        ),
    ],
)
def test_what_a_budget_allows_is_told(rule: BudgetRule, words: str) -> None:
    assert rule.words == words


def test_a_bucket_fills_from_any_time_on() -> None:
    budget = TokenBucket(0.1, 2).make()
    assert [taken(budget, 1000 * S) for _ in range(3)] == [True, True, False]
    assert budget.next_ns(1000 * S) == 1010 * S
    assert [taken(budget, at * S) for at in (1009, 1010, 1011)] == [False, True, False]
    assert [taken(budget, 2000 * S) for _ in range(3)] == [True, True, False]


def test_tokens_may_start_below_their_maximum() -> None:
    budget = TokensByResult(3, tokens_start=1).make()
    assert [taken(budget, 0) for _ in range(2)] == [True, False]
    assert budget.next_ns(7) is None


@given(
    steps=st.lists(st.tuples(st.integers(0, 40), st.sampled_from(["take", "request"])), max_size=80)
)
def test_finagle_s_budget_is_a_list_of_moves(steps: list[tuple[int, str]]) -> None:
    """Against the moves themselves: what is older than ten steps of a tenth of a second is gone."""
    budget = Leaky(share=0.5, ttl_s=1, reserve_per_s=1).make()
    step = 0
    moves: list[tuple[int, float]] = []
    for wait, what in steps:
        step += wait % 12
        now = step * (S // 10) + wait  # somewhere within the step
        moves = [(at, amount) for at, amount in moves if at > step - 10]
        if what == "request":
            budget.request(now)
            moves.append((step, 0.5))
            continue
        left = 1 + sum(amount for _, amount in moves)
        assert taken(budget, now) == (left >= 1)
        moves += [(step, -1.0)] if left >= 1 else []
        back = [at for at, amount in moves if amount < 0]
        left = 1 + sum(amount for _, amount in moves)
        if left >= 1:
            assert budget.next_ns(now) == now
        elif not any(amount > 0 for _, amount in moves) and back:
            assert budget.next_ns(now) == (back[0] + 10) * (S // 10)


def test_finagle_s_budget_turns_many_times() -> None:
    """Half a retry is deposited in each step; what ten steps hold is five retries."""
    budget = Leaky(share=0.5, ttl_s=1, reserve_per_s=0).make()
    for step in range(47):
        budget.request(step * S // 10)
    assert [taken(budget, 46 * S // 10) for _ in range(6)] == [True] * 5 + [False]
    for step in range(47, 51):
        budget.request(step * S // 10)
    # 42 to 46 and 47 to 50 are nine deposits, less the five retries of step 46
    assert not taken(budget, 51 * S // 10)
    assert budget.next_ns(51 * S // 10) == 56 * S // 10
    assert [taken(budget, 56 * S // 10) for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize(("reserve_per_s", "next_s"), [(0.0, None), (1.0, 1.6)])
def test_finagle_waits_until_enough_withdrawals_are_forgotten(
    reserve_per_s: float, next_s: float | None
) -> None:
    budget = Leaky(share=0.5, ttl_s=1, reserve_per_s=reserve_per_s).make()
    for _ in range(4):
        budget.request(0)
    assert [taken(budget, at) for at in (S // 2, 6 * S // 10)] == [True, True]
    found = budget.next_ns(11 * S // 10)  # the deposits are gone, both withdrawals still there
    assert found == (None if next_s is None else round(next_s * S))


def test_what_happens_in_one_step_is_forgotten_at_once() -> None:
    budget = Leaky(share=0.5, ttl_s=1, reserve_per_s=0).make()
    for at in [0] * 20 + [S // 10] * 2:
        budget.request(at)
    assert [taken(budget, S) for _ in range(2)] == [True, False]


def test_more_moves_in_a_step_than_there_are_steps_are_one_move() -> None:
    budget = Leaky(share=0.5, ttl_s=1, reserve_per_s=0).make()
    for step in [*range(9)] + [9] * 20:
        budget.request(step * S // 10)
    assert [taken(budget, 9 * S // 10) for _ in range(15)] == [True] * 14 + [False]
    assert not taken(budget, 19 * S // 10)  # all is forgotten


def test_finagle_names_no_time_that_does_not_come() -> None:
    empty = Leaky(reserve_per_s=0).make()
    assert not taken(empty, 0)
    assert empty.next_ns(5) is None
    fresh = Leaky().make()
    assert fresh.next_ns(5) == 5


def test_envoy_s_retries_end_one_at_a_time() -> None:
    budget = ShareOfActive(0.5, retries_min=1).make()
    budget.active(8)
    assert [taken(budget, 0) for _ in range(5)] == [True] * 4 + [False]
    budget.success(0, retried=True)
    assert [taken(budget, 0) for _ in range(2)] == [True, False]
    budget.active(-6)  # fewer are allowed now than are under way
    assert not taken(budget, 0)
    for _ in range(4):
        budget.failure(0, retried=True)
    assert [taken(budget, 0) for _ in range(2)] == [True, False]
    assert budget.next_ns(5) is None


def test_what_ends_more_often_than_it_began_counts_as_none() -> None:
    budget = ShareOfActive(1.0, retries_min=0).make()
    budget.active(-1)
    budget.failure(0, retried=True)
    budget.active(1)
    assert [taken(budget, 0) for _ in range(2)] == [True, False]


@given(
    steps=st.lists(
        st.tuples(st.integers(0, 4), st.sampled_from(["request", "request", "accept", "take"])),
        max_size=150,
    ),
    probe_s=st.sampled_from([None, 5.0]),
)
def test_the_throttle_is_a_list_of_requests_and_accepts(
    steps: list[tuple[int, str]], probe_s: float | None
) -> None:
    """It grows beyond its first room, and forgets what has left the window."""
    budget = AdaptiveThrottle(1.5, 20, probe_s).make()
    now, last = 0, None
    requests: list[int] = []
    accepts: list[int] = []
    for wait_s, what in steps:
        now += wait_s * S
        requests = [at for at in requests if at > now - 20 * S]
        accepts = [at for at in accepts if at > now - 20 * S]
        if what == "request":
            budget.request(now)
            requests.append(now)
            last = now
        elif what == "accept":
            budget.success(now, retried=False)
            accepts.append(now)
        else:
            refusal = max(0.0, (len(requests) - 1.5 * len(accepts)) / (len(requests) + 1))
            due = probe_s is not None and last is not None and now >= last + probe_s * S
            allowed = due or refusal <= 0.5
            assert taken(budget, now, 0.5) == allowed
            if not allowed:
                requests.append(now)
        known = None if probe_s is None or last is None else max(now, last + round(probe_s * S))
        assert budget.next_ns(now) == known


def test_the_throttle_grows_after_it_has_turned() -> None:
    """Its oldest entry is then no longer the first in the ring."""
    budget = AdaptiveThrottle(2, 20).make()
    for _ in range(3):
        budget.request(0)
    assert taken(budget, 25 * S)
    for index in range(100):
        budget.request(30 * S + index * S // 10)
    for _ in range(20):
        budget.success(40 * S, retried=False)
    for now, requests in ((40 * S, 100), (55 * S, 50)):  # of the refused one, 50 are left
        refusal = (requests - 2 * 20) / (requests + 1)
        assert taken(budget, now, refusal + 1e-9)
        assert not taken(budget, now, refusal - 1e-9)


def test_the_throttle_forgets_accepts_as_well() -> None:
    budget = AdaptiveThrottle(2, 20).make()
    for _ in range(5):
        budget.success(5 * S, retried=False)
    for _ in range(10):
        budget.request(29 * S)
    assert taken(budget, 30 * S, 10 / 11 + 1e-9)
    assert not taken(budget, 30 * S, 10 / 11 - 1e-9)


def test_a_throttle_that_probes_at_once_refuses_nothing() -> None:
    budget = throttled(AdaptiveThrottle(probe_s=0), 1000, 0)
    assert budget.next_ns(5 * S) == 5 * S
    assert taken(budget, 5 * S)


def test_a_step_is_at_least_a_nanosecond() -> None:
    assert taken(Leaky(ttl_s=1e-9, reserve_per_s=1e9).make(), 0)


def test_what_is_not_said_is_the_usual() -> None:
    assert TokenBucket(1) == TokenBucket(1, burst=1)
    assert TokensByResult(5) == TokensByResult(5, None, 1.0, 0.0, 0.0, 0.0, refund=False, above=0.0)
    assert Leaky() == Leaky(0.2, 10.0, 10.0, 10)
    assert ShareOfActive() == ShareOfActive(0.2, 3)
    assert AdaptiveThrottle() == AdaptiveThrottle(2.0, 120.0, None)


def test_equal_budgets_are_one() -> None:
    """A plan is kept for all policies of a kind, which takes a hash."""
    kinds: list[BudgetRule] = [TokenBucket(1), AWS, Leaky(), ShareOfActive(), AdaptiveThrottle()]
    assert len({*kinds, TokenBucket(1.0), Leaky()}) == len(kinds)
