"""Promises that only real code can break: errors that nobody catches, sockets that are left."""

from stormlab.clock import to_ns, to_s
from stormlab.properties.promises.events import CLOSE, CLOSE_CALLED, NEW, OPEN, RETRY_BY_HAND
from stormlab.properties.promises.promise import HOLDS, Finding, Promise, Seen, broken, undecided
from stormlab.properties.promises.subject import Subject
from stormlab.vocabulary import Event
from stormlab.worlds.story import BY_APPLICATION, Step

LEAVES_S = 90.0  # longer than any platform waits for the answer to a close frame
WORDS_MAX = 60  # characters of an error, without its place; all of it is among the events
_FAULTY = (Event.UNCAUGHT, Event.HALTED)


def _raises_nothing(_subject: Subject, seen: Seen) -> Finding:
    for story in seen.stories:
        found = story.of(*_FAULTY)
        if found:
            halted = found[0].event is Event.HALTED
            reason = "the code had to be stopped" if halted else "an error that nobody catches"
            reason += f": {_short(found[0].detail)}"
            return broken(reason, found[:3], story.who)
    return HOLDS


def _short(detail: str) -> str:
    """An error in a line, with its place."""
    words, mark, place = detail.partition(" (at ")
    if len(words) > WORDS_MAX:
        words = words[: WORDS_MAX - 3] + "..."
    return words + mark + place.partition(", called")[0].removesuffix(")") + ")" * bool(mark)


def _closes_for_good(_subject: Subject, seen: Seen) -> Finding:
    """What is still open or under way long after close() by the application."""
    bound_ns = to_ns(LEAVES_S)
    judged = False
    for story in seen.stories:
        live: dict[int, Step] = {}
        closed: Step | None = None
        for step in (*story.of(NEW, OPEN, CLOSE, CLOSE_CALLED, RETRY_BY_HAND), _end(story.end_ns)):
            if closed is not None and step.time_ns - closed.time_ns > bound_ns:
                judged = True
                if live:
                    reason = f"still connected {to_s(bound_ns):.0f} s after close()"
                    return broken(reason, [*live.values(), closed], story.who)
            if step.event is CLOSE_CALLED:
                closed = step if step.detail == BY_APPLICATION else closed
            elif step.event is RETRY_BY_HAND:
                closed = None
            elif step.event is CLOSE:
                live.pop(step.socket, None)
            elif step.event in {NEW, OPEN}:
                live[step.socket] = step
    return HOLDS if judged else undecided("nothing was closed by the application for long")


def _end(time_ns: int) -> Step:
    return Step(time_ns, Event.OBSERVED)


PROMISES = (
    Promise(
        "raises-nothing",
        "No error of the code goes uncaught, and none of its events takes for ever.",
        "no UNCAUGHT, no HALTED",
        ("code",),
        _raises_nothing,
    ),
    Promise(
        "closes-for-good",
        "After close() by the application nothing stays connected.",
        f"no socket between NEW and CLOSE {LEAVES_S:.0f} s after close(), unless reconnected by"
        " hand",
        ("code",),
        _closes_for_good,
        lambda _subject: f"{LEAVES_S:.0f} s",
    ),
)
