"""Laws that every trace obeys, each with one of three outcomes: holds, broken, undecided.

A law is a pure function of a trace. It is *broken* when some rows contradict it, and names them;
it is *undecided* when the trace has nothing to judge it by (no attempt, no server, no record of who
shares a browser profile); else it *holds*. None of them knows an application: a model that records
with the vocabulary of :mod:`stormlab.vocabulary` is judged by all of them.

In the formulas below, ``#X(s)`` counts the events X of socket s, ``first X`` is the place of the
first one in the trace, and ``<`` is the order of the rows, which is the order of happening.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from stormlab.clock import to_ns
from stormlab.evidence import (
    NEVER,
    Evidence,
    Flags,
    Ints,
    Outcome,
    PropertyBrokenError,
    Verdict,
    numbered,
    running,
)
from stormlab.trace import Trace
from stormlab.vocabulary import CAUSE_CODE, EVENT_CODE, EVENTS, Cause, Event, State

__all__ = [
    "LAW",
    "LAWS",
    "Law",
    "Outcome",
    "PropertyBrokenError",
    "Verdict",
    "broken",
    "check_all",
]

ROWS_SHOWN_MAX = 10
SWITCHING_PROTOCOLS = 101
SETTLE_S = 60.0  # how long after its transport's end a handler may still be at work


@dataclass(frozen=True)
class Law:
    """A statement, its formula, and the function that judges a trace by it."""

    name: str
    statement: str
    formula: str
    judge: Callable[[Evidence], tuple[Flags | Ints | None, str]]

    def check(self, trace: Trace) -> Verdict:
        """Judge one trace."""
        return self.verdict(Evidence(trace))

    def verdict(self, evidence: Evidence) -> Verdict:
        """Judge prepared evidence; :func:`check_all` prepares it once for all laws."""
        against, reason = self.judge(evidence)
        if against is None:
            return Verdict(self.name, Outcome.UNDECIDED, reason)
        places = np.flatnonzero(against) if against.dtype == np.bool_ else np.unique(against)
        if not len(places):
            return Verdict(self.name, Outcome.HOLDS)
        few = tuple(int(place) for place in places[:ROWS_SHOWN_MAX])
        return Verdict(self.name, Outcome.BROKEN, f"{len(places)} rows: {self.statement}", few)


# --- the laws, page side -------------------------------------------------------------------------


def _time(evidence: Evidence) -> tuple[Flags | Ints | None, str]:
    times = evidence.rows["time_ns"]
    if not len(times):
        return None, "the trace is empty"
    against = np.r_[False, np.diff(times) < 0]
    return against | (times < 0) | (times > evidence.trace.duration_ns), ""


_PAGE_SOCKET = (
    Event.NEW,
    Event.CLOSE_CALLED,
    Event.OPEN,
    Event.MESSAGE,
    Event.SEND,
    Event.ERROR,
    Event.CLOSE,
)


def _attempts(evidence: Evidence) -> tuple[Flags | Ints | None, str]:
    if not evidence.sockets:
        return None, "no attempt in the trace"
    new, opened = evidence.count(Event.NEW), evidence.count(Event.OPEN)
    closed = evidence.count(Event.CLOSE)
    wrong = (new != 1) | (opened > 1) | (closed > 1)
    against = evidence.of_socket(wrong.astype(np.int64)) == 1
    against &= evidence.is_(*_PAGE_SOCKET)
    # an attempt that failed says why
    unopened = evidence.of_socket(evidence.first(Event.OPEN)) == NEVER
    none = evidence.rows["cause"] == CAUSE_CODE[Cause.NONE]
    return against | (evidence.is_(Event.CLOSE) & unopened & none), ""


def _chain(evidence: Evidence) -> tuple[Flags | Ints | None, str]:
    told = np.flatnonzero(evidence.is_(*_PAGE_SOCKET) & (evidence.rows["after"] >= 0))
    if not len(told):
        return None, "no readyState in the trace"
    order = told[np.argsort(evidence.socket[told], kind="stable")]
    rows = evidence.rows[order]
    follows = np.r_[False, evidence.socket[order][1:] == evidence.socket[order][:-1]]
    expected = np.where(follows, np.r_[-1, rows["after"][:-1]], -1)
    return order[rows["before"] != expected], ""


def _closed(evidence: Evidence) -> tuple[Flags | Ints | None, str]:
    if not evidence.trace.count(Event.CLOSE):
        return None, "no socket was closed"
    end = evidence.of_socket(evidence.first(Event.CLOSE))
    page = evidence.is_(*_PAGE_SOCKET) & (evidence.socket >= 0)
    called = evidence.is_(Event.CLOSE_CALLED) & (evidence.rows["before"] == int(State.CLOSED))
    return page & (evidence.places > end) & ~called, ""


def _after_open(evidence: Evidence) -> tuple[Flags | Ints | None, str]:
    messages = evidence.is_(Event.MESSAGE)
    if not messages.any():
        return None, "no message in the trace"
    opened = evidence.of_socket(evidence.first(Event.OPEN))
    return messages & (evidence.places < opened), ""


def _send_open(evidence: Evidence) -> tuple[Flags | Ints | None, str]:
    sent = evidence.is_(Event.SEND)
    if not sent.any():
        return None, "nothing was sent by a page"
    opened = evidence.of_socket(evidence.first(Event.OPEN))
    called = evidence.of_socket(evidence.first(Event.CLOSE_CALLED, Event.CLOSE))
    return sent & ((evidence.places < opened) | (evidence.places > called)), ""


def _gone(evidence: Evidence) -> tuple[Flags | Ints | None, str]:
    gone = evidence.is_(Event.GONE)
    if not gone.any():
        return None, "no document went away"
    ready = evidence.is_(Event.READY)
    client = evidence.rows["client"].astype(np.int64)
    has_page = np.isin(client, np.unique(client[ready])) & (client >= 0)
    alive = running(client, ready.astype(np.int64) - gone)
    documents = running(client, ready.astype(np.int64))
    page = np.array([event.startswith("page.") for event in EVENTS])[evidence.events] & has_page
    free = evidence.is_(Event.NAVIGATE, Event.GONE)
    against = page & ~free & (alive != 1) | gone & (alive != 0)
    # a socket speaks in the document that made it, and in no later one
    made_at = evidence.first(Event.NEW)
    made_in = np.full(evidence.sockets, -1, np.int64)
    known = made_at != NEVER
    made_in[known] = documents[made_at[known]]
    speaks = page & (evidence.socket >= 0)
    return against | speaks & (evidence.of_socket(made_in) != documents), ""


def _timers(evidence: Evidence) -> tuple[Flags | Ints | None, str]:
    at = np.flatnonzero(evidence.is_(Event.TIMER_SET, Event.TIMER_FIRED, Event.TIMER_CLEARED))
    if not len(at):
        return None, "no retry timer in the trace"
    rows = evidence.rows[at]
    keys, _ = numbered(rows["client"], rows["endpoint"].astype(np.int32), np.ones(len(at), bool))
    steps = np.where(rows["event"] == EVENT_CODE[Event.TIMER_SET], 1, -1).astype(np.int64)
    return at[running(keys, steps) < 0], ""


# --- the laws, on the wire -----------------------------------------------------------------------


def _opened_on_wire(evidence: Evidence) -> tuple[Flags | Ints | None, str]:
    opened = evidence.is_(Event.OPEN)
    if not opened.any():
        return None, "no socket was opened"
    switched = evidence.rows["code"] == SWITCHING_PROTOCOLS
    request = evidence.of_socket(evidence.first(Event.REQUEST))
    answer = evidence.of_socket(evidence.first(Event.RESPONSE, where=switched))
    return opened & ~((request < answer) & (answer < evidence.places)), ""


_WIRE_UP = (Event.REQUEST, Event.CLIENT_FRAME)
_WIRE_DOWN = (Event.RESPONSE, Event.SERVER_FRAME)


def _bytes(evidence: Evidence) -> tuple[Flags | Ints | None, str]:
    rows = evidence.rows
    up, down = evidence.is_(*_WIRE_UP), evidence.is_(*_WIRE_DOWN)
    if not (up | down).any():
        return None, "nothing on the wire"
    against = up & ((rows["up"] <= 0) | (rows["down"] != 0))
    against |= down & ((rows["down"] <= 0) | (rows["up"] != 0))
    of_socket = (evidence.socket >= 0) & ~up & ~down
    against |= of_socket & ((rows["up"] != 0) | (rows["down"] != 0))
    # one request and one answer per socket, and frames only after the answer
    request = evidence.of_socket(evidence.first(Event.REQUEST))
    answer = evidence.of_socket(evidence.first(Event.RESPONSE))
    places = evidence.places
    against |= evidence.is_(Event.REQUEST) & (places != request)
    against |= evidence.is_(Event.RESPONSE) & ((places != answer) | (answer < request))
    frames = evidence.is_(Event.CLIENT_FRAME, Event.SERVER_FRAME)
    against |= frames & (places < answer)
    return against | _odd_sizes(evidence, up | down), ""


def _odd_sizes(evidence: Evidence, wire: Flags) -> Flags:
    """Rows whose size is not the usual one of what they carry, where most agree on one."""
    rows = evidence.rows
    at = np.flatnonzero(wire)
    endpoint = np.where(evidence.is_(Event.REQUEST), rows["endpoint"], -1)
    kinds = np.stack([rows["event"], rows["detail"], endpoint, rows["code"]], axis=1)[at]
    size = (rows["up"].astype(np.int64) + rows["down"])[at]
    _, kind = np.unique(kinds, axis=0, return_inverse=True)
    kind = kind.reshape(-1)
    against = np.zeros(len(rows), np.bool_)
    for number in np.unique(kind):
        mine = kind == number
        values, counts = np.unique(size[mine], return_counts=True)
        against[at[mine & (size != values[np.argmax(counts)])]] = len(values) > 1
    return against


def _received(evidence: Evidence) -> tuple[Flags | Ints | None, str]:
    rows = evidence.rows
    against: list[Ints] = []
    judged = False
    for sent, got in (
        (Event.SERVER_FRAME, Event.MESSAGE),
        (Event.CLIENT_FRAME, Event.RECEIVED),
    ):
        at = np.flatnonzero(evidence.is_(sent, got) & (evidence.socket >= 0))
        judged |= bool(len(at))
        keys = evidence.socket[at] << 32 | rows["detail"][at]
        steps = np.where(rows["event"][at] == EVENT_CODE[sent], 1, -1).astype(np.int64)
        against.append(at[running(keys, steps) < 0])
    return (np.concatenate(against), "") if judged else (None, "no message in the trace")


def _one_handshake(evidence: Evidence) -> tuple[Flags | Ints | None, str]:
    profiles = evidence.trace.header.get("profiles")
    if not profiles:
        return None, "the trace does not say which clients share a browser profile"
    if evidence.trace.header.get("addresses", 1) != 1:
        return None, "the trace does not say which address a socket goes to"
    begins = evidence.first(Event.REQUEST)
    ends = evidence.first(
        Event.RESPONSE, Event.CLIENT_FIN, Event.CLOSE_CALLED, Event.CLOSE, Event.IDLE_CUT
    )
    client = np.zeros(evidence.sockets, np.int64)
    mine = evidence.socket >= 0
    client[evidence.socket[mine]] = evidence.rows["client"][mine]
    gone = np.flatnonzero(evidence.is_(Event.GONE))
    for place in gone:
        left = (client == evidence.rows["client"][place]) & (begins < place)
        ends[left] = np.minimum(ends[left], place)
    on_wire = (begins != NEVER) & (begins < ends)
    if not on_wire.any():
        return None, "no handshake on the wire"
    profile = np.array(profiles, np.int64)[client[on_wire]]
    places = np.r_[begins[on_wire], ends[on_wire]]
    steps = np.r_[np.ones(on_wire.sum(), np.int64), -np.ones(on_wire.sum(), np.int64)]
    order = np.argsort(places, kind="stable")
    depth = running(np.r_[profile, profile][order], steps[order])
    return places[order][(depth > 1) & (steps[order] > 0)], ""


# --- the laws, server side -----------------------------------------------------------------------


def _accepted(evidence: Evidence) -> tuple[Flags | Ints | None, str]:
    rows, trace = evidence.rows, evidence.trace
    if trace.header.get("addresses", 1) != 1:
        return None, "several servers number their connections alike"
    accepted = evidence.is_(Event.ACCEPTED)
    if not accepted.any():
        return None, "no connection was accepted"
    conn = rows["conn"].astype(np.int64)
    size = int(conn.max()) + 1
    place = {}
    against = np.zeros(len(rows), np.bool_)
    for event in (Event.STARTED, Event.ACCEPTED, Event.SENT_INITIAL, Event.ENDED, Event.LOST):
        at = np.flatnonzero(evidence.is_(event) & (conn >= 0))
        first = place[event] = np.full(size, NEVER, np.int64)
        np.minimum.at(first, conn[at], at)
        against[at[at != first[conn[at]]]] = True  # each happens once
    at = np.flatnonzero(accepted)
    started, ended, lost = (
        place[event][conn[at]] for event in (Event.STARTED, Event.ENDED, Event.LOST)
    )
    against[at[(started > at) | (ended < at)]] = True
    served = np.flatnonzero(evidence.is_(Event.SENT_INITIAL, Event.EXCEPTION, Event.DISCONNECT))
    mine = conn[served]
    inside = (place[Event.STARTED][mine] < served) & (served < place[Event.ENDED][mine])
    against[served[~inside]] = True
    sent = np.flatnonzero(evidence.is_(Event.SENT_INITIAL))
    against[sent[place[Event.ACCEPTED][conn[sent]] > sent]] = True
    deaths = np.r_[np.flatnonzero(evidence.is_(Event.KILLED, Event.SHUTDOWN)), NEVER]
    died = deaths[np.searchsorted(deaths, at)]
    return against | _left_behind(evidence, ended, lost, died), ""


def _left_behind(evidence: Evidence, ended: Ints, lost: Ints, died: Ints) -> Flags:
    """Accepted connections that lost TCP long ago and whose handler still has not ended."""
    against = np.zeros(len(evidence.rows), np.bool_)
    open_ended = (ended == NEVER) & (died == NEVER) & (lost != NEVER)
    times = evidence.rows["time_ns"]
    for place in lost[open_ended]:
        late = times[-1] - times[place] > to_ns(SETTLE_S)
        against[place] = bool(late)
    return against


def _dead_server(evidence: Evidence) -> tuple[Flags | Ints | None, str]:
    rows = evidence.rows
    if evidence.trace.header.get("addresses", 1) != 1:
        return None, "the trace does not say which server died"
    killed = np.flatnonzero(evidence.is_(Event.KILLED))
    if not len(killed):
        return None, "no server was killed"
    conn = rows["conn"].astype(np.int64)
    mine = np.flatnonzero(conn >= 0)
    if not len(mine):
        return None, "no connection was ever made"
    first = np.full(int(conn.max()) + 1, NEVER, np.int64)
    np.minimum.at(first, conn[mine], mine)
    # a kill ends the process that was started last; one that shuts down may outlive its successor
    process = np.cumsum(evidence.is_(Event.UP))
    death = np.full(int(process[-1]) + 1, NEVER, np.int64)
    death[process[killed]] = killed
    return mine[mine > death[process[first[conn[mine]]]]], ""


LAWS: tuple[Law, ...] = (
    Law(
        "time-runs-forwards",
        "time never runs backwards and stays within the run",
        "0 <= t[i] <= t[i+1] <= duration",
        _time,
    ),
    Law(
        "attempts-add-up",
        "attempts = opened + failed, each with its cause + gone unopened + still connecting",
        "#new(s) = 1, #open(s) <= 1, #close(s) <= 1; #open(s) = 0 and #close(s) = 1 => cause",
        _attempts,
    ),
    Law(
        "ready-state-is-a-chain",
        "each change of a socket's readyState starts where the last one ended",
        "before[i+1](s) = after[i](s); the first is `new`",
        _chain,
    ),
    Law(
        "closed-is-final",
        "after its close event a socket is silent, but for calls of close()",
        "x in page(s) and x > close(s) => x = close_called from CLOSED",
        _closed,
    ),
    Law(
        "no-message-before-open",
        "no message reaches the page before open",
        "message(s) > open(s)",
        _after_open,
    ),
    Law(
        "sent-only-when-open",
        "the page sends only on an open socket",
        "open(s) < send(s) < first of close_called(s), close(s)",
        _send_open,
    ),
    Law(
        "gone-is-gone",
        "nothing of a document, its sockets included, after it is gone",
        "page event => #ready - #gone = 1; document of an event(s) = document of new(s)",
        _gone,
    ),
    Law(
        "timers-add-up",
        "a retry timer fires or is cleared at most once, after it was set",
        "#fired + #cleared <= #set for each client and endpoint, at every row",
        _timers,
    ),
    Law(
        "opened-went-over-the-wire",
        "an opened socket has its request and a 101 on the wire, in this order",
        "request(s) < 101(s) < open(s)",
        _opened_on_wire,
    ),
    Law(
        "bytes-add-up",
        "bytes are on wire events only, one request and answer per socket, each kind of one size",
        "#request(s), #response(s) <= 1; response(s) < frame(s); size = f(kind, code)",
        _bytes,
    ),
    Law(
        "received-was-sent",
        "no message is received more often than it was sent before",
        "#message(s, kind) <= #server_frame(s, kind), #received <= #client_frame, at every row",
        _received,
    ),
    Law(
        "one-handshake-per-address",
        "a browser profile has at most one handshake to an address on the wire",
        "#request - #(response, fin, close) <= 1 for each profile, at every row",
        _one_handshake,
    ),
    Law(
        "accepted-ends-or-lives",
        "an accepted connection was started once, ends once, or is live",
        "started(c) < accepted(c) < ended(c); lost(c) => ended(c) within 60 s, or the process died",
        _accepted,
    ),
    Law(
        "dead-server-is-silent",
        "a killed process does nothing more for its connections",
        "event(c) < killed(p), where p is the process, the n-th `up`, in which c began",
        _dead_server,
    ),
)
LAW: dict[str, Law] = {law.name: law for law in LAWS}


def check_all(trace: Trace) -> list[Verdict]:
    """Judge a trace by every law, in the order of :data:`LAWS`."""
    evidence = Evidence(trace)
    return [law.verdict(evidence) for law in LAWS]


def broken(trace: Trace) -> list[Verdict]:
    """The laws that a trace breaks."""
    return [verdict for verdict in check_all(trace) if verdict.outcome is Outcome.BROKEN]
