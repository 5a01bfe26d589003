"""What the laws of :mod:`stormlab.properties.laws` share: a verdict, a trace by socket."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from stormlab.clock import to_s
from stormlab.trace import Row, Trace
from stormlab.vocabulary import EVENT_CODE, Event

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

NEVER = np.iinfo(np.int64).max  # the place of an event that did not happen


class Outcome(StrEnum):
    """What a law says of a trace."""

    HOLDS = "holds"
    BROKEN = "broken"
    UNDECIDED = "undecided"


class PropertyBrokenError(AssertionError):
    """A law that should hold does not; the message shows the first rows against it."""


@dataclass(frozen=True)
class Verdict:
    """One law's answer; ``rows`` are the places of what contradicts it, ten at most."""

    law: str
    outcome: Outcome
    reason: str = ""
    rows: tuple[int, ...] = ()

    def shown(self, trace: Trace) -> str:
        """The verdict and its rows, one per line, in plain words."""
        lines = [f"{self.law}: {self.outcome}" + (f": {self.reason}" if self.reason else "")]
        everything: list[Row] = list(trace) if self.rows else []
        for place in self.rows:
            row = everything[place]
            lines.append(
                f"  row {place}: {to_s(row.time_ns):.6f} s {row.event.value} client {row.client} "
                f"endpoint {row.endpoint} socket {row.socket} conn {row.conn} code {row.code} "
                f"up {row.up} down {row.down} {row.detail}".rstrip()
            )
        return "\n".join(lines)

    def require(self, trace: Trace) -> None:
        """Do nothing unless the law is broken.

        Raises:
            PropertyBrokenError: with the rows that show it.
        """
        if self.outcome is Outcome.BROKEN:
            raise PropertyBrokenError(self.shown(trace))


class Evidence:
    """A trace with its rows sorted by whose they are: what the laws share."""

    def __init__(self, trace: Trace) -> None:
        """Number the sockets; a row that belongs to none has socket number -1."""
        rows = trace.rows
        self.trace = trace
        self.rows = rows
        self.events = rows["event"].astype(np.int64)
        self.socket, self.sockets = numbered(
            rows["client"], rows["socket"], (rows["client"] >= 0) & (rows["socket"] >= 0)
        )

    def is_(self, *events: Event) -> Flags:
        """Which rows are of these kinds."""
        return np.isin(self.events, [EVENT_CODE[event] for event in events])

    def first(self, *events: Event, where: Flags | None = None) -> Ints:
        """Per socket, the place of its first row of these kinds, or NEVER."""
        wanted = self.is_(*events) & (self.socket >= 0)
        places = np.flatnonzero(wanted if where is None else wanted & where)
        result = np.full(self.sockets, NEVER, np.int64)
        np.minimum.at(result, self.socket[places], places)
        return result

    def count(self, *events: Event) -> Ints:
        """Per socket, how many rows of these kinds it has."""
        found = self.socket[self.is_(*events) & (self.socket >= 0)]
        return np.bincount(found, minlength=self.sockets).astype(np.int64)

    def of_socket(self, per_socket: Ints) -> Ints:
        """A figure of each socket, at each of its rows; NEVER at rows of no socket."""
        spread = np.append(per_socket, NEVER)
        return spread[self.socket]

    @property
    def places(self) -> Ints:
        """The places of all rows."""
        return np.arange(len(self.rows), dtype=np.int64)


def numbered(first: NDArray[np.int32], second: NDArray[np.int32], of: Flags) -> tuple[Ints, int]:
    """Number the pairs (first, second) of the rows ``of`` in any stable order; -1 elsewhere."""
    keys = first.astype(np.int64) << 32 | second.astype(np.int64) & 0xFFFFFFFF
    numbers = np.full(len(keys), -1, np.int64)
    unique, inverse = np.unique(keys[of], return_inverse=True)
    numbers[of] = inverse
    return numbers, len(unique)


def running(keys: Ints, steps: Ints) -> Ints:
    """The running total of ``steps`` within each key, after each row, in the rows' order."""
    if not len(keys):
        return np.zeros(0, np.int64)
    order = np.argsort(keys, kind="stable")
    totals = np.cumsum(steps[order])
    sorted_keys = keys[order]
    starts = np.flatnonzero(np.r_[True, sorted_keys[1:] != sorted_keys[:-1]])
    before = np.zeros(len(keys), np.int64)
    before[starts] = np.diff(np.r_[0, totals[starts] - steps[order][starts]])
    result = np.empty(len(keys), np.int64)
    result[order] = totals - np.cumsum(before)
    return result
