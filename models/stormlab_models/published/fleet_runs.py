"""Published results on the model ``fleet``, at sizes at which a trace would not fit into memory.

A run of the data file that has the key ``read`` is made by the compiled engine without a trace, and
its figures are read from what became of each client (:mod:`stormlab_models.fleet.lives`). That the
reference gives the same is tested at small sizes. The parts of the model are used as they are:

- A retrial queue (``retrials``) is a fleet that starts cold, against ``server.workers`` without a
  backlog. Uniform starts of N clients over N/lambda seconds are a Poisson process, given that N
  come. Who finds all workers busy gets RST and tries again after an exponential time (jitter
  ``memoryless``). The service is the handshake; who is connected stays and takes no worker. With
  ``latency_s = 0`` a SYN, a request and a refusal take no time, so the path causes no error.
- A herd (``herd``) is a settled fleet that a restart at time 0 disconnects, against admission.
- Uniform starts (``starts``) are a fleet that starts cold, against a service that takes everybody.

Where the tables of :mod:`stormlab.draws` differ from the distribution: the exponential's mean is
0.004 % too large and its second moment 0.03 %; at a load of 0.9 the first makes E[orbit] 0.04 %
larger.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from stormlab.clock import NS_PER_S, to_ns, to_s
from stormlab.scenario import Scenario
from stormlab_models.fleet.lives import NEVER_NS, Lives, counted_lives
from stormlab_models.fleet.parameters import Parameters
from stormlab_models.published.arrivals import peak_in_bins

Figures = dict[str, float | int | str | None]

EDGE = 0.02  # of the time of arrivals, at its begin and at its end: clients who are not counted


def retrials(lives: Lives, parameters: Parameters) -> Figures:
    """What a retrial queue is like when it is stationary.

    Only clients count that come in the middle 96 % of the time of arrivals: before, the orbit is
    still filling, and near the end nobody comes behind them. ``orbit_mean``: clients between their
    first and their last attempt, by Little's law the rate of arrivals times the mean time between
    the two. ``all_busy_share``: of first attempts, which meet the state as it is over time (PASTA).
    ``attempts_per_client``: the first included. None: somebody was not connected at the end.
    """
    spread_ns = to_ns(parameters.clients.cold_spread_s)
    came_ns = lives.started_ns
    counted = (came_ns >= EDGE * spread_ns) & (came_ns < (1 - EDGE) * spread_ns)
    names = ("orbit_mean", "all_busy_share", "attempts_per_client")
    if not counted.any() or (lives.opened_ns[counted] == NEVER_NS).any():
        return {"clients_counted": int(counted.sum()), **dict.fromkeys(names)}
    attempts = lives.attempts[counted]
    waited_s = float((lives.tried_ns - came_ns)[counted].mean()) / NS_PER_S
    per_s = parameters.clients.count / parameters.clients.cold_spread_s
    values = (per_s * waited_s, float((attempts > 1).mean()), float(attempts.mean()))
    return {"clients_counted": len(attempts), **dict(zip(names, values, strict=True))}


def herd(lives: Lives, parameters: Parameters) -> Figures:
    """Requests of a herd, and when half, 99 % and all of it was admitted (None: not in the run)."""
    del parameters
    admitted_ns = np.sort(lives.opened_ns[lives.opened_ns != NEVER_NS])

    def when_s(share: float) -> float | None:
        needed = int(np.ceil(share * len(lives.opened_ns)))
        return to_s(int(admitted_ns[needed - 1])) if len(admitted_ns) >= needed else None

    return {
        "requests": int(lives.attempts.sum()) - len(lives.attempts),  # but the settled ones
        "admitted": len(admitted_ns),
        "t50_s": when_s(0.5),
        "t99_s": when_s(0.99),
        "completion_s": when_s(1.0),
    }


def starts(lives: Lives, parameters: Parameters) -> Figures:
    """Starts in all, and the most in one whole second of the clock.

    The peak is None when somebody tried twice: it is then not one of starts.
    """
    del parameters
    started_ns: NDArray[np.int64] = np.sort(lives.tried_ns[lives.tried_ns != NEVER_NS])
    once = bool((lives.attempts == 1).all())
    peak = peak_in_bins(started_ns, NS_PER_S) if once else None
    return {"starts": int(lives.attempts.sum()), "starts_per_s_peak": peak}


READERS: dict[str, Callable[[Lives, Parameters], Figures]] = {
    "retrials": retrials,
    "herd": herd,
    "starts": starts,
}


@dataclass(frozen=True)
class Reading:
    """One run without a trace, and what is read from it; a job for a worker process."""

    scenario: Scenario
    seed: int
    reader: str

    def __call__(self) -> Figures:
        """Run it and read what is left."""
        parameters = self.scenario.parameters
        assert isinstance(parameters, Parameters)  # noqa: S101  the harness validated it
        return READERS[self.reader](counted_lives(self.scenario, self.seed), parameters)


@cache
def missing() -> str:
    """What keeps such runs from being made; empty: nothing."""
    if find_spec("numba") is None:
        return "Numba is not installed: pip install 'stormlab[fleet]'"
    return ""
