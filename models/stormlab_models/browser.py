"""Browsers below the page: one handshake at a time, Chromium's throttle, limits, Firefox's rules.

A page's ``new WebSocket`` is a message to the network process. There it passes, in this order: the
limit on sockets, the throttle (Chromium: per renderer process; Firefox: a delay per endpoint after
a failure), the gate that lets one handshake at a time go to an address, and then the wire. The
gate opens again when the handshake ended, in Chromium 10 ms later.

Sources: RFC 6455 section 4.1 (one CONNECTING per address);
chromium@40d512a8:services/network/websocket_throttler.cc,
chromium@3d7d7092:net/socket/websocket_endpoint_lock_manager.cc,
gecko-dev@ad362610:netwerk/protocol/websocket/WebSocketChannel.cpp; Chromium 156 and Firefox 153
ESR measured. A reload commits into a fresh renderer: no throttle was seen after reloads.

While a handshake is being set up, what pages ask of their sockets waits behind it; new sockets do
not, they come by a pipe of their own. This is why the first socket of an aborted mount reaches the
server although the page called close() milliseconds before its request was written (measured in 19
or 20 of 20 loads), why a second one sometimes gets through, and why the throttle counts sixteen
pending sockets under StrictMode (measured: one load in ten has its data within a second).

Simplifications: no HTTP/2 WebSockets, no proxy resolution, no DNS beyond a drawn delay; the order
of what a renderer asks of its sockets is kept over all of them (each has its own pipe in fact);
the throttle's two-minute ticks count from the start of the run, not from the browser's start;
Safari is not modelled.
"""

from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from stormlab.clock import NS_PER_MS, NS_PER_S, NS_PER_US, Clock, Rank, to_ns
from stormlab.draws import Draws
from stormlab.trace import Recorder
from stormlab_models.machine import IPC_DOWN, IPC_UP, Machine, address


@dataclass(frozen=True)
class BrowserKind:
    """The constants of a browser."""

    name: str
    gap_ns: int  # from the end of one handshake to the next
    gate_per_port: bool  # one handshake per IP:port, or per IP
    pending_max: int | None  # CONNECTING sockets per renderer
    sockets_max: int | None  # all sockets of the browser
    abort_sends_fin: bool  # close() while CONNECTING ends TCP
    abort_fin_after_101_ns: int
    connect_comes_first: bool  # what pages ask while a handshake is set up waits behind it
    handshake_timeout_s: float
    closing_timeout_s: float
    request_bytes: int  # upgrade request without the path


CHROMIUM = BrowserKind(
    name="chromium",
    gap_ns=10 * NS_PER_MS,
    gate_per_port=True,
    pending_max=255,
    sockets_max=None,
    abort_sends_fin=True,
    abort_fin_after_101_ns=0,
    connect_comes_first=True,
    handshake_timeout_s=240,
    closing_timeout_s=60,
    request_bytes=465,
)
FIREFOX = BrowserKind(
    name="firefox",
    gap_ns=0,
    gate_per_port=False,
    pending_max=None,
    sockets_max=200,
    abort_sends_fin=False,
    abort_fin_after_101_ns=5 * NS_PER_MS,
    connect_comes_first=False,
    handshake_timeout_s=20,
    closing_timeout_s=20,
    request_bytes=510,
)
BROWSERS = {kind.name: kind for kind in (CHROMIUM, FIREFOX)}

CATCH_UP_NS_MIN = 150 * NS_PER_US
THROTTLE_WINDOW_NS = 120 * NS_PER_S
_EXPONENT_MAX = 16
_FIREFOX_DELAY_MAX_NS = 60 * NS_PER_S


class Gate:
    """Lets one handshake at a time through to one address."""

    def __init__(self, clock: Clock, gap_ns: int) -> None:
        """Start open."""
        self._clock = clock
        self._gap_ns = gap_ns
        self._waiting: deque[Callable[[], None]] = deque()
        self._busy = False

    def enter(self, go: Callable[[], None]) -> None:
        """Call ``go`` when it is its turn, in order of arrival."""
        self._waiting.append(go)
        if not self._busy:
            self._next()

    def leave(self, go: Callable[[], None]) -> None:
        """Give up waiting."""
        if go in self._waiting:
            self._waiting.remove(go)

    def release(self, *, refused: bool = False) -> None:
        """The handshake that held the gate has ended; after a refused one there is no gap."""
        if self._gap_ns and not refused:
            self._clock.after(self._gap_ns, Rank.BROWSER, self._next)
        else:
            self._next()

    def _next(self) -> None:
        self._busy = bool(self._waiting)
        if self._waiting:
            self._waiting.popleft()()


class Throttle:
    """Chromium's delay before a handshake, by what happened to the renderer's earlier ones."""

    def __init__(self, clock: Clock) -> None:
        """Start with a clean record."""
        self._clock = clock
        self.pending = 0
        self._failed = [0, 0]  # this window, the one before
        self._succeeded = [0, 0]
        self._window = 0

    def delay_ns(self, uniform_ms: int) -> int:
        """The delay for a handshake that is counted as pending already.

        ``RandInt(1000, 5000) ms * 2**min(p + f/(s+1), 16) / 65536`` in integers, so nothing below
        about eight failures and 1 to 5 s from about fifteen on.
        """
        self._roll()
        failed, succeeded = sum(self._failed), sum(self._succeeded)
        exponent = min(self.pending + failed // (succeeded + 1), _EXPONENT_MAX)
        return uniform_ms * (1 << exponent) // 65536 * NS_PER_MS

    def started(self) -> None:
        """Count one more pending handshake."""
        self._roll()
        self.pending += 1

    def ended(self, *, opened: bool) -> None:
        """Count a handshake's end; an abort is a failure."""
        self._roll()
        self.pending -= 1
        (self._succeeded if opened else self._failed)[0] += 1

    def _roll(self) -> None:
        window = self._clock.now_ns // THROTTLE_WINDOW_NS
        while self._window < window:
            self._window += 1
            self._failed = [0, self._failed[0]]
            self._succeeded = [0, self._succeeded[0]]
            # the check for a clean record overlooks earlier failures (IsClean() in the source)
            if not self.pending and not self._succeeded[1]:
                self._failed = [0, 0]
            if not any(self._failed + self._succeeded):
                self._window = window


class FailDelay:
    """Firefox's delay per endpoint after a failure: 200-399 ms, times 1.5 each, at most 60 s."""

    def __init__(self, clock: Clock) -> None:
        """Start with no failures."""
        self._clock = clock
        self._entries: dict[Hashable, tuple[int, int]] = {}  # delay, time of the last failure

    def failed(self, key: Hashable, first_ms: int) -> None:
        """Remember a failure; ``first_ms`` is the drawn first delay."""
        now_ns = self._clock.now_ns
        delay_ns, last_ns = self._entries.get(key, (0, 0))
        expired = now_ns > last_ns + delay_ns + _FIREFOX_DELAY_MAX_NS
        if not delay_ns or expired:
            delay_ns = first_ms * NS_PER_MS
        else:
            delay_ns = min(delay_ns * 3 // 2, _FIREFOX_DELAY_MAX_NS)
        self._entries[key] = (delay_ns, now_ns)

    def succeeded(self, key: Hashable) -> None:
        """Forget the endpoint's failures."""
        self._entries.pop(key, None)

    def remaining_ns(self, key: Hashable) -> int:
        """How long the endpoint still has to wait."""
        delay_ns, last_ns = self._entries.get(key, (0, 0))
        return max(0, last_ns + delay_ns - self._clock.now_ns) if delay_ns else 0


class Profile:
    """What the tabs of one browser profile share: gates, and Firefox's record of failures."""

    def __init__(
        self, kind: BrowserKind, clock: Clock, draws: Draws, machine: Machine, recorder: Recorder
    ) -> None:
        """Start with everything open."""
        self.kind = kind
        self.clock = clock
        self.draws = draws
        self.machine = machine
        self.recorder = recorder
        self.fail_delay = FailDelay(clock)
        self.sockets = 0  # connecting and open, of all tabs
        self._connecting = 0  # handshakes between their turn and their request
        self._deferred: deque[Callable[[], None]] = deque()
        self._bursts = 0
        self._gates: dict[Hashable, Gate] = {}

    def handle(self, act: Callable[[], None]) -> None:
        """Do what a page asked for; behind a handshake that is just being set up."""
        if self.kind.connect_comes_first and (self._connecting or self._deferred):
            self._deferred.append(act)
        else:
            act()

    def begin_connect(self) -> None:
        """A handshake is being set up: what pages ask for meanwhile waits."""
        self._connecting += 1

    def end_connect(self) -> None:
        """Its request is out (or will not be); a little later the rest is handled."""
        self._connecting -= 1
        if not self._connecting and self._deferred:
            self._bursts += 1
            delay_ns = CATCH_UP_NS_MIN + self.machine.catch_up_ns(self._bursts)
            self.clock.after(delay_ns, Rank.BROWSER, self._catch_up)

    def _catch_up(self) -> None:
        while self._deferred and not self._connecting:
            self._deferred.popleft()()

    def gate(self, ip: str, port: int) -> Gate:
        """The gate to an address; names of one address share it."""
        key = (ip, port) if self.kind.gate_per_port else ip
        if key not in self._gates:
            self._gates[key] = Gate(self.clock, self.kind.gap_ns)
        return self._gates[key]


class Renderer:
    """A page's process: its script thread and its messages to and from the network process.

    All messages of one turn of the script travel together; order is kept in both directions.
    ``busy_until_ns``: the script is in a long turn, and nothing reaches the page before its end.
    """

    def __init__(self, profile: Profile, client: int, generation: int = 0) -> None:
        """Start a fresh process for a document."""
        self.profile = profile
        self.throttle = Throttle(profile.clock)
        self.busy_until_ns = 0
        self._client = client
        self._who = address(client, generation)
        self._turn_ns = -1
        self._turns = 0
        self._up_ns = 0
        self._down_ns = 0
        self._downs = 0

    def to_network(self, act: Callable[[], None], *, new: bool = False) -> None:
        """Have the network process do ``act``; ``new`` sockets come by a way of their own."""
        clock = self.profile.clock
        if clock.now_ns != self._turn_ns:
            self._turn_ns = clock.now_ns
            self._turns += 1
            delay_ns = self.profile.machine.delay_ns(IPC_UP, self._who, self._turns)
            self._up_ns = max(self._up_ns, clock.now_ns + delay_ns)
        handle = self.profile.handle
        arrived = act if new else lambda: handle(act)
        clock.at(self._up_ns, Rank.BROWSER, arrived, client=self._client)

    def to_page(self, act: Callable[[], None]) -> None:
        """Have the page's script do ``act``, when it is free."""
        clock = self.profile.clock
        self._downs += 1
        delay_ns = self.profile.machine.delay_ns(IPC_DOWN, self._who, self._downs)
        self._down_ns = max(self._down_ns, clock.now_ns + delay_ns, self.busy_until_ns)
        clock.at(self._down_ns, Rank.PAGE, act, client=self._client)


def handshake_timeout_ns(kind: BrowserKind) -> int:
    """How long a browser waits for the 101."""
    return to_ns(kind.handshake_timeout_s)
