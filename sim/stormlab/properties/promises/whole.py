"""Promises about whole worlds: conservation, and that the same world gives the same trace."""

from stormlab.properties.promises.promise import HOLDS, Finding, Promise, Seen, broken, undecided
from stormlab.properties.promises.subject import Subject
from stormlab.vocabulary import Event
from stormlab.worlds.story import Step

_ENDS_OF_ATTEMPT = {Event.OPEN, Event.CLOSE}


def _conserves(_subject: Subject, seen: Seen) -> Finding:
    """Every attempt is under way, open, or ended once."""
    for story in seen.stories:
        made: dict[int, Step] = {}
        ended: dict[int, Step] = {}
        for step in story:
            if step.event is Event.NEW:
                if step.socket in made:
                    return broken("a socket was made twice", [made[step.socket], step], story.who)
                made[step.socket] = step
            elif step.event in _ENDS_OF_ATTEMPT and step.socket not in made:
                return broken("a socket opened or closed that was never made", [step], story.who)
            elif step.event is Event.CLOSE:
                if step.socket in ended:
                    both = [ended[step.socket], step]
                    return broken("a socket was closed twice", both, story.who)
                ended[step.socket] = step
    return HOLDS if any(story.steps for story in seen.stories) else undecided("nothing happened")


def _repeats(_subject: Subject, seen: Seen) -> Finding:
    again = seen.again
    if again is None:
        return undecided("the world was not run a second time")
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
        "Every attempt is made once and ends once, or is still there at the end.",
        "#NEW(s) = 1 and #CLOSE(s) <= 1 for every socket s; no OPEN or CLOSE without NEW",
        ("bare", "fleet", "page"),
        _conserves,
    ),
    Promise(
        "same-world-same-trace",
        "The same world gives the same trace: no hidden clock, no chance of its own.",
        "run(world) = run(world), step by step",
        ("bare", "fleet"),
        _repeats,
    ),
)
