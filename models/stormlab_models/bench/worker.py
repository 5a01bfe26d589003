"""One measured run in a process of its own: ``python -m stormlab_models.bench.worker KIND N SEED``.

As ``worker stay`` it measures what each line that it is given says (KIND N SEED OUTAGE_S), until
there are no more: for what a worker costs that has started already.

Prints one JSON object: processor seconds (``cpu_s``), what the process's memory grew by
(``grew_bytes``), attempts, events, and a hash of the outcome. Compiling, imports and Python's own
memory are not counted.
"""

import gc
import json
import resource
import sys
from pathlib import Path
from time import process_time  # noqa: TID251  a benchmark measures real time
from typing import Any

from stormlab.model import make_scenario, run
from stormlab.scenario import Scenario
from stormlab.vocabulary import EVENT_CODE, Event

PER_CLIENT = 8
KINDS = ("reference", "traced", "counted", "summary")


def restart(sockets: int, outage_s: float = 60) -> Scenario:
    """A restart: eight sockets a client, limited admission and full jitter.

    Service and admission grow with the fleet.
    """
    document = {
        "model": "fleet",
        "duration_s": 340 + outage_s,
        "policy": "aws-full-jitter",
        "clients": {"count": max(1, sockets // PER_CLIENT), "sockets": PER_CLIENT},
        "server": {"pods": max(1, sockets // 80_000), "workers": 8},
        "admission": {"rate_per_s": sockets / 53, "burst": max(1, sockets // 800)},
        "faults": [{"do": "crash", "at_s": 10, "for_s": outage_s}],
    }
    return make_scenario(document, name=f"restart of {sockets:,}")


def measured(kind: str, sockets: int, seed: int, outage_s: float = 60) -> dict[str, Any]:
    """Run once and say what it cost."""
    scenario = restart(sockets, outage_s)
    if kind != "reference":
        run(restart(PER_CLIENT), seed, "fleet")  # the kernel and all modules are there
    gc.collect()
    before = _resident_bytes()
    begin = process_time()
    told = _run(kind, scenario, seed)
    told["cpu_s"] = process_time() - begin
    told["grew_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
    return told


def _resident_bytes() -> int:
    """What this process has in memory now; its highest so far where that cannot be read."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return pages * resource.getpagesize()


def _run(kind: str, scenario: Scenario, seed: int) -> dict[str, Any]:
    if kind in {"reference", "traced"}:
        trace = run(scenario, seed, "reference" if kind == "reference" else "fleet")
        return {"attempts": trace.count(Event.NEW), "events": len(trace), "hash": trace.hash}
    if kind == "summary":
        from stormlab_models.fleet.compiled.summary import summary  # noqa: PLC0415  heavy

        found = summary(scenario, seed)
        attempts = found.events[str(Event.NEW)]
        return {"attempts": attempts, "events": sum(found.events.values()), "hash": found.hash}
    from stormlab_models.fleet.compiled.run import counted  # noqa: PLC0415  heavy

    memory = counted(scenario, seed).memory
    counts = memory.arrays["count_p"].reshape(-1, 3)
    return {
        "attempts": int(counts[EVENT_CODE[Event.NEW], 0]),
        "events": int(counts[:, 0].sum()),
        "turns": int(memory.world[0]["events"]),
        "hash": str(counts[:, 0].tolist()),
    }


def main() -> None:
    """Measure what the command line says, or what each line of the input does."""
    if sys.argv[1:] == ["stay"]:
        for line in sys.stdin:
            tell(line.split())
    else:
        tell(sys.argv[1:])


def tell(words: list[str]) -> None:
    """Measure what words say, and print it."""
    kind, sockets, seed, outage_s = words
    if kind not in KINDS:
        sys.exit(f"found '{kind}'; allowed: {', '.join(KINDS)}")
    found = measured(kind, int(sockets), int(seed), float(outage_s))
    print(json.dumps(found), flush=True)  # noqa: T201  the result


if __name__ == "__main__":
    main()
