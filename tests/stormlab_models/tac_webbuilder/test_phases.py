"""The migration plan's phases: cumulative, as written and repaired."""

from collections.abc import Callable

import pytest

from stormlab.metrics import page_and_server_figures
from stormlab.trace import Trace
from stormlab_models.tac_webbuilder.changes import AS_FOUND, Settings, settings
from stormlab_models.tac_webbuilder.figures import FIGURES
from stormlab_models.tac_webbuilder.phases import PHASES, monitored, phase
from stormlab_models.tac_webbuilder.problems import PROBLEMS, Problem

Outcome = Callable[..., Trace]
SLOW_DATA = {"server.initial_data_s": 0.05}


@pytest.fixture
def strict(outcome: Outcome) -> Callable[..., Trace]:
    """StrictMode with initial data that takes 50 ms, after a phase."""

    def after(number: int, *, repaired: bool = False) -> Trace:
        return outcome("strictmode", *settings(phase(number, repaired=repaired), SLOW_DATA))

    return after


def test_phase_0_is_the_application_as_found() -> None:
    assert phase(0) == phase(0, repaired=True) == AS_FOUND


@pytest.mark.parametrize("repaired", [False, True])
def test_phases_are_cumulative(*, repaired: bool) -> None:
    for number in range(1, len(PHASES)):
        before, after = phase(number - 1, repaired=repaired), phase(number, repaired=repaired)
        assert set(before) <= set(after)
        assert (before != after) == (number < 5)


@pytest.mark.parametrize("number", [-1, 6])
def test_another_phase_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match=rf"phase {number}: allowed: 0 \(as found\) to 5"):
        phase(number)


def test_only_the_fifth_phase_is_monitored() -> None:
    assert [monitored(number) for number in range(6)] == [False] * 5 + [True]


def test_the_first_two_phases_change_no_outcome(strict: Callable[..., Trace]) -> None:
    """The plan expects 10 % -> 90 % of phase 1; the losses have another cause."""
    keys = ("attempts", "opened", "live_at_end", "page_close_codes", "server_success_percent")
    found = page_and_server_figures(strict(0))
    assert found["page_close_codes"] == "1006u/called@CONNECTING:8"
    for number in (1, 2):
        after = page_and_server_figures(strict(number))
        assert [after[key] for key in keys] == [found[key] for key in keys]


def test_the_stagger_of_phase_3_cures_strictmode_by_accident(strict: Callable[..., Trace]) -> None:
    figures = page_and_server_figures(strict(3))
    assert (figures["attempts"], figures["live_at_end"]) == (8, 8)
    assert 0.7 <= float(figures["time_to_data_s_median"] or 0) < 0.9


def test_the_repaired_first_phase_cures_it_for_its_own_reason(
    strict: Callable[..., Trace],
) -> None:
    figures = page_and_server_figures(strict(1, repaired=True))
    assert (figures["attempts"], figures["live_at_end"]) == (8, 8)
    assert figures["page_close_codes"] is None


@pytest.mark.parametrize(("repaired", "loads"), [(False, 8), (True, 0)])
def test_only_the_repaired_fourth_phase_loads_once(
    strict: Callable[..., Trace], loads: int, *, repaired: bool
) -> None:
    assert FIGURES["duplicate_loads"].of(strict(4, repaired=repaired)) == loads


@pytest.mark.parametrize(("repaired", "silent"), [(False, 8), (True, 0)])
def test_after_all_phases_an_outage_is_survived_only_if_repaired(
    outcome: Outcome, silent: int, *, repaired: bool
) -> None:
    trace = outcome("problem-04-shows", *settings(phase(5, repaired=repaired)))
    assert FIGURES["silent_endpoints"].of(trace) == silent


@pytest.mark.parametrize("entry", PROBLEMS, ids=lambda entry: f"{entry.number:02}")
def test_what_is_left_after_the_fourth_phase(entry: Problem, outcome: Outcome) -> None:
    """As written two problems of ten are gone, the first of them by accident; repaired, all."""
    short: Settings = {"observe.for_s": 600} if entry.number in {2, 6, 9} else {}

    def after(*, repaired: bool) -> Trace:
        chosen = dict(phase(4, repaired=repaired))
        chosen.pop("server.watchers")  # the scenario says which watchers there are
        return outcome(entry.shows, *settings(chosen, short))

    assert entry.is_gone(after(repaired=False)) == (entry.number in {1, 6})
    trace = after(repaired=True)
    nothing_identical = entry.number == 6 and FIGURES["identical_messages"].of(trace) == 0
    assert entry.is_gone(trace) or nothing_identical
