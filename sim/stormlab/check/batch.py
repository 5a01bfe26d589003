"""Which worlds a batch holds, and what the batch has seen.

World number ``case`` of a seed is the same on every machine; the same worlds serve every promise,
so each is run once. A batch that never saw what a promise needs (:class:`.Sometimes`) cannot decide
it, however many worlds it had.
"""

from collections.abc import Iterator

from stormlab.check.see import Target
from stormlab.clock import NS_PER_S, to_ns
from stormlab.properties.promises import Seen, Sometimes
from stormlab.properties.promises.delays import AT_CAP_FROM, WALK
from stormlab.properties.promises.load import fooled_s
from stormlab.properties.promises.promise import Tier
from stormlab.properties.promises.recovery import settle_s
from stormlab.vocabulary import Cause, Event
from stormlab.worlds.herd import HerdWorld
from stormlab.worlds.made import (
    Addressed,
    Pick,
    bare_world,
    fleet_world,
    herd_world,
    page_world,
)
from stormlab.worlds.made_code import code_world
from stormlab.worlds.story import Step, Story
from stormlab.worlds.written import World

NEAR_CAP = 0.5  # a delay of so much of the longest counts as one at the cap
MARGIN_S = 1.0  # after the bound, so that being late can be seen


def make_world(tier: Tier, pick: Pick, target: Target) -> World:
    """A world of a kind, long enough for the target's promises to be decided."""
    if tier == "page":
        return page_world(pick)
    if tier == "herd":
        return herd_world(pick)
    if tier == "code":
        return code_world(pick, settled_s(target))
    if tier == "bare":
        return bare_world(pick, settled_s(target), fooled_s(target.subject))
    return fleet_world(pick, settled_s(target))


def settled_s(target: Target) -> float:
    """How long a world lasts after its healing, so that coming back can be judged."""
    return round(settle_s(target.subject) + MARGIN_S, 3)


def worlds(tier: Tier, count: int, seed: int, target: Target) -> Iterator[World]:
    """The first ``count`` worlds of a kind under a seed."""
    for case in range(count):
        yield make_world(tier, Addressed(seed, case), target)


def witnessed(target: Target, seen: Seen) -> set[Sometimes]:
    """What a run has shown of what promises need to see."""
    if isinstance(seen.world, HerdWorld):
        walked = len(target.subject.walk(WALK, seen.world.seed).delays_ns)
        found = {Sometimes.MASS_LOSS, Sometimes.REFUSAL}
        return found | ({Sometimes.CAP} if walked > AT_CAP_FROM else set())
    near_ns = to_ns((target.subject.declared.delay_s_max or 0.0) * NEAR_CAP)
    found = set()
    for story in seen.stories:
        found |= _in_story(story, near_ns)
    lost = [_lost_ns(story) for story in seen.stories]
    if lost and set.intersection(*lost):
        found.add(Sometimes.MASS_LOSS)
    return found


def _in_story(story: Story, near_cap_ns: int) -> set[Sometimes]:
    found: set[Sometimes] = set()
    is_open = proved = False
    waited_ns = 0
    for step in story:
        event = step.event
        if event is Event.OPEN:
            is_open, proved = True, False
        elif event is Event.PROVED:
            proved = True
        elif event is Event.CLOSE:
            found |= _in_close(step, fooled=is_open and not proved, refused=not is_open)
            is_open = False
        elif event is Event.FAULT and step.detail == "hang":
            found.add(Sometimes.HANG)
        elif event is Event.TIMER_SET:
            if near_cap_ns and step.value_ns >= near_cap_ns:
                found.add(Sometimes.CAP)
            if proved and step.value_ns < waited_ns:
                found.add(Sometimes.STABLE_RESET)
            waited_ns = step.value_ns
    return found


def _in_close(step: Step, *, fooled: bool, refused: bool) -> set[Sometimes]:
    tests = {
        Sometimes.REFUSAL: refused,
        Sometimes.ACCEPT_THEN_CLOSE: fooled and step.cause is Cause.SERVER_CLOSED,
        Sometimes.HANG: step.cause is Cause.TIMED_OUT,
        Sometimes.ADVICE: step.advice_ns is not None,
    }
    return {each for each, shown in tests.items() if shown}


def _lost_ns(story: Story) -> set[int]:
    """The seconds in which an open connection was lost."""
    is_open, found = False, set()
    for step in story:
        if step.event is Event.OPEN:
            is_open = True
        elif step.event is Event.CLOSE:
            if is_open:
                found.add(step.time_ns // NS_PER_S)
            is_open = False
    return found
