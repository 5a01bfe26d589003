"""What the tests of the published cases share: short runs, and a figure by name."""

from collections.abc import Callable
from typing import Any

import pytest

from stormlab.clock import to_ns
from stormlab.model import find_model, make_scenario, run
from stormlab.trace import Recorder, Trace
from stormlab.vocabulary import Event
from stormlab_models.published.cases import Case, built_in_cases, chosen

Simulate = Callable[..., Trace]
FiguresOf = Callable[[Trace], dict[str, Any]]


@pytest.fixture
def simulate() -> Simulate:
    """Run a model once: ``simulate("calls", 60, seed=3, clients=5)``."""

    def simulate(model: str, duration_s: float = 1000.0, *, seed: int = 0, **keys: Any) -> Trace:
        document = {"model": model, "duration_s": duration_s, **keys}
        return run(make_scenario(document, name="test"), seed)

    return simulate


@pytest.fixture
def figures_of() -> FiguresOf:
    """The figures of a trace by its own model."""

    def figures_of(trace: Trace) -> dict[str, Any]:
        return find_model(trace.header["model"]).figures(trace)

    return figures_of


@pytest.fixture
def small_bins() -> Callable[[float], Trace]:
    """Retries at 0.51, 0.52, 0.525 and 1.2 s, to be counted in bins of any width."""

    def make(bin_s: float) -> Trace:
        recorder = Recorder()
        recorder.add(0, Event.NEW, attempt=1)
        for time_s in (0.51, 0.52, 0.525, 1.2):
            recorder.add(to_ns(time_s), Event.NEW, attempt=2)
        return recorder.finish({"bin_ns": to_ns(bin_s), "base_ns": to_ns(1)})

    return make


@pytest.fixture
def ten_clients() -> Case:
    """Two runs of V07 at N = 10, full jitter and none, with their order."""
    (v07,) = chosen(built_in_cases(), ["V07"])
    text = v07.model_dump()
    text["id"] = "X1"
    text["run"] = [
        next(run for run in text["run"] if run["name"] == f"N=10 {name}")
        | {"name": name, "replications": 60, "quick": 40}
        for name in ("full", "none")
    ]
    for each in text["run"]:
        each["check"] = [check for check in each["check"] if check["figure"] != "updated"]
    text["order"] = [{"figure": "calls", "runs": ["full", "none"]}]
    return Case.model_validate(text)
