"""Code that stops as it declares: of real code nobody can see whether it still means to retry."""

from stormlab.properties.promises.declared import Declared
from stormlab.properties.promises.events import (
    CLOSE,
    CLOSE_CALLED,
    NEW,
    OPEN,
    PROVED,
    RETRY_BY_HAND,
)
from stormlab.properties.promises.promise import Seen
from stormlab.vocabulary import Cause
from stormlab.worlds.story import Story


def counted(count: int, what: str) -> str:
    """A number of things: ``1 failure``, ``3 failures``."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def stopped_as_declared(declared: Declared, seen: Seen, story: Story) -> str:
    """Why code makes no further attempt after its last one, as it declares; empty: it has to.

    That is so after a final code of the server's, or after as many failures in a row as it
    declares. A model says itself that it gave up; here it is read off the ends of its sockets.
    """
    last = story.of(NEW, OPEN, CLOSE, CLOSE_CALLED, RETRY_BY_HAND)
    if not seen.opaque or not last or last[-1].event is not CLOSE:
        return ""
    end = last[-1]
    if end.code in declared.final_codes and end.cause is not Cause.CLOSED_BY_PAGE:
        return f"close code {end.code} ends it, as it declares"
    failed = _failures(declared, story)
    if declared.attempts_max is not None and failed >= declared.attempts_max:
        return f"it stopped after {counted(failed, 'failed attempt')}, as it declares"
    return ""


def _failures(declared: Declared, story: Story) -> int:
    """The failures in a row at the end; those before a good connection are forgotten."""
    forgives = OPEN if declared.resets_on == "open" else PROVED
    failed, good = 0, False
    for step in story.of(OPEN, PROVED, CLOSE, RETRY_BY_HAND):
        if step.event in {forgives, RETRY_BY_HAND}:
            failed, good = 0, step.event is forgives
        elif step.event is CLOSE:
            failed, good = failed + (not good), False
    return failed
