"""When the analysed page reconnects: as found, with the proposed breakers, and repaired.

As found: the counter goes up in ``onclose`` and is reset in ``onopen``; the delay is
``min(1000 ms x 2**counter, 30 s)`` with the counter after its increment, so 2, 4, 8, 16, 30, 30 s;
the limit of ten is checked when the timer fires, and then nothing happens, silently.

Proposed breaker, literally: only exceptions of the constructor feed it, and there are none, since
connecting is asynchronous; the closes follow the rule as found. Wired to ``onclose``: ten failures
open it for five minutes, and no timer is set, so nothing tries again by itself.

Repaired: full jitter whatever the page's switch says, retries at the cap for ever, and a counter
that is reset only when the connection proved itself by staying open (``page.proved_after_s``), so
that backoff survives a server that accepts and drops. The repaired breaker is reset in the same
way and sends one probe when its time has passed.

Source: the analysis, HIGH #4, Improvement 4, Client Change 3; measured retry times 2, 6, 14, 30,
60, 90, 120, 150, 180 s after a lost open connection.
"""

from dataclasses import dataclass, field
from typing import ClassVar

from stormlab.clock import to_ns
from stormlab.policy import (
    Chance,
    Decision,
    Fact,
    Happened,
    Policy,
    Postpones,
    RetryAt,
    Stop,
)
from stormlab.policy.catalogue import find_policy
from stormlab_models.tac_webbuilder.parameters import Page

GAVE_UP = "attempts used up"
BREAKER_OPEN = "circuit breaker open"


@dataclass
class AsFound:
    """The page's own rule; a policy after :class:`stormlab.policy.Policy`."""

    page: Page
    failures: int = field(default=0, init=False)
    open_until_ns: int | None = field(default=None, init=False)  # of a breaker: None is closed
    resets_on: ClassVar[Fact] = Fact.OPENED
    full_jitter: ClassVar[bool] = False

    def on(self, happened: Happened, chance: Chance) -> Decision:
        """Count, and answer with the next attempt."""
        if happened.fact is self.resets_on:
            self.failures = 0
        if happened.fact is Fact.RETRY_BY_HAND:
            return RetryAt(happened.time_ns)
        if happened.fact not in {Fact.DROPPED, Fact.REFUSED}:
            return None
        self.failures += 1
        if self.page.stop_after_max_attempts and self.failures >= self.page.attempts_max:
            return Stop(GAVE_UP)
        return RetryAt(happened.time_ns + self.delay_ns(chance))

    def may_attempt(self, time_ns: int) -> bool:  # noqa: ARG002  the contract's argument
        """Check the limit, at the start of connect."""
        return self.failures < self.page.attempts_max

    def postponed(self, time_ns: int, chance: Chance) -> Decision:  # noqa: ARG002  the contract's
        """Nothing, silently: the page as found sets no timer after a refusal."""
        return None

    def delay_ns(self, chance: Chance) -> int:
        """The delay before the retry that follows ``failures`` failures."""
        page = self.page
        exponent = min(self.failures - 1 + page.first_exponent, 60)
        delay_s = min(page.delay_base_s * 2**exponent, page.delay_max_s)
        if self.full_jitter or page.jitter == "full":
            delay_s *= chance.unit("jitter")
        else:
            delay_s += page.jitter_s * chance.unit("jitter")
        return to_ns(delay_s / page.delay_scale)


@dataclass
class BreakerWired(AsFound):
    """The proposed breaker, fed by every close; nothing is scheduled while it is open."""

    def on(self, happened: Happened, chance: Chance) -> Decision:
        """Count, and open at the tenth failure."""
        if happened.fact is self.resets_on:
            self.open_until_ns = None
        decision = super().on(happened, chance)
        failed = happened.fact in {Fact.DROPPED, Fact.REFUSED}  # a retry by hand is no failure
        if failed and isinstance(decision, RetryAt) and self._used_up:
            self.open_until_ns = happened.time_ns + self._open_ns
            return Stop(BREAKER_OPEN)
        return decision

    def may_attempt(self, time_ns: int) -> bool:
        """Pass while closed, and again when its time has passed, if anybody asks."""
        return self.open_until_ns is None or time_ns >= self.open_until_ns

    @property
    def _used_up(self) -> bool:
        return self.failures >= self.page.breaker_failures

    @property
    def _open_ns(self) -> int:
        return to_ns(self.page.breaker_open_s / self.page.delay_scale)


@dataclass
class BreakerRepaired(BreakerWired):
    """A breaker that tries again by itself: one probe whenever its time has passed."""

    resets_on: ClassVar[Fact] = Fact.PROVED
    full_jitter: ClassVar[bool] = True

    def on(self, happened: Happened, chance: Chance) -> Decision:
        """Open with a probe on the clock; a person's retry goes through at once."""
        if happened.fact is Fact.RETRY_BY_HAND:
            self.open_until_ns = None
        decision = super().on(happened, chance)
        if decision == Stop(BREAKER_OPEN) and self.open_until_ns is not None:
            spread_ns = int(chance.unit("breaker") * self._open_ns) // 10
            return RetryAt(self.open_until_ns + spread_ns)
        return decision


@dataclass
class Patient(AsFound):
    """Full jitter at the cap for ever: never silent, not synchronised, not fooled by an open."""

    resets_on: ClassVar[Fact] = Fact.PROVED
    full_jitter: ClassVar[bool] = True

    def may_attempt(self, time_ns: int) -> bool:  # noqa: ARG002  the contract's argument
        """Never refuse."""
        return True


@dataclass
class Own(AsFound):
    """A policy of one's own (``page.policy``); a time in the past means at once."""

    own: Policy = field(init=False)
    resets_on: ClassVar[Fact] = Fact.PROVED  # so that it is told of proof, too

    def __post_init__(self) -> None:
        """Make the policy; the switch was validated with the scenario."""
        self.own = find_policy(self.page.policy or "").make()

    def on(self, happened: Happened, chance: Chance) -> Decision:
        """Pass the fact on."""
        decision = self.own.on(happened, chance)
        if isinstance(decision, RetryAt):
            return RetryAt(max(decision.time_ns, happened.time_ns))
        return decision

    def may_attempt(self, time_ns: int) -> bool:
        """Ask it."""
        return self.own.may_attempt(time_ns)

    def postponed(self, time_ns: int, chance: Chance) -> Decision:
        """Ask it, if it has an answer."""
        return self.own.postponed(time_ns, chance) if isinstance(self.own, Postpones) else None


def make_policy(page: Page) -> AsFound:
    """The rule that the page's switches ask for."""
    if page.policy is not None:
        return Own(page)
    if page.breaker == "wired":
        return BreakerWired(page)
    if page.breaker == "repaired":
        return BreakerRepaired(page)
    if page.hook in {"repaired", "manager_repaired"}:
        return Patient(page)
    return AsFound(page)  # "literal": its try/catch never sees a failure
