"""Promises about what the server says, and about what lies on the path to it."""

from itertools import pairwise

from stormlab.clock import to_ns, to_s
from stormlab.policy.codes import SERVICE_RESTART, TRY_AGAIN_LATER
from stormlab.properties.promises.events import (
    CLOSE,
    GAVE_UP,
    IDLE_CUT,
    NEW,
    ONLINE,
    OPEN,
    RETRY_BY_HAND,
    VISIBLE,
)
from stormlab.properties.promises.promise import (
    HOLDS,
    Finding,
    Promise,
    Seen,
    Sometimes,
    broken,
    undecided,
)
from stormlab.properties.promises.subject import Declared, Subject
from stormlab.vocabulary import Cause
from stormlab.worlds.story import Step, Story

SLACK_NS = 1_000
TRANSIENT = frozenset({1001, 1012, 1013})
_AWAKENS = (ONLINE, VISIBLE, RETRY_BY_HAND)


def _obeys_advice(subject: Subject, seen: Seen) -> Finding:
    declared = subject.declared
    if declared.obeys_advice is None:
        return undecided("it does not say whether it obeys a server's advice")
    if not declared.obeys_advice and declared.restart is None and declared.later is None:
        return undecided("it declares that it takes no advice")
    judged = False
    for story in seen.stories:
        told: Step | None = None
        for step in story.of(CLOSE, NEW, *_AWAKENS):
            if step.event is CLOSE:
                told = step if _asked_ns(declared, step) else None
            elif step.event in _AWAKENS:
                told = None
            elif step.event is NEW and told is not None:
                judged = True
                asked_ns = _asked_ns(declared, told)
                if step.time_ns + SLACK_NS < told.time_ns + asked_ns:
                    reason = f"the server asked for {to_s(asked_ns):g} s"
                    return broken(reason, [told, step], story.who)
                told = None
    return HOLDS if judged else undecided("the server gave no advice")


def _asked_ns(declared: Declared, step: Step) -> int:
    """How long the policy declares to stay away after this end, at the server's word; 0: freely."""
    if step.code in declared.ruled_codes:
        return 0
    asked_ns = 0
    if step.clean == 1:
        own = {SERVICE_RESTART: declared.restart, TRY_AGAIN_LATER: declared.later}.get(step.code)
        asked_ns = own.low_ns if own is not None and step.advice_ns is None else 0
    if declared.obeys_advice and step.advice_ns is not None:
        limit_s = declared.advice_limit_s
        told_ns = step.advice_ns if limit_s is None else min(step.advice_ns, to_ns(limit_s))
        asked_ns = max(asked_ns, told_ns)
    return asked_ns


def _obeys_codes(subject: Subject, seen: Seen) -> Finding:
    final = subject.declared.final_codes
    judged = False
    for story in seen.stories:
        ended: Step | None = None
        for step in story.of(CLOSE, NEW, *_AWAKENS):
            if step.event is CLOSE:
                own = step.cause is Cause.CLOSED_BY_PAGE
                ended = step if step.code in final and not own else None
                judged = judged or step.clean == 1
            elif step.event in _AWAKENS:
                ended = None
            elif step.event is NEW and ended is not None:
                reason = f"an attempt after close code {ended.code}, declared final"
                return broken(reason, [ended, step], story.who)
    if not judged:
        return undecided("no close code was received")
    stopped = _stopped_by_code(subject, seen)
    return stopped or HOLDS


def _stopped_by_code(subject: Subject, seen: Seen) -> Finding | None:
    """A restart (1012) or overload (1013) that ends a client for good."""
    declared = subject.declared
    for story in seen.stories:
        steps = story.of(CLOSE, GAVE_UP) if story.has(GAVE_UP) else []
        for before, after in pairwise(steps):
            transient = before.code in TRANSIENT and before.clean == 1
            by_limit = declared.may_give_up and before.code not in declared.final_codes
            at_once = after.event is GAVE_UP and after.time_ns == before.time_ns
            if transient and at_once and not by_limit:
                reason = f"code {before.code} asks to come back, and the client gives up"
                return broken(reason, [before, after], story.who)
    return None


def _heartbeat_beats_proxy(subject: Subject, seen: Seen) -> Finding:
    document = getattr(seen.world, "document", {})
    cut_s = document.get("network", {}).get("idle_cut_s") if isinstance(document, dict) else None
    if seen.trace is None or not isinstance(cut_s, int | float):
        return undecided("no proxy cuts idle connections in this world")
    cuts = [step for story in seen.stories for step in story if step.event is IDLE_CUT]
    if not cuts:
        long_ns = to_ns(cut_s)
        idle = any(_open_for_ns(story) > long_ns for story in seen.stories)
        return HOLDS if idle else undecided(f"no connection lasted {cut_s:g} s")
    period_s = subject.declared.terms.heartbeat_s
    said = "it has no heartbeat" if period_s is None else f"its heartbeat is {period_s:g} s"
    return broken(f"a proxy cuts after {cut_s:g} s of silence, and {said}", cuts[:3])


def _open_for_ns(story: Story) -> int:
    """How long its longest connection lasted."""
    longest_ns, opened_ns = 0, None
    for step in story:
        if step.event is OPEN:
            opened_ns = step.time_ns
        elif step.event is CLOSE and opened_ns is not None:
            longest_ns, opened_ns = max(longest_ns, step.time_ns - opened_ns), None
    return longest_ns if opened_ns is None else max(longest_ns, story.end_ns - opened_ns)


PROMISES = (
    Promise(
        "obeys-advice",
        "A delay that the server asks for is kept, in words or, if so declared, by code 1012 or"
        " 1013.",
        "next NEW >= CLOSE + min(advice, declared limit); after 1012 or 1013 without advice >="
        " CLOSE + the least of its delays declared for that code",
        ("bare",),
        _obeys_advice,
        needs=(Sometimes.ADVICE,),
    ),
    Promise(
        "obeys-close-codes",
        "Close codes are obeyed: final ones end it, 1001, 1012 and 1013 do not.",
        "no NEW after a declared final code of the server's; no GAVE_UP in answer to 1001, 1012,"
        " 1013",
        ("bare", "fleet", "code"),
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
