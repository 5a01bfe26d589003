"""What the fleet sends: attempts, arrivals at the server, bytes of handshakes, success."""

import numpy as np

from stormlab.clock import NS_PER_MS, NS_PER_S
from stormlab.metrics import peak_per_bin
from stormlab.recovery.attempts import BYTE_KINDS
from stormlab.recovery.rows import NEVER, Bools, Floats, Ints
from stormlab.recovery.run import Recovery, once
from stormlab.vocabulary import Event


def percent(part: float, whole: float) -> float | None:
    """Part of the whole in percent; None when there is no whole."""
    return 100 * part / whole if whole else None


@once
def attempt_times_ns(recovery: Recovery) -> Ints:
    """Begins of the attempts of the storm, ascending."""
    return recovery.attempts.new_ns[recovery.storm]


@once
def arrival_times_ns(recovery: Recovery) -> Ints:
    """When handshake requests of the storm went to the server (``net.request``), ascending."""
    requests = recovery.rows.of(Event.REQUEST)
    counts = np.append(recovery.storm, False)[recovery.attempts.number(requests)]
    return recovery.rows.get("time_ns", requests[counts])


def attempts_peak(recovery: Recovery, bin_ms: int) -> int:
    """Most attempts in one bin; bins follow each other from time 0 on."""
    return peak_per_bin(attempt_times_ns(recovery), bin_ms * NS_PER_MS)


def arrivals_peak(recovery: Recovery, bin_ms: int) -> int:
    """Most arrivals in one bin; bins follow each other from time 0 on."""
    return peak_per_bin(arrival_times_ns(recovery), bin_ms * NS_PER_MS)


def sliding_peak(times_ns: Ints, window_ns: int) -> int:
    """Most of the ascending times within any half-open stretch of ``window_ns``."""
    until = np.searchsorted(times_ns, times_ns + window_ns, side="left")
    return int((until - np.arange(len(times_ns))).max(initial=0))


def attempts_sliding_peak(recovery: Recovery) -> int:
    """Most attempts within any second."""
    return sliding_peak(attempt_times_ns(recovery), NS_PER_S)


@once
def attempts_per_client(recovery: Recovery) -> Ints:
    """Attempts of the storm by client."""
    client = recovery.attempts.client[recovery.storm]
    return np.bincount(client, minlength=recovery.rows.clients)[recovery.mine]


def attempts_mean(recovery: Recovery) -> float | None:
    """Attempts per client."""
    counts = attempts_per_client(recovery)
    return float(counts.mean()) if len(counts) else None


def attempts_most(recovery: Recovery) -> int:
    """Attempts of the client that made most."""
    return int(attempts_per_client(recovery).max(initial=0))


@once
def handshake_bytes(recovery: Recovery) -> tuple[Floats, Floats]:
    """Bytes of the storm by kind (:data:`BYTE_KINDS`): useful ones, wasted ones."""
    wire = recovery.attempts.wire
    storm = np.append(recovery.storm, False)[wire.attempt]
    useful = np.append(recovery.lasted, False)[wire.attempt]
    size = len(BYTE_KINDS)

    def total(which: Bools) -> Floats:
        sums = np.bincount(wire.kind[which], wire.size[which], minlength=size)
        return sums.astype(np.float64)

    return total(storm & useful), total(storm & ~useful)


def bytes_per_client(recovery: Recovery, kinds: tuple[str, ...] = BYTE_KINDS) -> float | None:
    """Handshake bytes of these kinds per client, both directions together."""
    useful, wasted = handshake_bytes(recovery)
    both = useful + wasted
    total = sum(float(both[BYTE_KINDS.index(kind)]) for kind in kinds)
    return total / recovery.clients if recovery.clients else None


def useful_bytes_per_client(recovery: Recovery) -> float | None:
    """Bytes of attempts that became a lasting connection, per client."""
    useful, _ = handshake_bytes(recovery)
    return float(useful.sum()) / recovery.clients if recovery.clients else None


def wasted_bytes_percent(recovery: Recovery) -> float | None:
    """Share of the bytes that belong to attempts without a lasting connection."""
    useful, wasted = (float(sums.sum()) for sums in handshake_bytes(recovery))
    return percent(wasted, useful + wasted)


def page_success_percent(recovery: Recovery) -> float | None:
    """Attempts that opened, of those begun."""
    opened = recovery.storm & recovery.attempts.opened
    return percent(int(opened.sum()), int(recovery.storm.sum()))


def lasting_percent(recovery: Recovery) -> float | None:
    """Attempts that became a lasting connection, of those begun."""
    lasted = recovery.storm & recovery.lasted
    return percent(int(lasted.sum()), int(recovery.storm.sum()))


def _have(recovery: Recovery, event: Event, code: int | None = None) -> Bools:
    """Which of the storm's attempts have a row of this kind (and code)."""
    rows = recovery.rows.of(event)
    if code is not None:
        rows = rows[recovery.rows.get("code", rows) == code]
    have = np.zeros(len(recovery.attempts) + 1, bool)
    have[recovery.attempts.number(rows)] = True
    return have[:-1] & recovery.storm


def server_success_percent(recovery: Recovery) -> float | None:
    """Handshakes accepted while the client still waited, of those a worker began with."""
    wanted = _have(recovery, Event.ACCEPTED) & ~_have(recovery, Event.SERVED, code=1)
    begun = recovery.storm & (recovery.attempts.started_ns < NEVER)
    return percent(int(wanted.sum()), int(begun.sum()))


def rejected(recovery: Recovery) -> int:
    """Attempts of the storm that admission refused."""
    return int(_have(recovery, Event.REJECTED).sum())


def wasted_work_percent(recovery: Recovery) -> float | None:
    """Share of the workers' time that went into handshakes whose client had gone."""
    served = recovery.rows.of(Event.SERVED)
    served = served[np.append(recovery.storm, False)[recovery.attempts.number(served)]]
    work, gone = recovery.rows.get("value_ns", served), recovery.rows.get("code", served) == 1
    return percent(int(work[gone].sum()), int(work.sum()))
