"""The simulated server's accept queue and event loop against queueing theory.

Poisson arrivals meet the server's own listening socket (``Server.incoming``) and wait in its accept
queue; the loop takes one per poll and is blocked for the service time. That is a single-server
queue, whose steady state is known in closed form:

* M/D/1, constant service s: mean waiting Wq = s rho / (2 (1 - rho)) (Pollaczek-Khinchine).
* M/M/1/K, exponential service, K places with the one in service: an arrival is dropped with
  probability P = (1 - a) a^K / (1 - a^(K+1)), and finds L = sum n a^n (1 - a) / (1 - a^(K+1)) on
  the average (PASTA: what arrivals find is the average over time).

Each mean must lie within three standard errors of theory, the error taken from batch means, and be
known to a few percent, so that a wrong loop is found. M/M/c/K is left out: the simulated server has
one worker, and a queue shared by several loops would be the test's own.
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
        )
        self.server.start()
        self.gaps = exponential(1 / self.rate)

    def run(self) -> "Queue":
        """Let everybody through."""
        self._arrive_later(0)
        while self.clock.env.peek() < math.inf:
            self.clock.env.step()
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
        self.server.loop.call_next(self._leave)
        self.server.loop.call_next(lambda: self.service_ns(customer.number))

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


@pytest.mark.parametrize("arrivals", FEW_AND_MANY)
def test_m_m_1_k_drops_and_length(arrivals: int) -> None:
    load, places = 0.9, 10
    services, draws = exponential(SERVICE_S), Draws(1)
    queue = Queue(
        arrivals,
        load / SERVICE_S,
        lambda number: draws.duration_ns(services, 0, "service", number),
        backlog=places - 2,  # one is in service, and a backlog of n holds n + 1
    ).run()
    weights = [load**n for n in range(places + 1)]
    drop = weights[-1] / sum(weights)
    length = sum(n * weight for n, weight in enumerate(weights)) / sum(weights)
    assert drop == pytest.approx(0.050814, abs=1e-6)
    assert length == pytest.approx(3.9694, abs=1e-4)
    assert max(queue.found) == places
    assert_agrees([float(lost) for lost in queue.dropped], drop, 0.08)
    assert_agrees([float(count) for count in queue.found], length, 0.08)


def test_a_wrong_loop_is_found() -> None:
    """A loop that takes five percent too long does not pass."""
    slow = Queue(40_000, 0.8, lambda _: round(1.05 * SERVICE_S * NS_PER_S)).run()
    with pytest.raises(AssertionError):
        assert_agrees(slow.waits_s, 2.0, 0.08)
