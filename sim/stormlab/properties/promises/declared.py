"""What a policy declares about itself; bounds are computed from it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from stormlab.clock import to_s
from stormlab.policy.breaker import CircuitBreaker
from stormlab.policy.budget import BudgetRule
from stormlab.policy.catalogue import FoundPolicy
from stormlab.policy.codes import Rule, first_fit
from stormlab.policy.contract import Fact, Happened, Terms
from stormlab.policy.reconnect import Reconnect
from stormlab.policy.schedule import Schedule
from stormlab.policy.support import Support

CLOSE_CODES = range(1000, 5000)
DELAYS_ASKED = 64  # of a schedule, for its longest delay


def _no_support(_n: int) -> Support | None:
    return None


@dataclass(frozen=True)
class Declared:
    """What a policy says about itself; None: it does not say.

    ``delay_s_max``: no delay is longer. ``supports``: every value that delay n can take while it is
    refused; ``first_after_drop``: likewise of the first delay after a good connection.
    ``wait_s_max``: the longest of its other waits (after certain close codes, in a hidden page).
    ``attempts_max``: refused attempts in a row after which it gives up; ``gives_up`` False: never;
    ``gives_up_by_limit``: nothing but these limits and final codes ends it.
    ``survives_s``: the longest outage after which it comes back by itself.
    ``resets_on``: what makes it forget its failures (open, proof, stable, time, http, never).
    ``stable_s``: for stable and time, how long.
    ``obeys_advice``: it keeps a delay that the server asks for, of at most ``advice_limit_s``, plus
    up to ``advice_spread_s``. ``restart`` and ``later``: its own delays after 1012 and 1013.
    ``final_codes``: close codes after which it stops; ``ruled_codes``: those with rules of their
    own, whatever they are. ``breaker`` and ``budget``: the rules it is guarded by;
    ``proves_success``: they take the application's answer for a success, not the opening;
    ``drops_fail``: the loss of a good connection is a failure to the breaker; ``probe_spread_s``:
    probes come up to so much later, by chance; ``by_hand_resets``: a person's retry closes it;
    ``shared``: all sockets of a client share them. ``spread_s``: the width over which chance
    spreads the attempts of a fleet; left open, it is the width of the widest of its delays.
    ``connect_timeout_s_max``: the longest connect time-out, where it grows.
    ``setup_delay_s``: the shortest delay until the first connection, where other rules hold then.
    ``seen``: the limits of delays were read off its own delays, not declared.
    """

    delay_s_max: float | None = None
    wait_s_max: float | None = None
    attempts_max: int | None = None
    gives_up: bool | None = None
    gives_up_by_limit: bool = True
    survives_s: float | None = None
    resets_on: str | None = None
    stable_s: float = 0.0
    obeys_advice: bool | None = None
    advice_limit_s: float | None = None
    advice_spread_s: float = 0.0
    restart: Support | None = None
    later: Support | None = None
    final_codes: frozenset[int] = field(default_factory=frozenset)
    ruled_codes: frozenset[int] = field(default_factory=frozenset)
    supports: Callable[[int], Support | None] = _no_support
    first_after_drop: Support | None = None
    breaker: CircuitBreaker | None = None
    budget: BudgetRule | None = None
    terms: Terms = field(default_factory=Terms)
    proves_success: bool = False
    drops_fail: bool = False
    probe_spread_s: float = 0.0
    by_hand_resets: bool = True
    shared: bool = False
    spread_s: float | None = None
    connect_timeout_s_max: float | None = None
    setup_delay_s: float | None = None
    seen: bool = False

    @property
    def patience_s(self) -> float | None:
        """How long it may wait for an attempt to open; None: as long as the network."""
        longest_s = self.connect_timeout_s_max
        return self.terms.connect_timeout_s if longest_s is None else longest_s

    @property
    def may_give_up(self) -> bool:
        """Whether it says that it may give up after failures."""
        return bool(self.gives_up) or self.attempts_max is not None

    @property
    def guarded(self) -> bool:
        """Whether something other than its delays decides when it attempts."""
        return self.breaker is not None or self.budget is not None


def declared_by(found: FoundPolicy | Reconnect | object) -> Declared | None:
    """What parts, or an entry of the catalogue, declare; None: nothing is known."""
    parts = found.factory if isinstance(found, FoundPolicy) else found
    if isinstance(parts, Reconnect):
        return _of_parts(parts)
    entry = found.entry if isinstance(found, FoundPolicy) else None
    if entry is None:
        return None
    return Declared(
        delay_s_max=entry.cap_s,
        wait_s_max=entry.wait_s_max,
        attempts_max=entry.attempts_max,
        gives_up=entry.gives_up,
        gives_up_by_limit=False,
        supports=entry.supports,
        first_after_drop=entry.first_after_drop,
        terms=entry.terms,
    )


def _of_parts(rule: Reconnect) -> Declared:
    """What the parameters of a policy made of parts declare."""
    advice = rule.advice

    def supports(n: int) -> Support | None:
        """What delay n can be, the schedule of a long outage included."""
        found = rule.support(n)
        late = rule.late[1].support(n) if rule.late is not None else None
        return found if found is None or late is None else found.union(late)

    return Declared(
        delay_s_max=rule.schedule.cap_s,
        wait_s_max=_longest_wait_s(rule),
        attempts_max=rule.attempts_max,
        gives_up=_has_limit(rule) or _ends_otherwise(rule),
        gives_up_by_limit=not _ends_otherwise(rule),
        survives_s=rule.give_up_after_s,
        resets_on=rule.reset.on,
        stable_s=rule.reset.after_s,
        obeys_advice=advice.retry_after != "ignore",
        advice_limit_s=advice.limit_s,
        advice_spread_s=advice.spread_s,
        restart=advice.restart.support(0) if advice.restart is not None else None,
        later=advice.later.support(0) if advice.later is not None else None,
        supports=supports,
        first_after_drop=rule.support_after_drop(),
        breaker=rule.breaker,
        budget=rule.budget,
        final_codes=_codes(rule.rules, only="stop"),
        ruled_codes=_codes(rule.rules),
        drops_fail=rule.drops_fail,
        probe_spread_s=rule.breaker_spread_s,
        by_hand_resets=rule.by_hand_resets,
        shared=rule.shared == "client",
        proves_success=rule.success_on == "proof",
        terms=rule.make().terms,
        connect_timeout_s_max=_longest_timeout_s(rule),
    )


def _longest_timeout_s(rule: Reconnect) -> float | None:
    """The longest connect time-out of one that changes; None: it does not."""
    growing = rule.connect_timeout
    if growing is None:
        return None
    return max(growing.seconds(n, rule.schedule.cap_s or 0.0) for n in range(DELAYS_ASKED))


def _has_limit(rule: Reconnect) -> bool:
    return rule.attempts_max is not None or rule.give_up_after_s is not None


def _ends_otherwise(rule: Reconnect) -> bool:
    """Whether anything but a limit and a close code can end it: a table's end, a condition."""
    ends = any(rule.schedule.support(n) is None for n in (0, DELAYS_ASKED, 100 * DELAYS_ASKED))
    conditions = any(
        each.action == "stop" and bool(each.statuses or each.reason or not each.codes)
        for each in rule.rules
    )
    return ends or conditions or rule.reset.gate


def _longest_wait_s(rule: Reconnect) -> float:
    """The longest wait that its schedule of failures does not have."""
    network, advice = rule.network, rule.advice
    others: list[Schedule | None] = [network.online, network.visible, advice.restart, advice.later]
    others += [each.schedule for each in rule.rules]
    hidden_s = network.hidden_s if network.hidden == "longest" else 0.0
    return max([hidden_s, rule.spacing_s, *_longest_s(each for each in others if each is not None)])


def _longest_s(schedules: Iterable[Schedule]) -> Iterable[float]:
    for schedule in schedules:
        for n in (0, 1, DELAYS_ASKED if schedule.cap_s is not None else 1):
            support = schedule.support(n)
            if support is not None:
                yield to_s(support.high_ns)


def _codes(rules: tuple[Rule, ...], only: str | None = None) -> frozenset[int]:
    """The close codes that rules decide about, or decide so, whatever else is known of the end."""
    found = set()
    for code in CLOSE_CODES if rules else ():
        first = first_fit(rules, Happened(Fact.DROPPED, 0, code, clean=True))
        if first is not None and only in {None, first.action}:
            found.add(code)
    return frozenset(found)
