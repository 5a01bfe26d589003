"""Run a fleet scenario on the compiled kernel, and make of it what the reference makes."""

import numpy as np

from stormlab import __version__
from stormlab.clock import to_ns
from stormlab.draws import Draws
from stormlab.fleet.policy_records import NotCompiledError
from stormlab.policy.catalogue import find_policy
from stormlab.scenario import Scenario
from stormlab.trace import Trace
from stormlab_models.fleet.compiled import loop
from stormlab_models.fleet.compiled.setup import Memory, prepare
from stormlab_models.fleet.compiled.words import WORDS
from stormlab_models.fleet.parameters import Parameters
from stormlab_models.fleet.setting import faults_of_run, groups_of, header

EVENTS_AT_ONCE = 2_000_000
ROWS_AT_ONCE = 1 << 20
BIN_NS = 100_000_000
ROOM_MAX = 64


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


def traced(scenario: Scenario, seed: int) -> Trace:
    """The trace of a run, equal to the reference's."""
    room = 1
    while True:
        try:
            return _traced(scenario, seed, room)
        except FullError:
            room *= 4
            if room > ROOM_MAX:
                raise


def _traced(scenario: Scenario, seed: int, room: int) -> Trace:
    parameters = scenario.parameters
    assert isinstance(parameters, Parameters)  # noqa: S101
    why = refused(scenario)
    if why:
        raise NotCompiledError(why)
    draws = Draws(seed)
    until_ns = to_ns(scenario.duration_s)
    policies = [find_policy(group) for group in parameters.groups]
    groups = groups_of(parameters.mix, draws, parameters.clients.count)
    faults = faults_of_run(parameters, draws, scenario.faults)
    found_header = header(parameters, draws, policies, groups.tolist())
    sockets = parameters.clients.count * parameters.clients.sockets
    most = ROWS_AT_ONCE + 16 * (sockets + parameters.clients.count)
    memory = prepare(
        parameters, policies, groups, faults, draws, until_ns, rows_max=most, bin_ns=BIN_NS, room=room
    )
    rows = list(_rows(memory))
    w = memory.world[0]
    for drawn, table in ((w["latencies_drawn"], memory.latency), (w["works_drawn"], memory.work)):
        if drawn and table is not None:
            draws.drew_from(table)
    given = {
        **found_header,
        "stormlab": __version__,
        "model": scenario.model,
        "scenario": scenario.name,
        "scenario_hash": scenario.hash,
        "seed": seed,
        "tables": draws.tables_digest,
        "duration_ns": until_ns,
    }
    return Trace(given, np.concatenate(rows), _details(memory))


def _details(memory: Memory) -> tuple[str, ...]:
    """The strings of the trace, in the order in which they were met."""
    numbers = memory.arrays["detail_p"]
    met = {int(number): text for number, text in zip(numbers, WORDS, strict=True) if number}
    return ("", *(met[number] for number in sorted(met)))


def _rows(memory: Memory):
    world, rows = memory.world, memory.arrays["row_p"]
    loop.begin(memory.address, *memory.start)
    while True:
        status = loop.run(memory.address, EVENTS_AT_ONCE)
        if status in (loop.ROWS_FULL, loop.DONE):
            yield rows[: int(world[0]["rows"])].copy()
            world[0]["rows"] = 0
        if status == loop.DONE:
            break
        if status not in (loop.ROWS_FULL, loop.PAUSED):
            raise FullError(f"status {status}")
    if memory.policies.trouble:
        raise NotCompiledError(memory.policies.trouble)
