"""Real code under test: a subject whose limits are read off what the code does when refused.

A model of a policy can be asked for its delays. Code cannot: it is let live in a world whose server
is gone for good, and the time from each failure to the next attempt is measured. What it promises
besides (that it may give up, how often it pings) its recipe declares; otherwise it is expected to
come back, whatever happens.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol

from stormlab.check.guard import CheckError, next_life, of_others
from stormlab.clock import to_s
from stormlab.hosts.recipe import Declares
from stormlab.policy.contract import Policy, Terms
from stormlab.policy.delays import Walked
from stormlab.properties.promises import Declared, Subject
from stormlab.properties.promises.subject import SEEN_MARGIN
from stormlab.vocabulary import Event
from stormlab.worlds.bare import BareWorld, Phase
from stormlab.worlds.story import Story

UP_S, AWAY_S = 60.0, 2e5  # connected for a minute, then refused for more than two days
WALK_ATTEMPTS = 40
WALKS = 8
AT_CAP, GROWS = 8, 3  # delays that still grow so much after the eighth have no cap
HALTS_MAX = 2  # worlds in which the code had to be stopped: each costs seconds


class Live(Protocol):
    """Lets one client of the code live in a world; equal arguments give equal stories."""

    def __call__(
        self,
        world: BareWorld,
        *,
        client: int = 0,
        fixed: float | None = None,
        attempts_max: int | None = None,
    ) -> Story:
        """``fixed``: what its random numbers always are; ``attempts_max``: when to end early."""


def _no_policy() -> Policy:
    raise CheckError("the target is real code; there is no policy to make")


@dataclass(frozen=True)
class CodeSubject(Subject):
    """Real code, and what it declares. ``live`` runs it."""

    make: Callable[[], Policy] = _no_policy
    uncapped_failures: int = 8  # each makes a world twice as long, and code has its pings to send
    live: Live = field(kw_only=True)

    def walk(
        self, count: int, seed: int, *, client: int = 0, dropped_first: bool = False
    ) -> Walked:
        """Its delays while it is refused ``count`` times, after a good connection was lost.

        The delay after that loss is the first, whether ``dropped_first`` or not: code makes no
        difference that could be asked for.
        """
        key = count, seed, client, dropped_first
        if key not in self._walks:
            self._walks[key] = self._refused(count, seed, client, None)
        return self._walks[key]

    def fixed_walk(self, count: int, unit: float) -> list[int] | None:
        """Its delays with random numbers that are always the same."""
        return _without_first(self._refused(count + 1, 0, 0, unit)).delays_ns

    def _refused(self, count: int, seed: int, client: int, fixed: float | None) -> Walked:
        world = BareWorld((Phase("serve", UP_S), Phase("refuse", AWAY_S)), (), 1.0, 1, seed)
        story = self.live(world, client=client, fixed=fixed, attempts_max=count + 1)
        halted = story.of(Event.HALTED)
        if halted:
            raise CheckError(f"{self.name}: {halted[0].detail}")
        walked = Walked()
        lost_ns: int | None = None
        for step in story.of(Event.CLOSE, Event.NEW):
            if step.event is Event.CLOSE:
                lost_ns = step.time_ns
            elif lost_ns is not None and len(walked.delays_ns) < count:
                walked.delays_ns.append(step.time_ns - lost_ns)
                lost_ns = None
        walked.silent = len(walked.delays_ns) < count
        return walked

    @cached_property
    def scheduled(self) -> None:
        """Code has no schedule that could be asked."""

    @cached_property
    def never_waits(self) -> bool:
        """Not known before it is tried: a run of code has limits of its own."""
        return False

    @cached_property
    def declared(self) -> Declared:
        """What its recipe declares, and the longest delay that was seen."""
        own = self.given or Declared()
        if own.gives_up is None and own.attempts_max is None:
            own = replace(own, gives_up=False)
        if own.delay_s_max is not None:
            return own
        early, late = self.longest_ns(AT_CAP), self.longest_ns(WALK_ATTEMPTS)
        capped_s = to_s(late) if late < GROWS * early else None
        return replace(own, delay_s_max=capped_s, seen=True)

    def longest_ns(self, failures: int = WALK_ATTEMPTS) -> int:
        """The longest wait that was seen after so many failures in a row, and a margin."""

        def longest() -> int:
            walks = [self.walk(WALK_ATTEMPTS, seed) for seed in range(WALKS)]
            seen = [delay for walk in walks for delay in walk.delays_ns[: failures + 1]]
            return round(max(seen, default=0) * SEEN_MARGIN)

        return self.once(("longest", min(failures, WALK_ATTEMPTS)), longest)


def _without_first(walked: Walked) -> Walked:
    return replace(walked, delays_ns=walked.delays_ns[1:])


class Watched:
    """Runs code, and ends a check of code that has to be stopped in world after world."""

    def __init__(self, live: Live, name: str) -> None:
        """``name``: whose code it is."""
        self._live, self._name = live, name
        self._halts = 0

    def __call__(
        self,
        world: BareWorld,
        *,
        client: int = 0,
        fixed: float | None = None,
        attempts_max: int | None = None,
    ) -> Story:
        """As :class:`Live`.

        Raises:
            CheckError: one line, when it cannot be run, its peer raises, or the code was stopped
                for the third time.
        """
        next_life()
        with of_others(self._name, "its peer"):
            story = self._live(world, client=client, fixed=fixed, attempts_max=attempts_max)
        halted = story.of(Event.HALTED)
        if halted:
            self._halts += 1
            if self._halts > HALTS_MAX:
                raise CheckError(f"{self._name}: {halted[0].detail}")
        return story


def declared_of(declares: Declares) -> Declared:
    """What a recipe declares, as promises ask for it."""
    return Declared(
        gives_up=declares.gives_up,
        attempts_max=declares.attempts_max,
        survives_s=declares.survives_s,
        resets_on=declares.resets_on,
        stable_s=declares.stable_s,
        final_codes=declares.final_codes,
        setup_delay_s=declares.setup_delay_s,
        terms=Terms(declares.connect_timeout_s, declares.heartbeat_s, declares.heartbeat_timeout_s),
    )
