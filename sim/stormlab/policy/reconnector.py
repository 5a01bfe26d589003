"""The policy that a :class:`.reconnect.Reconnect` makes, at work."""

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

from stormlab.clock import NS_PER_MS, NS_PER_S, to_ns, to_s
from stormlab.policy.breaker import Breaker, BreakerState
from stormlab.policy.budget import Budget
from stormlab.policy.codes import first_fit
from stormlab.policy.contract import Chance, Decision, Fact, Happened, RetryAt, Stop, Terms
from stormlab.policy.schedule import Moment, Schedule

if TYPE_CHECKING:
    from stormlab.policy.reconnect import Reconnect

USED_UP = "attempts used up"
TOO_LONG = "gave up after the longest outage"
TOO_YOUNG = "the connection ended too young"
NOT_RETRIED = "an end that is not retried"


class Phase(StrEnum):
    """Where a client is, as its policy sees it."""

    WAITING = "waiting"
    CONNECTING = "connecting"
    OPEN = "open"
    STOPPED = "stopped"


class Reconnector:
    """One reconnect policy at work; see :class:`.reconnect.Reconnect` for what it obeys."""

    def __init__(self, rule: "Reconnect", breaker: Breaker | None, budget: Budget | None) -> None:
        """Start with nothing counted."""
        self.rule = rule
        self.breaker = breaker
        self.budget = budget
        self.phase = Phase.WAITING
        self.n = 0  # index of the next delay
        self.retries = 0  # since the last reset, for the limit
        self._attempts = 0  # since the last reset, for a connect timeout that grows
        self._fresh = True  # no failure since the last reset
        self._memory: dict[str, float] = {}
        self._outage_ns: int | None = None  # the first failure since something was open
        self._failed_ns: int | None = None  # the last failure that counted
        self._began_ns: int | None = None  # the last attempt
        self._opened_ns: int | None = None
        self._delay_ns = 0  # before the next attempt
        self._unit = 0.0  # for a budget that refuses by chance
        self._unresolved = False  # breaker and budget wait for the end of an attempt
        self._retried = False  # the attempt under way is a retry
        self._offline = self._hidden = self._withheld = False

    # facts in, a decision out --------------------------------------------------------------------

    def on(self, happened: Happened, chance: Chance) -> Decision:
        """Take a fact; see the contract."""
        fact = happened.fact
        if fact in {Fact.DROPPED, Fact.REFUSED}:
            return self._failed(happened, chance)
        if fact in {Fact.ONLINE, Fact.OFFLINE, Fact.VISIBLE, Fact.HIDDEN}:
            return self._surroundings(happened, chance)
        if fact is Fact.RETRY_BY_HAND:
            return self._by_hand(happened)
        if fact is Fact.OPENED:
            self.phase, self._opened_ns, self._outage_ns = Phase.OPEN, happened.time_ns, None
            self._learn("open", happened.time_ns)
        elif fact is Fact.PROVED:
            self._learn("proof", happened.time_ns)
        else:
            self._learn("http", happened.time_ns)
        return None

    def _learn(self, what: str, time_ns: int) -> None:
        if self.rule.reset.on == what:
            self._reset()
        if self.rule.success_on == what:
            self._resolve(time_ns, success=True)

    def _by_hand(self, happened: Happened) -> Decision:
        if self.phase is Phase.OPEN:
            return None
        if self.rule.by_hand_resets:
            self._reset()
            if self.breaker is not None:
                self.breaker.reset()
        self.phase = Phase.WAITING
        return RetryAt(happened.time_ns)

    def _surroundings(self, happened: Happened, chance: Chance) -> Decision:
        """The device or the page changed."""
        network = self.rule.network
        back: Schedule | None = None
        if happened.fact in {Fact.ONLINE, Fact.OFFLINE}:
            self._offline = happened.fact is Fact.OFFLINE
            back = network.online if happened.fact is Fact.ONLINE else None
        else:
            self._hidden = happened.fact is Fact.HIDDEN
            back = network.visible if happened.fact is Fact.VISIBLE else None
        if happened.fact is Fact.ONLINE and network.resets and self.phase is not Phase.OPEN:
            self._reset()
        if self.phase is not Phase.WAITING or self._held:
            return None
        if back is not None:
            self._withheld = False
            return RetryAt(happened.time_ns + (back.delay_ns(0, self._moment(chance)) or 0))
        if self._withheld:
            self._withheld = False
            return RetryAt(happened.time_ns)
        return None

    @property
    def _held(self) -> bool:
        """Whether no attempt is made until the device or the page changes."""
        network = self.rule.network
        return (self._offline and network.offline == "wait") or (
            self._hidden and network.hidden == "skip"
        )

    # failures ------------------------------------------------------------------------------------

    def _failed(self, happened: Happened, chance: Chance) -> Decision:
        dropped = happened.fact is Fact.DROPPED
        self._end(happened.time_ns, dropped=dropped)
        reset = self.rule.reset
        up_ns = happened.time_ns - (self._opened_ns or 0) if dropped else 0
        if dropped and reset.gate and up_ns < reset.after_ns:
            return self._stop(TOO_YOUNG)
        if dropped and reset.on == "stable" and up_ns >= reset.after_ns:
            self._reset()
        failed_ns = self._failed_ns if self._failed_ns is not None else happened.time_ns
        if reset.on == "time" and happened.time_ns - failed_ns > reset.after_ns:
            self._reset()
        if self._outage_ns is None:
            self._outage_ns = happened.time_ns
        self.phase = Phase.WAITING
        found = first_fit(self.rule.rules, happened)
        if found is None or found.counts:
            self._failed_ns = happened.time_ns
        if found is not None and found.action == "stop":
            return self._stop(NOT_RETRIED, announced=found.announced)
        if (found is None or found.counts) and self._used_up(happened.time_ns):
            return self._stop(USED_UP if self._no_more else TOO_LONG)
        if found is not None and found.action == "now":
            delay_ns: int | None = 0
            self._count(counts=found.counts, steps=found.counts)
        else:
            other = found.schedule if found is not None else None
            delay_ns = self._delay(happened, chance, other, counts=found is None or found.counts)
        if delay_ns is None:
            return self._stop(USED_UP)
        self._delay_ns = delay_ns
        return self._retry(happened, chance, delay_ns)

    def _end(self, time_ns: int, *, dropped: bool) -> None:
        """Tell breaker and budget of the end of an attempt or a connection."""
        if self._unresolved:
            self._resolve(time_ns, success=False)
        elif dropped and self.rule.drops_fail and self.breaker is not None:
            self.breaker.record(time_ns, success=False)
        if self.budget is not None and self.phase in {Phase.OPEN, Phase.CONNECTING}:
            self.budget.active(-1)

    def _resolve(self, time_ns: int, *, success: bool) -> None:
        if not self._unresolved:
            return
        self._unresolved = False
        if self.breaker is not None:
            self.breaker.record(time_ns, success=success)
        if self.budget is not None:
            told = self.budget.success if success else self.budget.failure
            told(time_ns, retried=self._retried)

    def _delay(
        self, happened: Happened, chance: Chance, other: Schedule | None, *, counts: bool
    ) -> int | None:
        """The delay that schedule and advice give; counts the failure."""
        rule = self.rule
        advised = rule.advice.schedule(happened)
        first = happened.fact is Fact.DROPPED and self._fresh and rule.first_after_drop is not None
        schedule = other or advised or (rule.first_after_drop if first else self._usual(happened))
        assert schedule is not None  # noqa: S101  first says so
        moment = self._moment(chance)
        began_ns = happened.began_ns if happened.began_ns is not None else self._began_ns
        if began_ns is not None:
            moment.elapsed_ms = (happened.time_ns - began_ns) / NS_PER_MS
        delay_ns = schedule.delay_ns(self.n, moment)
        if delay_ns is not None and self._hidden and rule.network.hidden == "longest":
            delay_ns = to_ns(rule.network.hidden_s)
        from_begin = rule.counted_from == "attempt" and not first
        if delay_ns is not None and from_begin and began_ns is not None:
            delay_ns = max(0, delay_ns - (happened.time_ns - began_ns))
        steps = counts and (rule.drop_counts or not first)
        self._count(counts=counts, steps=steps)
        return delay_ns if delay_ns is None else self._advised(happened, chance, delay_ns)

    def _usual(self, happened: Happened) -> Schedule:
        late = self.rule.late
        since_ns = self._outage_ns if self._outage_ns is not None else happened.time_ns
        if late is not None and happened.time_ns - since_ns >= to_ns(late[0]):
            return late[1]
        return self.rule.schedule

    def _advised(self, happened: Happened, chance: Chance, delay_ns: int) -> int:
        """Take the server's word for the delay, as far as it is taken at all."""
        advice = self.rule.advice
        if happened.retry_after_ns is None or advice.retry_after == "ignore":
            return delay_ns
        asked_ns = happened.retry_after_ns
        if advice.limit_s is not None:
            asked_ns = min(asked_ns, to_ns(advice.limit_s))
        if advice.spread_s:
            asked_ns += int(chance.unit("advice") * to_ns(advice.spread_s))
        return asked_ns if advice.retry_after == "exact" else max(delay_ns, asked_ns)

    def _count(self, *, counts: bool, steps: bool) -> None:
        self._fresh = False
        self.retries += counts
        self.n += steps

    def _used_up(self, time_ns: int) -> bool:
        limit_s = self.rule.give_up_after_s
        since_ns = self._outage_ns if self._outage_ns is not None else time_ns
        too_long = limit_s is not None and time_ns - since_ns >= to_ns(limit_s)
        return too_long or self._no_more

    @property
    def _no_more(self) -> bool:
        return self.rule.attempts_max is not None and self.retries >= self.rule.attempts_max

    def _stop(self, reason: str, *, announced: bool | None = None) -> Stop:
        self.phase = Phase.STOPPED
        return Stop(reason, announced=self.rule.announced if announced is None else announced)

    def _reset(self) -> None:
        self.n = self.retries = self._attempts = 0
        self._fresh = True
        self._memory.clear()

    def _retry(self, happened: Happened, chance: Chance, delay_ns: int) -> RetryAt:
        at_ns = happened.time_ns + delay_ns
        if self._began_ns is not None:
            at_ns = max(at_ns, self._began_ns + to_ns(self.rule.spacing_s))
        breaker = self.breaker
        if breaker is not None and breaker.state(happened.time_ns) is BreakerState.OPEN:
            probe_ns = (breaker.next_probe_ns(happened.time_ns) or 0) + self._spread_ns(chance)
            at_ns = max(at_ns, probe_ns)
        self._draw(chance)
        return RetryAt(at_ns)

    # attempts ------------------------------------------------------------------------------------

    @property
    def terms(self) -> Terms:
        """What the host must do for the next attempt and the connection it gives."""
        growing = self.rule.connect_timeout
        if growing is None:
            return self.rule.terms
        under_way = self.phase is Phase.CONNECTING and self._attempts > 0
        timeout_s = growing.seconds(self._attempts - under_way, to_s(self._delay_ns))
        return replace(self.rule.terms, connect_timeout_s=timeout_s)

    def start(self, time_ns: int, chance: Chance) -> RetryAt:
        """When to make the first attempt of all."""
        self._draw(chance)
        return RetryAt(time_ns + (self.rule.first_connect.delay_ns(0, self._moment(chance)) or 0))

    def may_attempt(self, time_ns: int) -> bool:
        """Whether an attempt that is due is made; a yes takes a probe and a token."""
        if self.phase is Phase.STOPPED:
            return False
        if self._held:
            self._withheld = True
            return False
        breaker, budget = self.breaker, self.budget
        if breaker is not None and breaker.next_probe_ns(time_ns) != time_ns:
            return False
        retry = self._outage_ns is not None
        if budget is not None and retry and not budget.take(time_ns, lambda: self._unit):
            return False
        if breaker is not None:
            breaker.allow(time_ns)
        if budget is not None:
            budget.request(time_ns)
            budget.active(1)
        self.phase = Phase.CONNECTING
        self._attempts += 1
        self._began_ns, self._opened_ns = time_ns, None
        self._unresolved, self._retried, self._withheld = True, retry, False
        return True

    def postponed(self, time_ns: int, chance: Chance) -> Decision:
        """The next attempt after a refusal by breaker or budget; None: a fact will bring it."""
        if self.phase is Phase.STOPPED or self._withheld:
            return None
        self._draw(chance)
        at_ns: int | None = None
        breaker, budget = self.breaker, self.budget
        if breaker is not None and breaker.next_probe_ns(time_ns) != time_ns:
            probe_ns = breaker.next_probe_ns(time_ns)
            at_ns = None if probe_ns is None else probe_ns + self._spread_ns(chance)
        elif budget is not None:
            at_ns = budget.next_ns(time_ns)
        if at_ns is None or at_ns <= time_ns:
            recheck_ns = self.rule.recheck.delay_ns(0, self._moment(chance)) or NS_PER_S
            at_ns = time_ns + max(1, recheck_ns)
        return RetryAt(at_ns)

    def _spread_ns(self, chance: Chance) -> int:
        spread_ns = to_ns(self.rule.breaker_spread_s)
        return int(chance.unit("probe") * spread_ns) if spread_ns else 0

    def _draw(self, chance: Chance) -> None:
        if self.budget is not None:
            self._unit = chance.unit("budget")

    def _moment(self, chance: Chance) -> Moment:
        return Moment(chance, self._memory)
