"""What the page does with data: state updates, renders, HTTP queries, errors, quality.

As found: every message sets the data and a new connection state (two updates, which React 18
batches into one render), whether or not anything changed; the quality shown is "excellent" after
any message; a message that is not JSON leaves one line without context; the HTTP query starts
together with the sockets, so the same data is loaded twice.

Switches: ``diff_check`` compares with the last data (HTTP and WebSocket alike); ``error_details``
keeps attempt, URL, time, state and the raw text cut to a limit; quality follows the pong's round
trip (100, 300, 1000 ms) when pings are sent; ``http`` is ``parallel`` as found, ``sequenced`` as
proposed (the switch to WebSocket comes with a 2 s timer that starts again when the query's state
changes, and only once the query has ended), ``sequenced_repaired`` (on the answer, or after 2 s
at the latest; the data still comes twice, since the server sends it on every socket), or
``fallback`` (the sockets at once, and after 2 s a query for each endpoint that is still without
data).

Source: the analysis, HIGH #5, MEDIUM #6 to #8, Improvement 6, Client Change 2.

Simplifications: one HTTP query per endpoint, no retries of the query, React batches the updates of
one message; render time is not modelled, renders are counted.
"""

from collections.abc import Callable
from typing import Protocol

from stormlab.clock import NS_PER_MS, NS_PER_S, Timer, to_ns, to_s
from stormlab.vocabulary import Event, State
from stormlab_models.asgi import Message
from stormlab_models.page import Document
from stormlab_models.page_socket import PageSocket
from stormlab_models.tac_webbuilder.endpoints import ENDPOINTS
from stormlab_models.tac_webbuilder.parameters import Page
from stormlab_models.websocket import ABNORMAL

HTTP_OK = 200
SWITCH_AFTER_NS = 2 * NS_PER_S
RAW_TEXT_MAX_CHARS = 200
REPAIRED = frozenset({"repaired", "manager_repaired"})
QUALITY_MS = ((100, "excellent"), (300, "good"), (1000, "poor"))


class Fetch(Protocol):
    """Do a GET of an endpoint's data; ``done`` gets the data's version, or 0 when it failed."""

    def __call__(self, document: Document, endpoint: int, done: Callable[[int], None]) -> None:
        """Start the request."""


class PageData:
    """The data side of one mounted component."""

    def __init__(self, document: Document, page: Page, fetch: Fetch) -> None:
        """Start without data."""
        self.document = document
        self.page = page
        self._fetch = fetch
        self._versions: dict[int, int] = {}
        self._fetched = False  # React Query keeps its cache across mounts of one page
        self._waiting = 0
        self._connect: Callable[[], None] | None = None
        self._switch: Timer | None = None
        self._pongs: dict[PageSocket, Timer] = {}
        self._shown: dict[int, str] = {}

    # loading ----------------------------------------------------------------------------------

    def start(self, connect: Callable[[], None]) -> None:
        """The effect: fetch and connect in the order that the page's switch asks for."""
        http = self.page.http
        if http == "fallback":
            connect()
            self._switch = self.document.set_timeout(SWITCH_AFTER_NS, self._fetch_missing)
            return
        if http != "none" and not self._fetched:
            self._fetched = True
            self._waiting = len(ENDPOINTS)
            for endpoint in range(len(ENDPOINTS)):
                self._fetch(self.document, endpoint, self._got_http(endpoint))
        if http in {"none", "parallel"} or (http == "sequenced_repaired" and not self._waiting):
            connect()
            return
        self._connect = connect
        self._start_switch()

    def stop(self) -> None:
        """The cleanup: a pending switch is cleared."""
        self.document.clear(self._switch)
        self._connect = None

    def _fetch_missing(self) -> None:
        for endpoint in range(len(ENDPOINTS)):
            if endpoint not in self._versions:
                self._fetch(self.document, endpoint, self._got_http(endpoint))

    def _start_switch(self) -> None:
        self.document.clear(self._switch)

        def switch() -> None:
            if self.page.http == "sequenced_repaired" or not self._waiting:
                self._go()

        self._switch = self.document.set_timeout(SWITCH_AFTER_NS, switch)

    def _go(self) -> None:
        connect, self._connect = self._connect, None
        if connect is not None:
            connect()

    def _got_http(self, endpoint: int) -> Callable[[int], None]:
        def done(version: int) -> None:
            self._waiting -= 1
            code = HTTP_OK if version else 0  # 0: the request failed
            self.document.record(
                Event.HTTP_RESPONSE, endpoint=endpoint, code=code, value_ns=version
            )
            if version:
                self._set_data(endpoint, version)
            if self._waiting or self._connect is None:
                return
            if self.page.http == "sequenced":
                self._start_switch()  # the effect depends on the query's state and runs again
            else:
                self._go()

        return done

    # messages ---------------------------------------------------------------------------------

    def on_message(self, socket: PageSocket, message: Message) -> None:
        """The page's ``onmessage``."""
        endpoint = socket.who.endpoint
        if message.kind == "pong":
            self._got_pong(socket, message)
        elif message.kind == "malformed":
            socket.record(Event.PARSE_ERROR, detail=self._error_record(socket))
        else:
            self._set_data(endpoint, message.stamp_ns)
            if self.page.ping_interval_s is None:
                self._show(endpoint, "excellent")

    def connection_state(self, endpoint: int, what: str) -> None:
        """``setConnectionState``: always a new object, so always a render."""
        self.document.record(Event.STATE_SET, endpoint=endpoint, detail=what)
        self.document.record(Event.RENDER, endpoint=endpoint, detail="state")
        if what == "disconnected":
            self._show(endpoint, "disconnected")

    def _set_data(self, endpoint: int, version: int) -> None:
        identical = self._versions.get(endpoint) == version
        self._versions[endpoint] = version
        if identical and self.page.diff_check:
            return
        detail = "identical" if identical else "data"
        self.document.record(Event.STATE_SET, endpoint=endpoint, detail=detail)
        self.document.record(Event.RENDER, endpoint=endpoint, detail=detail)

    def _error_record(self, socket: PageSocket) -> str:
        if not self.page.error_details:
            return "[WS] message parse error"
        raw = "x" * RAW_TEXT_MAX_CHARS
        path = ENDPOINTS[socket.who.endpoint].path
        return (
            f"[WS] message parse error attempt={socket.who.attempt} url={path} "
            f"time_s={to_s(self.document.clock.now_ns):.3f} "
            f"state={State(socket.state).name} raw={raw}"
        )

    # health -----------------------------------------------------------------------------------

    def expect_pong(self, socket: PageSocket) -> None:
        """A ping went out; without a pong in time the page closes the socket.

        The repaired page reconnects at once; others wait for ``onclose``, which on a dead path
        comes when the browser's closing timeout has passed (Chromium 60 s, Firefox 20 s).
        """
        if self.page.pong_timeout_s is None or socket in self._pongs:
            return

        def give_up() -> None:
            self._pongs.pop(socket, None)
            self._show(socket.who.endpoint, "disconnected")
            socket.close()
            if self.page.hook in REPAIRED:  # the browser reports the close of a dead path late
                on_close, socket.handlers.on_close = socket.handlers.on_close, None
                if on_close is not None:
                    on_close(socket, ABNORMAL, False)  # noqa: FBT003  wasClean, as in the event

        delay_ns = to_ns(self.page.pong_timeout_s)
        self._pongs[socket] = self.document.set_timeout(delay_ns, give_up)

    def forget(self, socket: PageSocket) -> None:
        """The socket is closed: no pong is expected of it any more."""
        self.document.clear(self._pongs.pop(socket, None))

    def _got_pong(self, socket: PageSocket, message: Message) -> None:
        self.document.clear(self._pongs.pop(socket, None))
        latency_ms = (self.document.clock.now_ns - message.stamp_ns) / NS_PER_MS
        endpoint, shown = socket.who.endpoint, quality(latency_ms)
        # as proposed each pong is a new state; the repaired page renders a change of quality
        repaired = self.page.hook in REPAIRED and self.page.diff_check
        if not repaired or self._shown.get(endpoint) != shown:
            self.document.record(Event.RENDER, endpoint=endpoint, detail="state")
        self._show(endpoint, shown, latency_ms)

    def _show(self, endpoint: int, what: str, latency_ms: float = 0.0) -> None:
        value_ns = round(latency_ms * NS_PER_MS)
        self._shown[endpoint] = what
        self.document.record(Event.QUALITY, endpoint=endpoint, detail=what, value_ns=value_ns)


def quality(latency_ms: float) -> str:
    """The quality shown for a round trip: excellent, good, poor or disconnected."""
    for limit_ms, name in QUALITY_MS:
        if latency_ms < limit_ms:
            return name
    return "disconnected"
