"""Who owns the page's sockets: the hook as found, its cures, and the proposed manager.

As found (``GlobalWebSocketContext``): one effect connects eight endpoints; refs hold each
endpoint's current socket, failure counter and retry timer. The cleanup clears the timers and
closes the current sockets, but the ``onclose`` that comes later still counts a failure and sets a
timer, whoever owns the endpoint by then. Hence the "zombies": sockets that come back after an
unmount, and duplicates after StrictMode's second effect.

==================== =========================================================================
fixed                onclose does nothing when the socket's effect was cleaned up or when it is
                     no longer the endpoint's current one
defer                as found, but each connect sits in setTimeout(0), which the cleanup clears
stagger              as found, with the proposed delays of 0 to 700 ms between the endpoints
manager              one object for the whole page; connect first closes and forgets the
                     endpoint's socket; the onclose of any socket, old ones too, forgets the
                     endpoint's current socket and schedules a reconnect
breaker              the proposed wrapper around connect, which has no cleanup; what its circuit
                     does is the business of ``page.breaker``
repaired             fixed and defer together, with full jitter, retries that never end and start
                     small again only after a connection proved itself, one retry timer per
                     endpoint, and pings that notice a dead peer
manager_repaired     the manager, with an onclose that acts for its own socket only, and a
                     disconnect that is final
==================== =========================================================================

Source: the analysis (CRITICAL #3, HIGH #4, LOW #10, Improvements 2-5, Client Changes 1-4);
behaviour of each measured in Chromium, as in the calibration data.

Simplifications: all eight connect functions are alike, as they are in the original.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from stormlab.clock import NS_PER_MS, Timer, to_ns
from stormlab.policy import Decision, Fact, Happened, RetryAt, Scope, Stop
from stormlab.vocabulary import Event, State
from stormlab_models.asgi import Message
from stormlab_models.machine import address
from stormlab_models.network import Path
from stormlab_models.page import Document, Interval
from stormlab_models.page_socket import Handlers, PageSocket, Target
from stormlab_models.tac_webbuilder.endpoints import ENDPOINTS
from stormlab_models.tac_webbuilder.page_data import PageData
from stormlab_models.tac_webbuilder.parameters import Page
from stormlab_models.tac_webbuilder.policies import BREAKER_OPEN, AsFound, make_policy

READY_BYTES, PING_BYTES = 23, 48
STAGGER_STEP_MS = 100


@dataclass
class Slot:
    """What the page keeps for one endpoint."""

    policy: AsFound
    socket: PageSocket | None = None
    timer: Timer | None = None
    ping: Interval | None = None
    timers: list[Timer] = field(default_factory=list)  # every retry timer ever set, for the count
    silent: bool = False


@dataclass
class _Chance:
    """The draws of one attempt, for the policy."""

    document: Document
    socket: PageSocket

    def unit(self, purpose: str, scope: Scope = "attempt") -> float:
        tab, who = self.document.tab, self.socket.who
        if scope == "page":  # one draw for all sockets of this load
            return tab.profile.draws.unit(address(tab.client), f"page {purpose}")
        if scope == "client":
            endpoint = address(tab.client, who.endpoint)
            return tab.profile.draws.unit(endpoint, f"client {purpose}")
        return tab.profile.draws.unit(who.address, purpose, who.attempt)


class EffectHook:
    """The hook as found, and the forms of it that keep refs."""

    def __init__(self, document: Document, page: Page, path: Path, data: PageData) -> None:
        """Mount with fresh refs."""
        self.document = document
        self.page = page
        self.path = path
        self.data = data
        self.slots = [Slot(make_policy(page)) for _ in ENDPOINTS]
        self.generation = 0  # how many times the effect was cleaned up
        self._pending: list[Timer] = []  # deferred and staggered first connects

    # React ------------------------------------------------------------------------------------

    def effect(self) -> None:
        """Connect everything, as the page's switches say."""
        self._pending = []
        self.data.start(self._connect_all)

    def cleanup(self) -> None:
        """Clear timers, close the current sockets."""
        self.data.stop()
        if self.page.hook == "breaker":
            return  # the proposal has no cleanup
        self.generation += 1
        if self.page.stagger_cleared or self.page.hook in {"defer", "repaired"}:
            for timer in self._pending:
                self.document.clear(timer)
        for endpoint, slot in enumerate(self.slots):
            self._clear_timer(endpoint)
            if slot.socket is not None:
                if self.page.hook == "repaired":
                    self._stop_ping(endpoint)
                    self.data.forget(slot.socket)
                slot.socket.close()

    def retry_by_hand(self) -> None:
        """A person asks for a reconnection of whatever is not connected."""
        for endpoint, slot in enumerate(self.slots):
            if self.page.hook == "repaired" and self._on_its_way(slot):
                continue
            if slot.socket is None or not slot.socket.opened or slot.socket.state > 1:
                self.document.record(Event.RETRY_BY_HAND, endpoint=endpoint)
                self._retry_now(endpoint)

    @staticmethod
    def _on_its_way(slot: Slot) -> bool:
        return slot.socket is not None and slot.socket.state is State.CONNECTING

    def _retry_now(self, endpoint: int) -> None:
        slot = self.slots[endpoint]
        if slot.socket is None:
            return
        self._tell(Fact.RETRY_BY_HAND, slot.socket)
        self.connect(endpoint)

    def _connect_all(self) -> None:
        page = self.page
        for index, endpoint in enumerate(ENDPOINTS):
            if page.stagger:
                self._defer(index, endpoint.stagger_ms * NS_PER_MS)
            elif page.hook in {"defer", "repaired"}:
                self._defer(index, 0)
            else:
                self.connect(index)

    def _defer(self, endpoint: int, delay_ns: int) -> None:
        timer = self.document.set_timeout(delay_ns, lambda: self.connect(endpoint))
        self._pending.append(timer)

    # one endpoint -----------------------------------------------------------------------------

    def connect(self, endpoint: int) -> None:
        """The page's connect function of one endpoint."""
        slot = self.slots[endpoint]
        if not slot.policy.may_attempt(self.document.clock.now_ns):
            self._ignored(endpoint)
            return
        self._half_open(endpoint)
        if self.page.timer_cleanup or self.page.hook == "repaired":
            self._clear_timer(endpoint)
        generation = self.generation
        slot.socket = self._new_socket(
            endpoint,
            self._on_open,
            lambda socket, code, clean: self._on_close(socket, code, generation, clean=clean),
        )
        if self.page.ping_started == "at_creation":
            self._start_ping(endpoint, slot.socket)

    def _new_socket(
        self,
        endpoint: int,
        on_open: Callable[[PageSocket], None],
        on_close: Callable[[PageSocket, int, bool], None],
    ) -> PageSocket:
        target = Target(self.path, "127.0.0.1", 8002, ENDPOINTS[endpoint].path)
        handlers = Handlers(on_open, self.data.on_message, on_close)
        socket = self.document.new_socket(endpoint, target, handlers)
        if self.page.connect_timeout_s is not None:
            delay_ns = to_ns(self.page.connect_timeout_s)
            self.document.set_timeout(delay_ns, lambda: self._too_late(socket))
        return socket

    def _too_late(self, socket: PageSocket) -> None:
        if socket.state is State.CONNECTING:
            socket.close()

    def _on_open(self, socket: PageSocket) -> None:
        endpoint = socket.who.endpoint
        slot = self.slots[endpoint]
        self._tell(Fact.OPENED, socket)
        if slot.policy.resets_on is Fact.PROVED:
            self._prove_later(socket)
        slot.silent = False
        if self.page.timer_cleanup:
            self._clear_timer(endpoint)
        self.data.connection_state(endpoint, "connected")
        if self.page.sends_ready:
            socket.send(Message("client_ready", READY_BYTES))
        if self.page.ping_started == "in_onopen":
            self._start_ping(endpoint, socket)

    def _on_close(self, socket: PageSocket, code: int, generation: int, *, clean: bool) -> None:
        endpoint = socket.who.endpoint
        slot = self.slots[endpoint]
        owned = self.page.hook not in {"fixed", "repaired"}
        if not owned and (generation != self.generation or slot.socket is not socket):
            return
        self._stop_ping(endpoint)
        self.data.forget(socket)
        self.data.connection_state(endpoint, "disconnected")
        self._reconnect(socket, code, clean=clean)

    def _reconnect(self, socket: PageSocket, code: int, *, clean: bool) -> None:
        endpoint = socket.who.endpoint
        fact = Fact.DROPPED if socket.opened else Fact.REFUSED
        decision = self._tell(fact, socket, code, clean=clean)
        if isinstance(decision, Stop) and decision.reason != BREAKER_OPEN:
            self.document.record(Event.GAVE_UP, endpoint=endpoint, detail=decision.reason)
        elif isinstance(decision, RetryAt):
            self._set_timer(endpoint, decision.time_ns - self.document.clock.now_ns)

    def _tell(
        self, fact: Fact, socket: PageSocket, code: int = 0, *, clean: bool = False
    ) -> Decision:
        """Tell the endpoint's policy what happened; record what its breaker does."""
        endpoint = socket.who.endpoint
        policy = self.slots[endpoint].policy
        until_ns = policy.open_until_ns
        happened = Happened(fact, self.document.clock.now_ns, code, clean)
        decision = policy.on(happened, _Chance(self.document, socket))
        if policy.open_until_ns != until_ns and policy.open_until_ns is not None:
            self.document.record(Event.BREAKER_OPENED, endpoint=endpoint, detail=BREAKER_OPEN)
        elif policy.open_until_ns is None and until_ns is not None:
            self.document.record(Event.BREAKER_CLOSED, endpoint=endpoint)
        return decision

    def _half_open(self, endpoint: int) -> None:
        """An attempt that an open breaker lets through is its probe."""
        if self.slots[endpoint].policy.open_until_ns is not None:
            self.document.record(Event.BREAKER_HALF_OPEN, endpoint=endpoint)

    def _prove_later(self, socket: PageSocket) -> None:
        """Tell the policy when the socket has been open for long enough to trust it."""

        def prove() -> None:
            if socket.state is State.OPEN:
                self._tell(Fact.PROVED, socket)

        self.document.set_timeout(to_ns(self.page.proved_after_s), prove)

    def _set_timer(self, endpoint: int, delay_ns: int) -> None:
        slot = self.slots[endpoint]
        self.document.record(Event.TIMER_SET, endpoint=endpoint, value_ns=delay_ns)

        def fire() -> None:
            self.document.record(Event.TIMER_FIRED, endpoint=endpoint)
            self.connect(endpoint)

        slot.timer = self.document.set_timeout(delay_ns, fire)
        slot.timers = [timer for timer in slot.timers if timer.pending]
        slot.timers.append(slot.timer)

    def _clear_timer(self, endpoint: int) -> None:
        slot = self.slots[endpoint]
        if slot.timer is not None and slot.timer.pending:
            self.document.record(Event.TIMER_CLEARED, endpoint=endpoint)
        self.document.clear(slot.timer)
        slot.timer = None

    def _ignored(self, endpoint: int) -> None:
        """Attempts are used up, or the breaker is open: connect returns at once."""
        self.document.record(Event.TIMER_IGNORED, endpoint=endpoint)
        slot, now_ns = self.slots[endpoint], self.document.clock.now_ns
        if slot.socket is not None:
            later = slot.policy.postponed(now_ns, _Chance(self.document, slot.socket))
            if isinstance(later, RetryAt) and later.time_ns > now_ns:
                self._set_timer(endpoint, later.time_ns - now_ns)
                return
        if not slot.silent:
            slot.silent = True
            self.document.record(Event.GAVE_UP, endpoint=endpoint, detail="silently")

    # keep-alive -------------------------------------------------------------------------------

    def _start_ping(self, endpoint: int, socket: PageSocket) -> None:
        if self.page.ping_interval_s is None:
            return
        document = self.document

        def ping() -> None:
            if socket.state == 1:
                socket.send(Message("ping", PING_BYTES, document.clock.now_ns))
                self.data.expect_pong(socket)
            elif self.page.ping_started == "in_onopen":
                interval.cancel()

        interval = document.set_interval(to_ns(self.page.ping_interval_s), ping)
        self.slots[endpoint].ping = interval

    def _stop_ping(self, endpoint: int) -> None:
        slot = self.slots[endpoint]
        self.document.clear(slot.ping)
        slot.ping = None

    @property
    def timers_pending_max(self) -> int:
        """Most retry timers that are pending for one endpoint now."""
        return max(sum(timer.pending for timer in slot.timers) for slot in self.slots)


class Manager(EffectHook):
    """The proposed WebSocketManager, literally; one for the whole page, not per mount."""

    def cleanup(self) -> None:
        """``disconnect`` every endpoint."""
        self.data.stop()
        self.generation += 1
        for timer in self._pending:
            self.document.clear(timer)
        for endpoint in range(len(self.slots)):
            self.disconnect(endpoint)

    def connect(self, endpoint: int) -> None:
        """Close and forget the endpoint's socket, then make a new one."""
        slot = self.slots[endpoint]
        if not slot.policy.may_attempt(self.document.clock.now_ns):
            self._ignored(endpoint)
            return
        self._half_open(endpoint)
        self.disconnect(endpoint)
        slot.socket = self._new_socket(endpoint, self._on_open, self._on_manager_close)

    def disconnect(self, endpoint: int) -> None:
        """Close the endpoint's socket and forget it; as proposed, a lone timer is left running."""
        socket = self.slots[endpoint].socket
        if socket is not None:
            socket.close()
        if socket is not None or self.page.hook == "manager_repaired":
            self._forget(endpoint)

    def retry_by_hand(self) -> None:
        """``connect`` for every endpoint, whatever its state."""
        for endpoint in range(len(self.slots)):
            self.document.record(Event.RETRY_BY_HAND, endpoint=endpoint)
            self.connect(endpoint)

    def _on_manager_close(self, socket: PageSocket, code: int, clean: bool) -> None:  # noqa: FBT001
        endpoint = socket.who.endpoint
        if self.page.hook == "manager_repaired" and self.slots[endpoint].socket is not socket:
            return
        self._forget(endpoint)
        self.data.forget(socket)
        self.data.connection_state(endpoint, "disconnected")
        self._reconnect(socket, code, clean=clean)

    def _forget(self, endpoint: int) -> None:
        self._stop_ping(endpoint)
        self._clear_timer(endpoint)
        self.slots[endpoint].socket = None


class Plain(EffectHook):
    """Eight sockets and nothing else."""

    def cleanup(self) -> None:
        """Nothing is cleaned up."""

    def _on_close(self, socket: PageSocket, code: int, generation: int, *, clean: bool) -> None:
        """Nothing reconnects."""


def make_component(
    document: Document, page: Page, path: Path, data: PageData, managers: dict[int, Manager]
) -> EffectHook:
    """The component of a mount; the manager outlives mounts, so ``managers`` keeps it by page."""
    if page.hook in {"manager", "manager_repaired"}:
        key = address(document.tab.client, document.generation)
        if key not in managers:
            managers[key] = Manager(document, page, path, data)
        return managers[key]
    if page.hook == "plain":
        return Plain(document, page, path, data)
    return EffectHook(document, page, path, data)
