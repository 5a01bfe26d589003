"""What happened to one endpoint, in order: the form in which promises read a run.

A :class:`Story` is the same whether a bare policy was hosted alone (:mod:`stormlab.worlds.bare`) or
a whole fleet or page was simulated (:func:`stories` reads a trace), and its words are those of
:mod:`stormlab.vocabulary`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from stormlab.clock import to_s
from stormlab.trace import Row, Trace
from stormlab.vocabulary import Cause, Event

BY_APPLICATION = "by the application"  # detail of a close() that nobody takes back
BY_ITSELF = frozenset({"CONNECTING", "OPEN"})  # of one that hosted code calls on its own socket


class Step(NamedTuple):
    """One event; ``advice_ns`` is the delay that the server asked for with it, if it did.

    ``order``: the place among everything that happened in the world, at one moment too.
    """

    time_ns: int
    event: Event
    attempt: int = 0
    code: int = 0
    clean: int = -1
    cause: Cause = Cause.NONE
    value_ns: int = 0
    detail: str = ""
    socket: int = -1
    conn: int = -1
    advice_ns: int | None = None
    order: int = 0

    @property
    def text(self) -> str:
        """The event in one line: when, what, and what belongs to it."""
        parts = [f"{to_s(self.time_ns):.3f} s", self.event.value.partition(".")[2]]
        if self.attempt:
            parts.append(f"#{self.attempt}")
        if self.event is Event.TIMER_SET:
            parts.append(f"in {to_s(self.value_ns):.3f} s")
        if self.code:
            parts.append(f"code {self.code}")
        if self.cause is not Cause.NONE:
            parts.append(f"({self.cause.value})")
        if self.detail:
            parts.append(self.detail)
        return " ".join(parts)


@dataclass(frozen=True)
class Story:
    """The life of one endpoint of one client; ``cut``: it was ended because it never waited."""

    steps: tuple[Step, ...]
    end_ns: int
    client: int = 0
    endpoint: int = 0
    cut: bool = False

    def of(self, *events: Event) -> list[Step]:
        """The steps of these kinds, in order."""
        if events not in self._asked:
            wanted = [event for event in events if event in self._by_event]
            if len(wanted) == 1:
                found = self._by_event[wanted[0]]
            else:
                found = [step for step in self.steps if step.event in wanted] if wanted else []
            self._asked[events] = found
        return self._asked[events]

    def has(self, *events: Event) -> bool:
        """Whether any of these ever happened."""
        return any(event in self._by_event for event in events)

    def times_ns(self, *events: Event) -> list[int]:
        """When they happened."""
        return [step.time_ns for step in self.of(*events)]

    @cached_property
    def _asked(self) -> dict[tuple[Event, ...], list[Step]]:
        """What was asked for already: promises ask for the same, one after the other."""
        return {}

    @cached_property
    def _by_event(self) -> dict[Event, list[Step]]:
        found: dict[Event, list[Step]] = {}
        for step in self.steps:
            event = step.event
            if event in found:
                found[event].append(step)
            else:
                found[event] = [step]
        return found

    def __iter__(self) -> Iterator[Step]:
        """Go through the steps."""
        return iter(self.steps)

    @property
    def who(self) -> str:
        """Client and endpoint, for a line of evidence."""
        return f"client {self.client}" + (f" socket {self.endpoint}" if self.endpoint else "")


def closings(story: Story) -> tuple[bool, int]:
    """Whether the application has closed it for good; when a person last opened it again."""
    closed, reopened_ns = False, 0
    for step in story.of(Event.CLOSE_CALLED, Event.RETRY_BY_HAND):
        if step.event is Event.CLOSE_CALLED:
            closed = closed or step.detail not in BY_ITSELF
        elif closed:
            closed, reopened_ns = False, step.time_ns
    return closed, reopened_ns


def stories(trace: Trace) -> list[Story]:
    """The story of every endpoint of every client, in that order.

    Events of a whole client (offline, hidden, gone) stand in the story of each of its endpoints.
    Settled rows at the start are kept: they say that the endpoint was open.
    """
    rows: dict[tuple[int, int], list[Step]] = {}
    shared: dict[int, list[Step]] = {}
    for order, row in enumerate(trace):
        if row.client < 0:
            continue
        if row.endpoint >= 0:
            rows.setdefault((row.client, row.endpoint), []).append(_step(row, order))
        else:
            shared.setdefault(row.client, []).append(_step(row, order))
    return [
        Story(_merged(steps, shared.get(client, ())), trace.duration_ns, client, endpoint)
        for (client, endpoint), steps in sorted(rows.items())
    ]


def _merged(own: list[Step], shared: Iterable[Step]) -> tuple[Step, ...]:
    both = [*own, *shared]
    both.sort(key=lambda step: step.order)
    return tuple(both)


def _step(row: Row, order: int) -> Step:
    return Step(
        row.time_ns,
        row.event,
        row.attempt,
        row.code,
        row.clean,
        row.cause,
        row.value_ns,
        row.detail,
        row.socket,
        row.conn,
        order=order,
    )
