"""The model ``uniform-starts``: N clients, each starting once at a uniform time of a window.

The busiest second of a spread-out restart: even a perfect spread over W seconds has bins with more
than N/W clients. Occupancy problem; the expected largest bin is known exactly.

Source: V32 of the validation dossier, E[max] of a multinomial, computed exactly there.

Simplifications: a start is one event and takes no time, so nothing is simulated but the draw. A
real fleet adds handshakes that fail and come back, which can only raise the peak.
"""

from collections.abc import Collection
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from stormlab.clock import NS_PER_S, to_ns
from stormlab.model import World
from stormlab.scenario import Scenario
from stormlab.trace import Trace
from stormlab.vocabulary import Event
from stormlab_models.published.arrivals import in_order, peak_in_bins, times_of, uniform_ns


class Parameters(BaseModel):
    """How many clients, over how many seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    clients: Annotated[int, Field(ge=1, le=10_000_000)] = 10_000
    window_s: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)] = 30.0


class UniformStarts:
    """The model as the harness finds it (:class:`stormlab.model.Model`)."""

    name = "uniform-starts"
    summary = "N clients that each start once, uniformly over a window: the busiest second"
    parameters: type[BaseModel] = Parameters
    faults: Collection[str] = ()

    def build(self, world: World, scenario: Scenario) -> None:
        """Record every start that falls into the run."""
        p = scenario.parameters
        assert isinstance(p, Parameters)  # noqa: S101  the harness validated it
        times = uniform_ns(world.draws, p.clients, "start", to_ns(p.window_s))
        order = in_order(times, np.arange(p.clients))
        order = order[times[order] <= to_ns(scenario.duration_s)]
        world.recorder.add_many(times[order], Event.NEW, client=order, attempt=1)

    def figures(self, trace: Trace) -> dict[str, float | int | str | None]:
        """Starts in all, and the most in one whole second of the clock."""
        times = times_of(trace, Event.NEW)
        return {"starts": len(times), "starts_per_s_peak": peak_in_bins(times, NS_PER_S)}


MODEL = UniformStarts()
