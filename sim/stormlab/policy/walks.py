"""Schedules with a memory: each delay depends on the one before it.

The memory lasts until the counter is reset. The support of delay ``n`` is that over every history.
"""

import math
from dataclasses import dataclass, field
from functools import lru_cache
from statistics import NormalDist

from stormlab.clock import NS_PER_MS, NS_PER_S
from stormlab.draws import Quantiles
from stormlab.policy.backoff import MS_PER_S, power, whole_ns
from stormlab.policy.contract import Scope
from stormlab.policy.rules import formulas
from stormlab.policy.rules.formulas import DELAY_MS_MAX, POLLY_POINTS
from stormlab.policy.schedule import Moment, capped
from stormlab.policy.support import UNIT, Support

_TABLES = 64


@dataclass(frozen=True)
class Decorrelated:
    """AWS's decorrelated jitter: ``s = min(cap, U[base, factor * s))``, first ``s = base``.

    Source: aws-samples/aws-arch-backoff-simulator@66cb1692:src/backoff_simulator.py.
    """

    base_s: float
    cap_s: float | None = None
    factor: float = 3.0
    purpose: str = "jitter"
    scope: Scope = "attempt"

    def delay_ns(self, n: int, moment: Moment) -> int:
        """The next delay of the walk."""
        del n
        base_ms = self.base_s * MS_PER_S
        before_ms = moment.memory.get("decorrelated", base_ms)
        unit = moment.chance.unit(self.purpose, self.scope)
        drawn_ms = formulas.decorrelated(base_ms, before_ms, self.factor, unit)
        delay_ms = capped(drawn_ms, self.cap_s)
        moment.memory["decorrelated"] = min(delay_ms, DELAY_MS_MAX)
        return whole_ns(delay_ms)

    def support(self, n: int) -> Support:
        """From the base to ``base * factor**(n+1)``, or the cap."""
        base_ms = self.base_s * MS_PER_S
        high_ms = capped(base_ms * power(self.factor, n + 1), self.cap_s)
        return Support.of([(whole_ns(min(base_ms, high_ms)), whole_ns(high_ms))])

    @property
    def words(self) -> str:
        """The formula, for people."""
        drawn = f"U[{self.base_s:g}, {self.factor:g}·previous)"
        return f"{drawn} s" if self.cap_s is None else f"min({self.cap_s:g}, {drawn}) s"

    @property
    def jitter_words(self) -> str:
        """The jitter, for people."""
        return "decorrelated" + ("" if self.cap_s is None else ", before the cap")


@dataclass(frozen=True)
class Grown:
    """Only the first delay is drawn, ``U[low, high)``; each later one is ``factor`` times the last.

    ``whole_ms``: the first is whole milliseconds, rounded down. Firefox: 200 + rand % 200 ms, x1.5
    up to 60 s (netwerk/protocol/websocket/WebSocketChannel.cpp).
    """

    low_s: float
    high_s: float
    factor: float = 1.5
    cap_s: float | None = None
    whole_ms: bool = False
    purpose: str = "jitter"
    scope: Scope = "attempt"

    def delay_ns(self, n: int, moment: Moment) -> int:
        """The next delay of the walk."""
        del n
        if "grown" in moment.memory:
            delay_ms = capped(moment.memory["grown"] * self.factor, self.cap_s)
        else:
            delay_ms = self._first_ms(moment.chance.unit(self.purpose, self.scope))
        moment.memory["grown"] = min(delay_ms, DELAY_MS_MAX)
        return whole_ns(delay_ms)

    def _first_ms(self, unit: float) -> float:
        low_ms, high_ms = self.low_s * MS_PER_S, self.high_s * MS_PER_S
        return capped(formulas.grown_first(low_ms, high_ms, unit, self.whole_ms), self.cap_s)

    def support(self, n: int) -> Support:
        """From the shortest to the longest first delay, grown n times."""
        found = []
        for unit in (0.0, 1 - 1 / UNIT):
            delay_ms = self._first_ms(unit)
            for _ in range(n):
                grown_ms = capped(delay_ms * self.factor, self.cap_s)
                if grown_ms == delay_ms:  # at the cap
                    break
                delay_ms = min(grown_ms, DELAY_MS_MAX)
            found.append(whole_ns(delay_ms))
        step_ns = NS_PER_MS if self.whole_ms and n == 0 else 1
        return Support.of([(found[0], found[1])], step_ns)

    @property
    def words(self) -> str:
        """The formula, for people."""
        text = f"first U[{self.low_s:g}, {self.high_s:g}), then {self.factor:g}·previous"
        return f"{text} s" if self.cap_s is None else f"{text}, at most {self.cap_s:g} s"

    @property
    def jitter_words(self) -> str:
        """The jitter, for people."""
        return "only the first delay is drawn"


@lru_cache(maxsize=1)
def _normal() -> Quantiles:
    """The standard normal distribution, in units of 1e-9; it ends at -4.5 and +5.2."""
    return Quantiles.from_inverse(NormalDist().inv_cdf)


@dataclass(frozen=True)
class NormalWalk:
    """autobahn's: ``d = N(factor d, deviation * factor d)``, fed back; exactly the cap at the cap.

    Source: autobahn@26.10.2:autobahn/wamp/component.py. The normal distribution is a table that
    ends at -4.5 and +5.2 standard deviations.
    """

    first_s: float
    factor: float = 1.5
    deviation: float = 0.1
    cap_s: float | None = None
    purpose: str = "jitter"
    scope: Scope = "attempt"
    _table: Quantiles = field(default_factory=_normal, init=False, repr=False, compare=False)

    @property
    def table(self) -> Quantiles:
        """The standard normal distribution, in units of 1e-9."""
        return self._table

    def delay_ns(self, n: int, moment: Moment) -> int:
        """The next delay of the walk."""
        del n
        mean_ms = moment.memory.get("normal", self.first_s * MS_PER_S) * self.factor
        bits = int(moment.chance.unit(self.purpose, self.scope) * UNIT)
        score = self._table.value_ns(bits) / NS_PER_S
        delay_ms = capped(formulas.normal_next(mean_ms, score, self.deviation), self.cap_s)
        moment.memory["normal"] = min(delay_ms, DELAY_MS_MAX)
        return whole_ns(delay_ms)

    def support(self, n: int) -> Support:
        """The range over every history of the walk."""
        ends = self._table.value_ns(0) / NS_PER_S, self._table.value_ns(UNIT - 1) / NS_PER_S
        found = []
        for score in ends:
            delay_ms = self.first_s * MS_PER_S
            for _ in range(n + 1):
                mean_ms = delay_ms * self.factor
                delay_ms = capped(formulas.normal_next(mean_ms, score, self.deviation), self.cap_s)
                delay_ms = min(delay_ms, DELAY_MS_MAX)
            found.append(whole_ns(delay_ms))
        return Support.of([(found[0], found[1])])

    @property
    def words(self) -> str:
        """The formula, for people."""
        mean = f"{self.factor:g}·previous"
        drawn = f"N({mean}, {self.deviation:g}·{mean})"
        return f"{drawn} s" if self.cap_s is None else f"min({self.cap_s:g}, {drawn}) s"

    @property
    def jitter_words(self) -> str:
        """The jitter, for people."""
        return "normal, fed back" + ("" if self.cap_s is None else ", before the cap")


@lru_cache(maxsize=_TABLES + 1)
def _curve(n: int) -> tuple[float, ...]:
    """``2**t tanh(sqrt(4 t))`` at t = n + i/1024."""
    times = (n + i / POLLY_POINTS for i in range(POLLY_POINTS + 1))
    return tuple(2.0**time * math.tanh(math.sqrt(4 * time)) for time in times)


def curves() -> list[tuple[float, ...]]:
    """Every table of the curve, in order."""
    return [_curve(n) for n in range(_TABLES)]


@dataclass(frozen=True)
class PollyV2:
    """Polly's decorrelated jitter V2, also cockatiel's: ``t = n + r``, ``f(t) = 2**t tanh(sqrt(4
    t))``, delay ``(f(t) - f(previous t)) / 1.4 * base``, then the cap.

    Sources: App-vNext/Polly@173d6d1d:src/Polly.Core/Retry/RetryHelper.cs; cockatiel@3.2.1:
    dist/backoff. The curve is a table with 1,024 points per attempt, interpolated.
    """  # noqa: D205  the formula does not fit into one line

    base_s: float
    cap_s: float | None = None
    purpose: str = "jitter"
    scope: Scope = "attempt"

    def __post_init__(self) -> None:
        """Make the curve before anything runs."""
        for n in range(_TABLES):
            _curve(n)

    def curve(self, n: int, unit: float) -> float:
        """f(n + unit)."""
        growth = power(2.0, max(0, n - _TABLES + 1))
        return formulas.polly_curve(_curve(min(n, _TABLES - 1)), 0, unit, growth)

    def delay_ns(self, n: int, moment: Moment) -> int:
        """Delay ``n``."""
        now = self.curve(n, moment.chance.unit(self.purpose, self.scope))
        before = moment.memory.get("polly", 0.0)
        moment.memory["polly"] = now
        return self._delay_ns(now, before)

    def _delay_ns(self, now: float, before: float) -> int:
        return whole_ns(capped(formulas.polly_rise(now, before, self.base_s), self.cap_s))

    def support(self, n: int) -> Support:
        """The range over every pair of draws."""
        last = 1 - 1 / UNIT
        low = self._delay_ns(self.curve(n, 0.0), self.curve(n - 1, last) if n else 0.0)
        high = self._delay_ns(self.curve(n, last), self.curve(n - 1, 0.0) if n else 0.0)
        return Support.of([(low, high)])

    @property
    def words(self) -> str:
        """The formula, for people."""
        drawn = f"(f(n+r) - f(previous))/1.4·{self.base_s:g}"
        text = f"{drawn} s" if self.cap_s is None else f"min({self.cap_s:g}, {drawn}) s"
        return f"{text}, f(t) = 2^t·tanh(√4t)"

    @property
    def jitter_words(self) -> str:
        """The jitter, for people."""
        return "decorrelated V2" + ("" if self.cap_s is None else ", before the cap")


@dataclass(frozen=True)
class NextAbove:
    """The next value of a table above the last delay (@liveblocks/core): another table takes over.

    Schedules of this kind share one memory, so that a change of table goes on from the delay
    reached, not from an index.
    """

    values_s: tuple[float, ...]

    def delay_ns(self, n: int, moment: Moment) -> int:
        """The first value above the last delay, or the last value."""
        del n
        last_s = moment.memory.get("next above", -1.0)
        found_s = next((value for value in self.values_s if value > last_s), self.values_s[-1])
        moment.memory["next above"] = found_s
        return whole_ns(found_s * MS_PER_S)

    def support(self, n: int) -> Support:
        """Value ``n``, when no other table was used before."""
        return Support.point(whole_ns(self.values_s[min(n, len(self.values_s) - 1)] * MS_PER_S))

    @property
    def cap_s(self) -> float:
        """The last value."""
        return self.values_s[-1]

    @property
    def words(self) -> str:
        """The formula, for people."""
        return f"the next of {', '.join(f'{value:g}' for value in self.values_s)} s"

    @property
    def jitter_words(self) -> str:
        """None."""
        return "none"
