"""Finding models and scenarios, and running them: equal arguments, equal traces."""

import gc
import os
import subprocess
import sys
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from stormlab import __version__, model
from stormlab.clock import NS_PER_S, Rank
from stormlab.model import World, built_in_scenarios, find_model, load_scenario, make_scenario, run
from stormlab.scenario import Scenario, ScenarioError
from stormlab.trace import Trace
from stormlab.vocabulary import Event


class Settings(BaseModel):
    """Parameters of the model below."""

    model_config = ConfigDict(extra="forbid")

    alerts: int = 3


class Other(BaseModel):
    """Parameters of some other model."""


class Bell:
    """Rings at drawn times."""

    name = "bell"
    summary = "rings"
    parameters: type[BaseModel] = Settings
    faults = ("crash", "stop", "cut", "hold", "drain", "block")

    def build(self, world: World, scenario: Scenario) -> None:
        settings = scenario.parameters
        assert isinstance(settings, Settings)
        world.header["endpoints"] = ["tower"]
        world.header["collector_on"] = gc.isenabled()
        for turn in range(settings.alerts):
            at_ns = world.draws.integer(0, 2 * NS_PER_S, turn, "ring")

            def ring(turn: int = turn) -> None:
                world.recorder.add(world.clock.now_ns, Event.ALERT, code=turn)

            world.clock.at(at_ns, Rank.OBSERVER, ring)

    def figures(self, trace: Trace) -> dict[str, float | int | str | None]:
        return {"rings": trace.count(Event.ALERT)}


BELL = Bell()
BROKEN = "stormlab.no_such_module:MODEL"


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two models are installed: one works, one cannot be imported."""
    points = EntryPoints(
        [
            EntryPoint("bell", "bell_of_the_test:BELL", model.MODELS_GROUP),
            EntryPoint("broken", BROKEN, model.MODELS_GROUP),
        ]
    )
    monkeypatch.setitem(sys.modules, "bell_of_the_test", sys.modules[__name__])
    monkeypatch.setattr(model, "entry_points", lambda group: points.select(group=group))


def bell(**keys: Any) -> Scenario:
    return make_scenario({"model": "bell", "duration_s": 1, **keys}, name="b")


@pytest.mark.usefixtures("installed")
def test_a_run_is_the_model_s_events_up_to_the_duration() -> None:
    trace = run(bell(alerts=50), seed=5)
    assert 0 < len(trace) < 50
    assert trace.rows["time_ns"].max() <= NS_PER_S
    assert BELL.figures(trace) == {"rings": len(trace)}


@pytest.mark.usefixtures("installed")
def test_the_header_says_which_run_it_was() -> None:
    scenario = bell()
    header = run(scenario, seed=5).header
    assert len(header.pop("tables")) == 16
    assert header == {
        "collector_on": False,
        "duration_ns": NS_PER_S,
        "endpoints": ["tower"],
        "model": "bell",
        "scenario": "b",
        "scenario_hash": scenario.hash,
        "seed": 5,
        "stormlab": __version__,
    }


@pytest.mark.usefixtures("installed")
def test_the_collector_is_back_on_after_a_run_even_a_failed_one() -> None:
    run(bell())
    assert gc.isenabled()
    with pytest.raises(AssertionError):
        run(Scenario("b", "bell", 1.0, Other()))
    assert gc.isenabled()


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "b: model: missing; a scenario says which model it runs; allowed: bell, broken"),
        ({"model": "bell"}, "b: duration_s: missing; it is required"),
        ({"model": "x", "duration_s": 1}, "b: model: found 'x'; allowed: bell, broken"),
        ({"model": 3, "duration_s": 1}, "b: model: found 3; allowed: a text in quotes"),
        ({"model": "bell", "duration_s": 0}, "b: duration_s: found 0; allowed: more than 0"),
        ({"model": "bell", "duration_s": 2e7}, "b: duration_s: found 20000000.0; allowed: at most"),
        ({"model": "bell", "duration_s": 1, "faults": 1}, "b: faults: found 1; allowed: a list"),
        (
            {"model": "bell", "duration_s": 1, "faults": [{"do": "x", "at_s": 1}]},
            "b: faults.0.do: found 'x'; allowed: 'crash', 'stop', 'cut', 'hold', 'drain', 'block'",
        ),
        (
            {"model": "bell", "duration_s": 1, "alert": 1},
            "b: alert: unknown key; did you mean 'alerts'? allowed at the top: alerts, desc",
        ),
        (
            {"model": "broken", "duration_s": 1},
            f"b: model 'broken' ({BROKEN}) cannot be loaded: ModuleNotFoundError: No module named",
        ),
    ],
)
def test_what_is_wrong_with_a_scenario_is_said(document: dict[str, Any], said: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        make_scenario(document, name="b")
    assert str(refused.value).startswith(said)


def test_without_any_model_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "entry_points", lambda **_: EntryPoints())
    with pytest.raises(ScenarioError, match="allowed: none is installed"):
        find_model("x")


# --- The scenarios that come with it --------------------------------------------------------------


def test_every_built_in_scenario_is_valid_and_says_what_it_is_for() -> None:
    names = built_in_scenarios()
    assert {"plain", "strictmode"} <= names.keys()
    for name in names:
        scenario = load_scenario(name)
        assert scenario.name == name
        assert scenario.title
        assert scenario.description


def test_a_name_is_a_built_in_scenario_unless_a_file_is_called_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = built_in_scenarios()["plain"].replace("A plain page load", "Mine")
    (tmp_path / "strictmode").mkdir()
    assert load_scenario("strictmode").title == "StrictMode mounts twice"
    (tmp_path / "plain").write_text(text)
    assert load_scenario("plain").title == "Mine"
    (tmp_path / "mine.toml").write_text(text)
    assert load_scenario(tmp_path / "mine.toml").name == "mine"


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("stritmode", "no such file and no built-in scenario; did you mean 'strictmode'? see:"),
        ("zzzzzz", "zzzzzz: no such file and no built-in scenario; see: stormlab scenarios"),
        ("zzzzzz.toml", "zzzzzz.toml: No such file or directory"),
        ("a" * 5000, "no such file and no built-in scenario"),
        ("", "no such file and no built-in scenario"),
    ],
)
def test_an_unknown_target_is_refused(target: str, said: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        load_scenario(target)
    assert said in str(refused.value)


def test_a_setting_changes_scenario_and_hash() -> None:
    changed = load_scenario("plain", ("browser.tabs=2",))
    assert changed.hash != load_scenario("plain").hash
    assert changed.parameters.model_dump()["browser"]["tabs"] == 2


# --- Determinism ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["strictmode", "server-down", "reload"])
def test_the_same_run_twice_is_the_same_trace(name: str) -> None:
    scenario = load_scenario(name)
    first, second = run(scenario, seed=3), run(load_scenario(name), seed=3)
    assert first.hash == second.hash
    assert first.hash != run(scenario, seed=4).hash


def test_the_trace_depends_on_neither_process_nor_string_hashing() -> None:
    code = (
        "from stormlab.model import load_scenario, run\n"
        "print(run(load_scenario('strictmode'), 3).hash)"
    )
    found = {run(load_scenario("strictmode"), 3).hash}
    for salt in ("0", "1", "12345"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": salt, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        )
        found.add(done.stdout.strip())
    assert len(found) == 1
