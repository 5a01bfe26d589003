"""Fleets of clients against a service that fails and comes back: the reference model, on SimPy.

Clients with the same policy (or a mix) keep one or several sockets open. The service restarts,
crashes, hangs, rejects, slows down; clients are cut off, go offline, are hidden. What comes of it
is in the trace: attempts, handshakes, refusals, who is back when.

The simplifications stand where they are made: the path in ``wire``, the service in ``service``,
clients in ``client``. All chance is addressed by client, endpoint and attempt, so that policies
compared under one seed meet the same latencies, the same losses and the same work.
"""

from collections.abc import Callable, Collection
from functools import partial
from importlib.util import find_spec

from pydantic import BaseModel

from stormlab.clock import Rank, to_ns
from stormlab.faults import Fault, schedule
from stormlab.model import World
from stormlab.policy.catalogue import find_policy
from stormlab.recovery import Recovery, figures
from stormlab.scenario import Scenario
from stormlab.summary import EVENTS_MAX, Summary
from stormlab.trace import Trace
from stormlab_models.fleet.link import Link
from stormlab_models.fleet.page import Client, settled_since_ns
from stormlab_models.fleet.parameters import Parameters
from stormlab_models.fleet.service import Service
from stormlab_models.fleet.setting import (
    CLIENT_FAULTS,
    SERVER_FAULTS,
    faults_of_run,
    group_of,
    header,
)
from stormlab_models.fleet.wire import SYN_RETRY_S, Luck
from stormlab_models.machine import address


class Fleet:
    """One world: the clients, the service, and what is done to them."""

    def __init__(self, world: World, parameters: Parameters) -> None:
        """Build everything; nothing happens yet."""
        self.clock, self.draws, self.recorder = world.clock, world.draws, world.recorder
        self.parameters = parameters
        self.network = parameters.network
        self.luck = Luck(world.draws, parameters.network, parameters.server)
        self.service = Service(world, parameters, self.luck)
        self.policies = [find_policy(group) for group in parameters.groups]
        self.syn_retry_ns = [to_ns(each) for each in SYN_RETRY_S[parameters.network.syn_retry]]
        cut_s = parameters.network.idle_cut_s
        self.idle_cut_ns = to_ns(cut_s) if cut_s is not None else None
        periods_s = parameters.messages.every_s, parameters.server.ping_interval_s
        self.talk_ns = [to_ns(each) for each in periods_s if each is not None]
        self.clients = [
            Client(self, number, group_of(parameters.mix, world.draws, number))
            for number in range(parameters.clients.count)
        ]

    def start(self) -> None:
        """Let the clients be connected, or connect."""
        settings = self.parameters.clients
        for client in self.clients:
            if settings.start == "settled":
                since_ns = min(0, settled_since_ns(self, client.number))
                for endpoint in client.endpoints:
                    latency_ns = self.luck.latency_ns(endpoint.who, 1)
                    endpoint.settle(since_ns, latency_ns)
            else:
                spread = self.draws.unit(address(client.number), "cold start")
                client.start_at(round(spread * to_ns(settings.cold_spread_s)))

    def server_loses_sight(self, link: Link) -> None:
        """The server's keep-alive will give a client up that is cut off."""
        settings = self.parameters.server
        if settings.ping_interval_s is None or link.opened_ns is None:
            return
        period_ns = to_ns(settings.ping_interval_s)
        now_ns = self.clock.now_ns
        ping_ns = now_ns + period_ns - (now_ns - link.opened_ns) % period_ns
        gone = partial(self._gone, now_ns)
        link.at(self.clock, ping_ns + to_ns(settings.ping_timeout_s), Rank.SERVER, gone)

    def _gone(self, since_ns: int, link: Link) -> None:
        client = self.clients[link.client]
        if client.cut and client.cut_ns == since_ns and not link.over:
            self.service.ping_timeout(link)

    # faults ----------------------------------------------------------------------------------

    def apply(self, verb: str, fault: Fault) -> None:
        """Do a fault's verb (see :class:`stormlab.faults.FaultTarget`)."""
        acts: dict[str, Callable[[Client], None]] = {
            "cut": Client.cut_off,
            "heal": Client.heal,
            "offline": Client.go_offline,
            "online": Client.go_online,
            "hide": Client.hide,
            "show": Client.show,
        }
        if verb in acts:
            for client in self.clients:
                if client.has_share(fault.share, fault.do):
                    acts[verb](client)
        else:
            self.service.apply(verb, fault.pod, fault.code, fault.factor)


class CompiledFleet:
    """The model's compiled engine; what it needs is imported when it is used."""

    def why_not(self, scenario: Scenario) -> str:
        """What keeps it from running a scenario: Numba, or what only the reference can do."""
        if find_spec("numba") is None:
            return "Numba is not installed: pip install 'stormlab[fleet]'"
        from stormlab_models.fleet.compiled.run import why_not  # noqa: PLC0415  heavy

        return why_not(scenario)

    def run(self, scenario: Scenario, seed: int, events_max: int = EVENTS_MAX) -> Trace:
        """The trace that the reference would give."""
        from stormlab_models.fleet.compiled.run import traced  # noqa: PLC0415  heavy

        return traced(scenario, seed, events_max)

    def summary(self, scenario: Scenario, seed: int) -> Summary:
        """What a run without a full trace leaves."""
        from stormlab_models.fleet.compiled.summary import summary  # noqa: PLC0415  heavy

        return summary(scenario, seed)


class FleetModel:
    """The model as the harness finds it (:class:`stormlab.model.Model`)."""

    name = "fleet"
    summary = "many clients with a reconnect policy against a service that fails and comes back"
    parameters: type[BaseModel] = Parameters
    faults: Collection[str] = (*SERVER_FAULTS, *CLIENT_FAULTS)
    compiled = CompiledFleet()

    def build(self, world: World, scenario: Scenario) -> None:
        """Populate the world."""
        parameters = scenario.parameters
        assert isinstance(parameters, Parameters)  # noqa: S101  the harness validated it
        fleet = Fleet(world, parameters)
        faults = faults_of_run(parameters, world.draws, scenario.faults)
        groups = [client.group for client in fleet.clients]
        world.header.update(header(parameters, world.draws, fleet.policies, groups))
        schedule(world.clock, world.recorder, faults, fleet)
        fleet.start()

    def figures(self, trace: Trace) -> dict[str, float | int | str | None]:
        """The figures of a recovery."""
        return dict(figures(Recovery.of(trace)))


MODEL = FleetModel()
