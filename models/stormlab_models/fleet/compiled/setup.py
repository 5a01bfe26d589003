"""From a scenario to the memory that the kernel runs on."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormlab.clock import to_ns
from stormlab.draws import Draws, Quantiles, purpose_key
from stormlab.faults import Fault, undoing
from stormlab.fleet.draws import as_array
from stormlab.fleet.policy_records import NotCompiledError
from stormlab.fleet.pools import Pool
from stormlab.fleet.streams import Streams
from stormlab.fleet.wheel import Wheel
from stormlab.policy.catalogue import FoundPolicy
from stormlab.vocabulary import EVENTS
from stormlab_models.fleet.admission import cost_of_ns
from stormlab_models.fleet.compiled import layout
from stormlab_models.fleet.compiled.emit import COUNT_WORDS
from stormlab_models.fleet.compiled.ends import Ends
from stormlab_models.fleet.compiled.layout import NEVER, NONE, ROWS_PER_SOCKET
from stormlab_models.fleet.compiled.policies import Policies
from stormlab_models.fleet.compiled.words import FIRST_VERB, VERBS, WORDS
from stormlab_models.fleet.parameters import Clients, Parameters
from stormlab_models.fleet.wire import SYN_RETRY_S, TLS, latency_table, work_table

ROOM = 1024
ROWS_AT_ONCE = 1 << 20


@dataclass
class Memory:
    """Everything that a run needs, and the arrays that hold it."""

    world: NDArray[np.void]
    wheel: Wheel
    pools: tuple[Pool, ...]
    arrays: dict[str, NDArray[Any]]
    policies: Policies
    latency: Quantiles | None
    work: Quantiles | None
    start: tuple[Any, ...]  # what the kernel's begin() takes besides the world

    @property
    def address(self) -> int:
        """Where the world's record lies."""
        return self.world.ctypes.data


def _ns(seconds: float | None) -> int:
    return NEVER if seconds is None else to_ns(seconds)


def faults_in_order(faults: list[Fault], parameters: Parameters, until_ns: int) -> NDArray[np.void]:
    """Every verb of the schedule in the order in which the clock would have them."""
    rows: list[tuple[int, int, int, str, Fault]] = []
    for order, fault in enumerate(faults):
        for_ns = to_ns(fault.for_s or 0)
        for turn in range(fault.times):
            start_ns = to_ns(fault.at_s) + turn * to_ns(fault.every_s or 0)
            rows.append((start_ns, order, for_ns, fault.do, fault))
            undo = undoing(fault.do)
            if undo and fault.for_s is not None:
                rows.append((start_ns + for_ns, order, 0, undo, fault))
    rows.sort(key=lambda row: row[:2])  # stable: what is scheduled first comes first
    rows = [row for row in rows if row[0] <= until_ns]
    made = np.zeros(len(rows), layout.FAULT)
    for place, (time_ns, _, for_ns, verb, fault) in enumerate(rows):
        number = VERBS.index(verb)
        made[place] = (
            time_ns,
            for_ns,
            purpose_key(f"share {fault.do}"),
            fault.share,
            fault.factor,
            number,
            -1 if fault.pod is None else fault.pod,
            (fault.code or parameters.server.reject_code) if verb == "reject" else 0,
            FIRST_VERB + number,
        )
    return made


def prepare(
    parameters: Parameters,
    policies: list[FoundPolicy],
    groups: NDArray[np.int32],
    faults: list[Fault],
    draws: Draws,
    until_ns: int,
    *,
    watched: int,
    room: int = 1,
    streams: Streams | None = None,
    rows: int = ROWS_AT_ONCE,
) -> Memory:
    """Lay out the memory of a run.

    ``watched``: how many clients have a trace; where it is not all, everybody's events are counted,
    over time too if there are ``streams``. ``room``: how many times the usual memory for what is
    under way. ``rows``: how many of the trace there is room for before they are taken.

    Raises:
        NotCompiledError: for what the kernel cannot do.
    """
    clients, server = parameters.clients, parameters.server
    sockets = clients.count * clients.sockets
    least = 2 * ROWS_PER_SOCKET * watched * clients.sockets + 4 * server.pods
    written = _rows(rows + least, ROWS_AT_ONCE + least) if watched else np.empty(1, layout.ROW)
    usual = 2 * sockets + ROOM
    most = usual * 2 * room
    ends = Ends.of(parameters, faults)
    found = Policies.of(policies, ends, clients.count, clients.sockets, groups, most)
    wheel = Wheel(until_ns, most, usual)
    latency, work = latency_table(parameters.network), work_table(server)
    schedule = faults_in_order(faults, parameters, until_ns)
    arrays: dict[str, NDArray[Any]] = {
        "client_p": np.zeros(clients.count, layout.CLIENT),
        "number_p": np.empty(most if watched else 1, layout.NUMBERS),
        "pod_p": np.zeros(server.pods, layout.POD),
        "call_p": np.empty(16 * most if parameters.dependency.workers else 1, layout.CALL),
        "held_p": np.empty(most, layout.HELD),
        "fault_p": schedule,
        "routed_p": np.arange(server.pods, dtype="<i4"),
        "row_p": written,
        "detail_p": np.zeros(len(WORDS), "<i4"),
        "group_p": found.groups,
        **_tables(parameters),
    }
    try:
        arrays |= {} if latency is None else {"latency_p": as_array(latency)}
        arrays |= {} if work is None else {"work_p": as_array(work)}
    except ValueError as error:
        raise NotCompiledError(str(error)) from None
    _fill(arrays, groups)
    world = np.zeros(1, layout.WORLD)
    _set(world[0], parameters, draws, until_ns)
    w = world[0]
    for name, array in arrays.items():
        w[name] = array.ctypes.data
    w["wheel_p"] = wheel.address
    found.install(w)
    _watch(w, clients, watched, len(written), streams)
    pools = {name: Pool(len(arrays[name])) for name in ("call_p", "held_p")}
    pools = {"link_p": Pool(most, reserved=sockets), **pools}
    for name, pool in zip(("links_p", "calls_p", "helds_p"), pools.values(), strict=True):
        w[name] = pool.address
    w["steps"], w["faults"] = len(arrays["step_p"]), len(schedule)
    w["syn_retries"] = len(arrays["syn_retry_p"])
    w["alone"] = clients.sockets == 1 or not found.shares
    return Memory(
        world, wheel, tuple(pools.values()), arrays, found, latency, work, _start(clients)
    )


def _rows(count: int, least: int) -> NDArray[np.void]:
    """Room for so many rows; where that is not to be had, for less: they are taken more often."""
    try:
        return np.empty(count, layout.ROW)
    except MemoryError:
        return np.empty(min(count, least), layout.ROW)


def _watch(
    w: np.void, clients: Clients, watched: int, rows_max: int, streams: Streams | None
) -> None:
    """Say of whom a trace is kept, and what is counted."""
    w["traced"] = streams is None and watched == clients.count
    w["rows_max"] = rows_max if watched else 0
    w["watched"], w["watched_who"] = watched * clients.sockets, watched << 20
    w["streams_p"] = 0 if streams is None else streams.address


def _start(clients: Clients) -> tuple[Any, ...]:
    """How everybody begins."""
    return (
        int(clients.start == "settled"),
        to_ns(clients.settled_for_s),
        to_ns(clients.settled_spread_s),
        np.uint64(purpose_key("settled")),
        to_ns(clients.cold_spread_s),
        np.uint64(purpose_key("cold start")),
    )


def _tables(parameters: Parameters) -> dict[str, NDArray[Any]]:
    """What is read and never written, and the counts of events."""
    steps = sorted(parameters.admission.steps, key=lambda step: step.at_s)
    tls = [TLS[parameters.network.tls, resumed] for resumed in (False, True)]
    return {
        "step_p": np.array(
            [(to_ns(step.at_s), cost_of_ns(step.rate_per_s)) for step in steps], layout.STEP
        ),
        "tls_p": np.array(
            [
                (each.up, each.down, each.round_trips, WORDS.index(each.name) if each.name else -1)
                for each in tls
            ],
            layout.TLS,
        ),
        "syn_retry_p": np.array(
            [to_ns(each) for each in SYN_RETRY_S[parameters.network.syn_retry]], "<i8"
        ),
        "count_p": np.zeros(len(EVENTS) * COUNT_WORDS, "<i8"),
    }


def _fill(
    arrays: dict[str, NDArray[Any]],
    groups: NDArray[np.int32],
) -> None:
    """Let everything be as at the start."""
    client, pod = arrays["client_p"], arrays["pod_p"]
    client["cut_ns"] = -1
    client["held_first"] = client["held_last"] = NONE
    client["group"] = groups
    pod["first"] = pod["last"] = NONE
    pod["up"] = 1


def _set(w: np.void, parameters: Parameters, draws: Draws, until_ns: int) -> None:
    """Put the parameters into the world's record."""
    clients, network, server = parameters.clients, parameters.network, parameters.server
    admission, dependency = parameters.admission, parameters.dependency
    talks_s = [
        each for each in (parameters.messages.every_s, server.ping_interval_s) if each is not None
    ]
    values: dict[str, Any] = {
        "key": draws.key,
        "clients": clients.count,
        "per_client": clients.sockets,
        "owners": clients.count * clients.sockets,
        "pods": server.pods,
        "workers": server.workers,
        "backlog": server.backlog,
        "hangs": server.down == "hang",
        "refuses_full": server.overflow == "refuse",
        "lifo": server.queue == "lifo",
        "skips": server.abandoned == "skipped",
        "proves": server.proves,
        "elsewhere": network.http_first_elsewhere,
        "dependency_first": dependency.before_accept,
        "over_1013": admission.over == "1013",
        "over_status": int(admission.over),
        "close_code": server.close_code,
        "drain_code": server.drain_code,
        "reject_code": server.reject_code,
        "dependency_code": dependency.close_code,
        "close_spread_ns": to_ns(server.close_spread_s),
        "reject_after_ns": to_ns(server.reject_after_s),
        "ping_interval_ns": _ns(server.ping_interval_s),
        "ping_timeout_ns": to_ns(server.ping_timeout_s),
        "drain_per_s": server.drain_per_s,
        "idle_cut_ns": _ns(network.idle_cut_s),
        "talk_min_ns": min((to_ns(each) for each in talks_s), default=NEVER),
        "loss": network.loss,
        "resumed_share": network.resumed_share,
        "request_bytes": network.request_bytes,
        "response_bytes": network.response_bytes,
        "error_bytes": network.error_bytes,
        "http_first_bytes": network.http_first_bytes,
        "latency_ns": to_ns(network.latency_s),
        "work_ns": to_ns(server.handshake_s),
        "burst": admission.burst,
        "bucket_cost_ns": cost_of_ns(admission.rate_per_s) if admission.rate_per_s else 0,
        "service_ns": to_ns(dependency.service_s),
        "call_timeout_ns": to_ns(dependency.timeout_s),
        "call_tries": dependency.tries,
        "has_dependency": dependency.workers is not None,
        "workers_free": dependency.workers or 0,
        "until_ns": until_ns,
        "slow": 1.0,
        "routed": server.pods,
        "details": 1,
    }
    values["bucket_credit_ns"] = admission.burst * values["bucket_cost_ns"]
    for name in ("call_first", "call_last"):
        values[name] = NONE
    for purpose in ("latency", "work", "pod", "fin"):
        values[f"{purpose}_key"] = purpose_key(purpose)
    values["loss_key"] = purpose_key("syn loss")
    values["tls_key"] = purpose_key("tls resumed")
    values["idle_key"] = purpose_key("idle phase")
    for name, value in values.items():
        w[name] = value
