"""Promises about delays: range, growth, overflow, and the draw that keeps a fleet apart."""

import numpy as np

from stormlab.clock import NS_PER_S, to_s
from stormlab.draws import Draws
from stormlab.policy.contract import Scope
from stormlab.policy.delays import Walked, delays
from stormlab.policy.support import Support
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

LONG_WALK = 1_200  # beyond every known overflow: backo2's is at 1,015 and 1,018
WALK = 40
FLEET, OUTAGE_S = 200, 120.0
AT_CAP_FROM = 24  # delays from this one on are taken to be at the cap
ATOM_MAX = 0.5
TOLERANCE_NS = 1_000
COLLAPSE = 1_000  # a delay that shrank to less than one in so many has overflowed


class Fixed:
    """Chance that always says the same."""

    def __init__(self, unit: float) -> None:
        """Say ``unit`` from now on."""
        self._unit = unit

    def unit(self, purpose: str, scope: Scope = "attempt") -> float:
        """The same, whatever is asked for."""
        del purpose, scope
        return self._unit


def _walk(subject: Subject, count: int, unit: float) -> Walked:
    return delays(subject.make(), count, Fixed(unit))


def _step(index: int, delay_ns: int) -> Step:
    return Step(0, Event.TIMER_SET, index + 1, value_ns=delay_ns)


def _in_range(subject: Subject, seen: Seen) -> Finding:
    declared = subject.declared
    most_ns = _longest_ns(subject)
    for story in seen.stories:
        for step in story.of(Event.TIMER_SET):
            if step.value_ns < 0:
                return broken("a delay below zero", [step], story.who)
            if most_ns is not None and step.value_ns > most_ns + TOLERANCE_NS:
                return broken(f"a delay beyond {to_s(most_ns):g} s", [step], story.who)
    seed = getattr(seen.world, "seed", 0)
    walked = subject.walk(WALK, seed)
    for index, delay_ns in enumerate(walked.delays_ns):
        support = declared.supports(index)
        if support is not None and not _allowed(support, delay_ns, guarded=_guarded(subject)):
            return broken(
                f"delay {index} is {to_s(delay_ns):g} s; declared: {support.text}",
                [_step(index, delay_ns)],
            )
    return HOLDS


def _guarded(subject: Subject) -> bool:
    """Whether a breaker or a budget may hold an attempt back."""
    return subject.declared.breaker is not None or subject.declared.budget is not None


def _allowed(support: Support, delay_ns: int, *, guarded: bool) -> bool:
    return support.contains(delay_ns) or (guarded and delay_ns >= support.low_ns)


def _longest_ns(subject: Subject) -> int | None:
    """The longest delay that anything in the policy declares; None: it declares no cap."""
    declared = subject.declared
    if declared.seen or declared.delay_s_max is None:
        return None
    known = [support.high_ns for support in subject.supports]
    if declared.first_after_drop is not None:
        known.append(declared.first_after_drop.high_ns)
    if _guarded(subject) or declared.obeys_advice or not known:
        return None
    return max(known)


def _monotone(subject: Subject, seen: Seen) -> Finding:
    seed = getattr(seen.world, "seed", 0)
    unit = Draws(seed).unit(0, "the draw of this walk")
    walked = _walk(subject, WALK, unit)
    longest = 0
    for index, delay_ns in enumerate(walked.delays_ns):
        if delay_ns + TOLERANCE_NS < longest and delay_ns < longest * 0.999:
            steps = [_step(i, walked.delays_ns[i]) for i in (index - 1, index)]
            return broken(f"with the same draw, delay {index} is shorter than one before", steps)
        longest = max(longest, delay_ns)
    return HOLDS if walked.delays_ns else undecided("it does not retry")


def _no_overflow(subject: Subject, seen: Seen) -> Finding:
    seed = getattr(seen.world, "seed", 0)
    unit = Draws(seed).unit(0, "the draw of a long walk")
    walked = _walk(subject, LONG_WALK, unit).delays_ns
    longest = 0
    for index, delay_ns in enumerate(walked):
        if delay_ns < 0:
            return broken(f"delay {index} is negative", [_step(index, delay_ns)])
        if index and not delay_ns and any(walked[1:index]):
            steps = [_step(i, walked[i]) for i in (index - 1, index)]
            return broken(f"delay {index} is zero after longer ones", steps)
        if delay_ns * COLLAPSE < longest:
            steps = [_step(i, walked[i]) for i in (index - 1, index)]
            reason = f"delay {index} is less than a thousandth of one before"
            return broken(f"{reason}, with the same draw", steps)
        longest = max(longest, delay_ns) if index else 0
    return HOLDS if walked else undecided("it does not retry")


def _fleet_delays(subject: Subject, seed: int, count: int) -> list[list[int]]:
    return [subject.walk(count, seed, client=client).delays_ns for client in range(FLEET)]


def _jitter_at_cap(subject: Subject, seen: Seen) -> Finding:
    seed = getattr(seen.world, "seed", 0)
    walked = _fleet_delays(subject, seed, WALK)
    late = [each[AT_CAP_FROM] for each in walked if len(each) > AT_CAP_FROM]
    if len(late) < FLEET // 2:
        return undecided(f"fewer than half of the clients make {AT_CAP_FROM + 1} retries")
    values, counts = np.unique(late, return_counts=True)
    most = int(counts.argmax())
    share = counts[most] / len(late)
    if share > ATOM_MAX:
        step = _step(AT_CAP_FROM, int(values[most]))
        return broken(f"{share:.0%} of {len(late)} clients wait exactly the same", [step])
    return HOLDS


def _arrivals(subject: Subject, seed: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """When the attempts of a fleet are made that was dropped at once and is refused since."""
    limit_ns = int(OUTAGE_S * NS_PER_S)
    times: list[int] = []
    for client in range(FLEET):
        walked = subject.walk(WALK, seed, client=client, dropped_first=True)
        times += [each for each in np.cumsum(walked.delays_ns).tolist() if each < limit_ns]
    return np.array(sorted(times), dtype=np.int64)


def _dispersion_bound(subject: Subject) -> float:
    """Attempts per second at the cap if a fleet were spread over half of the longest delay."""
    longest_s = max(subject.declared.delay_s_max or 0.0, 1.0)
    mean = 2 * FLEET / longest_s
    return float(mean + 5 * mean**0.5 + 5)


def _dispersion(subject: Subject, seen: Seen) -> Finding:
    seed = getattr(seen.world, "seed", 0)
    times = _arrivals(subject, seed)
    late = times[times > times.max(initial=0) // 2]
    if len(late) < FLEET // 4:
        return undecided("too few attempts late in the outage")
    seconds, counts = np.unique(late // NS_PER_S, return_counts=True)
    most, bound = int(counts.max()), _dispersion_bound(subject)
    if most > bound:
        step = Step(int(seconds[counts.argmax()]) * NS_PER_S, Event.NEW, detail=f"x {most}")
        return broken(f"{most} of {FLEET} clients in one second; bound: {bound:.0f}", [step])
    return HOLDS


def _first_retry(subject: Subject, seen: Seen) -> Finding:
    seed = getattr(seen.world, "seed", 0)
    walks = (subject.walk(WALK, seed, client=each, dropped_first=True) for each in range(FLEET))
    first = [walked.delays_ns[0] for walked in walks if walked.delays_ns]
    if len(first) < FLEET // 2:
        return undecided("fewer than half of the clients retry after a drop")
    bins, counts = np.unique(np.array(first) // (NS_PER_S // 10), return_counts=True)
    most = int(counts.max())
    if most > FLEET // 2:
        step = Step(int(bins[counts.argmax()]) * (NS_PER_S // 10), Event.NEW, detail=f"x {most}")
        return broken(f"{most} of {FLEET} first retries after a drop within 100 ms", [step])
    return HOLDS


def _range_bound(subject: Subject) -> str:
    longest_ns = _longest_ns(subject)
    return "declares no cap" if longest_ns is None else f"0 to {to_s(longest_ns):g} s"


PROMISES = (
    Promise(
        "delay-in-range",
        "Every delay lies in the range that the policy declares.",
        "TIMER_SET.value in union of supports(n); the n-th delay while refused in supports(n)"
        " (a breaker or budget may lengthen it)",
        ("bare",),
        _in_range,
        _range_bound,
    ),
    Promise(
        "delay-grows-to-the-cap",
        "With the same draw no delay is shorter than the one before it.",
        "delay(n + 1; u) >= delay(n; u) for n < 40 and one u in [0, 1)",
        ("bare",),
        _monotone,
        needs=(Sometimes.REFUSAL,),
    ),
    Promise(
        "delay-survives-overflow",
        "No delay is negative, and none collapses after longer ones, in 1,200 refused attempts.",
        "delay(n; u) >= 0, > 0 once delay(m; u) > 0, and >= delay(m; u) / 1,000,"
        " for 0 < m < n < 1,200 and one u in [0, 1)",
        ("bare",),
        _no_overflow,
    ),
    Promise(
        "jitter-survives-the-cap",
        "At the cap the clients of a fleet do not all wait exactly the same.",
        "share of the commonest value of delay 24 among 200 clients <= 50 %",
        ("herd",),
        _jitter_at_cap,
        needs=(Sometimes.CAP,),
    ),
    Promise(
        "fleet-disperses",
        "A fleet that lost its server together does not stay together.",
        "attempts of 200 clients in any second of the outage's later half <= m + 5 sqrt(m) + 5,"
        " m = 2 * 200 / (longest delay in s)",
        ("herd",),
        _dispersion,
        lambda subject: f"{_dispersion_bound(subject):.0f} attempts of {FLEET} per second",
        (Sometimes.MASS_LOSS,),
    ),
    Promise(
        "first-retry-is-spread",
        "The first retries of a fleet after a drop are spread.",
        "first retries of 200 clients in any 100 ms <= 100",
        ("herd",),
        _first_retry,
        lambda _subject: f"{FLEET // 2} of {FLEET} within 100 ms",
        (Sometimes.MASS_LOSS,),
    ),
)
