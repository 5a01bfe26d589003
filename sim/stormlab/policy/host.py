"""The host's part of the contract, without IO: what a policy is told, and when to attempt.

A host is always in one phase, and each fact about an attempt belongs to one of them::

                 begin             OPENED
    WAITING ──────────► CONNECTING ──────► OPEN        REACHED is told while CONNECTING,
       ▲                    │                │         PROVED while OPEN, each at most once;
       └────── REFUSED ─────┴──── DROPPED ───┘         the surroundings (ONLINE, ...) at any time.

Whoever does the IO calls :meth:`Host.start` once and :meth:`Host.begin` whenever
:attr:`Host.due_ns` has come, and tells what became of the attempt under the number it was given.
What is told of an attempt that is over, or twice, is left out: a refusal that arrives late cannot
start a second attempt beside the one under way.

Two readings of the contract where it leaves room:

- A retry decided while an attempt or a connection is under way is not made: there is one already,
  and when it ends the policy decides again.
- Nothing brings the next attempt after a :class:`~stormlab.policy.Stop`, after a refusal that
  names no later time, and when a connection ended and the policy decided nothing. The host then
  waits for the next fact and never asks again by itself; :attr:`Host.stopped` says which it was.
"""

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple

from stormlab.policy.chance import AddressedChance
from stormlab.policy.contract import (
    Chance,
    Decision,
    Fact,
    Happened,
    Policy,
    RetryAt,
    Scope,
    Stop,
    first_attempt,
    instead,
)


class Phase(StrEnum):
    """What a client is doing."""

    WAITING = "waiting"
    CONNECTING = "connecting"
    OPEN = "open"


_WAITING, _CONNECTING = Phase.WAITING, Phase.CONNECTING  # Python 3.11 is slow to find a member

# Where a fact about an attempt may be told, and what the client does after it.
AFTER: dict[tuple[Phase, Fact], Phase] = {
    (Phase.CONNECTING, Fact.REACHED): Phase.CONNECTING,
    (Phase.CONNECTING, Fact.REFUSED): Phase.WAITING,
    (Phase.CONNECTING, Fact.OPENED): Phase.OPEN,
    (Phase.OPEN, Fact.PROVED): Phase.OPEN,
    (Phase.OPEN, Fact.DROPPED): Phase.WAITING,
}
OF_AN_ATTEMPT = frozenset(fact for _, fact in AFTER)
NO_DRAW = frozenset({Fact.REACHED, Fact.OPENED, Fact.PROVED})
AWAY = {Fact.OFFLINE: Fact.ONLINE, Fact.HIDDEN: Fact.VISIBLE}  # and what is expected after it

WITHHELD = Stop("the policy allowed no attempt when it fell due", announced=False)
UNDECIDED = Stop("the policy decided nothing after the connection ended", announced=False)


class Attempt(NamedTuple):
    """An attempt that fell due. ``made`` is False when the policy refused it.

    ``number`` counts from 1; an attempt that was not made has the number of the last one made, and
    ``instead`` is what the policy decided in its place (None: it waits for a fact).
    """

    number: int
    time_ns: int
    due_ns: int
    made: bool = True
    instead: Decision = None


class Told(NamedTuple):
    """A fact that the policy was told, its answer, and the number of the latest attempt."""

    happened: Happened
    decision: Decision
    attempt: int


Step = Attempt | Told


class _OneDecision:
    """Chance during one decision: who asks twice for the same purpose gets the same draw."""

    __slots__ = ("_chance", "_drawn")

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._drawn: dict[tuple[str, Scope], float] | None = None  # most decisions draw nothing

    def unit(self, purpose: str, scope: Scope = "attempt") -> float:
        key = purpose, scope
        if self._drawn is None:
            self._drawn = {}
        if key not in self._drawn:
            self._drawn[key] = self._chance.unit(purpose, scope)
        return self._drawn[key]


def _ignore(step: Step) -> None:
    del step


class Host:
    """One client's policy and what it has decided; whoever does the IO drives it."""

    def __init__(
        self,
        policy: Policy,
        chance: Chance,
        listen: Callable[[Step], None] = _ignore,
    ) -> None:
        """Tell ``listen`` of each step."""
        self.policy = policy
        self.chance = chance
        self.phase = Phase.WAITING
        self.attempt = 0  # the number of the latest attempt; 0: none yet
        self.began_ns: int | None = None  # when that began
        self._listen = listen
        self._pending: Decision = None
        self._started = False
        self._now_ns = 0
        self._told_once: list[Fact] = []  # of the latest attempt
        self._expected: list[Fact] = []  # facts that end what the application said: offline, hidden

    @property
    def due_ns(self) -> int | None:
        """When to call :meth:`begin`; None: no attempt is pending, or one is under way."""
        pending = self._pending
        if self.phase is _WAITING and isinstance(pending, RetryAt):
            return pending.time_ns
        return None

    @property
    def stopped(self) -> Stop | None:
        """Why nothing brings the next attempt; None while something does, or one is under way."""
        if self.phase is not Phase.WAITING or isinstance(self._pending, RetryAt):
            return None
        return self._pending or UNDECIDED

    @property
    def away(self) -> bool:
        """Whether the application has said offline or hidden, so that another fact will follow."""
        return bool(self._expected)

    def start(self, time_ns: int) -> None:
        """Let the first attempt fall due when the policy wants it; later calls do nothing."""
        if self._started:
            return
        self._started = True
        self._now_ns = max(time_ns, self._now_ns)
        if not isinstance(self._pending, Stop):  # decided by a fact that came before
            self._pending = first_attempt(self.policy, self._now_ns, self._next_chance())

    def begin(self, time_ns: int) -> int | None:
        """Begin the attempt that is due, and return its number; None: the policy refuses it.

        Raises:
            RuntimeError: when no attempt is due at ``time_ns``.
        """
        due_ns = self.due_ns
        if due_ns is None or time_ns < due_ns:
            msg = f"no attempt is due at {time_ns} ns: {self.phase}, due at {due_ns}"
            raise RuntimeError(msg)
        now_ns = self._now_ns = max(time_ns, self._now_ns)
        self._count_decision()
        decision: Decision = None
        made = self.policy.may_attempt(now_ns)
        if not made:
            decision = instead(self.policy, now_ns, _OneDecision(self.chance))
            made = isinstance(decision, RetryAt) and decision.time_ns == now_ns
        if made:
            self.phase, self._pending = _CONNECTING, None
            self.attempt += 1
            self.began_ns = now_ns
            self._told_once = []
            self._listen(Attempt(self.attempt, now_ns, due_ns))
            return self.attempt
        names_no_later_time = isinstance(decision, RetryAt) and decision.time_ns < now_ns
        self._pending = WITHHELD if names_no_later_time else decision or WITHHELD
        self._listen(Attempt(self.attempt, now_ns, due_ns, made=False, instead=decision))
        return None

    def tell(self, happened: Happened, attempt: int | None = None) -> bool:
        """Tell the policy a fact and keep its decision.

        ``attempt``: the number that :meth:`begin` gave, for a fact about an attempt or the
        connection it became; such a fact is told with the time at which that attempt began.
        Returns False, and tells nothing, when the attempt is over or has told this already.
        """
        fact = happened.fact
        if fact in OF_AN_ATTEMPT:
            after = AFTER.get((self.phase, fact))
            if after is None or attempt != self.attempt or fact in self._told_once:
                return False
            self._told_once.append(fact)
            self.phase = after
            if happened.began_ns != self.began_ns:
                happened = replace(happened, began_ns=self.began_ns)
        else:
            self._note(fact)
        self._ask(happened)
        return True

    def _note(self, fact: Fact) -> None:
        if fact in self._expected:
            self._expected.remove(fact)
        elif fact in AWAY and AWAY[fact] not in self._expected:
            self._expected.append(AWAY[fact])

    def _ask(self, happened: Happened) -> None:
        if happened.time_ns >= self._now_ns:
            self._now_ns = happened.time_ns
        else:
            happened = replace(happened, time_ns=self._now_ns)
        chance = self._next_chance(happened.fact)
        decision = self.policy.on(happened, chance)
        if decision is not None and (self.phase is _WAITING or isinstance(decision, Stop)):
            self._pending = decision
        self._listen(Told(happened, decision, self.attempt))

    def _next_chance(self, fact: Fact | None = None) -> Chance:
        """Chance for a new decision; as in the simulation, good news takes no draw."""
        if fact not in NO_DRAW:
            self._count_decision()
        return _OneDecision(self.chance)

    def _count_decision(self) -> None:
        if isinstance(self.chance, AddressedChance):
            self.chance.ordinal += 1
