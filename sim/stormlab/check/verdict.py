"""What a check came to: one outcome for each promise, for people, machines and assertions."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stormlab import __version__
from stormlab.check.told import told_world
from stormlab.evidence import Outcome
from stormlab.properties.promises import Promise
from stormlab.properties.promises.promise import Tier
from stormlab.worlds.written import World, document_of, size_of


class PromiseBrokenError(AssertionError):
    """Some promises are broken; the message lists each with what shows it."""


class PromiseUndecidedError(AssertionError):
    """Nothing is broken, and what was asked for could not be decided."""


@dataclass(frozen=True)
class Judged:
    """One promise after all worlds.

    ``evidence``: at most five lines. ``world``: the smallest world that breaks it. ``cases``: the
    worlds in which it was tried; ``found_at``: how many it took until the breach. ``seconds``:
    until then, or in all. ``unseen``: undecided because the worlds never showed what it needs, and
    not because it does not apply. ``replay``: the file that holds the counterexample.
    ``walk_ns``: the delays that break it, where delays were walked.
    """

    promise: Promise
    outcome: Outcome
    reason: str = ""
    bound: str = ""
    evidence: tuple[str, ...] = ()
    tier: Tier | None = None
    world: World | None = None
    cases: int = 0
    found_at: int | None = None
    seconds: float = 0.0
    shrink_tries: int = 0
    unseen: bool = False
    replay: Path | None = None
    command: str = ""
    walk_ns: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """The promise's name."""
        return self.promise.name

    @property
    def lines(self) -> list[str]:
        """A breach for a person: statement, reason, evidence, world, and how to see it again."""
        told = [f"{self.name}: {self.promise.statement}", f"  {self.reason}"]
        told += [f"    {line}" for line in self.evidence]
        if self.world is not None:
            told += ["  in the world", *(f"    {line}" for line in self.told_world)]
        return told + ([f"  again: {self.command}"] if self.command else [])

    @property
    def told_world(self) -> list[str]:
        """The world that breaks it for a person; nothing where there is none."""
        return told_world(self.promise, self.world, self.walk_ns) if self.world is not None else []

    @property
    def document(self) -> dict[str, Any]:
        """The same as plain JSON, without how long it took."""
        result: dict[str, Any] = {
            "promise": self.name,
            "statement": self.promise.statement,
            "formula": self.promise.formula,
            "outcome": self.outcome.value,
            "reason": self.reason,
            "bound": self.bound,
            "cases": self.cases,
        }
        if self.outcome is Outcome.BROKEN and self.world is not None:
            clients, faults = size_of(self.world)
            result |= {
                "tier": self.tier,
                "evidence": list(self.evidence),
                "found_at": self.found_at,
                "clients": clients,
                "faults": faults,
                "world": document_of(self.world),
                "command": self.command,
            }
        return result


@dataclass(frozen=True)
class Verdict:
    """One target after a check: every promise with its outcome.

    ``asked``: the promises were chosen by name, so an undecided one leaves the whole undecided.
    ``notes``: what a reader should know of how it was tried.
    """

    name: str
    judged: tuple[Judged, ...]
    budget: str
    seed: int = 0
    seconds: float = 0.0
    asked: bool = False
    notes: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Judged]:
        """Go through the promises."""
        return iter(self.judged)

    def __getitem__(self, promise: str) -> Judged:
        """What came of one promise."""
        return next(each for each in self.judged if each.name == promise)

    def of(self, outcome: Outcome) -> list[Judged]:
        """The promises with this outcome."""
        return [each for each in self.judged if each.outcome is outcome]

    @property
    def broken(self) -> list[Judged]:
        """The broken promises."""
        return self.of(Outcome.BROKEN)

    @property
    def outcome(self) -> Outcome:
        """Of all: broken if one is, undecided if nothing could be judged that should be.

        A promise that does not apply (a breaker's, to a policy without one) does not count.
        """
        if self.broken:
            return Outcome.BROKEN
        open_ones = self.of(Outcome.UNDECIDED)
        if any(each.unseen for each in open_ones) or (self.asked and open_ones):
            return Outcome.UNDECIDED
        return Outcome.HOLDS if self.of(Outcome.HOLDS) else Outcome.UNDECIDED

    @property
    def ok(self) -> bool:
        """Whether every promise that applies holds."""
        return self.outcome is Outcome.HOLDS

    def require(self) -> None:
        """Do nothing if all is well.

        Raises:
            PromiseBrokenError: lists each broken promise with what shows it.
            PromiseUndecidedError: nothing is broken, and nothing or too little could be judged.
        """
        if self.outcome is Outcome.BROKEN:
            raise PromiseBrokenError(self.text())
        if self.outcome is Outcome.UNDECIDED:
            raise PromiseUndecidedError(self.text())

    @property
    def headline(self) -> str:
        """The whole in one sentence."""
        count, held = len(self.judged), len(self.of(Outcome.HOLDS))
        rest = len(self.of(Outcome.UNDECIDED))
        if self.broken:
            return f"{self.name} breaks {len(self.broken)} of {count} promises"
        if self.outcome is Outcome.UNDECIDED:
            return f"{self.name}: undecided; {held} of {count} promises hold, {rest} are open"
        kept = "1 promise" if held == 1 else f"{held} promises"
        return f"{self.name} keeps {kept}" + (f"; {rest} do not apply" if rest else "")

    def text(self) -> str:
        """For a person: the sentence, then every breach, or else what is open and why."""
        told = [self.headline + ("." if self.ok else ":")]
        told += [f"note: {each}" for each in self.notes]
        for each in self.broken:
            told += ["", *each.lines]
        if self.outcome is Outcome.UNDECIDED:
            told += [f"  {each.name}: {each.reason}" for each in self.of(Outcome.UNDECIDED)]
        return "\n".join(told)

    @property
    def document(self) -> dict[str, Any]:
        """The same as plain JSON, without how long it took: equal checks give equal documents."""
        return {
            "stormlab": __version__,
            "target": self.name,
            "outcome": self.outcome.value,
            "budget": self.budget,
            "seed": self.seed,
            **({"notes": list(self.notes)} if self.notes else {}),
            "promises": [each.document for each in self.judged],
        }

    def with_replays(self, replays: dict[str, tuple[Path | None, str]]) -> "Verdict":
        """The same, each broken promise with its file and command."""
        judged = tuple(
            replace(each, replay=replays[each.name][0], command=replays[each.name][1])
            if each.name in replays
            else each
            for each in self.judged
        )
        return replace(self, judged=judged)
