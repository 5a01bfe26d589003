"""The restart storm in plain SimPy: `python restart_simpy.py SOCKETS SEED`.

One process per socket, seconds as floats, one stream of random numbers: what an engineer writes in
an afternoon for the scenario of `stormlab_models.bench.worker`. It agrees with stormlab in attempts
per socket and recovery within chance, not bit by bit.

Left out: the policy's connect time-out of 10 s, which never comes in this scenario. A time-out for
each attempt (`request | env.timeout(10)`) would make the script slower and larger.
"""

import random  # noqa: TID251  a script as one writes it, with a stream of random numbers
import sys
from collections.abc import Generator
from time import process_time  # noqa: TID251  a benchmark measures real time
from typing import Any

import simpy
from benchmarks.programs.cost import tell

CRASH_S, UP_S, UNTIL_S = 10.0, 70.0, 400.0
LATENCY_S, LATENCY_LOG = 0.04, 0.5
BASE_S, CAP_S = 1.0, 30.0
SOCKETS_PER_POD, WORKERS, WORK_S = 80_000, 8, 0.002

Steps = Generator[simpy.Event, Any, None]


class Service:
    """Pods of eight workers behind a token bucket; down from the crash to the restart."""

    def __init__(self, env: simpy.Environment, sockets: int) -> None:
        """Start with a full bucket."""
        self.env = env
        pods = max(1, sockets // SOCKETS_PER_POD)
        self.pods = [simpy.Resource(env, WORKERS) for _ in range(pods)]
        self.rate_per_s = sockets / 53
        self.burst = max(1, sockets // 800)
        self.tokens, self.filled_s = float(self.burst), 0.0

    @property
    def is_up(self) -> bool:
        """Whether somebody listens."""
        return not CRASH_S <= self.env.now < UP_S

    def admits(self) -> bool:
        """Take a token, if there is one."""
        earned = (self.env.now - self.filled_s) * self.rate_per_s
        self.tokens, self.filled_s = min(self.burst, self.tokens + earned), self.env.now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class Storm:
    """All sockets, and what is counted of them."""

    def __init__(self, sockets: int, seed: int) -> None:
        """Let every socket be open."""
        self.env = simpy.Environment()
        self.random = random.Random(seed)  # noqa: S311  no secrets
        self.service = Service(self.env, sockets)
        self.attempts = sockets  # the connections that are open when the run begins
        self.opened, self.opened_s = 0, 0.0
        for _ in range(sockets):
            self.env.process(self.socket())

    def latency_s(self) -> float:
        """One way, the same for every packet of an attempt."""
        return LATENCY_S * self.random.lognormvariate(0, LATENCY_LOG)

    def socket(self) -> Steps:
        """Lose the connection in the crash, and try until there is another."""
        env = self.env
        yield env.timeout(CRASH_S + self.latency_s())
        failures = 0
        while True:
            yield env.timeout(self.random.uniform(0, min(CAP_S, BASE_S * 2**failures)))
            failures += 1
            self.attempts += 1
            latency_s = self.latency_s()
            yield env.timeout(latency_s)  # SYN
            if self.service.is_up:
                yield env.timeout(4 * latency_s)  # SYN and ACK, TLS, the request
                if self.service.admits():
                    break
            yield env.timeout(latency_s)  # refused, or rejected with 503
        with self.random.choice(self.service.pods).request() as worker:
            yield worker
            yield env.timeout(WORK_S)
        yield env.timeout(latency_s)
        self.opened += 1
        self.opened_s = env.now


def main() -> None:
    """Print what came of it, as lines of a name and a number."""
    sockets, seed = int(sys.argv[1]), int(sys.argv[2])
    begin_s = process_time()
    storm = Storm(sockets, seed)
    storm.env.run(until=UNTIL_S)
    took_s = process_time() - begin_s
    all_open_s = storm.opened_s if storm.opened == sockets else -1.0
    tell(storm.attempts, all_open_s, took_s)


if __name__ == "__main__":
    main()
