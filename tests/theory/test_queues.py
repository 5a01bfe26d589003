"""The simulated server's accept queue and event loop against queueing theory.

Poisson arrivals meet the server's own listening socket (``Server.incoming``) and wait in its accept
queue; a worker's loop takes one per poll and is blocked for the service time. That is a queue with
one or several servers, whose steady state is known in closed form:

* M/D/1, constant service s: mean waiting Wq = s rho / (2 (1 - rho)) (Pollaczek-Khinchine).
* M/M/c/K, exponential service, c workers, K places with those in service: n are inside with a
  weight of a^n / n! up to c, and of a^n / (c! c^(n-c)) beyond; an arrival is dropped with the
  weight of K, and finds the mean of n (PASTA: what arrivals find is the average over time).

Each mean must lie within three standard errors of theory, the error taken from batch means, and be
known to a few percent, so that a wrong loop is found.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import fmean, stdev

import pytest

from stormlab.clock import NS_PER_S, Clock, Rank
from stormlab.draws import Draws, exponential
from stormlab.trace import Recorder
from stormlab_models.machine import Machine
from stormlab_models.network import Path, PathSettings, Segment
from stormlab_models.server import Server

FOR_EVER_NS = 1 << 62
SERVICE_S = 1.0  # so long that the loop's wake-up of 60 us does not count
BATCHES = 25
WARM_UP = 0.05  # of the arrivals
LARGE = 1 << 20


@dataclass
class Customer:
    """Stands for a connection in the accept queue, and for its protocol in the process."""

    queue: "Queue"
    number: int
    arrived_ns: int
    busy: bool = False

    def attach(self, _: object) -> None:
        """The process has taken it: its service begins."""
        self.queue.begin(self)

    def arrived(self, segment: Segment) -> None:
        """Nothing arrives."""

    def shut_down(self) -> None:
        """Never."""

    def die(self) -> None:
        """Never."""


@dataclass
class Queue:
    """A server whose loop is blocked for each connection it accepts."""

    arrivals: int
    rate: float
    service_ns: Callable[[int], int]
    backlog: int = LARGE
    workers: int = 1
    seed: int = 0
    waits_s: list[float] = field(default_factory=list)
    found: list[int] = field(default_factory=list)
    dropped: list[bool] = field(default_factory=list)
    inside: int = 0

    def __post_init__(self) -> None:
        self.clock, self.draws = Clock(), Draws(self.seed)
        recorder = Recorder()
        path = Path(self.clock, self.draws, recorder, PathSettings())
        self.server = Server(
            self.clock,
            recorder,
            Machine(self.draws),
            path,
            lambda _, customer, __: customer,  # type: ignore[arg-type,return-value]
            backlog=self.backlog,
            workers=self.workers,
        )
        self.server.start()
        self.gaps = exponential(1 / self.rate)

    def run(self) -> "Queue":
        """Let everybody through."""
        self._arrive_later(0)
        self.clock.run(FOR_EVER_NS)
        return self

    def _arrive_later(self, number: int) -> None:
        gap_ns = self.draws.duration_ns(self.gaps, 0, "arrival", number)
        self.clock.after(gap_ns, Rank.NETWORK, lambda: self._arrive(number))

    def _arrive(self, number: int) -> None:
        customer = Customer(self, number, self.clock.now_ns)
        self.found.append(self.inside)
        accepted = self.server.incoming(customer) == "accept"  # type: ignore[arg-type]
        self.dropped.append(not accepted)
        self.inside += accepted
        if number + 1 < self.arrivals:
            self._arrive_later(number + 1)

    def begin(self, customer: Customer) -> None:
        """Block the loop for the customer's service; what follows leaves at its end."""
        self.waits_s.append((self.clock.now_ns - customer.arrived_ns) / NS_PER_S)
        worker = self.server.accepting
        worker.call_next(self._leave)
        worker.call_next(lambda: self.service_ns(customer.number))

    def _leave(self) -> None:
        self.inside -= 1


def assert_agrees(values: list[float], expected: float, error_max: float) -> None:
    """Compare a mean with theory by batch means; ``error_max`` bounds the relative error."""
    values = values[round(WARM_UP * len(values)) :]
    size = len(values) // BATCHES
    means = [fmean(values[turn * size : (turn + 1) * size]) for turn in range(BATCHES)]
    error = stdev(means) / math.sqrt(BATCHES)
    assert error < error_max * expected
    assert fmean(means) == pytest.approx(expected, abs=3 * error)


FEW_AND_MANY = [80_000, pytest.param(1_000_000, marks=pytest.mark.slow)]


@pytest.mark.parametrize("arrivals", FEW_AND_MANY)
@pytest.mark.parametrize(("load", "wait"), [(0.5, 0.5), (0.8, 2.0), (0.9, 4.5)])
def test_m_d_1_waiting(load: float, wait: float, arrivals: int) -> None:
    assert wait == pytest.approx(load / (2 * (1 - load)))
    queue = Queue(arrivals, load / SERVICE_S, lambda _: round(SERVICE_S * NS_PER_S)).run()
    assert len(queue.waits_s) == arrivals
    assert_agrees(queue.waits_s, wait, 0.08)


def weights(workers: int, places: int, load: float) -> list[float]:
    """How often n are inside, up to a common factor."""
    inside = []
    for n in range(places + 1):
        served = min(n, workers)
        inside.append(load**n / (math.factorial(served) * workers ** (n - served)))
    return inside


@pytest.mark.parametrize("arrivals", FEW_AND_MANY)
@pytest.mark.parametrize(
    ("workers", "places", "load", "drop", "length"),
    [(1, 10, 0.9, 0.050814, 3.9694), (4, 20, 3.6, 0.016805, 7.7692), (4, 20, 5.0, 0.202843, None)],
)
def test_m_m_c_k_drops_and_length(
    workers: int, places: int, load: float, drop: float, length: float | None, arrivals: int
) -> None:
    services, draws = exponential(SERVICE_S), Draws(1)
    queue = Queue(
        arrivals,
        load / SERVICE_S,
        lambda number: draws.duration_ns(services, 0, "service", number),
        backlog=places - workers - 1,  # some are in service, and a backlog of n holds n + 1
        workers=workers,
    ).run()
    inside = weights(workers, places, load)
    assert inside[-1] / sum(inside) == pytest.approx(drop, abs=1e-6)
    mean = sum(n * weight for n, weight in enumerate(inside)) / sum(inside)
    assert length is None or mean == pytest.approx(length, abs=1e-4)
    assert max(queue.found) == places
    assert_agrees([float(lost) for lost in queue.dropped], drop, 0.12)
    assert_agrees([float(count) for count in queue.found], mean, 0.08)


def test_a_wrong_loop_is_found() -> None:
    """A loop that takes five percent too long does not pass."""
    slow = Queue(40_000, 0.8, lambda _: round(1.05 * SERVICE_S * NS_PER_S)).run()
    with pytest.raises(AssertionError):
        assert_agrees(slow.waits_s, 2.0, 0.08)
