"""Action Cable's clients: the one that polls, and the one that never comes back."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stormlab.check import see, target_of
from stormlab.clock import NS_PER_S
from stormlab.evidence import Outcome
from stormlab.policy import Fact, Happened
from stormlab.properties import PROMISES
from stormlab.vocabulary import Event
from stormlab.worlds.bare import BareWorld, Phase
from stormlab.worlds.simulated import SimulatedWorld
from stormlab_models.policies import CATALOGUE
from stormlab_models.policies.cables import STALE_S, poll_interval_ns, rest_of_interval_ns

RAILS, ANYCABLE = "@rails/actioncable", "@anycable/core"
S = 1_000_000_000

Play = Callable[..., Any]
Drawn = Callable[..., NDArray[np.int64]]
Agrees = Callable[[NDArray[np.int64], float, float], None]


def test_polls_have_the_published_means(drawn: Drawn, agrees: Agrees) -> None:
    delays = drawn(RAILS, 13, clients=1000)
    published = {0: (9022, 1738), 1: (7414, 302), 2: (8528, 340), 12: (26091, 1052)}
    for n, (mean_ms, sd_ms) in published.items():
        agrees(delays[:, n], mean_ms, sd_ms)
    cap_s = (CATALOGUE[RAILS].cap_s or 0.0) - STALE_S  # of one interval
    assert cap_s == pytest.approx(27.9, abs=0.05)
    assert 0.99 * cap_s * S < delays[:, 12].max() <= cap_s * S


def test_a_drop_is_retried_6_to_18_seconds_later(play: Play) -> None:
    gaps_s = [
        play(RAILS, up_s + 30, ends=[{"up_s": up_s}, {"up_s": 999}], seed=seed).gaps_s[0]
        for up_s in (40, 1000)
        for seed in range(200)
    ]
    assert 6 <= min(gaps_s) < 6.2
    assert 16 < max(gaps_s) < 18


def test_a_poll_just_after_a_drop_is_skipped_and_the_next_may_be_an_interval_later() -> None:
    """disconnectedRecently(): such a poll counts as an attempt and opens nothing."""
    cap_s = CATALOGUE[RAILS].cap_s
    assert cap_s == pytest.approx(33.9, abs=0.05)
    assert cap_s is not None
    target, waits_s = target_of(RAILS), []
    for seed in range(20):
        phases = (Phase("refuse", 300.0), Phase("reject", 600.0, after_s=24.2))
        seen = see(target, BareWorld(phases, settle_s=60.0, seed=seed))
        assert PROMISES["delay-in-range"].judge(target.subject, seen).outcome is Outcome.HOLDS
        waits_s += [step.value_ns / S for step in seen.stories[0].of(Event.TIMER_SET)]
    assert cap_s - STALE_S < max(waits_s) <= cap_s


def test_the_phase_of_the_polls_is_lost_gradually(play: Play) -> None:
    """Just before two minutes every poll is drawn; just after, only where the next one falls."""

    def first_gaps_s(up_s: float) -> NDArray[np.float64]:
        ends = [{"up_s": up_s}, {"up_s": 999}]
        return np.array(
            [play(RAILS, up_s + 30, ends=ends, seed=seed).gaps_s[0] for seed in range(300)]
        )

    before, after = first_gaps_s(119), first_gaps_s(122)  # one place between two pings, 3 s apart
    error_s = (before.var() / 300 + after.var() / 300) ** 0.5
    assert before.mean() == pytest.approx(after.mean(), abs=3 * error_s)
    assert before.std() == pytest.approx(after.std(), rel=0.15)


def test_a_long_interval_is_met_more_often_than_a_short_one() -> None:
    """The mean rest is E[L^2] / 2 E[L]; a moment in an interval is anywhere in it."""
    units = (np.arange(100) + 0.5) / 100
    rests = [rest_of_interval_ns(length, place) for length in units for place in units]
    assert np.mean(rests) / S == pytest.approx((6**2 + 6 * 12 + 12**2) / 3 / (2 * 9), rel=1e-3)
    assert max(rests) < 12 * S
    assert poll_interval_ns(0, 0.5) == 9 * S


def test_flapping_is_slow(play: Play) -> None:
    """Measured: 5 connects in 30 s. All polls but the first are set with one attempt counted."""
    connects = [len(play(RAILS, 30, seed=seed).opened_s) for seed in range(50)]
    assert set(connects) == {4, 5}
    gaps_s = play(RAILS, 200).gaps_s
    assert all(6.8 < gap + 0.058 < 8 for gap in gaps_s[1:])


def test_a_refused_client_counts_up_and_a_welcome_counts_down(play: Play) -> None:
    ends = [{"up_s": None}] * 12 + [{"up_s": 50}] + [{"up_s": None}]
    gaps_s = play(RAILS, 900, ends=ends).gaps_s
    assert gaps_s[11] > 24
    assert gaps_s[12] < 18
    assert gaps_s[13] < 8


def test_an_attempt_that_hangs_goes_on_counting_polls(play: Play) -> None:
    """Each poll finds the socket CONNECTING; one just before the end opens 0.5 s after itself."""
    hanging = play(RAILS, 400, ends=[{"up_s": 10}, {"up_s": None, "after_s": 60}])
    at_once = play(RAILS, 400, ends=[{"up_s": 10}, {"up_s": None}])
    assert len(hanging.attempts_s) < len(at_once.attempts_s)
    assert max(hanging.gaps_s) <= 28
    gaps_s = [
        gap
        for seed in range(60)
        for gap in play(
            RAILS, 100, ends=[{"up_s": 10}, {"up_s": None, "after_s": 16}], seed=seed
        ).gaps_s[1:]
    ]
    assert min(gaps_s) < 0.5


def test_a_page_that_is_shown_looks_at_once(play: Play) -> None:
    ends = [{"up_s": 100}, {"up_s": 999}]
    played = play(RAILS, 200, ends=ends, said=[(101, Fact.VISIBLE)])
    assert played.attempts_s == pytest.approx([0, 101.2])


def test_a_host_that_never_asked_is_answered_all_the_same() -> None:
    policy = CATALOGUE[RAILS].make()

    class Half:
        def unit(self, purpose: str, scope: str = "attempt") -> float:
            del purpose, scope
            return 0.5

    decision: Any = policy.on(Happened(Fact.REFUSED, 5 * S, began_ns=4 * S), Half())
    assert decision.time_ns == 13 * S


def test_anycable_has_the_published_means(drawn: Drawn, agrees: Agrees) -> None:
    delays = drawn(ANYCABLE, 13, clients=1000)
    published = {0: (4489, 1582), 1: (8956, 3162), 2: (17872, 6296), 3: (36004, 12710)}
    published |= {5: (142045, 49972)}
    for n, (mean_ms, sd_ms) in published.items():
        agrees(delays[:, n], mean_ms, sd_ms)
    assert delays[:, 8].mean() / S / 60 == pytest.approx(19, rel=0.04)  # minutes
    assert delays[:, 12].mean() / S / 3600 == pytest.approx(5.1, rel=0.04)  # hours


def test_anycable_first_delay_as_in_the_rails_avalanche(drawn: Drawn) -> None:
    """Computed for 5,000 clients: 1.5 to 9 s, median 4.327, 95 % 7.406, 99 % 8.275 s."""
    first_s = drawn(ANYCABLE, 1)[:, 0] / S
    assert 1.5 <= first_s.min() < 1.6
    assert 8.8 < first_s.max() < 9
    for share, expected_s in {50: 4.327, 95: 7.406, 99: 8.275}.items():
        assert np.percentile(first_s, share) == pytest.approx(expected_s, abs=0.09)


def test_anycable_flapping_depends_on_the_welcome(play: Play) -> None:
    """Measured in 30 s: 3 connects without a welcome message, 8 with one."""
    without = [len(play(ANYCABLE, 30, proves=False, seed=seed).opened_s) for seed in range(20)]
    welcomed = [len(play(ANYCABLE, 30, seed=seed).opened_s) for seed in range(20)]
    assert np.mean(without) == pytest.approx(3, rel=0.2)
    assert np.mean(welcomed) == pytest.approx(7.5, rel=0.2)


def test_one_attempt_that_hangs_for_long_makes_the_next_wait_long() -> None:
    """Its polls count the time without a welcome, not the failures: no breach of converges."""
    target = target_of(RAILS)
    document = {
        "model": "fleet",
        "clients": {"count": 1},
        "server": {"down": "hang"},
        "faults": [
            {"do": "hang", "for_s": 60.0, "at_s": 0.0},
            {"do": "crash", "for_s": 10.0, "at_s": 75.0},
        ],
        "duration_s": 223.914,
    }
    seen = see(target, SimulatedWorld(document, 0))
    waits_s = [step.value_ns / NS_PER_S for step in seen.stories[0].of(Event.TIMER_SET)]
    assert max(waits_s) > 18.0
    assert PROMISES["converges"].judge(target.subject, seen).outcome is Outcome.HOLDS
