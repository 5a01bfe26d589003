"""Whether a long and proved connection is forgiven the failures before it, on lives by hand."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from stormlab.clock import to_ns, to_s
from stormlab.evidence import Outcome
from stormlab.properties import Seen
from stormlab.properties.promises.forgiveness import first_delay_ns, forgets
from stormlab.worlds.story import Story

BROKEN, HOLDS, UNDECIDED = Outcome.BROKEN, Outcome.HOLDS, Outcome.UNDECIDED
Lives = Callable[..., list[Any]]
DROPPED = {"code": 1006, "clean": 0}


def life(
    refused: Lives, waits_s: float, *, lasts_s: float = 30.0, proved: bool = True
) -> list[Any]:
    """Four refusals, a connection that is dropped, and the wait after it."""
    end_s = 101.0 + lasts_s
    lines = [*refused(0.0, 4, 20.0), (101.0, "new"), (101.06, "open")]
    lines += [(101.1, "proved")] if proved else []
    lines += [(end_s, "close", DROPPED), (end_s, "timer_set", {"value_s": waits_s})]
    return [*lines, (end_s + waits_s, "new")]


@pytest.mark.parametrize(
    ("waits_s", "given", "outcome"),
    [
        (0.9, {}, HOLDS),
        (29.0, {}, BROKEN),
        (29.0, {"lasts_s": 5.0}, UNDECIDED),
        (29.0, {"proved": False}, UNDECIDED),
    ],
    ids=["soon", "late", "a short connection", "no proof"],
)
@pytest.mark.parametrize("opaque", [False, True], ids=["a policy", "code"])
def test_a_stable_connection_is_forgiven(
    hand: Any,
    refused: Lives,
    waits_s: float,
    given: dict[str, Any],
    outcome: Outcome,
    *,
    opaque: bool,
) -> None:
    story = hand.story(*life(refused, waits_s, **given))
    seen = Seen((without_timers(story) if opaque else story,), 0, story.end_ns, opaque=opaque)
    found = forgets(hand.subject(), seen)
    assert found.outcome is outcome
    assert (f"waits {waits_s:g} s" in found.reason) == (outcome is BROKEN)


def without_timers(story: Story) -> Story:
    steps = tuple(step for step in story.steps if not step.event.value.endswith("timer_set"))
    return replace(story, steps=steps)


def test_code_without_timers_is_not_judged_as_a_policy(hand: Any, refused: Lives) -> None:
    story = without_timers(hand.story(*life(refused, 29.0)))
    assert forgets(hand.subject(), Seen((story,), 0, story.end_ns)).outcome is UNDECIDED


def test_the_first_delay_has_a_margin_of_two(hand: Any) -> None:
    subject = hand.subject()
    highest_s = max(to_s(subject.declared.supports(number).high_ns) for number in (0, 1))
    assert first_delay_ns(subject) == 2 * to_ns(highest_s)
