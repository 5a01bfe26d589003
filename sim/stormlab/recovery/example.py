"""A storm small enough to count on fingers; the examples in ``docs/metrics.md`` are its figures.

Three clients with one socket each; 100 s; a server with one worker, half a second per handshake;
a message every 5 s from 0 s on.

* 10 s: the server crashes, and all three lose their connection. 30 s: it is there again.
* Client 0 is refused at 12 s, tries again at 32 s and is open at 33 s, to the end.
* Client 1 is refused at 14 s, tries again at 32.1 s, waits for the worker until 32.5 s, is open at
  34 s and closed by the server at 36 s. It tries again at 38 s and is open at 39 s, to the end.
* Client 2 is refused at 11 s and gives up.

A refused attempt takes 100 bytes, another one 172 for TCP and 700 for HTTP.
"""

from typing import Any

from stormlab.clock import to_ns
from stormlab.trace import Recorder, Trace
from stormlab.vocabulary import Cause, Event

_Told = tuple[float, Event, dict[str, Any]]

HEADER: dict[str, Any] = {
    "model": "example",
    "policy": "by hand",
    "duration_ns": to_ns(100),
    "clients": 3,
    "sockets": 1,
    "endpoints": ["socket 0"],
    "pods": 1,
    "workers": 1,
    "handshake_ns": to_ns(0.5),
    "capacity_per_s": 2.0,
    "message_every_ns": to_ns(5),
    "message_phase_ns": 0,
}


def _who(client: int, number: int) -> dict[str, Any]:
    return {"client": client, "endpoint": 0, "socket": number, "attempt": number + 1}


def _settled(client: int) -> list[_Told]:
    who = _who(client, 0)
    return [
        (0, Event.NEW, {**who, "detail": "settled"}),
        (0, Event.OPEN, {**who, "detail": "settled"}),
        (10, Event.CLOSE, {**who, "code": 1006, "clean": 0, "cause": Cause.KILLED}),
    ]


def _refused(client: int, number: int, at_s: float) -> list[_Told]:
    who = _who(client, number)
    return [
        (10, Event.TIMER_SET, {**who, "value_ns": to_ns(at_s - 10)}),
        (at_s, Event.TIMER_FIRED, who),
        (at_s, Event.NEW, who),
        (at_s, Event.CONNECT, {**who, "up": 60}),
        (at_s, Event.REFUSED, {**who, "down": 40}),
        (at_s, Event.CLOSE, {**who, "code": 1006, "clean": 0, "cause": Cause.REFUSED}),
    ]


def _opened(
    client: int, number: int, set_s: float, at_s: float, started_s: float, open_s: float
) -> list[_Told]:
    who = _who(client, number)
    served_s = started_s + 0.5
    return [
        (set_s, Event.TIMER_SET, {**who, "value_ns": to_ns(at_s - set_s)}),
        (at_s, Event.TIMER_FIRED, who),
        (at_s, Event.NEW, who),
        (at_s, Event.CONNECT, {**who, "up": 60}),
        (at_s, Event.ESTABLISHED, {**who, "up": 52, "down": 60}),
        (at_s, Event.REQUEST, {**who, "up": 500}),
        (at_s, Event.QUEUED_REQUEST, who),
        (started_s, Event.STARTED, who),
        (served_s, Event.SERVED, {**who, "value_ns": to_ns(0.5)}),
        (served_s, Event.ACCEPTED, who),
        (served_s, Event.RESPONSE, {**who, "down": 200, "code": 101}),
        (open_s, Event.OPEN, who),
    ]


def example() -> Trace:
    """The trace of the storm above."""
    told: list[_Told] = [
        (10, Event.FAULT, {"detail": "crash"}),
        (10, Event.KILLED, {"conn": 0}),
        (30, Event.FAULT, {"detail": "restart"}),
        (30, Event.UP, {"conn": 0}),
        *_settled(0),
        *_refused(0, 1, at_s=12),
        *_opened(0, 2, set_s=12, at_s=32, started_s=32, open_s=33),
        *_settled(1),
        *_refused(1, 1, at_s=14),
        *_opened(1, 2, set_s=14, at_s=32.1, started_s=32.5, open_s=34),
        (36, Event.CLOSE, {**_who(1, 2), "code": 1011, "cause": Cause.SERVER_CLOSED}),
        *_opened(1, 3, set_s=36, at_s=38, started_s=38, open_s=39),
        *_settled(2),
        *_refused(2, 1, at_s=11),
        (11, Event.GAVE_UP, {"client": 2, "endpoint": 0}),
    ]
    recorder = Recorder()
    for time_s, event, columns in sorted(told, key=lambda row: row[0]):
        recorder.add(to_ns(time_s), event, **columns)
    return recorder.finish(HEADER)
