"""One socket of a bare world: its policy, hosted, and what becomes of its attempts."""

from collections.abc import Callable
from functools import partial
from typing import Protocol

from stormlab.clock import NS_PER_MS, to_ns
from stormlab.policy.breaker import Breaker, BreakerState
from stormlab.policy.contract import (
    Chance,
    Fact,
    Happened,
    HasTerms,
    Policy,
    RetryAt,
    Stop,
    Terms,
)
from stormlab.policy.host import Host, Told
from stormlab.policy.host import Phase as HostPhase
from stormlab.policy.host import Step as HostStep
from stormlab.vocabulary import Cause, Event
from stormlab.worlds.phases import Doing, Phase
from stormlab.worlds.story import Step

WAY_NS = 10 * NS_PER_MS
HANDSHAKE_NS = 6 * WAY_NS  # TCP, TLS, upgrade
SYN_NS = tuple(to_ns(each) for each in (1, 2, 3, 4, 5, 7, 11, 19, 35, 67))
ABNORMAL = 1006
# what every attempt needs, since Python 3.11 is slow to find a member
_NEW, _OPEN, _CLOSE = Event.NEW, Event.OPEN, Event.CLOSE
_TIMER_SET, _TIMER_FIRED = Event.TIMER_SET, Event.TIMER_FIRED
_NO_CAUSE, _REFUSED, _SERVER_CLOSED = Cause.NONE, Cause.REFUSED, Cause.SERVER_CLOSED
_FAILED, _OPENED, _DROPPED = Fact.REFUSED, Fact.OPENED, Fact.DROPPED
_WAITING, _CONNECTING, _IS_OPEN = HostPhase.WAITING, HostPhase.CONNECTING, HostPhase.OPEN
_new_step = tuple.__new__  # what Step does itself, without a call in Python


Notices = Callable[[int, int], int | None]
"""``notices(opened_ns, silent_ns)``: when a client gives up a connection on which nothing comes any
more since ``silent_ns``; None: never."""


class Around(Protocol):
    """What a socket sees of its world; see :func:`stormlab.worlds.bare.run_bare`."""

    now_ns: int
    phase: Phase
    online: bool
    closed: bool
    count: int
    proof_ns: int
    notices: Notices | None

    def at(self, time_ns: int, action: Callable[[], None], rank: int = 3) -> None:
        """Do something then."""


class Socket:
    """One socket: its policy, hosted, and what becomes of its attempts."""

    def __init__(self, run: Around, policy: Policy, chance: Chance) -> None:
        self.run = run
        self.policy = policy
        self.steps: list[Step] = []
        self.host = Host(policy, chance, self._listen)
        breaker = getattr(policy, "breaker", None)
        self._breaker = breaker if isinstance(breaker, Breaker) else None
        self._state = BreakerState.CLOSED
        self._due_ns: int | None = None
        self._timer = False
        self._silences = 0  # counted, so that an old one does not end a new connection
        self._silent = False  # nothing comes from the other end of the open connection
        self._gone = False  # the other end has gone, and the device, offline, did not hear of it
        self._opened_ns = 0
        self._patience_ns: int | None = None  # of the attempt under way, if not on the queue
        self._fooled_by: Phase | None = None  # accepted only to be closed
        self._with_terms = policy if isinstance(policy, HasTerms) else None

    @property
    def _terms(self) -> Terms:
        return self._with_terms.terms if self._with_terms is not None else _NO_TERMS

    def note(
        self,
        event: Event,
        *,
        code: int = 0,
        clean: int = -1,
        cause: Cause = _NO_CAUSE,
        value_ns: int = 0,
        detail: str = "",
        advice_ns: int | None = None,
    ) -> None:
        """Write a step down."""
        run, number = self.run, self.host.attempt
        run.count += 1
        told = (
            run.now_ns,
            event,
            number,
            code,
            clean,
            cause,
            value_ns,
            detail,
            number,
            -1,
            advice_ns,
            run.count,
        )
        self.steps.append(_new_step(Step, told))

    # the policy's decisions ------------------------------------------------------------------

    def start(self) -> None:
        """Begin."""
        self.host.start(0)
        self._plan()

    def _tell(self, happened: Happened, number: int | None = None) -> None:
        self.host.tell(happened, number)
        self._plan()

    def _plan(self) -> None:
        """Put what the host has pending on the queue, once."""
        run = self.run
        due_ns = None if run.closed else self.host.due_ns
        if due_ns is not None and due_ns != self._due_ns:
            time_ns = max(due_ns, run.now_ns)
            run.at(time_ns, partial(self._fall_due, due_ns), 4)
        self._due_ns = due_ns

    def _fall_due(self, due_ns: int) -> None:
        if self.run.closed or self.host.due_ns != due_ns:
            return  # replaced meanwhile
        self._due_ns = None
        self._timer = False
        number = self.host.begin(max(due_ns, self.run.now_ns))
        self._watch_breaker()
        if number is not None:
            self._attempt(number)
        else:
            self._plan()

    def _listen(self, step: HostStep) -> None:
        if isinstance(step, Told):
            if step.decision is not None:
                self._decided(step.decision)
            self._watch_breaker()
        elif step.made:
            self.note(_TIMER_FIRED)
            self.note(_NEW)
        else:
            self.note(Event.TIMER_IGNORED)
            self._decided(step.instead)

    def _decided(self, decision: RetryAt | Stop | None) -> None:
        waiting = self.host.phase is _WAITING
        if self._timer and (isinstance(decision, Stop) or (decision is not None and waiting)):
            self._timer = False
            self.note(Event.TIMER_CLEARED)
        if isinstance(decision, Stop):
            self.note(Event.GAVE_UP, detail=decision.reason, clean=int(decision.announced))
        elif isinstance(decision, RetryAt) and waiting:
            self._timer = True
            self.note(_TIMER_SET, value_ns=decision.time_ns - self.run.now_ns)

    def _watch_breaker(self) -> None:
        if self._breaker is None:
            return
        state = self._breaker.state(self.run.now_ns)
        if state is not self._state:
            self._state = state
            self.note(_BREAKER[state])

    # an attempt ------------------------------------------------------------------------------

    def _attempt(self, number: int) -> None:
        run = self.run
        if not run.online:
            self._later(NS_PER_MS, partial(self._refused, number, Cause.OFFLINE))
            return
        timeout_s = self._terms.connect_timeout_s
        self._patience_ns = None if timeout_s is None else to_ns(timeout_s)
        if self._patience_ns is not None and self._patience_ns <= HANDSHAKE_NS:
            self._be_patient(number, run.now_ns)
        self._later(WAY_NS, partial(self._syn, number, run.now_ns))

    def _be_patient(self, number: int, began_ns: int) -> None:
        """Give the attempt up when its time is over; asked for once it can be that slow."""
        if self._patience_ns is not None:
            time_ns = began_ns + self._patience_ns
            self.run.at(time_ns, partial(self._refused, number, Cause.TIMED_OUT))
            self._patience_ns = None

    def _later(self, delay_ns: int, action: Callable[[], None]) -> None:
        run = self.run
        run.at(run.now_ns + delay_ns, action)

    def _is(self, number: int, phase: HostPhase) -> bool:
        return self.host.attempt == number and self.host.phase is phase and not self.run.closed

    def _syn(self, number: int, began_ns: int) -> None:
        """The SYN arrives, and meets the server as it is now."""
        if not self._is(number, _CONNECTING):
            return
        run, what = self.run, self.run.phase.what
        if not run.online or what == "hang":
            self._be_patient(number, began_ns)
            since_ns = run.now_ns - began_ns
            again_ns = next((each for each in SYN_NS if each + WAY_NS > since_ns), None)
            if again_ns is not None:
                run.at(began_ns + again_ns + WAY_NS, partial(self._syn, number, began_ns))
            else:
                self._later(0, partial(self._refused, number, Cause.TIMED_OUT))
        elif what in {"refuse", "stop"}:
            self._later(WAY_NS, partial(self._refused, number, _REFUSED))
        else:
            self._later(HANDSHAKE_NS - WAY_NS, partial(self._opened, number, run.phase))

    def _refused(self, number: int, cause: Cause) -> None:
        if not self._is(number, _CONNECTING):
            return
        now_ns = self.run.now_ns
        advice_ns = _ns(self.run.phase.advice_s) if cause is _REFUSED else None
        self.note(_CLOSE, code=ABNORMAL, clean=0, cause=cause, advice_ns=advice_ns)
        began_ns = self.host.began_ns
        told = Happened(_FAILED, now_ns, ABNORMAL, retry_after_ns=advice_ns, began_ns=began_ns)
        self._tell(told, number)

    def _opened(self, number: int, phase: Phase) -> None:
        """The 101 arrives, unless the server or the network has gone meanwhile."""
        if not self._is(number, _CONNECTING):
            return
        if not self.run.online or self.run.phase.what in {"refuse", "stop", "hang"}:
            self._refused(number, Cause.RESET if self.run.online else Cause.OFFLINE)
            return
        self._silent = self._gone = False
        self._fooled_by = phase if phase.what == "reject" else None
        self.note(_OPEN)
        if self._terms.http_first:
            self._tell(self._good(Fact.REACHED), number)
        self._opened_ns = self.run.now_ns
        self.host.tell(self._good(_OPENED), number)  # who is connected has nothing pending
        if phase.what == "serve" or (phase.what == "reject" and phase.answers):
            if self.run.proof_ns:
                # what ends the connection in the same moment comes before
                self.run.at(self.run.now_ns + self.run.proof_ns, partial(self._proved, number), 4)
            else:
                self._proved(number)
        if phase.what == "reject":
            wait_ns = to_ns(phase.after_s) if self.run.phase is phase else WAY_NS
            self._later(wait_ns, partial(self._fool, number, phase))

    def _proved(self, number: int) -> None:
        """The application's word arrives, unless the connection is over or silent by then."""
        if self._is(number, _IS_OPEN) and not self._silent:
            self.note(Event.PROVED)
            self.host.tell(self._good(Fact.PROVED), number)

    def _good(self, fact: Fact) -> Happened:
        return Happened(fact, self.run.now_ns, began_ns=self.host.began_ns)

    def _fool(self, number: int, phase: Phase) -> None:
        """Close what was accepted only to be closed, while the server still does so."""
        if self._fooled_by is phase and self.run.phase.what != "hang":
            self._ended(number, phase, _SERVER_CLOSED)

    def _ended(self, number: int, phase: Phase, cause: Cause, code: int | None = None) -> None:
        """The other end is gone; who is offline does not hear of it."""
        if self.run.online:
            self._dropped(number, phase, cause, code)
        elif self._is(number, HostPhase.OPEN):
            self._gone = True

    def _dropped(self, number: int, phase: Phase, cause: Cause, code: int | None = None) -> None:
        if not self._is(number, _IS_OPEN):
            return
        self._silent = self._gone = False
        self._fooled_by = None
        code = phase.code if code is None else code
        clean = code != ABNORMAL
        advice_ns = _ns(phase.advice_s) if clean else None
        self.note(_CLOSE, code=code, clean=int(clean), cause=cause, advice_ns=advice_ns)
        now_ns, began_ns = self.run.now_ns, self.host.began_ns
        told = Happened(_DROPPED, now_ns, code, clean, advice_ns, began_ns)
        self._tell(told, number)

    # the server, the device, the person ------------------------------------------------------

    def meets(self, before: Phase, phase: Phase) -> None:
        """The server enters a phase."""
        number = self.host.attempt
        end = partial(self._ended, number, phase)
        if phase.what == "refuse":
            self._later(WAY_NS, partial(end, Cause.KILLED, ABNORMAL))
        elif phase.what == "stop" or (phase.what in {"serve", "reject"} and phase.drop):
            self._later(WAY_NS, partial(end, Cause.SERVER_CLOSED))
        elif phase.what == "hang":
            self._falls_silent(number)
        elif self._fooled_by is before:
            self._later(WAY_NS, partial(self._fool, number, before))
        elif before.what == "hang" and self._silent:
            self._later(WAY_NS, partial(end, Cause.RESET, ABNORMAL))

    def _falls_silent(self, number: int) -> None:
        """Nothing comes any more; the next ping but one notices, if there are pings."""
        if self._silent or not self._is(number, HostPhase.OPEN):
            return
        self._silent = True
        self._silences += 1
        now_ns, terms, notices = self.run.now_ns, self._terms, self.run.notices
        dead_ns: int | None = None
        if notices is not None:
            dead_ns = notices(self._opened_ns, now_ns)
        elif terms.heartbeat_s is not None:
            wait_s = terms.heartbeat_s + (terms.heartbeat_timeout_s or terms.heartbeat_s)
            dead_ns = now_ns + to_ns(wait_s)
        if dead_ns is not None:
            self.run.at(max(dead_ns, now_ns), partial(self._dead, number, self._silences))

    def _dead(self, number: int, silence: int) -> None:
        if self._silent and silence == self._silences and self._is(number, HostPhase.OPEN):
            self.note(Event.HEARTBEAT_LOST)
            self._dropped(number, self.run.phase, Cause.HALF_OPEN, ABNORMAL)

    def suffers(self, what: Doing) -> None:
        """The device or the person does something."""
        event, fact = _ACTS[what]
        self.note(event)
        self._tell(Happened(fact, self.run.now_ns))
        number = self.host.attempt
        if what == "offline" and self._terms.closes_offline:
            self._dropped(number, self.run.phase, Cause.OFFLINE, ABNORMAL)
        elif what == "offline":
            self._falls_silent(number)
        elif what == "online" and self._gone:
            self._later(
                2 * WAY_NS, partial(self._ended, number, self.run.phase, Cause.RESET, ABNORMAL)
            )
        elif what == "online" and self.run.phase.what != "hang":
            self._silent = False


_NO_TERMS = Terms()
_ACTS: dict[str, tuple[Event, Fact]] = {
    "offline": (Event.OFFLINE, Fact.OFFLINE),
    "online": (Event.ONLINE, Fact.ONLINE),
    "hide": (Event.HIDDEN, Fact.HIDDEN),
    "show": (Event.VISIBLE, Fact.VISIBLE),
    "by_hand": (Event.RETRY_BY_HAND, Fact.RETRY_BY_HAND),
}
_BREAKER = {
    BreakerState.OPEN: Event.BREAKER_OPENED,
    BreakerState.HALF_OPEN: Event.BREAKER_HALF_OPEN,
    BreakerState.CLOSED: Event.BREAKER_CLOSED,
}


def _ns(seconds: float | None) -> int | None:
    return None if seconds is None else to_ns(seconds)
