"""Promises about circuit breakers and about what the server says.

A breaker is judged by what the client does, not by what it says of itself: a reference breaker with
the declared parameters is fed with the outcomes that the client met, and the client's attempts are
held against it. So a breaker that never trips, or never tries again, is found whatever it claims.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise

from stormlab.clock import to_ns, to_s
from stormlab.evidence import Outcome
from stormlab.policy.breaker import BreakerState, CircuitBreaker
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
from stormlab.worlds.story import Step, Story

NO_BREAKER = "it declares no circuit breaker"
SLACK_NS = 1_000
ABNORMAL = 1006
_AWAKENS = {Event.ONLINE, Event.VISIBLE, Event.RETRY_BY_HAND}
_EXCUSES = {Event.OFFLINE, Event.HIDDEN, Event.CLOSE_CALLED, Event.GAVE_UP}


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


def _merged(life: Life) -> Iterator[tuple[int, Step]]:
    """The steps of these sockets in order, with the socket's number."""
    every = [
        (step.time_ns, index, story.endpoint, step)
        for story in life
        for index, step in enumerate(story)
    ]
    for _, _, endpoint, step in sorted(every, key=lambda each: each[:3]):
        yield endpoint, step


class _Reference:
    """A reference breaker that lives through what the client met."""

    def __init__(self, subject: Subject, rule: CircuitBreaker) -> None:
        declared = subject.declared
        self.breaker = rule.make()
        self._success_on = Event.PROVED if declared.proves_success else Event.OPEN
        self._drops_fail = declared.drops_fail
        self._unresolved: set[int] = set()

    def is_open(self, step: Step) -> bool:
        """Whether it is open at this step."""
        return self.breaker.state(step.time_ns) is BreakerState.OPEN

    def is_closed(self, step: Step) -> bool:
        """Whether it is closed at this step."""
        return self.breaker.state(step.time_ns) is BreakerState.CLOSED

    def follow(self, endpoint: int, step: Step) -> None:
        """Take one step in; a NEW is taken as made, whether or not it was allowed."""
        time_ns = step.time_ns
        if step.event is Event.NEW:
            self.breaker.allow(time_ns)
            self._unresolved.add(endpoint)
        elif step.event is self._success_on and endpoint in self._unresolved:
            self._unresolved.discard(endpoint)
            self.breaker.record(time_ns, success=True)
        elif step.event is Event.CLOSE:
            if endpoint in self._unresolved or self._drops_fail:
                self.breaker.record(time_ns, success=False)
            self._unresolved.discard(endpoint)
        elif step.event is Event.RETRY_BY_HAND:
            self.breaker.reset()


@_each_life
def _quiet_while_open(subject: Subject, rule: CircuitBreaker, life: Life) -> Finding:
    reference = _Reference(subject, rule)
    opened: Step | None = None
    judged = False
    last_failure: Step | None = None
    for endpoint, step in _merged(life):
        if step.event is Event.NEW and reference.is_open(step):
            before = opened or last_failure
            steps = [before, step] if before is not None else [step]
            return broken("an attempt while the breaker is open", steps)
        reference.follow(endpoint, step)
        if step.event is Event.CLOSE:
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
    for endpoint, step in _merged(life):
        if step.event is Event.NEW:
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
    longest_ns = to_ns(max(subject.declared.delay_s_max or 0.0, 1.0))
    end_ns = max((story.end_ns for story in life), default=0)
    reference = _Reference(subject, rule)
    due_ns: int | None = None
    opened: Step | None = None
    judged = False
    for endpoint, step in _merged(life):
        if due_ns is not None and step.time_ns > due_ns and opened is not None:
            reason = f"no attempt {to_s(step.time_ns - opened.time_ns):.0f} s after it opened"
            return broken(f"{reason}; the breaker's time has passed", [opened])
        reference.follow(endpoint, step)
        if step.event is Event.NEW or step.event in _AWAKENS:
            due_ns = opened = None
        elif step.event in {Event.OFFLINE, Event.HIDDEN, Event.CLOSE_CALLED}:
            due_ns = None
        elif step.event is Event.CLOSE and reference.is_open(step):
            until_ns = reference.breaker.next_probe_ns(step.time_ns) or step.time_ns
            spread_ns = (until_ns - step.time_ns) // 5  # a spread of the probes is allowed
            due_ns, opened = until_ns + spread_ns + longest_ns + SLACK_NS, step
            judged = True
    if due_ns is not None and opened is not None and end_ns > due_ns:
        reason = f"no attempt {to_s(end_ns - opened.time_ns):.0f} s after it opened"
        return broken(f"{reason}; the breaker's time has passed", [opened])
    return HOLDS if judged else undecided("the breaker never had to open")


@_each_life
def _opens_for_cause(subject: Subject, rule: CircuitBreaker, life: Life) -> Finding:
    """While the reference is closed, each loss is answered within the longest delay."""
    declared = subject.declared
    known = [*subject.supports]
    known += [declared.first_after_drop] if declared.first_after_drop is not None else []
    longest_ns = max([to_ns(declared.delay_s_max or 0.0), *(each.high_ns for each in known)])
    reference = _Reference(subject, rule)
    lost: dict[int, Step] = {}
    judged = False
    for endpoint, step in _merged(life):
        late = [old for old in lost.values() if step.time_ns > old.time_ns + longest_ns + SLACK_NS]
        if late:
            reason = f"no attempt {to_s(step.time_ns - late[0].time_ns):.0f} s after a loss"
            return broken(f"{reason}, and the breaker had no cause to open", late[:1])
        reference.follow(endpoint, step)
        plain = step.code == ABNORMAL and step.advice_ns is None
        if step.event is Event.CLOSE and plain and reference.is_closed(step):
            lost[endpoint], judged = step, True
        elif step.event is Event.NEW:
            lost.pop(endpoint, None)
        elif step.event in _EXCUSES:
            lost.clear()
        if not reference.is_closed(step):
            lost.clear()
    return HOLDS if judged else undecided("nothing was lost while the breaker was closed")


def _obeys_advice(subject: Subject, seen: Seen) -> Finding:
    if subject.declared.obeys_advice is None:
        return undecided("it does not say whether it obeys a server's advice")
    if not subject.declared.obeys_advice:
        return undecided("it declares that it takes no advice")
    judged = False
    for story in seen.stories:
        told: Step | None = None
        for step in story:
            if step.event is Event.CLOSE:
                told = step if step.advice_ns is not None else None
            elif step.event in _AWAKENS:
                told = None
            elif step.event is Event.NEW and told is not None and told.advice_ns is not None:
                judged = True
                if step.time_ns + SLACK_NS < told.time_ns + told.advice_ns:
                    reason = f"the server asked for {to_s(told.advice_ns):g} s"
                    return broken(reason, [told, step], story.who)
                told = None
    return HOLDS if judged else undecided("the server gave no advice")


def _obeys_codes(subject: Subject, seen: Seen) -> Finding:
    final = subject.declared.final_codes
    judged = False
    for story in seen.stories:
        ended: Step | None = None
        for step in story:
            if step.event is Event.CLOSE:
                ended = step if step.code in final else None
                judged = judged or step.clean == 1
            elif step.event in _AWAKENS:
                ended = None
            elif step.event is Event.NEW and ended is not None:
                reason = f"an attempt after close code {ended.code}, declared final"
                return broken(reason, [ended, step], story.who)
    if not judged:
        return undecided("no close code was received")
    stopped = _stopped_by_code(subject, seen)
    return stopped or HOLDS


def _stopped_by_code(subject: Subject, seen: Seen) -> Finding | None:
    """A restart (1012) or overload (1013) that ends a client for good, without being declared."""
    if subject.declared.gives_up or subject.declared.attempts_max is not None:
        return None
    for story in seen.stories:
        steps = [step for step in story if step.event in {Event.CLOSE, Event.GAVE_UP}]
        for before, after in pairwise(steps):
            transient = before.code in {1001, 1012, 1013} and before.clean == 1
            if transient and after.event is Event.GAVE_UP and after.time_ns == before.time_ns:
                reason = f"code {before.code} asks to come back, and the client gives up"
                return broken(reason, [before, after], story.who)
    return None


def _heartbeat_beats_proxy(subject: Subject, seen: Seen) -> Finding:
    document = getattr(seen.world, "document", {})
    cut_s = document.get("network", {}).get("idle_cut_s") if isinstance(document, dict) else None
    if seen.trace is None or not isinstance(cut_s, int | float):
        return undecided("no proxy cuts idle connections in this world")
    cuts = [step for story in seen.stories for step in story if step.event is Event.IDLE_CUT]
    if not cuts:
        return HOLDS
    period_s = subject.declared.terms.heartbeat_s
    said = "it has no heartbeat" if period_s is None else f"its heartbeat is {period_s:g} s"
    return broken(f"a proxy cuts after {cut_s:g} s of silence, and {said}", cuts[:3])


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
        "obeys-advice",
        "A delay that the server asks for is kept.",
        "next NEW >= CLOSE + advice, for a policy that declares to obey",
        ("bare",),
        _obeys_advice,
        needs=(Sometimes.ADVICE,),
    ),
    Promise(
        "obeys-close-codes",
        "Close codes are obeyed: final ones end it, 1001, 1012 and 1013 do not.",
        "no NEW after a declared final code; no GAVE_UP in answer to 1001, 1012, 1013",
        ("bare", "fleet"),
        _obeys_codes,
    ),
    Promise(
        "heartbeat-beats-the-proxy",
        "The heartbeat is shorter than the smallest idle cut on the path.",
        "no IDLE_CUT",
        ("fleet",),
        _heartbeat_beats_proxy,
        lambda subject: (
            "has no heartbeat"
            if subject.declared.terms.heartbeat_s is None
            else f"heartbeat every {subject.declared.terms.heartbeat_s:g} s"
        ),
    ),
)
