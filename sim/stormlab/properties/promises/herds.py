"""Promises about many clients together: a herd that is dropped at once and refused ever after.

A herd is 200 clients of one policy, each walked with its own luck. What a herd does depends on the
seed only, so a few herds serve all worlds. Bounds follow from the width over which chance spreads
the policy's attempts: as declared, or the width of its widest delay, or the spread of its breaker's
probes. RFC 6455, section 7.2.3, names
5 s as a reasonable spread, so nobody is held to less; nor to more than half of the longest delay,
which is what "full" jitter gives.
"""

from collections.abc import Iterator
from itertools import accumulate

import numpy as np

from stormlab.clock import NS_PER_S, to_s
from stormlab.policy.support import Support
from stormlab.properties.promises.delays import AT_CAP_FROM, WALK, luck
from stormlab.properties.promises.promise import (
    HOLDS,
    Finding,
    Promise,
    Seen,
    Sometimes,
    broken,
    undecided,
)
from stormlab.properties.promises.subject import Subject
from stormlab.vocabulary import Event
from stormlab.worlds.story import Step

FLEET, OUTAGE_S = 200, 120.0
HERDS = 8
OFTEN = 400  # attempts of one client in the outage, at most so many are counted
ATOM_MAX = 0.9
RFC_SPREAD_S = 5.0
WINDOWS = 10  # in the longest delay
WINDOW_S_MIN, WINDOW_S_MAX = 0.1, 1.0
FIRST_WINDOW_NS = NS_PER_S // 10
SILENT_PER_S = 1.0  # attempts of a client that declares nothing


def _herd(subject: Subject, number: int) -> list[list[int]]:
    """The delays of each client, dropped and then refused until the outage is over."""
    return subject.once(
        ("herd", number), lambda: [_client(subject, number, i) for i in range(FLEET)]
    )


def _client(subject: Subject, number: int, client: int) -> list[int]:
    walked: list[int] = []
    for times in (WALK, 4 * WALK, OFTEN):
        walked = subject.walk(times, number, client=client, dropped_first=True).delays_ns
        if len(walked) < times or sum(walked) >= OUTAGE_S * NS_PER_S:
            break
    return walked


def _jitter_at_cap(subject: Subject, seen: Seen) -> Finding:
    number = luck(seen, HERDS)
    return subject.once(("jitter at cap", number), lambda: _commonest(subject, number))


def _commonest(subject: Subject, number: int) -> Finding:
    late = [each[AT_CAP_FROM] for each in _herd(subject, number) if len(each) > AT_CAP_FROM]
    if len(late) < FLEET // 2:
        return undecided(f"fewer than half of the clients make {AT_CAP_FROM + 1} retries")
    values, counts = np.unique(late, return_counts=True)
    most = int(counts.argmax())
    share = counts[most] / len(late)
    if share > ATOM_MAX:
        step = Step(0, Event.TIMER_SET, AT_CAP_FROM + 1, value_ns=int(values[most]))
        return broken(f"{share:.0%} of {len(late)} clients wait exactly the same", [step])
    return HOLDS


def _arrivals(subject: Subject, number: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """When the attempts of the herd are made, in order."""
    limit_ns = int(OUTAGE_S * NS_PER_S)
    times = [
        time_ns
        for walked in _herd(subject, number)
        for time_ns in accumulate(walked)
        if time_ns < limit_ns
    ]
    return np.array(sorted(times), dtype=np.int64)


def spread_s(subject: Subject) -> float:
    """The width over which the herd's attempts may be expected to be spread."""
    longest_s = to_s(subject.longest_ns())
    declared = subject.declared
    width_s = declared.spread_s
    if width_s is None and declared.breaker is not None:
        width_s = declared.probe_spread_s
    if width_s is None:
        width_s = max((to_s(_width_ns(each)) for each in _reached(subject)), default=0.0)
    return min(max(width_s, RFC_SPREAD_S), max(longest_s, 2 * WINDOW_S_MIN) / 2)


def _reached(subject: Subject) -> Iterator[Support]:
    """The delays that a client has been through when the late half of the outage begins."""
    if subject.declared.first_after_drop is not None:
        yield subject.declared.first_after_drop
    time_ns = 0.0
    for each in subject.supports:
        yield each
        time_ns += (each.low_ns + each.high_ns) / 2
        if time_ns > OUTAGE_S * NS_PER_S / 2:
            return


def _width_ns(support: Support) -> int:
    """Over how much time a delay spreads attempts; with one for each middle, no more than that."""
    return min(support.high_ns - support.low_ns, (support.low_ns + support.high_ns) // 2)


def _window_s(subject: Subject) -> float:
    return min(max(to_s(subject.longest_ns()) / WINDOWS, WINDOW_S_MIN), WINDOW_S_MAX)


def _dispersion_bound(subject: Subject) -> float:
    """As many as in the busiest window if chance spread the herd evenly over its width."""
    mean = FLEET * _window_s(subject) / spread_s(subject)
    return float(mean + 5 * mean**0.5 + 5)


def _dispersion(subject: Subject, seen: Seen) -> Finding:
    number = luck(seen, HERDS)
    return subject.once(("dispersion", number), lambda: _peak(subject, number))


def _peak(subject: Subject, number: int) -> Finding:
    times = _arrivals(subject, number)
    late = times[times > times.max(initial=0) // 2]
    if len(late) < FLEET // 4:
        return undecided("too few attempts late in the outage")
    window_ns = int(_window_s(subject) * NS_PER_S)
    windows, counts = np.unique(late // window_ns, return_counts=True)
    most, bound = int(counts.max()), _dispersion_bound(subject)
    if most > bound:
        step = Step(int(windows[counts.argmax()]) * window_ns, Event.NEW, detail=f"x {most}")
        reason = f"{most} attempts of {FLEET} clients in {to_s(window_ns):g} s"
        return broken(f"{reason}; bound: {bound:.0f}", [step])
    return HOLDS


def _first_retry(subject: Subject, seen: Seen) -> Finding:
    number = luck(seen, HERDS)
    return subject.once(("first retries", number), lambda: _together(subject, number))


def _together(subject: Subject, number: int) -> Finding:
    first = [walked[0] for walked in _herd(subject, number) if walked]
    if len(first) < FLEET // 2:
        return undecided("fewer than half of the clients retry after a drop")
    bins, counts = np.unique(np.array(first) // FIRST_WINDOW_NS, return_counts=True)
    most = int(counts.max())
    if most > FLEET // 2:
        step = Step(int(bins[counts.argmax()]) * FIRST_WINDOW_NS, Event.NEW, detail=f"x {most}")
        return broken(f"{most} of {FLEET} first retries after a drop within 100 ms", [step])
    return HOLDS


def amplification_bound(subject: Subject) -> float:
    """Attempts per lost connection: twice as many as the middles of its delays allow, and 5."""
    if not subject.supports:
        return OUTAGE_S * SILENT_PER_S + 5
    middles = [(each.low_ns + each.high_ns) / 2 for each in subject.supports]
    time_ns, made = 0.0, 0
    while time_ns < OUTAGE_S * NS_PER_S and made < OFTEN:
        time_ns += middles[min(made, len(middles) - 1)]
        made += 1
    return float(2 * made + 5)


def _amplification(subject: Subject, seen: Seen) -> Finding:
    number = luck(seen, HERDS)
    return subject.once(("amplification", number), lambda: _attempts_each(subject, number))


def _attempts_each(subject: Subject, number: int) -> Finding:
    made = len(_arrivals(subject, number)) / FLEET
    bound = amplification_bound(subject)
    if made > bound:
        reason = f"{made:.0f} attempts per lost connection in {OUTAGE_S:.0f} s"
        step = Step(int(OUTAGE_S * NS_PER_S), Event.NEW, detail=f"x {made:.0f} since the loss")
        return broken(f"{reason}; bound: {bound:.0f}", [step])
    return HOLDS if made else undecided("it does not retry")


PROMISES = (
    Promise(
        "jitter-survives-the-cap",
        "At the cap the clients of a fleet do not all wait exactly the same.",
        f"share of the commonest value of delay {AT_CAP_FROM} among {FLEET} clients"
        f" <= {ATOM_MAX:.0%}",
        ("herd",),
        _jitter_at_cap,
        lambda _subject: f"{ATOM_MAX:.0%} of {FLEET} clients",
        (Sometimes.CAP,),
    ),
    Promise(
        "fleet-disperses",
        "A fleet that lost its server together does not stay together.",
        f"attempts of {FLEET} clients in any window w in the later half of {OUTAGE_S:.0f} s"
        f" <= m + 5 sqrt(m) + 5, m = {FLEET} w / W, w = longest delay / 10 within 0.1 to 1 s,"
        " W = min(max(width of its delays or probes, 5 s), longest delay / 2)",
        ("herd",),
        _dispersion,
        lambda subject: (
            f"{_dispersion_bound(subject):.0f} attempts of {FLEET} clients in"
            f" {_window_s(subject):g} s"
        ),
        (Sometimes.MASS_LOSS,),
    ),
    Promise(
        "first-retry-is-spread",
        "The first retries of a fleet after a drop are spread.",
        f"first retries of {FLEET} clients in any 100 ms <= {FLEET // 2}",
        ("herd",),
        _first_retry,
        lambda _subject: f"{FLEET // 2} of {FLEET} within 100 ms",
        (Sometimes.MASS_LOSS,),
    ),
    Promise(
        "amplification-bounded",
        "An outage makes no more attempts per lost connection than the declared delays allow.",
        f"attempts per client in {OUTAGE_S:.0f} s <= 2 n + 5, n = how many middles of declared"
        f" delays fit; {OUTAGE_S * SILENT_PER_S + 5:.0f} where none are declared",
        ("herd",),
        _amplification,
        lambda subject: f"{amplification_bound(subject):.0f} attempts in {OUTAGE_S:.0f} s",
        (Sometimes.MASS_LOSS,),
    ),
)
