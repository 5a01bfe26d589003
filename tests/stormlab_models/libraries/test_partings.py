"""Each way of parting is seen where it is, and not where something else happened."""

from collections.abc import Callable

import pytest

from stormlab.clock import to_ns
from stormlab.vocabulary import Cause, Event
from stormlab.worlds.story import Step, Story
from stormlab_models.libraries import partings
from stormlab_models.libraries.likenesses import LIKENESSES

Told = tuple[float, str] | tuple[float, str, int] | tuple[float, str, int, str]
KINDS = {
    "new": Event.NEW,
    "open": Event.OPEN,
    "proved": Event.PROVED,
    "message": Event.MESSAGE,
    "close": Event.CLOSE,
    "called": Event.CLOSE_CALLED,
    "shown": Event.VISIBLE,
    "offline": Event.OFFLINE,
    "online": Event.ONLINE,
    "fault": Event.FAULT,
    "gave up": Event.GAVE_UP,
}


def story(*told: Told) -> Story:
    """Steps as (seconds, what, attempt, detail); of an end the detail is the cause or the code."""
    steps = []
    for order, (at_s, what, *rest) in enumerate(told):
        attempt = int(str(rest[0])) if rest else 0
        detail = str(rest[1]) if len(rest) > 1 else ""
        cause, code = Cause.NONE, 0
        if what == "close":
            if detail.isdigit():
                code = int(detail)
            elif detail:
                cause = Cause(detail)
            detail = ""
        step = Step(
            to_ns(at_s), KINDS[what], attempt, code, cause=cause, detail=detail, order=order
        )
        steps.append(step)
    return Story(tuple(steps), to_ns(1000))


CONNECTED: tuple[Told, ...] = ((0, "new", 1), (0.06, "open", 1))
Applies = Callable[[Story, Story, int], bool]


@pytest.mark.parametrize(
    ("applies", "model", "code", "number", "expected"),
    [
        # the code closes: unanswered, or after a proof; by the application is another thing
        (
            partings.unanswered,
            CONNECTED,
            (*CONNECTED, (5, "called", 1, "OPEN"), (6, "new", 2)),
            1,
            True,
        ),
        (
            partings.unanswered,
            CONNECTED,
            (*CONNECTED, (1, "proved", 1), (5, "called", 1, "OPEN"), (6, "new", 2)),
            1,
            False,
        ),
        (
            partings.unanswered,
            CONNECTED,
            (*CONNECTED, (5, "called", 0, "by the application"), (6, "new", 2)),
            1,
            False,
        ),
        (
            partings.unanswered,  # long ago, of another connection
            CONNECTED,
            (*CONNECTED, (5, "called", 1, "OPEN"), (6, "new", 2), (7, "open", 2), (9, "new", 3)),
            2,
            False,
        ),
        (
            partings.closed_itself,
            CONNECTED,
            (*CONNECTED, (1, "proved", 1), (5, "called", 1, "OPEN"), (6, "new", 2)),
            1,
            True,
        ),
        # silent: the server hung or the device left before the end
        (
            partings.fell_silent,
            CONNECTED,
            (*CONNECTED, (3, "fault", 0, "hang"), (5, "close", 1, "reset"), (6, "new", 2)),
            1,
            True,
        ),
        (
            partings.fell_silent,
            CONNECTED,
            (*CONNECTED, (5, "close", 1, "killed"), (5.5, "offline"), (6, "new", 2)),
            1,
            False,
        ),
        # the code waits for the end of what it has closed
        (
            partings.slow_end,
            CONNECTED,
            (*CONNECTED, (5, "called", 1, "OPEN"), (5.2, "close", 1, "reset"), (5.4, "new", 2)),
            1,
            True,
        ),
        (
            partings.slow_end,
            CONNECTED,
            (*CONNECTED, (5, "called", 1, "OPEN"), (9, "close", 1, "reset"), (9.4, "new", 2)),
            1,
            False,
        ),
        # an attempt that ends before the first packet
        (
            partings.before_hello,
            (*CONNECTED, (1, "new", 2)),
            (*CONNECTED, (0.1, "close", 1, "server closed"), (21.4, "new", 2)),
            1,
            True,
        ),
        (
            partings.before_hello,
            (*CONNECTED, (1, "new", 2)),
            (*CONNECTED, (0.06, "message", 1), (0.1, "close", 1, "server closed"), (21, "new", 2)),
            1,
            False,
        ),
        (
            partings.before_hello,
            ((0, "new", 1), (1, "new", 2)),
            ((0, "new", 1), (0.02, "close", 1, "refused"), (21, "new", 2)),
            1,
            False,
        ),
        # shown, offline: with a connection or without
        (
            partings.shown_while_connecting,
            (*CONNECTED, (3, "close", 1), (3.5, "new", 2), (9, "new", 3)),
            (*CONNECTED, (3, "close", 1), (3.5, "new", 2), (4, "shown"), (4, "new", 3)),
            2,
            True,
        ),
        (
            partings.shown_while_connecting,
            (*CONNECTED, (3, "close", 1), (4, "new", 2)),
            (*CONNECTED, (3, "close", 1), (3.5, "shown"), (5, "new", 2)),
            1,
            False,
        ),
        (
            partings.offline_while_away,
            (*CONNECTED, (4, "new", 2)),
            (*CONNECTED, (3, "close", 1), (3.5, "offline"), (5, "new", 2)),
            1,
            True,
        ),
        (
            partings.offline_while_away,
            (*CONNECTED, (4, "new", 2)),
            (*CONNECTED, (2, "offline"), (3, "close", 1), (5, "new", 2)),
            1,
            False,
        ),
        (
            partings.shown,
            CONNECTED,
            (*CONNECTED, (3, "shown"), (3.2, "new", 2)),
            1,
            True,
        ),
        (partings.shown, CONNECTED, (*CONNECTED, (3, "shown"), (3.3, "new", 2)), 1, False),
        # the device
        (
            partings.made_offline,
            (*CONNECTED, (9, "new", 2)),
            (*CONNECTED, (2, "offline"), (3, "new", 2), (8, "online")),
            1,
            True,
        ),
        (
            partings.made_offline,
            (*CONNECTED, (9, "new", 2)),
            (*CONNECTED, (1, "offline"), (2, "online"), (3, "new", 2)),
            1,
            False,
        ),
        (
            partings.deaf,
            ((0, "new", 1), (3, "new", 2), (8, "new", 3)),
            ((0, "new", 1), (3, "new", 2), (3.06, "open", 2), (5, "offline"), (8, "online")),
            2,
            True,
        ),
        (
            partings.deaf,
            ((0, "new", 1), (6, "new", 2), (8, "new", 3)),
            ((0, "new", 1), (6, "new", 2), (6.06, "open", 2), (7, "offline"), (8, "online")),
            2,
            False,
        ),
        (
            partings.revived,
            (*CONNECTED, (2, "gave up", 1)),
            (*CONNECTED, (3, "offline"), (4, "online"), (4, "new", 2)),
            1,
            True,
        ),
        (
            partings.revived,
            CONNECTED,
            (*CONNECTED, (3, "offline"), (4, "online"), (4, "new", 2)),
            1,
            False,
        ),
        (
            partings.shown,
            CONNECTED,
            (*CONNECTED, (3, "shown"), (3.7, "new", 2)),
            1,
            True,
        ),
        (
            partings.waits_online,
            ((0, "new", 1), (4, "new", 2)),
            ((0, "new", 1), (3, "offline"), (4, "online"), (7, "new", 2)),
            1,
            True,
        ),
        (
            partings.waits_online,
            ((0, "new", 1), (5, "new", 2)),
            ((0, "new", 1), (3, "offline"), (4, "online"), (7, "new", 2)),
            1,
            False,
        ),
        (
            partings.confirmed,
            (*CONNECTED, (9, "new", 2)),
            (*CONNECTED, (0.08, "message", 1), (1, "close", 1), (8, "new", 2)),
            1,
            True,
        ),
        (
            partings.confirmed,
            (*CONNECTED, (9, "new", 2)),
            (*CONNECTED, (0.08, "message", 1), (3.06, "message", 1), (8, "new", 2)),
            1,
            False,
        ),
        # 1000 before the proof
        (
            partings.wanted_end,
            (*CONNECTED, (2, "new", 2)),
            (*CONNECTED, (2, "close", 1, "1000"), (5, "new", 2)),
            1,
            True,
        ),
        (
            partings.wanted_end,
            (*CONNECTED, (2, "new", 2)),
            (*CONNECTED, (0.1, "proved", 1), (2, "close", 1, "1000"), (5, "new", 2)),
            1,
            False,
        ),
        # the end of an old connection, taken for that of the new one
        (
            partings.end_of_an_old_one,
            (*CONNECTED, (4, "new", 2)),
            (
                *CONNECTED,
                (3, "called", 1, "OPEN"),
                (4, "new", 2),
                (63, "close", 1, "timed out"),
                (63, "new", 3),
            ),
            2,
            True,
        ),
        (
            partings.end_of_an_old_one,
            (*CONNECTED, (4, "new", 2)),
            (*CONNECTED, (4, "new", 2), (63, "close", 1, "timed out"), (63, "new", 3)),
            2,
            False,
        ),
    ],
)
def test_a_parting_is_seen_where_it_is(
    applies: Applies,
    model: tuple[Told, ...],
    code: tuple[Told, ...],
    number: int,
    expected: bool,  # noqa: FBT001
) -> None:
    assert applies(story(*model), story(*code), number) is expected


def test_none_explains_a_difference_between_two_plain_lives() -> None:
    """A delay that is wrong is nobody's parting."""
    model = story(*CONNECTED, (0.08, "proved", 1), (5, "close", 1, "killed"), (6, "new", 2))
    code = story(
        *CONNECTED,
        (0.06, "message", 1),
        (0.08, "proved", 1),
        (5, "close", 1, "killed"),
        (6.001, "new", 2),
    )
    for like in LIKENESSES.values():
        for parting in like.partings:
            assert not parting.applies(model, code, 1), parting.reason
            assert not parting.applies(code, model, 1), parting.reason
