"""The rules of reconnection as plain objects: facts in, decisions out."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormlab.clock import NS_PER_S, to_ns
from stormlab.model import load_scenario, run
from stormlab.policy import Fact, Happened, RetryAt, Scope, Stop
from stormlab.vocabulary import Event
from stormlab_models.tac_webbuilder.parameters import Page
from stormlab_models.tac_webbuilder.policies import (
    BREAKER_OPEN,
    GAVE_UP,
    AsFound,
    BreakerRepaired,
    BreakerWired,
    Patient,
    make_policy,
)


@dataclass
class Luck:
    """The same draw for every purpose."""

    value: float = 0.5

    def unit(self, purpose: str, scope: Scope = "attempt") -> float:
        assert purpose
        assert scope == "attempt"
        return self.value


def delays_s(policy: AsFound, failures: int, luck: float = 0.5) -> list[float | str]:
    """What the policy answers to failures in a row, all at time zero."""
    answers: list[float | str] = []
    for _ in range(failures):
        decision = policy.on(Happened(Fact.REFUSED, 0), Luck(luck))
        if isinstance(decision, RetryAt):
            answers.append(decision.time_ns / NS_PER_S)
        elif isinstance(decision, Stop):
            answers.append(decision.reason)
    return answers


def test_the_delays_as_found_start_at_two_seconds() -> None:
    assert delays_s(AsFound(Page()), 8) == [2, 4, 8, 16, 30, 30, 30, 30]
    assert delays_s(AsFound(Page(first_exponent=0)), 4) == [1, 2, 4, 8]


def test_the_tenth_failure_ends_it_silently_or_with_word() -> None:
    silent = AsFound(Page())
    assert delays_s(silent, 9)[-1] == 30
    assert silent.may_attempt(0)
    assert delays_s(silent, 1) == [30]
    assert not silent.may_attempt(10**18)
    assert delays_s(AsFound(Page(stop_after_max_attempts=True)), 10)[-1] == GAVE_UP


def test_opening_resets_the_counter_as_found() -> None:
    policy = AsFound(Page())
    delays_s(policy, 5)
    assert policy.on(Happened(Fact.OPENED, 0), Luck()) is None
    assert delays_s(policy, 2) == [2, 4]


@pytest.mark.parametrize(
    ("jitter", "luck", "first"), [("added", 0.5, 2.5), ("full", 0.5, 1.0), ("full", 0.0, 0.0)]
)
def test_jitter_is_added_or_full(jitter: str, luck: float, first: float) -> None:
    page = Page.model_validate({"jitter": jitter, "jitter_s": 1.0})
    assert delays_s(AsFound(page), 1, luck) == [first]


@pytest.mark.parametrize("kind", [Patient, BreakerRepaired])
def test_the_repaired_are_reset_by_proof_and_not_by_opening(kind: type[AsFound]) -> None:
    policy = kind(Page())
    delays_s(policy, 5)
    policy.on(Happened(Fact.OPENED, 0), Luck())
    assert delays_s(policy, 1) == [15]  # half of the cap
    policy.on(Happened(Fact.PROVED, 0), Luck())
    assert delays_s(policy, 1) == [1]  # half of two seconds


@given(failures=st.integers(1, 200), luck=st.floats(0, 1, exclude_max=True))
def test_the_patient_always_retries_within_the_cap(failures: int, luck: float) -> None:
    policy = Patient(Page())
    answers = delays_s(policy, failures, luck)
    assert len(answers) == failures
    assert all(isinstance(answer, float) and 0 <= answer <= 30 for answer in answers)
    assert policy.may_attempt(0)


def test_the_wired_breaker_opens_at_the_tenth_failure_for_five_minutes() -> None:
    policy = BreakerWired(Page())
    assert delays_s(policy, 10)[8:] == [30, BREAKER_OPEN]
    assert not policy.may_attempt(to_ns(299.9))
    assert policy.may_attempt(to_ns(300))


def test_a_failed_probe_opens_the_wired_breaker_again() -> None:
    policy = BreakerWired(Page())
    delays_s(policy, 10)
    later = to_ns(300)
    assert policy.on(Happened(Fact.REFUSED, later), Luck()) == Stop(BREAKER_OPEN)
    assert not policy.may_attempt(later + to_ns(299))
    policy.on(Happened(Fact.OPENED, later), Luck())
    assert policy.may_attempt(later)
    assert policy.failures == 0


def test_a_retry_by_hand_is_no_failure() -> None:
    policy = BreakerWired(Page())
    delays_s(policy, 9)
    assert policy.on(Happened(Fact.RETRY_BY_HAND, 5), Luck()) == RetryAt(5)
    assert policy.failures == 9


@given(luck=st.floats(0, 1, exclude_max=True))
def test_the_repaired_breaker_has_its_probe_on_the_clock(luck: float) -> None:
    policy = BreakerRepaired(Page())
    probe = delays_s(policy, 10, luck)[-1]
    assert isinstance(probe, float)
    assert 300 <= probe < 330
    assert not policy.may_attempt(to_ns(299))
    assert policy.may_attempt(to_ns(probe))
    policy.on(Happened(Fact.RETRY_BY_HAND, 0), Luck())
    assert policy.may_attempt(0)


def test_the_repaired_breaker_never_answers_with_the_past() -> None:
    """It may give up before it opens again, but does not schedule a probe that is over."""
    policy = BreakerRepaired(Page(breaker_failures=3, stop_after_max_attempts=True))
    for turn in range(12):
        now = turn * to_ns(1000)
        decision = policy.on(Happened(Fact.REFUSED, now), Luck())
        assert isinstance(decision, Stop) or (decision is not None and decision.time_ns >= now)


def test_delays_are_scaled_for_short_runs() -> None:
    assert delays_s(AsFound(Page(delay_scale=10)), 2) == [0.2, 0.4]


@pytest.mark.parametrize(
    ("page", "kind"),
    [
        ({}, AsFound),
        ({"hook": "fixed"}, AsFound),
        ({"breaker": "literal"}, AsFound),
        ({"breaker": "wired"}, BreakerWired),
        ({"breaker": "repaired"}, BreakerRepaired),
        ({"hook": "repaired"}, Patient),
        ({"hook": "manager_repaired"}, Patient),
        ({"hook": "repaired", "breaker": "repaired"}, BreakerRepaired),
    ],
)
def test_the_switches_choose_the_rule(page: dict[str, str], kind: type[AsFound]) -> None:
    assert type(make_policy(Page.model_validate(page))) is kind


OWN = """
from stormlab.policy import Fact, RetryAt

class Late:
    def on(self, happened, chance):
        if happened.fact in (Fact.DROPPED, Fact.REFUSED):
            return RetryAt(happened.time_ns + DELAY_NS)

    def may_attempt(self, time_ns):
        return True
"""


def test_a_policy_of_one_s_own_decides_in_the_page(tmp_path: Path) -> None:
    path = tmp_path / "late.py"
    path.write_text(OWN.replace("DELAY_NS", "7_000_000_000"), encoding="utf-8")
    scenario = load_scenario("server-down", (f"page.policy={path}:Late", "observe.for_s=60"))
    trace = run(scenario, 1)
    assert set(trace.of(Event.TIMER_SET)["value_ns"].tolist()) == {to_ns(7)}
    assert run(scenario, 1).hash == trace.hash


def test_a_time_in_the_past_means_at_once(tmp_path: Path) -> None:
    path = tmp_path / "hasty.py"
    path.write_text(OWN.replace("DELAY_NS", "-5"), encoding="utf-8")
    policy = make_policy(Page(policy=f"{path}:Late"))
    assert policy.on(Happened(Fact.REFUSED, 100), Luck()) == RetryAt(100)


@pytest.mark.parametrize("policy", ["aws-full-jitter", "tac-webbuilder-repaired"])
def test_a_policy_of_the_catalogue_runs_in_the_page(policy: str) -> None:
    trace = run(load_scenario("kill-restart", (f"page.policy={policy}",)), 1)
    assert trace.count(Event.OPEN) > 8


def test_a_breaker_of_ones_own_puts_off_and_comes_back(tmp_path: Path) -> None:
    """A refusal by a breaker must not leave the page silent."""
    table = tmp_path / "ours.toml"
    table.write_text(
        '[policy]\n[policy.backoff]\nkind = "constant"\ndelay_s = 1\n'
        '[policy.breaker]\n[policy.breaker.open_for]\nkind = "constant"\ndelay_s = 20\n'
        '[policy.breaker.trip]\nkind = "consecutive"\nfailures = 3\n'
    )
    trace = run(load_scenario("kill-restart", (f"page.policy={table}",)), 1)
    assert trace.count(Event.GAVE_UP) == 0
    last = trace.of(Event.OPEN)["time_ns"].max()
    assert last > trace.of(Event.UP)["time_ns"].max()
