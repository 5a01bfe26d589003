"""A model whose every figure is known beforehand, and how it is read."""

import math
import re
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict

from stormlab import model
from stormlab.clock import Rank, to_ns, to_s
from stormlab.compare import Field, Measure, Plan, Reader, Reading, compare, field
from stormlab.model import World
from stormlab.scenario import Scenario
from stormlab.trace import Trace
from stormlab.vocabulary import Event

FORM = re.compile(r"(\d+)(?:~(\d+))?(?:\?(\d+))?")


def _written(text: str) -> str:
    if not FORM.fullmatch(text):
        raise ValueError(f"found '{text}'; allowed: MEAN~OWN?NEVER")
    return text


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid")

    policy: Annotated[str, AfterValidator(_written)] = "20"
    weather: float = 4.0
    mix: list[str] = []
    breaks: bool = False


class Waits:
    """A client waits for ``policy`` seconds: MEAN, ~ up to OWN more, ? never in NEVER % of runs.

    All policies of a run share the weather, up to ``weather`` seconds more.
    """

    name = "waits"
    summary = "waits"
    parameters: type[BaseModel] = Settings
    faults = ("crash",)

    def build(self, world: World, scenario: Scenario) -> None:
        settings = scenario.parameters
        assert isinstance(settings, Settings)
        if settings.breaks:
            raise RuntimeError("a defect")
        mean, own, never = FORM.fullmatch(settings.policy).groups(default="0")  # type: ignore[union-attr]
        wait_s = int(mean) + settings.weather * world.draws.unit(0, "weather")
        wait_s += int(own) * world.draws.unit(0, f"own {settings.policy}")
        if world.draws.unit(1, "never") * 100 < int(never):
            return

        def back() -> None:
            world.recorder.add(world.clock.now_ns, Event.OPEN)

        world.clock.at(to_ns(wait_s), Rank.OBSERVER, back)

    def figures(self, trace: Trace) -> dict[str, float | int | str | None]:
        return dict(read(trace).figures)


def read(trace: Trace) -> Reading:
    wait_s = to_s(int(trace.rows["time_ns"][0])) if len(trace) else math.inf
    speed = 1 / wait_s if len(trace) else -math.inf
    waits = np.array([wait_s])
    return Reading(
        trace.hash,
        {"wait_s": wait_s, "speed": speed, "nothing": None, "lost": int(wait_s == math.inf)},
        {"bin_s": 10.0, "fault_s": 0.0, "down_s": [[0.0, 5.0]], "capacity_per_s": None},
        {
            "waits_s": waits,
            "watched_s": np.minimum(waits, to_s(trace.duration_ns)),
            "attempts": np.ones(10, np.uint8),
            "standing open": np.zeros(10, np.uint8),
        },
    )


READER = Reader(
    name="test 1",
    read=read,
    measures={
        "wait_s": Measure("wait_s", "Wait", "s", "lower", "how long"),
        "speed": Measure("speed", "Speed", "/s", "higher", "how fast"),
        "nothing": Measure("nothing", "Nothing", "", "lower", "does not apply"),
        "lost": Measure("lost", "Lost", "", None, "whether"),
    },
    key={"wait_s": "wait", "speed": "speed", "nothing": "nothing"},
    collapse="lost",
    lost="lost",
)


class Deaf(Waits):
    """A model without policies."""

    name = "deaf"

    class Nothing(BaseModel):
        model_config = ConfigDict(extra="forbid")

    parameters: type[BaseModel] = Nothing


MODEL, DEAF = Waits(), Deaf()
for _kind in (Waits, Deaf, Settings, Deaf.Nothing):
    _kind.__module__ = "waits_of_the_test"  # where their source is looked for
Make = Callable[..., Field]


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Make:
    """The model is installed; ``waits("20", "30")`` sets up a comparison of policies."""
    points = EntryPoints(
        [
            EntryPoint("waits", "waits_of_the_test:MODEL", model.MODELS_GROUP),
            EntryPoint("deaf", "waits_of_the_test:DEAF", model.MODELS_GROUP),
        ]
    )
    monkeypatch.setitem(sys.modules, "waits_of_the_test", sys.modules[__name__])
    monkeypatch.setattr(model, "entry_points", lambda group: points.select(group=group))
    path = tmp_path / "waits.toml"
    path.write_text('model = "waits"\nduration_s = 100\n')

    def make(*policies: str, settings: tuple[str, ...] = ()) -> Field:
        return field(path, policies, settings)

    return make


@pytest.fixture
def reader() -> Reader:
    """How the model's traces are read."""
    return READER


@pytest.fixture
def compared(waits: Make) -> Callable[..., Any]:
    """Compare in this process: ``compared("20", "30", plan=Plan(replications=5))``."""

    def make(*policies: str, settings: tuple[str, ...] = (), **given: Any) -> Any:
        options: dict[str, Any] = {"plan": Plan(replications=12), "jobs": 1, "reader": READER}
        return compare(waits(*policies, settings=settings), **options | given)

    return make
