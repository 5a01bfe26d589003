"""Promises about delays: range, growth, overflow.

They are judged by the policy's schedule, taken for a walk: refused again and again. What a walk
gives depends on the seed only, and every world has its own; of the long ones, which cost most of
ten milliseconds each, a thousand serve all worlds.
"""

from stormlab.clock import NS_PER_S, to_ns, to_s
from stormlab.draws import Draws
from stormlab.policy.chance import AddressedChance
from stormlab.policy.delays import delays
from stormlab.policy.support import Support
from stormlab.properties.promises.events import CLOSE, TIMER_SET
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
from stormlab.worlds.story import Step, Story

LONG_WALK = 1_200  # beyond every known overflow: backo2's is at 1,015 and 1,018
WALK = 40
AT_CAP_FROM = 24  # delays from this one on are taken to be at the cap
LONG_LUCKS = 1_000
TOLERANCE_NS = 1_000
COLLAPSE = 1_000  # a delay that shrank to less than one in so many has overflowed
ROUNDING = 0.999
GUARDED = "a breaker or a budget holds its attempts back, and its delays cannot be told apart"


def luck(seen: Seen, lucks: int | None = None) -> int:
    """Which walk belongs to a world: its own, or one of so many."""
    seed = int(getattr(seen.world, "seed", 0))
    return seed if lucks is None else seed % lucks


def _fixed_walk(subject: Subject, count: int, number: int) -> list[int] | None:
    """Its delays under one draw that never changes; None: they cannot be told."""
    unit = Draws(number).unit(0, "the draw of this walk")
    return subject.fixed_walk(count, unit)


def _drawn_walk(subject: Subject, number: int) -> list[int]:
    make = subject.scheduled
    if make is None:
        return subject.walk(WALK, number).delays_ns
    return delays(make(), WALK, AddressedChance(Draws(number), 0)).delays_ns


def _step(index: int, delay_ns: int) -> Step:
    return Step(0, TIMER_SET, index + 1, value_ns=delay_ns)


def _in_range(subject: Subject, seen: Seen) -> Finding:
    for story in seen.stories:
        found = _waits_in_range(subject, story)
        if found is not None:
            return found
    number = luck(seen)
    found = subject.once(("range", number), lambda: _walk_in_range(subject, number))
    return found or HOLDS


def _waits_in_range(subject: Subject, story: Story) -> Finding | None:
    """Whether a wait in the world was below zero, or beyond all that is declared."""
    most_ns = _longest_ns(subject)
    asked_ns, spread_ns = 0, to_ns(subject.declared.advice_spread_s)
    for step in story.of(CLOSE, TIMER_SET):
        if step.event is CLOSE:
            asked_ns = (step.advice_ns or 0) + spread_ns
        elif step.event is TIMER_SET:
            if step.value_ns < 0:
                return broken("a delay below zero", [step], story.who)
            if most_ns is not None and step.value_ns > max(most_ns, asked_ns) + TOLERANCE_NS:
                return broken(f"a delay beyond {to_s(most_ns):g} s", [step], story.who)
    return None


def _walk_in_range(subject: Subject, number: int) -> Finding | None:
    guarded = subject.scheduled is None
    walked = _drawn_walk(subject, number)
    for index, (support, delay_ns) in enumerate(zip(subject.supports, walked, strict=False)):
        if not _allowed(support, delay_ns, guarded=guarded):
            reason = f"delay {index} is {to_s(delay_ns):g} s; declared: {support.text}"
            return broken(reason, [_step(index, delay_ns)], walk_ns=walked[: index + 1])
    return None


def _allowed(support: Support, delay_ns: int, *, guarded: bool) -> bool:
    return support.contains(delay_ns) or (guarded and delay_ns >= support.low_ns)


def _longest_ns(subject: Subject) -> int | None:
    """The longest wait that is declared, advice and its spread aside; None: it declares none."""
    declared = subject.declared
    if declared.seen or declared.delay_s_max is None or declared.guarded or not subject.supports:
        return None
    return max(subject.longest_ns(), to_ns(declared.delay_s_max))


def _monotone(subject: Subject, seen: Seen) -> Finding:
    number = luck(seen)
    return subject.once(("grows", number), lambda: _walk_grows(subject, number))


def _walk_grows(subject: Subject, number: int) -> Finding:
    walked = _fixed_walk(subject, WALK, number)
    if walked is None:
        return undecided(GUARDED)
    longest = 0
    for index, delay_ns in enumerate(walked):
        least = longest / 2 if index == 1 else longest * ROUNDING  # the first is often special
        if delay_ns + TOLERANCE_NS < longest and delay_ns < least:
            steps = [_step(i, walked[i]) for i in (index - 1, index)]
            reason = f"with the same draw, delay {index} is shorter than one before"
            return broken(reason, steps, walk_ns=walked[: index + 1])
        longest = delay_ns if index == 1 else max(longest, delay_ns)
    return HOLDS if walked else undecided("it does not retry")


def _no_overflow(subject: Subject, seen: Seen) -> Finding:
    number = luck(seen, LONG_LUCKS)
    return subject.once(("overflow", number), lambda: _walk_overflows(subject, number))


def _walk_overflows(subject: Subject, number: int) -> Finding:
    walked = _fixed_walk(subject, LONG_WALK, number)
    if walked is None:
        return undecided(GUARDED)
    longest = 0
    for index, delay_ns in enumerate(walked):
        reason = ""
        if delay_ns < 0:
            reason = f"delay {index} is negative"
        elif not delay_ns and longest:
            reason = f"delay {index} is zero after longer ones"
        elif delay_ns * COLLAPSE < longest:
            reason = f"delay {index} is less than a thousandth of one before, with the same draw"
        if reason:
            last = 1 if delay_ns < 0 else 2  # what is negative shows it alone
            steps = [_step(i, walked[i]) for i in range(max(0, index + 1 - last), index + 1)]
            return broken(reason, steps, walk_ns=walked[: index + 1])
        longest = max(longest, delay_ns) if index else 0
    return HOLDS if walked else undecided("it does not retry")


def _range_bound(subject: Subject) -> str:
    longest_ns = _longest_ns(subject)
    return "declares no cap" if longest_ns is None else f"0 to {longest_ns / NS_PER_S:g} s"


PROMISES = (
    Promise(
        "delay-in-range",
        "Every delay lies in the range that the policy declares.",
        "TIMER_SET.value in union of supports(n), or the server's advice; the n-th delay while"
        " refused in supports(n)",
        ("bare",),
        _in_range,
        _range_bound,
    ),
    Promise(
        "delay-grows-to-the-cap",
        "With the same draw no delay is shorter than the one before it; the second may be half of"
        " the first.",
        "delay(n + 1; u) >= delay(n; u) for 0 < n < 40, delay(1; u) >= delay(0; u) / 2, one u in"
        " [0, 1)",
        ("bare", "code"),
        _monotone,
        needs=(Sometimes.REFUSAL,),
        walks=True,
    ),
    Promise(
        "delay-survives-overflow",
        "No delay is negative, and none collapses after longer ones, in 1,200 refused attempts.",
        "delay(n; u) >= 0, > 0 once delay(m; u) > 0, and >= delay(m; u) / 1,000,"
        " for 0 < m < n < 1,200 and one u in [0, 1)",
        ("bare", "code"),
        _no_overflow,
        walks=True,
    ),
)
