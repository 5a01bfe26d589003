"""Whether a library's code and its policy in the catalogue make the same attempts.

Both live through the same schedule in bare worlds (:mod:`stormlab.worlds.bare`,
:mod:`stormlab.hosts.bare`) with the same luck: what ``Math.random`` gives is what the policy draws
(:mod:`.likeness`). Equal means: as many attempts, each at the same nanosecond.

One thing is added to the policy, since every browser does it: a timer takes whole milliseconds and
cuts off the rest (:func:`cut`, :class:`WholeMilliseconds`).

``python -m stormlab_models.libraries.agreement docs/real-code.md`` writes the table: some minutes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import click

from stormlab.clock import NS_PER_MS
from stormlab.console import fail, progress
from stormlab.hosts.failure import HostError
from stormlab.hosts.javascript.code import run_recipe
from stormlab.hosts.recipe import Recipe
from stormlab.policy import Delays, Reconnect
from stormlab.policy.backoff import MS_PER_S
from stormlab.policy.contract import (
    Chance,
    Decision,
    Happened,
    Policy,
    RetryAt,
    Terms,
    first_attempt,
    instead,
    terms_of,
)
from stormlab.vocabulary import Event
from stormlab.worlds.bare import BareWorld, run_bare
from stormlab.worlds.bare_socket import Notices
from stormlab.worlds.story import Story
from stormlab_models.doc_tables import rewrite
from stormlab_models.libraries.likeness import Likeness, Luck, Parting, Tape
from stormlab_models.libraries.likenesses import LIKENESSES
from stormlab_models.libraries.recipes import RECIPES
from stormlab_models.libraries.schedules import BEHAVIOURS, addressed
from stormlab_models.policies import CATALOGUE


def cut(make: Callable[[], Policy]) -> Callable[[], Policy]:
    """A policy of parts whose delays are cut to whole milliseconds before they become nanoseconds.

    Afterwards would be too late: 7979.9999999999 ms are 7980 ms to the nanosecond.
    """
    if not isinstance(make, Reconnect) or not isinstance(make.schedule, Delays):
        return make
    step_s = make.schedule.step_s or 1 / MS_PER_S
    return replace(make, schedule=replace(make.schedule, step_s=step_s))


def timer_ns(delay_ns: int) -> int:
    """A delay as ``setTimeout`` takes it: whole milliseconds, a signed 32-bit number (WebIDL)."""
    whole = delay_ns // NS_PER_MS
    wrapped = (whole + 2**31) % 2**32 - 2**31
    return max(0, wrapped) * NS_PER_MS


class WholeMilliseconds:
    """A policy whose delays are cut as a browser's timer cuts them; tells its luck the facts."""

    def __init__(self, policy: Policy, luck: Luck) -> None:
        """Stand between ``policy`` and its host."""
        self._policy, self._luck = policy, luck

    @property
    def terms(self) -> Terms:
        """The policy's, as the code keeps them."""
        return self._luck.terms(terms_of(self._policy))

    def on(self, happened: Happened, chance: Chance) -> Decision:
        """The policy's decision."""
        self._luck.told(happened)
        return _cut(self._policy.on(happened, chance), happened.time_ns)

    def may_attempt(self, time_ns: int) -> bool:
        """The policy's answer."""
        return self._policy.may_attempt(time_ns)

    def start(self, time_ns: int, chance: Chance) -> RetryAt:
        """The policy's first attempt."""
        return first_attempt(self._policy, time_ns, chance)

    def postponed(self, time_ns: int, chance: Chance) -> Decision:
        """The policy's decision after a refusal of its own."""
        return _cut(instead(self._policy, time_ns, chance), time_ns)


def _cut(decision: Decision, now_ns: int) -> Decision:
    if isinstance(decision, RetryAt):
        return RetryAt(now_ns + timer_ns(max(0, decision.time_ns - now_ns)))
    return decision


def run_model(recipe: Recipe, world: BareWorld, feed: Sequence[float] = ()) -> Story:
    """The recipe's policy in a world, with the luck of its code; ``feed``: the first draws."""
    entry = CATALOGUE[recipe.policy or recipe.name]
    like = LIKENESSES[recipe.name]
    luck = like.luck(Tape(world.seed, feed))
    make = like.make or entry.make
    if like.cut_first:
        make = cut(make)
    notices: Notices | None = like.beats.notices if like.beats else getattr(luck, "notices", None)

    def group(_count: int) -> list[Policy]:
        return [WholeMilliseconds(make(), luck)]

    return run_bare(group, world, luck, proof_ns=like.proof_ns, notices=notices)[0]


@dataclass(frozen=True)
class Difference:
    """The first attempt that is not the same: its number from 0, and when, or None: never."""

    number: int
    model_ns: int | None
    code_ns: int | None


def attempts_ns(story: Story) -> list[int]:
    """When the attempts of a story began."""
    return story.times_ns(Event.NEW)


def first_difference(model: Story, code: Story) -> Difference | None:
    """Where two stories part; only as far as both were lived (one that never ended is cut)."""
    end_ns = min(model.end_ns, code.end_ns)
    ours = [time_ns for time_ns in attempts_ns(model) if time_ns < end_ns]
    theirs = [time_ns for time_ns in attempts_ns(code) if time_ns < end_ns]
    for number in range(max(len(ours), len(theirs))):
        model_ns = ours[number] if number < len(ours) else None
        code_ns = theirs[number] if number < len(theirs) else None
        if model_ns != code_ns:
            return Difference(number, model_ns, code_ns)
    return None


@dataclass(frozen=True)
class Verdict:
    """Both lives of one schedule; ``parting``: what explains the difference, if anything does."""

    world: BareWorld
    model: Story
    code: Story
    difference: Difference | None
    parting: Parting | None

    @property
    def equal(self) -> bool:
        """Every attempt at the same nanosecond."""
        return self.difference is None

    @property
    def unexplained(self) -> bool:
        """They part, and nothing that is known says why."""
        return self.difference is not None and self.parting is None


def compare(recipe: Recipe, world: BareWorld, feed: Sequence[float] = ()) -> Verdict:
    """Let both live in a world; ``feed``: what ``Math.random`` gives first.

    Raises:
        HostError: one line, when the code cannot be had.
    """
    model = run_model(recipe, world, feed)
    code = run_recipe(recipe, world, feed=tuple(feed))
    found = first_difference(model, code)
    parting = _explained(LIKENESSES[recipe.name], model, code, found) if found else None
    return Verdict(world, model, code, found, parting)


def _explained(like: Likeness, model: Story, code: Story, found: Difference) -> Parting | None:
    for parting in like.partings:
        if parting.applies(model, code, found.number):
            return parting
    return None


# --- the table -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    """What came of the schedules of one behaviour: how many were equal, what the others are due to.

    ``parted``: how many by reason; ``unexplained``: the cases without one.
    """

    cases: int
    equal: int
    parted: dict[str, int]
    unexplained: tuple[int, ...]


def tally(recipe: Recipe, behaviour: str, cases: int, seed: int = 0) -> Cell:
    """Compare in the first ``cases`` schedules of a behaviour."""
    served_first = LIKENESSES[recipe.name].served_first
    equal, parted, unexplained = 0, dict[str, int](), list[int]()
    for case in range(cases):
        found = compare(recipe, addressed(behaviour, case, seed, served_first=served_first))
        if found.equal:
            equal += 1
        elif found.parting is None:
            unexplained.append(case)
        else:
            reason = found.parting.reason
            parted[reason] = parted.get(reason, 0) + 1
    return Cell(cases, equal, parted, tuple(unexplained))


Tallies = dict[str, dict[str, Cell]]


def tallies(cases: int) -> Tallies:
    """Every recipe in every behaviour."""
    with progress("libraries", quiet=False) as steps:
        todo = [(recipe, behaviour) for recipe in RECIPES.values() for behaviour in BEHAVIOURS]
        found: Tallies = {name: {} for name in RECIPES}
        for recipe, behaviour in steps.over(todo):
            found[recipe.name][behaviour] = tally(recipe, behaviour, cases)
    return found


def _cell(cell: Cell) -> str:
    text = f"{cell.equal} of {cell.cases}"
    if cell.unexplained:
        return f"**{text}**"
    return text


def table(found: Tallies) -> str:
    """Equal in how many of the schedules, by library and behaviour."""
    lines = [
        "| library | " + " | ".join(BEHAVIOURS) + " |",
        "|---" * (1 + len(BEHAVIOURS)) + "|",
    ]
    for name, cells in found.items():
        version = RECIPES[name].package.rpartition("@")[2]
        lines.append(f"| `{name}` {version} | " + " | ".join(map(_cell, cells.values())) + " |")
    every = [cell for cells in found.values() for cell in cells.values()]
    equal, cases = sum(cell.equal for cell in every), sum(cell.cases for cell in every)
    unexplained = sum(len(cell.unexplained) for cell in every)
    lines += ["", f"{equal:,} of {cases:,} are equal; {unexplained:,} differ without a reason."]
    return "\n".join(lines)


def reasons(found: Tallies) -> str:
    """Why the others are not equal, by library."""
    lines = []
    for name, cells in found.items():
        like = LIKENESSES[name]
        counted: dict[str, int] = {}
        for cell in cells.values():
            for reason, count in cell.parted.items():
                counted[reason] = counted.get(reason, 0) + count
        parts = [f"- {reason} ({_schedules(count)})." for reason, count in counted.items()]
        if like.why:
            parts.insert(0, f"- Compared from a first connection that succeeds: {like.why}.")
        if parts:
            lines += [f"`{name}`", "", *parts, ""]
    return "\n".join(lines).rstrip()


def _schedules(count: int) -> str:
    return f"{count:,} schedule{'' if count == 1 else 's'}"


CASES = 100


@click.command()
@click.argument("document", type=click.Path(path_type=Path))
@click.option("--cases", default=CASES, show_default=True, help="Schedules of each behaviour.")
def main(document: Path, cases: int) -> None:
    """Rewrite the tables in DOCUMENT; one that cannot be rewritten stays as it is."""
    found = cache(tallies)
    try:
        rewrite(
            document,
            {"agreement": lambda: table(found(cases)), "reasons": lambda: reasons(found(cases))},
        )
    except HostError as error:
        fail(str(error))


if __name__ == "__main__":
    main()
