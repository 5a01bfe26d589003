"""Each proposed change as written and repaired, on the scenario of its problem."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stormlab.metrics import page_and_server_figures
from stormlab.model import load_scenario
from stormlab.trace import Trace
from stormlab_models.tac_webbuilder.changes import (
    AS_FOUND,
    CHANGES,
    Change,
    Settings,
    change,
    settings,
)
from stormlab_models.tac_webbuilder.figures import FIGURES
from stormlab_models.tac_webbuilder.problems import problem

Outcome = Callable[..., Trace]
DOCUMENTATION = Path(__file__).resolve().parents[3] / "docs" / "application.md"
each_change = pytest.mark.parametrize("entry", CHANGES, ids=lambda entry: entry.name)

# On the scenario of the change's problem: as found, as written, and at most when repaired.
EXPECTED: dict[str, tuple[Any, Any, float]] = {
    "improvement-1": (pytest.approx(100 / 3), pytest.approx(100 / 3), 0),
    "improvement-3": (40, 40, 10),
    "improvement-4": (8, 8, 0),
    "improvement-6": (8, 8, 0),
    "client-change-1": (pytest.approx(100 / 3), pytest.approx(100 / 3), 0),
    "client-change-2": (None, None, 10),
    "client-change-3": (8, 8, 0),
    "client-change-4": (40, 40, 10),
    "server-change-1": (0, 16, 0),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_figure_tells_written_from_repaired(name: str, outcome: Outcome) -> None:
    entry = change(name)
    scenario, figure = problem(entry.problem).shows, FIGURES[entry.figure]
    found, written, repaired = EXPECTED[name]
    assert figure.of(outcome(scenario)) == found
    assert figure.of(outcome(scenario, *settings(entry.as_written))) == written
    value = figure.of(outcome(scenario, *settings(entry.repaired)))
    assert value is not None
    assert value <= repaired


def test_pings_of_30_s_do_not_outrun_a_cut_of_10_s(outcome: Outcome) -> None:
    entry, cuts = change("improvement-2"), FIGURES["idle_cuts_per_h"]
    scenario = problem(entry.problem).shows
    short = "observe.for_s=600"
    assert cuts.of(outcome(scenario, *settings(entry.as_written), short)) > 1000
    assert cuts.of(outcome(scenario, *settings(entry.repaired), short)) == 0


def test_the_manager_leaves_orphans_and_comes_back(outcome: Outcome) -> None:
    """Its late onclose acts on a newer socket: 24 attempts, 16 live, the map knows 8."""
    entry = change("improvement-5")
    written = outcome("strictmode", *settings(entry.as_written))
    figures = page_and_server_figures(written)
    assert (figures["attempts"], figures["live_at_end"]) == (24, 16)
    repaired = page_and_server_figures(outcome("strictmode", *settings(entry.repaired)))
    assert (repaired["attempts"], repaired["live_at_end"]) == (8, 8)
    back, scenario = FIGURES[entry.figure], problem(entry.problem).shows
    assert back.of(outcome(scenario, *settings(entry.as_written))) > 8
    assert back.of(outcome(scenario, *settings(entry.repaired))) == 0


def test_the_server_that_waits_leaves_an_old_client_without_data(outcome: Outcome) -> None:
    """Returning closes nothing on the legacy stack; closing makes old clients try for ever."""
    entry, longer = change("server-change-1"), "observe.for_s=40"
    written = outcome("plain", *settings(entry.as_written), longer)
    assert FIGURES[entry.figure].of(written) == 8
    assert page_and_server_figures(written)["page_close_codes"] is None
    repaired = outcome("plain", *settings(entry.repaired), longer)
    assert FIGURES[entry.figure].of(repaired) == 0
    assert page_and_server_figures(repaired)["attempts"] == 8 * 6  # every 7 s


def test_the_literal_breaker_changes_no_event(outcome: Outcome) -> None:
    rows = outcome("kill-restart").rows
    assert (outcome("kill-restart", 'page.breaker="literal"').rows == rows).all()


@each_change
def test_forms_differ_and_are_known_switches(entry: Change) -> None:
    assert dict(entry.as_written) != dict(entry.repaired)
    assert entry.figure in FIGURES
    for form in (entry.as_written, entry.repaired):
        load_scenario("plain", settings(AS_FOUND, form))


def test_all_eleven_proposals_are_registered() -> None:
    names = [entry.name for entry in CHANGES]
    assert names == [
        *(f"improvement-{number}" for number in range(1, 7)),
        *(f"client-change-{number}" for number in range(1, 5)),
        "server-change-1",
    ]
    with pytest.raises(KeyError):
        change("improvement-7")


def test_settings_are_toml_and_later_groups_win() -> None:
    first: Settings = {"page.hook": "manager", "page.stagger": True}
    second: Settings = {"page.stagger": False}
    assert settings(first, second) == ('page.hook="manager"', "page.stagger=false")


def test_the_documentation_tells_every_change_as_it_is() -> None:
    text = DOCUMENTATION.read_text(encoding="utf-8")
    for entry in CHANGES:
        assert f"### {entry.name}: {entry.title}" in text
        section = text.split(f"### {entry.name}: ")[1].split("\n## ")[0].split("\n### ")[0]
        for form, values in (("as written", entry.as_written), ("repaired", entry.repaired)):
            told = "<br>".join(f"`{setting}`" for setting in settings(values))
            assert f"| {form} | {told} |" in section
        assert f"`{entry.figure}` on `{problem(entry.problem).shows}`" in section
        assert entry.wrong in " ".join(section.split())
