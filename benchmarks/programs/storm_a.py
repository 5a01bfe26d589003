"""Storm A in stormlab: `python -m benchmarks.programs.storm_a CLIENTS SEED [reference]`.

The storm of `storm_a_simpy.py` as a scenario of the model `fleet`, and the same printout; without
the last word on the compiled engine, without a trace. What differs, and how much:

- Latencies are lognormal, not uniform from 20 to 80 ms; mean and standard deviation are the same.
  One latency is drawn per attempt and holds for every packet, in both directions.
- A handshake takes four ways, not two: SYN, SYN and ACK, request, 101. A refusal takes two in both.
- A handshake has its place in the accept queue from its SYN on, two ways (0.1 s) before it can be
  served; in storm A an attempt arrives at once. A fifth of the queue's half second is taken so.
- A client gives an attempt up after 10 s, which never comes.

None of these moves the attempts per client or the time when all are open by more than chance does
between two seeds; a test holds both against the plain script.
"""

import sys
from math import log, sqrt
from time import process_time  # noqa: TID251  a benchmark measures real time

from benchmarks.programs.cost import tell
from benchmarks.programs.storm_a_simpy import LATENCY_S

from stormlab.clock import to_s
from stormlab.model import make_scenario, run
from stormlab.scenario import Scenario
from stormlab.vocabulary import EVENT_CODE, Event
from stormlab_models.fleet.compiled.run import counted

NEW, OPEN = EVENT_CODE[Event.NEW], EVENT_CODE[Event.OPEN]


def lognormal_like(low: float, high: float) -> tuple[float, float]:
    """Median and sigma of the lognormal with the mean and standard deviation of a uniform."""
    mean, variance = (low + high) / 2, (high - low) ** 2 / 12
    sigma = sqrt(log(1 + variance / mean**2))
    return mean / sqrt(1 + variance / mean**2), sigma


def scenario_of(clients: int) -> Scenario:
    """The scenario; its server grows with the fleet."""
    latency_s, sigma = lognormal_like(*LATENCY_S)
    document = {
        "model": "fleet",
        "duration_s": 60,
        "policy": "aws-full-jitter",  # U(0, min(30, 2**k)) s after failure k, from 0
        "clients": {"count": clients, "sockets": 1, "start": "cold"},
        "network": {"latency_s": latency_s, "latency_sigma": sigma, "tls": "none"},
        "server": {
            "workers": 1,
            "handshake_s": 20 / clients,
            "backlog": max(1, clients // 40),
            "overflow": "refuse",
        },
    }
    return make_scenario(document, name=f"storm A of {clients:,}")


def counts(clients: int, seed: int) -> tuple[int, int, float]:
    """Attempts, opened connections and when the last was opened, by the compiled engine."""
    memory = counted(scenario_of(clients), seed).memory
    events = memory.arrays["count_p"].reshape(-1, 3)[:, 0]
    bodies = memory.policies.state["body_p"]
    opened_ns = bodies["link"]["opened_ns"][bodies["socket"]["link"][:clients]]
    return int(events[NEW]), int(events[OPEN]), to_s(int(opened_ns.max()))


def counts_of_reference(clients: int, seed: int) -> tuple[int, int, float]:
    """The same by the reference engine."""
    trace = run(scenario_of(clients), seed, "reference")
    opened = trace.of(Event.OPEN)
    return trace.count(Event.NEW), len(opened), to_s(int(opened["time_ns"].max()))


def main() -> None:
    """Print what came of it, as lines of a name and a number."""
    clients, seed = int(sys.argv[1]), int(sys.argv[2])
    run_it = counts
    if sys.argv[3:] == ["reference"]:
        run_it = counts_of_reference
    else:
        counts(8, seed)  # the kernel and all modules are there before the clock runs
    begin_s = process_time()
    attempts, opened, last_s = run_it(clients, seed)
    took_s = process_time() - begin_s
    tell(attempts, last_s if opened == clients else -1.0, took_s)


if __name__ == "__main__":
    main()
