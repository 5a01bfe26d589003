"""What a promise is: a statement about policies, and a function that judges one run by it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from stormlab.evidence import Outcome
from stormlab.properties.promises.events import HIDDEN, OFFLINE, ONLINE, VISIBLE
from stormlab.properties.promises.subject import Subject
from stormlab.trace import Trace
from stormlab.worlds.story import Step, Story

EVENTS_SHOWN_MAX = 5
LINE_MAX = 120  # characters of an event that are shown: the words of an error may be many
Tier = Literal["bare", "herd", "fleet", "page", "code"]


class Sometimes(StrEnum):
    """What a batch of worlds must have seen at least once, or its promises stay undecided."""

    MASS_LOSS = "a loss of all connections"
    REFUSAL = "a refused attempt"
    HANG = "an attempt that nobody answered"
    ACCEPT_THEN_CLOSE = "a connection accepted only to be closed"
    CAP = "a delay at the cap"
    STABLE_RESET = "a failure count that went back"
    ADVICE = "a delay that the server asked for"


@dataclass(frozen=True)
class Seen:
    """One run: the stories of its endpoints, its trace if there was one, when it was healed.

    ``again`` runs the same world a second time. ``opaque``: real code, of which only its sockets
    and its own words are seen, and no timers.
    """

    stories: tuple[Story, ...]
    healed_ns: int
    end_ns: int
    world: object = None
    trace: Trace | None = None
    again: Callable[[], tuple[Story, ...]] | None = None
    opaque: bool = False


@dataclass(frozen=True)
class Finding:
    """What a promise says of one run; ``events`` show a breach, five lines at most.

    ``walk_ns``: the policy's delays in nanoseconds up to the one that breaks it, where they were
    judged and not the run.
    """

    outcome: Outcome
    reason: str = ""
    events: tuple[str, ...] = ()
    walk_ns: tuple[int, ...] = ()


HOLDS = Finding(Outcome.HOLDS)


def _shown(line: str) -> str:
    """A line, its middle left out where it is too long: an error ends with its place."""
    head, tail = LINE_MAX * 2 // 3, LINE_MAX // 3 - 5
    return line if len(line) <= LINE_MAX else f"{line[:head]} ... {line[-tail:]}"


def undecided(reason: str) -> Finding:
    """There is nothing to judge by."""
    return Finding(Outcome.UNDECIDED, reason)


def broken(
    reason: str,
    steps: list[Step] | tuple[Step, ...] = (),
    who: str = "",
    walk_ns: Sequence[int] = (),
) -> Finding:
    """The run, or a walk, contradicts the promise; the steps that show it become lines."""
    prefix = f"{who}: " if who else ""
    shown = tuple(_shown(prefix + step.text) for step in list(steps)[:EVENTS_SHOWN_MAX])
    return Finding(Outcome.BROKEN, reason, shown, tuple(walk_ns))


PRESENCE = (OFFLINE, ONLINE, HIDDEN, VISIBLE)


class Presence:
    """Whether the device is offline or the page hidden, as the steps go by."""

    def __init__(self) -> None:
        """Begin online and in sight."""
        self.offline = self.hidden = False

    def take(self, step: Step) -> None:
        """Follow a step."""
        event = step.event
        if event is OFFLINE or event is ONLINE:
            self.offline = event is OFFLINE
        elif event is HIDDEN or event is VISIBLE:
            self.hidden = event is HIDDEN

    @property
    def away(self) -> str:
        """Why nobody can expect it to connect; empty: it can be expected."""
        return "offline" if self.offline else "hidden" if self.hidden else ""


def in_order(stories: tuple[Story, ...]) -> list[tuple[int, Step]]:
    """The steps of several sockets as they happened, each with its socket's number."""
    every = [
        (step.time_ns, step.order, index, story.endpoint, step)
        for story in stories
        for index, step in enumerate(story)
    ]
    every.sort(key=lambda each: each[:4])
    return [(each[3], each[4]) for each in every]


@dataclass(frozen=True)
class Promise:
    """A named promise.

    ``statement``: one sentence. ``formula``: the same, exactly. ``bound``: the limit that follows
    from what a subject declares, in words with numbers. ``tiers``: the worlds in which it is tried,
    the quickest first. ``judge``: a pure function of the subject and one run. ``needs``: what a
    batch must have seen for the promise to be decided. ``walks``: it judges nothing but the
    policy's delays while it is refused, and takes of a world only the seed.
    """

    name: str
    statement: str
    formula: str
    tiers: tuple[Tier, ...]
    judge: Callable[[Subject, Seen], Finding]
    bound: Callable[[Subject], str] = lambda _subject: ""
    needs: tuple[Sometimes, ...] = ()
    walks: bool = False
