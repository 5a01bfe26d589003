"""The model ``avalanche``: a server restarts, all its clients drop at once and come back.

How long clients are away when the server is ready before their first retry: the reconnect delay of
the client library, seen through the eyes of a benchmark that stops looking when most are back.

Sources: V02 and V04 of the validation dossier: anycable/nodejs-websocket-bench, the avalanche of
5,000 Action Cable clients (backend/results/rails-2026-06-27.json) and the deploy impact on 100
socket.io clients; the delays are those of the libraries as the catalogue of policies has them,
@anycable/core@1.1.7 and socket.io-client@4.8.4.

Respected:
- The runner stops at its first look at which ``stop_share`` of the clients are back, and its
  quantiles are of those that are: who is later is censored, not lost. It looks first within 0.2 s
  of the first drop, then every 0.5 s (backend/src/lib/avalanche-anycable-runner.ts).
- A quantile is the sorted sample at floor((n - 1) p), rounded down as the source rounds.
- socket.io's jitter is backo2's comb, not uniform: half of the range from 250 to 750 ms is never
  drawn. Measured p95s lie where a uniform jitter would hardly put them.

Simplifications: all clients drop in the same instant; handshake and restart take no time, so every
measured time is later than the model's by the same few milliseconds (V04) or about 130 ms (V02);
every first retry succeeds.
"""

from collections.abc import Callable, Collection
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from stormlab.clock import Rank, to_ns, to_s
from stormlab.model import World
from stormlab.policy import Decision, Fact, Happened, Policy, RetryAt
from stormlab.policy.catalogue import find_policy
from stormlab.policy.chance import AddressedChance
from stormlab.scenario import Scenario
from stormlab.trace import Trace
from stormlab.vocabulary import Event
from stormlab_models.published.arrivals import Times, times_of

ABNORMAL = 1006
Share = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, le=1e5, allow_inf_nan=False)]


def _can_be_found(target: str) -> str:
    find_policy(target)  # raises ValueError with the line that a person reads
    return target


class Parameters(BaseModel):
    """The clients, their policy by its name in the catalogue, and when the runner stops."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    clients: Annotated[int, Field(ge=1, le=1_000_000)] = 5000
    policy: Annotated[str, AfterValidator(_can_be_found)] = "socket.io-client"
    stop_share: Share = 0.95
    first_look_s_max: Positive = 0.2
    look_every_s: Positive = 0.5


class Avalanche:
    """The model as the harness finds it (:class:`stormlab.model.Model`)."""

    name = "avalanche"
    summary = "all clients drop at a restart and come back; the benchmark stops when most are"
    parameters: type[BaseModel] = Parameters
    faults: Collection[str] = ()

    def build(self, world: World, scenario: Scenario) -> None:
        """Drop everybody at time 0; let the runner look."""
        p = scenario.parameters
        assert isinstance(p, Parameters)  # noqa: S101  the harness validated it
        world.header["clients"] = p.clients
        world.header["stop_share"] = p.stop_share
        runner = Runner(world, p)
        policy = find_policy(p.policy)
        for client in range(p.clients):
            world.recorder.add(0, Event.CLOSE, client=client, code=ABNORMAL, clean=0)
            decision = after_a_drop(policy.make(), AddressedChance(world.draws, client))
            if isinstance(decision, RetryAt):
                world.clock.at(decision.time_ns, Rank.PAGE, runner.back(client), client=client)

    def figures(self, trace: Trace) -> dict[str, float | int | str | None]:
        """How many came back before the runner stopped, after how long, and when most were."""
        times = times_of(trace, Event.OPEN)
        needed = enough(int(trace.header["clients"]), float(trace.header["stop_share"]))
        return {
            "back": len(times),
            "p50_s": lower_quantile_s(times, 50),
            "p95_s": lower_quantile_s(times, 95),
            "p99_s": lower_quantile_s(times, 99),
            "max_s": lower_quantile_s(times, 100),
            "most_back_s": to_s(int(times[needed - 1])) if len(times) >= needed else None,
        }


def after_a_drop(policy: Policy, chance: AddressedChance) -> Decision:
    """What a policy decides at time 0, when a connection that had proved itself is lost."""
    decision: Decision = None
    for fact in (Fact.OPENED, Fact.PROVED, Fact.DROPPED):
        chance.ordinal += 1
        code = ABNORMAL if fact is Fact.DROPPED else 0
        decision = policy.on(Happened(fact, 0, code=code), chance)
    return decision


class Runner:
    """The benchmark: counts who is back, and ends the run at a look at which it is enough."""

    def __init__(self, world: World, p: Parameters) -> None:
        """Look for the first time soon after the drop."""
        self._world = world
        self._back, self._needed = 0, enough(p.clients, p.stop_share)
        self._every_ns = to_ns(p.look_every_s)
        first_ns = int(world.draws.unit(0, "first look") * to_ns(p.first_look_s_max))
        world.clock.at(first_ns, Rank.OBSERVER, self._look)

    def back(self, client: int) -> Callable[[], None]:
        """What happens when the client is back."""

        def opened() -> None:
            self._back += 1
            self._world.recorder.add(self._world.clock.now_ns, Event.OPEN, client=client, attempt=1)

        return opened

    def _look(self) -> None:
        if self._back >= self._needed:
            self._world.recorder.add(self._world.clock.now_ns, Event.OBSERVED, code=self._back)
            self._world.clock.stop()
        else:
            self._world.clock.after(self._every_ns, Rank.OBSERVER, self._look)


def enough(clients: int, share: float) -> int:
    """The least whole number of clients that is at least the share."""
    return next(n for n in range(int(share * clients), clients + 1) if n >= share * clients)


def lower_quantile_s(times_ns: Times, percent: int) -> float | None:
    """The sorted sample at floor((n - 1) percent / 100); ``times_ns`` is in order."""
    if not len(times_ns):
        return None
    return to_s(int(times_ns[(len(times_ns) - 1) * percent // 100]))


MODEL = Avalanche()
