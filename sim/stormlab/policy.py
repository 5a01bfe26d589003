"""The contract of a reconnect policy: facts in, decisions out, nothing else.

A policy has no clock, no random generator and no socket (sans-IO, as h11 and websockets do it).
It is told what happened and answers with the next attempt, or that it stops and why. What it needs
of chance it asks for by purpose, so that the same object serves the simulation, a property test
and a production client.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Fact(StrEnum):
    """What a policy can be told."""

    OPENED = "opened"  # the handshake is complete
    PROVED = "proved"  # the application answered, or the connection was stable long enough
    DROPPED = "dropped"  # an open connection ended
    REFUSED = "refused"  # an attempt ended without opening
    ONLINE = "online"
    VISIBLE = "visible"
    RETRY_BY_HAND = "retry_by_hand"


@dataclass(frozen=True)
class Happened:
    """One fact: when (nanoseconds), close code (0: none), the server's advice if it gave any."""

    fact: Fact
    time_ns: int
    code: int = 0
    clean: bool = False
    retry_after_ns: int | None = None


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


class Chance(Protocol):
    """Where a policy gets its chance: a uniform float in [0, 1) by purpose."""

    def unit(self, purpose: str) -> float:
        """The draw for ``purpose`` and the attempt that is being decided."""


class Policy(Protocol):
    """What a client does after a connection ended."""

    def on(self, happened: Happened, chance: Chance) -> Decision:
        """Take a fact; the answer replaces any decision that is still pending, None keeps it."""

    def may_attempt(self, time_ns: int) -> bool:
        """Whether an attempt that is due now is made at all (breaker, attempts used up)."""
