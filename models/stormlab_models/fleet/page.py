"""A client: a page or process with several endpoints; it is cut off, offline or hidden as one."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from stormlab.clock import NS_PER_S, Rank, Timer, to_ns
from stormlab.draws import lognormal
from stormlab.policy import Fact, Policy, policies_for_client
from stormlab.vocabulary import Event
from stormlab_models.fleet.client import Endpoint
from stormlab_models.fleet.link import Link
from stormlab_models.machine import address

if TYPE_CHECKING:
    from stormlab_models.fleet.model import Fleet

THROTTLED_NS, INTENSIVE_NS = NS_PER_S, 60 * NS_PER_S
INTENSIVE_AFTER_NS = 300 * NS_PER_S
_PERSON = 1 << 19  # the address of the person at the client, beyond its endpoints


class Client:
    """One client and what happens to it as a whole."""

    def __init__(self, fleet: "Fleet", number: int, group: int) -> None:
        """Make its endpoints, idle; ``group``: whose policy it has."""
        self.fleet = fleet
        self.number = number
        self.group = group
        self.page_loads = 0
        self.online = True
        self.cut = False
        self.cut_ns = -1  # when it was cut off last
        self.hidden_ns: int | None = None
        self.held: list[Callable[[], None]] = []  # what arrives when the path heals
        self._sockets = 0
        self._reload: Timer | None = None
        policies = self._policies()
        self.endpoints = [Endpoint(self, place, policy) for place, policy in enumerate(policies)]

    def _policies(self) -> list[Policy]:
        fleet = self.fleet
        return policies_for_client(fleet.policies[self.group], fleet.parameters.clients.sockets)

    def next_socket(self) -> int:
        """The number of the next ``new WebSocket``."""
        self._sockets += 1
        return self._sockets - 1

    def has_share(self, share: float, purpose: str) -> bool:
        """Whether a fault that hits this share of the clients hits this one."""
        draws = self.fleet.draws
        return share >= 1 or draws.unit(address(self.number), f"share {purpose}") < share

    def _record(self, event: Event) -> None:
        self.fleet.recorder.add(self.fleet.clock.now_ns, event, client=self.number)

    def _tell(self, fact: Fact) -> None:
        for endpoint in self.endpoints:
            endpoint.fact(fact)

    def _links(self) -> list[tuple[Endpoint, Link]]:
        return [(each, each.link) for each in self.endpoints if each.link is not None]

    # the path --------------------------------------------------------------------------------

    def cut_off(self) -> None:
        """No packet passes any more, in either direction."""
        if self.cut:
            return
        self.cut = True
        self.cut_ns = self.fleet.clock.now_ns
        for endpoint, link in self._links():
            endpoint.watch.silence(link)
            if not link.over and link.opened_ns is not None:
                self.fleet.server_loses_sight(link)

    def heal(self) -> None:
        """Packets pass again; what was sent meanwhile arrives now."""
        if not self.cut:
            return
        self.cut = False
        held, self.held = self.held, []
        clock = self.fleet.clock
        for order, action in enumerate(held):
            clock.at(clock.now_ns, Rank.BROWSER, action, client=self.number, socket=order)
        for endpoint, link in self._links():
            endpoint.watch.heard(link)

    def go_offline(self) -> None:
        """The device loses its network, and the browser says so."""
        if not self.online:
            return
        self.online = False
        self._record(Event.OFFLINE)
        self.cut_off()
        self._tell(Fact.OFFLINE)
        for endpoint, link in self._links():
            if endpoint.closes_offline:
                endpoint.offline(link)

    def go_online(self) -> None:
        """The network is back, and the browser says so."""
        if self.online:
            return
        self.online = True
        self._record(Event.ONLINE)
        self.heal()
        self._tell(Fact.ONLINE)

    # the page --------------------------------------------------------------------------------

    def hide(self) -> None:
        """The page goes into the background: its timers are throttled."""
        if self.hidden_ns is not None:
            return
        self.hidden_ns = self.fleet.clock.now_ns
        self._record(Event.HIDDEN)
        self._tell(Fact.HIDDEN)
        for endpoint in self.endpoints:
            endpoint.rearm()

    def show(self) -> None:
        """The page is visible again: overdue timers fire now."""
        if self.hidden_ns is None:
            return
        self.hidden_ns = None
        self._record(Event.VISIBLE)
        for endpoint in self.endpoints:
            endpoint.rearm()
        self._tell(Fact.VISIBLE)

    def throttled_ns(self, due_ns: int) -> int:
        """When a timer due at ``due_ns`` fires in this page.

        Chromium wakes hidden pages on full seconds, and after five minutes on full minutes, both
        counted from a moment of the page's own (a draw).
        """
        hidden_ns = self.hidden_ns
        if hidden_ns is None:
            return due_ns
        grid_ns = INTENSIVE_NS if due_ns - hidden_ns >= INTENSIVE_AFTER_NS else THROTTLED_NS
        phase_ns = round(self.fleet.draws.unit(address(self.number), "wake-ups") * grid_ns)
        return due_ns + (phase_ns - due_ns) % grid_ns

    def gave_up(self) -> None:
        """A policy has given up: after a while the person loads the page again, or never does."""
        settings = self.fleet.parameters.clients
        if settings.reload_after_s is None or self._reload is not None:
            return
        table = lognormal(settings.reload_after_s, settings.reload_sigma)
        who = address(self.number, _PERSON)
        wait_ns = self.fleet.draws.duration_ns(table, who, "reload", self.page_loads)
        clock = self.fleet.clock
        self._reload = clock.after(wait_ns, Rank.ACTION, self.reload, client=self.number)

    def reload(self) -> None:
        """Load the page again: new policies, and every endpoint connects."""
        self._reload = None
        self.page_loads += 1
        self._record(Event.RETRY_BY_HAND)
        self._record(Event.GONE)
        for endpoint, policy in zip(self.endpoints, self._policies(), strict=True):
            endpoint.replaced(policy)
        for endpoint in self.endpoints:
            endpoint.start()

    def start(self) -> None:
        """Connect for the first time."""
        for endpoint in self.endpoints:
            endpoint.start()

    def start_at(self, time_ns: int) -> None:
        """Connect for the first time at ``time_ns``."""
        self.fleet.clock.at(time_ns, Rank.ACTION, partial(self.start), client=self.number)


def settled_since_ns(fleet: "Fleet", number: int) -> int:
    """When a settled client's connections were opened (not after zero)."""
    settings = fleet.parameters.clients
    spread = fleet.draws.unit(address(number), "settled")
    return -to_ns(settings.settled_for_s) + round(spread * to_ns(settings.settled_spread_s))
