"""Real code as a subject: its limits are read off its life, and its verdict is that of its policy.

No npm here: the code is a policy, hosted in the same worlds and stripped of its timers, so that no
more of it is seen than of real code.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from stormlab.check import Budget, Check, CheckError, Target, check_policy
from stormlab.check.code import CodeSubject, Live, Watched, declared_of
from stormlab.check.guard import limited
from stormlab.clock import NS_PER_S, to_ns
from stormlab.draws import Draws
from stormlab.evidence import Outcome
from stormlab.hosts.failure import HostError
from stormlab.hosts.recipe import Declares
from stormlab.policy import Constant, Delays, Exponential, Full, NoJitter, Reconnect, Reset, Terms
from stormlab.policy.chance import AddressedChance
from stormlab.policy.contract import Chance, Policy
from stormlab.properties.promises.subject import Fixed
from stormlab.vocabulary import Event
from stormlab.worlds.bare import BareWorld, run_bare
from stormlab.worlds.story import Step, Story

SOUND = Reconnect(
    Delays(Exponential(1.0), Full(), cap_s=20.0),
    reset=Reset("proof"),
    terms=Terms(connect_timeout_s=10.0),
)
TIMERS = {Event.TIMER_SET, Event.TIMER_FIRED, Event.TIMER_CLEARED, Event.TIMER_IGNORED}
UNIT = 0.5
AWAY_S = 1_000.0  # enough for 41 delays of 20 s


def hosted(make: Callable[[], Policy], away_s: float = AWAY_S) -> Live:
    """Let a policy live as if it were code: of its story only sockets and the world are left."""

    def live(
        world: BareWorld,
        *,
        client: int = 0,
        fixed: float | None = None,
        attempts_max: int | None = None,
    ) -> Story:
        if attempts_max is not None:  # no longer than it needs
            serve, refuse = world.phases
            world = replace(world, phases=(serve, replace(refuse, for_s=away_s)))
        drawn = AddressedChance(Draws(world.seed), client, 0)
        chance: Chance = drawn if fixed is None else Fixed(fixed)
        (story,) = run_bare(lambda count: [make() for _ in range(count)], world, chance)
        steps = [step for step in story.steps if step.event not in TIMERS]
        new = [place for place, step in enumerate(steps) if step.event is Event.NEW]
        if attempts_max is not None and len(new) > attempts_max:
            steps = steps[: new[attempts_max] + 1]
        return replace(story, steps=tuple(steps))

    return live


def subject_of(make: Callable[[], Policy], **declares: object) -> CodeSubject:
    declared = declared_of(replace(Declares(connect_timeout_s=10.0), **declares))  # type: ignore[arg-type]
    return CodeSubject("hosted", given=declared, live=hosted(make))


# --- what is read off its life -------------------------------------------------------------------


def test_a_walk_is_the_time_from_each_failure_to_the_next_attempt() -> None:
    subject = subject_of(Reconnect(Delays(Exponential(1.0), NoJitter(), cap_s=20.0)))
    walked = subject.walk(6, 0)
    assert walked.delays_ns == [to_ns(each) for each in (1, 2, 4, 8, 16, 20)]
    assert not walked.silent
    assert subject.walk(6, 0) is walked


def test_a_walk_of_code_that_stops_is_short_and_silent() -> None:
    walked = subject_of(replace(SOUND, attempts_max=3)).walk(6, 0)
    assert len(walked.delays_ns) < 6
    assert walked.silent


def test_with_the_same_draw_delays_are_the_same() -> None:
    found = subject_of(SOUND).fixed_walk(5, UNIT)
    # the delay after the loss of a good connection is of another kind, and left out
    assert found == [to_ns(each * UNIT) for each in (2, 4, 8, 16, 20)]


def test_clients_and_seeds_have_luck_of_their_own() -> None:
    subject = subject_of(SOUND)
    walks = [subject.walk(5, seed, client=client).delays_ns for seed in (0, 1) for client in (0, 1)]
    assert len({tuple(each) for each in walks}) == 4


def test_the_longest_delay_is_seen_and_has_a_margin() -> None:
    declared = subject_of(Reconnect(Delays(Constant(4.0), NoJitter()))).declared
    assert declared.delay_s_max == 5.0
    assert declared.seen
    assert declared.gives_up is False


def test_delays_that_keep_growing_have_no_cap() -> None:
    growing = hosted(Reconnect(Delays(Exponential(1.0), NoJitter())), 1e5)
    assert CodeSubject("hosted", given=None, live=growing).declared.delay_s_max is None


def test_what_is_declared_is_not_overruled() -> None:
    declared = subject_of(
        SOUND, gives_up=True, attempts_max=10, final_codes=frozenset({4001}), stable_s=7.0
    ).declared
    assert declared.gives_up
    assert declared.attempts_max == 10
    assert declared.final_codes == {4001}
    assert declared.stable_s == 7.0
    assert declared.terms.connect_timeout_s == 10.0


# --- the same verdict ----------------------------------------------------------------------------

SEEN_OF_BOTH = (
    "delay-grows-to-the-cap",
    "jitter-survives-the-cap",
    "fleet-disperses",
    "first-retry-is-spread",
    "converges",
    "survives-long-outages",
    "forgets-when-stable",
    "calm-when-fooled",
    "backoff-survives-flapping",
    "attempts-bounded",
    "one-live-socket",
    "conserves-attempts",
    "same-world-same-trace",
)
POLICIES = {
    "sound": SOUND,
    "no jitter": replace(SOUND, schedule=Delays(Exponential(1.0), NoJitter(), cap_s=20.0)),
    "reset on open": replace(SOUND, reset=Reset("open")),
    "never forgets": replace(SOUND, reset=Reset("never")),
}


@pytest.mark.parametrize("name", POLICIES)
def test_the_verdict_of_hosted_code_is_that_of_its_policy(name: str) -> None:
    policy = POLICIES[name]
    budget = Budget("small", {"bare": 120, "code": 120, "herd": 1}, shrink_tries=0)
    whole = check_policy(policy, name=name, promises=SEEN_OF_BOTH, budget=budget)
    reset = policy.reset.on
    resets_on = None if reset == "never" else reset
    target = Target(subject_of(policy, resets_on=resets_on))
    seen = Check(target, target.promises(SEEN_OF_BOTH), budget).run()
    both = {each.name: (each.outcome, whole[each.name].outcome) for each in seen}
    decided = {name: pair for name, pair in both.items() if Outcome.UNDECIDED not in pair}
    assert len(decided) > len(SEEN_OF_BOTH) - 4, both
    assert all(one is other for one, other in decided.values()), decided


# --- code that fails -----------------------------------------------------------------------------


def test_code_that_is_stopped_again_and_again_ends_the_check() -> None:
    halted = Story((Step(0, Event.HALTED, detail="an endless loop"),), NS_PER_S)

    def live(world: BareWorld, **_given: object) -> Story:
        del world
        return halted

    watched = Watched(live, "mine.ts")
    assert watched(BareWorld()) is watched(BareWorld())
    with pytest.raises(CheckError, match=r"^mine\.ts: an endless loop$"):
        watched(BareWorld())


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (HostError("no engine"), r"^mine\.ts: no engine$"),
        (KeyError("x"), r"^mine\.ts: its peer raised KeyError: 'x' \(test_code\.py:\d+\)$"),
    ],
)
def test_what_is_raised_in_a_life_is_one_line(error: Exception, line: str) -> None:
    def live(world: BareWorld, **_given: object) -> Story:
        del world
        raise error

    with pytest.raises(CheckError, match=line):
        Watched(live, "mine.ts")(BareWorld())


def test_each_life_has_the_whole_time() -> None:
    story = Story((), 0)

    def live(world: BareWorld, **_given: object) -> Story:
        del world
        return story

    with limited("mine.ts", 10.0) as limit:
        before_s = limit.began_s
        Watched(live, "mine.ts")(BareWorld())
        assert limit.began_s > before_s
