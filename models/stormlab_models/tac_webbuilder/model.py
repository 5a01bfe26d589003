"""The model ``tac-webbuilder``: clients, path and server of the analysed application, in one world.

The parts are described where they are defined; this module connects them, carries out a
scenario's actions and faults, and ends the run when the observation does: at the end of the window
the server is read through its own event loop (so that a blocked server answers late, as in the
measurements), then every tab is closed.

Simplifications: all tabs and clients share one path; a second server (another port) serves only
the bare page's ``socket_groups``.
"""

from collections.abc import Callable, Collection

from pydantic import BaseModel

from stormlab.clock import NS_PER_MS, Rank, to_ns
from stormlab.faults import Fault, schedule
from stormlab.metrics import page_and_server_figures
from stormlab.model import World
from stormlab.scenario import Scenario
from stormlab.trace import Trace
from stormlab.vocabulary import Event
from stormlab_models import http
from stormlab_models.browser import BROWSERS, Profile
from stormlab_models.machine import Machine
from stormlab_models.network import Path, PathSettings
from stormlab_models.page import App, Component, Document, Tab
from stormlab_models.server import Server
from stormlab_models.tac_webbuilder.actions import Actions
from stormlab_models.tac_webbuilder.bare import BareClients, BarePage
from stormlab_models.tac_webbuilder.endpoints import NAMES
from stormlab_models.tac_webbuilder.hooks import Manager, make_component
from stormlab_models.tac_webbuilder.page_data import PageData
from stormlab_models.tac_webbuilder.parameters import Parameters
from stormlab_models.tac_webbuilder.serving import Process, Serving, modelled, real

LOOK_NS = 100 * NS_PER_MS  # the measurements looked for the first socket this often
TABS_CONTENTION_MIN, CONTENTION_OF_TABS = 2.0, 5.0
AFTER_CLOSE_NS = 1_000 * NS_PER_MS  # what a closed tab still causes is recorded for so long


class Site:
    """One run of the application: everything that exists in it."""

    def __init__(self, world: World, parameters: Parameters) -> None:
        """Build servers and clients; nothing happens yet."""
        self.world = world
        self.parameters = parameters
        self.clock = world.clock
        self.machine = Machine(world.draws, self._contention())
        self.paths: list[Path] = []
        self.servings: list[Serving] = []
        self.servers: list[Process] = []
        both = any(group.server == 2 for group in parameters.socket_groups)  # noqa: PLR2004
        for number in range(2 if both else 1):
            self._add_server(number)
        self.managers: dict[int, Manager] = {}
        self.profiles: dict[int, Profile] = {}
        self.tabs: list[Tab] = []
        self.profile_of_tab: list[int] = []
        self._requests: dict[int, int] = {}
        self._ready_hooks: dict[int, list[Callable[[Tab], None]]] = {}
        self.bare: BareClients | None = None
        if parameters.browser.name == "none":
            self.bare = BareClients(self, parameters.client)
        else:
            for client in range(parameters.browser.tabs):
                self._add_tab(client)

    def _contention(self) -> float:
        """Tabs that load side by side compete much as separate browsers do, up to a bound."""
        given = self.parameters.machine.contention
        several = self.parameters.browser.name != "none" and self.parameters.browser.tabs > 1
        return min(max(given, TABS_CONTENTION_MIN) + 1, CONTENTION_OF_TABS) if several else given

    def _add_server(self, number: int) -> None:
        network = self.parameters.network
        world = self.world
        path_settings = PathSettings(
            latency_up_s=network.latency_s,
            latency_down_s=network.latency_s,
            latency_sigma=network.latency_sigma,
            loss=network.loss,
            idle_cut_s=network.idle_cut_s,
            cut_with=network.cut_with,
            proxy_connect_s=network.proxy_connect_s,
        )
        path = Path(world.clock, world.draws, world.recorder, path_settings)
        if self.parameters.server.on == "model":
            serving = modelled(world, self.machine, path, self.parameters, number)
        else:
            serving = real(world, self.machine, path, self.parameters)
        self.paths.append(path)
        self.servings.append(serving)
        self.servers.append(serving.process)

    def profile(self, number: int) -> Profile:
        """The browser profile with this number."""
        if number not in self.profiles:
            kind = BROWSERS[self.parameters.browser.name]
            world = self.world
            self.profiles[number] = Profile(
                kind, world.clock, world.draws, self.machine, world.recorder
            )
        return self.profiles[number]

    def _add_tab(self, client: int) -> None:
        shared = self.parameters.browser.shared_profile
        number = 0 if shared else client
        for group in self.parameters.socket_groups:
            if group.tab == client + 1:
                number = group.profile
        self.profile_of_tab.append(number)
        react = self.parameters.react
        app = App(self._component, strict=react.strict_mode and react.build == "dev")
        tab = Tab(self.profile(number), client, app)
        tab.on_ready = self._ready
        self.tabs.append(tab)

    def _component(self, document: Document) -> Component:
        page = self.parameters.page
        if page.hook == "raw_sockets":
            return BarePage(self, document)
        data = PageData(document, page, self.fetch)
        return make_component(document, page, self.paths[0], data, self.managers)

    def fetch(self, document: Document, endpoint: int, done: Callable[[int], None]) -> None:
        """A page's GET of an endpoint's data."""
        client = document.tab.client
        number = self._requests[client] = self._requests.get(client, 0) + 1
        document.record(
            Event.HTTP_REQUEST,
            endpoint=endpoint,
            up=http.REQUEST_BYTES,
            down=http.RESPONSE_BYTES,
        )
        server, query = self.servers[0], self.servings[0].query
        assert isinstance(server, Server)  # noqa: S101  the parameters allow no other here
        assert query is not None  # noqa: S101  as above
        request = http.get(self.paths[0], server, client, number, lambda: query(endpoint))

        def finished(result: object) -> None:
            if document.alive:
                done(result if isinstance(result, int) else 0)

        request.on_done = finished

    # time -------------------------------------------------------------------------------------

    def open_all(self) -> None:
        """Start the servers, then open the tabs or start the bare clients."""
        for server in self.servers:
            server.start()
        if self.bare is not None:
            self.bare.start()
        for tab in self.tabs:
            start_ns = tab.client * to_ns(self.parameters.browser.tab_stagger_s)
            self.clock.at(start_ns, Rank.ACTION, tab.navigate, client=tab.client)

    def on_ready(self, client: int, hook: Callable[[Tab], None]) -> None:
        """Call ``hook`` whenever a page of the tab has made its first sockets."""
        self._ready_hooks.setdefault(client, []).append(hook)

    def _ready(self, tab: Tab) -> None:
        for hook in list(self._ready_hooks.get(tab.client, [])):
            hook(tab)

    @property
    def all_tabs_open_ns(self) -> int:
        """When the last tab began to load, and one more stagger passed."""
        browser = self.parameters.browser
        return browser.tabs * to_ns(browser.tab_stagger_s) if browser.tabs > 1 else 0

    # faults -----------------------------------------------------------------------------------

    def apply(self, verb: str, fault: Fault) -> None:
        """Do a fault's verb (see :class:`stormlab.faults.FaultTarget`)."""
        server, path = self.servers[0], self.paths[0]
        acts: dict[str, Callable[[], None]] = {
            "crash": server.crash,
            "stop": server.stop,
            "restart": server.start,
            "cut": path.cut,
            "heal": path.heal,
            "hold": path.cut,
            "release": path.heal,
            "block": lambda: server.block(to_ns(fault.for_s or 0)),
        }
        if verb in acts:
            acts[verb]()
        else:
            server.draining = verb == "drain"

    # observation ------------------------------------------------------------------------------

    def observe(self, start_ns: int, length_ns: int) -> None:
        """Put the window on the clock."""

        def begin() -> None:
            self._observed("begin")

        def end() -> None:
            self._observed("page_end")
            self.servers[0].look(self._read_server)

        self.clock.at(start_ns, Rank.OBSERVER, begin)
        self.clock.at(start_ns + length_ns, Rank.OBSERVER, end)

    def _read_server(self) -> None:
        self._observed("server_end")
        for tab in self.tabs:
            tab.close()
        self.clock.after(AFTER_CLOSE_NS, Rank.OBSERVER, self.clock.stop)

    def _observed(self, what: str) -> None:
        self.world.recorder.add(
            self.clock.now_ns,
            Event.OBSERVED,
            code=len(self.servings[0].active()),
            value_ns=self.servers[0].busy_total_ns,
            detail=what,
        )


class TacWebbuilder:
    """The model as the harness finds it (:class:`stormlab.model.Model`)."""

    name = "tac-webbuilder"
    summary = "the analysed application: eight WebSockets of a React page against uvicorn"
    parameters: type[BaseModel] = Parameters
    faults: Collection[str] = ("crash", "stop", "cut", "hold", "drain", "block")

    def build(self, world: World, scenario: Scenario) -> None:
        """Populate the world."""
        parameters = scenario.parameters
        assert isinstance(parameters, Parameters)  # noqa: S101  the harness validated it
        world.header["endpoints"] = list(NAMES)
        site = Site(world, parameters)
        world.header["profiles"] = site.profile_of_tab
        world.header["addresses"] = len(site.servers)
        schedule(world.clock, world.recorder, scenario.faults, site)
        Actions(site).schedule()
        site.open_all()

    def figures(self, trace: Trace) -> dict[str, float | int | str | None]:
        """Page-side and server-side figures of a run."""
        return page_and_server_figures(trace)


MODEL = TacWebbuilder()
