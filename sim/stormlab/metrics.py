"""Figures of a trace, page side and server side, each defined once.

``attempt``
    one ``new WebSocket``.
``page success``
    opened / attempts, of the pages shown last.
``server success``
    connections that got their first message sent / connections accepted. It differs widely from
    page success: an attempt that never reaches the server counts on one side only.
``live``, ``duplicate``, ``orphan``
    sockets open at the end; endpoints with more than one; live sockets beyond the first of each
    endpoint.
``time to data``
    from a page's first ``new WebSocket`` to the last of its endpoints' first messages; None when
    an endpoint never got one.
``handshake bytes``
    HTTP request and response on the wire; useful when the attempt opened in the page, wasted
    otherwise.

All functions are pure; times are seconds unless the name says otherwise.
"""

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from stormlab.clock import NS_PER_S, to_s
from stormlab.trace import Trace
from stormlab.vocabulary import EVENT_CODE, EVENTS, Event

Figure = float | int | str | None

_SERVER_LINES = (
    "accepted",
    "connection open",
    "connection closed",
    "error on send",
    "error on receive",
    "error in work",
    "ready timeout",
    "asgi exception",
)


@dataclass(frozen=True)
class Window:
    """A part of a trace as row ranges: the page's view ends before the server's is read."""

    rows: NDArray[np.void]
    page_rows: NDArray[np.void]
    start_ns: int
    end_ns: int


def window(trace: Trace) -> Window:
    """The observation window of a run, or the whole run when it has none.

    Counts run from the start of the trace to the window's end: the window says when is read.
    """
    rows = trace.rows
    marks = {trace.text(row): index for index, row in _indexed(trace, Event.OBSERVED)}
    if "page_end" not in marks:
        return Window(rows, rows, 0, trace.duration_ns)
    page_end = marks["page_end"]
    server_end = marks.get("server_end", len(rows))
    start = marks.get("begin")
    start_ns = int(rows[start]["time_ns"]) if start is not None else 0
    return Window(rows[:server_end], rows[:page_end], start_ns, int(rows[page_end]["time_ns"]))


def _indexed(trace: Trace, event: Event) -> list[tuple[int, np.void]]:
    found = np.flatnonzero(trace.rows["event"] == EVENT_CODE[event])
    return [(int(index), trace.rows[index]) for index in found]


def pick(rows: NDArray[np.void], *events: Event) -> NDArray[np.void]:
    """The rows of these kinds of event."""
    return rows[np.isin(rows["event"], [EVENT_CODE[event] for event in events])]


@dataclass(frozen=True)
class ClientView:
    """What one client (the last page of a tab, or a bare client) went through."""

    client: int
    attempts: int
    opened: int
    live: int
    duplicate_endpoints: int
    attempts_per_endpoint_max: int
    attempts_before: int  # of the tab's earlier pages
    opened_before: int
    live_when_gone: int  # of the tab's earlier pages, when each went away
    time_to_data_s: float | None
    first_socket_s: float | None
    close_codes: Counter[str]
    gave_up: int
    breakers_opened: int

    @property
    def got_all_data(self) -> bool:
        """Whether every endpoint got a message."""
        return self.time_to_data_s is not None


def client_views(trace: Trace, rows: NDArray[np.void], endpoints: int) -> list[ClientView]:
    """One view per client, in order; ``endpoints`` must all get data for a time to data."""
    order = np.argsort(rows["client"], kind="stable")
    mine = rows[order]
    clients = np.unique(pick(rows, Event.NEW, Event.NAVIGATE)["client"])
    begins = np.searchsorted(mine["client"], clients, side="left")
    ends = np.searchsorted(mine["client"], clients, side="right")
    return [
        _client_view(trace, mine[begin:end], int(client), endpoints)
        for client, begin, end in zip(clients, begins, ends, strict=True)
    ]


def _client_view(trace: Trace, rows: NDArray[np.void], client: int, endpoints: int) -> ClientView:
    ready = np.flatnonzero(rows["event"] == EVENT_CODE[Event.READY])
    start = int(ready[-1]) if len(ready) else 0
    before, now = rows[:start], rows[start:]
    new = pick(now, Event.NEW)
    opened = pick(now, Event.OPEN)
    closed = pick(now, Event.CLOSE)
    live = live_sockets(now)
    live_per_endpoint = np.unique(new["endpoint"][np.isin(new["socket"], live)], return_counts=True)
    attempts_per_endpoint = np.unique(new["endpoint"], return_counts=True)[1]
    return ClientView(
        client=client,
        attempts=len(new),
        opened=len(opened),
        live=len(live),
        duplicate_endpoints=int((live_per_endpoint[1] > 1).sum()),
        attempts_per_endpoint_max=int(attempts_per_endpoint.max(initial=0)),
        attempts_before=len(pick(before, Event.NEW)),
        opened_before=len(pick(before, Event.OPEN)),
        live_when_gone=_live_when_gone(before),
        time_to_data_s=_time_to_data_s(now, endpoints),
        first_socket_s=to_s(int(new[0]["time_ns"])) if len(new) else None,
        close_codes=Counter(close_key(trace, row) for row in closed),
        gave_up=len(pick(now, Event.GAVE_UP)),
        breakers_opened=len(pick(now, Event.BREAKER_OPENED)),
    )


def _live_when_gone(rows: NDArray[np.void]) -> int:
    gone = np.flatnonzero(rows["event"] == EVENT_CODE[Event.GONE]).tolist()
    begins = [0, *gone]
    return sum(len(live_sockets(rows[a + (a > 0) : b])) for a, b in pairwise(begins))


def live_sockets(rows: NDArray[np.void]) -> NDArray[np.int32]:
    """One client's sockets that opened in ``rows`` and neither closed nor went with a page."""
    gone = np.flatnonzero(rows["event"] == EVENT_CODE[Event.GONE])
    shown = rows[int(gone[-1]) :] if len(gone) else rows
    opened, closed = pick(shown, Event.OPEN)["socket"], pick(shown, Event.CLOSE)["socket"]
    live: NDArray[np.int32] = np.setdiff1d(opened, closed)
    return live


def _time_to_data_s(rows: NDArray[np.void], endpoints: int) -> float | None:
    new, messages = pick(rows, Event.NEW), pick(rows, Event.MESSAGE)
    found, first = np.unique(messages["endpoint"], return_index=True)
    if not len(new) or not endpoints or len(found) < endpoints:
        return None
    return to_s(int(messages["time_ns"][first].max()) - int(new[0]["time_ns"]))


def close_key(trace: Trace, row: np.void) -> str:
    """A close as ``1006u/called@CONNECTING``: code, clean or unclean, who closed, was it open."""
    mark = "c" if row["clean"] == 1 else "u"
    return f"{row['code']}{mark}/{trace.text(row)}"


@dataclass(frozen=True)
class ServerView:
    """What the server saw of all connections."""

    accepted: int
    accept_failures: int
    sent_initial: int
    exceptions: int
    ready_timeouts: int
    disconnect_codes: Counter[str]
    exception_codes: Counter[str]
    log_lines: Counter[str]
    log_orders: Counter[str]
    active_at_end: int

    @property
    def success_percent(self) -> float | None:
        """Connections that got their first message, of those accepted."""
        return 100 * self.sent_initial / self.accepted if self.accepted else None


def server_view(trace: Trace, rows: NDArray[np.void]) -> ServerView:
    """The server's counts in ``rows``."""
    logged = pick(rows, Event.LOG)
    lines = Counter(trace.text(row) for row in logged)
    disconnects = pick(rows, Event.DISCONNECT)
    exceptions = pick(rows, Event.EXCEPTION)
    accepted = len(pick(rows, Event.ACCEPTED))
    return ServerView(
        accepted=accepted,
        accept_failures=len(pick(rows, Event.ACCEPT_FAILED)),
        sent_initial=len(pick(rows, Event.SENT_INITIAL)),
        exceptions=len(exceptions),
        ready_timeouts=len(pick(rows, Event.READY_TIMEOUT)),
        disconnect_codes=Counter(str(code) for code in disconnects["code"].tolist()),
        exception_codes=Counter(str(code) for code in exceptions["code"].tolist()),
        log_lines=Counter({line: lines[line] for line in _SERVER_LINES if lines[line]}),
        log_orders=log_orders(trace, logged),
        active_at_end=_active(rows),
    )


def _active(rows: NDArray[np.void]) -> int:
    """Handlers of the process that runs at the end; those of a killed one are gone."""
    up = np.flatnonzero(rows["event"] == EVENT_CODE[Event.UP])
    now = rows[int(up[-1]) :] if len(up) else rows
    if len(pick(now, Event.KILLED)):
        return 0
    started, ended = pick(now, Event.STARTED)["conn"], pick(now, Event.ENDED)["conn"]
    return int((~np.isin(started, ended)).sum())


def log_orders(trace: Trace, logged: NDArray[np.void]) -> Counter[str]:
    """For each error line, its connection's lines from ``accepted`` on: ``accepted>open>ERROR``."""
    words = {
        "accepted": "accepted",
        "connection open": "open",
        "connection closed": "closed",
        "error on send": "ERROR",
        "error on receive": "ERROR",
    }
    lines: dict[int, list[str]] = {}
    accepted_after: dict[int, int] = {}
    last_accept: dict[int, int] = {}
    orders: Counter[str] = Counter()
    for row in logged:
        word = words.get(trace.text(row))
        conn, endpoint = int(row["conn"]), int(row["endpoint"])
        if word is None:
            continue
        if word == "accepted":
            lines[conn] = []
            previous = last_accept.get(endpoint)
            if previous is not None:
                accepted_after[previous] = conn
            last_accept[endpoint] = conn
        lines.setdefault(conn, []).append(word)
        if word == "ERROR":
            order = ">".join(lines[conn][lines[conn].index("accepted") :])
            orders[f"interleaved:{order}" if conn in accepted_after else order] += 1
    return orders


def socket_keys(rows: NDArray[np.void]) -> NDArray[np.int64]:
    """One number per (client, socket): two clients number their sockets alike."""
    client: NDArray[np.int64] = rows["client"].astype(np.int64)
    return client << 32 | rows["socket"].astype(np.int64) & 0xFFFFFFFF


def handshake_bytes(rows: NDArray[np.void]) -> tuple[int, int]:
    """Useful and wasted bytes of HTTP handshakes, request and response together."""
    wire = pick(rows, Event.REQUEST, Event.RESPONSE)
    sizes = wire["up"].astype(np.int64) + wire["down"]
    useful = np.isin(socket_keys(wire), socket_keys(pick(rows, Event.OPEN)))
    return int(sizes[useful].sum()), int(sizes[~useful].sum())


def peak_per_bin(times_ns: NDArray[np.int64], bin_ns: int) -> int:
    """Most events in one aligned bin of ``bin_ns``."""
    if not len(times_ns):
        return 0
    return int(np.unique(times_ns // bin_ns, return_counts=True)[1].max())


def in_flight_max(rows: NDArray[np.void]) -> int:
    """Most attempts at one moment that are neither open nor closed, as the pages see it.

    An attempt whose page goes away stops counting then.
    """
    ends = pick(rows, Event.OPEN, Event.CLOSE)
    return _deepest(rows, pick(rows, Event.NEW), ends)


def handshakes_in_flight_max(rows: NDArray[np.void]) -> int:
    """Most handshakes between request and answer (or end) on the wire at one moment."""
    ends = pick(rows, Event.RESPONSE, Event.CLIENT_FIN, Event.CLOSE)
    return _deepest(rows, pick(rows, Event.REQUEST), ends)


def _deepest(rows: NDArray[np.void], starts: NDArray[np.void], ends: NDArray[np.void]) -> int:
    """Most intervals at once, each from a socket's start to its first end after it."""
    begun, first = np.unique(socket_keys(starts), return_index=True)
    begin_ns = starts["time_ns"][first].astype(np.int64)
    end_ns = np.full(len(begun), np.iinfo(np.int64).max)
    owner = np.searchsorted(begun, socket_keys(ends))
    known = owner < len(begun)
    known[known] = begun[owner[known]] == socket_keys(ends)[known]
    # an abort in the page may precede what it aborts on the wire
    known[known] = ends["time_ns"][known] >= begin_ns[owner[known]]
    np.minimum.at(end_ns, owner[known], ends["time_ns"][known])
    for gone in pick(rows, Event.GONE):
        left = (begun >> 32 == gone["client"]) & (begin_ns <= gone["time_ns"])
        end_ns[left] = np.minimum(end_ns[left], gone["time_ns"])
    return _most(begin_ns, end_ns)


def _most(starts: NDArray[np.int64], ends: NDArray[np.int64]) -> int:
    """Most intervals at once; one that ends when another begins does not overlap it."""
    times = np.concatenate([starts, ends])
    steps = np.concatenate([np.ones(len(starts), np.int64), -np.ones(len(ends), np.int64)])
    order = np.lexsort((steps, times))
    return int(np.cumsum(steps[order]).max(initial=0))


def retry_timers_pending_max(rows: NDArray[np.void]) -> int:
    """Most retry timers that were pending at once for one endpoint of one page."""
    kinds = (Event.TIMER_SET, Event.TIMER_FIRED, Event.TIMER_CLEARED, Event.GONE)
    pending: Counter[tuple[int, int]] = Counter()
    most = 0
    for row in pick(rows, *kinds):
        event, client = EVENTS[row["event"]], int(row["client"])
        if event is Event.GONE:
            for key in [key for key in pending if key[0] == client]:
                del pending[key]
            continue
        pending[client, int(row["endpoint"])] += 1 if event is Event.TIMER_SET else -1
        most = max(most, pending[client, int(row["endpoint"])])
    return most


def page_and_server_figures(trace: Trace) -> dict[str, Figure]:
    """The figures that ``stormlab run`` prints, both views side by side."""
    view = window(trace)
    endpoints = len(trace.endpoints)
    clients = client_views(trace, view.page_rows, endpoints)
    server = server_view(trace, view.rows)
    attempts = sum(client.attempts for client in clients)
    opened = sum(client.opened for client in clients)
    useful, wasted = handshake_bytes(view.rows)
    times = [c.time_to_data_s for c in clients if c.time_to_data_s is not None]
    new_ns = pick(view.page_rows, Event.NEW)["time_ns"]
    codes: Counter[str] = sum((client.close_codes for client in clients), Counter())
    return {
        "clients": len(clients),
        "attempts": attempts,
        "opened": opened,
        "page_success_percent": 100 * opened / attempts if attempts else None,
        "live_at_end": sum(client.live for client in clients),
        "duplicate_endpoints": sum(client.duplicate_endpoints for client in clients),
        "gave_up": sum(client.gave_up for client in clients),
        "page_close_codes": " ".join(f"{key}:{codes[key]}" for key in sorted(codes)) or None,
        "time_to_data_s_median": float(np.median(times)) if times else None,
        "clients_without_all_data": len(clients) - len(times),
        "in_flight_max": in_flight_max(view.page_rows),
        "handshakes_in_flight_max": handshakes_in_flight_max(view.page_rows),
        "retry_timers_pending_max": retry_timers_pending_max(view.page_rows),
        "attempts_per_100ms_peak": peak_per_bin(new_ns, NS_PER_S // 10),
        "server_accepted": server.accepted,
        "server_accept_failures": server.accept_failures,
        "server_sent_initial": server.sent_initial,
        "server_success_percent": server.success_percent,
        "server_exceptions": server.exceptions,
        "handshake_bytes_useful": useful,
        "handshake_bytes_wasted": wasted,
        "renders": len(pick(view.page_rows, Event.RENDER)),
    }
