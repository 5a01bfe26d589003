"""Promises about sockets and timers: who owns them, and what comes after the end.

The host of a bare world makes one attempt at a time and keeps one timer, whatever a policy decides:
there two of either would be the host's fault. Pages own their sockets and timers themselves.
"""

from stormlab.clock import to_ns
from stormlab.properties.promises.events import (
    ACCEPTED,
    CLEANUP,
    CLOSE,
    CLOSE_CALLED,
    CLOSED,
    ENDED,
    GAVE_UP,
    GONE,
    LOST,
    MOUNT,
    NAVIGATE,
    NEW,
    OBSERVED,
    ONLINE,
    PING_TIMEOUT,
    READY,
    RETRY_BY_HAND,
    SEND,
    TIMER_ENDS,
    TIMER_SET,
    VISIBLE,
)
from stormlab.properties.promises.promise import HOLDS, Finding, Promise, Seen, broken, undecided
from stormlab.properties.promises.subject import Subject
from stormlab.vocabulary import State
from stormlab.worlds.story import BY_APPLICATION, Step, Story

SERVER_GRACE_NS = to_ns(45.0)  # a server may take its ping's 20 + 20 s to forget a dead client

_ENDS = (CLOSE, CLOSE_CALLED, GONE)
_BY_SOMEBODY = {RETRY_BY_HAND, NAVIGATE, MOUNT, READY}
_AWAKENS = {*_BY_SOMEBODY, ONLINE, VISIBLE}


def _one_live(_subject: Subject, seen: Seen) -> Finding:
    for story in seen.stories:
        live: dict[int, Step] = {}
        for step in story:
            if step.event is NEW:
                live[step.socket] = step
                if len(live) > 1:
                    return broken(
                        f"{len(live)} sockets of one endpoint at a time",
                        [*live.values()],
                        story.who,
                    )
            elif step.event is GONE:
                live.clear()
            elif step.event in _ENDS:
                live.pop(step.socket, None)
    return HOLDS


def _one_at_server(_subject: Subject, seen: Seen) -> Finding:
    """Connections that the server holds and whose page sockets are not known to have ended.

    What a page closed, or what went with its document, is not counted: after a cut the server
    cannot know of it, and forgets by its own pings.
    """
    if seen.trace is None and not seen.opaque:
        return undecided("there is no server's view in this world")
    judged = False
    for story in seen.stories:
        held: dict[int, Step] = {}
        for step in (*story, Step(story.end_ns, OBSERVED)):
            two = sorted(held.values(), key=lambda old: old.time_ns)[:2]
            if len(two) > 1 and step.time_ns - two[1].time_ns > SERVER_GRACE_NS:
                reason = f"the server holds {len(held)} connections of one endpoint"
                return broken(reason, two, story.who)
            if step.event is ACCEPTED:
                held[step.conn], judged = step, True
            elif step.event in {CLOSED, LOST, ENDED, PING_TIMEOUT}:
                held.pop(step.conn, None)
            elif step.event in {CLOSE, CLOSE_CALLED}:
                held = {conn: old for conn, old in held.items() if old.socket != step.socket}
            elif step.event is GONE:
                held = {}
    return HOLDS if judged else undecided("the server accepted nobody")


def _one_timer(_subject: Subject, seen: Seen) -> Finding:
    for story in seen.stories:
        pending: list[Step] = []
        for step in story:
            if step.event is TIMER_SET:
                pending.append(step)
                if len(pending) > 1:
                    return broken(f"{len(pending)} retry timers at a time", pending, story.who)
            elif step.event in TIMER_ENDS:
                pending = pending[1:]
            elif step.event is GONE:
                pending = []
    return HOLDS


def _quiet_after_end(_subject: Subject, seen: Seen) -> Finding:
    judged = False
    for story in seen.stories:
        if not story.has(GAVE_UP, GONE, CLOSE_CALLED, CLEANUP):
            continue
        ended: Step | None = None
        for step in story:
            if step.event in {GAVE_UP, GONE} or _closed_for_good(step, story):
                ended, judged = step, True
            elif step.event in _AWAKENS:
                firm = ended is not None and _by_application(ended)
                if step.event in _BY_SOMEBODY or not firm:
                    ended = None
            elif step.event is NEW and ended is not None:
                return broken(f"an attempt after {_name(ended)}", [ended, step], story.who)
    return HOLDS if judged else undecided("nothing was closed, unmounted or given up")


def _by_application(step: Step) -> bool:
    return step.event is CLOSE_CALLED and step.detail == BY_APPLICATION


def _closed_for_good(step: Step, story: Story) -> bool:
    """A person's close or an unmount: nothing of the page awakens it afterwards."""
    if _by_application(step):
        return True
    if step.event is not CLEANUP:
        return False
    return not any(
        other.event in {MOUNT, NAVIGATE} and other.time_ns >= step.time_ns for other in story
    )


def _name(step: Step) -> str:
    words = {
        GAVE_UP: "giving up",
        GONE: "the page was gone",
        CLEANUP: "the unmount",
        CLOSE_CALLED: "close() by the application",
    }
    return words.get(step.event, step.event.value)


def _sends_when_open(_subject: Subject, seen: Seen) -> Finding:
    if seen.opaque:
        return _code_sends_when_open(seen)
    if seen.trace is None or not seen.trace.count(SEND):
        return undecided("nothing is sent in this world")
    rows = seen.trace.of(SEND)
    early = rows[rows["before"] == int(State.CONNECTING)]
    if not len(early):
        return HOLDS
    first = early[0]
    step = Step(int(first["time_ns"]), SEND, int(first["attempt"]), detail="CONNECTING")
    return broken("a message was sent on a socket that was still CONNECTING", [step])


def _code_sends_when_open(seen: Seen) -> Finding:
    sends = [(story, step) for story in seen.stories for step in story.of(SEND)]
    for story, step in sends:
        if step.detail == State.CONNECTING.name:
            reason = "a message was sent on a socket that was still CONNECTING"
            return broken(reason, [step], story.who)
    return HOLDS if sends else undecided("nothing is sent in this world")


PROMISES = (
    Promise(
        "one-live-socket",
        "An endpoint has at most one live socket.",
        "at every time: #NEW - #(CLOSE or close() called or page gone) <= 1, for each endpoint",
        ("bare", "fleet", "page", "code"),
        _one_live,
    ),
    Promise(
        "one-connection-at-the-server",
        "The server holds at most one connection of an endpoint, but for its own time to notice.",
        "accepted connections of an endpoint that neither side has ended <= 1, 45 s of grace",
        ("fleet", "page", "code"),
        _one_at_server,
    ),
    Promise(
        "one-pending-timer",
        "An endpoint has at most one retry timer pending.",
        "at every time: #TIMER_SET - #(FIRED or CLEARED or IGNORED) <= 1",
        ("bare", "fleet", "page"),
        _one_timer,
    ),
    Promise(
        "quiet-after-the-end",
        "After close(), unmount or giving up nothing is attempted until a person, the network or"
        " the page asks for it.",
        "no NEW between such an end and the next of RETRY_BY_HAND, ONLINE, VISIBLE, MOUNT; after"
        " close() by the application ONLINE and VISIBLE do not count",
        ("bare", "fleet", "page", "code"),
        _quiet_after_end,
    ),
    Promise(
        "sends-when-open",
        "No message is sent on a socket that is CONNECTING.",
        "no SEND with readyState CONNECTING",
        ("page", "code"),
        _sends_when_open,
    ),
)
