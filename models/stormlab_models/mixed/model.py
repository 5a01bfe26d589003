"""The model ``real-code``: real clients, a real server and modelled clients on one clock.

JavaScript clients run in an embedded engine, asyncio clients and the server on loops of their own,
modelled clients follow a policy of the catalogue; all meet over one in-memory TCP. What each does
with its sockets is in one trace, with the console and uncaught errors of the code.

Simplifications: one server process; a fixed latency; no loss; the pages of JavaScript clients are
hidden or offline all at once (by their number's draw where a share is given). Modelled clients
speak no pings of their own.
"""

import importlib
from collections.abc import Collection
from functools import partial
from typing import Any

from pydantic import BaseModel

from stormlab.faults import Fault, schedule
from stormlab.hosts.aio import World as Hosts
from stormlab.hosts.aio.watch import Journal
from stormlab.hosts.diary import Diary
from stormlab.hosts.failure import HostError
from stormlab.hosts.finding import find_recipe
from stormlab.hosts.javascript.client import JavaScriptClient, Settings
from stormlab.hosts.javascript.code import code_of
from stormlab.hosts.policy import PolicyClient
from stormlab.model import World
from stormlab.policy.catalogue import find_policy
from stormlab.policy.chance import AddressedChance, address
from stormlab.scenario import Scenario, ScenarioError
from stormlab.trace import Trace
from stormlab.vocabulary import Event
from stormlab_models.mixed.parameters import JavaScript, Modelled, Parameters, Python

HOST, PORT = "server.example", 8000
OF_SERVER = {"crash": "kill", "stop": "stop", "restart": "start"}
OF_CLIENTS = ("cut", "heal", "offline", "online", "hide", "show")


class JournalDiary(Diary):
    """What JavaScript says and raises, written straight into the world's trace."""

    def __init__(self, journal: Journal, client: int) -> None:
        """``client``: its number in the trace."""
        super().__init__(client)
        self._journal = journal

    def note(self, time_ns: int, event: Event, attempt: int = 0, **columns: Any) -> None:  # noqa: ANN401
        """Write a step down."""
        del time_ns
        columns.pop("advice_ns", None)
        self._journal.add(event, client=self.client, attempt=attempt, **columns)


class Mixed:
    """One world: who lives in it, and what is done to them."""

    def __init__(self, world: World, parameters: Parameters, seed: int) -> None:
        """Build everything; nothing happens yet.

        Raises:
            HostError: one line, when code cannot be had.
        """
        self._clock, self._draws, self._parameters = world.clock, world.draws, parameters
        self._hosts = Hosts(
            seed,
            way_s=parameters.latency_s,
            clock=world.clock,
            recorder=world.recorder,
            quiet=True,
        )
        server = parameters.server
        app = _named(server.app)
        if server.on == "uvicorn":
            self._server: Any = self._hosts.serve(app, host=HOST, port=PORT, ws=server.ws)
        else:
            self._server = self._hosts.serve_asgi(app, host=HOST, port=PORT)
        self._pages: list[JavaScriptClient] = []
        self._devices: dict[int, str] = {}  # by client
        self._count = 0
        for page in parameters.javascript:
            self._javascript(page)
        for program in parameters.python:
            self._python(program)
        for model in parameters.modelled:
            self._modelled(model)
        world.header["clients"] = self._count
        world.header["endpoints"] = [f"{self._hosts.network.resolve(HOST)}:{PORT}"]
        self._hosts.journal.endpoints[world.header["endpoints"][0]] = 0
        world.around.enter_context(self._hosts.alive())
        world.endings.append(self._hosts.finish)

    def _url(self, path: str | None = None) -> str:
        return f"ws://{HOST}:{PORT}{path or self._parameters.server.path}"

    def _start_s(self, client: int) -> float:
        return self._draws.unit(address(client), "start") * self._parameters.starts_s

    def _javascript(self, group: JavaScript) -> None:
        recipe = find_recipe(group.code)
        code = code_of(recipe)
        settings = Settings(recipe.profile, url=self._url(group.path))
        for _ in range(group.count):
            dial = self._hosts.dial()
            diary = JournalDiary(self._hosts.journal, dial.client)
            page = JavaScriptClient(code, self._clock, dial, diary, self._draws, settings)
            self._devices[dial.client] = dial.host
            self._pages.append(page)
            self._count += 1
            self._hosts.at(self._start_s(dial.client), page.start, client=dial.client)

    def _python(self, group: Python) -> None:
        main = _named(group.program)
        for _ in range(group.count):
            number = self._count
            process = self._hosts.client(partial(main, self._url()), at_s=self._start_s(number))
            self._devices[number] = process.host
            self._count += 1

    def _modelled(self, group: Modelled) -> None:
        try:
            factory = find_policy(group.policy).factory
        except ValueError as error:
            raise HostError(str(error)) from None
        for _ in range(group.count):
            dial = self._hosts.dial()
            client = PolicyClient(
                factory(),
                AddressedChance(self._draws, dial.client),
                self._clock,
                dial,
                self._url(),
                number=dial.client,
            )
            self._devices[dial.client] = dial.host
            self._count += 1
            self._hosts.at(self._start_s(dial.client), client.start, client=dial.client)

    # faults ----------------------------------------------------------------------------------

    def apply(self, verb: str, fault: Fault) -> None:
        """Do a fault's verb (see :class:`stormlab.faults.FaultTarget`)."""
        if verb in OF_SERVER:
            getattr(self._server, OF_SERVER[verb])()
            return
        for client, host in self._devices.items():
            if self._draws.chance(fault.share, address(client), f"share of {fault.do}"):
                self._to_client(verb, client, host)

    def _to_client(self, verb: str, client: int, host: str) -> None:
        network = self._hosts.network
        if verb in {"cut", "offline"}:
            network.cut(host)
        elif verb in {"heal", "online"}:
            network.heal(host)
        page = self._pages[client] if client < len(self._pages) else None
        if page is None:
            return
        if verb in {"offline", "online"}:
            self._hosts.journal.add(
                Event.ONLINE if verb == "online" else Event.OFFLINE, client=client
            )
            page.online(online=verb == "online")
        elif verb in {"hide", "show"}:
            self._hosts.journal.add(
                Event.VISIBLE if verb == "show" else Event.HIDDEN, client=client
            )
            page.visible(visible=verb == "show")


def _named(place: str) -> Any:  # noqa: ANN401  an application or a coroutine function
    """What ``module:NAME`` names.

    Raises:
        HostError: one line, when there is no such thing.
    """
    module, _, name = place.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except Exception as error:  # noqa: BLE001  whatever the other's code raises while it is loaded
        raise HostError(f"{place}: {type(error).__name__}: {error}") from None


class RealCode:
    """The model as the harness finds it (:class:`stormlab.model.Model`)."""

    name = "real-code"
    summary = "real JavaScript and Python clients, a real ASGI server, modelled clients"
    parameters: type[BaseModel] = Parameters
    faults: Collection[str] = ("crash", "stop", "cut", "offline", "hide")

    def build(self, world: World, scenario: Scenario) -> None:
        """Populate the world."""
        parameters = scenario.parameters
        assert isinstance(parameters, Parameters)  # noqa: S101  the harness validated it
        try:
            mixed = Mixed(world, parameters, world.draws.seed)
        except HostError as error:
            raise ScenarioError(f"{scenario.name}: {error}") from None
        schedule(world.clock, world.recorder, list(scenario.faults), mixed)

    def figures(self, trace: Trace) -> dict[str, float | int | str | None]:
        """Attempts, connections and errors, and who is connected at the end."""
        opened = {(row.client, row.socket) for row in trace if row.event is Event.OPEN}
        closed = {(row.client, row.socket) for row in trace if row.event is Event.CLOSE}
        return {
            "clients": int(trace.header["clients"]),
            "attempts": trace.count(Event.NEW),
            "opened": trace.count(Event.OPEN),
            "connected_at_the_end": len({client for client, _ in opened - closed}),
            "uncaught_errors": trace.count(Event.UNCAUGHT, Event.HALTED),
            "server_accepted": trace.count(Event.ACCEPTED),
        }


MODEL = RealCode()
