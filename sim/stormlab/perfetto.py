"""A trace as Chrome trace-event JSON, for https://ui.perfetto.dev and ``chrome://tracing``.

Processes are the server and one per client. Attempts overlap, so each is a pair of asynchronous
events (``b``, ``e``) with an id of its own:

============== ===================================================================================
``page``       ``connecting`` from ``new WebSocket`` to open, then ``open`` to close; onclose and
               ``close()`` as moments (``n``) of the same id
``wire``       ``queued`` in the browser, then ``handshake`` from SYN to answer
``server``     ``handler`` from the request in the application to its return
============== ===================================================================================

The blocked event loop is a complete event (``X``), faults and alerts are global instants (``i``).
What had not ended when the record ended, ends there with ``"ended": "not yet"``. Times are
microseconds (JSON numbers with the nanoseconds as fraction).

Format: "Trace Event Format" (Google, 2016), sections "Async Events", "Complete Events", "Metadata".
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stormlab.spans import Attempt, Block, Handler, attempts, blocks, end_ns, handlers
from stormlab.trace import Row, Trace
from stormlab.vocabulary import Cause, Event

SERVER_PID = 1
FIRST_CLIENT_PID = 10
_LOOP_TID = 1
_FIRST_ENDPOINT_TID = 10
_NS_PER_US = 1_000

Entry = dict[str, Any]

_INSTANTS = (
    Event.FAULT,
    Event.ALERT,
    Event.ACTION,
    Event.OBSERVED,
    Event.UP,
    Event.KILLED,
    Event.SHUTDOWN,
    Event.CUT,
    Event.HEALED,
)
_MOMENTS = (Event.CLOSE_CALLED, Event.ERROR, Event.CLOSE)


def document(trace: Trace) -> dict[str, Any]:
    """The whole trace as a trace-event document, ready for JSON."""
    last_ns = end_ns(trace)
    sockets = attempts(trace)
    entries = _names(trace, sockets)
    timed: list[Entry] = []
    for socket in sockets:
        timed += _page(trace, socket, last_ns)
        timed += _wire(trace, socket, last_ns)
    for handler in handlers(trace):
        timed += _handler(trace, handler, last_ns)
    timed += [_blocked(trace, block) for block in blocks(trace)]
    timed += _instants(trace)
    timed += _moments(trace, sockets)
    timed.sort(key=lambda entry: entry["ts"])  # stable: begins stay before their own ends
    return {
        "traceEvents": entries + timed,
        "displayTimeUnit": "ms",
        "otherData": {"hash": trace.hash, **{key: str(v) for key, v in trace.header.items()}},
    }


def write(trace: Trace, path: Path) -> int:
    """Write :func:`document` to ``path``, whole or not at all; returns the number of entries.

    Raises:
        OSError: if it cannot be written.
    """
    whole = document(trace)
    part = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        part.write_text(json.dumps(whole, separators=(",", ":"), allow_nan=False), "utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return len(whole["traceEvents"])


def _us(time_ns: int) -> float:
    return time_ns / _NS_PER_US


def _client_pid(client: int) -> int:
    return FIRST_CLIENT_PID + client


def _endpoint_tid(endpoint: int) -> int:
    return _FIRST_ENDPOINT_TID + endpoint


def _endpoint(trace: Trace, endpoint: int) -> str:
    names = trace.endpoints
    return names[endpoint] if 0 <= endpoint < len(names) else "socket"


def _names(trace: Trace, sockets: list[Attempt]) -> list[Entry]:
    """Names and order of processes and threads."""

    def meta(what: str, pid: int, tid: int, **value: str | int) -> Entry:
        return {"ph": "M", "name": what, "pid": pid, "tid": tid, "ts": 0, "args": value}

    entries = [
        meta("process_name", SERVER_PID, 0, name="server"),
        meta("process_sort_index", SERVER_PID, 0, sort_index=0),
        meta("thread_name", SERVER_PID, _LOOP_TID, name="event loop"),
    ]
    for client in sorted({socket.client for socket in sockets}):
        pid = _client_pid(client)
        entries.append(meta("process_name", pid, 0, name=f"client {client}"))
        entries.append(meta("process_sort_index", pid, 0, sort_index=1 + client))
        used = sorted({socket.endpoint for socket in sockets if socket.client == client})
        for endpoint in used:
            name = _endpoint(trace, endpoint)
            entries.append(meta("thread_name", pid, _endpoint_tid(endpoint), name=name))
    return entries


def _pair(frame: Entry, start_ns: int, stop_ns: int | None, last_ns: int) -> list[Entry]:
    """Begin and end of one asynchronous slice."""
    args = dict(frame.pop("args", {}))
    if stop_ns is None:
        args["ended"] = "not yet"
    end: Entry = {
        **frame,
        "ph": "e",
        "ts": _us(max(last_ns if stop_ns is None else stop_ns, start_ns)),
    }
    return [{**frame, "ph": "b", "ts": _us(start_ns), "args": args}, end]


def _frame(socket: Attempt, category: str, name: str, args: Mapping[str, object]) -> Entry:
    return {
        "cat": category,
        "name": name,
        "id": f"{category}-{socket.client}-{socket.socket}",
        "pid": _client_pid(socket.client),
        "tid": _endpoint_tid(socket.endpoint),
        "args": dict(args),
    }


def _facts(trace: Trace, socket: Attempt) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "endpoint": _endpoint(trace, socket.endpoint),
        "attempt": socket.attempt,
        "socket": socket.socket,
    }
    if socket.gone:
        facts["ended"] = Cause.PAGE_GONE.value
    elif socket.end_ns is not None:
        facts |= {"code": socket.code, "clean": socket.clean, "cause": socket.cause.value}
    return facts


def _page(trace: Trace, socket: Attempt, last_ns: int) -> list[Entry]:
    facts = _facts(trace, socket)
    name = f"{facts['endpoint']} #{socket.attempt}"
    until_ns = socket.end_ns if socket.open_ns is None else socket.open_ns
    frame = _frame(socket, "page", f"{name} connecting", facts)
    entries = _pair(frame, socket.new_ns, until_ns, last_ns)
    if socket.open_ns is not None:
        frame = _frame(socket, "page", f"{name} open", facts)
        entries += _pair(frame, socket.open_ns, socket.end_ns, last_ns)
    return entries


def _wire(trace: Trace, socket: Attempt, last_ns: int) -> list[Entry]:
    entries: list[Entry] = []
    name = f"{_endpoint(trace, socket.endpoint)} #{socket.attempt}"
    if socket.queued_ns is not None:
        until_ns = socket.connect_ns
        if until_ns is None and socket.end_ns is not None:  # it never got its turn
            until_ns = max(socket.end_ns, socket.queued_ns)
        frame = _frame(socket, "wire", f"{name} queued", {})
        entries += _pair(frame, socket.queued_ns, until_ns, last_ns)
    if socket.connect_ns is not None:
        frame = _frame(socket, "wire", f"{name} handshake", {})
        entries += _pair(frame, socket.connect_ns, socket.answered_ns, last_ns)
    return entries


def _handler(trace: Trace, handler: Handler, last_ns: int) -> list[Entry]:
    frame: Entry = {
        "cat": "server",
        "name": f"{_endpoint(trace, handler.endpoint)} handler",
        "id": f"server-{handler.conn}-{handler.client}-{handler.socket}",
        "pid": SERVER_PID,
        "tid": _endpoint_tid(handler.endpoint),
        "args": {
            "connection": handler.conn,
            "client": handler.client,
            "socket": handler.socket,
            "killed": handler.killed,
        },
    }
    return _pair(frame, handler.started_ns, handler.ended_ns, last_ns)


def _blocked(trace: Trace, block: Block) -> Entry:
    by = "" if block.endpoint < 0 else f" by {_endpoint(trace, block.endpoint)}"
    return {
        "ph": "X",
        "cat": "server",
        "name": f"blocked{by}",
        "pid": SERVER_PID,
        "tid": _LOOP_TID,
        "ts": _us(block.start_ns),
        "dur": _us(block.end_ns - block.start_ns),
        "args": {"connection": block.conn},
    }


def _instants(trace: Trace) -> list[Entry]:
    return [
        {
            "ph": "i",
            "s": "g",
            "cat": row.event.value.partition(".")[0],
            "name": " ".join(filter(None, (row.event.value, row.detail))),
            "pid": _client_pid(row.client) if row.client >= 0 else SERVER_PID,
            "tid": _LOOP_TID,
            "ts": _us(row.time_ns),
        }
        for row in trace
        if row.event in _INSTANTS
    ]


def _moments(trace: Trace, sockets: list[Attempt]) -> list[Entry]:
    """The page's calls and handlers, on the line of their attempt."""
    known = {(socket.client, socket.socket): socket for socket in sockets}

    def moment(row: Row, socket: Attempt) -> Entry:
        args = {"code": row.code, "cause": row.cause.value, "detail": row.detail}
        frame = _frame(socket, "page", row.event.value, args)
        return {**frame, "ph": "n", "ts": _us(row.time_ns)}

    return [
        moment(row, known[row.client, row.socket])
        for row in trace
        if row.event in _MOMENTS and (row.client, row.socket) in known
    ]
