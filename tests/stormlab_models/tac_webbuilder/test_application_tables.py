"""Every row of the documentation's tables is what its run gives now."""

from pathlib import Path

import pytest

from stormlab_models.doc_tables import blocks
from stormlab_models.tac_webbuilder.application_tables import (
    PLANNED_RUNS,
    STATES,
    TABLES,
    PlannedRun,
    detection_row,
    line,
    planned_row,
    told,
)
from stormlab_models.tac_webbuilder.changes import Settings
from stormlab_models.tac_webbuilder.monitoring import FAULT_KINDS

DOCUMENTATION = Path(__file__).resolve().parents[3] / "docs" / "application.md"
KINDS = {kind.name: kind for kind in FAULT_KINDS}
WIDTH = 100

SECONDS = {"day-idle", "day-traffic"}  # runs of 24 hours
QUICK = [("crash", "as found"), ("cut (half-open)", "as found"), ("blocked loop", "as found")]
STALE = "the document is behind the model: make docs"


@pytest.fixture(scope="module")
def stored() -> dict[str, str]:
    return blocks(DOCUMENTATION.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", [n for n in TABLES if n not in {"test-plan", "detections"}])
def test_a_stored_table_is_what_its_runs_give(name: str, stored: dict[str, str]) -> None:
    assert stored[name] == TABLES[name](), STALE


@pytest.mark.parametrize(
    "planned",
    [planned for planned in PLANNED_RUNS if planned.scenario not in SECONDS],
    ids=lambda planned: f"{planned.scenario}{planned.besides}",
)
def test_a_stored_run_of_the_test_plan_is_what_it_gives(
    planned: PlannedRun, stored: dict[str, str]
) -> None:
    assert planned_row(planned) in stored["test-plan"].splitlines(), STALE


@pytest.mark.parametrize(("kind", "state"), QUICK)
def test_a_stored_detection_is_what_its_run_gives(
    kind: str, state: str, stored: dict[str, str]
) -> None:
    assert detection_row(KINDS[kind], state) in stored["detections"].splitlines(), STALE


@pytest.mark.slow
@pytest.mark.parametrize("name", ["test-plan", "detections"])
def test_a_stored_table_of_long_runs_is_what_they_give(name: str, stored: dict[str, str]) -> None:
    assert stored[name] == TABLES[name](), STALE


def test_every_run_and_every_fault_in_every_state_has_one_row(stored: dict[str, str]) -> None:
    assert len(stored["test-plan"].splitlines()) == 2 + len(PLANNED_RUNS)
    rows = [row for row in stored["detections"].splitlines() if row.startswith("| ")][1:]
    told_rows = [tuple(row.split(" | ")[:2]) for row in rows]
    assert told_rows == [
        (f"| {kind}", state) for kind in KINDS if kind != "none" for state in STATES
    ]


def test_prose_is_no_wider_than_the_page() -> None:
    lines = DOCUMENTATION.read_text(encoding="utf-8").splitlines()
    assert [text for text in lines if len(text) > WIDTH and not text.startswith("|")] == []


def test_a_run_that_comes_out_otherwise_gives_another_row(stored: dict[str, str]) -> None:
    """The rows are not constants: a slower handler is told, and is not in the document."""
    first = PLANNED_RUNS[0]
    blocking: Settings = {"server.initial_data_s": 0.005, "server.initial_data_kind": "block"}
    slower = PlannedRun(first.scenario, first.read, settings=blocking)
    assert planned_row(slower) not in stored["test-plan"].splitlines()
    unfinished = PlannedRun(first.scenario, first.read, settings={"server.initial_data_s": 20})
    assert "| 0 % success, never all | success > 95 %: missed," in planned_row(unfinished)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "none"),
        (0, "0"),
        (8, "8"),
        (100 / 3, "33.3"),
        (4.8366, "4.84"),
        (99.96, "100"),
        (2383.7, "2384"),
        (-1200.2, "-1200"),
    ],
)
def test_a_figure_is_told_with_three_digits(value: float | None, text: str) -> None:
    assert told(value) == text


def test_an_empty_cell_is_one_space_wide() -> None:
    assert line(["a", "", "b"]) == "| a | | b |"
