"""Models: what can be simulated, how they are found, and how a run becomes a trace.

A model is found by entry point (group ``stormlab.models``), the same way a user's own is. It
states its parameters as a pydantic class, builds itself into a world, and names the figures of
its traces. Scenarios are found by entry point too (group ``stormlab.scenarios``: a package whose
``*.toml`` files are scenarios).
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel

from stormlab import __version__
from stormlab.clock import Clock, to_ns
from stormlab.draws import Draws
from stormlab.scenario import (
    Envelope,
    Scenario,
    ScenarioError,
    override,
    parse_document,
    read_document,
    validated,
)
from stormlab.trace import Recorder, Trace

MODELS_GROUP = "stormlab.models"
SCENARIOS_GROUP = "stormlab.scenarios"


@dataclass
class World:
    """What a running model has: time, chance, and the record of what happens."""

    clock: Clock
    draws: Draws
    recorder: Recorder
    header: dict[str, Any] = field(default_factory=dict)  # a model adds to the trace's header


class Model(Protocol):
    """A subject of simulation.

    ``build`` schedules everything that happens by itself; it must draw all chance through
    ``world.draws`` and record through ``world.recorder``, and may raise only before time starts.
    """

    name: str
    summary: str
    parameters: type[BaseModel]

    def build(self, world: World, scenario: Scenario) -> None:
        """Populate the world; ``scenario.parameters`` is an instance of ``parameters``."""

    def figures(self, trace: Trace) -> dict[str, float | int | str | None]:
        """The figures of a run by name, units last; None where a figure does not apply."""


def find_model(name: str, source: str = "model") -> Model:
    """Find the model registered under ``name``.

    Raises:
        ScenarioError: if there is none.
    """
    found = entry_points(group=MODELS_GROUP)
    for point in found:
        if point.name == name:
            model: Model = point.load()
            return model
    known = ", ".join(sorted(point.name for point in found)) or "none is installed"
    msg = f"{source}: model: found '{name}'; allowed: {known}"
    raise ScenarioError(msg)


def built_in_scenarios() -> dict[str, str]:
    """Text of every scenario that an installed package offers, by name."""
    result: dict[str, str] = {}
    for point in sorted(entry_points(group=SCENARIOS_GROUP), key=lambda point: point.name):
        folder = files(point.value)
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
            if entry.name.endswith(".toml"):
                result[entry.name.removesuffix(".toml")] = entry.read_text(encoding="utf-8")
    return result


def load_scenario(target: str | Path, settings: tuple[str, ...] = ()) -> Scenario:
    """Load a built-in scenario by name, or a file, with ``key=value`` settings applied.

    Raises:
        ScenarioError: one line that says what is wrong.
    """
    path = Path(target)
    if isinstance(target, str) and not path.suffix and not path.exists():
        texts = built_in_scenarios()
        if target not in texts:
            msg = f"{target}: no such file and no built-in scenario; see: stormlab scenarios"
            raise ScenarioError(msg)
        document, name = parse_document(texts[target], target), target
    else:
        document, name = read_document(path), path.stem
    source = str(target)
    return make_scenario(override(document, settings, source), name=name, source=source)


def make_scenario(document: dict[str, Any], *, name: str, source: str | None = None) -> Scenario:
    """Validate a scenario document (see :mod:`stormlab.scenario`) against its model.

    Raises:
        ScenarioError: one line that says what is wrong.
    """
    source = source or name
    envelope = validated(Envelope, document, source)
    model = find_model(envelope.model, source)
    own = {key: value for key, value in document.items() if key not in Envelope.model_fields}
    return Scenario(
        name=name,
        model=envelope.model,
        duration_s=envelope.duration_s,
        parameters=validated(model.parameters, own, source),
        title=envelope.title,
        description=envelope.description,
        faults=envelope.faults,
    )


def run(scenario: Scenario, seed: int = 0) -> Trace:
    """Simulate ``scenario`` once under ``seed``; equal arguments give equal traces."""
    model = find_model(scenario.model)
    world = World(Clock(), Draws(seed), Recorder())
    with _collector_off():
        model.build(world, scenario)
        world.clock.run(to_ns(scenario.duration_s))
        header = {
            **world.header,
            "stormlab": __version__,
            "model": scenario.model,
            "scenario": scenario.name,
            "scenario_hash": scenario.hash,
            "seed": seed,
            "duration_ns": to_ns(scenario.duration_s),
        }
        return world.recorder.finish(header)


@contextmanager
def _collector_off() -> Iterator[None]:
    """Pause the cyclic collector: at 10^5 events it costs more than the simulation."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
