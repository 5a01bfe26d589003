"""Planted faults of records: what no policy can do in a world that is sound.

A host makes one attempt at a time and ends each once, the model of a browser drops what is sent
too early, and how long a request is comes from the world, not from the policy. So a record with
the fault is written by hand, and the promise is held against that.
"""

from typing import Any

from stormlab.clock import to_ns
from stormlab.properties.promises import Seen
from stormlab.selftest.planted import Planted
from stormlab.trace import Recorder
from stormlab.vocabulary import Event, State
from stormlab.worlds.story import Step, Story, stories

END_NS = to_ns(10.0)


def _seen(*steps: Step) -> Seen:
    return Seen((Story(steps, END_NS),), 0, END_NS)


def _life(*, closes: int) -> Seen:
    """A socket that is made, opens, and closes so often."""
    step = Step(to_ns(1.0), Event.NEW, 1, socket=1)
    opened = replace_time(step, 1.1, Event.OPEN)
    ends = [replace_time(step, 2.0 + each, Event.CLOSE) for each in range(closes)]
    return _seen(step, opened, *ends)


def replace_time(step: Step, time_s: float, event: Event) -> Step:
    """Another step of the same socket."""
    return step._replace(time_ns=to_ns(time_s), event=event)


def _ready_sent(state: State) -> Seen:
    """A page that sends its first message in this state of its socket."""
    recorder = Recorder()
    socket: dict[str, Any] = {"client": 0, "endpoint": 0, "socket": 0, "attempt": 1}
    recorder.add(to_ns(1.0), Event.NEW, **socket)
    sent_s = 1.0 if state is State.CONNECTING else 1.2
    if state is not State.CONNECTING:
        recorder.add(to_ns(1.1), Event.OPEN, **socket)
    recorder.add(to_ns(sent_s), Event.SEND, **socket, before=state, detail="client_ready")
    return _told(recorder)


def _accepted(*, started: bool) -> Seen:
    """A connection that the server accepts, after it started to handle it or not."""
    recorder = Recorder()
    socket: dict[str, Any] = {"client": 0, "endpoint": 0, "socket": 0, "attempt": 1}
    recorder.add(to_ns(1.0), Event.NEW, **socket)
    if started:
        recorder.add(to_ns(1.1), Event.STARTED, **socket, conn=0)
    recorder.add(to_ns(1.2), Event.ACCEPTED, **socket, conn=0)
    recorder.add(to_ns(1.3), Event.OPEN, **socket)
    recorder.add(to_ns(2.0), Event.LOST, **socket, conn=0)
    return _told(recorder)


def _handshake(request_bytes: int) -> Seen:
    """An attempt whose upgrade request is so long."""
    recorder = Recorder()
    socket: dict[str, Any] = {"client": 0, "endpoint": 0, "socket": 0, "attempt": 1}
    recorder.add(to_ns(1.0), Event.NEW, **socket)
    recorder.add(to_ns(1.0), Event.CONNECT, **socket, up=60)
    recorder.add(to_ns(1.1), Event.REQUEST, **socket, up=request_bytes)
    recorder.add(to_ns(1.2), Event.RESPONSE, **socket, down=229)
    recorder.add(to_ns(1.2), Event.OPEN, **socket)
    return _told(recorder)


def _told(recorder: Recorder) -> Seen:
    trace = recorder.finish({"duration_ns": END_NS, "seed": 0})
    return Seen(tuple(stories(trace)), 0, END_NS, trace=trace)


FAULTS = (
    Planted(
        "ready-sent-too-early",
        "client_ready is sent right after new WebSocket(), not in onopen: InvalidStateError.",
        "the analysis, Improvement 1, with send() at the wrong place",
        "sends-when-open",
        "page",
        _ready_sent(State.CONNECTING),
        _ready_sent(State.OPEN),
    ),
    Planted(
        "closed-twice",
        "A socket closes twice: every failure is counted double.",
        "a defect that a world itself could have",
        "conserves-attempts",
        "bare",
        _life(closes=2),
        _life(closes=1),
    ),
    Planted(
        "accepted-out-of-nowhere",
        "The server accepts a connection whose request never reached it.",
        "a defect that a world itself could have",
        "conserves-attempts",
        "page",
        _accepted(started=False),
        _accepted(started=True),
    ),
    Planted(
        "cookies-in-every-handshake",
        "16 kB of cookies and tokens go with every upgrade request.",
        "defect class: handshake bytes",
        "bytes-bounded",
        "fleet",
        _handshake(16_000),
        _handshake(499),
    ),
)
