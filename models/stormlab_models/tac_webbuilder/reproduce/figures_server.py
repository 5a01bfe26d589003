"""Figures of connections: success and failure on both sides, what the log shows, handshakes."""

import math

import numpy as np

from stormlab.clock import NS_PER_MS, NS_PER_S, to_s
from stormlab.metrics import (
    handshake_bytes,
    handshakes_in_flight_max,
    in_flight_max,
    peak_per_bin,
    pick,
)
from stormlab.vocabulary import EVENT_CODE, Event, State
from stormlab_models.tac_webbuilder.reproduce.figure import Figures, Value
from stormlab_models.tac_webbuilder.reproduce.reading import Reading

FIGURES = Figures()
ABNORMAL = 1006
EXCERPT = "accepted>closed>ERROR"


@FIGURES.add("%", "share")
def page_success(r: Reading) -> Value:
    """Attempts that opened, of all attempts (per new WebSocket)."""
    return (
        sum(client.opened for client in r.clients),
        sum(client.attempts for client in r.clients),
    )


@FIGURES.add("%", "share")
def server_success(r: Reading) -> Value:
    """Connections that got their initial data sent, of those accepted."""
    return r.server.sent_initial, r.server.accepted


@FIGURES.add("exceptions per run")
def exceptions_1006(r: Reading) -> Value:
    """Handlers that ended in an exception with code 1006 while sending."""
    return int((r.failed_sends["code"] == ABNORMAL).sum())


@FIGURES.add("connections per run")
def connections_lost(r: Reading) -> Value:
    """Accepted connections whose initial data was never sent."""
    return r.server.accepted - r.server.sent_initial


@FIGURES.add("lines per run")
def error_lines(r: Reading) -> Value:
    """Error lines in the server's log."""
    return sum(r.server.log_lines[line] for line in ("error on send", "error on receive"))


@FIGURES.add("%", "share")
def failed_after_open(r: Reading) -> Value:
    """Failed sends whose socket the page had seen open before, of all failed sends."""
    opened = r.first_ns(pick(r.rows, Event.OPEN))
    keys = [(int(row["client"]), int(row["socket"])) for row in r.failed_sends]
    return sum(key in opened for key in keys), len(keys)


@FIGURES.add("%", "share")
def opened_without_data(r: Reading) -> Value:
    """Sockets that opened, lived for 1 s or more and got no message, of those that opened."""
    closed = r.first_ns(r.events(Event.CLOSE))
    got = r.keys(Event.MESSAGE)
    opened = r.first_ns(r.events(Event.OPEN))
    empty = [
        key
        for key, ns in opened.items()
        if key not in got and closed.get(key, r.end_ns) - ns >= NS_PER_S
    ]
    return len(empty), len(opened)


@FIGURES.add("%", "share")
def log_excerpt_seen(r: Reading) -> Value:
    """Runs whose log holds the excerpt: accepted, connection closed, error."""
    return int(r.server.log_orders[EXCERPT] > 0), 1


@FIGURES.add("%", "share")
def failed_by_close_of_open_socket(r: Reading) -> Value:
    """Failed sends caused by close() on a socket the page had seen OPEN, of all failed sends."""
    called = pick(r.rows, Event.CLOSE_CALLED)
    open_closed = set(r.first_ns(called[called["before"] == int(State.OPEN)]))
    keys = [(int(row["client"]), int(row["socket"])) for row in r.failed_sends]
    return sum(key in open_closed for key in keys), len(keys)


@FIGURES.add("%", "share")
def code_1006_of_failed_sends(r: Reading) -> Value:
    """Failed sends that report code 1006, of all failed sends."""
    return int((r.failed_sends["code"] == ABNORMAL).sum()), len(r.failed_sends)


@FIGURES.add("%", "share")
def code_1006_after_clean_goodbye(r: Reading) -> Value:
    """Failed sends with 1006 although the client had sent a close frame, of those with 1006."""
    goodbyes = r.first_ns(r.with_text(pick(r.rows, Event.CLIENT_FRAME), "close"))
    failed = r.failed_sends[r.failed_sends["code"] == ABNORMAL]
    keys = [(int(row["client"]), int(row["socket"])) for row in failed]
    return sum(key in goodbyes for key in keys), len(keys)


@FIGURES.add("%", "share")
def answered_before_accept(r: Reading) -> Value:
    """Handshakes whose 101 was on the wire before accept() was done, of all 101s."""
    accepted = r.first_ns(pick(r.rows, Event.ACCEPTED))
    answered = r.first_ns(pick(r.rows, Event.RESPONSE))
    return sum(ns < accepted.get(key, 0) for key, ns in answered.items()), len(answered)


@FIGURES.add("ms", "median")
def accept_to_send_ms(r: Reading) -> Value:
    """From accept to the initial data, median of the run's connections."""
    accepted = r.first_ns(pick(r.rows, Event.ACCEPTED))
    sent = r.first_ns(pick(r.rows, Event.SENT_INITIAL))
    times = [ns - accepted[key] for key, ns in sent.items() if key in accepted]
    return float(np.median(times)) / NS_PER_MS if times else None


@FIGURES.add("ms", "median")
def first_open_ms(r: Reading) -> Value:
    """From constructor to open of the socket that opens first."""
    times = [opened - made for made, opened in r.opened_s.values()]
    return 1000 * min(times) if times else math.inf


@FIGURES.add("ms", "median")
def eighth_open_ms(r: Reading) -> Value:
    """From the first constructor to the first open of the endpoint that opens last."""
    first: dict[int, float] = {}
    for key, (_, opened) in r.opened_s.items():
        endpoint = r.endpoint_of[key]
        first[endpoint] = min(first.get(endpoint, math.inf), opened)
    if len(first) < r.endpoints:
        return math.inf
    return 1000 * (max(first.values()) - to_s(r.start_ns))


@FIGURES.add("ms", "median")
def accept_span_ms(r: Reading) -> Value:
    """From the first to the last of the eight endpoints' first accepts, ports in sequence."""
    accepted = pick(r.rows, Event.ACCEPTED)
    accepted = accepted[accepted["time_ns"] >= r.start_ns]
    first: dict[int, int] = {}
    for row in accepted:
        first.setdefault(int(row["endpoint"]), int(row["time_ns"]))
    if len(first) < r.endpoints:
        return math.inf
    return (max(first.values()) - min(first.values())) / NS_PER_MS


@FIGURES.add("%", "share")
def ready_timeouts(r: Reading) -> Value:
    """Connections that waited 5 s for client_ready in vain although the page had opened them."""
    opened = r.first_ns(pick(r.rows, Event.SEND))
    late = r.first_ns(pick(r.rows, Event.READY_TIMEOUT))
    return sum(key in opened for key in late), len(opened)


@FIGURES.add("%", "share")
def closed_after_ready_timeout(r: Reading) -> Value:
    """Connections closed within 1 s after the 5 s without client_ready, of those timed out."""
    late = r.first_ns(pick(r.rows, Event.READY_TIMEOUT))
    closed = r.first_ns(pick(r.all_page, Event.CLOSE))
    ended = sum(closed.get(key, math.inf) - ns <= NS_PER_S for key, ns in late.items())
    return ended, len(late)


@FIGURES.add("%", "share")
def handlers_waiting(r: Reading) -> Value:
    """Handlers still waiting in receive at the end, of connections served."""
    return r.server.active_at_end, r.server.sent_initial


# handshakes ------------------------------------------------------------------------------------


@FIGURES.add("handshakes")
def handshakes_parallel_max(r: Reading) -> Value:
    """Most handshakes on the wire at one moment, of all clients together."""
    return handshakes_in_flight_max(r.rows)


@FIGURES.add("sockets")
def connecting_max(r: Reading) -> Value:
    """Most sockets in CONNECTING at one moment."""
    return in_flight_max(r.page)


@FIGURES.add("sockets")
def sockets_open_max(r: Reading) -> Value:
    """Most sockets of a page open at one moment."""
    steps = [(ns, 1) for ns in r.first_ns(r.events(Event.OPEN)).values()]
    opened = r.keys(Event.OPEN)
    steps += [(ns, -1) for k, ns in r.first_ns(r.events(Event.CLOSE)).items() if k in opened]
    depth = most = 0
    for _, change in sorted(steps):
        depth += change
        most = max(most, depth)
    return most


@FIGURES.add("attempts")
def peak_100ms(r: Reading) -> Value:
    """Most attempts in one tenth of a second, of all clients."""
    return peak_per_bin(r.events(Event.NEW)["time_ns"], NS_PER_S // 10)


@FIGURES.add("attempts per browser")
def retry_peak_100ms(r: Reading) -> Value:
    """Most attempts in one tenth of a second after the first fault, per browser."""
    faults = r.rows["time_ns"][r.rows["event"] == EVENT_CODE[Event.FAULT]]
    if not len(faults):
        return None
    new = r.events(Event.NEW)["time_ns"]
    return peak_per_bin(new[new > int(faults[0])], NS_PER_S // 10) / r.pages


@FIGURES.add("bytes")
def handshake_bytes_per_connection(r: Reading) -> Value:
    """HTTP request and response of one completed handshake, mean."""
    answered = r.first_ns(pick(r.rows, Event.RESPONSE))
    if not answered:
        return None
    sizes = [
        int(row["up"]) + int(row["down"])
        for row in pick(r.rows, Event.REQUEST, Event.RESPONSE)
        if (int(row["client"]), int(row["socket"])) in answered
    ]
    return sum(sizes) / len(answered)


@FIGURES.add("KB per load")
def handshake_kb(r: Reading) -> Value:
    """HTTP bytes of all handshakes of a page load, useful and wasted."""
    return sum(handshake_bytes(r.rows)) / 1000 / r.pages


@FIGURES.add("KB per load")
def handshake_useful_kb(r: Reading) -> Value:
    """HTTP bytes of handshakes of attempts that opened in the page."""
    return handshake_bytes(r.rows)[0] / 1000 / r.pages


@FIGURES.add("KB per load")
def handshake_wasted_kb(r: Reading) -> Value:
    """HTTP bytes of handshakes of attempts that never opened in the page."""
    return handshake_bytes(r.rows)[1] / 1000 / r.pages


@FIGURES.add("s", "median")
def all_established_s(r: Reading) -> Value:
    """From the first constructor until every attempt has opened."""
    opened = r.events(Event.OPEN)
    if len(opened) < len(r.events(Event.NEW)) or not len(opened):
        return math.inf
    return to_s(int(opened["time_ns"].max()) - r.start_ns)


@FIGURES.add("% of a core")
def server_cpu_percent(r: Reading) -> Value:
    """Time the event loop was busy, of the time from first attempt to last open or close."""
    ends = r.events(Event.OPEN, Event.CLOSE)["time_ns"]
    marks = r.with_text(pick(r.trace.rows, Event.OBSERVED), "page_end")
    if not len(ends) or not len(marks):
        return None
    return 100 * int(marks["value_ns"][0]) / max(1, int(ends.max()) - r.start_ns)
