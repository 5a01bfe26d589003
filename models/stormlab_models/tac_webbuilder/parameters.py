"""The switches of the analysed application, of the browser and server around it, and of a test.

Every default is the application as found, on a quiet machine, in a production build. TOML has no
null: a figure that can be off takes the string "off".
"""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from stormlab.policy.catalogue import find_policy
from stormlab_models.tac_webbuilder.endpoints import NAMES

Seconds = Annotated[float, Field(ge=0, le=1e7, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, le=1e7, allow_inf_nan=False)]
OrOff = Annotated[Positive | None, BeforeValidator(lambda value: None if value == "off" else value)]
Count = Annotated[int, Field(ge=1, le=100_000)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
ClockName = Literal[
    "first_socket", "all_tabs_open", "first_tab", "navigation_away", "all_sockets_open"
]


def _can_be_loaded(target: str) -> str:
    find_policy(target)
    return target


class Table(BaseModel):
    """A table of a scenario file: closed and immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Machine(Table):
    """The host: how many browsers or runs compete for its cores (1: alone)."""

    contention: Annotated[float, Field(ge=1, le=100)] = 1.0


class Browser(Table):
    """Which browser, how many tabs, opened how far apart. ``none``: see [client]."""

    name: Literal["chromium", "firefox", "none"] = "chromium"
    tabs: Annotated[int, Field(ge=1, le=2000)] = 1
    tab_stagger_s: Seconds = 0.3
    shared_profile: bool = True


class React(Table):
    """StrictMode acts in development builds only."""

    strict_mode: bool = False
    build: Literal["dev", "production"] = "dev"


class Page(Table):
    """The page's code.

    ``hook``: who owns the sockets. ``analysed`` as found; ``fixed`` ignores the onclose of sockets
    it no longer owns; ``defer`` connects in a timeout that the cleanup clears; ``manager`` the
    proposed class; ``breaker`` the proposed circuit breaker around connect; ``repaired`` and
    ``manager_repaired`` what an expert would ship; ``plain`` makes the sockets and nothing else;
    ``raw_sockets`` a bare page that only opens ``socket_groups``.

    ``policy``: another reconnect policy in place of the page's rule: a name of the catalogue, or
    one's own as ``module:attribute``, ``file.py:attribute`` or ``file.toml``
    (:func:`stormlab.policy.catalogue.find_policy`); the scenario's hash covers its name, not its
    code. Its terms are left aside: time-outs and pings are the page's.
    """

    hook: Literal[
        "analysed",
        "fixed",
        "defer",
        "manager",
        "manager_repaired",
        "breaker",
        "repaired",
        "plain",
        "raw_sockets",
    ] = "analysed"
    policy: Annotated[str, AfterValidator(_can_be_loaded)] | None = None
    sends_ready: bool = False
    ping_interval_s: OrOff = None
    ping_started: Literal["in_onopen", "at_creation"] = "in_onopen"
    pong_timeout_s: OrOff = None  # repaired: close when no pong came
    connect_timeout_s: OrOff = None  # close a socket that is still CONNECTING after so long
    stagger: bool = False
    stagger_cleared: bool = True  # the cleanup clears pending stagger timers
    delay_base_s: Positive = 1.0
    delay_max_s: Positive = 30.0
    first_exponent: Literal[0, 1] = 1  # as found: 1000 ms x 2^1 first
    jitter_s: Seconds = 0.0
    jitter: Literal["added", "full"] = "added"
    attempts_max: Count = 10
    stop_after_max_attempts: bool = False
    breaker: Literal["none", "literal", "wired", "repaired"] = "none"
    breaker_open_s: Positive = 300.0
    breaker_failures: Count = 10
    proved_after_s: Positive = 10.0  # repaired: how long open until backoff is reset
    delay_scale: Positive = 1.0
    timer_cleanup: bool = False  # clear the endpoint's timer at connect and in onopen
    diff_check: bool = False
    http: Literal["none", "parallel", "sequenced", "sequenced_repaired", "fallback"] = "none"
    error_details: bool = False
    malformed_share: Share = 0.0  # of broadcasts that are not JSON
    served_by: Literal["static_files", "vite_dev_server", "app_server"] = "static_files"


class SocketGroup(Table):
    """Sockets that a bare page opens at once."""

    sockets: Count
    host: str = "localhost"
    server: Literal[1, 2] = 1
    tab: Count = 1
    profile: Count = 1


class Server(Table):
    """The server process and its handler.

    ``on``: ``model``, or the handler as a real FastAPI application in virtual time
    (:mod:`stormlab_models.tac_webbuilder.real_app`) on the real ``uvicorn``, with its WebSocket
    ``implementation``, or by itself (``asgi``). ``sansio`` is modelled as of uvicorn 0.54,
    ``sansio-0.38`` as of that version; the real one is what is installed.
    """

    on: Literal["model", "uvicorn", "asgi"] = "model"
    implementation: Literal["legacy", "sansio", "sansio-0.38", "wsproto"] = "legacy"
    initial_data_s: Seconds = 0.0
    initial_data_kind: Literal["async", "block"] = "async"
    initial_data_placement: Literal["before_accept", "after_accept"] = "before_accept"
    initial_data_fails: bool = False  # raises an error at its end
    per_endpoint_data_s: dict[str, Seconds] = Field(default_factory=dict)
    initial_data_bytes: Annotated[int, Field(ge=0, le=1_000_000_000)] = 53
    accept_delay_s: Seconds = 0.0
    waits_for_ready: bool = False
    ready_timeout_s: Positive = 5.0
    ready_timeout_closes: bool = False  # repaired: close(1008) instead of returning
    answers_ping: bool = True
    ping_interval_s: OrOff = 20.0
    ping_timeout_s: OrOff = 20.0
    backlog: Annotated[int, Field(ge=0, le=1_000_000)] = 2048
    workers: Annotated[int, Field(ge=1, le=64)] = 1  # processes that share the listening socket
    watchers: bool = False
    data_change_probability: Share = 0.2
    broadcast_bytes: Annotated[int, Field(ge=0, le=1_000_000_000)] = 300
    http_query_s: Seconds = 0.05

    @model_validator(mode="after")
    def _one_worker_watches(self) -> Self:
        if self.watchers and self.workers > 1:
            msg = "watchers go with 'workers = 1': each process would watch for its own clients"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _real_one_is_plain(self) -> Self:
        if self.on != "model" and (self.watchers or self.workers > 1):
            msg = f"found on = '{self.on}'; allowed with watchers or several workers: 'model'"
            raise ValueError(msg)
        return self

    @model_serializer(mode="wrap")
    def _without_later_keys(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """As it was before there was this choice: the hashes of scenarios without it stay."""
        document: dict[str, Any] = handler(self)
        for name, usual in (("on", "model"), ("initial_data_fails", False)):
            if document.get(name) == usual:
                del document[name]
        return document

    @model_validator(mode="after")
    def _endpoints_exist(self) -> Self:
        for name in self.per_endpoint_data_s:
            if name not in NAMES:
                msg = f"found endpoint '{name}'; allowed: {', '.join(NAMES)}"
                raise ValueError(msg)
        return self


class Network(Table):
    """The path between clients and server."""

    latency_s: Positive = 0.00005
    latency_sigma: Annotated[float, Field(ge=0, le=3)] = 0.3
    loss: Share = 0.0
    proxy_connect_s: Seconds = 0.0  # a proxy's own accept and connect, per connection
    idle_cut_s: OrOff = None
    cut_with: Literal["fin", "rst"] = "fin"


class Client(Table):
    """Clients without a browser; used when browser.name is ``none``."""

    clients: Annotated[int, Field(ge=1, le=10_000)] = 1
    sockets_per_client: Annotated[int, Field(ge=1, le=10_000)] = 8
    order: Literal["parallel", "one_after_another", "each_client_one_after_another"] = "parallel"
    handshakes: Count | None = None
    closes_after_first_message: bool = False
    timeout_s: Positive = 60.0

    @model_validator(mode="after")
    def _handshakes_given(self) -> Self:
        if (self.order == "each_client_one_after_another") != (self.handshakes is not None):
            msg = "'handshakes' goes with order 'each_client_one_after_another', and only with it"
            raise ValueError(msg)
        return self


class Action(Table):
    """Something a person, a dev server or a test does to a tab or to the server."""

    do: Literal[
        "reload",
        "navigate_away",
        "remount",
        "unmount",
        "retry_manager",
        "retry_by_hand",
        "edit_module",
        "edit_entry",
        "block_server",
        "open_sockets",
        "close_sockets",
        "send_malformed",
    ]
    after_first_socket_s: Seconds | None = None
    at_s: Seconds | None = None
    since: ClockName = "first_tab"
    times: Count = 1
    every_s: OrOff = None
    for_s: Seconds = 0.0
    sockets: Annotated[int, Field(ge=0, le=10_000)] = 0
    module_exports: Literal["component_only", "component_and_hook", "none"] = "component_only"

    @model_validator(mode="after")
    def _one_time(self) -> Self:
        if (self.after_first_socket_s is None) == (self.at_s is None):
            msg = "give either 'after_first_socket_s' or 'at_s'"
            raise ValueError(msg)
        return self


class Observe(Table):
    """The window after which page and server are read, the tab is closed and the run ends."""

    since: ClockName = "first_socket"
    for_s: Positive = 10.0


class Parameters(BaseModel):
    """All switches of a run; see each table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    machine: Machine = Machine()
    browser: Browser = Browser()
    react: React = React()
    page: Page = Page()
    server: Server = Server()
    network: Network = Network()
    client: Client = Client()
    socket_groups: list[SocketGroup] = Field(default_factory=list)
    actions: list[Action] = Field(default_factory=list)
    observe: Observe | None = None

    @model_validator(mode="after")
    def _real_server_has_one_address(self) -> Self:
        if self.server.on == "model":
            return self
        if self.page.http != "none":
            msg = f"found server.on = '{self.server.on}'; allowed with page.http: 'model'"
            raise ValueError(msg)
        if any(group.server != 1 for group in self.socket_groups):
            msg = f"found server.on = '{self.server.on}'; allowed with two servers: 'model'"
            raise ValueError(msg)
        return self
