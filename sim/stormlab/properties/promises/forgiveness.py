"""Whether a long and proved connection is forgiven the failures before it."""

from stormlab.clock import to_ns, to_s
from stormlab.properties.promises.events import CLOSE, NEW, OPEN, PROVED, TIMER_SET
from stormlab.properties.promises.outages import STABLE_S
from stormlab.properties.promises.promise import (
    HOLDS,
    PRESENCE,
    Finding,
    Presence,
    Seen,
    broken,
    undecided,
)
from stormlab.properties.promises.subject import Subject

ABNORMAL = 1006
FAILURES_BEFORE = 4


def forgets(subject: Subject, seen: Seen) -> Finding:
    """Compare the delay after a long and proved connection with the policy's first delays."""
    declared = subject.declared
    by_others = declared.breaker is not None and declared.shared and len(seen.stories) > 1
    if declared.budget is not None or declared.drops_fail or by_others:
        return undecided("its guards may hold back the first retry")
    bound_ns = subject.once("first delay", lambda: first_delay_ns(subject))
    long_ns = to_ns(max(STABLE_S, declared.stable_s))
    judged = False
    for story in seen.stories:
        if not story.has(PROVED) or len(story.of(CLOSE)) <= FAILURES_BEFORE:
            continue
        before = 0  # failures in a row before the connection
        opened = ended = None
        proved, presence = False, Presence()
        waits = NEW if seen.opaque else TIMER_SET
        for step in story.of(OPEN, PROVED, CLOSE, waits, *PRESENCE):
            presence.take(step)
            if step.event is OPEN:
                opened, proved = step, False
            elif step.event is PROVED:
                proved = True
            elif step.event is CLOSE:
                lasted_ns = step.time_ns - opened.time_ns if opened is not None else 0
                trusted = proved and lasted_ns >= long_ns and before >= FAILURES_BEFORE
                plain = step.code == ABNORMAL and step.advice_ns is None and not presence.away
                ended = step if trusted and plain else None
                before = before + 1 if opened is None else before * (not trusted)
                opened = None
            elif step.event is waits and ended is not None:
                judged = True
                waited_ns = step.time_ns - ended.time_ns if seen.opaque else step.value_ns
                if waited_ns > bound_ns:
                    reason = f"waits {to_s(waited_ns):g} s after a stable connection"
                    limit = f"; at first it waited at most {to_s(bound_ns):g} s"
                    return broken(reason + limit, [ended, step], story.who)
                ended = None
    return HOLDS if judged else undecided("no long connection followed several failures")


def first_delay_ns(subject: Subject) -> int:
    """The longest that the policy waits after the first loss of a good connection."""
    declared = subject.declared
    supports = [declared.first_after_drop, declared.supports(0), declared.supports(1)]
    known = [support.high_ns for support in supports if support is not None]
    walks = [subject.walk(2, seed, dropped_first=True).delays_ns for seed in range(16)]
    return 2 * max([*known, *(delay for walk in walks for delay in walk), to_ns(0.1)])
