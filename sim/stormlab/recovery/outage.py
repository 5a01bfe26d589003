"""When it happened and when the service was there again.

``fault``
    the first ``world.fault`` (other than to hide or show pages), ``srv.killed`` or
    ``srv.shutdown``; without any, the start of the run, so that a fleet that starts from nothing
    can be read too.
``unavailable``
    no server process is there for anybody (each is killed, shut down, hung or rejecting), or the
    way to it is barred (cut, hold, offline). Slow servers are there, and so are drained ones until
    a ``srv.shutdown`` says otherwise.
``heal``
    the end of the last unavailable stretch; the fault itself when there was none.
"""

from dataclasses import dataclass

import numpy as np

from stormlab.recovery.rows import NEVER, Ints, Rows
from stormlab.vocabulary import EVENT_CODE, Event

_DOWN = {Event.KILLED, Event.SHUTDOWN}
# of one server process or of all; the second word undoes the first
_BLINDED = {"hang": "recover", "reject": "admit"}
# of the way there
_BARRED = {"cut": "heal", "hold": "release", "offline": "online"}
# these take nothing away
_HARMLESS = {"hide", "show"}


@dataclass(frozen=True, eq=False)
class Outage:
    """The fault and the stretches without service; an end of NEVER did not come."""

    fault_ns: int | None
    begins_ns: Ints
    ends_ns: Ints

    @property
    def from_ns(self) -> int:
        """From when on the storm is counted."""
        return self.fault_ns or 0

    @property
    def heal_ns(self) -> int:
        """When the service was there for good; NEVER if it was not."""
        return int(self.ends_ns[-1]) if len(self.ends_ns) else self.from_ns

    def healed_ns(self, lost_ns: Ints) -> Ints:
        """For each loss when the service was there again: at once, or when its stretch ends."""
        if not len(self.begins_ns):
            return lost_ns
        before = np.searchsorted(self.begins_ns, lost_ns, side="right") - 1
        ends = np.where(before >= 0, self.ends_ns[before], -1)
        return np.where(lost_ns == NEVER, NEVER, np.maximum(lost_ns, ends))


class _Watch:
    """Goes through what was done to the world and keeps whether anybody can be served."""

    def __init__(self, pods: int) -> None:
        self._pods = pods
        self._out: dict[str, set[int]] = {"down": set(), **{verb: set() for verb in _BLINDED}}
        self._barred = dict.fromkeys(_BARRED, 0)

    @property
    def unavailable(self) -> bool:
        gone = set[int]().union(*self._out.values())
        return len(gone) >= self._pods or any(count > 0 for count in self._barred.values())

    def process(self, event: Event, pod: int) -> None:
        """A server process comes or goes."""
        self._change("down", pod, gone=event in _DOWN)

    def fault(self, verb: str, pod: int) -> None:
        """Something is done to the world, or undone."""
        for begin, undo in _BLINDED.items():
            if verb in {begin, undo}:
                self._change(begin, pod, gone=verb == begin)
        for begin, undo in _BARRED.items():
            if verb in {begin, undo}:
                change = 1 if verb == begin else -1
                self._barred[begin] = max(0, self._barred[begin] + change)

    def _change(self, why: str, pod: int, *, gone: bool) -> None:
        which = set(range(self._pods)) if pod < 0 else {pod}
        self._out[why] = self._out[why] | which if gone else self._out[why] - which


def outage(rows: Rows) -> Outage:
    """The fault of a run and its stretches without service; goes through the world's rows only."""
    told = rows.of(Event.FAULT, Event.UP, Event.KILLED, Event.SHUTDOWN)
    columns = [rows.get(name, told).tolist() for name in ("time_ns", "event", "conn", "detail")]
    watch = _Watch(rows.pods)
    words = {EVENT_CODE[event]: event for event in (Event.UP, *_DOWN)}
    marks: list[tuple[int, bool]] = []
    fault_ns: int | None = None
    for time_ns, code, pod, detail in zip(*columns, strict=True):
        event, verb = words.get(code), rows.trace.details[detail]
        if event is None:
            watch.fault(verb, pod)
        else:
            watch.process(event, pod)
        harmful = verb not in _HARMLESS if event is None else event is not Event.UP
        if harmful and fault_ns is None:
            fault_ns = time_ns
        marks.append((time_ns, watch.unavailable))
    return Outage(fault_ns, *_stretches(marks))


def _stretches(marks: list[tuple[int, bool]]) -> tuple[Ints, Ints]:
    """Begins and ends of the stretches in which the mark is set."""
    begins: list[int] = []
    ends: list[int] = []
    for time_ns, is_set in marks:
        if is_set and len(begins) == len(ends):
            begins.append(time_ns)
        elif not is_set and len(begins) > len(ends):
            ends.append(time_ns)
    ends += [NEVER] * (len(begins) - len(ends))
    return np.array(begins, np.int64), np.array(ends, np.int64)
