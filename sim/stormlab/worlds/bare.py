"""A bare world: one client, its policy, and a server that behaves as a schedule says.

Nothing here is slower than it must be: no engine, no network beyond a fixed latency, so that
hundreds of worlds per second can be tried. The policy is hosted by
:class:`stormlab.policy.host.Host`, as in production.

The server's life is a row of phases, each with a length; after the last one it serves for the
settle time. What a phase does to an attempt and to a connection that is open when it begins:

=========== ======================================== ===========================================
``serve``   opens after three round trips, proves    kept
``refuse``  refused after one round trip             dropped, 1006 (a crash)
``stop``    refused after one round trip             dropped with ``code``, clean (a restart)
``hang``    not answered until the phase is over     silent: the heartbeat notices, or nobody
``reject``  opens, dropped with ``code`` after       kept
            ``after_s``, never proves
``mute``    opens, never proves                      kept
=========== ======================================== ===========================================

A ``serve`` phase may ``drop`` the connection at its beginning with ``code`` (a flap). ``advice_s``
goes with every rejection or drop of its phase, as Retry-After would.

Simplification: an attempt that hangs when its phase ends is answered by the SYN that the kernel
sends next (1, 2, 3, 4, 5, 7, 11, ... s after the first).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from heapq import heappop, heappush
from itertools import count
from typing import Literal

from stormlab.clock import NS_PER_MS, to_ns
from stormlab.draws import Draws
from stormlab.policy.breaker import Breaker, BreakerState
from stormlab.policy.chance import AddressedChance
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
from stormlab.worlds.story import Step, Story

What = Literal["serve", "refuse", "stop", "hang", "reject", "mute"]
Doing = Literal["offline", "online", "hide", "show", "by_hand", "close"]

WAY_NS = 10 * NS_PER_MS
STEPS_MAX = 20_000
SYN_NS = tuple(to_ns(each) for each in (1, 2, 3, 4, 5, 7, 11, 19, 35, 67))
ABNORMAL = 1006


@dataclass(frozen=True)
class Phase:
    """How the server behaves for a while; see the module's table."""

    what: What
    for_s: float
    code: int = 1012
    after_s: float = 0.05
    advice_s: float | None = None
    drop: bool = False


@dataclass(frozen=True)
class Act:
    """Something that the device or the person does at a time."""

    do: Doing
    at_s: float


@dataclass(frozen=True)
class BareWorld:
    """Everything that decides a bare run, besides the policy. All chance follows from ``seed``.

    ``sockets``: how many sockets of one client; they share a breaker or a budget if the policy says
    so, and everything that happens happens to all of them.
    """

    phases: tuple[Phase, ...] = ()
    acts: tuple[Act, ...] = ()
    settle_s: float = 60.0
    sockets: int = 1
    seed: int = 0

    @property
    def healed_s(self) -> float:
        """When the last phase is over and the server serves for good."""
        return sum(phase.for_s for phase in self.phases)

    @property
    def end_s(self) -> float:
        """When the run ends."""
        return self.healed_s + self.settle_s


def run_bare(
    make_group: Callable[[int], list[Policy]], world: BareWorld, chance: Chance | None = None
) -> list[Story]:
    """Host the policies of one client in ``world``; equal arguments give equal stories.

    ``chance``: instead of the addressed draws of the world's seed. What a policy raises passes
    through: the caller knows whose it is.
    """
    draws = Draws(world.seed)
    policies = make_group(world.sockets)
    run = _Run(world)
    run.sockets = [
        _Socket(run, policy, chance or AddressedChance(draws, 0, number))
        for number, policy in enumerate(policies)
    ]
    return run.stories()


class _Run:
    """The queue of what happens, the server's phase and the device's state."""

    def __init__(self, world: BareWorld) -> None:
        self.now_ns = 0
        self.phase = Phase("serve", 0)
        self.online = True
        self.closed = False
        self.count = 0  # steps of all sockets, against runs that do not end
        self.sockets: list[_Socket] = []
        self._end_ns = to_ns(world.end_s)
        self._queue: list[tuple[int, int, int, Callable[[], None]]] = []
        self._order = count()
        at_s = 0.0
        for phase in (*world.phases, Phase("serve", world.settle_s)):
            self.at(to_ns(at_s), partial(self._enter, phase), rank=0)
            at_s += phase.for_s
        for act in world.acts:
            self.at(to_ns(act.at_s), partial(self._act, act), rank=1)

    def at(self, time_ns: int, action: Callable[[], None], rank: int = 3) -> None:
        """Do something then; of one moment: server, device, start, wire, timers."""
        heappush(self._queue, (time_ns, rank, next(self._order), action))

    def stories(self) -> list[Story]:
        """Run to the end."""
        for socket in self.sockets:
            self.at(0, partial(socket.host.start, 0), rank=2)
        queue, end_ns = self._queue, self._end_ns
        while queue and queue[0][0] <= end_ns and self.count < STEPS_MAX:
            self.now_ns, _, _, action = heappop(queue)
            action()
            for socket in self.sockets:
                socket.plan()
        cut = self.count >= STEPS_MAX
        ended_ns = self.now_ns if cut else end_ns
        return [
            Story(tuple(socket.steps), ended_ns, 0, number, cut)
            for number, socket in enumerate(self.sockets)
        ]

    def _enter(self, phase: Phase) -> None:
        before, self.phase = self.phase, phase
        for socket in self.sockets:
            socket.note(Event.FAULT, detail=phase.what)
            socket.meets(before, phase)

    def _act(self, act: Act) -> None:
        if self.closed:
            return
        if act.do == "close":
            self.closed = True
            for socket in self.sockets:
                socket.note(Event.CLOSE_CALLED)
            return
        self.online = {"offline": False, "online": True}.get(act.do, self.online)
        for socket in self.sockets:
            socket.suffers(act.do)


class _Socket:
    """One socket: its policy, hosted, and what becomes of its attempts."""

    def __init__(self, run: _Run, policy: Policy, chance: Chance) -> None:
        self.run = run
        self.policy = policy
        self.steps: list[Step] = []
        self.host = Host(policy, chance, self._listen)
        breaker = getattr(policy, "breaker", None)
        self._breaker = breaker if isinstance(breaker, Breaker) else None
        self._state = BreakerState.CLOSED
        self._due_ns: int | None = None
        self._timer = False
        self._silent = False  # nothing comes from the other end of the open connection
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
        cause: Cause = Cause.NONE,
        value_ns: int = 0,
        detail: str = "",
        advice_ns: int | None = None,
    ) -> None:
        """Write a step down."""
        self.run.count += 1
        number, now_ns = self.host.attempt, self.run.now_ns
        self.steps.append(
            Step(now_ns, event, number, code, clean, cause, value_ns, detail, number, -1, advice_ns)
        )

    # the policy's decisions ------------------------------------------------------------------

    def plan(self) -> None:
        """Put what the host has pending on the queue, once."""
        due_ns = None if self.run.closed else self.host.due_ns
        if due_ns is not None and due_ns != self._due_ns:
            time_ns = max(due_ns, self.run.now_ns)
            self.run.at(time_ns, partial(self._fall_due, due_ns), rank=4)
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

    def _listen(self, step: HostStep) -> None:
        if isinstance(step, Told):
            self._decided(step.decision)
            self._watch_breaker()
        elif step.made:
            self.note(Event.TIMER_FIRED)
            self.note(Event.NEW)
        else:
            self.note(Event.TIMER_IGNORED)
            self._decided(step.instead)

    def _decided(self, decision: RetryAt | Stop | None) -> None:
        waiting = self.host.phase is HostPhase.WAITING
        if self._timer and (isinstance(decision, Stop) or (decision is not None and waiting)):
            self._timer = False
            self.note(Event.TIMER_CLEARED)
        if isinstance(decision, Stop):
            self.note(Event.GAVE_UP, detail=decision.reason, clean=int(decision.announced))
        elif isinstance(decision, RetryAt) and waiting:
            self._timer = True
            self.note(Event.TIMER_SET, value_ns=decision.time_ns - self.run.now_ns)

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
        if timeout_s is not None:
            self._later(to_ns(timeout_s), partial(self._refused, number, Cause.TIMED_OUT))
        self._later(WAY_NS, partial(self._syn, number, run.now_ns))

    def _later(self, delay_ns: int, action: Callable[[], None]) -> None:
        self.run.at(self.run.now_ns + delay_ns, action)

    def _is(self, number: int, phase: HostPhase) -> bool:
        return self.host.attempt == number and self.host.phase is phase and not self.run.closed

    def _syn(self, number: int, began_ns: int) -> None:
        """The SYN arrives, and meets the server as it is now."""
        if not self._is(number, HostPhase.CONNECTING):
            return
        run, what = self.run, self.run.phase.what
        if not run.online or what == "hang":
            since_ns = run.now_ns - began_ns
            again_ns = next((each for each in SYN_NS if each + WAY_NS > since_ns), None)
            if again_ns is not None:
                run.at(began_ns + again_ns + WAY_NS, partial(self._syn, number, began_ns))
            else:
                self._later(0, partial(self._refused, number, Cause.TIMED_OUT))
        elif what in {"refuse", "stop"}:
            self._later(WAY_NS, partial(self._refused, number, Cause.REFUSED))
        else:
            self._later(5 * WAY_NS, partial(self._opened, number, run.phase))

    def _refused(self, number: int, cause: Cause) -> None:
        if not self._is(number, HostPhase.CONNECTING):
            return
        now_ns, advice_ns = self.run.now_ns, _ns(self.run.phase.advice_s)
        self.note(Event.CLOSE, code=ABNORMAL, clean=0, cause=cause, advice_ns=advice_ns)
        told = Happened(Fact.REFUSED, now_ns, code=ABNORMAL, retry_after_ns=advice_ns)
        self.host.tell(told, number)

    def _opened(self, number: int, phase: Phase) -> None:
        """The 101 arrives, unless the server has gone meanwhile."""
        if not self._is(number, HostPhase.CONNECTING):
            return
        if self.run.phase.what in {"refuse", "stop", "hang"}:
            self._refused(number, Cause.RESET)
            return
        self._silent = False
        self.note(Event.OPEN)
        facts = (Fact.REACHED, Fact.OPENED) if self._terms.http_first else (Fact.OPENED,)
        for fact in facts:
            self.host.tell(Happened(fact, self.run.now_ns), number)
        if phase.what == "serve":
            self.note(Event.PROVED)
            self.host.tell(Happened(Fact.PROVED, self.run.now_ns), number)
        elif phase.what == "reject":
            closing = partial(self._dropped, number, phase, Cause.SERVER_CLOSED)
            self._later(to_ns(phase.after_s), closing)

    def _dropped(self, number: int, phase: Phase, cause: Cause, code: int | None = None) -> None:
        if not self._is(number, HostPhase.OPEN):
            return
        code = phase.code if code is None else code
        clean = code != ABNORMAL
        advice_ns = _ns(phase.advice_s) if clean else None
        self.note(Event.CLOSE, code=code, clean=int(clean), cause=cause, advice_ns=advice_ns)
        now_ns = self.run.now_ns
        told = Happened(Fact.DROPPED, now_ns, code=code, clean=clean, retry_after_ns=advice_ns)
        self.host.tell(told, number)

    # the server, the device, the person ------------------------------------------------------

    def meets(self, before: Phase, phase: Phase) -> None:
        """The server enters a phase."""
        number = self.host.attempt
        drop = partial(self._dropped, number, phase)
        if phase.what == "refuse":
            self._later(WAY_NS, partial(drop, Cause.KILLED, ABNORMAL))
        elif phase.what == "stop" or (phase.what == "serve" and phase.drop):
            self._later(WAY_NS, partial(drop, Cause.SERVER_CLOSED))
        elif phase.what == "hang" and self._is(number, HostPhase.OPEN):
            self._falls_silent(number)
        elif before.what == "hang" and self._silent:
            self._later(WAY_NS, partial(drop, Cause.RESET, ABNORMAL))

    def _falls_silent(self, number: int) -> None:
        """Nothing comes any more; the next ping but one notices, if there are pings."""
        self._silent = True
        terms = self._terms
        if terms.heartbeat_s is not None:
            wait_s = terms.heartbeat_s + (terms.heartbeat_timeout_s or terms.heartbeat_s)
            self._later(to_ns(wait_s), partial(self._dead, number))

    def _dead(self, number: int) -> None:
        if self._silent and self._is(number, HostPhase.OPEN):
            self.note(Event.HEARTBEAT_LOST)
            self._dropped(number, self.run.phase, Cause.HALF_OPEN, ABNORMAL)

    def suffers(self, what: Doing) -> None:
        """The device or the person does something."""
        event, fact = _ACTS[what]
        self.note(event)
        self.host.tell(Happened(fact, self.run.now_ns))
        number = self.host.attempt
        if what == "offline" and self._terms.closes_offline:
            self._dropped(number, self.run.phase, Cause.OFFLINE, ABNORMAL)
        elif what == "offline" and self._is(number, HostPhase.OPEN):
            self._falls_silent(number)
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
