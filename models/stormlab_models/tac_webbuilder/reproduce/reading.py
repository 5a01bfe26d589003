"""A trace prepared for reading: the rows of each side, joined by socket, computed once per run."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from stormlab.clock import to_s
from stormlab.metrics import (
    ClientView,
    ServerView,
    client_views,
    pick,
    server_view,
    window,
)
from stormlab.trace import Trace
from stormlab.vocabulary import EVENT_CODE, Event

Rows = NDArray[np.void]
Key = tuple[int, int]


class Reading:
    """One run as the figures see it: the observed window of page and server, and joins of both."""

    def __init__(self, trace: Trace) -> None:
        """Prepare ``trace``; everything is computed when first asked for."""
        self.trace = trace
        self.endpoints = len(trace.endpoints)

    @cached_property
    def rows(self) -> Rows:
        """Everything up to the end of the window, both sides."""
        return window(self.trace).rows

    @cached_property
    def all_page(self) -> Rows:
        """The pages' rows within the window, of every document."""
        return window(self.trace).page_rows

    @cached_property
    def page(self) -> Rows:
        """The rows of each tab's last document."""
        rows = self.all_page
        starts: dict[int, int] = {}
        for index in np.flatnonzero(rows["event"] == EVENT_CODE[Event.READY]):
            starts[int(rows["client"][index])] = int(index)
        if not starts:
            return rows
        first = np.zeros(len(rows), dtype=np.int64)
        for client, start in starts.items():
            first[rows["client"] == client] = start
        return rows[(np.arange(len(rows)) >= first) & (rows["client"] >= 0)]

    @cached_property
    def clients(self) -> list[ClientView]:
        """What each client went through."""
        return client_views(self.trace, self.all_page, self.endpoints)

    @cached_property
    def server(self) -> ServerView:
        """What the server saw."""
        return server_view(self.trace, self.rows)

    @cached_property
    def end_ns(self) -> int:
        """When the page's window ended."""
        return window(self.trace).end_ns

    @cached_property
    def start_ns(self) -> int:
        """When the last document's first socket was made; 0 without one."""
        new = self.events(Event.NEW)
        return int(new["time_ns"][0]) if len(new) else 0

    @property
    def pages(self) -> int:
        """How many clients there are, at least one."""
        return max(1, len(self.clients))

    def events(self, *events: Event) -> Rows:
        """The last documents' rows of these kinds."""
        return pick(self.page, *events)

    def text(self, row: np.void) -> str:
        """The detail of a row."""
        return self.trace.text(row)

    def with_text(self, rows: Rows, *texts: str) -> Rows:
        """The rows whose detail is one of ``texts``."""
        wanted = [i for i, text in enumerate(self.trace.details) if text in texts]
        return rows[np.isin(rows["detail"], wanted)]

    def first_ns(self, rows: Rows) -> dict[Key, int]:
        """The first time of each socket in ``rows``."""
        return dict(reversed(self.times(rows)))

    def last_ns(self, rows: Rows) -> dict[Key, int]:
        """The last time of each socket in ``rows``."""
        return dict(self.times(rows))

    def keys(self, *events: Event) -> set[Key]:
        """The sockets of the last documents that have one of these events."""
        return {key for key, _ in self.times(self.events(*events))}

    @staticmethod
    def times(rows: Rows) -> list[tuple[Key, int]]:
        """Socket and time of each row."""
        keys = zip(rows["client"].tolist(), rows["socket"].tolist(), strict=True)
        return list(zip(keys, rows["time_ns"].tolist(), strict=True))

    @cached_property
    def opened_s(self) -> dict[Key, tuple[float, float]]:
        """Constructor and open of each socket that opened."""
        made = self.first_ns(self.events(Event.NEW))
        opened = self.first_ns(self.events(Event.OPEN))
        return {key: (to_s(made[key]), to_s(ns)) for key, ns in opened.items() if key in made}

    @cached_property
    def live(self) -> set[Key]:
        """Sockets open at the end of the window."""
        return self.keys(Event.OPEN) - self.keys(Event.CLOSE)

    @cached_property
    def endpoint_of(self) -> dict[Key, int]:
        """The endpoint of each socket."""
        new = self.events(Event.NEW)
        keys = zip(new["client"].tolist(), new["socket"].tolist(), strict=True)
        return dict(zip(keys, new["endpoint"].tolist(), strict=True))

    @cached_property
    def exceptions(self) -> Rows:
        """Handlers that ended in an exception, both of send and of receive."""
        return pick(self.rows, Event.EXCEPTION)

    @cached_property
    def failed_sends(self) -> Rows:
        """Sends of data that raised."""
        return self.with_text(self.exceptions, "send")
