"""How long an outage was for a client: one that it noticed the end of, or two in one."""

from stormlab.clock import to_ns, to_s
from stormlab.properties.promises.declared import Declared
from stormlab.properties.promises.events import CLOSE, FAULT, OPEN, PROVED
from stormlab.vocabulary import Event
from stormlab.worlds.story import Story

STABLE_S = 20.0  # of a proved connection, which forgives the failures before it
UP = frozenset({"serve", "mute"})  # phases of a server that takes connections
_BY_OPENING = frozenset({"open", "http"})  # resets that ask for no proof


def outages_s(declared: Declared, story: Story) -> list[float]:
    """The lengths of the stretches in which the server was away, as the client met them.

    Two outages are one if between them the client was not connected so that it forgets its
    failures: a client that asks every 30 s cannot know that the server was there for a second, and
    a connection without a proof is no end of an outage to one that waits for proof.
    """
    lengths_ns: list[int] = []
    began_ns: int | None = None
    healed_ns: int | None = None
    back = _Back(declared)
    for step in story.of(FAULT, OPEN, PROVED, CLOSE):
        if step.event is not FAULT:
            back.take(step.event, step.time_ns)
        elif step.detail in UP:
            if began_ns is not None:
                healed_ns = step.time_ns
        elif began_ns is None or (healed_ns is not None and back.by(step.time_ns)):
            if began_ns is not None and healed_ns is not None:
                lengths_ns.append(healed_ns - began_ns)
            began_ns, healed_ns = step.time_ns, None
            back.forget()
    if began_ns is not None and healed_ns is not None:
        lengths_ns.append(healed_ns - began_ns)
    return [to_s(length_ns) for length_ns in lengths_ns]


class _Back:
    """Whether the client was connected long and well enough to forget its failures."""

    def __init__(self, declared: Declared) -> None:
        by_opening = declared.resets_on in _BY_OPENING
        lasting = declared.resets_on in {"stable", "time"}
        self._never = declared.resets_on == "never"
        self._needs_proof = not by_opening
        least_s = declared.stable_s if lasting else 0.0
        self._least_ns = to_ns(STABLE_S if declared.resets_on is None else least_s)
        self._opened_ns: int | None = None
        self._proved = self._was = False

    def take(self, event: Event, time_ns: int) -> None:
        """Follow an opening, a proof or an end."""
        if event is OPEN:
            self._opened_ns, self._proved = time_ns, False
        elif event is PROVED:
            self._proved = True
        else:
            self._was = self.by(time_ns)
            self._opened_ns = None

    def by(self, time_ns: int) -> bool:
        """Whether it was, since the last outage began and up to now."""
        if self._was or self._never or self._opened_ns is None:
            return self._was and not self._never
        if self._needs_proof and not self._proved:
            return False
        return time_ns - self._opened_ns >= self._least_ns

    def forget(self) -> None:
        """A new outage begins; the connection that it ends, or leaves, is not one after it."""
        self._was, self._opened_ns = False, None
