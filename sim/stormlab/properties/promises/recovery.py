"""Promises about coming back: when the fault is over, after any outage, and when to give up."""

from stormlab.clock import to_ns, to_s
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

ABNORMAL = 1006
LONG_OUTAGE_S = 300.0
STABLE_S = 20.0  # unless it declares that it waits for longer
FAILURES_BEFORE = 4
ROUND_TRIPS_S = 1.0  # for the handshake itself
LATTICE_S = 64.0  # the kernel sends a SYN again at the latest so long after the one before
_AWAY = {Event.OFFLINE: Event.ONLINE, Event.HIDDEN: Event.VISIBLE}


def settle_s(subject: Subject) -> float:
    """How long after the healing a policy may take, from what it declares."""
    declared = subject.declared
    longest_s = declared.delay_s_max or 0.0
    known = [to_s(support.high_ns) for support in subject.supports]
    longest_s = max([longest_s, *known])
    timeout_s = declared.terms.connect_timeout_s
    waits_s = longest_s + (LATTICE_S if timeout_s is None else min(timeout_s, LATTICE_S))
    if declared.breaker is not None:
        waits_s += (declared.breaker.open_for.base_ms(8) or 0.0) / 1000 + longest_s
    if declared.budget is not None:
        waits_s += 60.0
    return waits_s + ROUND_TRIPS_S


def _ends_open(story: Story) -> bool:
    last = [step for step in story if step.event in {Event.OPEN, Event.CLOSE}]
    return bool(last) and last[-1].event is Event.OPEN


def _absent(story: Story) -> str:
    """Why nobody can expect the endpoint to be connected at the end; empty: it can be expected."""
    away = ""
    for step in story:
        if step.event in _AWAY:
            away = step.event.value.partition(".")[2]
        elif step.event in _AWAY.values():
            away = ""
        elif step.event is Event.CLOSE_CALLED:
            return "closed by the application"
    return away


def _gave_up(story: Story) -> Step | None:
    """The last word, if it is that of giving up."""
    for step in reversed(story.steps):
        if step.event is Event.GAVE_UP:
            return step
        if step.event in {Event.NEW, Event.TIMER_SET, Event.RETRY_BY_HAND}:
            return None
    return None


def _may_give_up(subject: Subject, story: Story) -> bool:
    declared = subject.declared
    if declared.final_codes & {step.code for step in story.of(Event.CLOSE)}:
        return True
    return bool(declared.gives_up) or declared.attempts_max is not None


def _converges(subject: Subject, seen: Seen) -> Finding:
    bound_ns = to_ns(settle_s(subject))
    judged = False
    for story in seen.stories:
        if _absent(story):
            continue
        if _gave_up(story) is not None and _may_give_up(subject, story):
            continue
        if seen.end_ns - seen.healed_ns < bound_ns:
            return undecided(f"the run ends before the bound of {to_s(bound_ns):.0f} s is over")
        judged = True
        if _ends_open(story):
            back = _back_at(story, seen.healed_ns)
            if back is not None and back.time_ns - seen.healed_ns > bound_ns:
                late_s = to_s(back.time_ns - seen.healed_ns)
                reason = f"back {late_s:.1f} s after the healing; bound: {to_s(bound_ns):.1f} s"
                return broken(reason, [back], story.who)
            continue
        reason = f"not connected {to_s(seen.end_ns - seen.healed_ns):.0f} s after the healing"
        return broken(f"{reason}; bound: {to_s(bound_ns):.1f} s", _tail(story), story.who)
    return HOLDS if judged else undecided("everybody was away, closed, or gave up as declared")


def _back_at(story: Story, healed_ns: int) -> Step | None:
    """The first opening after the healing of an endpoint that was not open then."""
    is_open = False
    for step in story:
        if step.time_ns > healed_ns and not is_open and step.event is Event.OPEN:
            return step
        if step.event is Event.OPEN:
            is_open = True
        elif step.event is Event.CLOSE:
            is_open = False
    return None


def _tail(story: Story) -> list[Step]:
    """The last things that the client did, without the world's."""
    own = [step for step in story if step.event is not Event.FAULT]
    return own[-4:]


def _survives(subject: Subject, seen: Seen) -> Finding:
    declared = subject.declared
    outage_s = max((to_s(length) for length in _outages_ns(seen)), default=0.0)
    if outage_s < LONG_OUTAGE_S:
        return undecided("no long outage in this world")
    if declared.gives_up and (declared.survives_s is None or outage_s > declared.survives_s):
        return undecided("it declares to give up in an outage of that length")
    for story in seen.stories:
        gave_up = _gave_up(story)
        if gave_up is not None and not _absent(story):
            return broken(f"gave up in an outage of {outage_s:.0f} s", [gave_up], story.who)
    return _converges(subject, seen)


def _outages_ns(seen: Seen) -> list[int]:
    """How long the stretches were in which the server served nobody."""
    lengths: list[int] = []
    for story in seen.stories[:1]:
        began_ns: int | None = None
        for step in story.of(Event.FAULT):
            if step.detail in {"serve", "mute"}:
                if began_ns is not None:
                    lengths.append(step.time_ns - began_ns)
                began_ns = None
            elif began_ns is None:
                began_ns = step.time_ns
    return lengths


def _says_so(subject: Subject, seen: Seen) -> Finding:
    judged = False
    for story in seen.stories:
        if story.cut:
            continue
        gave_up = _gave_up(story)
        if gave_up is not None:
            judged = True
            if not _may_give_up(subject, story) and subject.declared.gives_up is False:
                return broken("gave up, and declares that it never does", [gave_up], story.who)
            if gave_up.clean == 0:
                return broken("gave up without telling anybody", [gave_up], story.who)
        elif not _ends_open(story) and not _pending(story) and not _absent(story):
            return broken("nothing pending, nothing open, and it never said so", _tail(story))
        else:
            judged = True
    return HOLDS if judged else undecided("nothing happened")


def _pending(story: Story) -> bool:
    """Whether a timer is set or an attempt under way at the end."""
    pending = connecting = False
    for step in story:
        if step.event is Event.TIMER_SET:
            pending = True
        elif step.event in {Event.TIMER_FIRED, Event.TIMER_CLEARED, Event.TIMER_IGNORED}:
            pending = False
        if step.event is Event.NEW:
            connecting = True
        elif step.event in {Event.OPEN, Event.CLOSE}:
            connecting = False
    return pending or connecting


def _dead_peer(subject: Subject, seen: Seen) -> Finding:
    terms = subject.declared.terms
    if terms.heartbeat_s is None:
        return undecided("it has no heartbeat of its own")
    bound_ns = to_ns(terms.heartbeat_s + (terms.heartbeat_timeout_s or terms.heartbeat_s))
    bound_ns += to_ns(ROUND_TRIPS_S)
    judged = False
    for story in seen.stories:
        silent: Step | None = None
        is_open = False
        for step in story:
            if silent is not None and step.time_ns - silent.time_ns > bound_ns and is_open:
                late_s = to_s(step.time_ns - silent.time_ns)
                reason = f"still open {late_s:.0f} s after the peer fell silent"
                return broken(reason, [silent, step], story.who)
            if step.event is Event.FAULT:
                silent = step if step.detail == "hang" and is_open else None
                judged = judged or silent is not None
            elif step.event is Event.OPEN:
                is_open = True
            elif step.event is Event.CLOSE:
                is_open, silent = False, None
    return HOLDS if judged else undecided("no peer fell silent while connected")


def _forgets(subject: Subject, seen: Seen) -> Finding:
    """Compare the delay after a long and proved connection with the policy's first delays."""
    if subject.declared.budget is not None:
        return undecided("its budget may hold back any retry")
    bound_ns = _first_delay_ns(subject)
    long_ns = to_ns(max(STABLE_S, subject.declared.stable_s))
    judged = False
    for story in seen.stories:
        before = 0  # failures in a row before the connection
        opened = ended = None
        proved = away = False
        for step in story:
            away = step.event in _AWAY or (away and step.event not in _AWAY.values())
            if step.event is Event.OPEN:
                opened, proved = step, False
            elif step.event is Event.PROVED:
                proved = True
            elif step.event is Event.CLOSE:
                lasted_ns = step.time_ns - opened.time_ns if opened is not None else 0
                trusted = proved and lasted_ns >= long_ns and before >= FAILURES_BEFORE
                plain = step.code == ABNORMAL and step.advice_ns is None and not away
                ended = step if trusted and plain else None
                before = before + 1 if opened is None else before * (not trusted)
                opened = None
            elif step.event is Event.TIMER_SET and ended is not None:
                judged = True
                if step.value_ns > bound_ns:
                    reason = f"waits {to_s(step.value_ns):g} s after a stable connection"
                    return broken(
                        f"{reason}; at first it waited at most {to_s(bound_ns):g} s",
                        [ended, step],
                        story.who,
                    )
                ended = None
    return HOLDS if judged else undecided("no long connection followed several failures")


def _first_delay_ns(subject: Subject) -> int:
    """The longest that the policy waits after the first loss of a good connection."""
    declared = subject.declared
    supports = [declared.first_after_drop, declared.supports(0), declared.supports(1)]
    known = [support.high_ns for support in supports if support is not None]
    walks = [subject.walk(2, seed, dropped_first=True).delays_ns for seed in range(16)]
    return 2 * max([*known, *(delay for walk in walks for delay in walk), to_ns(0.1)])


def _settle_bound(subject: Subject) -> str:
    return f"{settle_s(subject):.1f} s after the healing"


PROMISES = (
    Promise(
        "converges",
        "Once the fault is healed the client is connected again, without anybody's hand.",
        "OPEN and no CLOSE after it within longest delay + connect time-out (or 64 s)"
        " + breaker's open time + 1 s of the healing",
        ("bare", "fleet"),
        _converges,
        _settle_bound,
        (Sometimes.REFUSAL,),
    ),
    Promise(
        "survives-long-outages",
        "It comes back after an outage of any length that it declares to survive.",
        "as converges, after outages of 300 s and more",
        ("bare",),
        _survives,
        _settle_bound,
    ),
    Promise(
        "gives-up-as-declared",
        "It gives up only as it declares, and says so.",
        "GAVE_UP only if declared, and announced; otherwise at the end: open, or a timer pending",
        ("bare", "fleet"),
        _says_so,
    ),
    Promise(
        "notices-a-dead-peer",
        "A dead peer is noticed within the heartbeat's bound.",
        "CLOSE within heartbeat + heartbeat time-out + 1 s of the silence",
        ("bare",),
        _dead_peer,
        lambda subject: (
            "has no heartbeat"
            if subject.declared.terms.heartbeat_s is None
            else f"{subject.declared.terms.heartbeat_s:g} s"
            f" + {subject.declared.terms.heartbeat_timeout_s or 0:g} s + 1 s"
        ),
        (Sometimes.HANG,),
    ),
    Promise(
        "forgets-when-stable",
        "A connection that proved itself and lasted is forgiven the failures before it.",
        "delay after 4 failures and then 20 s (or its own stable time) of a proved connection"
        " <= 2 * its longest first two delays",
        ("bare",),
        _forgets,
        lambda subject: f"{to_s(_first_delay_ns(subject)):g} s after a stable connection",
        (Sometimes.REFUSAL,),
    ),
)
