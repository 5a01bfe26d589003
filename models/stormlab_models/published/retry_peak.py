"""The model ``retry-peak``: N clients fail at the same moment and all their retries fail too.

How many retries fall into one short bin when a dependency goes away for everybody at once: without
jitter all of them, in step; with full jitter far fewer, but more than one would think, because the
second and third retries of the lucky pile up just before the end of the first interval.

Source: V20 of the validation dossier, a table published by v-code01/retrystorm (11 seeds). Retry k
(from 1) waits base x 2^(k-1), with full jitter uniform on [0, that).

Respected: the bins are tumbling. The source says "any window", but its numbers come out only with
bins that do not slide (a sliding window gives 5 to 13 % more).

Simplifications: a call fails at once; the server has no state, since everything fails.
"""

from collections.abc import Collection
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from stormlab.clock import to_ns
from stormlab.model import World
from stormlab.scenario import Scenario
from stormlab.trace import Trace
from stormlab.vocabulary import Event
from stormlab_models.published.arrivals import Times, in_order, peak_in_bins, uniform_ns

Seconds = Annotated[float, Field(gt=0, le=1e5, allow_inf_nan=False)]


class Parameters(BaseModel):
    """How many clients, how they wait, and in which bins retries are counted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    clients: Annotated[int, Field(ge=1, le=10_000_000)] = 10_000
    jitter: Literal["none", "full"] = "full"
    base_s: Seconds = 1.0
    bin_s: Seconds = 0.02


class RetryPeak:
    """The model as the harness finds it (:class:`stormlab.model.Model`)."""

    name = "retry-peak"
    summary = "N clients whose calls all fail from one moment on: retries in the fullest bin"
    parameters: type[BaseModel] = Parameters
    faults: Collection[str] = ()

    def build(self, world: World, scenario: Scenario) -> None:
        """Record the failing calls at time 0 and every retry until the end of the run."""
        p = scenario.parameters
        assert isinstance(p, Parameters)  # noqa: S101  the harness validated it
        world.header["bin_ns"] = to_ns(p.bin_s)
        world.header["base_ns"] = to_ns(p.base_s)
        waves = _waves(world, p, to_ns(scenario.duration_s))
        times = np.concatenate([wave for _, wave in waves])
        clients = np.concatenate([who for who, _ in waves])
        attempts = np.repeat(np.arange(1, len(waves) + 1), [len(wave) for _, wave in waves])
        order = in_order(times, clients)
        world.recorder.add_many(
            times[order], Event.NEW, client=clients[order], attempt=attempts[order]
        )

    def figures(self, trace: Trace) -> dict[str, float | int | str | None]:
        """Retries in all, in the fullest bin, and in the last bin before the base delay."""
        rows = trace.of(Event.NEW)
        retries = rows["time_ns"][rows["attempt"] > 1]
        bin_ns, base_ns = int(trace.header["bin_ns"]), int(trace.header["base_ns"])
        last = (retries >= base_ns - bin_ns) & (retries < base_ns)
        return {
            "retries": len(retries),
            "retries_bin_peak": peak_in_bins(retries, bin_ns),
            "retries_last_bin": int(last.sum()),
        }


def _waves(world: World, p: Parameters, end_ns: int) -> list[tuple[Times, Times]]:
    """(clients, times) of the first calls, the first retries, the second ones, ... to the end."""
    who, now = np.arange(p.clients), np.zeros(p.clients, dtype=np.int64)
    waves = [(who, now)]
    bound_ns = to_ns(p.base_s)
    while True:
        if p.jitter == "full":
            draw = uniform_ns(world.draws, p.clients, "backoff", bound_ns, len(waves))
            now = now + draw[who]
        else:
            now = now + bound_ns
        inside = now <= end_ns
        who, now = who[inside], now[inside]
        if not len(who):
            return waves
        waves.append((who, now))
        bound_ns *= 2


MODEL = RetryPeak()
