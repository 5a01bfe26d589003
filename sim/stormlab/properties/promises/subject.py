"""Who is put to the test: a policy's factory, and what the policy declares about itself.

Bounds are computed from what is declared. A policy made of parts, or an entry of the catalogue,
declares by its parameters. A class of one's own may have an attribute ``declared``
(:class:`Declared`); what it leaves open is taken from its own delays, seen when it is refused many
times, and the findings say so.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

from stormlab.clock import to_s
from stormlab.draws import Draws
from stormlab.policy.breaker import CircuitBreaker
from stormlab.policy.budget import BudgetRule
from stormlab.policy.catalogue import FoundPolicy
from stormlab.policy.chance import AddressedChance
from stormlab.policy.codes import Rule, first_fit
from stormlab.policy.contract import Fact, Happened, Policy, Terms, terms_of
from stormlab.policy.delays import Walked, delays
from stormlab.policy.reconnect import Reconnect, policies_for_client
from stormlab.policy.support import Support

WALKS, WALK_ATTEMPTS = 16, 64
WALKS_KEPT = 20_000
CLOSE_CODES = range(1000, 5000)


def _no_support(_n: int) -> Support | None:
    return None


@dataclass(frozen=True)
class Declared:
    """What a policy says about itself; None: it does not say.

    ``delay_s_max``: no delay is longer. ``delay_s_min``: nor shorter, after a refused attempt.
    ``attempts_max``: refused attempts in a row after which it gives up; ``gives_up`` False: never.
    ``survives_s``: the longest outage after which it comes back by itself. ``spread_s``: the width
    over which a fleet's attempts are spread at the cap; 0: it does not spread, and says so.
    ``resets_on``: what makes it forget its failures (open, proof, stable, time, http, never).
    ``stable_s``: for stable, how long. ``supports``: every value that delay n can take.
    ``breaker`` and ``budget``: the rules it is guarded by; ``proves_success``: they take the
    application's answer for a success, not the opening; ``drops_fail``: the loss of a good
    connection is a failure to the breaker; ``shared``: all sockets of a client share them.
    ``seen``: the limits of delays were read off its own delays, not declared.
    """

    delay_s_max: float | None = None
    delay_s_min: float | None = None
    attempts_max: int | None = None
    gives_up: bool | None = None
    survives_s: float | None = None
    spread_s: float | None = None
    resets_on: str | None = None
    stable_s: float = 0.0
    obeys_advice: bool | None = None
    final_codes: frozenset[int] = field(default_factory=frozenset)
    supports: Callable[[int], Support | None] = _no_support
    first_after_drop: Support | None = None
    breaker: CircuitBreaker | None = None
    budget: BudgetRule | None = None
    terms: Terms = field(default_factory=Terms)
    proves_success: bool = False
    drops_fail: bool = False
    shared: bool = False
    seen: bool = False


@dataclass(frozen=True)
class Subject:
    """A policy under test: its name, its factory, and what it declares."""

    name: str
    make: Callable[[], Policy]
    given: Declared | None = None
    _walks: dict[tuple[int, int, int, bool], Walked] = field(
        default_factory=dict, repr=False, compare=False
    )

    @classmethod
    def of(cls, make: "Callable[[], Policy] | FoundPolicy", name: str | None = None) -> "Subject":
        """Take a factory as it comes: a class, a function, parts, or what ``find_policy`` found."""
        if isinstance(make, FoundPolicy):
            own = _of_parts(make.factory) if isinstance(make.factory, Reconnect) else None
            if own is None and make.entry is not None:
                entry = make.entry
                own = Declared(
                    delay_s_max=entry.cap_s,
                    attempts_max=entry.attempts_max,
                    supports=entry.supports,
                    first_after_drop=entry.first_after_drop,
                    terms=entry.terms,
                )
            return cls(name or make.name, make.factory, own)
        label = name or str(getattr(make, "__name__", type(make).__name__))
        return cls(label, make, _of_parts(make) if isinstance(make, Reconnect) else None)

    def walk(
        self, count: int, seed: int, *, client: int = 0, dropped_first: bool = False
    ) -> Walked:
        """Its delays while it is refused ``count`` times; remembered, since bounds ask again."""
        key = count, seed, client, dropped_first
        if key not in self._walks:
            if len(self._walks) > WALKS_KEPT:
                self._walks.clear()
            chance = AddressedChance(Draws(seed), client)
            self._walks[key] = delays(self.make(), count, chance, dropped_first=dropped_first)
        return self._walks[key]

    @cached_property
    def supports(self) -> tuple[Support, ...]:
        """What each of its first delays can be, as far as it declares them."""
        known: list[Support] = []
        while len(known) < WALK_ATTEMPTS:
            support = self.declared.supports(len(known))
            if support is None:
                break
            known.append(support)
        return tuple(known)

    def group(self, count: int) -> list[Policy]:
        """The policies of all ``count`` sockets of one client."""
        return policies_for_client(self.make, count)

    @cached_property
    def declared(self) -> Declared:
        """What it declares, completed by what is seen of its delays."""
        policy = self.make()
        own = self.given
        if own is None:
            attribute = getattr(policy, "declared", None)
            own = attribute if isinstance(attribute, Declared) else Declared()
        if own.terms == Terms():
            own = replace(own, terms=terms_of(policy))
        return own if own.delay_s_max is not None else self._seen(own)

    def _seen(self, own: Declared) -> Declared:
        """Complete the limits of delays from walks through refused attempts."""
        walks = [self.walk(WALK_ATTEMPTS, seed) for seed in range(WALKS)]
        found = [delay for walk in walks for delay in walk.delays_ns]
        stops = [len(walk.delays_ns) for walk in walks if len(walk.delays_ns) < WALK_ATTEMPTS]
        return replace(
            own,
            delay_s_max=to_s(max(found, default=0)),
            attempts_max=own.attempts_max
            if own.attempts_max is not None
            else max(stops, default=None),
            gives_up=own.gives_up if own.gives_up is not None else bool(stops),
            seen=True,
        )


def _final_codes(rules: tuple[Rule, ...]) -> frozenset[int]:
    """The close codes after which rules stop, whatever else is known of the end."""
    found = set()
    for code in CLOSE_CODES if rules else ():
        first = first_fit(rules, Happened(Fact.DROPPED, 0, code, clean=True))
        if first is not None and first.action == "stop":
            found.add(code)
    return frozenset(found)


def _support(rule: Reconnect, n: int) -> Support | None:
    """What delay ``n`` can be, the schedule of a long outage included."""
    found = rule.support(n)
    late = rule.late[1].support(n) if rule.late is not None else None
    return found if found is None or late is None else found.union(late)


def _of_parts(rule: Reconnect) -> Declared:
    """What the parameters of a policy made of parts declare."""
    limits = rule.attempts_max is not None or rule.give_up_after_s is not None
    obeys = rule.advice.retry_after != "ignore"
    return Declared(
        delay_s_max=rule.schedule.cap_s,
        attempts_max=rule.attempts_max,
        gives_up=limits,
        survives_s=rule.give_up_after_s,
        resets_on=rule.reset.on,
        stable_s=rule.reset.after_s,
        obeys_advice=obeys,
        supports=partial(_support, rule),
        first_after_drop=rule.support_after_drop(),
        breaker=rule.breaker,
        budget=rule.budget,
        final_codes=_final_codes(rule.rules),
        drops_fail=rule.drops_fail,
        shared=rule.shared == "client",
        proves_success=rule.success_on == "proof",
        terms=rule.make().terms,
    )
