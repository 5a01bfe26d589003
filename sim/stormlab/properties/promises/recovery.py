"""Promises about coming back: when the fault is over, after any outage, and when to give up."""

from stormlab.clock import to_ns, to_s
from stormlab.evidence import Outcome
from stormlab.properties.promises.events import (
    CLOSE,
    CLOSE_CALLED,
    ESTABLISHED,
    FAULT,
    GAVE_UP,
    NEW,
    OPEN,
    PROVED,
    RETRY_BY_HAND,
    TIMER_ENDS,
    TIMER_SET,
)
from stormlab.properties.promises.forgiveness import first_delay_ns, forgets
from stormlab.properties.promises.outages import outages_s
from stormlab.properties.promises.promise import (
    HOLDS,
    PRESENCE,
    Finding,
    Presence,
    Promise,
    Seen,
    Sometimes,
    broken,
    undecided,
)
from stormlab.properties.promises.settling import ROUND_TRIPS_S, settle_s
from stormlab.properties.promises.stops import counted, stopped_as_declared
from stormlab.properties.promises.subject import Subject
from stormlab.vocabulary import Cause
from stormlab.worlds.story import Step, Story, closings

ABNORMAL = 1006
LONG_OUTAGE_S = 300.0
HANDSHAKE = 74  # latencies: ten ways, each of four deviations (7.4 times the median) at most
_NOT_OWN = {Cause.SERVER_CLOSED, Cause.SERVER_DROPPED, Cause.KILLED, Cause.RESET, Cause.IDLE_CUT}
_BY_SERVER = {Cause.SERVER_CLOSED, Cause.REJECTED}


def _ends_open(story: Story) -> bool:
    opened: set[int] = set()
    for step in story.of(OPEN, CLOSE, CLOSE_CALLED):
        if step.event is OPEN:
            opened.add(step.socket)
        else:
            opened.discard(step.socket)  # an old one may end after the next was opened
    return bool(opened)


def _absent(story: Story) -> str:
    """Why nobody can expect the endpoint to be connected at the end; empty: it can be expected."""
    if closings(story)[0]:
        return "closed by the application"
    presence = Presence()
    for step in story.of(*PRESENCE):
        presence.take(step)
    return presence.away


def _gave_up(story: Story) -> Step | None:
    """The last word, if it is that of giving up."""
    for step in reversed(story.steps):
        if step.event is GAVE_UP:
            return step
        if step.event in {NEW, TIMER_SET, RETRY_BY_HAND}:
            return None
    return None


def _may_give_up(subject: Subject, story: Story) -> bool:
    declared = subject.declared
    if declared.final_codes & {step.code for step in story.of(CLOSE)}:
        return True
    return declared.may_give_up


def _ready_ns(subject: Subject, story: Story, seen: Seen) -> int:
    """From when on the policy alone decides how long it stays away.

    After the healing that is the last time that the device or the page came back, that a person
    opened again what the application had closed, that the server or the path ended a connection
    that was open, that one was found dead which is older than the healing (notices-a-dead-peer says
    how late that may be), or to which the server asked it to wait.
    """
    declared = subject.declared
    ready_ns = max(seen.healed_ns, closings(story)[1])
    is_open, opened_ns = False, 0
    of_server_ns = _asked_ns(seen)
    for step in story.of(OPEN, CLOSE, *PRESENCE):
        if step.event in PRESENCE:
            ready_ns = max(ready_ns, step.time_ns)
        elif step.event is OPEN:
            is_open, opened_ns = True, step.time_ns
        elif step.event is CLOSE:
            dead = step.cause is Cause.HALF_OPEN and opened_ns <= seen.healed_ns
            if is_open and (dead or step.cause in _NOT_OWN):
                ready_ns = max(ready_ns, step.time_ns)
            is_open = False
            advice_ns = step.advice_ns
            if advice_ns is None and of_server_ns is not None and step.cause in _BY_SERVER:
                advice_ns = of_server_ns
            if advice_ns is not None and declared.obeys_advice is not False:
                silent_ns = advice_ns // 2 if declared.obeys_advice is None else 0
                spread_ns = max(to_ns(declared.advice_spread_s), silent_ns)
                ready_ns = max(ready_ns, step.time_ns + advice_ns + spread_ns)
    return ready_ns


def _asked_ns(seen: Seen) -> int | None:
    """What a simulated server asks for; traces do not tell it of each end."""
    document = getattr(seen.world, "document", None)
    server = document.get("server", {}) if isinstance(document, dict) else {}
    asked_s = server.get("retry_after_s")
    return to_ns(asked_s) if isinstance(asked_s, int | float) else None


def _path_s(seen: Seen) -> float:
    """How long a handshake may take on a slow path, beyond what every bound has for it."""
    document = getattr(seen.world, "document", {})
    latency_s = document.get("network", {}).get("latency_s")
    return HANDSHAKE * latency_s if isinstance(latency_s, int | float) else 0.0


def _converges(subject: Subject, seen: Seen) -> Finding:
    findings = [_back_in_time(subject, seen, story) for story in seen.stories]
    for outcome in (Outcome.BROKEN, Outcome.HOLDS):
        for finding in findings:
            if finding.outcome is outcome:
                return finding
    return findings[0] if findings else undecided("there is no socket")


def _excuse(subject: Subject, seen: Seen, story: Story) -> str:
    """Why one socket need not be connected; empty: it must be."""
    declared = subject.declared
    if _absent(story):
        return f"it is {_absent(story)}"
    if _gave_up(story) is not None and _may_give_up(subject, story):
        return "it gave up, as it declares"
    stopped = stopped_as_declared(subject.declared, seen, story)
    if stopped:
        return stopped
    waits = declared.breaker is not None and declared.proves_success
    if waits and any(_unproved(each) for each in seen.stories):
        return "its breaker waits for a proof that the server does not give"
    if declared.patience_s is None and _unanswered(story, seen.healed_ns):
        return "it waits for a host that vanished in the middle of its handshake"
    return ""


def _back_in_time(subject: Subject, seen: Seen, story: Story) -> Finding:
    """Whether one socket is connected again within the bound."""
    excuse = _excuse(subject, seen, story)
    if excuse:
        return undecided(excuse)
    failures = len(story.times_ns(CLOSE)) + 1
    bound_ns = to_ns(settle_s(subject, failures, len(seen.stories)) + _path_s(seen))
    ready_ns = _ready_ns(subject, story, seen)
    end_ns = min(seen.end_ns, story.end_ns)
    if end_ns - ready_ns < bound_ns or story.cut:
        return undecided(f"the run ends before the bound of {to_s(bound_ns):.0f} s is over")
    if not _ends_open(story):
        reason = f"not connected {to_s(end_ns - ready_ns):.0f} s after the healing"
        return broken(f"{reason}; bound: {to_s(bound_ns):.1f} s", _tail(story), story.who)
    back = _back_at(story, ready_ns)
    if back is not None and back.time_ns - ready_ns > bound_ns:
        late_s = to_s(back.time_ns - ready_ns)
        reason = f"back {late_s:.1f} s after the healing; bound: {to_s(bound_ns):.1f} s"
        return broken(reason, [back], story.who)
    return HOLDS


def _unanswered(story: Story, healed_ns: int) -> bool:
    """Whether it ends with a handshake that stands still since before the healing.

    The kernel of a host that is back would reset it when the request is sent again; the simulated
    one knows nothing of it, and says nothing.
    """
    last = story.of(NEW, OPEN, CLOSE, ESTABLISHED)
    return bool(last) and last[-1].event is ESTABLISHED and last[-1].time_ns <= healed_ns


def _unproved(story: Story) -> bool:
    """Whether it ends with a connection on which the application never answered."""
    last = story.of(OPEN, PROVED, CLOSE)
    return bool(last) and last[-1].event is OPEN


def _back_at(story: Story, healed_ns: int) -> Step | None:
    """The first opening after the healing of an endpoint that was not open then."""
    opened: set[int] = set()
    for step in story.of(OPEN, CLOSE, CLOSE_CALLED):
        if step.time_ns > healed_ns:
            if opened or step.event is OPEN:
                return None if opened else step
        elif step.event is OPEN:
            opened.add(step.socket)
        else:
            opened.discard(step.socket)
    return None


def _tail(story: Story) -> list[Step]:
    """The last things that the client did, without the world's."""
    own = [step for step in story if step.event is not FAULT]
    return own[-4:]


def _survives(subject: Subject, seen: Seen) -> Finding:
    declared = subject.declared
    found_s = [length_s for story in seen.stories for length_s in outages_s(declared, story)]
    outage_s = max(found_s, default=0.0)
    if outage_s < LONG_OUTAGE_S:
        return undecided("no long outage in this world")
    if declared.may_give_up and (declared.survives_s is None or outage_s > declared.survives_s):
        return undecided("it declares to give up in an outage of that length")
    for story in seen.stories:
        gave_up = _gave_up(story)
        final = declared.final_codes & {step.code for step in story.of(CLOSE)}
        if gave_up is not None and not _absent(story) and not final:
            return broken(f"gave up in an outage of {outage_s:.0f} s", [gave_up], story.who)
    return _converges(subject, seen)


def _says_so(subject: Subject, seen: Seen) -> Finding:
    judged = False
    for story in seen.stories:
        if story.cut:
            continue
        gave_up = _gave_up(story)
        if gave_up is not None:
            judged = True
            found = _early(subject, story, gave_up)
            if found:
                return broken(found, [gave_up], story.who)
            if gave_up.clean == 0:
                return broken("gave up without telling anybody", [gave_up], story.who)
        elif seen.opaque:  # what it has pending cannot be seen; converges tells if it comes back
            silent = _silent_end(subject, seen, story)
            if silent:
                return broken(silent, _tail(story), story.who)
        elif not _ends_open(story) and not _pending(story) and not _absent(story):
            return broken("nothing pending, nothing open, and it never said so", _tail(story))
        else:
            judged = True
    return (
        HOLDS if judged else undecided("it did not give up" if seen.opaque else "nothing happened")
    )


def _silent_end(subject: Subject, seen: Seen, story: Story) -> str:
    """That code stopped after its last failure, for longer than it ever waits, and never said so.

    A final close code says it itself.
    """
    stopped = stopped_as_declared(subject.declared, seen, story)
    closed = story.of(CLOSE)
    if not stopped or _absent(story) or closed[-1].code in subject.declared.final_codes:
        return ""
    waited_ns = min(seen.end_ns, story.end_ns) - closed[-1].time_ns
    longest_ns = to_ns(settle_s(subject, len(closed) + 1, len(seen.stories)))
    told = stopped.removesuffix(", as it declares")
    return f"{told}, and told nobody" if waited_ns > longest_ns and not story.cut else ""


def _early(subject: Subject, story: Story, gave_up: Step) -> str:
    """Why this end is not as declared; empty: it is."""
    declared = subject.declared
    if declared.final_codes & {step.code for step in story.of(CLOSE)}:
        return ""
    if not declared.may_give_up:
        return "gave up, and declares that it never does" if declared.gives_up is False else ""
    closes = [step for step in story.of(CLOSE) if step.time_ns <= gave_up.time_ns]
    limit, survives_s = declared.attempts_max, declared.survives_s
    only_limit = declared.gives_up_by_limit and limit is not None and survives_s is None
    if only_limit and limit is not None and len(closes) < limit:
        return f"gave up after {counted(len(closes), 'failure')}, and declares {limit}"
    only_time = declared.gives_up_by_limit and limit is None and survives_s is not None
    if only_time and survives_s is not None and closes:
        lasted_ns = gave_up.time_ns - closes[0].time_ns
        if lasted_ns < to_ns(survives_s):
            return f"gave up after {to_s(lasted_ns):.0f} s, and declares {survives_s:g} s"
    return ""


def _pending(story: Story) -> bool:
    """Whether a timer is set or an attempt under way at the end."""
    pending = connecting = False
    for step in story:
        if step.event is TIMER_SET:
            pending = True
        elif step.event in TIMER_ENDS:
            pending = False
        if step.event is NEW:
            connecting = True
        elif step.event in {OPEN, CLOSE}:
            connecting = False
    return pending or connecting


def _dead_peer(subject: Subject, seen: Seen) -> Finding:
    terms = subject.declared.terms
    if terms.heartbeat_s is None:
        return undecided(
            "it declares no heartbeat" if seen.opaque else "it has no heartbeat of its own"
        )
    bound_ns = to_ns(terms.heartbeat_s + (terms.heartbeat_timeout_s or terms.heartbeat_s))
    bound_ns += to_ns(ROUND_TRIPS_S)
    judged = False
    for story in seen.stories:
        silent: Step | None = None
        is_open = False
        for step in story:
            if silent is not None and step.time_ns - silent.time_ns > bound_ns:
                return _still_open(silent, step.time_ns, story.who)
            if step.event is FAULT:
                hangs = step.detail == "hang"
                silent = (silent or step) if hangs and is_open else None
                judged = judged or silent is not None
            elif step.event is OPEN:
                is_open = True
            elif step.event in {CLOSE, CLOSE_CALLED}:
                is_open, silent = False, None
        if silent is not None and story.end_ns - silent.time_ns > bound_ns:
            return _still_open(silent, story.end_ns, story.who)
    return HOLDS if judged else undecided("no peer fell silent while connected")


def _still_open(silent: Step, now_ns: int, who: str) -> Finding:
    reason = f"still open {to_s(now_ns - silent.time_ns):.0f} s after the peer fell silent"
    return broken(reason, [silent], who)


def _settle_bound(subject: Subject) -> str:
    return f"{settle_s(subject):.1f} s after the healing"


PROMISES = (
    Promise(
        "converges",
        "Once the fault is healed the client is connected again, without anybody's hand.",
        "OPEN and no CLOSE after it within longest delay + connect time-out (or 64 s) + 1 s"
        " [+ 74 times the latency that the world sets]"
        " [+ breaker's open time * 1.2 + spread of its probes + longest delay + 2 s, and where"
        " half-open ends, or sockets share it and probe again, + that time + open time]"
        " [+ time for a token + 2 s] of the healing, or later: of the last ONLINE or VISIBLE, of"
        " the last loss by the server, of finding a connection dead that is older than the healing,"
        " of the time that the server asked for, of the RETRY_BY_HAND after close()",
        ("bare", "fleet", "code"),
        _converges,
        _settle_bound,
        (Sometimes.REFUSAL,),
    ),
    Promise(
        "survives-long-outages",
        "It comes back after an outage of any length that it declares to survive.",
        "as converges, after outages of 300 s and more; two are one if it was not back in between"
        " so that it forgets its failures",
        ("bare", "code"),
        _survives,
        _settle_bound,
    ),
    Promise(
        "gives-up-as-declared",
        "It gives up only as it declares, and says so.",
        "GAVE_UP only if declared, not before the declared failures or time, and announced;"
        " otherwise at the end: open, or a timer pending; of real code: no silence for longer than"
        " the bound of converges after the declared failures without GAVE_UP",
        ("bare", "fleet", "code"),
        _says_so,
    ),
    Promise(
        "notices-a-dead-peer",
        "A dead peer is noticed within the heartbeat's bound.",
        "CLOSE within heartbeat + heartbeat time-out + 1 s of the silence",
        ("bare", "code"),
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
        ("bare", "code"),
        forgets,
        lambda subject: f"{to_s(first_delay_ns(subject)):g} s after a stable connection",
        (Sometimes.REFUSAL,),
    ),
)
