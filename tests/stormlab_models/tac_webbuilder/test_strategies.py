"""The strategies draw documents that are valid, plain, and shrink to little."""

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import find, given, settings

from stormlab.model import make_scenario
from stormlab_models.tac_webbuilder.strategies import faults, page_scenarios, scenarios


@settings(max_examples=100, deadline=None)
@given(scenarios())
def test_every_drawn_document_is_a_scenario_and_survives_json(document: dict[str, Any]) -> None:
    again = json.loads(json.dumps(document))
    assert make_scenario(again, name="a").hash == make_scenario(document, name="b").hash


@settings(max_examples=100, deadline=None)
@given(scenarios(duration_s_max=5.0))
def test_the_longest_run_can_be_bounded(document: dict[str, Any]) -> None:
    assert document["duration_s"] <= 5


def test_everything_worth_drawing_is_drawn() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=800, deadline=None, derandomize=True, database=None)
    @given(scenarios())
    def look(document: dict[str, Any]) -> None:
        seen[document["browser"]["name"]] += 1
        seen[f"{document['browser'].get('tabs', 1)} tabs"] += 1
        seen[document.get("page", {}).get("hook", "analysed")] += 1
        seen[document["server"].get("implementation", "legacy")] += 1
        seen.update(fault["do"] for fault in document["faults"])
        seen.update(action["do"] for action in document.get("actions", ()))

    look()
    for what in (
        *("chromium", "firefox", "none", "1 tabs", "2 tabs", "3 tabs"),
        *("analysed", "fixed", "defer", "manager", "manager_repaired", "breaker", "repaired"),
        *("legacy", "sansio", "wsproto", "crash", "stop", "cut", "hold", "drain", "block"),
        *("reload", "remount", "unmount", "navigate_away", "retry_manager", "block_server"),
    ):
        assert seen[what] >= 1, what


def test_a_schedule_shrinks_to_what_matters() -> None:
    smallest = find(
        faults(45.0),
        lambda drawn: any(fault["do"] == "crash" for fault in drawn),
        settings=settings(derandomize=True, database=None),
    )
    assert smallest == [{"do": "crash", "at_s": 0.0, "for_s": 0.001}]


@pytest.mark.slow
def test_a_scenario_shrinks_to_what_matters() -> None:
    smallest = find(
        page_scenarios(),
        lambda document: any(fault["do"] == "crash" for fault in document["faults"]),
        settings=settings(derandomize=True, database=None),
    )
    assert len(smallest["faults"]) == 1
    assert smallest["actions"] == []
    assert smallest["page"] == {"hook": "analysed"}
    assert smallest["server"] == smallest["network"] == {}
