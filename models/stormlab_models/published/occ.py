"""The model ``occ-contention``: N clients update one row under optimistic concurrency control.

Each client reads the row's version, writes with the version it read, and on a conflict waits its
back-off and starts again at the read, until its one update is in. The server has capacity for
everything; what clients compete for is being the first to write. It is the simulation behind the
best known advice on jitter.

Source: V07 of the validation dossier: aws-samples/aws-arch-backoff-simulator@66cb169 and
"Exponential Backoff And Jitter" (AWS Architecture Blog, 2015): each way takes |Normal(10, 2)| ms,
base 5 ms, cap 2 s.

Respected:
- The attempt counter is 1 at the first back-off, so the first exponential term is base x 2 = 10 ms.
- A conflict's answer is on its way for one leg before the back-off begins.
- ``calls`` counts writes that reach the server; reads are not counted.
- Legs take the absolute value of the normal distribution.
- Every client succeeds in the end, once: ``updated`` must be N.

Simplifications: none against the source, which is itself a model. Its quantile table ends 4.5
standard deviations below the mean and 5.2 above. The server's and the client's part of a leg that
changes nothing (a read's answer arriving) is not an event of its own.
"""

from collections.abc import Collection
from functools import lru_cache, partial
from statistics import NormalDist
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from stormlab.clock import Rank, to_s
from stormlab.draws import Quantiles
from stormlab.model import World
from stormlab.policy.backoff import Constant, Exponential
from stormlab.policy.chance import AddressedChance
from stormlab.policy.jitter import Equal, Full
from stormlab.policy.schedule import Delays, Moment, Schedule
from stormlab.policy.walks import Decorrelated
from stormlab.scenario import Scenario
from stormlab.trace import Trace
from stormlab.vocabulary import Event

Seconds = Annotated[float, Field(ge=0, le=1e4, allow_inf_nan=False)]
OK, CONFLICT = 200, 409
READ, READ_ANSWER, WRITE, WRITE_ANSWER = range(4)
LEGS = 4


class Parameters(BaseModel):
    """The clients, the network, and how they back off."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    clients: Annotated[int, Field(ge=1, le=10_000)] = 100
    backoff: Literal["none", "exponential", "equal", "full", "decorrelated"] = "full"
    base_s: Seconds = 0.005
    cap_s: Seconds = 2.0
    leg_mean_s: Seconds = 0.010
    leg_sd_s: Seconds = 0.002


def schedule_of(p: Parameters) -> Schedule:
    """The named back-off, from the parts of :mod:`stormlab.policy`; its index n is from 0."""
    exponential = Exponential(p.base_s, first_exponent=1)
    if p.backoff == "none":
        return Delays(Constant(0.0))
    if p.backoff == "decorrelated":
        return Decorrelated(p.base_s, p.cap_s)
    if p.backoff == "exponential":
        return Delays(exponential, cap_s=p.cap_s)
    return Delays(exponential, Full() if p.backoff == "full" else Equal(), cap_s=p.cap_s)


@lru_cache(maxsize=16)
def normal_leg(mean_s: float, sd_s: float) -> Quantiles:
    """The time of one way: the absolute value of a normal distribution far from 0."""
    if not sd_s:
        return Quantiles.from_inverse(lambda _: mean_s)
    normal = NormalDist(mean_s, sd_s)
    return Quantiles.from_inverse(lambda p: abs(normal.inv_cdf(p)))


class Row:
    """The server: one row with a version."""

    def __init__(self) -> None:
        """Never written yet."""
        self.version = 0

    def write(self, version: int) -> bool:
        """Accept a write with the current version, which is then over."""
        accepted = version == self.version
        self.version += accepted
        return accepted


class Client:
    """One client with one update to make."""

    def __init__(self, world: World, row: Row, number: int, p: Parameters) -> None:
        """Send the first read."""
        self._world, self._row, self._number = world, row, number
        self._leg = normal_leg(p.leg_mean_s, p.leg_sd_s)
        self._schedule = schedule_of(p)
        self._chance = AddressedChance(world.draws, number)
        self._moment = Moment(self._chance)
        self._attempt = 0
        self._begin(0)

    def _leg_ns(self, leg: int) -> int:
        ordinal = LEGS * self._attempt + leg
        return self._world.draws.duration_ns(self._leg, self._number, "leg", ordinal)

    def _begin(self, wait_ns: int) -> None:
        """Send the read after ``wait_ns``; the next thing to happen is its arrival."""
        self._attempt += 1
        arrives_ns = wait_ns + self._leg_ns(READ)
        self._world.clock.after(arrives_ns, Rank.SERVER, self._read, client=self._number)

    def _read(self) -> None:
        write = partial(self._write, self._row.version)
        arrives_ns = self._leg_ns(READ_ANSWER) + self._leg_ns(WRITE)
        self._world.clock.after(arrives_ns, Rank.SERVER, write, client=self._number)

    def _write(self, version: int) -> None:
        accepted = self._row.write(version)
        self._world.recorder.add(
            self._world.clock.now_ns,
            Event.ACCEPTED if accepted else Event.REJECTED,
            client=self._number,
            attempt=self._attempt,
            code=OK if accepted else CONFLICT,
        )
        answer_ns = self._leg_ns(WRITE_ANSWER)
        if accepted:
            self._world.clock.after(answer_ns, Rank.PAGE, self._done, client=self._number)
            return
        failures = self._chance.ordinal = self._attempt
        wait_ns = self._schedule.delay_ns(failures - 1, self._moment)
        self._begin(answer_ns + (wait_ns or 0))

    def _done(self) -> None:
        now_ns = self._world.clock.now_ns
        self._world.recorder.add(
            now_ns, Event.HTTP_RESPONSE, client=self._number, attempt=self._attempt, code=OK
        )


class OccContention:
    """The model as the harness finds it (:class:`stormlab.model.Model`)."""

    name = "occ-contention"
    summary = "N clients update one row optimistically: conflicts, back-off, jitter"
    parameters: type[BaseModel] = Parameters
    faults: Collection[str] = ()

    def build(self, world: World, scenario: Scenario) -> None:
        """Let every client begin at time 0."""
        p = scenario.parameters
        assert isinstance(p, Parameters)  # noqa: S101  the harness validated it
        row = Row()
        for number in range(p.clients):
            Client(world, row, number, p)

    def figures(self, trace: Trace) -> dict[str, float | int | str | None]:
        """Writes at the server, updates made, and when the last client knew of its own."""
        done = trace.of(Event.HTTP_RESPONSE)["time_ns"]
        return {
            "calls": trace.count(Event.ACCEPTED, Event.REJECTED),
            "updated": len(done),
            "completion_s": to_s(int(done[-1])) if len(done) else None,
        }


MODEL = OccContention()
