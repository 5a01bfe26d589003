"""Promises about circuit breakers.

A breaker is judged by what the client does, not by what it says of itself: a reference breaker with
the declared parameters is fed with the outcomes that the client met, and the client's attempts are
held against it. So a breaker that never trips, or never tries again, is found whatever it claims.
"""

from collections.abc import Callable

from stormlab.clock import NS_PER_MS, NS_PER_S, to_ns, to_s
from stormlab.evidence import Outcome
from stormlab.policy.breaker import BreakerState, CircuitBreaker
from stormlab.properties.promises.events import (
    CLOSE,
    CLOSE_CALLED,
    GAVE_UP,
    NEW,
    OBSERVED,
    ONLINE,
    OPEN,
    PROVED,
    RETRY_BY_HAND,
    VISIBLE,
)
from stormlab.properties.promises.promise import (
    HOLDS,
    Finding,
    Presence,
    Promise,
    Seen,
    Sometimes,
    broken,
    in_order,
    undecided,
)
from stormlab.properties.promises.subject import Subject
from stormlab.worlds.story import Step, Story

LATTICE_S = 64.0  # the kernel sends a SYN again at the latest so long after the one before
OPENS_MAX = 8  # in a row, for an open time that grows
NO_BREAKER = "it declares no circuit breaker"
SLACK_NS = 1_000
SPREAD = 5  # a breaker's probes may be spread over a fifth of its open time
ABNORMAL = 1006
_AWAKENS = {ONLINE, VISIBLE, RETRY_BY_HAND}


Life = tuple[Story, ...]


def _each_life(
    judge: Callable[[Subject, CircuitBreaker, Life], Finding],
) -> Callable[[Subject, Seen], Finding]:
    """Judge together the sockets that share a breaker: all of a client, or each by itself."""

    def judge_all(subject: Subject, seen: Seen) -> Finding:
        rule = subject.declared.breaker
        if rule is None:
            return undecided(NO_BREAKER)
        lives = [seen.stories] if subject.declared.shared else [(each,) for each in seen.stories]
        findings = [judge(subject, rule, life) for life in lives]
        for outcome in (Outcome.BROKEN, Outcome.HOLDS):
            for finding in findings:
                if finding.outcome is outcome:
                    return finding
        return findings[0] if findings else undecided("there is no socket")

    return judge_all


class _Reference:
    """A reference breaker that lives through what the client met."""

    def __init__(self, subject: Subject, rule: CircuitBreaker) -> None:
        declared = subject.declared
        self.breaker = rule.make()
        self._success_on = PROVED if declared.proves_success else OPEN
        self._drops_fail = declared.drops_fail
        self._by_hand_resets = declared.by_hand_resets
        self._unresolved: set[int] = set()
        self._open: set[int] = set()

    def is_open(self, step: Step) -> bool:
        """Whether it is open at this step."""
        return self.breaker.state(step.time_ns) is BreakerState.OPEN

    def is_closed(self, step: Step) -> bool:
        """Whether it is closed at this step."""
        return self.breaker.state(step.time_ns) is BreakerState.CLOSED

    def resolved(self, endpoint: int) -> bool:
        """Whether nothing is awaited of a socket's latest attempt."""
        return endpoint not in self._unresolved

    def follow(self, endpoint: int, step: Step) -> None:
        """Take one step in; a NEW is taken as made, whether or not it was allowed."""
        time_ns = step.time_ns
        if step.event is NEW:
            self.breaker.allow(time_ns)
            self._unresolved.add(endpoint)
        elif step.event is CLOSE:
            self._open.discard(endpoint)
            if endpoint in self._unresolved or self._drops_fail:
                self.breaker.record(time_ns, success=False)
            self._unresolved.discard(endpoint)
        elif step.event is RETRY_BY_HAND:
            if self._by_hand_resets and endpoint not in self._open:
                self.breaker.reset()
        elif step.event in {OPEN, self._success_on}:
            self._open.add(endpoint)
            if step.event is self._success_on and endpoint in self._unresolved:
                self._unresolved.discard(endpoint)
                self.breaker.record(time_ns, success=True)


@_each_life
def _quiet_while_open(subject: Subject, rule: CircuitBreaker, life: Life) -> Finding:
    reference = _Reference(subject, rule)
    opened: Step | None = None
    judged = False
    last_failure: Step | None = None
    for endpoint, step in in_order(life):
        if step.event is NEW and reference.is_open(step):
            before = opened or last_failure
            steps = [before, step] if before is not None else [step]
            return broken("an attempt while the breaker is open", steps)
        reference.follow(endpoint, step)
        if step.event is CLOSE:
            last_failure = step
            if reference.is_open(step):
                opened, judged = opened or step, True
            else:
                opened = None
    return HOLDS if judged else undecided("the breaker never had to open")


@_each_life
def _probes_within_quota(subject: Subject, rule: CircuitBreaker, life: Life) -> Finding:
    if rule.probes is None:
        return undecided("it declares that it lets any number of probes through")
    reference = _Reference(subject, rule)
    probes: list[Step] = []
    judged = False
    for endpoint, step in in_order(life):
        if step.event is NEW:
            half_open = reference.breaker.state(step.time_ns) is BreakerState.HALF_OPEN
            if half_open and reference.breaker.next_probe_ns(step.time_ns) != step.time_ns:
                reason = f"more than {rule.probes} probes at a time while half-open"
                return broken(reason, [*probes[-rule.probes :], step])
            if half_open:
                judged = True
                probes.append(step)
        reference.follow(endpoint, step)
    return HOLDS if judged else undecided("the breaker was never half-open")


@_each_life
def _tries_again(subject: Subject, rule: CircuitBreaker, life: Life) -> Finding:
    """After its open time an open breaker lets a probe through, and soon one is made."""
    if subject.declared.budget is not None:
        return undecided("its budget may hold back any retry")
    later_ns = max(subject.longest_ns(), NS_PER_S) + SLACK_NS
    later_ns += to_ns(subject.declared.probe_spread_s)
    end_ns = max((story.end_ns for story in life), default=0)
    reference, presence = _Reference(subject, rule), Presence()
    due_ns: int | None = None
    opened: Step | None = None
    judged = False
    for endpoint, step in in_order(life):
        if due_ns is not None and step.time_ns > due_ns and opened is not None:
            return _late_probe(opened, step.time_ns)
        reference.follow(endpoint, step)
        presence.take(step)
        if step.event is NEW or step.event in _AWAKENS:
            due_ns = opened = None
        elif presence.away or step.event in {CLOSE_CALLED, GAVE_UP}:
            due_ns = None
        elif step.event is CLOSE and step.advice_ns is None and reference.is_open(step):
            until_ns = reference.breaker.next_probe_ns(step.time_ns) or step.time_ns
            due_ns, opened = until_ns + (until_ns - step.time_ns) // SPREAD + later_ns, step
            judged = True
    if due_ns is not None and opened is not None and end_ns > due_ns:
        return _late_probe(opened, end_ns)
    return HOLDS if judged else undecided("the breaker never had to open")


def _late_probe(opened: Step, now_ns: int) -> Finding:
    reason = f"no attempt {to_s(now_ns - opened.time_ns):.0f} s after it opened"
    return broken(f"{reason}; the breaker's time has passed", [opened])


@_each_life
def _opens_for_cause(subject: Subject, rule: CircuitBreaker, life: Life) -> Finding:
    """While the reference is closed, each loss is answered within the longest delay."""
    if subject.declared.budget is not None:
        return undecided("its budget may hold back any retry")
    longest_ns = subject.longest_ns() + SLACK_NS
    reference, presence = _Reference(subject, rule), Presence()
    lost: dict[int, Step] = {}
    judged = False
    for endpoint, step in in_order(life):
        late = [old for old in lost.values() if step.time_ns > old.time_ns + longest_ns]
        if late:
            reason = f"no attempt {to_s(step.time_ns - late[0].time_ns):.0f} s after a loss"
            return broken(f"{reason}, and the breaker had no cause to open", late[:1])
        reference.follow(endpoint, step)
        presence.take(step)
        plain = step.code == ABNORMAL and step.advice_ns is None
        if presence.away or step.event is CLOSE_CALLED or not reference.is_closed(step):
            lost.clear()
        elif step.event is CLOSE and plain:
            lost[endpoint], judged = step, True
        elif step.event in {NEW, GAVE_UP}:
            lost.pop(endpoint, None)
    return HOLDS if judged else undecided("nothing was lost while the breaker was closed")


@_each_life
def _frees_its_slot(subject: Subject, rule: CircuitBreaker, life: Life) -> Finding:
    """A probe that nobody answers does not keep the other sockets out for ever."""
    bound_ns = _slot_ns(subject, rule)
    reference, presence = _Reference(subject, rule), Presence()
    probes: dict[int, Step] = {}  # half-open attempts without a success or an end
    waiting: dict[int, Step] = {}
    judged = False
    for endpoint, step in [*in_order(life), *_ends(life)]:
        kept_out = [each for each in waiting if each not in probes]
        for probe in probes.values() if kept_out and not presence.away else ():
            held_ns = step.time_ns - max(probe.time_ns, waiting[kept_out[0]].time_ns)
            if held_ns > bound_ns:
                reason = f"a probe without an answer keeps others out for {to_s(held_ns):.0f} s"
                return broken(
                    f"{reason}; bound: {to_s(bound_ns):.0f} s", [waiting[kept_out[0]], probe]
                )
        half_open = reference.breaker.state(step.time_ns) is BreakerState.HALF_OPEN
        reference.follow(endpoint, step)
        presence.take(step)
        if presence.away or step.event in {CLOSE_CALLED, RETRY_BY_HAND, GAVE_UP}:
            probes, waiting = {}, {}
        elif step.event is NEW:
            waiting.pop(endpoint, None)
            if half_open:
                probes[endpoint], judged = step, judged or len(life) > 1
        elif step.event is CLOSE or reference.resolved(endpoint):
            probes.pop(endpoint, None)
            if step.event is CLOSE and step.advice_ns is None:
                waiting[endpoint] = step
    return HOLDS if judged else undecided("no probe was made that others had to wait for")


def _ends(life: Life) -> list[tuple[int, Step]]:
    end_ns = max((story.end_ns for story in life), default=0)
    return [(-1, Step(end_ns, OBSERVED))]


def _slot_ns(subject: Subject, rule: CircuitBreaker) -> int:
    """How long a probe may keep others out: its own time-out, then as the breaker says."""
    timeout_s = subject.declared.terms.connect_timeout_s
    wait_s = LATTICE_S if timeout_s is None else min(timeout_s, LATTICE_S)
    wait_s += max(rule.half_open_s_max or 0.0, 0.0)
    open_ms = rule.open_for.base_ms(OPENS_MAX) or 0.0
    open_ns = int(open_ms * NS_PER_MS)
    wait_ns = to_ns(wait_s + subject.declared.probe_spread_s) + open_ns + open_ns // SPREAD
    return wait_ns + max(subject.longest_ns(), 2 * NS_PER_S) + SLACK_NS


def _breaker_bound(subject: Subject) -> str:
    rule = subject.declared.breaker
    return NO_BREAKER if rule is None else rule.words


_HANDS: tuple[Sometimes, ...] = (Sometimes.REFUSAL,)

PROMISES = (
    Promise(
        "quiet-while-the-breaker-is-open",
        "No attempt is made while the breaker is open, and it opens when it should.",
        "no NEW while a reference breaker, fed with the same outcomes, is open",
        ("bare",),
        _quiet_while_open,
        _breaker_bound,
        _HANDS,
    ),
    Promise(
        "half-open-keeps-its-quota",
        "A half-open breaker lets no more probes through than it declares, and a probe that ended"
        " frees its place.",
        "NEW while the reference is half-open only if the reference has a free probe",
        ("bare",),
        _probes_within_quota,
        _breaker_bound,
        _HANDS,
    ),
    Promise(
        "breaker-tries-again",
        "An open breaker tries again by itself when its time has passed.",
        "NEW within open time * 1.2 + longest delay of the failure that opened it",
        ("bare",),
        _tries_again,
        _breaker_bound,
        _HANDS,
    ),
    Promise(
        "breaker-opens-for-cause",
        "The breaker does not hold anybody back without a cause.",
        "NEW within the longest delay of each CLOSE with 1006 while a reference breaker is closed",
        ("bare",),
        _opens_for_cause,
        _breaker_bound,
        _HANDS,
    ),
    Promise(
        "probe-frees-its-slot",
        "A probe that gets no answer does not keep the client's other sockets out for ever.",
        "NEW of a waiting socket within connect time-out (or 64 s) + half-open limit + open time"
        " * 1.2 + longest delay of a probe that neither succeeded nor ended",
        ("bare",),
        _frees_its_slot,
        lambda subject: (
            NO_BREAKER
            if subject.declared.breaker is None
            else f"{to_s(_slot_ns(subject, subject.declared.breaker)):.0f} s"
        ),
    ),
)
