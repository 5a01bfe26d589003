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

import numpy as np
from numpy.typing import NDArray

from stormlab.clock import NS_PER_S, to_s
from stormlab.trace import Trace
from stormlab.vocabulary import EVENT_CODE, Event, State

Figure = float | int | str | None

_SERVER_LINES = (
    "accepted",
    "connection open",
    "connection closed",
    "error on send",
    "error on receive",
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
    live_before_gone: int
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
    per_client = rows[rows["client"] >= 0]
    clients = np.unique(pick(per_client, Event.NEW, Event.NAVIGATE)["client"])
    return [
        _client_view(trace, per_client[per_client["client"] == client], int(client), endpoints)
        for client in clients
    ]


def _client_view(trace: Trace, rows: NDArray[np.void], client: int, endpoints: int) -> ClientView:
    ready = np.flatnonzero(rows["event"] == EVENT_CODE[Event.READY])
    start = int(ready[-1]) if len(ready) else 0
    before, now = rows[:start], rows[start:]
    new = pick(now, Event.NEW)
    opened = pick(now, Event.OPEN)
    closed = pick(now, Event.CLOSE)
    live = np.setdiff1d(opened["socket"], closed["socket"])
    endpoint_of = {int(row["socket"]): int(row["endpoint"]) for row in new}
    live_per_endpoint = Counter(endpoint_of.get(int(socket), -1) for socket in live)
    attempts_per_endpoint = Counter(new["endpoint"].tolist())
    return ClientView(
        client=client,
        attempts=len(new),
        opened=len(opened),
        live=len(live),
        duplicate_endpoints=sum(count > 1 for count in live_per_endpoint.values()),
        attempts_per_endpoint_max=max(attempts_per_endpoint.values(), default=0),
        attempts_before=len(pick(before, Event.NEW)),
        opened_before=len(pick(before, Event.OPEN)),
        live_before_gone=0,
        time_to_data_s=_time_to_data_s(now, endpoints),
        first_socket_s=to_s(int(new[0]["time_ns"])) if len(new) else None,
        close_codes=Counter(close_key(trace, row) for row in closed),
        gave_up=len(pick(now, Event.GAVE_UP)),
        breakers_opened=len(pick(now, Event.BREAKER_OPENED)),
    )


def _time_to_data_s(rows: NDArray[np.void], endpoints: int) -> float | None:
    new, messages = pick(rows, Event.NEW), pick(rows, Event.MESSAGE)
    if not len(new) or not endpoints:
        return None
    first = {}
    for row in messages:
        first.setdefault(int(row["endpoint"]), int(row["time_ns"]))
    if len(first) < endpoints:
        return None
    return to_s(max(first.values()) - int(new[0]["time_ns"]))


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
    started, ended = len(pick(rows, Event.STARTED)), len(pick(rows, Event.ENDED))
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
        active_at_end=started - ended,
    )


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


def handshake_bytes(rows: NDArray[np.void]) -> tuple[int, int]:
    """Useful and wasted bytes of HTTP handshakes, request and response together."""
    wire = pick(rows, Event.REQUEST, Event.RESPONSE)
    opened = pick(rows, Event.OPEN)
    keys = set(zip(opened["client"].tolist(), opened["socket"].tolist(), strict=True))
    useful = wasted = 0
    for row in wire:
        size = int(row["up"]) + int(row["down"])
        if (int(row["client"]), int(row["socket"])) in keys:
            useful += size
        else:
            wasted += size
    return useful, wasted


def peak_per_bin(times_ns: NDArray[np.int64], bin_ns: int) -> int:
    """Most events in one aligned bin of ``bin_ns``."""
    if not len(times_ns):
        return 0
    return int(np.unique(times_ns // bin_ns, return_counts=True)[1].max())


def in_flight_max(rows: NDArray[np.void]) -> int:
    """Most attempts in CONNECTING at one moment, as the pages see it."""
    starts = pick(rows, Event.NEW)["time_ns"]
    before = EVENT_CODE[Event.OPEN], EVENT_CODE[Event.CLOSE]
    ends = rows[np.isin(rows["event"], before) & (rows["before"] <= int(State.CONNECTING))]
    closing = rows[(rows["event"] == before[1]) & (rows["before"] == int(State.CLOSING))]
    unopened = closing[~np.isin(closing["socket"], pick(rows, Event.OPEN)["socket"])]
    return _most(starts, np.concatenate([ends["time_ns"], unopened["time_ns"]]))


def handshakes_in_flight_max(rows: NDArray[np.void]) -> int:
    """Most handshakes between request and answer (or end) on the wire at one moment."""
    begun: dict[tuple[int, int], int] = {}
    depth = most = 0
    for row in pick(rows, Event.REQUEST, Event.RESPONSE, Event.CLIENT_FIN, Event.CLOSE):
        key = int(row["client"]), int(row["socket"])
        if row["event"] == EVENT_CODE[Event.REQUEST]:
            begun[key] = 1
            depth += 1
            most = max(most, depth)
        elif begun.pop(key, None):
            depth -= 1
    return most


def _most(starts: NDArray[np.int64], ends: NDArray[np.int64]) -> int:
    times = np.concatenate([starts, ends])
    steps = np.concatenate([np.ones(len(starts), np.int64), -np.ones(len(ends), np.int64)])
    order = np.lexsort((steps, times))
    return int(np.cumsum(steps[order]).max(initial=0))


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
