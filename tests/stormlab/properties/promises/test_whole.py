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
