"""Bare subjects: a page that only opens sockets, and clients without a browser."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from stormlab.clock import Rank
from stormlab_models.bare_client import BareSocket, ClientProcess
from stormlab_models.network import Who
from stormlab_models.page import Document
from stormlab_models.page_socket import Handlers, PageSocket, Target
from stormlab_models.tac_webbuilder.endpoints import ENDPOINTS
from stormlab_models.tac_webbuilder.parameters import Action, Client

if TYPE_CHECKING:
    from stormlab_models.tac_webbuilder.model import Site

PORT = 8002


class BarePage:
    """A page without React that opens what it is told, all to one endpoint; never reconnects."""

    def __init__(self, site: "Site", document: Document) -> None:
        """Load it."""
        self._site = site
        self._document = document
        self._batches: list[list[PageSocket]] = []

    def effect(self) -> None:
        """Open the socket groups of this tab."""
        tab = self._document.tab.client + 1
        for group in self._site.parameters.socket_groups:
            if group.tab == tab:
                self._open(group.sockets, group.server)

    def cleanup(self) -> None:
        """Nothing is cleaned up."""

    def act(self, action: Action) -> None:
        """Open sockets, or close the oldest that are still there."""
        if action.do == "open_sockets":
            self._open(action.sockets, 1)
        elif action.do == "close_sockets":
            every = [socket for batch in self._batches for socket in batch if socket.state <= 1]
            for socket in every[: action.sockets]:
                socket.close()

    def _open(self, count: int, server: int) -> None:
        path = self._site.paths[server - 1]
        target = Target(path, "127.0.0.1", PORT + server - 1, ENDPOINTS[0].path)
        batch = [self._document.new_socket(0, target, Handlers()) for _ in range(count)]
        self._batches.append(batch)


class BareClients:
    """All bare clients of a scenario: in parallel, or each one socket after the other."""

    def __init__(self, site: "Site", settings: Client) -> None:
        """Make the process they run in."""
        self._settings = settings
        self._process = ClientProcess(site.clock, site.world.recorder, site.machine, site.paths[0])
        self._opened: dict[int, int] = {}
        self._begun = 0
        self._ended = 0
        self.on_all_done: Callable[[], None] | None = None

    @property
    def total(self) -> int:
        """How many sockets there will be."""
        settings = self._settings
        if settings.handshakes is not None:
            return settings.handshakes
        return settings.clients * settings.sockets_per_client

    def start(self) -> None:
        """Begin, once the server is up."""
        self._process.clock.at(1, Rank.ACTION, self._begin)

    def _begin(self) -> None:
        for client in range(self._settings.clients):
            if self._settings.order == "parallel":
                for _ in range(self._settings.sockets_per_client):
                    self._open(client)
            else:
                self._open(client)

    def _open(self, client: int) -> None:
        if self._begun >= self.total:
            return
        self._begun += 1
        socket = self._opened.get(client, 0)
        self._opened[client] = socket + 1
        endpoint = socket % len(ENDPOINTS)
        BareSocket(
            self._process,
            Who(client, socket, endpoint, socket // len(ENDPOINTS) + 1),
            ENDPOINTS[endpoint].path,
            timeout_s=self._settings.timeout_s,
            on_end=self._end,
        )

    def _end(self, socket: BareSocket) -> None:
        settings = self._settings
        if settings.closes_after_first_message:
            socket.close()
        client = socket.who.client
        more = settings.handshakes is not None or self._opened[client] < (
            settings.sockets_per_client
        )
        if settings.order != "parallel" and more:
            self._open(client)
        self._ended += 1
        if self._ended == self.total and self.on_all_done is not None:
            self.on_all_done()
