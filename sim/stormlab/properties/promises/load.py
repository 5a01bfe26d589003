"""Promises about the load that a client makes: flapping, amplification, budgets, bytes."""

import numpy as np

from stormlab.clock import NS_PER_S, to_ns, to_s
from stormlab.policy.budget import BudgetRule
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
from stormlab.trace import Trace
from stormlab.vocabulary import Event
from stormlab.worlds.story import Step, Story

WINDOW_S = 60.0
WALK = 400
NEVER_S = 1e9
BYTES_MAX = 9_000  # TCP with ten SYNs, a full TLS handshake, an HTTP request first, upgrade, 101


def refused_in(subject: Subject, seed: int, window_s: float) -> int:
    """How many attempts the policy makes in a window in which every attempt is refused at once."""
    walked = subject.walk(WALK, seed, dropped_first=True)
    time_ns, made = 0, 0
    for delay_ns in walked.delays_ns:
        time_ns += delay_ns
        if time_ns > to_ns(window_s):
            break
        made += 1
    return made


def _flapping_bound(subject: Subject, seed: int = 0) -> int:
    return 2 * max(refused_in(subject, each, WINDOW_S) for each in range(seed, seed + 5)) + 5


def _attempts_bound(subject: Subject) -> int:
    """As many as it makes when refused, or as its shortest declared delays allow, and a margin."""
    shortest_ns = 0
    for made, support in enumerate(subject.supports):
        shortest_ns += support.low_ns
        if shortest_ns > to_ns(WINDOW_S):
            return min(_flapping_bound(subject), 2 * made + 5)
    return _flapping_bound(subject)


def _calm_when_fooled(subject: Subject, seen: Seen) -> Finding:
    bound = _flapping_bound(subject)
    judged = False
    for story in seen.stories:
        for begin_ns, end_ns in _fooled(story, seen.end_ns):
            if end_ns - begin_ns < to_ns(WINDOW_S):
                continue
            judged = True
            new = [step for step in story.of(Event.NEW) if begin_ns <= step.time_ns <= end_ns]
            most = _busiest(new, to_ns(WINDOW_S))
            if len(most) > bound or story.cut:
                reason = f"{len(most)} attempts in {WINDOW_S:.0f} s; refused ones would be half of"
                return broken(f"{reason} {bound}", most[:4], story.who)
    return HOLDS if judged else undecided("nothing was accepted and closed for 60 s on end")


def _busiest(steps: list[Step], window_ns: int) -> list[Step]:
    """The steps of the window that holds the most."""
    best, first = (0, 0), 0
    for last, step in enumerate(steps):
        while step.time_ns - steps[first].time_ns > window_ns:
            first += 1
        if last + 1 - first > best[1] - best[0]:
            best = first, last + 1
    return steps[best[0] : best[1]]


def _fooled(story: Story, end_ns: int) -> list[tuple[int, int]]:
    """When the server accepted only to close."""
    spans: list[tuple[int, int]] = []
    began_ns: int | None = None
    for step in story.of(Event.FAULT):
        if step.detail == "reject" and began_ns is None:
            began_ns = step.time_ns
        elif step.detail != "reject" and began_ns is not None:
            spans.append((began_ns, step.time_ns))
            began_ns = None
    return spans + ([(began_ns, end_ns)] if began_ns is not None else [])


def _keeps_backing_off(subject: Subject, seen: Seen) -> Finding:
    """Compare the delays between accepted-then-closed connections with those of refused ones."""
    seed = getattr(seen.world, "seed", 0)
    walked = subject.walk(12, seed).delays_ns
    if len(walked) < 8 or walked[7] < 4 * max(walked[0], NS_PER_S // 10):  # noqa: PLR2004
        return undecided("its delays hardly grow, so there is no backoff to keep")
    floor_ns = min(walked[6], walked[7]) // 8
    judged = False
    for story in seen.stories:
        for begin_ns, end_ns in _fooled(story, seen.end_ns):
            inside = [s for s in story.of(Event.TIMER_SET) if begin_ns < s.time_ns < end_ns]
            if len(inside) < 8:  # noqa: PLR2004  as many as the walk is compared at
                continue
            if _longest_up_ns(story, begin_ns, end_ns) >= _stable_ns(subject):
                continue  # it declares that such a connection counts as stable
            judged = True
            late = inside[7:]
            if story.cut or max(step.value_ns for step in late) < floor_ns:
                reason = f"after 8 such connections it waits less than {to_s(floor_ns):.2f} s"
                return broken(reason, late[:3], story.who)
    return HOLDS if judged else undecided("fewer than 8 connections were accepted and closed")


def _longest_up_ns(story: Story, begin_ns: int, end_ns: int) -> int:
    """How long the longest of the connections lasted that closed in this time."""
    opened_ns: int | None = None
    longest_ns = 0
    for step in story:
        if step.event is Event.OPEN:
            opened_ns = step.time_ns
        elif step.event is Event.CLOSE and opened_ns is not None:
            if begin_ns < opened_ns and step.time_ns < end_ns:
                longest_ns = max(longest_ns, step.time_ns - opened_ns)
            opened_ns = None
    return longest_ns


def _stable_ns(subject: Subject) -> int:
    declared = subject.declared
    stable = declared.resets_on in {"stable", "time"}
    return to_ns(declared.stable_s) if stable else to_ns(NEVER_S)


def _bounded_attempts(subject: Subject, seen: Seen) -> Finding:
    """Attempts in any window in which nothing ever opened, against what its delays allow."""
    bound = _attempts_bound(subject)
    for story in seen.stories:
        run: list[Step] = []
        for step in story:
            if step.event is Event.NEW:
                run.append(step)
            elif step.event in {Event.OPEN, Event.ONLINE, Event.VISIBLE, Event.RETRY_BY_HAND}:
                run = []
            most = _busiest(run, to_ns(WINDOW_S)) if len(run) > bound else []
            if len(most) > bound:
                reason = f"{len(most)} attempts in {WINDOW_S:.0f} s; bound: {bound}"
                return broken(reason, most[:4], story.who)
        if story.cut:
            return broken("it never waits: 20,000 events at one time", story.of(Event.NEW)[-3:])
    return HOLDS


def _within_budget(subject: Subject, seen: Seen) -> Finding:
    rule = subject.declared.budget
    if rule is None:
        return undecided("it declares no retry budget")
    lives = [seen.stories] if subject.declared.shared else [(each,) for each in seen.stories]
    return next(filter(None, (_overdrawn(rule, stories) for stories in lives)), HOLDS)


def _overdrawn(rule: BudgetRule, stories: tuple[Story, ...]) -> Finding | None:
    """Whether the sockets that share a budget take more than it has."""
    reference = rule.make()
    steps = sorted(
        (step.time_ns, index, story.endpoint, step)
        for story in stories
        for index, step in enumerate(story)
    )
    lost: set[int] = set()
    under_way: set[int] = set()
    for time_ns, _, endpoint, step in steps:
        retry = endpoint in lost
        if step.event is Event.NEW:
            if retry and not reference.take(time_ns, lambda: 1.0):
                return broken("a retry that its budget has no token for", [step])
            reference.request(time_ns)
            reference.active(1)
            under_way.add(endpoint)
        elif step.event is Event.OPEN:
            reference.success(time_ns, retried=retry)
            lost.discard(endpoint)
        elif step.event is Event.CLOSE:
            if endpoint in under_way and endpoint in lost:
                reference.failure(time_ns, retried=retry)
            reference.active(-1)
            lost.add(endpoint)
            under_way.discard(endpoint)
    return None


def _bytes_bounded(_subject: Subject, seen: Seen) -> Finding:
    if seen.trace is None:
        return undecided("no bytes are counted in this world")
    attempts = _unsettled(seen.trace)
    wire = seen.trace.of(
        Event.CONNECT,
        Event.SYN_RETRY,
        Event.ESTABLISHED,
        Event.TLS,
        Event.HTTP_FIRST,
        Event.REQUEST,
        Event.RESPONSE,
        Event.REFUSED,
    )
    sockets = wire["client"].astype(np.int64) << 32 | wire["socket"]
    _, first, of_socket = np.unique(sockets, return_index=True, return_inverse=True)
    totals = np.bincount(of_socket, (wire["up"] + wire["down"]).astype(np.float64))
    if len(totals) and totals.max() > BYTES_MAX:
        row = wire[first[totals.argmax()]]
        step = Step(int(row["time_ns"]), Event.CONNECT, int(row["attempt"]))
        reason = f"{totals.max():,.0f} bytes before one connection was open"
        return broken(f"{reason}; bound: {BYTES_MAX:,}", [step], f"client {row['client']}")
    return HOLDS if attempts else undecided("no attempt was made")


def _unsettled(trace: Trace) -> int:
    rows = trace.of(Event.NEW)
    return sum(trace.text(row) != "settled" for row in rows)


PROMISES = (
    Promise(
        "calm-when-fooled",
        "A server that accepts and closes is not tried much more often than one that refuses.",
        "attempts in any 60 s of accept-then-close <= 2 * attempts in 60 s of refusals + 5",
        ("bare",),
        _calm_when_fooled,
        lambda subject: f"{_flapping_bound(subject)} attempts in 60 s",
        (Sometimes.ACCEPT_THEN_CLOSE,),
    ),
    Promise(
        "backoff-survives-flapping",
        "Opening alone does not forget the failures: a reset needs proof.",
        "after 8 connections accepted and closed: max delay >= min(delay 6, delay 7) / 8",
        ("bare",),
        _keeps_backing_off,
        needs=(Sometimes.ACCEPT_THEN_CLOSE,),
    ),
    Promise(
        "attempts-bounded",
        "While nothing opens, attempts are no more than the policy's own delays allow.",
        "attempts in any 60 s without OPEN, ONLINE, VISIBLE <= 2 * m + 5, m = what its walk makes"
        " or its shortest declared delays allow, the fewer",
        ("bare", "fleet"),
        _bounded_attempts,
        lambda subject: f"{_attempts_bound(subject)} attempts in 60 s",
    ),
    Promise(
        "budget-kept",
        "The retry budget is never overdrawn.",
        "every retry finds a token in a reference budget fed with the same outcomes",
        ("bare",),
        _within_budget,
        lambda subject: (
            "declares no budget"
            if subject.declared.budget is None
            else subject.declared.budget.words
        ),
    ),
    Promise(
        "bytes-bounded",
        "The bytes of a handshake are bounded.",
        f"bytes on the wire before open <= {BYTES_MAX:,} for each attempt",
        ("fleet",),
        _bytes_bounded,
        lambda _subject: f"{BYTES_MAX:,} bytes per attempt",
    ),
)
