from typing import Any

from stormlab.evidence import Outcome
from stormlab.properties.promises import PROMISES
from stormlab.properties.promises.promise import Presence, broken, in_order


def test_a_breach_is_told_in_five_lines_at_most(hand: Any) -> None:
    steps = hand.story(*((number, "new") for number in range(9))).steps
    found = broken("too many", steps, "client 3")
    assert found.outcome is Outcome.BROKEN
    assert found.events == tuple(f"client 3: {n}.000 s new #{n + 1}" for n in range(5))


def test_offline_and_hidden_are_two_ways_of_being_away(hand: Any) -> None:
    presence = Presence()
    seen = []
    names = ("offline", "hidden", "online", "open", "visible")
    for step in hand.story(*enumerate(names)):
        presence.take(step)
        seen.append(presence.away)
    assert seen == ["offline", "offline", "hidden", "hidden", ""]


def test_steps_of_one_moment_are_in_the_order_in_which_they_happened(hand: Any) -> None:
    first = hand.story((1, "new", {"order": 5}), (1, "open", {"order": 8}))
    second = hand.story((1, "new", {"order": 6}), endpoint=1)
    assert [(socket, step.order) for socket, step in in_order((first, second))] == [
        (0, 5),
        (1, 6),
        (0, 8),
    ]


def test_every_promise_says_what_its_bound_is(hand: Any) -> None:
    for name, promise in PROMISES.items():
        assert promise.name == name
        assert promise.statement.endswith("."), name
        assert promise.formula, name
        assert isinstance(promise.bound(hand.subject()), str)
