"""Models: what can be simulated, how they are found, and how a run becomes a trace.

A model is found by entry point (group ``stormlab.models``), the same way a user's own is. It
states its parameters as a pydantic class, builds itself into a world, and names the figures of
its traces. Scenarios are found by entry point too (group ``stormlab.scenarios``: a package whose
``*.toml`` files are scenarios).
"""

from collections.abc import Callable, Collection
from contextlib import ExitStack
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel

from stormlab import __version__
from stormlab.clock import Clock, to_ns
from stormlab.collector import collector_off
from stormlab.draws import Draws
from stormlab.engines import Choice, choose
from stormlab.faults import check_offered
from stormlab.scenario import (
    Envelope,
    Scenario,
    ScenarioError,
    override,
    parse_document,
    read_document,
    validated,
)
from stormlab.summary import EVENTS_MAX, Summary, TooLongError
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
    around: ExitStack = field(default_factory=ExitStack)  # what a model needs while time runs
    endings: list[Callable[[], None]] = field(default_factory=list)  # when time is over


class Model(Protocol):
    """A subject of simulation.

    ``build`` schedules everything that happens by itself; it must draw all chance through
    ``world.draws`` and record through ``world.recorder``. What it cannot build it refuses with
    :class:`stormlab.scenario.ScenarioError`, and only before time starts.
    """

    name: str
    summary: str
    parameters: type[BaseModel]
    faults: Collection[str]  # the kinds of fault that it offers
    # and, if it has one, ``compiled``: an engine of its own (stormlab.engines.Compiled)

    def build(self, world: World, scenario: Scenario) -> None:
        """Populate the world; ``scenario.parameters`` is an instance of ``parameters``."""

    def figures(self, trace: Trace) -> dict[str, float | int | str | None]:
        """The figures of a run by name, units last; None where a figure does not apply."""


@cache
def _points(find: Callable[..., EntryPoints], group: str) -> tuple[EntryPoint, ...]:
    """Entry points of a group; reading them takes as long as a short run, so it is done once."""
    return tuple(find(group=group))


def find_model(name: str, source: str = "model") -> Model:
    """Find the model registered under ``name``.

    Raises:
        ScenarioError: if there is none, or if its package cannot be imported.
    """
    found = _points(entry_points, MODELS_GROUP)
    for point in found:
        if point.name == name:
            try:
                model: Model = point.load()
            except Exception as error:
                reason = f"{type(error).__name__}: {error}"
                msg = f"{source}: model '{name}' ({point.value}) cannot be loaded: {reason}"
                raise ScenarioError(msg) from error
            return model
    allowed = ", ".join(model_names()) or "none is installed"
    msg = f"{source}: model: found '{name}'; allowed: {allowed}"
    raise ScenarioError(msg)


def model_names() -> list[str]:
    """Names of all installed models, sorted."""
    return sorted({point.name for point in _points(entry_points, MODELS_GROUP)})


def built_in_scenarios() -> dict[str, str]:
    """Text of every scenario that an installed package offers, by name."""
    result: dict[str, str] = {}
    for point in sorted(_points(entry_points, SCENARIOS_GROUP), key=lambda point: point.name):
        folder = files(point.value)
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
            if entry.name.endswith(".toml"):
                result[entry.name.removesuffix(".toml")] = entry.read_text(encoding="utf-8")
    return result


def load_scenario(target: str | Path, settings: tuple[str, ...] = ()) -> Scenario:
    """Load a built-in scenario by name, or a file, with ``key=value`` settings applied.

    A bare name (no folder, no suffix) means the built-in scenario unless a file is called so.

    Raises:
        ScenarioError: one line that says what is wrong.
    """
    document, name = load_document(target)
    source = str(target)
    return make_scenario(override(document, settings, source), name=name, source=source)


def load_document(target: str | Path) -> tuple[dict[str, Any], str]:
    """The document and name of what :func:`load_scenario` loads, before it is validated.

    Raises:
        ScenarioError: one line that says what is wrong.
    """
    path = Path(target)
    if isinstance(target, str) and path.name == target and not path.suffix and not _is_file(path):
        return parse_document(_built_in(target), target), target
    return read_document(path), path.stem


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that no file system takes
        return False


def _built_in(name: str) -> str:
    texts = built_in_scenarios()
    if name not in texts:
        likely = get_close_matches(name, texts, n=1)
        hint = f"did you mean '{likely[0]}'? " if likely else ""
        msg = f"{name}: no such file and no built-in scenario; {hint}see: stormlab scenarios"
        raise ScenarioError(msg)
    return texts[name]


def make_scenario(document: dict[str, Any], *, name: str, source: str | None = None) -> Scenario:
    """Validate a scenario document (see :mod:`stormlab.scenario`) against its model.

    Raises:
        ScenarioError: one line that says what is wrong.
    """
    source = source or name
    if "model" not in document:
        allowed = ", ".join(model_names()) or "none is installed"
        msg = f"{source}: model: missing; a scenario says which model it runs; allowed: {allowed}"
        raise ScenarioError(msg)
    shared = {key: value for key, value in document.items() if key in Envelope.model_fields}
    envelope = validated(Envelope, shared, source)
    model = find_model(envelope.model, source)
    own = {key: value for key, value in document.items() if key not in shared}
    try:
        check_offered(envelope.faults, model.faults, envelope.model)
    except ValueError as error:
        msg = f"{source}: {error}"
        raise ScenarioError(msg) from None
    return Scenario(
        name=name,
        model=envelope.model,
        duration_s=envelope.duration_s,
        parameters=validated(model.parameters, own, source, Envelope.model_fields),
        title=envelope.title,
        description=envelope.description,
        faults=envelope.faults,
    )


def engine_of(scenario: Scenario, engine: str | None = None) -> Choice:
    """The engine that :func:`run` takes for a scenario.

    Raises:
        ScenarioError: one line, when the engine asked for cannot run it.
    """
    return choose(scenario, getattr(find_model(scenario.model), "compiled", None), engine)


def run_or_summary(
    scenario: Scenario,
    seed: int = 0,
    engine: str | None = None,
    events_max: int = EVENTS_MAX,
) -> Trace | Summary:
    """As :func:`run`; where the compiled engine's trace is longer than that, a summary.

    Raises:
        ScenarioError: one line, when the engine asked for cannot run it.
    """
    compiled = engine_of(scenario, engine).compiled
    if compiled is None:
        return run(scenario, seed, "reference")
    try:
        return compiled.run(scenario, seed, events_max)
    except TooLongError:
        return compiled.summary(scenario, seed)


def run(scenario: Scenario, seed: int = 0, engine: str | None = None) -> Trace:
    """Simulate ``scenario`` once under ``seed``; equal arguments give equal traces.

    ``engine``: ``reference``, ``fleet`` or ``auto`` (see :mod:`stormlab.engines`); None: what the
    process was asked to use. It decides how long it takes, not what comes of it.

    Raises:
        ScenarioError: one line, when the engine asked for cannot run it.
    """
    compiled = engine_of(scenario, engine).compiled
    if compiled is not None:
        try:
            return compiled.run(scenario, seed)
        except TooLongError as error:
            msg = (
                f"{scenario.name}: {error}, too many for a trace; allowed: fewer clients, a shorter"
                " duration_s, or stormlab run, which gives figures without a trace"
            )
            raise ScenarioError(msg) from None
    model = find_model(scenario.model)
    world = World(Clock(), Draws(seed), Recorder())
    with collector_off(), world.around:
        model.build(world, scenario)
        world.clock.run(to_ns(scenario.duration_s))
        for end in world.endings:
            end()
        header = {
            **world.header,
            "stormlab": __version__,
            "model": scenario.model,
            "scenario": scenario.name,
            "scenario_hash": scenario.hash,
            "seed": seed,
            "tables": world.draws.tables_digest,
            "duration_ns": to_ns(scenario.duration_s),
        }
        return world.recorder.finish(header)
