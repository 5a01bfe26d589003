"""Promises about whole worlds: conservation, and that the same world gives the same trace."""

from stormlab.properties.promises.events import ACCEPTED, CLOSE, ENDED, LOST, NEW, OPEN, STARTED
from stormlab.properties.promises.promise import (
    HOLDS,
    Finding,
    Promise,
    Seen,
    broken,
    undecided,
)
from stormlab.properties.promises.subject import Subject
from stormlab.vocabulary import Event
from stormlab.worlds.story import Step, Story

TWICE = 8
_ENDS_OF_ATTEMPT = {OPEN, CLOSE}
_AT_SERVER = {STARTED, ACCEPTED, ENDED, LOST}


def _conserves(_subject: Subject, seen: Seen) -> Finding:
    """Every attempt is under way, open, or ended once."""
    for story in seen.stories:
        made: dict[int, Step] = {}
        ended: dict[int, Step] = {}
        for step in story:
            if step.event is NEW:
                if step.socket in made:
                    return broken("a socket was made twice", [made[step.socket], step], story.who)
                made[step.socket] = step
            elif step.event in _ENDS_OF_ATTEMPT and step.socket not in made:
                return broken("a socket opened or closed that was never made", [step], story.who)
            elif step.event is CLOSE:
                if step.socket in ended:
                    both = [ended[step.socket], step]
                    return broken("a socket was closed twice", both, story.who)
                ended[step.socket] = step
    if seen.trace is not None and seen.trace.header.get("addresses", 1) == 1:
        found = next(filter(None, (_at_the_server(story) for story in seen.stories)), None)
        if found is not None:
            return found
    return HOLDS if any(story.steps for story in seen.stories) else undecided("nothing happened")


def _at_the_server(story: Story) -> Finding | None:
    """Whether each connection was started once, then accepted once, and ended once."""
    past: dict[int, dict[Event, Step]] = {}
    for step in story:
        if step.event not in _AT_SERVER or step.conn < 0:
            continue
        before = past.setdefault(step.conn, {})
        if step.event in before:
            both = [before[step.event], step]
            return broken(f"a connection was {_said(step)} twice", both, story.who)
        if step.event is ACCEPTED:
            if STARTED not in before:
                reason = "a connection was accepted that never reached the application"
                return broken(reason, [step], story.who)
            if LOST in before:
                return broken("a connection was accepted after it was lost", [step], story.who)
        before[step.event] = step
    return None


def _said(step: Step) -> str:
    return step.event.value.partition(".")[2]


def _repeats(_subject: Subject, seen: Seen) -> Finding:
    again = seen.again
    if again is None:
        return undecided("the world was not run a second time")
    if getattr(seen.world, "seed", 0) % TWICE:
        return undecided(f"only worlds with a seed that {TWICE} divides are run a second time")
    for story, other in zip(seen.stories, again(), strict=True):
        if story.steps != other.steps:
            first = next(
                (
                    pair
                    for pair in zip(story.steps, other.steps, strict=False)
                    if pair[0] != pair[1]
                ),
                None,
            )
            steps = list(first) if first is not None else []
            return broken("the same world gave another story the second time", steps, story.who)
    return HOLDS


PROMISES = (
    Promise(
        "conserves-attempts",
        "Every attempt is made once and ends once, or is still there at the end; so is, at the"
        " server, every connection.",
        "#NEW(s) = 1 and #CLOSE(s) <= 1 for every socket s; no OPEN or CLOSE without NEW;"
        " #STARTED(c), #ACCEPTED(c), #ENDED(c), #LOST(c) <= 1 for every connection c, and"
        " STARTED(c) < ACCEPTED(c) < LOST(c)",
        ("bare", "fleet", "page", "code"),
        _conserves,
    ),
    Promise(
        "same-world-same-trace",
        "The same world gives the same trace: no hidden clock, no chance of its own.",
        f"run(world) = run(world), step by step, for every {TWICE}th seed",
        ("bare", "fleet", "code"),
        _repeats,
    ),
)
