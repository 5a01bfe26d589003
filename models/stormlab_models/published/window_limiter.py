"""The model ``window-limiter``: a herd before a fixed-window rate limit.

N clients call at once; the server admits ``limit`` per window; who is refused waits start x 2^k
(k from 0, no cap), less a share of it by chance, and calls again. Without a cap the last clients
wait so long that the server idles: the herd takes three times as long as the limit asks for.

Source: V13 of the validation dossier: inli3u/backoff-benchmark@904632c, its 'full jitter' with
limits of 100/s and 10/s.

Respected: the window opens with the first request after the last one ended. Windows that are
aligned to the clock give other numbers.

Simplifications: as in :mod:`stormlab_models.published.herd`, which are the source's own.
"""

from collections.abc import Collection
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from stormlab.clock import to_ns
from stormlab.model import World
from stormlab.policy.backoff import Exponential
from stormlab.policy.chance import AddressedChance
from stormlab.policy.jitter import Multiplied
from stormlab.policy.schedule import Delays, Moment
from stormlab.scenario import Scenario
from stormlab.trace import Trace
from stormlab_models.published.herd import Herd, herd_figures
from stormlab_models.published.limits import FixedWindow


class Parameters(BaseModel):
    """The herd, its back-off, and the limit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    clients: Annotated[int, Field(ge=1, le=1_000_000)] = 1000
    limit: Annotated[int, Field(ge=1, le=1_000_000)] = 100
    window_s: Annotated[float, Field(gt=0, le=1e5, allow_inf_nan=False)] = 1.0
    start_s: Annotated[float, Field(gt=0, le=1e5, allow_inf_nan=False)] = 1.0
    jitter_share: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 1.0


class WindowLimiter:
    """The model as the harness finds it (:class:`stormlab.model.Model`)."""

    name = "window-limiter"
    summary = "a herd with uncapped exponential back-off before a fixed-window limit"
    parameters: type[BaseModel] = Parameters
    faults: Collection[str] = ()

    def build(self, world: World, scenario: Scenario) -> None:
        """Let every client call at time 0."""
        p = scenario.parameters
        assert isinstance(p, Parameters)  # noqa: S101  the harness validated it
        world.header["clients"] = p.clients
        delays = Delays(Exponential(p.start_s), Multiplied(1, 1 - p.jitter_share))

        def wait_ns(client: int, refusals: int) -> int:
            moment = Moment(AddressedChance(world.draws, client, ordinal=refusals))
            return delays.delay_ns(refusals - 1, moment) or 0

        herd = Herd(world, FixedWindow(p.limit, to_ns(p.window_s)), wait_ns)
        for client in range(p.clients):
            herd.ask_at(0, client)

    def figures(self, trace: Trace) -> dict[str, float | int | str | None]:
        """Requests, and when clients were admitted."""
        return herd_figures(trace, int(trace.header["clients"]))


MODEL = WindowLimiter()
