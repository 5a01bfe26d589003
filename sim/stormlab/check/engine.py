"""The engine: worlds are made, the target lives in them, promises judge, breaches are made smaller.

All promises judge the same runs: each world is run once. A promise that is broken is judged no
further; its world is made smaller within the budget. Nothing is raised inside a run but by the
policy itself, and that ends the check (:class:`.CheckError`).
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter  # noqa: TID251  how long it took is said to a person
from typing import get_args

from stormlab.check.batch import witnessed, worlds
from stormlab.check.budget import Budget, budget_of
from stormlab.check.guard import Limit, limited
from stormlab.check.replay import plain_name, save
from stormlab.check.see import Code, Target, see, target_of
from stormlab.check.shrink import shrink
from stormlab.check.verdict import Judged, Verdict
from stormlab.evidence import Outcome
from stormlab.properties.promises import Finding, Promise, Seen, Sometimes
from stormlab.properties.promises.promise import Tier
from stormlab.vocabulary import Event
from stormlab.worlds.written import World, key_of

# Judged in one of so many worlds only: they cost a second run, or a walk that no world changes.
SELDOM = {
    "same-world-same-trace": 8,
    "delay-grows-to-the-cap": 8,
    "delay-survives-overflow": 40,
}
KEPT_MAX = 2_000
OF_THE_POLICY = ("it ", "its ")  # how reasons begin that lie in the policy: it has no breaker
DEPENDS = {Sometimes.CAP, Sometimes.STABLE_RESET}  # whether these are seen depends on the policy
Step = Callable[[Tier, int, int], None]  # kind, worlds done, worlds in all


def silent(tier: Tier, done: int, count: int) -> None:
    """Tell nobody."""
    del tier, done, count


@dataclass
class Runs:
    """What was seen of one target in each world, so that no world is run twice for it."""

    target: Target
    limit: Limit
    count: int = 0
    _seen: dict[str, Seen] = field(default_factory=dict)

    def see(self, world: World) -> Seen:
        """Run the world, unless it was run before."""
        key = key_of(world)
        if key not in self._seen:
            if len(self._seen) >= KEPT_MAX:
                self._seen.pop(next(iter(self._seen)))
            self.limit.begin()
            self.count += 1
            self._seen[key] = see(self.target, world)
        return self._seen[key]


@dataclass
class _Tally:
    """What one promise has come to so far."""

    promise: Promise
    cases: int = 0
    holds: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    seen: set[Sometimes] = field(default_factory=set)
    breach: Finding | None = None
    world: World | None = None
    tier: Tier | None = None
    seconds: float = 0.0
    shrink_tries: int = 0

    def take(self, finding: Finding, world: World, tier: Tier) -> None:
        """Count one finding."""
        self.cases += 1
        if finding.outcome is Outcome.BROKEN:
            self.breach, self.world, self.tier = finding, world, tier
        elif finding.outcome is Outcome.HOLDS:
            self.holds += 1
        else:
            self.reasons[finding.reason] += 1


class Check:
    """One target, held to promises within a budget; :meth:`verdict` runs it."""

    def __init__(
        self,
        target: Target,
        promises: Iterable[Promise],
        budget: Budget,
        seed: int = 0,
        runs: Runs | None = None,
    ) -> None:
        """``runs``: seen before, of the same target."""
        self.target, self.budget, self.seed = target, budget, seed
        self._tallies = [_Tally(promise) for promise in promises]
        self._runs = runs or Runs(target, Limit(target.name))
        self._began_s = perf_counter()

    def run(self, step: Step = silent, hunt_folder: Path | None = None) -> list[Judged]:
        """Try every kind of world, then make the breaches smaller."""
        self._began_s = perf_counter()
        for tier in get_args(Tier):
            if tier in self.target.tiers and any(tier in t.promise.tiers for t in self._tallies):
                if self.budget.hunts:
                    self._hunt(tier, step, hunt_folder)
                else:
                    self._try(tier, step)
        for tally in self._tallies:
            if tally.breach is not None:
                self._shrink(tally)
        return [self._judged(tally) for tally in self._tallies]

    def _open(self, tier: Tier) -> list[_Tally]:
        return [
            each for each in self._tallies if each.breach is None and tier in each.promise.tiers
        ]

    def _try(self, tier: Tier, step: Step) -> None:
        count = self.budget.cases.get(tier, 0)
        for case, world in enumerate(worlds(tier, count, self.seed, self.target)):
            still_open = self._open(tier)
            if not still_open:
                return
            self._judge_all(still_open, tier, world, case=case)
            step(tier, case + 1, count)

    def _judge_all(self, tallies: list[_Tally], tier: Tier, world: World, *, case: int) -> None:
        seen = self._runs.see(world)
        witnesses = witnessed(self.target, seen)
        for tally in tallies:
            if case % SELDOM.get(tally.promise.name, 1):
                continue
            tally.seen |= witnesses
            self._runs.limit.begin()
            tally.take(tally.promise.judge(self.target.subject, seen), world, tier)
            tally.seconds = perf_counter() - self._began_s

    def _hunt(self, tier: Tier, step: Step, folder: Path | None) -> None:
        """Let Hypothesis look for worlds, one round for each breach."""
        count = left = self.budget.cases.get(tier, 0)
        while left > 0 and self._open(tier):
            tried, found = self._round(tier, left, folder)
            left = left - tried if found else 0
            step(tier, count - left, count)

    def _round(self, tier: Tier, left: int, folder: Path | None) -> tuple[int, bool]:
        """Hunt until a promise breaks that was open; how many worlds it took, and whether one did.

        Hypothesis asks about a world more than once, so the answer must not depend on the order.
        """
        from stormlab.check.hunt import hunt  # noqa: PLC0415  needs Hypothesis; the rest does not

        tried, frozen, subject = 0, self._open(tier), self.target.subject

        def breaks(world: World) -> bool:
            nonlocal tried
            tried += 1
            self._judge_all(self._open(tier), tier, world, case=0)
            seen = self._runs.see(world)
            done = [each.promise for each in frozen if each.breach is not None]
            return any(each.judge(subject, seen).outcome is Outcome.BROKEN for each in done)

        found = hunt(tier, self.target, left, folder, breaks)
        return tried, found

    def _shrink(self, tally: _Tally) -> None:
        """Make the breach's world smaller; the tally then tells of the smallest."""
        tries = events = 0
        subject, promise = self.target.subject, tally.promise
        if tally.world is None or _halted(self._runs.see(tally.world)):
            return  # each smaller world would take seconds until the code is stopped

        def still_broken(world: World) -> bool | None:
            nonlocal tries, events
            if tries >= self.budget.shrink_tries or events >= self.budget.shrink_events:
                return None
            seen = self._runs.see(world)
            tries += 1
            events += sum(len(story.steps) for story in seen.stories) + 1
            self._runs.limit.begin()
            finding = promise.judge(subject, seen)
            if finding.outcome is not Outcome.BROKEN:
                return False
            tally.breach, tally.world = finding, world
            return True

        tally.world = shrink(tally.world, still_broken)
        tally.shrink_tries = tries

    def _judged(self, tally: _Tally) -> Judged:
        promise = tally.promise
        bound = promise.bound(self.target.subject)
        if tally.breach is not None:
            return Judged(
                promise,
                Outcome.BROKEN,
                tally.breach.reason,
                bound,
                tally.breach.events,
                tally.tier,
                tally.world,
                tally.cases,
                tally.cases,
                tally.seconds,
                tally.shrink_tries,
                walk_ns=tally.breach.walk_ns,
            )
        missing = [each for each in promise.needs if each not in tally.seen]
        common = tally.reasons.most_common(1)
        reason = common[0][0] if common and not tally.holds else ""
        unseen = not tally.cases
        if unseen:
            reason = "no world of its kind was tried"
        elif missing and not reason.startswith(OF_THE_POLICY):
            unseen = missing[0] not in DEPENDS
            reason = f"in {tally.cases} worlds there never was {missing[0].value}"
        outcome = Outcome.UNDECIDED if reason else Outcome.HOLDS
        return Judged(
            promise,
            outcome,
            reason,
            bound,
            cases=tally.cases,
            seconds=tally.seconds,
            unseen=unseen,
        )


def _halted(seen: Seen) -> bool:
    return any(story.has(Event.HALTED) for story in seen.stories)


def check_policy(
    make_policy: Code,
    *,
    name: str | None = None,
    promises: Iterable[str] | None = None,
    budget: str | Budget = "dev",
    seed: int = 0,
    folder: str | Path | None = None,
    step: Step = silent,
) -> Verdict:
    """Hold a policy to promises, and find the smallest world that breaks each.

    ``make_policy``: a class, a function or parts (:class:`stormlab.policy.Reconnect`) that give a
    policy when called; what ``find_policy`` found; the text that a person writes
    (``module:NAME``, ``file.py:NAME``, ``file.toml``, a name of the catalogue); or, for the code of
    the analysed page, keys such as ``page.hook=manager``. ``promises``: their names; all by
    default. ``budget``: ``dev`` (a few seconds), ``ci``, ``nightly`` (5,000 worlds that differ
    every time; needs Hypothesis), or a :class:`Budget`. ``seed``: other worlds. ``folder``: where
    counterexamples are written, one file for each broken promise; it is made when there are any.

    Raises:
        CheckError: one line, when the policy cannot be made, raises, breaks the contract's types,
            or does not return within ten seconds (POSIX, main thread).
        ValueError: there is no such budget.
    """
    chosen = budget_of(budget)
    label = name or (make_policy if isinstance(make_policy, str) else "the policy")
    began_s = perf_counter()
    with limited(str(label)) as limit:
        target = target_of(make_policy, name)
        limit.name = target.name
        wanted = target.promises(promises)
        runs = Runs(target, limit)
        own = None if folder is None else Path(folder) / "hypothesis" / plain_name(target.name)
        judged = Check(target, wanted, chosen, seed, runs).run(step, own)
    verdict = Verdict(
        target.name,
        tuple(judged),
        chosen.name,
        seed,
        perf_counter() - began_s,
        asked=promises is not None,
        notes=target.notes,
    )
    return save(verdict, target, None if folder is None else Path(folder))
