"""Schedules: the delay of each retry, from a backoff, a jitter and a cap.

A schedule answers two questions with the same code: how long is delay ``n`` under this chance, and
which values can delay ``n`` take at all.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from stormlab.clock import NS_PER_MS, NS_PER_S
from stormlab.policy.backoff import MS_PER_S, Backoff, Exponential, Overflow, whole_ns
from stormlab.policy.contract import Chance, Scope
from stormlab.policy.jitter import Jitter, NoJitter
from stormlab.policy.rules import formulas
from stormlab.policy.rules.formulas import floor
from stormlab.policy.rules.numbers import OVERFLOWS
from stormlab.policy.support import Draw, Support, in_seconds, share_at_least, support_of

Placement = Literal["before_cap", "after_cap", "between_caps"]
Rounding = Literal["floor", "nearest"]


@dataclass(slots=True)
class Moment:
    """What a schedule may know of the moment: its chance, its memory, and the time gone by.

    ``memory`` is empty after the counter was reset. ``elapsed_ms``: since the last attempt began.
    """

    chance: Chance
    memory: dict[str, float] = field(default_factory=dict)
    elapsed_ms: float = 0.0


class Schedule(Protocol):
    """The delay of each retry."""

    def delay_ns(self, n: int, moment: Moment) -> int | None:
        """Delay ``n`` (from 0) in nanoseconds; None: no further attempt."""

    def support(self, n: int) -> Support | None:
        """Every value delay ``n`` can take, no time having gone by; None: no further attempt."""

    @property
    def cap_s(self) -> float | None:
        """No delay is longer; None: not capped."""

    @property
    def words(self) -> str:
        """The formula, for people."""

    @property
    def jitter_words(self) -> str:
        """The jitter and its place, for people."""


def capped(delay_ms: float, cap_s: float | None) -> float:
    """At most the cap; NaN stays NaN, as in JavaScript's Math.min."""
    return delay_ms if cap_s is None else formulas.capped(delay_ms, cap_s * MS_PER_S)


def rounded(delay_ms: float, step_s: float, rounding: Rounding) -> float:
    """A multiple of ``step_s``; ``nearest``: a half goes to the even one. 0: as it is."""
    return formulas.rounded(delay_ms, step_s * MS_PER_S, rounding == "nearest")


@dataclass(frozen=True)
class Delays:
    """Backoff, jitter, cap, rounding: what nearly every client does.

    ``placement`` of the jitter: ``before_cap`` (the jittered delay is capped, so that at the cap
    there is no jitter), ``after_cap`` (the capped base is jittered, which may exceed the cap), or
    ``between_caps`` (both are capped). ``step_s`` rounds the result to whole steps.
    ``less_elapsed`` takes the time since the last attempt began off the base, before the jitter
    (@firebase/database).
    """

    backoff: Backoff
    jitter: Jitter = field(default_factory=NoJitter)
    cap_s: float | None = None
    placement: Placement = "after_cap"
    step_s: float = 0.0
    rounding: Rounding = "floor"
    less_elapsed: bool = False
    overflow: Overflow = "saturate"

    def delay_ns(self, n: int, moment: Moment) -> int | None:
        """Delay ``n`` in nanoseconds."""
        base_ms = self.backoff.base_ms(n)
        if base_ms is None:
            return None
        return self._delay_ns(base_ms, moment.chance, moment.elapsed_ms)

    def _delay_ns(self, base_ms: float, chance: Chance, elapsed_ms: float = 0.0) -> int:
        placement, cap_s = self.placement, self.cap_s
        if cap_s is not None and placement != "before_cap":
            base_ms = formulas.capped(base_ms, cap_s * MS_PER_S)
        if self.less_elapsed:
            base_ms = max(0.0, base_ms - elapsed_ms)
        delay_ms = self.jitter.apply(base_ms, chance)
        if cap_s is not None and placement != "after_cap":
            delay_ms = formulas.capped(delay_ms, cap_s * MS_PER_S)
        if self.step_s:
            delay_ms = rounded(delay_ms, self.step_s, self.rounding)
        return formulas.whole_ns(delay_ms, OVERFLOWS[self.overflow])

    def support(self, n: int) -> Support | None:
        """Every value delay ``n`` can take, with the share at the cap."""
        base_ms = self.backoff.base_ms(n)
        if base_ms is None:
            return None

        def delay_ns(chance: Chance) -> int:
            return self._delay_ns(base_ms, chance)

        found = support_of(self.jitter.draws, delay_ns, step_ns=self._step_ns(base_ms))
        return with_cap(found, self.jitter.draws, delay_ns, self.cap_s)

    def _step_ns(self, base_ms: float) -> int:
        if self.step_s:
            return round(self.step_s * NS_PER_S)
        return NS_PER_MS if self.jitter.whole_ms and base_ms == floor(base_ms) else 1

    @property
    def words(self) -> str:
        """The formula, for people."""
        base = self.backoff.words
        return base if self.cap_s is None else f"min({self.cap_s:g}, {base.removesuffix(' s')}) s"

    @property
    def jitter_words(self) -> str:
        """The jitter and its place, for people."""
        text = self.jitter.words
        if text != "none" and self.cap_s is not None:
            text += f", {self.placement.replace('_', ' the ', 1).replace('the caps', 'two caps')}"
        if self.step_s:
            text += f", in steps of {in_seconds(round(self.step_s * NS_PER_S))}"
        return text


def with_cap(
    found: Support, draws: tuple[Draw, ...], delay_ns: Callable[[Chance], int], cap_s: float | None
) -> Support:
    """Add the probability of exactly the cap, where one draw decides."""
    if cap_s is None or len(draws) != 1:
        return found
    cap_ns = round(cap_s * NS_PER_S)
    if found.is_point or found.high_ns != cap_ns:
        return found
    share = share_at_least(draws[0], delay_ns, cap_ns)
    return Support(found.intervals, found.step_ns, ((cap_ns, share),))


@dataclass(frozen=True)
class Span:
    """Uniform from ``low_s`` to ``high_s``, whatever the index; equal ends: always the same."""

    low_s: float
    high_s: float
    purpose: str = "jitter"
    scope: Scope = "attempt"

    def delay_ns(self, n: int, moment: Moment) -> int:
        """The delay in nanoseconds."""
        del n
        return self._delay_ns(moment.chance)

    def _delay_ns(self, chance: Chance) -> int:
        if self.low_s == self.high_s:
            return whole_ns(self.low_s * MS_PER_S)
        unit = chance.unit(self.purpose, self.scope)
        return whole_ns((self.low_s + (self.high_s - self.low_s) * unit) * MS_PER_S)

    def support(self, n: int) -> Support:
        """Every value the delay can take."""
        del n
        draws = () if self.low_s == self.high_s else (Draw(self.purpose, self.scope),)
        return support_of(draws, self._delay_ns)

    @property
    def cap_s(self) -> float:
        """The upper end."""
        return self.high_s

    @property
    def words(self) -> str:
        """The formula, for people."""
        same = self.low_s == self.high_s
        return f"{self.low_s:g} s" if same else f"U[{self.low_s:g}, {self.high_s:g}) s"

    @property
    def jitter_words(self) -> str:
        """The jitter, for people."""
        return "none" if self.low_s == self.high_s else self.words


@dataclass(frozen=True)
class Between:
    """Uniform between two backoffs, each capped: ``U[min(low, cap), min(high, cap))``."""

    low: Backoff
    high: Backoff
    cap_s: float | None = None
    purpose: str = "jitter"
    scope: Scope = "attempt"

    def delay_ns(self, n: int, moment: Moment) -> int | None:
        """Delay ``n`` in nanoseconds."""
        return self._delay_ns(n, moment.chance)

    def _delay_ns(self, n: int, chance: Chance) -> int | None:
        low, high = self.low.base_ms(n), self.high.base_ms(n)
        if low is None or high is None:
            return None
        low, high = capped(low, self.cap_s), capped(high, self.cap_s)
        return whole_ns(low + (high - low) * chance.unit(self.purpose, self.scope))

    def support(self, n: int) -> Support | None:
        """Every value delay ``n`` can take."""
        if self.low.base_ms(n) is None or self.high.base_ms(n) is None:
            return None
        draws = (Draw(self.purpose, self.scope),)

        def delay_ns(chance: Chance) -> int:
            return self._delay_ns(n, chance) or 0

        return with_cap(support_of(draws, delay_ns), draws, delay_ns, self.cap_s)

    @property
    def words(self) -> str:
        """The formula, for people."""
        low, high = (part.words.removesuffix(" s") for part in (self.low, self.high))
        limit = "" if self.cap_s is None else f", each at most {self.cap_s:g} s"
        return f"U[{low}, {high}) s{limit}"

    @property
    def jitter_words(self) -> str:
        """The jitter, for people."""
        return "uniform between two backoffs"


@dataclass(frozen=True)
class Stages:
    """One schedule after another: ``(count, schedule)``, each counting its index from 0.

    The last stage lasts for ever, whatever its count; ``first=U[0, 5]`` then exponential is RFC
    6455, section 7.2.3.
    """

    stages: tuple[tuple[int, Schedule], ...]

    def at(self, n: int) -> tuple[int, Schedule]:
        """The schedule of delay ``n`` and the index in it."""
        for count, schedule in self.stages[:-1]:
            if n < count:
                return n, schedule
            n -= count
        return n, self.stages[-1][1]

    def delay_ns(self, n: int, moment: Moment) -> int | None:
        """Delay ``n`` in nanoseconds."""
        index, schedule = self.at(n)
        return schedule.delay_ns(index, moment)

    def support(self, n: int) -> Support | None:
        """Every value delay ``n`` can take."""
        index, schedule = self.at(n)
        return schedule.support(index)

    @property
    def cap_s(self) -> float | None:
        """The last stage's."""
        return self.stages[-1][1].cap_s

    @property
    def words(self) -> str:
        """The formulas, for people."""
        first = [
            f"{schedule.words} for {count} attempt{'s' if count > 1 else ''}"
            for count, schedule in self.stages[:-1]
        ]
        return ", then ".join([*first, self.stages[-1][1].words])

    @property
    def jitter_words(self) -> str:
        """The jitters, for people, each once."""
        return "; then ".join(dict.fromkeys(part.jitter_words for _, part in self.stages))


def rfc6455(
    first_s: float = 5.0, base_s: float = 5.0, factor: float = 2.0, cap_s: float | None = None
) -> Stages:
    """RFC 6455, section 7.2.3: first a random delay of 0 to 5 s, then binary exponential backoff.

    "Truncated": the growth stops at ``cap_s``. The section names no jitter for the later delays.
    """
    grown = Exponential(base_s, factor, first_exponent=1)
    return Stages(((1, Span(0.0, first_s)), (0, Delays(grown, cap_s=cap_s))))
