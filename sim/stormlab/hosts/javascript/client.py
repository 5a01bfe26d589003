"""One client of real JavaScript code in a world: its timers and sockets on the world's clock."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from stormlab.clock import NS_PER_MS, Clock, Rank, Timer, to_ns
from stormlab.draws import Draws
from stormlab.hosts.diary import EARLY, Diary
from stormlab.hosts.javascript.engine import Code, CodeError, Engine, engine_for, forget_engine
from stormlab.hosts.wire import Data, Dial, End, Mouth
from stormlab.policy.chance import address
from stormlab.vocabulary import Event

EPOCH_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z, where every world begins
URL = "wss://server.example/socket"
PAGE_URL = "https://server.example/"
AGENTS = {
    "browser": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36",
    "node": "Node.js/20",
}
CLOSING_NS = {"browser": to_ns(60.0), "node": to_ns(30.0)}
"""How long a client waits for the answer to its close frame: Chromium
(net/websockets/websocket_channel.cc, kClosingHandshakeTimeoutSeconds), npm ws@8 (CLOSE_TIMEOUT);
both measured: tests/integration/test_fidelity.py."""
TELLS_PER_S_MAX = 20_000  # events in one second of virtual time: the code never waits
IDLE_MAX = 20_000  # timers in a row that only set timers again,
IDLE_S = 400.0  # if they come within so many seconds: 50 in one second
GAVE_UP = "gave up"  # env.note("gave up"): no further attempt by itself, and it says so
SAID_MAX = 300  # characters of a line that are kept


@dataclass(frozen=True)
class Settings:
    """How a client is hosted.

    ``profile``: ``browser`` or ``node``. ``own_context``: an engine of its own; else it shares one
    with other clients of the same code, to the same effect. ``feed``: what ``Math.random`` gives
    first; then come addressed draws, or ``fixed`` for ever. ``skew_ms``: how wrong its clock is.

    Simplifications: an error that nobody catches is written down, and a client on Node goes on as
    if it had a handler for it, where the process would end; HTTP requests fail; there is no Intl. A
    browser also slows down timers of hidden pages, and Chromium holds back attempts after many that
    failed within some two minutes (156: 50 ms after 10 of them, 1 to 5 s from about 15 on).
    """

    profile: str = "browser"
    url: str = URL
    own_context: bool = False
    feed: tuple[float, ...] = ()
    fixed: float | None = None
    skew_ms: int = 0


class JavaScriptClient:
    """Runs one client; what it does and hears is written into its diary."""

    def __init__(
        self,
        code: Code,
        clock: Clock,
        dial: Dial,
        diary: Diary,
        draws: Draws,
        settings: Settings | None = None,
    ) -> None:
        """Prepare the client; :meth:`start` runs its code.

        Raises:
            HostError: one line, when the engine is missing or the code is not JavaScript.
        """
        settings = settings or Settings()
        self._code, self._clock, self._dial, self._diary = code, clock, dial, diary
        self._engine = Engine() if settings.own_context else engine_for(code)
        self._node = settings.profile == "node"
        self._timers: dict[int, Timer] = {}
        self._mouths: dict[int, Mouth] = {}
        self._second_ns = self._tells = 0
        self._idle = self._idle_since_ns = 0  # timers in a row that only set timers
        self.halted = self._has = self._closed = False
        self._does: dict[str, Callable[..., None]] = {
            "t": self._set_timer,
            "c": self._clear_timer,
            "w": self._new_socket,
            "s": self._send,
            "b": self._send_bytes,
            "x": self._close,
            "kill": self._kill,
            "early": self._early,
            "log": partial(self._said, Event.CONSOLE),
            "err": self._erred,
            "note": self._noted,
            "has": self._has_it,
            "http": partial(self._said, Event.HTTP_REQUEST),
            "missing": partial(self._said, Event.NOTED, "has no method"),
        }
        who = address(diary.client)
        self._number = self._engine.spawn(
            code,
            {
                "node": self._node,
                "epoch_ms": EPOCH_MS + settings.skew_ms,
                "agent": AGENTS[settings.profile],
                "page_url": PAGE_URL,
                "url": settings.url,
                "number": diary.client,
                "feed": list(settings.feed),
                "fixed": settings.fixed,
                "random_key": str(draws.stream_key(who, "Math.random")),
                "secret_key": str(draws.stream_key(who, "crypto")),
            },
        )

    # what is done to it --------------------------------------------------------------------------

    def start(self) -> None:
        """Run the start code."""
        self._tell("start")

    def call(self, name: str) -> None:
        """Call a method of the handle that the start code gave, such as ``close``."""
        self._closed = name == "close"
        self._tell("call", name)

    def has(self, name: str) -> bool:
        """Whether the handle has such a method."""
        self._has = False
        self._tell("has", name)
        return self._has

    def online(self, *, online: bool) -> None:
        """The device has a network, or none."""
        self._tell("online", online)

    def visible(self, *, visible: bool) -> None:
        """The page is in sight, or hidden."""
        self._tell("visible", visible)

    def forget(self) -> None:
        """The run is over: keep nothing in the engine."""
        if self.halted:
            return
        self._engine.drop(self._number)
        if not self._engine.clean():
            forget_engine(self._code)

    # what it does --------------------------------------------------------------------------------

    def _tell(self, kind: str, *given: Any) -> None:  # noqa: ANN401  what JSON can hold
        if self.halted:
            return
        now_ns = self._clock.now_ns
        if now_ns >= self._second_ns:
            self._second_ns, self._tells = now_ns + to_ns(1.0), 0
        self._tells += 1
        if self._tells > TELLS_PER_S_MAX:
            self._halt(f"more than {TELLS_PER_S_MAX:,} events in a second: it never waits")
            return
        try:
            done = self._engine.tell(self._number, now_ns / NS_PER_MS, kind, *given)
        except CodeError as error:
            self._halt(str(error))
            return
        for name, *rest in done:
            self._does[name](*rest)
        if kind == "timer":
            self._look_at_timers(done)

    def _look_at_timers(self, done: list[list[Any]]) -> None:
        """Stop code that does nothing but set timers, and these without a pause."""
        if self._idle == 0 or any(each[0] not in {"t", "c"} for each in done):
            self._idle, self._idle_since_ns = 1, self._clock.now_ns
            return
        self._idle += 1
        if self._idle > IDLE_MAX:
            self._idle = 0
            if self._clock.now_ns - self._idle_since_ns < to_ns(IDLE_S):
                self._halt(f"{IDLE_MAX:,} timers in a row did nothing else: it never waits")

    def _halt(self, reason: str) -> None:
        """The code does not come to an end: the client is dead, its sockets stay as they are."""
        self.halted = True
        for timer in self._timers.values():
            timer.cancel()
        forget_engine(self._code)
        self._diary.note(self._clock.now_ns, Event.HALTED, detail=reason[:SAID_MAX])

    def _set_timer(self, number: int, delay_ms: int) -> None:
        fired = partial(self._fired, number)
        self._timers[number] = self._clock.after(delay_ms * NS_PER_MS, Rank.TIMER, fired)

    def _fired(self, number: int) -> None:
        self._timers.pop(number, None)
        self._tell("timer", number)

    def _clear_timer(self, number: int) -> None:
        timer = self._timers.pop(number, None)
        if timer is not None:
            timer.cancel()

    def _new_socket(self, number: int, url: str, protocols: Sequence[str]) -> None:
        self._mouths[number] = self._dial(url, tuple(protocols), _Socket(self, number))

    def _send(self, number: int, data: str) -> None:
        self._mouths[number].send(data)

    def _send_bytes(self, number: int, data: str) -> None:
        self._mouths[number].send(data.encode("latin-1"))

    def _close(self, number: int, code: int, reason: str) -> None:
        mouth = self._mouths.get(number)
        if mouth is not None:
            mouth.close(code, reason)

    def _kill(self, number: int) -> None:
        mouth = self._mouths.get(number)
        if mouth is not None:
            getattr(mouth, "kill", mouth.close)()

    def _early(self, number: int) -> None:
        attempt = int(getattr(self._mouths.get(number), "attempt", 0))
        self._diary.note(self._clock.now_ns, Event.SEND, attempt, detail=EARLY)

    def _said(self, event: Event, *words: str) -> None:
        self._diary.note(self._clock.now_ns, event, detail=" ".join(words)[:SAID_MAX])

    def _erred(self, text: str, frames: Sequence[Sequence[int]]) -> None:
        """An error that nobody caught, and where in the sources it was made."""
        place = self._code.places.told([(line, column) for line, column in frames])
        where = f" (at {place})" if place else ""
        self._said(Event.UNCAUGHT, text[: max(0, SAID_MAX - len(where))] + where)

    def _has_it(self) -> None:
        self._has = True

    def _noted(self, kind: str, detail: str) -> None:
        """What the code says of itself; giving up is an event of its own."""
        if kind == GAVE_UP and self._closed:
            return  # as it was told to
        if kind == GAVE_UP:
            now_ns = self._clock.now_ns
            self._diary.note(now_ns, Event.GAVE_UP, clean=1, detail=detail[:SAID_MAX])
        else:
            self._said(Event.NOTED, kind, detail)

    def ended(self, number: int, end: End) -> None:
        """A socket of its is over."""
        self._mouths.pop(number, None)
        self._tell("end", number, end.code, end.reason, end.clean, end.failed, end.cause.value)

    def heard(self, kind: str, *given: Any) -> None:  # noqa: ANN401
        """A socket of its hears something."""
        self._tell(kind, *given)


class _Socket:
    """A socket's ear: see :class:`stormlab.hosts.wire.Ear`."""

    def __init__(self, client: JavaScriptClient, number: int) -> None:
        self._client, self._number = client, number

    def opened(self, protocol: str) -> None:
        self._client.heard("open", self._number, protocol)

    def message(self, data: Data) -> None:
        if isinstance(data, str):
            self._client.heard("message", self._number, data, False)  # noqa: FBT003  by position
        else:
            self._client.heard("message", self._number, data.decode("latin-1"), True)  # noqa: FBT003

    def closing(self) -> None:
        self._client.heard("closing", self._number)

    def ended(self, end: End) -> None:
        self._client.ended(self._number, end)
