"""The model ``token-bucket-herd``: a herd with exponential retry timers, admitted by token bucket.

While more retries arrive than tokens, admission is saturated and the herd shrinks by the bucket's
rate; then it decays at the rate of the timers. Retry timers have no back-off, so that the herd's
size over time has a closed form (the fluid law).

Source: V26 of the validation dossier, closed forms cross-checked there by a second simulation:
with k = rate/theta, last admission at (N - k)/rate + H_k/theta, all requests
theta (N^2 - k^2)/(2 rate) + k, t50 = N/(2 rate), t99 = (N - k)/rate + ln(k/(N/100))/theta.

Respected: a client's first request, too, comes only after an exponential time; the bucket starts
full, with a burst of 10 or more, since with less the bucket overflows between two retries.

Simplifications: as in :mod:`stormlab_models.published.herd`. A timer is at most 16 times its mean
(the last entry of its table of quantiles), which one in eight million exceeds.
"""

from collections.abc import Collection
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from stormlab.draws import exponential
from stormlab.model import World
from stormlab.scenario import Scenario
from stormlab.trace import Trace
from stormlab_models.published.herd import Herd, herd_figures
from stormlab_models.published.limits import TokenBucket

Rate = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]


class Parameters(BaseModel):
    """The herd, each client's rate of retries (theta), and the bucket."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    clients: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    retries_per_s: Rate = 0.1
    admitted_per_s: Rate = 200.0
    burst: Annotated[int, Field(ge=1, le=1_000_000)] = 10


class TokenBucketHerd:
    """The model as the harness finds it (:class:`stormlab.model.Model`)."""

    name = "token-bucket-herd"
    summary = "a herd with exponential retry timers before a token bucket"
    parameters: type[BaseModel] = Parameters
    faults: Collection[str] = ()

    def build(self, world: World, scenario: Scenario) -> None:
        """Start every client's first timer."""
        p = scenario.parameters
        assert isinstance(p, Parameters)  # noqa: S101  the harness validated it
        world.header["clients"] = p.clients
        timer = exponential(1 / p.retries_per_s)
        draws = world.draws

        def wait_ns(client: int, refusals: int) -> int:
            return draws.duration_ns(timer, client, "timer", refusals)

        herd = Herd(world, TokenBucket(p.admitted_per_s, p.burst), wait_ns)
        for client in range(p.clients):
            herd.ask_at(wait_ns(client, 0), client)

    def figures(self, trace: Trace) -> dict[str, float | int | str | None]:
        """Requests, and when clients were admitted."""
        return herd_figures(trace, int(trace.header["clients"]))


MODEL = TokenBucketHerd()
