"""What the server goes through: how busy its workers are, who waits for them, when it is over.

Everything here is about the whole server, whichever clients the other figures are about.
"""

import math

import numpy as np

from stormlab.clock import to_s
from stormlab.recovery.load import percent
from stormlab.recovery.rows import NEVER, Ints
from stormlab.recovery.run import Recovery, once
from stormlab.vocabulary import Event

DRAINED_SHARE = 0.99


class Levels:
    """How many of some intervals [start, stop) there are at once, as a step function."""

    def __init__(self, start_ns: Ints, stop_ns: Ints) -> None:
        """Count intervals; empty ones do not count."""
        real = stop_ns > start_ns
        moments = np.concatenate([start_ns[real], stop_ns[real]])
        steps = np.repeat(np.array([1, -1]), int(real.sum()))
        self.times_ns, where = np.unique(moments, return_inverse=True)
        change = np.bincount(where, steps, minlength=len(self.times_ns))
        self.counts: Ints = np.cumsum(change).astype(np.int64)

    def _between(self, begin_ns: int, end_ns: int) -> tuple[Ints, Ints]:
        """The counts between two moments, and for how long each holds."""
        edges = np.clip(np.append(self.times_ns, end_ns), begin_ns, end_ns)
        return self.counts, np.diff(edges)

    def integral_ns(self, begin_ns: int, end_ns: int) -> int:
        """Count times duration between two moments."""
        counts, lengths = self._between(begin_ns, end_ns)
        return int(counts @ lengths)

    def at_least_ns(self, count: int, begin_ns: int, end_ns: int) -> int:
        """For how long there are ``count`` or more between two moments."""
        counts, lengths = self._between(begin_ns, end_ns)
        return int(lengths[counts >= count].sum())

    def most(self, begin_ns: int, end_ns: int) -> int:
        """The largest count between two moments."""
        counts, lengths = self._between(begin_ns, end_ns)
        return int(counts[lengths > 0].max(initial=0))


def _killed_after(recovery: Recovery, begin_ns: Ints) -> Ints:
    """For each moment the next kill of a server process, or the end of the observation.

    What a worker or the queue held and never let go ended then; with several processes the next
    kill may have been another one's.
    """
    kills = recovery.rows.get("time_ns", recovery.rows.of(Event.KILLED))
    ends = np.append(kills, recovery.end_ns)
    return ends[np.searchsorted(kills, begin_ns, side="right")]


@once
def busy(recovery: Recovery) -> Levels:
    """Workers at a handshake, over time."""
    begun = recovery.attempts.started_ns < NEVER
    start = recovery.attempts.started_ns[begun]
    served = recovery.attempts.served_ns[begun]
    return Levels(start, np.minimum(served, _killed_after(recovery, start)))


@once
def waiting(recovery: Recovery) -> Levels:
    """Handshakes that wait for a worker, over time."""
    attempts = recovery.attempts
    queued = attempts.queued_ns < NEVER
    start = attempts.queued_ns[queued]
    answered = np.minimum(attempts.started_ns, attempts.rejected_ns)[queued]
    return Levels(start, np.minimum(answered, _killed_after(recovery, start)))


def workers(recovery: Recovery) -> int | None:
    """Workers of all server processes together; None: the header names no limit."""
    each = recovery.rows.trace.header.get("workers")
    return int(each) * recovery.rows.pods if each else None


@once
def drained_ns(recovery: Recovery) -> int:
    """When 99 % of the places of the fleet that come back were back, not before the heal.

    NEVER when the service stayed away; the end of the observation when nobody came back.
    """
    heal_ns = recovery.outage.heal_ns
    if heal_ns == NEVER:
        return NEVER
    lost = recovery.lost_ns < recovery.end_ns
    back = np.sort(recovery.back_ns[lost & (recovery.back_ns < NEVER)])
    if not len(back):
        return max(recovery.end_ns, heal_ns)
    return max(heal_ns, int(back[math.ceil(DRAINED_SHARE * len(back) - 1e-9) - 1]))


def _window(recovery: Recovery) -> tuple[int, int] | None:
    """From the heal until drained, if that takes any time."""
    begin, end = recovery.outage.heal_ns, drained_ns(recovery)
    return (begin, end) if begin < end < NEVER else None


def utilisation_percent(recovery: Recovery) -> float | None:
    """Work done from the heal until drained, of the work that all workers could do."""
    window, all_workers = _window(recovery), workers(recovery)
    if window is None or all_workers is None:
        return None
    could = all_workers * (window[1] - window[0])
    return percent(busy(recovery).integral_ns(*window), could)


def saturation_percent(recovery: Recovery) -> float | None:
    """Share of the time from the heal until drained in which every worker is busy."""
    window, all_workers = _window(recovery), workers(recovery)
    if window is None or all_workers is None:
        return None
    return percent(busy(recovery).at_least_ns(all_workers, *window), window[1] - window[0])


def queue_peak(recovery: Recovery) -> int:
    """Most handshakes waiting for a worker at once, from the fault on."""
    return waiting(recovery).most(recovery.outage.from_ns, recovery.end_ns)


def drain_s(recovery: Recovery) -> float | None:
    """From the heal until 99 % of those who come back are back."""
    lost = (recovery.lost_ns < recovery.end_ns).any()
    end_ns = drained_ns(recovery)
    if not lost or end_ns == NEVER:
        return None
    if not (recovery.back_ns < NEVER).any():
        return math.inf
    return to_s(end_ns - recovery.outage.heal_ns)


def queue_drain_s(recovery: Recovery) -> float | None:
    """From the heal until the last handshake that had to wait for a worker got one."""
    heal_ns = recovery.outage.heal_ns
    if heal_ns == NEVER:
        return None
    queue = waiting(recovery)
    last_ns = int(queue.times_ns[-1]) if len(queue.times_ns) else heal_ns
    if last_ns >= recovery.end_ns > heal_ns:
        return math.inf
    return to_s(max(0, last_ns - heal_ns))
