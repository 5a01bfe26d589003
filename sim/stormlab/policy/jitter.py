"""Kinds of jitter: how chance spreads a base delay.

Each kind is a pure function of the base and of its draws, monotone in each draw between the cuts
that it declares, so that :mod:`stormlab.policy.support` can find every value it can take. Where the
jitter stands with regard to the cap belongs to the schedule (:class:`.schedule.Delays`); how long a
draw lasts (``scope``: attempt, client, page) belongs to the jitter.
"""

import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

from stormlab.clock import NS_PER_S
from stormlab.draws import Quantiles, exponential
from stormlab.policy.backoff import MS_PER_S
from stormlab.policy.contract import Chance, Scope
from stormlab.policy.rules import formulas
from stormlab.policy.rules.formulas import TEETH
from stormlab.policy.support import UNIT, Draw


class Jitter(Protocol):
    """How chance spreads a base delay."""

    @property
    def draws(self) -> tuple[Draw, ...]:
        """What it draws."""

    @property
    def whole_ms(self) -> bool:
        """Whether what it adds is a whole number of milliseconds."""

    def apply(self, base_ms: float, chance: Chance) -> float:
        """The delay in milliseconds."""

    @property
    def words(self) -> str:
        """For people, ``d`` being the base."""


def _lasts(scope: Scope) -> str:
    return {"attempt": "", "client": ", once per client", "page": ", once per page load"}[scope]


@dataclass(frozen=True)
class NoJitter:
    """Every client waits the same."""

    draws = ()
    whole_ms = False

    def apply(self, base_ms: float, chance: Chance) -> float:
        """The base itself."""
        del chance
        return base_ms

    @property
    def words(self) -> str:
        """For people."""
        return "none"


@dataclass(frozen=True)
class Full:
    """Uniform from ``floor_s`` to the base; ``on_top``: the floor plus uniform from 0 to the base.

    ``whole_ms``: whole milliseconds, both ends included.
    """

    floor_s: float = 0.0
    on_top: bool = False
    whole_ms: bool = False
    scope: Scope = "attempt"
    purpose: str = "jitter"

    @property
    def draws(self) -> tuple[Draw, ...]:
        """One."""
        return (Draw(self.purpose, self.scope),)

    def apply(self, base_ms: float, chance: Chance) -> float:
        """The delay in milliseconds."""
        unit = chance.unit(self.purpose, self.scope)
        return formulas.full(base_ms, unit, self.floor_s * MS_PER_S, self.on_top, self.whole_ms)

    @property
    def words(self) -> str:
        """For people."""
        if self.on_top:
            text = f"full: {self.floor_s:g} s + U[0, d)"
        else:
            text = f"full: U[{self.floor_s:g}{' s' if self.floor_s else ''}, d)"
        return text + (", whole ms" if self.whole_ms else "") + _lasts(self.scope)


@dataclass(frozen=True)
class Equal:
    """A part of the base for certain, the rest by chance: ``(1 - share) d + U[0, share d)``."""

    share: float = 0.5
    scope: Scope = "attempt"
    purpose: str = "jitter"
    whole_ms = False

    @property
    def draws(self) -> tuple[Draw, ...]:
        """One."""
        return (Draw(self.purpose, self.scope),)

    def apply(self, base_ms: float, chance: Chance) -> float:
        """The delay in milliseconds."""
        return formulas.equal(base_ms, chance.unit(self.purpose, self.scope), self.share)

    @property
    def words(self) -> str:
        """For people."""
        return f"equal: d x U[{1 - self.share:g}, 1)" + _lasts(self.scope)


@dataclass(frozen=True)
class Multiplied:
    """The base times uniform from ``low`` to ``high``; plus or minus x % is 1 - x/100, 1 + x/100.

    ``low`` may be the larger: the delay then falls as the draw rises, as in ``1 - 0.2 r``.
    """

    low: float
    high: float
    scope: Scope = "attempt"
    purpose: str = "jitter"
    whole_ms = False

    @property
    def draws(self) -> tuple[Draw, ...]:
        """One."""
        return (Draw(self.purpose, self.scope),)

    def apply(self, base_ms: float, chance: Chance) -> float:
        """The delay in milliseconds."""
        unit = chance.unit(self.purpose, self.scope)
        return formulas.multiplied(base_ms, unit, self.low, self.high)

    @property
    def words(self) -> str:
        """For people."""
        low, high = sorted((self.low, self.high))
        return f"d x U[{low:g}, {high:g})" + _lasts(self.scope)


@dataclass(frozen=True)
class Added:
    """The base plus uniform from ``low_s`` to ``high_s``; ``whole_ms``: rounded down."""

    low_s: float
    high_s: float
    whole_ms: bool = False
    scope: Scope = "attempt"
    purpose: str = "jitter"

    @property
    def draws(self) -> tuple[Draw, ...]:
        """One."""
        return (Draw(self.purpose, self.scope),)

    def apply(self, base_ms: float, chance: Chance) -> float:
        """The delay in milliseconds."""
        unit = chance.unit(self.purpose, self.scope)
        low_ms, high_ms = self.low_s * MS_PER_S, self.high_s * MS_PER_S
        return formulas.added(base_ms, unit, low_ms, high_ms, self.whole_ms)

    @property
    def words(self) -> str:
        """For people."""
        text = f"d + U[{self.low_s:g}, {self.high_s:g}) s"
        return text + (", whole ms" if self.whole_ms else "") + _lasts(self.scope)


@lru_cache(maxsize=1)
def _exponential() -> Quantiles:
    """The exponential distribution with mean 1, in units of 1e-9; it ends at 15.9."""
    return exponential(1.0)


@dataclass(frozen=True)
class Memoryless:
    """The base times an exponential variate: retries without memory, with the base as their mean.

    The timer of queueing theory: a client that waits so retries at any moment with the same
    probability. The variate is a table that ends at 15.9, which one draw in eight million exceeds;
    between its points it is interpolated, which makes its mean 0.004 % too large.
    """

    scope: Scope = "attempt"
    purpose: str = "jitter"
    whole_ms = False
    _table: Quantiles = field(default_factory=_exponential, init=False, repr=False, compare=False)

    @property
    def table(self) -> Quantiles:
        """The exponential distribution with mean 1, in units of 1e-9."""
        return self._table

    @property
    def draws(self) -> tuple[Draw, ...]:
        """One."""
        return (Draw(self.purpose, self.scope),)

    def apply(self, base_ms: float, chance: Chance) -> float:
        """The delay in milliseconds."""
        bits = int(chance.unit(self.purpose, self.scope) * UNIT)
        return formulas.times(base_ms, self._table.value_ns(bits) / NS_PER_S)

    @property
    def words(self) -> str:
        """For people."""
        return "memoryless: d x Exp(1)" + _lasts(self.scope)


@lru_cache(maxsize=1)
def _comb_cuts() -> tuple[float, ...]:
    """Where ``floor(10 r)`` changes, for r in multiples of 2**-53 and in float arithmetic."""
    cuts = []
    for tooth in range(1, TEETH):
        bits = tooth * UNIT // TEETH - 4
        while math.floor(bits / UNIT * TEETH) < tooth:
            bits += 1
        cuts.append(bits / UNIT)
    return tuple(cuts)


@dataclass(frozen=True)
class Comb:
    """backo2's jitter: one draw gives both the deviation and its sign.

    ``deviation = floor(r * share * d)``; it is subtracted where ``floor(10 r)`` is even, else
    added: five bands below the base and five above, half of the range is never reached.
    Source: backo2@1.0.2:index.js and socket.io-client@4.8.4:build/esm/contrib/backo2.js.
    """

    share: float = 0.5
    scope: Scope = "attempt"
    purpose: str = "jitter"
    whole_ms = True

    @property
    def draws(self) -> tuple[Draw, ...]:
        """One, with a cut at every tenth."""
        return (Draw(self.purpose, self.scope, _comb_cuts()),)

    def apply(self, base_ms: float, chance: Chance) -> float:
        """The delay in milliseconds; NaN where an infinite base is subtracted from itself."""
        return formulas.comb(base_ms, chance.unit(self.purpose, self.scope), self.share)

    @property
    def words(self) -> str:
        """For people."""
        return f"backo2 comb, ±{self.share:.0%} of d in 10 bands" + _lasts(self.scope)


@dataclass(frozen=True)
class Chain:
    """One jitter after another; each draws for itself."""

    parts: tuple[Jitter, ...]

    def __post_init__(self) -> None:
        """Refuse parts that would share one draw.

        Raises:
            ValueError: when two parts draw for the same purpose.
        """
        purposes = [draw.purpose for draw in self.draws]
        if len(set(purposes)) < len(purposes):
            msg = f"the parts of a chain need a purpose each; found {', '.join(purposes)}"
            raise ValueError(msg)

    @property
    def draws(self) -> tuple[Draw, ...]:
        """Those of its parts."""
        return tuple(draw for part in self.parts for draw in part.draws)

    @property
    def whole_ms(self) -> bool:
        """Whether the last part leaves whole milliseconds."""
        return self.parts[-1].whole_ms

    def apply(self, base_ms: float, chance: Chance) -> float:
        """The delay in milliseconds."""
        for part in self.parts:
            base_ms = part.apply(base_ms, chance)
        return base_ms

    @property
    def words(self) -> str:
        """For people."""
        return ", then ".join(part.words for part in self.parts)
