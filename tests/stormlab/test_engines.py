from typing import Any

import pytest

from stormlab.engines import VARIABLE, Choice, choose, using, wanted
from stormlab.model import engine_of, load_scenario, make_scenario, run
from stormlab.scenario import Scenario, ScenarioError
from stormlab.summary import EVENTS_MAX, Summary
from stormlab.trace import Trace


class Never:
    """A compiled engine that can do nothing."""

    def why_not(self, scenario: Scenario) -> str:
        del scenario
        return "it is Monday"

    def run(self, scenario: Scenario, seed: int, events_max: int = EVENTS_MAX) -> Trace:
        raise AssertionError(scenario, seed, events_max)

    def summary(self, scenario: Scenario, seed: int) -> Summary:
        raise AssertionError(scenario, seed)


class Always(Never):
    def why_not(self, scenario: Scenario) -> str:
        del scenario
        return ""


@pytest.fixture
def plain() -> Scenario:
    return load_scenario("plain")


def test_the_reference_is_taken_unless_something_else_was_asked_for(
    plain: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert choose(plain, Always()) == Choice("reference")
    assert choose(plain, Always(), "reference").words == "engine: reference"


def test_auto_takes_the_compiled_one_where_it_can(plain: Scenario) -> None:
    compiled = Always()
    assert choose(plain, compiled, "auto") == Choice("fleet", compiled)
    assert choose(plain, Never(), "auto").words == "engine: reference (it is Monday)"
    assert choose(plain, None, "auto").words == (
        "engine: reference (the model tac-webbuilder has no other)"
    )


def test_what_cannot_be_done_is_refused_when_asked_for(plain: Scenario) -> None:
    with pytest.raises(ScenarioError, match=r"^plain: engine: found 'fleet'; .*it is Monday; "):
        choose(plain, Never(), "fleet")


def test_the_choice_of_a_process_holds_for_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "auto")
    with using("fleet"):
        assert wanted() == "fleet"
    assert wanted() == "auto"
    monkeypatch.delenv(VARIABLE)
    with using("auto"):
        assert wanted() == "auto"
    assert wanted() == "reference"
    monkeypatch.setenv(VARIABLE, "warp")
    with pytest.raises(ScenarioError, match="found 'warp'; allowed: reference, fleet, auto"):
        wanted()


def test_without_numba_the_reference_serves_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        assert name == "numba"

    monkeypatch.setattr("stormlab_models.fleet.model.find_spec", missing)
    scenario = make_scenario({"model": "fleet", "duration_s": 5, "clients": {"count": 2}}, name="x")
    words = engine_of(scenario, "auto").words
    assert words == "engine: reference (Numba is not installed: pip install 'stormlab[fleet]')"
    assert run(scenario, 0, "auto").hash == run(scenario, 0, "reference").hash
