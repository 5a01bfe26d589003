"""What is settled before a fleet's run begins, whichever engine runs it: groups, faults, header."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stormlab.clock import to_ns
from stormlab.draws import UNIT_BITS, Draws
from stormlab.faults import Fault
from stormlab.policy.catalogue import FoundPolicy
from stormlab.scenario import ScenarioError
from stormlab_models.fleet.parameters import Mix, Parameters
from stormlab_models.machine import address

SERVER_FAULTS = ("crash", "stop", "hang", "drain", "reject", "slow")
CLIENT_FAULTS = ("cut", "offline", "hide")


def group_of(mix: Sequence[Mix], draws: Draws, number: int) -> int:
    """Which group of a mixed fleet a client belongs to, by a draw of its own."""
    if not mix:
        return 0
    left = draws.unit(address(number), "group")
    for index, group in enumerate(mix):
        left -= group.share
        if left < 0:
            return index
    return len(mix) - 1


def groups_of(mix: Sequence[Mix], draws: Draws, count: int) -> NDArray[np.int32]:
    """The group of each client, as :func:`group_of` gives it, for many at once."""
    groups = np.zeros(count, dtype=np.int32)
    if not mix:
        return groups
    numbers = np.arange(count, dtype=np.uint64) << np.uint64(20)
    left = draws.bits_array(numbers, "group").astype(np.float64) / (1 << UNIT_BITS)
    groups[:] = len(mix) - 1
    undecided = np.ones(count, dtype=bool)
    for index, group in enumerate(mix):
        left -= group.share
        groups[undecided & (left < 0)] = index
        undecided &= left >= 0
    return groups


def faults_of_run(parameters: Parameters, draws: Draws, given: Sequence[Fault]) -> list[Fault]:
    """The schedule of one run, with the turns of a rolling restart.

    Raises:
        ScenarioError: for a pod that is not there.
    """
    rolling, pods = parameters.rolling, parameters.server.pods
    for order, fault in enumerate(given):
        if fault.pod is not None and fault.pod >= pods:
            msg = f"faults.{order}.pod: found {fault.pod}; allowed: 0 to {pods - 1}"
            raise ScenarioError(msg)
    lasting = [
        _lasting(fault, order, parameters.fault_spread_s, draws)
        for order, fault in enumerate(given)
    ]
    if rolling is None:
        return lasting
    turns = [
        Fault(
            do="stop",
            pod=pod,
            at_s=rolling.at_s + pod * rolling.every_s,
            for_s=rolling.down_s,
        )
        for pod in range(pods)
    ]
    return [*lasting, *turns]


def _lasting(fault: Fault, order: int, spread_s: float, draws: Draws) -> Fault:
    """The fault with the length that it has in this run."""
    if fault.for_s is None or not spread_s:
        return fault
    change_s = (2 * draws.unit(order, "length of fault") - 1) * spread_s
    for_s = min(max(0.0, fault.for_s + change_s), fault.every_s or math.inf)
    return fault.model_copy(update={"for_s": for_s})


def header(
    parameters: Parameters,
    draws: Draws,
    policies: Sequence[FoundPolicy],
    groups: Sequence[int],
) -> dict[str, object]:
    """What the figures need to know of the world; ``groups``: of each client."""
    server, messages = parameters.server, parameters.messages
    capacity = server.pods * server.workers / server.handshake_s
    rate = parameters.admission.rate_per_s
    every_ns = to_ns(messages.every_s) if messages.every_s else 0
    found: dict[str, object] = {
        "endpoints": [f"socket {place}" for place in range(parameters.clients.sockets)],
        "clients": parameters.clients.count,
        "sockets": parameters.clients.sockets,
        "pods": server.pods,
        "workers": server.workers,
        "handshake_ns": to_ns(server.handshake_s),
        "capacity_per_s": min(capacity, rate) if rate else capacity,
        "admission_per_s": rate,
        "message_every_ns": every_ns,
        "message_phase_ns": round(draws.unit(0, "message phase") * every_ns),
        "policy": " + ".join(policy.name for policy in policies),
        "policies": [policy.name for policy in policies],
        "policy_digests": [policy.digest for policy in policies],
    }
    if parameters.mix:
        found["policy_of_client"] = list(groups)
    return found
