"""The contract of a policy, met by the smallest policies there are."""

import dataclasses
from typing import get_args

import pytest

from stormlab.policy import Chance, Decision, Fact, Happened, Policy, RetryAt, Stop


class Hasty:
    """Tries again half a second after every end, at most twice."""

    def __init__(self) -> None:
        self.left = 2

    def on(self, happened: Happened, chance: Chance) -> Decision:
        if happened.fact not in {Fact.DROPPED, Fact.REFUSED}:
            return None
        if not self.left:
            return Stop("attempts used up", announced=False)
        self.left -= 1
        return RetryAt(happened.time_ns + round(chance.unit("jitter") * 1e9))

    def may_attempt(self, time_ns: int) -> bool:
        return time_ns >= 0


class Half:
    """Chance that always says one half and remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def unit(self, purpose: str) -> float:
        self.asked.append(purpose)
        return 0.5


def test_a_policy_needs_facts_and_chance_and_nothing_else() -> None:
    policy: Policy = Hasty()
    chance = Half()
    facts = [Fact.OPENED, Fact.DROPPED, Fact.REFUSED, Fact.REFUSED]
    decisions = [policy.on(Happened(fact, 1_000_000_000), chance) for fact in facts]
    later = RetryAt(1_500_000_000)
    assert decisions == [None, later, later, Stop("attempts used up", announced=False)]
    assert chance.asked == ["jitter", "jitter"]
    assert policy.may_attempt(0)


def test_a_stop_is_announced_unless_it_says_otherwise() -> None:
    assert Stop("breaker open").announced


@pytest.mark.parametrize("kind", [Happened, RetryAt, Stop])
def test_facts_and_decisions_cannot_be_changed_afterwards(kind: type) -> None:
    assert dataclasses.fields(kind)
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]


def test_a_decision_is_one_of_three() -> None:
    assert set(get_args(Decision)) == {RetryAt, Stop, type(None)}
