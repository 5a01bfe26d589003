"""Run a fleet scenario on the compiled kernel, and make of it what the reference makes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from stormlab import __version__
from stormlab.clock import to_ns
from stormlab.draws import Draws
from stormlab.fleet.policy_records import NotCompiledError, policy_tables
from stormlab.fleet.streams import Streams
from stormlab.policy.catalogue import find_policy
from stormlab.scenario import Scenario
from stormlab.summary import EVENTS_MAX, TooLongError
from stormlab.trace import Trace, joined
from stormlab_models.fleet.compiled import loop
from stormlab_models.fleet.compiled.ends import Ends
from stormlab_models.fleet.compiled.kernel import entries
from stormlab_models.fleet.compiled.policies import parts_of
from stormlab_models.fleet.compiled.setup import ROWS_AT_ONCE, Memory, prepare
from stormlab_models.fleet.compiled.words import WORDS
from stormlab_models.fleet.parameters import Parameters
from stormlab_models.fleet.setting import faults_of_run, groups_of, header

EVENTS_AT_ONCE = 2_000_000  # between two looks at Ctrl-C
ROOM_MAX = 256
ROWS_AT_LEAST = 2  # of a trace, for each socket that is there when it begins

T = TypeVar("T")


class FullError(Exception):
    """More was under way than there was memory for."""


def refused(scenario: Scenario) -> str:
    """What in a scenario only the reference engine can do; empty: nothing."""
    parameters = scenario.parameters
    assert isinstance(parameters, Parameters)  # noqa: S101  the harness validated it
    if parameters.clients.reload_after_s is not None:
        return "clients.reload_after_s: people who load the page again"
    for order, fault in enumerate(scenario.faults):
        if fault.do == "hide":
            return f"faults.{order}.do = 'hide': the timers of hidden pages"
    return ""


def why_not(scenario: Scenario) -> str:
    """What keeps the kernel from running a scenario, its policies included; empty: nothing."""
    found = refused(scenario)
    if found:
        return found
    parameters = scenario.parameters
    assert isinstance(parameters, Parameters)  # noqa: S101
    ends = Ends.of(parameters, scenario.faults)
    for group in parameters.groups:
        policy = find_policy(group)
        try:
            policy_tables(parts_of(policy), ends.happened)
        except NotCompiledError as error:
            return f"policy {policy.name}: {error}"
    return ""


@dataclass
class Started:
    """A run that has begun."""

    memory: Memory
    draws: Draws
    header: dict[str, object]

    def statuses(self) -> Iterator[int]:
        """Let it go on to the end; gives back control whenever rows must be taken, and at the end.

        Raises:
            FullError: when the memory for what is under way is full.
            NotCompiledError: when a policy met a limit of the kernel.
        """
        begin, run = entries()
        address = self.memory.address
        begin(address, *self.memory.start)
        while True:
            status = run(address, EVENTS_AT_ONCE)
            if status in (loop.ROWS_FULL, loop.DONE):
                yield status
            if status == loop.DONE:
                break
            if status not in (loop.ROWS_FULL, loop.PAUSED):
                raise FullError(f"status {status}")
        if self.memory.policies.trouble:
            raise NotCompiledError(self.memory.policies.trouble)


def start(
    scenario: Scenario,
    seed: int,
    *,
    watched: int | None = None,
    room: int = 1,
    streams: Streams | None = None,
    rows: int = ROWS_AT_ONCE,
) -> Started:
    """Lay a run out in memory; see :func:`.setup.prepare`. ``watched``: None: all clients.

    Raises:
        NotCompiledError: for what only the reference engine can do.
    """
    why = refused(scenario)
    if why:
        raise NotCompiledError(why)
    parameters = scenario.parameters
    assert isinstance(parameters, Parameters)  # noqa: S101
    draws = Draws(seed)
    policies = [find_policy(group) for group in parameters.groups]
    groups = groups_of(parameters.mix, draws, parameters.clients.count)
    memory = prepare(
        parameters,
        policies,
        groups,
        faults_of_run(parameters, draws, scenario.faults),
        draws,
        to_ns(scenario.duration_s),
        watched=parameters.clients.count if watched is None else watched,
        room=room,
        streams=streams,
        rows=rows,
    )
    listed = groups.tolist() if parameters.mix else []
    return Started(memory, draws, header(parameters, draws, policies, listed))


def with_room(make: Callable[[int], T]) -> T:
    """Give a run more memory for what is under way until it is enough."""
    room = 1
    while True:
        try:
            return make(room)
        except FullError:
            room *= 4
            if room > ROOM_MAX:
                raise


def traced(scenario: Scenario, seed: int, events_max: int = EVENTS_MAX) -> Trace:
    """The trace of a run, equal to the reference's.

    Raises:
        NotCompiledError: for what only the reference engine can do.
        TooLongError: when it has more events than that.
    """
    clients = scenario.parameters.model_dump()["clients"]
    least = ROWS_AT_LEAST * clients["count"] * clients["sockets"]
    if clients["start"] == "settled" and least > events_max:
        raise TooLongError(events_max)

    def make(room: int) -> Trace:
        started = start(scenario, seed, room=room, rows=events_max)
        return trace_of(scenario, seed, started, collected(started, events_max))

    return with_room(make)


def sampled(started: Started, rows_max: int) -> list[NDArray[np.void]]:
    """Let a run go on to its end; gives the rows of those who are watched to the end.

    Where they are more than ``rows_max``, only the first half of the clients is watched on: memory
    does not grow with the number of attempts.
    """
    memory, world = started.memory, started.memory.world
    rows: list[NDArray[np.void]] = []
    for _ in started.statuses():
        rows.append(_taken(memory))
        watched = int(world[0]["watched_who"]) >> 20
        while sum(map(len, rows)) > rows_max and watched > 1:
            watched //= 2
            rows = [part[part["client"] < watched] for part in rows]
        world[0]["watched_who"] = watched << 20
        world[0]["watched"] = watched * int(world[0]["per_client"])
    return rows


def collected(started: Started, events_max: int | None = None) -> list[NDArray[np.void]]:
    """Let a run go on to its end; gives the rows of its trace.

    Raises:
        TooLongError: when there are more than that.
    """
    memory = started.memory
    rows: list[NDArray[np.void]] = []
    total = 0
    for _ in started.statuses():
        rows.append(_taken(memory))
        total += len(rows[-1])
        if events_max is not None and total > events_max:
            raise TooLongError(events_max)
    return rows


def _taken(memory: Memory) -> NDArray[np.void]:
    """The rows that the kernel has written since they were last taken; it goes on in new memory."""
    world, written = memory.world[0], memory.arrays["row_p"]
    count = int(world["rows"])
    memory.arrays["row_p"] = np.empty(len(written), written.dtype)
    world["row_p"], world["rows"] = memory.arrays["row_p"].ctypes.data, 0
    return written[:count]


def trace_of(
    scenario: Scenario, seed: int, started: Started, rows: list[NDArray[np.void]]
) -> Trace:
    """The trace that rows are; empties their list."""
    memory, world = started.memory, started.memory.world
    drawn = (("latencies_drawn", memory.latency), ("works_drawn", memory.work))
    for name, table in drawn:
        if world[0][name] and table is not None:
            started.draws.drew_from(table)
    given = {
        **started.header,
        "stormlab": __version__,
        "model": scenario.model,
        "scenario": scenario.name,
        "scenario_hash": scenario.hash,
        "seed": seed,
        "tables": started.draws.tables_digest,
        "duration_ns": to_ns(scenario.duration_s),
    }
    return Trace(given, joined(rows), _details(memory))


def _details(memory: Memory) -> tuple[str, ...]:
    """The strings of the trace, in the order in which they were met."""
    numbers = memory.arrays["detail_p"]
    met = {int(number): text for number, text in zip(numbers, WORDS, strict=True) if number}
    return ("", *(met[number] for number in sorted(met)))


def counted(scenario: Scenario, seed: int) -> Started:
    """Run without a trace: the memory then holds counts and the last state of everybody."""

    def make(room: int) -> Started:
        started = start(scenario, seed, watched=0, room=room)
        for _ in started.statuses():
            pass
        return started

    return with_room(make)
