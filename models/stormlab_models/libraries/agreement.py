"""Whether a library's code and its policy in the catalogue make the same attempts.

Both live through the same schedule in bare worlds (:mod:`stormlab.worlds.bare`,
:mod:`stormlab.hosts.bare`) with the same luck: what ``Math.random`` gives is what the policy draws
(:mod:`.likeness`). Equal means: as many attempts, each at the same nanosecond.

One thing is put between policy and host, since every browser does it: a timer takes whole
milliseconds (:class:`WholeMilliseconds`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from stormlab.clock import NS_PER_MS
from stormlab.hosts.javascript.code import run_recipe
from stormlab.hosts.recipe import Recipe
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
from stormlab_models.libraries.likeness import Likeness, Luck, Parting
from stormlab_models.libraries.likenesses import LIKENESSES
from stormlab_models.policies import CATALOGUE


def timer_ns(delay_ns: int) -> int:
    """A delay as ``setTimeout`` takes it: whole milliseconds, as a signed 32-bit number (WebIDL)."""
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


def run_model(recipe: Recipe, world: BareWorld, units: Sequence[float]) -> Story:
    """The recipe's policy in a world, with the luck of ``units``."""
    entry = CATALOGUE[recipe.policy or recipe.name]
    like = LIKENESSES[recipe.name]
    luck = like.luck(units)
    make = like.make or entry.make
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


def compare(recipe: Recipe, world: BareWorld, units: Sequence[float]) -> Verdict:
    """Let both live in a world; ``units``: what ``Math.random`` gives, enough for the longest life.

    Raises:
        HostError: one line, when the code cannot be had.
    """
    model = run_model(recipe, world, units)
    code = run_recipe(recipe, world, feed=tuple(units))
    found = first_difference(model, code)
    parting = found and _explained(LIKENESSES[recipe.name], model, code, found)
    return Verdict(world, model, code, found, parting)


def _explained(like: Likeness, model: Story, code: Story, found: Difference) -> Parting | None:
    for parting in like.partings:
        if parting.applies(model, code, found.number):
            return parting
    return None
