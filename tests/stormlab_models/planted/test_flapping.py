"""The planted faults of flapping and loops are what they say."""

from stormlab.clock import to_ns
from stormlab.policy import Fact, Happened, Policy, RetryAt
from stormlab.policy.contract import Scope
from stormlab_models.planted.flapping import BusyOffline, HastyOnline, OnceOnline, TwoTimers


class Low:
    """Chance that always draws the lowest."""

    def unit(self, purpose: str, scope: Scope = "attempt") -> float:
        del purpose, scope
        return 0.0


def _told(policy: Policy, *facts: Fact) -> list[int | None]:
    answers = [policy.on(Happened(fact, 0), Low()) for fact in facts]
    return [each.time_ns if isinstance(each, RetryAt) else None for each in answers]


def test_two_timers_are_set_for_each_failure() -> None:
    policy = TwoTimers()
    assert _told(policy, *[Fact.REFUSED] * 3) == [to_ns(0.5), to_ns(0.5), to_ns(1.0)]
    assert len(policy._timers_ns) == 3


def test_hasty_until_it_is_open() -> None:
    told = _told(HastyOnline(), Fact.ONLINE, Fact.REFUSED, Fact.OPENED, Fact.REFUSED)
    assert told == [0, 0, None, to_ns(1.0)]
    assert _told(OnceOnline(), Fact.ONLINE, Fact.REFUSED) == [0, to_ns(0.5)]


def test_busy_for_as_long_as_it_is_offline() -> None:
    told = _told(BusyOffline(), Fact.OFFLINE, Fact.REFUSED, Fact.ONLINE, Fact.REFUSED)
    assert told == [None, 0, None, to_ns(1.0)]
