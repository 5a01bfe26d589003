"""What became of each socket of a fleet: read from a trace, or from a run without one.

A trace of a million clients takes gigabytes. The compiled engine run without one leaves the last
state of every socket, from which figures over sockets can be read: how often they tried, when they
tried last, when they were connected. Both ways give the same arrays, which the tests compare.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stormlab.clock import to_ns
from stormlab.draws import UNIT_BITS
from stormlab.scenario import Scenario
from stormlab.trace import Trace
from stormlab.vocabulary import Event
from stormlab_models.fleet.parameters import Parameters

NEVER_NS = -1


@dataclass(frozen=True)
class Lives:
    """Sockets in the order of their clients. Times are nanoseconds; ``NEVER_NS``: it never came.

    ``started_ns``: when the page came up and asked for a connection; 0 for a fleet that was settled
    before. ``attempts``: sockets made, the settled one included. ``tried_ns``: when the last of
    them was made. ``opened_ns``: when that one opened; NEVER_NS if it is not open at the end.
    """

    started_ns: NDArray[np.int64]
    attempts: NDArray[np.int64]
    tried_ns: NDArray[np.int64]
    opened_ns: NDArray[np.int64]


def of_trace(trace: Trace) -> Lives:
    """Read a trace of the model ``fleet``."""
    sockets = int(trace.header["sockets"])
    made, opened, over = (trace.of(each) for each in (Event.NEW, Event.OPEN, Event.CLOSE))

    def owners(rows: NDArray[np.void]) -> NDArray[np.int64]:
        found: NDArray[np.int64] = rows["client"].astype(np.int64) * sockets + rows["endpoint"]
        return found

    count = int(trace.header["clients"]) * sockets
    times = {name: np.full(count, NEVER_NS, dtype=np.int64) for name in ("first", "last", "open")}
    times["last"][owners(made)] = made["time_ns"]  # rows are in order: the last one stays
    times["first"][owners(made)[::-1]] = made["time_ns"][::-1]
    times["open"][owners(opened)] = opened["time_ns"]
    ended = np.full(count, NEVER_NS, dtype=np.int64)
    ended[owners(over)] = over["attempt"]
    attempts = np.bincount(owners(made), minlength=count).astype(np.int64)
    times["open"][(times["open"] < times["last"]) | (ended == attempts)] = NEVER_NS
    return Lives(times["first"], attempts, times["last"], times["open"])


def counted_lives(scenario: Scenario, seed: int) -> Lives:
    """Run the compiled engine without a trace, and read what it leaves.

    For policies that try at once when their page comes up, as all do that are made of parts.

    Raises:
        NotCompiledError: for what only the reference engine can do.
    """
    from stormlab_models.fleet.compiled.run import counted  # noqa: PLC0415  heavy

    parameters = scenario.parameters
    assert isinstance(parameters, Parameters)  # noqa: S101  the harness validated it
    run = counted(scenario, seed)
    clients = parameters.clients
    count = clients.count * clients.sockets
    body = run.memory.policies.state["body_p"]
    sockets, remembered = body["socket"][:count], body["me"][:count]
    attempts = sockets["attempts"].astype(np.int64)
    links = body["link"][np.maximum(sockets["link"], 0)]
    is_open = (sockets["link"] >= 0) & (links["over"] == 0) & (links["opened_ns"] > -(1 << 62))
    tried_ns = np.where(attempts > 0, np.maximum(remembered["began_ns"], 0), NEVER_NS)
    opened_ns = np.where(is_open, np.maximum(links["opened_ns"], 0), NEVER_NS)
    started_ns = np.zeros(count, dtype=np.int64)
    if clients.start == "cold":
        who = np.arange(clients.count, dtype=np.uint64) << np.uint64(20)
        units = run.draws.bits_array(who, "cold start").astype(np.float64) / (1 << UNIT_BITS)
        came_ns = np.rint(units * to_ns(clients.cold_spread_s)).astype(np.int64)
        started_ns = np.repeat(came_ns, clients.sockets)
        started_ns[attempts == 0] = NEVER_NS
    return Lives(started_ns, attempts, tried_ns, opened_ns)
