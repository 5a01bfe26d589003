"""Promises about the load that a client makes: flapping, amplification, budgets, bytes."""

from itertools import pairwise

import numpy as np

from stormlab.clock import NS_PER_S, to_ns, to_s
from stormlab.policy.budget import AdaptiveThrottle, BudgetRule
from stormlab.properties.promises.events import (
    CLOSE,
    CLOSE_CALLED,
    CONNECT,
    ESTABLISHED,
    FAULT,
    HIDDEN,
    HTTP_FIRST,
    NEW,
    OFFLINE,
    ONLINE,
    OPEN,
    PROVED,
    REFUSED,
    REQUEST,
    RESPONSE,
    RETRY_BY_HAND,
    SYN_RETRY,
    TLS,
    VISIBLE,
)
from stormlab.properties.promises.promise import (
    HOLDS,
    Finding,
    Promise,
    Seen,
    Sometimes,
    broken,
    in_order,
    undecided,
)
from stormlab.properties.promises.subject import Subject
from stormlab.trace import Trace
from stormlab.worlds.story import BY_ITSELF, Step, Story

WINDOW_S = 60.0
WALK, FEW = 400, 32
WALKS = 5
UNTOLD_ATTEMPTS = 125  # two a second, of a policy that declares no delays
PACE_NS = NS_PER_S // 5  # on average between connections that each proved themselves
FLAPS = 8  # connections after which it should have backed off
SHOWN = FLAPS + 4  # after which it should have been seen to
LET_IN_S = 1.5  # for each of them, with its handshake
FOOLED_S_MIN, FOOLED_S_MAX = 2 * WINDOW_S, 100_000.0
SEEDS = 16
UNTOLD_STABLE_NS = NS_PER_S  # what may count as stable to a policy that does not say
_BREAKS = (FAULT, OFFLINE, ONLINE, HIDDEN, VISIBLE, RETRY_BY_HAND, CLOSE_CALLED)
_OPENINGS = {OPEN, ONLINE, VISIBLE, RETRY_BY_HAND}  # from which attempts are counted anew
BYTES_MAX = 9_000  # TCP with ten SYNs, a full TLS handshake, an HTTP request first, upgrade, 101


def refused_in(subject: Subject, seed: int, window_s: float) -> int:
    """How many attempts the policy makes in a window in which every attempt is refused at once."""
    walked = subject.walk(FEW, seed, dropped_first=True)
    if len(walked.delays_ns) == FEW and sum(walked.delays_ns) < to_ns(window_s):
        walked = subject.walk(WALK, seed, dropped_first=True)
    time_ns, made = 0, 0
    for delay_ns in walked.delays_ns:
        time_ns += delay_ns
        if time_ns > to_ns(window_s):
            break
        made += 1
    return made


def _refused_most(subject: Subject) -> int:
    """The most attempts that it makes in 60 s of refusals, in five walks."""

    def count() -> int:
        return max(refused_in(subject, each, WINDOW_S) for each in range(WALKS))

    return subject.once("most when refused", count)


def _flapping_bound(subject: Subject) -> int:
    return 2 * _refused_most(subject) + 5


def _attempts_bound(subject: Subject) -> int:
    """As many as it makes when refused, or as its shortest declared delays allow, and a margin."""
    return subject.once("attempts bound", lambda: _fewest(subject))


def _fewest(subject: Subject) -> int:
    if subject.declared.seen:
        return min(_flapping_bound(subject), UNTOLD_ATTEMPTS)
    shortest_ns = 0
    for made, support in enumerate(subject.supports):
        shortest_ns += support.low_ns
        if shortest_ns > to_ns(WINDOW_S):
            return min(_flapping_bound(subject), 2 * made + 5)
    return _flapping_bound(subject)


def _calm_when_fooled(subject: Subject, seen: Seen) -> Finding:
    judged = False
    for story in seen.stories:
        for begin_ns, end_ns in _fooled(subject, story, seen.end_ns):
            fooled = end_ns - begin_ns >= to_ns(WINDOW_S)
            if not fooled and not story.cut:
                continue
            judged, bound = True, _flapping_bound(subject)
            new = [step for step in story.of(NEW) if begin_ns <= step.time_ns <= end_ns]
            most = _busiest(new, to_ns(WINDOW_S))
            if len(most) > bound and not _is_paced(story, most):
                refused = _refused_most(subject)
                reason = (
                    f"{len(most)} attempts in {WINDOW_S:.0f} s, each accepted and closed; when"
                    f" refused it makes {refused}, and 2 * {refused} + 5 = {bound} are allowed"
                )
                return broken(reason, most[:4], story.who)
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


def _fooled(subject: Subject, story: Story, end_ns: int) -> list[tuple[int, int]]:
    """When the server accepted only to close, and nobody else told the client to try.

    A stretch ends where a person, the device or the page does something, and there is none where
    the server said when to come back, to a policy that may obey.
    """
    spans: list[tuple[int, int]] = []
    if not any(step.detail == "reject" for step in story.of(FAULT)):
        return spans
    began_ns: int | None = None
    fooling = advised = False
    obeys = subject.declared.obeys_advice is not False
    for step in (*story.of(CLOSE, *_BREAKS), Step(end_ns, FAULT)):
        if step.event is CLOSE and step.advice_ns is not None:
            advised = obeys
        own_close = step.event is CLOSE_CALLED and step.detail in BY_ITSELF
        if step.event not in _BREAKS or own_close:
            continue
        if step.event is FAULT:
            fooling = step.detail == "reject"
        if began_ns is not None and not (fooling and step.event is FAULT):
            spans += [(began_ns, step.time_ns)] if not advised else []
            began_ns = None
        if fooling and began_ns is None:
            began_ns, advised = step.time_ns, False
    return spans


def _is_paced(story: Story, attempts: list[Step]) -> bool:
    """Whether the server's answers were the proof for a reset, and it waited nevertheless."""
    begin_ns, end_ns = attempts[0].time_ns, attempts[-1].time_ns
    waits = [wait_ns for wait_ns, _ in _waits(story, begin_ns - 1, end_ns + 1)]
    return _proved_in(story, begin_ns, end_ns) and sum(waits) >= PACE_NS * max(len(waits), 1)


def _proved_in(story: Story, begin_ns: int, end_ns: int) -> bool:
    return any(begin_ns < step.time_ns < end_ns for step in story.of(PROVED))


def _keeps_backing_off(subject: Subject, seen: Seen) -> Finding:
    """Compare the delays between accepted-then-closed connections with those of refused ones."""
    floor_ns = subject.once("backoff floor", lambda: _floor_ns(subject))
    if not floor_ns:
        return undecided("its delays hardly grow, so there is no backoff to keep")
    judged = False
    for story in seen.stories:
        for begin_ns, end_ns in _fooled(subject, story, seen.end_ns):
            if _proved_in(story, begin_ns, end_ns):
                continue  # which is the proof that a reset needs
            late = _waits(story, begin_ns, end_ns)[FLAPS:]
            if not late or _is_stable(subject, story, begin_ns, end_ns):
                continue
            kept = max(wait_ns for wait_ns, _ in late) >= floor_ns  # and more cannot lessen it
            judged = judged or kept or len(late) >= FLAPS
            if not kept and len(late) >= FLAPS:
                reason = f"after {FLAPS} such connections none of {len(late)} waits is as long as"
                return broken(
                    f"{reason} {to_s(floor_ns):.2f} s", [step for _, step in late[:3]], story.who
                )
    return (
        HOLDS
        if judged
        else undecided(f"fewer than {2 * FLAPS} connections in a row, and no long wait")
    )


def _waits(story: Story, begin_ns: int, end_ns: int) -> list[tuple[int, Step]]:
    """How long it waited after each loss before the next attempt, both within this time."""
    found: list[tuple[int, Step]] = []
    lost: Step | None = None
    for step in story.of(CLOSE, NEW):
        if step.event is CLOSE:
            lost = step if begin_ns < step.time_ns else None
        elif lost is not None and step.time_ns < end_ns:
            found.append((step.time_ns - lost.time_ns, step))
    return found


def _floor_ns(subject: Subject) -> int:
    """An eighth of what it usually waits after 8 failures; 0: its first delays are as long."""
    walks = [subject.walk(FLAPS, seed, dropped_first=True).delays_ns for seed in range(SEEDS)]
    full = sorted(walk[FLAPS - 1] for walk in walks if len(walk) == FLAPS)
    if not full:
        return 0
    floor_ns = full[len(full) // 2] // 8
    return floor_ns if floor_ns > max(walk[0] for walk in walks if walk) else 0


def fooled_s(subject: Subject) -> float:
    """How long a server must accept and close so that a client that backs off shows it does.

    That is the longest of 16 walks through some more failures than are forgiven, in seconds.
    """

    def longest() -> float:
        walks = [subject.walk(SHOWN, seed, dropped_first=True).delays_ns for seed in range(SEEDS)]
        longest_s = max(to_s(sum(walk)) for walk in walks) + SHOWN * LET_IN_S
        return round(min(max(longest_s, FOOLED_S_MIN), FOOLED_S_MAX))

    return subject.once("fooled", longest)


def _is_stable(subject: Subject, story: Story, begin_ns: int, end_ns: int) -> bool:
    """Whether it declares that such connections count as stable."""
    declared = subject.declared
    stable_ns = to_ns(declared.stable_s)
    if declared.resets_on is None:
        return _longest_up_ns(story, begin_ns, end_ns) >= UNTOLD_STABLE_NS
    if declared.resets_on == "stable":
        return _longest_up_ns(story, begin_ns, end_ns) >= stable_ns
    if declared.resets_on == "time":
        closes = [s.time_ns for s in story.of(CLOSE) if begin_ns < s.time_ns < end_ns]
        return any(after - before > stable_ns for before, after in pairwise(closes))
    return False


def _longest_up_ns(story: Story, begin_ns: int, end_ns: int) -> int:
    """How long the longest of the connections lasted that closed in this time."""
    opened_ns: int | None = None
    longest_ns = 0
    for step in story:
        if step.event is OPEN:
            opened_ns = step.time_ns
        elif step.event is CLOSE and opened_ns is not None:
            if begin_ns < opened_ns and step.time_ns < end_ns:
                longest_ns = max(longest_ns, step.time_ns - opened_ns)
            opened_ns = None
    return longest_ns


def _bounded_attempts(subject: Subject, seen: Seen) -> Finding:
    """Attempts in any window in which nothing ever opened, against what its delays allow."""
    window_ns = to_ns(WINDOW_S)
    obeys = subject.declared.obeys_advice is not False
    for story in seen.stories:
        bound = max(_attempts_bound(subject), _setup_bound(subject))
        run: list[Step] = []
        first = 0  # of the window of 60 s that ends with the last one
        advised = False
        for step in story:
            if step.event is NEW and not advised:
                run.append(step)
                while step.time_ns - run[first].time_ns > window_ns:
                    first += 1
                if len(run) - first > bound:
                    reason = f"{len(run) - first} attempts in {WINDOW_S:.0f} s; bound: {bound}"
                    return broken(reason, run[first : first + 4], story.who)
            elif step.event is CLOSE:
                advised = obeys and step.advice_ns is not None
            elif step.event in _OPENINGS:
                run, first, advised = [], 0, False
            elif step.event is PROVED:
                bound = _attempts_bound(subject)
        if story.cut:
            reason = "it never waits: thousands of events within a second"
            return broken(reason, story.of(NEW)[-3:], story.who)
    return HOLDS


def _setup_bound(subject: Subject) -> int:
    """Attempts in a window that a rule of its own allows until the first connection; 0: none."""
    delay_s = subject.declared.setup_delay_s
    return 0 if delay_s is None else round(2 * WINDOW_S / delay_s) + 5


def _within_budget(subject: Subject, seen: Seen) -> Finding:
    rule = subject.declared.budget
    if rule is None:
        return undecided("it declares no retry budget")
    if isinstance(rule, AdaptiveThrottle):
        return undecided("its budget refuses by chance, so any attempt may be within it")
    lives = [seen.stories] if subject.declared.shared else [(each,) for each in seen.stories]
    judged = False
    for stories in lives:
        found, retries = _overdrawn(subject, rule, stories)
        if found is not None:
            return found
        judged = judged or bool(retries)
    return HOLDS if judged else undecided("no retry was made")


def _overdrawn(
    subject: Subject, rule: BudgetRule, stories: tuple[Story, ...]
) -> tuple[Finding | None, int]:
    """Whether the sockets that share a budget take more than it has, and how many retries."""
    reference = rule.make()
    success_on = PROVED if subject.declared.proves_success else OPEN
    lost: set[int] = set()
    under_way: dict[int, bool] = {}  # unresolved attempts: whether it is a retry
    retries = 0
    for endpoint, step in in_order(stories):
        time_ns, retry = step.time_ns, endpoint in lost
        if step.event is NEW:
            if retry and not reference.take(time_ns, lambda: 1.0):
                return broken("a retry that its budget has no token for", [step]), retries
            retries += retry
            reference.request(time_ns)
            reference.active(1)
            under_way[endpoint] = retry
        elif step.event is CLOSE:
            if endpoint in under_way:
                reference.failure(time_ns, retried=under_way.pop(endpoint))
            reference.active(-1)
            lost.add(endpoint)
        elif step.event in {OPEN, success_on}:
            lost.discard(endpoint)
            if step.event is success_on and endpoint in under_way:
                reference.success(time_ns, retried=under_way.pop(endpoint))
    return None, retries


def _bytes_bounded(_subject: Subject, seen: Seen) -> Finding:
    if seen.trace is None:
        return undecided("no bytes are counted in this world")
    attempts = _unsettled(seen.trace)
    wire = seen.trace.of(
        CONNECT,
        SYN_RETRY,
        ESTABLISHED,
        TLS,
        HTTP_FIRST,
        REQUEST,
        RESPONSE,
        REFUSED,
    )
    sockets = wire["client"].astype(np.int64) << 32 | wire["socket"]
    _, first, of_socket = np.unique(sockets, return_index=True, return_inverse=True)
    totals = np.bincount(of_socket, (wire["up"] + wire["down"]).astype(np.float64))
    if len(totals) and totals.max() > BYTES_MAX:
        row = wire[first[totals.argmax()]]
        step = Step(int(row["time_ns"]), CONNECT, int(row["attempt"]))
        reason = f"{totals.max():,.0f} bytes before one connection was open"
        return broken(f"{reason}; bound: {BYTES_MAX:,}", [step], f"client {row['client']}")
    return HOLDS if attempts else undecided("no attempt was made")


def _unsettled(trace: Trace) -> int:
    rows = trace.of(NEW)
    return sum(trace.text(row) != "settled" for row in rows)


PROMISES = (
    Promise(
        "calm-when-fooled",
        "A server that accepts and closes is not tried much more often than one that refuses.",
        "attempts in any 60 s of accept-then-close <= 2 * attempts in 60 s of refusals + 5, or the"
        f" server answers before it closes, and the waits are {to_s(PACE_NS):g} s or"
        " more on average",
        ("bare", "code"),
        _calm_when_fooled,
        lambda subject: f"{_flapping_bound(subject)} attempts in 60 s",
        (Sometimes.ACCEPT_THEN_CLOSE,),
    ),
    Promise(
        "backoff-survives-flapping",
        "Opening alone does not forget the failures: a reset needs proof.",
        f"max of the delays after {FLAPS} connections accepted and closed in a row >= an eighth of"
        f" the median of delay 7, unless that is shorter than its first delays; broken by {FLAPS}"
        " such delays or more",
        ("bare", "code"),
        _keeps_backing_off,
        needs=(Sometimes.ACCEPT_THEN_CLOSE,),
    ),
    Promise(
        "attempts-bounded",
        "While nothing opens, attempts are no more than the policy's own delays allow.",
        "attempts in any 60 s without OPEN, ONLINE, VISIBLE <= 2 * m + 5, m = what its walk makes"
        " or its shortest declared delays allow, the fewer [until the first PROVED also: m = what a"
        " declared delay of its own allows until then]",
        ("bare", "fleet", "code"),
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
