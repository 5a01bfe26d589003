"""How many worlds a second a check tries and judges: `python benchmarks/check_speed.py`.

Time is that of the processor, of this one process, so that other work on the machine counts less;
the best of three rounds is told, beside a loop of plain Python that says how fast the machine is.
"""

import sys
from time import process_time  # noqa: TID251  a benchmark measures real time

from stormlab.check.batch import worlds
from stormlab.check.engine import SELDOM
from stormlab.check.see import see, target_of
from stormlab.console import say, table
from stormlab.properties.promises.promise import Tier

POLICIES = ("aws-full-jitter", "socket.io-client", "phoenix", "pybreaker")
COUNTS: dict[Tier, int] = {"bare": 600, "fleet": 120}
GOALS: dict[Tier, int] = {"bare": 300, "fleet": 60}
ROUNDS = 3
LOOP = 10_000_000


def measured(name: str, tier: Tier) -> float:
    """Worlds per second of the processor, made, lived through and judged."""
    best = float("inf")
    for _ in range(ROUNDS):
        target = target_of(name)  # anew: it remembers what it did under the seeds of its worlds
        promises = [each for each in target.promises() if tier in each.tiers]
        first = see(target, next(worlds(tier, 1, 0, target)))
        for promise in promises:  # what it remembers of itself is not counted per world
            promise.judge(target.subject, first)
        begin = process_time()
        for case, world in enumerate(worlds(tier, COUNTS[tier], 1, target)):
            seen = see(target, world)
            for promise in promises:
                if case % SELDOM.get(promise.name, 1) == 0:
                    promise.judge(target.subject, seen)
        best = min(best, process_time() - begin)
    return COUNTS[tier] / best


def main() -> int:
    """Print the table; 1 when a mean is below its goal."""
    begin = process_time()
    for _ in range(LOOP):
        pass
    loop_s = process_time() - begin
    rows, slow, late = [], False, []
    for tier, goal in GOALS.items():
        rates = [measured(name, tier) for name in POLICIES]
        mean = len(rates) / sum(1 / rate for rate in rates)
        slow = slow or mean < goal
        pairs = zip(POLICIES, rates, strict=True)
        late += [f"{name} ({tier})" for name, rate in pairs if rate < goal]
        rows.append([tier, *(round(rate) for rate in rates), round(mean), goal])
    table(["worlds/s", *POLICIES, "all", "goal"], rows)
    say(f"below the goal by itself: {', '.join(late) or 'none'}")
    say(f"a loop of {LOOP:,} turns of plain Python takes {loop_s:.2f} s here")
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
