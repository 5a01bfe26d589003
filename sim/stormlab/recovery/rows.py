"""The rows of a trace sorted by kind of event once, and the fleet that they tell of.

A *place* is one socket's place in one client: ``client * sockets + endpoint``. It keeps its number
over all attempts, so that what happened to it is an array indexed by place.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormlab.trace import Trace
from stormlab.vocabulary import EVENT_CODE, EVENTS, Event

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

NEVER = int(np.iinfo(np.int64).max)  # a moment that did not come before the end


def first_of(size: int, where: Ints, value: Ints, otherwise: int = NEVER) -> Ints:
    """For each of ``size`` slots the first of the values that fall into it, in the order given."""
    found = np.full(size, otherwise, np.int64)
    found[where[::-1]] = value[::-1]  # of equal indices NumPy keeps the last
    return found


@dataclass(frozen=True, eq=False)
class Rows:
    """Row numbers of a trace by kind of event, and how many clients and places there are."""

    trace: Trace

    @cached_property
    def _by_event(self) -> tuple[Ints, Ints]:
        events = self.column("event")
        order = np.argsort(events, kind="stable")
        bounds = np.searchsorted(events[order], np.arange(len(EVENTS) + 1))
        return order.astype(np.int64), bounds.astype(np.int64)

    def of(self, *events: Event) -> Ints:
        """The numbers of the rows of these kinds, in order."""
        order, bounds = self._by_event
        codes = [EVENT_CODE[event] for event in events]
        parts = [order[bounds[code] : bounds[code + 1]] for code in codes]
        return parts[0] if len(parts) == 1 else np.sort(np.concatenate(parts))

    @cached_property
    def _columns(self) -> dict[str, NDArray[Any]]:
        return {}

    def column(self, name: str) -> NDArray[Any]:
        """One column of all rows, in one piece: in the trace a row's columns lie together."""
        if name not in self._columns:
            self._columns[name] = np.ascontiguousarray(self.trace.rows[name])
        return self._columns[name]

    def get(self, name: str, rows: Ints) -> Ints:
        """One column of these rows, as int64."""
        values: Ints = self.column(name)[rows].astype(np.int64, copy=False)
        return values

    @cached_property
    def end_ns(self) -> int:
        """The end of the observation; what has not happened by then is not known."""
        return self.trace.duration_ns

    def _said(self, key: str) -> int | None:
        value: Any = self.trace.header.get(key)
        return int(value) if value is not None else None

    @cached_property
    def clients(self) -> int:
        """How many clients there are: as the header says, else as many as appear."""
        seen = int(self.column("client").max(initial=-1)) + 1
        return max(self._said("clients") or 0, seen)

    @cached_property
    def sockets(self) -> int:
        """How many sockets each client has: as the header says, else as many as appear."""
        seen = int(self.column("endpoint").max(initial=-1)) + 1
        return max(self._said("sockets") or 0, seen, 1)

    @cached_property
    def pods(self) -> int:
        """How many server processes there are: as the header says, else one."""
        return self._said("pods") or 1

    @property
    def places(self) -> int:
        """How many places there are."""
        return self.clients * self.sockets

    def place(self, rows: Ints) -> Ints:
        """The place of each of these rows, which must name client and endpoint."""
        return self.get("client", rows) * self.sockets + self.get("endpoint", rows)
