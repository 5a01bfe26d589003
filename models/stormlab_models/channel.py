"""A browser WebSocket in the network process: from its turn for a handshake to the end of TCP.

A channel is in one of the stages below; the page's close(), the server's answer and the end of TCP
meet it there:

========== =====================================================================================
queued     waits for throttle, fail delay or gate: an abort leaves no trace on the wire
delayed    has the gate, waits for Firefox's delay after a failure
set up     has the gate: the first packet is being prepared
connecting the first packet is out: an abort before the request is written ends TCP without it
requested  the request is on the wire: an abort sends FIN (Firefox: nothing until a 101 comes)
abandoned  Firefox: aborted on the wire; a 101 that still comes is answered with FIN
open       101 received: an abort sends close frame 1001 and FIN
over       nothing more
========== =====================================================================================

Simplifications: see :mod:`stormlab_models.browser`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from stormlab.clock import NS_PER_MS, Rank, Timer, to_ns
from stormlab.vocabulary import Cause, Event, State
from stormlab_models.asgi import Message
from stormlab_models.browser import Renderer, handshake_timeout_ns
from stormlab_models.machine import CONNECT, NETWORK_WAKE, SET_UP
from stormlab_models.network import Connection, Path, Segment, Who
from stormlab_models.websocket import ABNORMAL, GOING_AWAY, NO_STATUS

CLOSE_FRAME_BYTES = 8
PONG_BYTES = 6
FRAME_OVERHEAD_BYTES = 8
HTTP_SWITCHING = 101
HOLD_NS_MAX = 20 * NS_PER_MS  # a handshake that hangs does not hold up what pages ask
_BEFORE_REQUEST = {"delayed", "set up", "connecting"}


@dataclass(frozen=True)
class Target:
    """Where a socket connects to: the path's server, its address, and the URL's path."""

    path: Path
    ip: str
    port: int
    url_path: str


class PageSide(Protocol):
    """What a channel tells the page's side of its socket, in the page's own time."""

    def hear_open(self) -> None:
        """The handshake is complete."""

    def hear_message(self, message: Message) -> None:
        """A message came."""

    def hear_end(self, code: int, cause: Cause, *, clean: bool = False) -> None:
        """The connection ended, or never came about."""

    def record(self, event: Event, **columns: Any) -> None:  # noqa: ANN401  Recorder.add's
        """Record an event of the socket."""


class Channel:
    """One socket below the page; :class:`stormlab_models.network.ClientSide` of its connection."""

    def __init__(self, renderer: Renderer, target: Target, who: Who, page: PageSide) -> None:
        """Wait for :meth:`admit`."""
        self.who = who
        self.stage = "queued"
        self.called_in = State.NONE  # the state in which the page called close()
        self._page = page
        self._renderer = renderer
        self._profile = renderer.profile
        self._clock = renderer.profile.clock
        self._target = target
        self._gate = self._profile.gate(target.ip, target.port)
        self._admitted = False
        self._aborted = False
        self._connection: Connection | None = None
        self._timer: Timer | None = None
        self._received = 0
        self._handled_ns = 0
        self._holding = False
        self._established = False

    # the handshake ----------------------------------------------------------------------------

    def admit(self) -> None:
        """A page wants a socket: past limits and throttle to the gate."""
        kind, throttle = self._profile.kind, self._renderer.throttle
        if self._aborted:
            self.stage = "over"
            return
        too_many = (kind.pending_max is not None and throttle.pending >= kind.pending_max) or (
            kind.sockets_max is not None and self._profile.sockets >= kind.sockets_max
        )
        if too_many:
            self.stage = "over"
            self._page.record(Event.LIMITED)
            self._renderer.to_page(lambda: self._page.hear_end(ABNORMAL, Cause.LIMITED))
            return
        throttle.started()
        self._admitted = True
        self._profile.sockets += 1
        self._page.record(Event.QUEUED)
        delay_ns = 0
        if kind.name == "chromium":
            uniform = self._profile.draws.integer(1000, 5000, self.who.address, "throttle")
            delay_ns = throttle.delay_ns(uniform)
        if delay_ns:
            self._timer = self._later(delay_ns, lambda: self._gate.enter(self._granted))
        else:
            self._gate.enter(self._granted)

    def _granted(self) -> None:
        self.stage = "delayed"
        wait_ns = self._profile.fail_delay.remaining_ns(self._key)
        if wait_ns:
            self._timer = self._later(wait_ns, self._set_up)
        else:
            self._set_up()

    def _set_up(self) -> None:
        self.stage = "set up"
        self._holding = True
        self._profile.begin_connect()
        delay_ns = self._profile.machine.delay_ns(SET_UP, self.who.address)
        self._timer = self._later(delay_ns, self._connect)

    def _connect(self) -> None:
        self.stage = "connecting"
        self._connection = self._target.path.connect(self, self.who)
        self._later(HOLD_NS_MAX, self._hold_no_longer)
        timeout_ns = handshake_timeout_ns(self._profile.kind)
        self._timer = self._later(timeout_ns, lambda: self._fail(Cause.TIMED_OUT))

    def established(self) -> None:
        """TCP is there: the upgrade request is prepared."""
        if self.stage == "connecting":
            self._established = True
            delay_ns = self._profile.machine.delay_ns(CONNECT, self.who.address)
            self._later(delay_ns, self._request)

    def _request(self) -> None:
        if self._connection is None or self.stage != "connecting":
            return
        self.stage = "requested"
        size = self._profile.kind.request_bytes + len(self._target.url_path)
        self._page.record(Event.REQUEST, up=size)
        self._connection.send_up(Segment("request", self._target.url_path, size))
        self._let_others()

    def _hold_no_longer(self) -> None:
        if not self._established:
            self._let_others()

    def _let_others(self) -> None:
        """What the pages asked for meanwhile has its turn."""
        if self._holding:
            self._holding = False
            self._profile.end_connect()

    def refused(self) -> None:
        """Nobody listens."""
        if self.stage == "connecting":
            self._page.record(Event.REFUSED)
        self._fail(Cause.REFUSED)

    def arrived(self, segment: Segment) -> None:
        """Let the network process handle what the server sent."""
        self._received += 1
        delay_ns = self._profile.machine.delay_ns(NETWORK_WAKE, self.who.address, self._received)
        now_ns = self._clock.now_ns
        self._handled_ns = max(self._handled_ns, now_ns + delay_ns)
        self._later(self._handled_ns - now_ns, lambda: self._handle(segment))

    def _handle(self, segment: Segment) -> None:
        if self.stage in {"over", "queued"}:
            return
        if self.stage == "abandoned" and segment.kind != "response":
            return
        if segment.kind == "response":
            self._answered(int(str(segment.payload)))
        elif segment.kind in {"fin", "rst"}:
            self._ended(str(segment.payload or segment.kind))
        elif isinstance(segment.payload, Message):
            self._frame_down(segment.payload)

    def _answered(self, status: int) -> None:
        if self.stage == "abandoned":
            self._later(self._profile.kind.abort_fin_after_101_ns, self._fin)
            return
        if self.stage != "requested":
            return
        if status != HTTP_SWITCHING:
            self._fail(Cause.REJECTED)
            return
        self.stage = "open"
        self._cancel_timer()
        self._release(opened=True)
        self._profile.fail_delay.succeeded(self._key)
        self._renderer.to_page(self._page.hear_open)

    def _ended(self, why: str) -> None:
        if self.stage != "open":
            self._fail(Cause.SERVER_DROPPED if why == "server dropped" else _cause(why))
            return
        if self.called_in is State.NONE:
            self._count_failure()  # Firefox waits after an unclean end too
        self._fin()
        self._over()
        self._renderer.to_page(lambda: self._page.hear_end(ABNORMAL, _cause(why)))

    def _frame_down(self, message: Message) -> None:
        if message.kind == "ping":
            self.send(Message("pong", 0))
        elif message.kind == "close":
            code = message.size or NO_STATUS
            if self.called_in is State.OPEN:
                code = NO_STATUS
                cause = Cause.CLOSED_BY_PAGE
            else:
                cause = Cause.SERVER_CLOSED
                self.send(Message("close", code))
            self._fin()
            self._over()
            self._renderer.to_page(lambda: self._page.hear_end(code, cause, clean=True))
        elif self.stage == "open":
            self._renderer.to_page(lambda: self._page.hear_message(message))

    def send(self, message: Message) -> None:
        """Send a frame, if the channel is open."""
        if self._connection is None or self.stage != "open":
            return
        sizes = {"pong": PONG_BYTES, "close": CLOSE_FRAME_BYTES}
        size = sizes.get(message.kind, message.size + FRAME_OVERHEAD_BYTES)
        self._page.record(Event.CLIENT_FRAME, up=size, detail=message.kind)
        self._connection.send_up(Segment("frame", message, size))

    def start_closing(self) -> None:
        """The page closed an open socket."""
        if self.stage != "open":
            return
        self.send(Message("close", NO_STATUS))
        timeout_ns = to_ns(self._profile.kind.closing_timeout_s)
        self._timer = self._later(timeout_ns, lambda: self._ended("timed out"))

    def abort(self) -> None:
        """The page gave up while it saw the socket as CONNECTING, or its document is gone."""
        self._aborted = True
        if self.stage == "queued" and self._admitted:
            self._cancel_timer()
            self._gate.leave(self._granted)
            self._renderer.throttle.ended(opened=False)
            self._count_failure()
            self._over()
        elif self.stage in _BEFORE_REQUEST:
            self._cancel_timer()
            if self._connection is not None:
                self._connection.send_up(Segment("fin"))  # and no further SYN
            self._release(opened=False)
            self._count_failure()
            self._over()
        elif self.stage == "requested":
            self._abort_on_wire()
        elif self.stage == "open":
            if self.called_in is not State.OPEN:
                self.send(Message("close", GOING_AWAY))
            self._fin()
            self._over()

    def _abort_on_wire(self) -> None:
        if self.stage != "requested":
            return
        self._count_failure()
        self._release(opened=False)
        if self._profile.kind.abort_sends_fin:
            self._fin()
        self._over()
        if not self._profile.kind.abort_sends_fin:
            self.stage = "abandoned"

    def _fail(self, cause: Cause) -> None:
        """The handshake failed by itself."""
        if self.stage in {"over", "open", "abandoned"}:
            return
        on_wire = self.stage == "requested"
        self._release(opened=False, refused=cause is Cause.REFUSED)
        self._count_failure()
        if on_wire:
            self._fin()
        elif self._connection is not None:
            self._connection.client_closed = True  # no further SYN
        self._over()
        if not self._aborted:
            self._renderer.to_page(lambda: self._page.hear_end(ABNORMAL, cause))

    # helpers ----------------------------------------------------------------------------------

    @property
    def _key(self) -> tuple[str, int, str]:
        return (self._target.ip, self._target.port, self._target.url_path)

    def _later(self, delay_ns: int, act: Callable[[], None]) -> Timer:
        who = self.who
        return self._clock.after(
            delay_ns,
            Rank.BROWSER,
            act,
            client=who.client,
            socket=who.socket,
        )

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _release(self, *, opened: bool, refused: bool = False) -> None:
        """The handshake no longer holds the gate."""
        self._renderer.throttle.ended(opened=opened)
        if self.stage != "queued":
            self._gate.release(refused=refused)

    def _count_failure(self) -> None:
        if self._profile.kind.name == "firefox":
            first_ms = self._profile.draws.integer(200, 399, self.who.address, "fail_delay")
            self._profile.fail_delay.failed(self._key, first_ms)

    def _fin(self) -> None:
        if self._connection is not None and not self._connection.client_closed:
            self._page.record(Event.CLIENT_FIN)
            self._connection.send_up(Segment("fin"))

    def _over(self) -> None:
        self._cancel_timer()
        self._let_others()
        self.stage = "over"
        self._profile.sockets -= 1


def _cause(why: str) -> Cause:
    named = {
        "fin": Cause.SERVER_DROPPED,
        "server dropped": Cause.SERVER_DROPPED,
        "rst": Cause.RESET,
        "killed": Cause.KILLED,
        "shut down": Cause.SERVER_DROPPED,
        "idle cut": Cause.IDLE_CUT,
        "timed out": Cause.TIMED_OUT,
    }
    return named[why]
