"""The planted faults of breakers and budgets are what they say."""

from collections.abc import Callable

from stormlab.policy import Fact, Happened, Policy, RetryAt, Walked
from stormlab.policy.breaker import BreakerState
from stormlab.policy.contract import Scope
from stormlab_models.planted.guards import GUARDED, LeakyProbe, NeverAgain, PastTheBreaker

AN_HOUR_NS = 3_600_000_000_000
Walk = Callable[[Policy, int], Walked]


class Low:
    """Chance that always draws the lowest."""

    def unit(self, purpose: str, scope: Scope = "attempt") -> float:
        del purpose, scope
        return 0.0


def _refuse(policy: Policy, times: int, time_ns: int = 0) -> None:
    for _ in range(times):
        assert policy.may_attempt(time_ns)
        policy.on(Happened(Fact.REFUSED, time_ns), Low())


def test_nobody_tries_again_after_the_tenth(walk: Walk) -> None:
    walked = walk(NeverAgain(), 20)
    assert len(walked.delays_ns) == 9
    assert walked.silent


def test_online_goes_past_an_open_breaker() -> None:
    for policy, passes in ((PastTheBreaker(), True), (GUARDED.make(), False)):
        _refuse(policy, 5)
        answer = policy.on(Happened(Fact.ONLINE, 1), Low())
        assert isinstance(answer, RetryAt) is passes
        assert policy.may_attempt(1) is passes


def test_a_leaky_probe_stays_half_open() -> None:
    policy = LeakyProbe()
    _refuse(policy, 5)
    _refuse(policy, 1, AN_HOUR_NS)
    assert policy.breaker is not None
    assert policy.breaker.state(2 * AN_HOUR_NS) is BreakerState.HALF_OPEN
    assert not policy.may_attempt(2 * AN_HOUR_NS)
