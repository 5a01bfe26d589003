"""What a monitoring system would read from pages and server, at any moment of a run.

Client metrics are what the pages could report, server metrics what the server process and its
machine could. Both come from the trace's own side only: a client metric never looks at a server
event, nor the other way round. None means no data: nothing of the kind happened in the window, or
nobody measures it (round trips and silence need pings, which the page as found does not send).

======================= ====== ================================================================
metric                  side   value at a time t, over the window that ends there
======================= ====== ================================================================
live_percent            client open sockets, of eight per loaded page
page_success_percent    client opened, of the attempts that ended (opened or failed)
retries_per_min         client attempts after the first of each endpoint, per expected socket
disconnects_percent     client open sockets that ended without the page's wish, of those expected
waiting_percent         client sockets without a first message for 5 s and more, of those expected
round_trip_ms_p90       client from ping to pong; only where pages send pings
silent_percent          client open sockets from which nothing came in the window; needs pings
up                      server 1 when the process answers a scrape within 10 s, else 0
server_success_percent  server connections that got their first message, of those accepted
connections_percent     server connections now, of the most there were in the window
ping_timeouts           server connections closed since no pong came
connections_lost        server connections that ended, of the most there were in the window, in %
======================= ====== ================================================================

Simplification: metrics reach the monitoring system at once and over a path of their own, also
those of pages that are cut off; real pages would report later, when they are back.
"""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from stormlab.clock import NS_PER_MS, NS_PER_S
from stormlab.metrics import pick, window
from stormlab.trace import Trace
from stormlab.vocabulary import CAUSE_CODE, EVENT_CODE, Cause, Event

Side = Literal["client", "server"]
Times = NDArray[np.int64]
Key = tuple[int, int]

NEVER_NS = np.iinfo(np.int64).max
WAITING_NS = 5 * NS_PER_S
SCRAPE_TIMEOUT_NS = 10 * NS_PER_S
_LOOP_PAUSE_NS = 10 * NS_PER_MS  # blocking calls so close together leave no time for a scrape
_WISHED = tuple(
    CAUSE_CODE[cause] for cause in (Cause.CLOSED_BY_PAGE, Cause.PAGE_GONE, Cause.ABORTED_CONNECTING)
)


class Spans:
    """Intervals of time, to be counted at a moment."""

    def __init__(self, begins: Iterable[int], ends: Iterable[int]) -> None:
        """Take pairs in the same order."""
        self.begins = np.sort(np.fromiter(begins, np.int64))
        self.ends = np.sort(np.fromiter(ends, np.int64))

    def at(self, time_ns: int) -> int:
        """How many are under way."""
        begun = np.searchsorted(self.begins, time_ns, "right")
        return int(begun - np.searchsorted(self.ends, time_ns, "right"))

    def most(self, start_ns: int, end_ns: int) -> int:
        """Most under way at one moment of the window."""
        inside = self.begins[(self.begins > start_ns) & (self.begins <= end_ns)]
        return max([self.at(start_ns), *(self.at(int(time)) for time in np.unique(inside))])


def within(times: Times, start_ns: int, end_ns: int) -> int:
    """How many of the sorted times lie in (start, end]."""
    low, high = np.searchsorted(times, [start_ns, end_ns], "right")
    return int(high - low)


def _key(row: np.void) -> Key:
    return int(row["client"]), int(row["socket"])


class Scrapes:
    """Every metric of one run; see the module's table."""

    def __init__(self, trace: Trace) -> None:
        """Index the trace's events."""
        view = window(trace)
        self.trace = trace
        self.end_ns = view.end_ns
        self._page = view.page_rows
        self._server = view.rows
        self._endpoints = len(trace.endpoints)
        self._gone: dict[int, list[int]] = {}
        for row in pick(self._page, Event.GONE):
            self._gone.setdefault(int(row["client"]), []).append(int(row["time_ns"]))

    def value(self, metric: str, time_ns: int, window_ns: int) -> float | None:
        """One metric at ``time_ns`` over the window that ends there; None: no data.

        Raises:
            KeyError: if there is no such metric.
        """
        _, read = METRICS[metric]
        return read(self, time_ns, window_ns)

    # pages ------------------------------------------------------------------------------------

    def _first(self, event: Event, rows: NDArray[np.void] | None = None) -> dict[Key, int]:
        """The first time of each socket."""
        first: dict[Key, int] = {}
        for row in pick(self._page if rows is None else rows, event):
            first.setdefault(_key(row), int(row["time_ns"]))
        return first

    def _end(self, key: Key, begin_ns: int, closed: dict[Key, int]) -> int:
        gone = [time for time in self._gone.get(key[0], []) if time >= begin_ns]
        return min([closed.get(key, NEVER_NS), *gone])

    @cached_property
    def _closed(self) -> dict[Key, int]:
        """When the page knew that a socket was no more: its close event, or its own close()."""
        called = self._first(Event.CLOSE_CALLED)
        return {
            key: min(time_ns, called.get(key, time_ns))
            for key, time_ns in (called | self._first(Event.CLOSE)).items()
        }

    @cached_property
    def _pages(self) -> Spans:
        ready = [int(row["time_ns"]) for row in pick(self._page, Event.READY)]
        return Spans(ready, [time for times in self._gone.values() for time in times])

    @cached_property
    def _live(self) -> Spans:
        opened = self._first(Event.OPEN)
        ends = [self._end(key, begin, self._closed) for key, begin in opened.items()]
        return Spans(opened.values(), ends)

    @cached_property
    def _waiting(self) -> Spans:
        """Each socket, from 5 s after its birth to its first message or its end."""
        message = self._first(Event.MESSAGE)
        spans = []
        for key, begin_ns in self._first(Event.NEW).items():
            end_ns = min(message.get(key, NEVER_NS), self._end(key, begin_ns, self._closed))
            if end_ns > begin_ns + WAITING_NS:
                spans.append((begin_ns + WAITING_NS, end_ns))
        return Spans((begin for begin, _ in spans), (end for _, end in spans))

    @cached_property
    def _closes(self) -> tuple[Times, Times]:
        """When attempts failed, and when open sockets ended unwished."""
        closes = pick(self._page, Event.CLOSE)
        opened = np.array([self.trace.text(row).endswith("/opened") for row in closes], bool)
        wished = np.isin(closes["cause"], _WISHED)
        return closes["time_ns"][~opened], closes["time_ns"][opened & ~wished]

    @cached_property
    def _opens(self) -> Times:
        return pick(self._page, Event.OPEN)["time_ns"]

    @cached_property
    def _retries(self) -> Times:
        new = pick(self._page, Event.NEW)
        return new["time_ns"][new["attempt"] > 1]

    @cached_property
    def _heard(self) -> dict[Key, Times]:
        """When each socket heard something; empty where pages send no pings."""
        if not any(self.trace.text(row) == "ping" for row in pick(self._page, Event.SEND)):
            return {}
        heard: dict[Key, list[int]] = {}
        for row in pick(self._page, Event.OPEN, Event.MESSAGE):
            heard.setdefault(_key(row), []).append(int(row["time_ns"]))
        return {key: np.array(times, np.int64) for key, times in heard.items()}

    @cached_property
    def _round_trips(self) -> tuple[Times, Times]:
        shown = pick(self._page, Event.QUALITY)
        shown = shown[shown["value_ns"] > 0]
        return shown["time_ns"], shown["value_ns"]

    def expected(self, time_ns: int) -> int:
        """Sockets that the loaded pages should have."""
        return self._pages.at(time_ns) * self._endpoints

    def _of_expected(self, count: float, time_ns: int) -> float | None:
        expected = self.expected(time_ns)
        return 100 * count / expected if expected else None

    def live_percent(self, time_ns: int, _window_ns: int) -> float | None:
        """Open sockets, of those expected."""
        return self._of_expected(self._live.at(time_ns), time_ns)

    def page_success_percent(self, time_ns: int, window_ns: int) -> float | None:
        """Opened, of the attempts that ended."""
        opened = within(self._opens, time_ns - window_ns, time_ns)
        failed = within(self._closes[0], time_ns - window_ns, time_ns)
        return 100 * opened / (opened + failed) if opened + failed else None

    def retries_per_min(self, time_ns: int, window_ns: int) -> float | None:
        """Further attempts per expected socket and minute."""
        share = self._of_expected(within(self._retries, time_ns - window_ns, time_ns), time_ns)
        return None if share is None else share / 100 * 60 * NS_PER_S / window_ns

    def disconnects_percent(self, time_ns: int, window_ns: int) -> float | None:
        """Unwished ends, of the sockets expected."""
        lost = within(self._closes[1], time_ns - window_ns, time_ns)
        return self._of_expected(lost, time_ns)

    def waiting_percent(self, time_ns: int, _window_ns: int) -> float | None:
        """Sockets that wait for their first message, of those expected."""
        return self._of_expected(self._waiting.at(time_ns), time_ns)

    def round_trip_ms_p90(self, time_ns: int, window_ns: int) -> float | None:
        """90th percentile of the round trips of pings."""
        times, values = self._round_trips
        low, high = np.searchsorted(times, [time_ns - window_ns, time_ns], "right")
        if low == high:
            return None
        return float(np.quantile(values[low:high], 0.9)) / NS_PER_MS

    def silent_percent(self, time_ns: int, window_ns: int) -> float | None:
        """Open sockets that heard nothing, of those expected."""
        if not self._heard:
            return None
        silent = 0
        for key, begin_ns in self._first_open.items():
            if begin_ns <= time_ns - window_ns and self._ends[key] > time_ns:
                silent += not within(self._heard[key], time_ns - window_ns, time_ns)
        return self._of_expected(silent, time_ns)

    @cached_property
    def _first_open(self) -> dict[Key, int]:
        return self._first(Event.OPEN)

    @cached_property
    def _ends(self) -> dict[Key, int]:
        return {key: self._end(key, ns, self._closed) for key, ns in self._first_open.items()}

    # server -----------------------------------------------------------------------------------

    @cached_property
    def _outages(self) -> list[tuple[int, int]]:
        """When the process was down, or its loop blocked, from and to."""
        spans: list[tuple[int, int]] = []
        down_ns: int | None = None
        for row in pick(self._server, Event.UP, Event.KILLED, Event.SHUTDOWN, Event.BLOCKED):
            time_ns = int(row["time_ns"])
            if row["event"] == EVENT_CODE[Event.BLOCKED]:
                end_ns = time_ns + int(row["value_ns"])
                if spans and time_ns - spans[-1][1] <= _LOOP_PAUSE_NS:
                    spans[-1] = (spans[-1][0], max(end_ns, spans[-1][1]))
                else:
                    spans.append((time_ns, end_ns))
            elif row["event"] != EVENT_CODE[Event.UP]:
                down_ns = time_ns
            elif down_ns is not None:
                spans.append((down_ns, time_ns))
                down_ns = None
        if down_ns is not None:
            spans.append((down_ns, NEVER_NS))
        return spans

    @cached_property
    def _connections(self) -> Spans:
        ends = [int(time) for time in pick(self._server, Event.KILLED, Event.SHUTDOWN)["time_ns"]]
        ended = {int(r["conn"]): int(r["time_ns"]) for r in pick(self._server, Event.ENDED)}
        lost = {int(r["conn"]): int(r["time_ns"]) for r in pick(self._server, Event.LOST)}
        begins, stops = [], []
        for row in pick(self._server, Event.ACCEPTED):
            conn, begin_ns = int(row["conn"]), int(row["time_ns"])
            begins.append(begin_ns)
            killed = [time for time in ends if time >= begin_ns]
            over = min(lost.get(conn, NEVER_NS), ended.get(conn, NEVER_NS), *killed, NEVER_NS)
            stops.append(max(over, begin_ns))
        return Spans(begins, stops)

    def up(self, time_ns: int, _window_ns: int) -> float:
        """Whether a scrape is answered in time."""
        for begin_ns, end_ns in self._outages:
            if begin_ns <= time_ns < end_ns:
                down = end_ns - time_ns > SCRAPE_TIMEOUT_NS
                return 0.0 if down else 1.0
        return 1.0

    def server_success_percent(self, time_ns: int, window_ns: int) -> float | None:
        """Connections that got their first message, of those accepted in the window."""
        accepted = pick(self._server, Event.ACCEPTED)
        inside = (accepted["time_ns"] > time_ns - window_ns) & (accepted["time_ns"] <= time_ns)
        conns = accepted["conn"][inside]
        sent = pick(self._server, Event.SENT_INITIAL)
        served = np.isin(conns, sent["conn"][sent["time_ns"] <= time_ns])
        return 100 * int(served.sum()) / len(conns) if len(conns) else None

    def connections_percent(self, time_ns: int, window_ns: int) -> float | None:
        """Connections now, of the most in the window."""
        most = self._connections.most(max(time_ns - window_ns, 0), time_ns)
        return 100 * self._connections.at(time_ns) / most if most else None

    def connections_lost(self, time_ns: int, window_ns: int) -> float | None:
        """Connections that ended in the window, of the most in it."""
        most = self._connections.most(max(time_ns - window_ns, 0), time_ns)
        ended = within(self._connections.ends, time_ns - window_ns, time_ns)
        return 100 * ended / most if most else None

    def ping_timeouts(self, time_ns: int, window_ns: int) -> float:
        """Connections closed by the server's keep-alive."""
        times = pick(self._server, Event.PING_TIMEOUT)["time_ns"]
        return float(within(times, time_ns - window_ns, time_ns))


METRICS: dict[str, tuple[Side, Callable[[Scrapes, int, int], float | None]]] = {
    "live_percent": ("client", Scrapes.live_percent),
    "page_success_percent": ("client", Scrapes.page_success_percent),
    "retries_per_min": ("client", Scrapes.retries_per_min),
    "disconnects_percent": ("client", Scrapes.disconnects_percent),
    "waiting_percent": ("client", Scrapes.waiting_percent),
    "round_trip_ms_p90": ("client", Scrapes.round_trip_ms_p90),
    "silent_percent": ("client", Scrapes.silent_percent),
    "up": ("server", Scrapes.up),
    "server_success_percent": ("server", Scrapes.server_success_percent),
    "connections_percent": ("server", Scrapes.connections_percent),
    "connections_lost": ("server", Scrapes.connections_lost),
    "ping_timeouts": ("server", Scrapes.ping_timeouts),
}
