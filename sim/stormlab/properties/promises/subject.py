"""Who is put to the test: a policy's factory, and what the policy declares about itself.

Bounds are computed from what is declared. A policy made of parts, or an entry of the catalogue,
declares by its parameters. A class of one's own may have an attribute ``declared``
(:class:`.Declared`); what it leaves open is taken from its own delays, seen when it is refused many
times, and the findings say so.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

from stormlab.clock import NS_PER_S, to_ns, to_s
from stormlab.draws import Draws
from stormlab.policy.catalogue import FoundPolicy
from stormlab.policy.chance import AddressedChance
from stormlab.policy.contract import Policy, Scope, Terms, terms_of
from stormlab.policy.delays import Walked, delays
from stormlab.policy.reconnect import Reconnect, policies_for_client
from stormlab.policy.support import Support
from stormlab.properties.promises.declared import Declared, declared_by

__all__ = ["Declared", "Subject"]

WALKS, WALK_ATTEMPTS = 16, 64
WALKS_KEPT = 20_000
HOT_ATTEMPTS = 200
REFUSALS_MAX = 200  # by the policy itself: a budget that time does not fill would ask for ever
SEEN_MARGIN = 1.25  # over the longest delay seen, where none is declared

T = TypeVar("T")


class Fixed:
    """Chance that always says the same."""

    def __init__(self, unit: float) -> None:
        """Say ``unit`` from now on."""
        self._unit = unit

    def unit(self, purpose: str, scope: Scope = "attempt") -> float:
        """The same, whatever is asked for."""
        del purpose, scope
        return self._unit


@dataclass(frozen=True)
class Subject:
    """A policy under test: its name, its factory, and what it declares."""

    name: str
    make: Callable[[], Policy]
    given: Declared | None = None
    uncapped_failures: int = 12  # in a row, for worlds, where delays grow without a cap
    _walks: dict[tuple[int, int, int, bool], Walked] = field(
        default_factory=dict, repr=False, compare=False
    )
    _known: dict[object, object] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, make: "Callable[[], Policy] | FoundPolicy", name: str | None = None) -> "Subject":
        """Take a factory as it comes: a class, a function, parts, or what ``find_policy`` found."""
        own = declared_by(make)
        if isinstance(make, FoundPolicy):
            return cls(name or make.name, make.factory, own)
        return cls(name or str(getattr(make, "__name__", type(make).__name__)), make, own)

    def walk(
        self, count: int, seed: int, *, client: int = 0, dropped_first: bool = False
    ) -> Walked:
        """Its delays while it is refused ``count`` times; remembered, since bounds ask again."""
        key = count, seed, client, dropped_first
        if key not in self._walks:
            if len(self._walks) > WALKS_KEPT:
                self._walks.clear()
            chance = AddressedChance(Draws(seed), client)
            self._walks[key] = delays(
                self.make(),
                count,
                chance,
                dropped_first=dropped_first,
                refusals_max=REFUSALS_MAX,
            )
        return self._walks[key]

    def once(self, key: object, compute: Callable[[], T]) -> T:
        """What does not depend on a world: computed when first asked for, then remembered."""
        if key not in self._known:
            self._known[key] = compute()
        return self._known[key]  # type: ignore[return-value]  # as computed under this key

    @cached_property
    def scheduled(self) -> Callable[[], Policy] | None:
        """A factory of policies with its schedule and nothing that overrules it.

        None: its delays cannot be told from what a breaker, a budget or a rule makes of them.
        """
        if isinstance(self.make, Reconnect):
            return replace(self.make, breaker=None, budget=None, rules=(), late=None, spacing_s=0.0)
        return None if self.declared.guarded else self.make

    def fixed_walk(self, count: int, unit: float) -> list[int] | None:
        """Its delays under one draw that never changes; None: they cannot be told."""
        make = self.scheduled
        return None if make is None else delays(make(), count, Fixed(unit)).delays_ns

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

    def longest_ns(self, failures: int = WALK_ATTEMPTS) -> int:
        """The longest wait after so many failures in a row, as declared or else as seen.

        What a server asks for, a breaker and a budget are not in it.
        """
        return self.once(("longest", min(failures, WALK_ATTEMPTS)), lambda: self._longest(failures))

    def _longest(self, failures: int) -> int:
        declared = self.declared
        known = [support.high_ns for support in self.supports[: failures + 1]]
        if not known:
            margin = SEEN_MARGIN if declared.seen else 1.0
            known.append(to_ns((declared.delay_s_max or 0.0) * margin))
        if declared.first_after_drop is not None:
            known.append(declared.first_after_drop.high_ns)
        return max([*known, to_ns(declared.wait_s_max or 0.0)])

    @cached_property
    def never_waits(self) -> bool:
        """Whether it makes hundreds of attempts in a second: no model can go through with that."""
        walked = self.walk(HOT_ATTEMPTS, 0).delays_ns
        return len(walked) == HOT_ATTEMPTS and sum(walked) < NS_PER_S

    def group(self, count: int) -> list[Policy]:
        """The policies of all ``count`` sockets of one client."""
        return policies_for_client(self.make, count)

    @cached_property
    def declared(self) -> Declared:
        """What it declares, completed by what is seen of its delays."""
        own = self.given
        if own is None:  # the code of a page has no policy to ask
            policy = self.make()
            attribute = getattr(policy, "declared", None)
            own = attribute if isinstance(attribute, Declared) else Declared()
            if own.terms == Terms():
                own = replace(own, terms=terms_of(policy))
        known = own.delay_s_max is not None or own.supports(0) is not None
        return own if known else self._seen(own)

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
            else min(stops, default=None),
            gives_up=own.gives_up if own.gives_up is not None else bool(stops),
            gives_up_by_limit=False,
            seen=True,
        )
