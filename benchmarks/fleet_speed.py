"""The compiled fleet beside the reference: `python benchmarks/fleet_speed.py [SOCKETS ...]`.

One run each of a restart with an outage of 60 s, limited admission and full jitter, in one process
and one after the other; processor time, and the ratio of attempts a second. The reference keeps a
trace and its collector is off, as in `stormlab run`; the compiled engine is shown with the same
trace (the two hashes are compared) and without one. Compiling is not counted and told apart.
"""

import resource
import sys
from time import process_time  # noqa: TID251  a benchmark measures real time

from stormlab.console import say, table
from stormlab.model import make_scenario, run
from stormlab.scenario import Scenario
from stormlab.vocabulary import EVENT_CODE, Event
from stormlab_models.fleet.compiled.kernel import entries
from stormlab_models.fleet.compiled.run import counted

SOCKETS = (1_000, 10_000)
PER_CLIENT = 8
REFERENCE_MAX = 20_000  # sockets; beyond that the reference takes minutes and gigabytes


def scenario_of(sockets: int) -> Scenario:
    """A fleet whose service and admission grow with it."""
    document = {
        "model": "fleet",
        "duration_s": 400,
        "policy": "aws-full-jitter",
        "clients": {"count": sockets // PER_CLIENT, "sockets": PER_CLIENT},
        "server": {"pods": max(1, sockets // 80_000), "workers": 8},
        "admission": {"rate_per_s": sockets / 53, "burst": max(1, sockets // 800)},
        "faults": [{"do": "crash", "at_s": 10, "for_s": 60}],
    }
    return make_scenario(document, name=f"restart of {sockets:,}")


def main() -> int:
    """Print the table."""
    begin = process_time()
    entries()
    say(f"the compiled engine was ready after {process_time() - begin:.1f} s of the processor")
    rows = []
    for sockets in [int(each) for each in sys.argv[1:]] or SOCKETS:
        scenario = scenario_of(sockets)
        times: list[float | None] = [None, None]
        if sockets <= REFERENCE_MAX:
            begin = process_time()
            reference = run(scenario, 1, "reference")
            times[0] = process_time() - begin
            begin = process_time()
            assert run(scenario, 1, "fleet").hash == reference.hash  # noqa: S101
            times[1] = process_time() - begin
        begin = process_time()
        memory = counted(scenario, 1).memory
        alone = process_time() - begin
        attempts = int(memory.arrays["count_p"].reshape(-1, 3)[EVENT_CODE[Event.NEW], 0])
        told = [
            "-" if each is None else f"{each:.2f} s, 1/{each / alone:.0f} of the speed"
            for each in times
        ]
        rate = f"{alone:.3f} s, {attempts / alone / 1e6:.2f} million attempts/s"
        rows.append([f"{sockets:,}", f"{attempts:,}", *told, rate])
    table(["sockets", "attempts", "reference", "compiled, traced", "compiled, counted"], rows)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    say(f"peak memory of this process: {peak:,.0f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
