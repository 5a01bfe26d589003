"""What real client code costs: Hypothesis cases per second, and a restart of a thousand clients.

Run as a program (``python -m stormlab_models.bench.clients KIND LIBRARY N``) it measures one thing
in a process of its own and prints one JSON object; see :func:`clients` for the table.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from time import process_time  # noqa: TID251  a benchmark measures real time
from typing import Any

from stormlab.check.batch import settled_s
from stormlab.check.see import see, target_of
from stormlab.hosts.failure import HostError
from stormlab.hosts.fleet import run_fleet
from stormlab.hosts.javascript.client import CLOSING_NS
from stormlab.hosts.javascript.code import code_of, maker
from stormlab.vocabulary import Event
from stormlab.worlds.bare import BareWorld, Phase
from stormlab_models.bench.measures import BenchError, Found, Sizes, in_turns, middle
from stormlab_models.libraries.recipes import RECIPES

LIBRARIES = ("reconnecting-websocket", "socket.io-client")
CASES, CASES_QUICK = 400, 60
FLEET, FLEET_QUICK = 1_000, 100
RESTART = BareWorld((Phase("serve", 20.0), Phase("stop", 10.0)), settle_s=90.0)
TIMEOUT_S = 1_800
AIMS = {"reconnecting-websocket": 150, "socket.io-client": 60}
FLEET_AIM_S = 10


@dataclass
class _Tally:
    cases: int = 0
    steps: int = 0
    broken: set[str] = field(default_factory=set)


def cases(library: str, count: int) -> dict[str, Any]:
    """Let Hypothesis draw worlds for one client, and hold it to the promises in each."""
    from hypothesis import HealthCheck, Phase, given, settings  # noqa: PLC0415  an extra

    from stormlab.strategies import code_worlds  # noqa: PLC0415  as above

    target = target_of(RECIPES[library])
    promises = [each for each in target.promises() if "code" in each.tiers and not each.walks]
    tally = _Tally()

    @settings(
        max_examples=count,
        database=None,
        derandomize=True,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(code_worlds(settled_s(target)))
    def lives(world: BareWorld) -> None:
        seen = see(target, world)
        tally.cases += 1
        tally.steps += len(seen.stories[0].steps)
        for promise in promises:
            if promise.judge(target.subject, seen).outcome == "broken":
                tally.broken.add(promise.name)

    begin = process_time()
    lives()
    cpu_s = process_time() - begin
    return {"cases": tally.cases, "steps": tally.steps, "per_s": tally.cases / cpu_s}


def restart(library: str, count: int) -> dict[str, Any]:
    """Let so many clients go through a restart of 10 s together."""
    recipe = RECIPES[library]
    make = maker(recipe)
    run_fleet(make, recipe.peer, BareWorld(settle_s=1.0), 1)  # all is compiled
    begin = process_time()
    stories = run_fleet(make, recipe.peer, RESTART, count, closing_ns=CLOSING_NS[recipe.profile])
    cpu_s = process_time() - begin
    attempts = sum(len(story.of(Event.NEW)) for story in stories)
    opened = sum(len(story.of(Event.OPEN)) == 2 for story in stories)  # noqa: PLR2004  and again
    return {"clients": count, "attempts": attempts, "back": opened, "cpu_s": cpu_s}


KINDS = {"cases": cases, "restart": restart}


def _in_a_process(kind: str, library: str, count: int) -> dict[str, Any]:
    """One measurement.

    Raises:
        BenchError: if it fails.
    """
    command = [sys.executable, "-m", "stormlab_models.bench.clients", kind, library, str(count)]
    done = subprocess.run(  # noqa: S603  our own module
        command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise BenchError(f"{kind} of {library}: {last[0]}")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def clients(sizes: Sizes) -> Iterator[Found]:
    """Cases per second of one client, and a restart of a thousand, for two libraries."""
    quick = sizes.small < 10_000  # noqa: PLR2004  as Sizes.of
    found = Found(
        "Real client code, one core",
        ["library", "cases/s", "aim", "clients", "restart, s", "aim", "attempts", "back"],
    )
    try:
        for library in LIBRARIES:
            code_of(RECIPES[library])
    except HostError as error:
        found.notes.append(f"not measured: {error}")
        yield found
        return
    for library in LIBRARIES:
        count, fleet = (CASES_QUICK, FLEET_QUICK) if quick else (CASES, FLEET)
        told, whole = in_turns(
            sizes.runs,
            partial(_in_a_process, "cases", library, count),
            partial(_in_a_process, "restart", library, fleet),
        )
        per_s, cpu_s = middle(told, "per_s"), middle(whole, "cpu_s")
        last = whole[-1]
        found.rows.append(
            [
                library,
                f"{per_s:,.0f}",
                f"{AIMS[library]}",
                f"{fleet:,}",
                f"{cpu_s:.1f}",
                f"{FLEET_AIM_S}",
                f"{last['attempts']:,}",
                f"{last['back']:,}",
            ]
        )
        found.data[library] = {"per_s": per_s, "restart_s": cpu_s, **last}
    found.notes.append(
        "cases/s: Hypothesis draws a world, the client lives in it, every promise judges"
    )
    yield found


def main() -> None:
    """Measure what the command line says."""
    kind, library, count = sys.argv[1:]
    print(json.dumps(KINDS[kind](library, int(count))))  # noqa: T201  the result


if __name__ == "__main__":
    main()
