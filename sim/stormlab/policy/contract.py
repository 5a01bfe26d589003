"""The contract of a reconnect policy: facts in, decisions out, nothing else.

A policy has no clock, no random generator and no socket (sans-IO, as h11 and websockets do it).
It is told what happened and answers with the next attempt, or that it stops and why. What it needs
of chance it asks for by purpose, so that the same object serves the simulation, a property test
and a production client.

Whoever runs a policy (the simulation, a property test, :mod:`stormlab.live`) is its *host*. The
host's part of the contract:

1. It tells every fact once, in order of time, and asks ``may_attempt`` when an attempt falls due.
   A refusal is silent: the policy must have decided something that brings the next attempt.
2. An answer other than None replaces the decision that was pending. A time in the past means now.
3. It makes at most one attempt at a time, and ends each with exactly one of OPENED or REFUSED; an
   open connection ends with DROPPED. Between these it tells what it learns: PROVED, REACHED.
4. It obeys the policy's :class:`Terms`: it gives up an attempt after ``connect_timeout_s``, pings
   every ``heartbeat_s`` and drops the connection when no answer came in ``heartbeat_timeout_s``.
   It asks for them (:func:`terms_of`) at the start of each attempt: some clients' patience grows.
5. Two questions are optional for a policy; a host puts them through two functions that know what
   to do without an answer: :func:`first_attempt` when the client starts, and :func:`due` when an
   attempt falls due. The latter asks ``may_attempt`` and, after a refusal, ``postponed``: a breaker
   or a budget that several sockets share may have closed the way after the decision was made.
6. Draws of scope ``attempt`` are new for each decision: at the start, at each fact other than
   OPENED, PROVED and REACHED, and at each attempt that falls due. Every host counts alike, so that
   a policy draws the same in the simulation, in a property test and in production.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol, runtime_checkable


class Fact(StrEnum):
    """What a policy can be told."""

    OPENED = "opened"  # the handshake is complete
    PROVED = "proved"  # the application answered on this connection (its first message or ack)
    DROPPED = "dropped"  # an open connection ended
    REFUSED = "refused"  # an attempt ended without opening
    REACHED = "reached"  # the HTTP call that precedes the handshake was answered with success
    ONLINE = "online"
    OFFLINE = "offline"
    VISIBLE = "visible"
    HIDDEN = "hidden"
    RETRY_BY_HAND = "retry_by_hand"


@dataclass(frozen=True, init=False)
class Happened:
    """One fact, with what the host knows about it.

    ``code`` is the close code (0: none; 1006: none was received), ``status`` the HTTP status of a
    refused handshake (0: none, or a browser, which hides it), ``retry_after_ns`` the server's
    advice (Retry-After, or a delay in the close reason), ``began_ns`` when the attempt began that
    is being reported on, ``reason`` the text of the close frame.
    """

    fact: Fact
    time_ns: int
    code: int = 0
    clean: bool = False
    retry_after_ns: int | None = None
    began_ns: int | None = None
    status: int = 0
    reason: str = ""

    def __init__(
        self,
        fact: Fact,
        time_ns: int,
        code: int = 0,
        clean: bool = False,  # noqa: FBT001, FBT002  in its place, as the field
        retry_after_ns: int | None = None,
        began_ns: int | None = None,
        status: int = 0,
        reason: str = "",
    ) -> None:
        """Take what the host knows, all at once: a frozen dataclass's own sets field by field."""
        known = {
            "fact": fact,
            "time_ns": time_ns,
            "code": code,
            "clean": clean,
            "retry_after_ns": retry_after_ns,
            "began_ns": began_ns,
            "status": status,
            "reason": reason,
        }
        object.__setattr__(self, "__dict__", known)


@dataclass(frozen=True)
class RetryAt:
    """Attempt at ``time_ns``."""

    time_ns: int


@dataclass(frozen=True)
class Stop:
    """No further attempt by itself. ``announced``: whether a person is told."""

    reason: str
    announced: bool = True


Decision = RetryAt | Stop | None

Scope = Literal["attempt", "client", "page"]


class Chance(Protocol):
    """Where a policy gets its chance: a uniform float in [0, 1) by purpose.

    ``scope`` says how long a draw lasts: a new one for every decision (``attempt``), one for the
    life of the client's connection object (``client``), or one for everything in a page until it
    is loaded again (``page``), shared by all its sockets.
    """

    def unit(self, purpose: str, scope: Scope = "attempt") -> float:
        """The draw for ``purpose`` and the decision that is being made."""


@dataclass(frozen=True)
class Terms:
    """What a policy asks of its host; None: nothing, the host decides.

    ``connect_timeout_s``: an attempt that has not opened by then is given up (None: wait as long as
    the network does). ``heartbeat_s`` and ``heartbeat_timeout_s``: ping period, and how long after
    a ping the peer is taken for dead. ``closes_offline``: an open connection is closed when the
    device goes offline. ``http_first``: an HTTP request (negotiation, polling, session) precedes
    each handshake, and its success is told as REACHED.
    """

    connect_timeout_s: float | None = None
    heartbeat_s: float | None = None
    heartbeat_timeout_s: float | None = None
    closes_offline: bool = False
    http_first: bool = False


class Policy(Protocol):
    """What a client does after a connection ended."""

    def on(self, happened: Happened, chance: Chance) -> Decision:
        """Take a fact; the answer replaces any decision that is still pending, None keeps it."""

    def may_attempt(self, time_ns: int) -> bool:
        """Whether an attempt that is due now is made at all (breaker, attempts used up)."""


@runtime_checkable
class HasTerms(Protocol):
    """A policy that states terms; one that has none leaves everything to its host."""

    @property
    def terms(self) -> Terms:
        """What the host must do for it."""


def terms_of(policy: Policy) -> Terms:
    """The terms of any policy, one of one's own included."""
    return policy.terms if isinstance(policy, HasTerms) else Terms()


@runtime_checkable
class Starts(Protocol):
    """A policy that does not make its very first attempt at once."""

    def start(self, time_ns: int, chance: Chance) -> RetryAt:
        """When to make the first attempt, the client having started at ``time_ns``."""


@runtime_checkable
class Postpones(Protocol):
    """A policy that comes back later when it refused an attempt that was due."""

    def postponed(self, time_ns: int, chance: Chance) -> Decision:
        """The next attempt after a refusal at ``time_ns``; None: a fact will bring it."""


def first_attempt(policy: Policy, time_ns: int, chance: Chance) -> RetryAt:
    """When the client that starts at ``time_ns`` makes its first attempt: at once, unless..."""
    if isinstance(policy, Starts):
        return policy.start(time_ns, chance)
    return RetryAt(time_ns)


def due(policy: Policy, time_ns: int, chance: Chance) -> Decision:
    """What becomes of an attempt that falls due: ``RetryAt(time_ns)``: make it now.

    A later time replaces it, :class:`Stop` ends it, None: nothing, silently, until a fact comes.
    """
    if policy.may_attempt(time_ns):
        return RetryAt(time_ns)
    return instead(policy, time_ns, chance)


def instead(policy: Policy, time_ns: int, chance: Chance) -> Decision:
    """What a policy does that refused the attempt that was due: see :func:`due`."""
    return policy.postponed(time_ns, chance) if isinstance(policy, Postpones) else None
