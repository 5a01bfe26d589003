"""Storm A in plain SimPy: `python storm_a_simpy.py CLIENTS SEED`.

A storm that any simulator can express: N clients lose their sockets at once and try again at once.
One worker serves C = N / 20 handshakes a second, C / 2 may wait, the others are refused. After
refusal k (the first is 0) a client sleeps uniformly from 0 to min(30, 2**k) s. Each way takes 20
to 80 ms. The run ends when all are open.
"""

import random  # noqa: TID251  a script as one writes it, with a stream of random numbers
import sys
from collections.abc import Generator
from time import process_time  # noqa: TID251  a benchmark measures real time
from typing import Any

import simpy
from benchmarks.programs.cost import tell

LATENCY_S = 0.02, 0.08
CAP_S = 30.0

Steps = Generator[simpy.Event, Any, None]


class Storm:
    """All clients, the server, and what is counted of them."""

    def __init__(self, clients: int, seed: int) -> None:
        """Let every client begin."""
        self.env = simpy.Environment()
        self.random = random.Random(seed)  # noqa: S311  no secrets
        per_s = clients / 20
        self.work_s = 1 / per_s
        self.backlog = max(1, clients // 40)
        self.worker = simpy.Resource(self.env, 1)
        self.attempts = 0
        self.opened_s = 0.0
        for _ in range(clients):
            self.env.process(self.client())

    def way_s(self) -> float:
        """How long a message takes."""
        return self.random.uniform(*LATENCY_S)

    def client(self) -> Steps:
        """Try until the connection is open."""
        env, refusals = self.env, 0
        while True:
            self.attempts += 1
            yield env.timeout(self.way_s())
            if len(self.worker.queue) < self.backlog:
                break
            yield env.timeout(self.way_s())
            yield env.timeout(self.random.uniform(0, min(CAP_S, 2**refusals)))
            refusals += 1
        with self.worker.request() as turn:
            yield turn
            yield env.timeout(self.work_s)
        yield env.timeout(self.way_s())
        self.opened_s = env.now


def main() -> None:
    """Print what came of it, as lines of a name and a number."""
    clients, seed = int(sys.argv[1]), int(sys.argv[2])
    begin_s = process_time()
    storm = Storm(clients, seed)
    storm.env.run()
    took_s = process_time() - begin_s
    tell(storm.attempts, storm.opened_s, took_s)


if __name__ == "__main__":
    main()
