"""The contract of a reconnect policy: facts in, decisions out, nothing else.

A policy has no clock, no random generator and no socket (sans-IO, as h11 and websockets do it).
It is told what happened and answers with the next attempt, or that it stops and why. What it needs
of chance it asks for by purpose, so that the same object serves the simulation, a property test
and a production client.
"""

import importlib
import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Protocol, cast


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


def load_policy(target: str) -> Callable[[], Policy]:
    """Find a policy of one's own: ``module:attribute`` or ``file.py:attribute``.

    The attribute is called without arguments, once for each endpoint of a page.

    Raises:
        ValueError: one line, when there is no such module, file or attribute, or when what it
            makes does not meet the contract.
    """
    place, _, name = target.rpartition(":")
    if not place or not name.isidentifier():
        msg = f"'{target}' is not module:attribute or file.py:attribute"
        raise ValueError(msg)
    make = getattr(_module(place, target), name, None)
    if not callable(make):
        msg = f"'{target}': {place} has no class or function '{name}'"
        raise ValueError(msg)  # noqa: TRY004  a value of a scenario, not a type error
    policy = make()
    for method in ("on", "may_attempt"):
        if not callable(getattr(policy, method, None)):
            msg = f"'{target}' makes a {type(policy).__name__}, which has no method '{method}'"
            raise ValueError(msg)  # noqa: TRY004  a value of a scenario, not a type error
    return cast("Callable[[], Policy]", make)


def _module(place: str, target: str) -> ModuleType:
    try:
        if not place.endswith(".py"):
            return importlib.import_module(place)
        path = Path(place).resolve()
        name = f"stormlab_policy_{path.stem}"
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            msg = f"'{target}': {place} cannot be loaded as Python"
            raise ValueError(msg)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    except (ImportError, OSError, SyntaxError) as error:
        msg = f"'{target}' cannot be loaded: {error}"
        raise ValueError(msg) from None
    return module
