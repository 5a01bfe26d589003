"""The planted faults of ends are what they say."""

from collections.abc import Callable

import pytest

from stormlab.policy import Fact, Happened, Policy, RetryAt, Stop, Walked
from stormlab.policy.contract import Scope
from stormlab_models.planted.endings import (
    AdviceInMilliseconds,
    CleanIsFinal,
    EndsAll,
    Final,
    LockHeld,
    OnlyDrops,
    PausedForGood,
    Resumed,
    SilentEnd,
    Unadvised,
    Unfinal,
)
from stormlab_models.planted.parts import Careful

TEN_S = 10_000_000_000
Walk = Callable[[Policy, int], Walked]


class Low:
    """Chance that always draws the lowest."""

    def unit(self, purpose: str, scope: Scope = "attempt") -> float:
        del purpose, scope
        return 0.0


@pytest.mark.parametrize(
    ("policy", "retries", "silent"),
    [(SilentEnd, 9, True), (EndsAll, 7, False), (OnlyDrops, 0, True), (Careful, 20, False)],
)
def test_how_many_refusals_it_takes(
    policy: type[Careful],
    retries: int,
    silent: object,
    walk: Walk,
) -> None:
    walked = walk(policy(), 20)
    assert (len(walked.delays_ns), walked.silent) == (retries, silent)


def test_the_lock_is_held_after_a_refusal() -> None:
    policy = LockHeld()
    assert policy.may_attempt(0)
    policy.on(Happened(Fact.REFUSED, 1), Low())
    assert not policy.may_attempt(2)
    policy.on(Happened(Fact.OPENED, 3), Low())
    assert policy.may_attempt(4)


@pytest.mark.parametrize(("policy", "back"), [(PausedForGood, None), (Resumed, RetryAt(9))])
def test_what_was_left_out_while_hidden(policy: type[PausedForGood], back: object) -> None:
    made = policy()
    for fact in (Fact.HIDDEN, Fact.REFUSED):
        assert made.on(Happened(fact, 1), Low()) is None
    assert made.on(Happened(Fact.VISIBLE, 9), Low()) == back


@pytest.mark.parametrize(
    ("policy", "code", "stops"),
    [(CleanIsFinal, 1012, True), (Final, 4001, True), (Unfinal, 4001, False)],
)
def test_which_codes_end_it(policy: type[Careful], code: int, stops: object) -> None:
    answer = policy().on(Happened(Fact.DROPPED, 0, code=code, clean=True), Low())
    assert isinstance(answer, Stop) is stops


@pytest.mark.parametrize(
    ("policy", "waits_ns"),
    [(Careful, TEN_S), (Unadvised, TEN_S // 20), (AdviceInMilliseconds, TEN_S // 20)],
)
def test_what_is_made_of_advice(policy: type[Careful], waits_ns: int) -> None:
    answer = policy().on(Happened(Fact.REFUSED, 0, retry_after_ns=TEN_S), Low())
    assert answer == RetryAt(waits_ns)
