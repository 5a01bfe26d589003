from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from stormlab.evidence import Outcome
from stormlab.properties import PROMISES, Seen
from stormlab.worlds.bare import BareWorld

BROKEN, HOLDS, UNDECIDED = Outcome.BROKEN, Outcome.HOLDS, Outcome.UNDECIDED


@pytest.mark.parametrize(
    ("lines", "outcome"),
    [
        ([(0, "new"), (1, "open"), (2, "close")], HOLDS),
        ([(0, "new"), (1, "new", {"socket": 1})], BROKEN),
        ([(0, "new"), (1, "close"), (2, "close")], BROKEN),
        ([(0, "open")], BROKEN),
        ([(0, "close")], BROKEN),
        ([], UNDECIDED),
    ],
)
def test_attempts_are_conserved(hand: Any, lines: list[Any], outcome: Outcome) -> None:
    assert hand.judge("conserves-attempts", hand.story(*lines)).outcome is outcome


@pytest.mark.parametrize(
    ("events", "outcome"),
    [
        (("started", "accepted", "lost"), HOLDS),
        (("started", "lost"), HOLDS),
        (("accepted",), BROKEN),
        (("started", "started"), BROKEN),
        (("started", "accepted", "accepted"), BROKEN),
        (("started", "lost", "accepted"), BROKEN),
    ],
)
def test_connections_are_conserved_at_the_server(
    hand: Any, small_trace: Any, events: tuple[str, ...], outcome: Outcome
) -> None:
    lines = [(number, name, {"conn": 7}) for number, name in enumerate(events)]
    found = hand.judge("conserves-attempts", hand.story(*lines), trace=small_trace)
    assert found.outcome is outcome


def test_the_same_world_gives_the_same_stories(hand: Any) -> None:
    numbers: Iterator[int] = count()
    same = hand.story((0, "new"), (1, "open"))

    def outcome(again: Any, seed: int = 0) -> Outcome:
        seen = Seen((same,), 0, same.end_ns, BareWorld(seed=seed), again=again)
        found = PROMISES["same-world-same-trace"].judge(hand.subject(), seen)
        return Outcome(found.outcome)

    assert outcome(lambda: (hand.story((0, "new"), (1, "open")),)) is HOLDS
    assert outcome(lambda: (hand.story((0, "new"), (2 + next(numbers), "open")),)) is BROKEN
    assert outcome(lambda: (hand.story((0, "new")),)) is BROKEN
    assert outcome(None) is UNDECIDED
    assert outcome(lambda: (hand.story((0, "new")),), seed=1) is UNDECIDED


def test_what_is_no_connection_s_is_not_counted_as_one(hand: Any, small_trace: Any) -> None:
    def judged(*lines: Any) -> Any:
        return hand.judge("conserves-attempts", hand.story(*lines), trace=small_trace)

    assert judged((0, "started"), (1, "started")).outcome is HOLDS  # it has no number
    assert judged((0, "new"), (1, "request", {"conn": 7}), (2, "request", {"conn": 7})).outcome is (
        HOLDS
    )
    late = judged((0, "new"), (1, "started", {"conn": 7}), (2, "started", {"conn": 7}))
    assert late.reason == "a connection was started twice"


def test_the_first_difference_between_two_runs_is_shown(hand: Any) -> None:
    def shown(first_s: float, second_s: float) -> list[str]:
        one, two = (hand.story((0, "new"), (time_s, "open")) for time_s in (first_s, second_s))
        seen = Seen((one,), 0, one.end_ns, again=lambda: (two,))
        found = PROMISES["same-world-same-trace"].judge(hand.subject(), seen)
        assert found.outcome is BROKEN
        return [line.partition(": ")[2].split()[0] for line in found.events]

    assert shown(1, 2) == ["1.000", "2.000"]
    assert shown(2, 1) == ["2.000", "1.000"]


def test_every_eighth_world_is_run_twice(hand: Any) -> None:
    same = hand.story((0, "new"))

    def outcome(world: Any) -> Outcome:
        seen = Seen((same,), 0, same.end_ns, world, again=lambda: (same,))
        return Outcome(PROMISES["same-world-same-trace"].judge(hand.subject(), seen).outcome)

    found = [outcome(BareWorld(seed=seed)) for seed in (0, 7, 8, 9)]
    assert found == [HOLDS, UNDECIDED, HOLDS, UNDECIDED]
    assert outcome(None) is HOLDS  # a world without a seed


def test_another_number_of_endpoints_is_a_mistake_of_the_caller(hand: Any) -> None:
    same = hand.story((0, "new"))
    seen = Seen((same,), 0, same.end_ns, again=lambda: (same, same))
    with pytest.raises(ValueError, match="longer"):
        PROMISES["same-world-same-trace"].judge(hand.subject(), seen)
