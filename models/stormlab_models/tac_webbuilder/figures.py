"""Figures of the analysed application's problems: pure functions of a trace.

Each figure of :data:`FIGURES` has a name with its unit last and a definition in one sentence; its
function is here or in :mod:`stormlab.metrics`. All read the observation window from the start of
the run; None means that the figure does not apply (nothing of the kind happened).

Source of what is counted: the analysis, CRITICAL #1 to LOW #10. The five fields of an error record
are those of MEDIUM #7 (attempt, URL, time, state, raw text); the thresholds of the quality shown
are those of MEDIUM #8.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormlab.clock import NS_PER_MS, NS_PER_S, to_s
from stormlab.metrics import (
    handshakes_in_flight_max,
    in_flight_max,
    peak_per_bin,
    pick,
    server_view,
    window,
)
from stormlab.trace import Trace
from stormlab.vocabulary import CAUSE_CODE, EVENT_CODE, Cause, Event
from stormlab_models.tac_webbuilder.page_data import HTTP_OK, quality
from stormlab_models.websocket import ABNORMAL

Rows = NDArray[np.void]
LOADING_NS = 10 * NS_PER_S  # how long after its start a page counts as loading
OVERDUE_NS = 10 * NS_PER_S  # twice what the server waits for a ready signal
ERROR_FIELDS = ("attempt", "url", "time_s", "state", "raw")
_FIELD = re.compile(r"\b(attempt|url|time_s|state|raw)=(\S+)")
_EXPECTED_ENDS = (Cause.CLOSED_BY_PAGE, Cause.PAGE_GONE, Cause.ABORTED_CONNECTING)


def page_rows(trace: Trace) -> Rows:
    """The rows up to the moment at which the page is read."""
    return window(trace).page_rows


def hours(trace: Trace) -> float:
    """Length of what is counted, in hours."""
    return to_s(window(trace).end_ns) / 3600


def is_event(rows: Rows, event: Event) -> NDArray[np.bool_]:
    """Which rows are of this kind."""
    found: NDArray[np.bool_] = rows["event"] == EVENT_CODE[event]
    return found


# CRITICAL #1 ----------------------------------------------------------------------------------


def closes_1006_percent(trace: Trace) -> float | None:
    """Page closes with code 1006, of the page's attempts."""
    rows = page_rows(trace)
    attempts = len(pick(rows, Event.NEW))
    closes = pick(rows, Event.CLOSE)
    return 100 * int((closes["code"] == ABNORMAL).sum()) / attempts if attempts else None


def lost_by_server_percent(trace: Trace) -> float | None:
    """Accepted connections whose handler ended in an exception."""
    view = server_view(trace, window(trace).rows)
    return 100 * view.exceptions / view.accepted if view.accepted else None


def open_without_data(trace: Trace) -> int:
    """Sockets that have been open for 10 s or more and never brought their page a message."""
    view = window(trace)
    rows = view.page_rows
    over = {_socket(row) for row in pick(rows, Event.CLOSE, Event.MESSAGE)}
    discarded = {int(row["client"]) for row in pick(rows, Event.GONE)}
    old = pick(rows[rows["time_ns"] <= view.end_ns - OVERDUE_NS], Event.OPEN)
    opened = {_socket(row) for row in old}
    return sum(key[0] not in discarded for key in opened - over)


# CRITICAL #2, LOW #9 --------------------------------------------------------------------------


def idle_cuts_per_h(trace: Trace) -> float:
    """Connections that a proxy cut because they were silent, per hour."""
    return len(pick(page_rows(trace), Event.IDLE_CUT)) / hours(trace)


def unexpected_disconnects_per_h(trace: Trace) -> float:
    """Open sockets that ended without the page's wish, per hour."""
    closes = pick(page_rows(trace), Event.CLOSE)
    wished = [CAUSE_CODE[cause] for cause in _EXPECTED_ENDS]
    opened = np.array([trace.text(row).endswith("/opened") for row in closes], dtype=bool)
    return int((opened & ~np.isin(closes["cause"], wished)).sum()) / hours(trace)


# CRITICAL #3 ----------------------------------------------------------------------------------


def attempts_per_100ms_peak(trace: Trace) -> int:
    """Most ``new WebSocket`` in one 100 ms bin."""
    return peak_per_bin(pick(page_rows(trace), Event.NEW)["time_ns"], 100 * NS_PER_MS)


def connecting_max(trace: Trace) -> int:
    """Most sockets in CONNECTING at one moment, over all pages."""
    return in_flight_max(page_rows(trace))


def handshakes_on_wire_max(trace: Trace) -> int:
    """Most handshakes between request and answer on the wire at one moment."""
    return handshakes_in_flight_max(page_rows(trace))


# HIGH #4 --------------------------------------------------------------------------------------


def pending_timers(rows: Rows) -> dict[tuple[int, int], tuple[int, int]]:
    """Retry timers by (client, endpoint): pending after the last row, and the most at a time."""
    steps = {
        EVENT_CODE[Event.TIMER_SET]: 1,
        EVENT_CODE[Event.TIMER_FIRED]: -1,
        EVENT_CODE[Event.TIMER_CLEARED]: -1,
    }
    now: dict[tuple[int, int], int] = {}
    most: dict[tuple[int, int], int] = {}
    for row in pick(rows, Event.TIMER_SET, Event.TIMER_FIRED, Event.TIMER_CLEARED, Event.GONE):
        client = int(row["client"])
        if row["event"] == EVENT_CODE[Event.GONE]:
            now.update({key: 0 for key in now if key[0] == client})
            continue
        key = client, int(row["endpoint"])
        now[key] = now.get(key, 0) + steps[int(row["event"])]
        most[key] = max(most.get(key, 0), now[key])
    return {key: (now[key], most.get(key, 0)) for key in now}


def unfinished_sockets(rows: Rows) -> dict[tuple[int, int], int]:
    """Sockets that are neither closed nor discarded, by (client, endpoint)."""
    count: dict[tuple[int, int], int] = {}
    step = {EVENT_CODE[Event.NEW]: 1, EVENT_CODE[Event.CLOSE]: -1}
    for row in pick(rows, Event.NEW, Event.CLOSE, Event.GONE):
        client = int(row["client"])
        if row["event"] == EVENT_CODE[Event.GONE]:
            count.update({key: 0 for key in count if key[0] == client})
            continue
        key = client, int(row["endpoint"])
        count[key] = count.get(key, 0) + step[int(row["event"])]
    return count


def silent_endpoints(trace: Trace) -> int:
    """Endpoints of pages with neither a socket nor a pending retry timer at the end."""
    rows = page_rows(trace)
    timers = pending_timers(rows)
    sockets = unfinished_sockets(rows)
    return sum(count == 0 and timers.get(key, (0, 0))[0] == 0 for key, count in sockets.items())


def attempts_per_endpoint_per_min_peak(trace: Trace) -> int:
    """Most attempts of one endpoint of one page in a minute (aligned)."""
    new = pick(page_rows(trace), Event.NEW)
    keys = np.stack([new["client"], new["endpoint"], new["time_ns"] // (60 * NS_PER_S)])
    if not len(new):
        return 0
    return int(np.unique(keys, axis=1, return_counts=True)[1].max())


# HIGH #5 --------------------------------------------------------------------------------------


def duplicate_loads(trace: Trace) -> int:
    """Endpoints whose data a loading page (10 s) got over HTTP and over its WebSocket too."""
    rows = page_rows(trace)
    start = {int(row["client"]): int(row["time_ns"]) for row in pick(rows, Event.READY)}
    loaded: dict[Event, set[tuple[int, int]]] = {}
    for event in (Event.HTTP_RESPONSE, Event.MESSAGE):
        loaded[event] = {
            (int(row["client"]), int(row["endpoint"]))
            for row in pick(rows, event)
            if event is Event.MESSAGE or row["code"] == HTTP_OK
            if 0 <= row["time_ns"] - start[int(row["client"])] <= LOADING_NS
        }
    return len(loaded[Event.HTTP_RESPONSE] & loaded[Event.MESSAGE])


# MEDIUM #6 ------------------------------------------------------------------------------------


def renders_per_h(trace: Trace) -> float:
    """Renders per hour, over all pages."""
    return len(pick(page_rows(trace), Event.RENDER)) / hours(trace)


def identical_messages(trace: Trace) -> int:
    """Messages and HTTP answers that carry the data which their page's endpoint had before."""
    last: dict[tuple[int, int], int] = {}
    same = 0
    for row in pick(page_rows(trace), Event.MESSAGE, Event.HTTP_RESPONSE, Event.READY):
        if row["event"] == EVENT_CODE[Event.READY]:
            last = {key: value for key, value in last.items() if key[0] != row["client"]}
            continue
        if not (row["code"] == HTTP_OK or trace.text(row) in {"initial", "update"}):
            continue
        key, version = (int(row["client"]), int(row["endpoint"])), int(row["value_ns"])
        same += last.get(key) == version
        last[key] = version
    return same


def renders_per_identical_message(trace: Trace) -> float | None:
    """Renders caused by data that had not changed, per such message; None without one."""
    same = identical_messages(trace)
    renders = pick(page_rows(trace), Event.RENDER)
    wasted = sum(trace.text(row) == "identical" for row in renders)
    return wasted / same if same else None


# MEDIUM #7 ------------------------------------------------------------------------------------


def error_record(text: str) -> dict[str, str]:
    """The fields that an error record holds, of :data:`ERROR_FIELDS`."""
    return dict(_FIELD.findall(text))


def error_fields_min(trace: Trace) -> int | None:
    """Fewest of the five fields in one error record; None without a malformed message."""
    errors = pick(page_rows(trace), Event.PARSE_ERROR)
    return min((len(error_record(trace.text(row))) for row in errors), default=None)


# MEDIUM #8 ------------------------------------------------------------------------------------


def time_to_notice_s(trace: Trace) -> float | None:
    """From the first fault to the first "disconnected" that a page shows; None: not noticed."""
    rows = page_rows(trace)
    faults = pick(rows, Event.FAULT)
    if not len(faults):
        return None
    start_ns = int(faults[0]["time_ns"])
    for row in pick(rows, Event.QUALITY):
        if row["time_ns"] >= start_ns and trace.text(row) == "disconnected":
            return to_s(int(row["time_ns"]) - start_ns)
    return None


def round_trip_ms_median(trace: Trace) -> float | None:
    """Median time from SYN to request on the wire: the path's round trip."""
    rows = page_rows(trace)
    syn = {_socket(row): int(row["time_ns"]) for row in pick(rows, Event.CONNECT)}
    trips = [
        (int(row["time_ns"]) - syn[_socket(row)]) / NS_PER_MS for row in pick(rows, Event.REQUEST)
    ]
    return float(np.median(trips)) if trips else None


def quality_wrong_percent(trace: Trace) -> float | None:
    """Showings of a quality that is not that of the path's round trip, of those while connected."""
    trip_ms = round_trip_ms_median(trace)
    if trip_ms is None:
        return None
    shown = [trace.text(row) for row in pick(page_rows(trace), Event.QUALITY)]
    connected = [name for name in shown if name != "disconnected"]
    wrong = sum(name != quality(trip_ms) for name in connected)
    return 100 * wrong / len(connected) if connected else None


def _socket(row: np.void) -> tuple[int, int]:
    return int(row["client"]), int(row["socket"])


# LOW #10 --------------------------------------------------------------------------------------


def retry_timers_per_endpoint_max(trace: Trace) -> int:
    """Most retry timers pending at a time for one endpoint of one page."""
    return max((most for _, most in pending_timers(page_rows(trace)).values()), default=0)


def retry_timers_after_unmount(trace: Trace) -> int | None:
    """Retry timers pending when the component is taken out, or set later; None: never unmounted."""
    rows = page_rows(trace)
    taken_out = _unmounts(trace, rows)
    if not taken_out:
        return None
    unmount = rows[taken_out[-1]]
    # the cleanup clears timers in the same instant
    cleared = (rows["time_ns"] == unmount["time_ns"]) & is_event(rows, Event.TIMER_CLEARED)
    end = max(taken_out[-1], *(int(index) for index in np.flatnonzero(cleared)), 0)
    pending = sum(now for now, _ in pending_timers(rows[: end + 1]).values())
    return pending + len(pick(rows[end + 1 :], Event.TIMER_SET))


def _unmounts(trace: Trace, rows: Rows) -> list[int]:
    cleanups = np.flatnonzero(is_event(rows, Event.CLEANUP))
    return [int(index) for index in cleanups if trace.text(rows[index]) == "unmount"]


def sockets_after_unmount(trace: Trace) -> int | None:
    """Sockets that a page makes after its component was taken out; None: never unmounted."""
    rows = page_rows(trace)
    taken_out = _unmounts(trace, rows)
    return len(pick(rows[taken_out[-1] :], Event.NEW)) if taken_out else None


# the list ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Figure:
    """A figure by name: its unit, and the function whose docstring defines it."""

    name: str
    unit: str
    of: Callable[[Trace], Any]

    @property
    def definition(self) -> str:
        """One sentence."""
        return (self.of.__doc__ or "").strip().splitlines()[0]


FIGURES: dict[str, Figure] = {
    function.__name__: Figure(function.__name__, unit, function)
    for function, unit in (
        (closes_1006_percent, "%"),
        (lost_by_server_percent, "%"),
        (open_without_data, "sockets"),
        (idle_cuts_per_h, "1/h"),
        (unexpected_disconnects_per_h, "1/h"),
        (attempts_per_100ms_peak, "attempts"),
        (connecting_max, "sockets"),
        (handshakes_on_wire_max, "handshakes"),
        (silent_endpoints, "endpoints"),
        (attempts_per_endpoint_per_min_peak, "attempts"),
        (duplicate_loads, "endpoints"),
        (renders_per_h, "1/h"),
        (renders_per_identical_message, "renders"),
        (identical_messages, "messages"),
        (error_fields_min, "fields of 5"),
        (time_to_notice_s, "s"),
        (round_trip_ms_median, "ms"),
        (quality_wrong_percent, "%"),
        (retry_timers_per_endpoint_max, "timers"),
        (retry_timers_after_unmount, "timers"),
        (sockets_after_unmount, "sockets"),
    )
}
