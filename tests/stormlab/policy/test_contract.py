"""The two optional questions and the terms, put to policies with and without an answer."""

from stormlab.policy import (
    Chance,
    Decision,
    Happened,
    RetryAt,
    Scope,
    Stop,
    Terms,
    due,
    first_attempt,
    terms_of,
)


class NoChance:
    """Chance that nobody should ask for."""

    def unit(self, purpose: str, scope: Scope = "attempt") -> float:
        raise AssertionError(f"{purpose} {scope}")


class Plain:
    """Answers nothing and allows what it is told to."""

    def __init__(self, *, allows: bool = True) -> None:
        self.allows = allows

    def on(self, happened: Happened, chance: Chance) -> Decision:
        del happened, chance
        return None

    def may_attempt(self, time_ns: int) -> bool:
        return self.allows and time_ns >= 0


class Careful(Plain):
    """States terms, waits before the first attempt, and puts off what it refuses."""

    terms = Terms(connect_timeout_s=3)
    later: Decision = RetryAt(70)

    def start(self, time_ns: int, chance: Chance) -> RetryAt:
        del chance
        return RetryAt(time_ns + 5)

    def postponed(self, time_ns: int, chance: Chance) -> Decision:
        del time_ns, chance
        return self.later


def test_without_an_answer_the_first_attempt_is_at_once_and_a_refusal_is_silent() -> None:
    assert first_attempt(Plain(), 7, NoChance()) == RetryAt(7)
    assert due(Plain(), 9, NoChance()) == RetryAt(9)
    assert due(Plain(allows=False), 9, NoChance()) is None
    assert terms_of(Plain()) == Terms()


def test_answers_are_asked_for() -> None:
    assert first_attempt(Careful(), 7, NoChance()) == RetryAt(12)
    assert due(Careful(), 9, NoChance()) == RetryAt(9)
    assert due(Careful(allows=False), 9, NoChance()) == RetryAt(70)
    assert terms_of(Careful()).connect_timeout_s == 3


def test_a_refusal_may_be_the_end() -> None:
    policy = Careful(allows=False)
    policy.later = Stop("closed for good")
    assert due(policy, 9, NoChance()) == Stop("closed for good")
