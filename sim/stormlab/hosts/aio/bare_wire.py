"""One TCP connection of a hosted client to the server of a bare world, down to the bytes.

What happens when is that of :mod:`stormlab.worlds.bare_socket`: a SYN meets the server after one
way, a ``wss:`` handshake takes three round trips, and whether it succeeds is decided when its
answer arrives. Bytes are spoken by the sans-IO server of ``websockets``.
"""

import errno
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from stormlab.clock import NS_PER_MS, Rank, to_ns
from stormlab.hosts.aio.network import Address, TcpEar, failure
from stormlab.hosts.aio.speech import ServerSpeech
from stormlab.hosts.wire import ABNORMAL, NORMAL, Data
from stormlab.vocabulary import Cause
from stormlab.worlds.bare_socket import SYN_NS, WAY_NS
from stormlab.worlds.phases import Phase

if TYPE_CHECKING:
    from stormlab.hosts.aio.bare_seat import Seat

GONE = frozenset({"refuse", "stop", "hang"})


class BareWire:
    """A client's end (:class:`~stormlab.hosts.aio.network.Wire`) and all that is behind it."""

    def __init__(
        self, seat: "Seat", attempt: int, local: Address, remote: Address, ear: TcpEar
    ) -> None:
        self.attempt = attempt
        self.local, self.remote = local, remote
        self.url = ""
        self.number = -1  # the server's n-th connection
        self.open = False
        self.closed = False  # on the client's side
        self._seat, self._run, self._ear = seat, seat.run, ear
        self._caller = BareCaller(self)
        self._speech = ServerSpeech(self._requested, self._message, self._closed_by_client)
        self._phase: Phase | None = None  # in which the SYN arrived
        self._silent = self._gone = self._served = False
        self._held: list[Callable[[], None]] = []
        self._at_once: list[bytes] | None = None  # sent behind the 101
        run = self._run
        if run.online:
            run.later(WAY_NS, partial(self._syn, run.clock.now_ns))
        else:
            run.later(NS_PER_MS, partial(self._fail, errno.ENETUNREACH, Cause.OFFLINE))

    # the handshake ------------------------------------------------------------------------------

    def _syn(self, began_ns: int) -> None:
        if self.closed:
            return
        run = self._run
        if not run.online or run.phase.what == "hang":
            since_ns = run.clock.now_ns - began_ns
            again_ns = next((each for each in SYN_NS if each + WAY_NS > since_ns), None)
            if again_ns is None:
                self._fail(errno.ETIMEDOUT, Cause.TIMED_OUT)
            else:
                time_ns = began_ns + again_ns + WAY_NS
                run.clock.at(time_ns, Rank.NETWORK, partial(self._syn, began_ns))
        elif run.phase.what in GONE:
            run.later(WAY_NS, self._refused)
        else:
            self._phase = run.phase
            run.later(WAY_NS, self._connected)

    def _connected(self) -> None:
        if not self.closed:
            self._ear.connected()

    def _refused(self) -> None:
        self._seat.advise(self, self._run.phase.advice_s)
        self._fail(errno.ECONNREFUSED, Cause.REFUSED)

    def _requested(self, path: str, offered: tuple[str, ...]) -> None:
        """The upgrade request has arrived at the server."""
        self.url = path
        protocol = self._run.peer.protocol(offered)
        answer = self._speech.accept(protocol)
        self._run.later(WAY_NS, partial(self._opened, answer))

    def _opened(self, answer: bytes) -> None:
        """The 101 arrives, unless the server or the network has gone meanwhile."""
        run, phase = self._run, self._phase
        if self.closed or phase is None:
            return
        if not run.online or run.phase.what in GONE:
            self._fail(errno.ECONNRESET, Cause.RESET if run.online else Cause.OFFLINE)
            return
        self.open = True
        self.number = run.next_number()
        self._ear.received(answer)
        if phase.what == "serve":
            self._served, self._at_once = True, []
            # behind what the client does about the 101, so that OPEN comes before PROVED
            run.clock.after(0, Rank.OBSERVER, self._serve)
        elif phase.what == "reject":
            wait_ns = to_ns(phase.after_s) if run.phase is phase else WAY_NS
            run.clock.after(wait_ns, Rank.ACTION, partial(self._fool, phase))

    def _serve(self) -> None:
        self._run.peer.opened(self._caller)
        at_once, self._at_once = self._at_once or [], None
        for data in at_once:
            self._arrive(partial(self._hear, data))

    # what the server does -----------------------------------------------------------------------

    def meets(self, before: Phase, phase: Phase) -> None:
        """The server enters a phase."""
        end = partial(self._ended, phase)
        later = self._run.end
        if phase.what == "refuse":
            later(WAY_NS, partial(end, Cause.KILLED, ABNORMAL))
        elif phase.what == "stop" or (phase.what in {"serve", "reject"} and phase.drop):
            later(WAY_NS, partial(end, Cause.SERVER_CLOSED, phase.code))
        elif phase.what == "hang":
            self.falls_silent()
        elif self.open and self._phase is before and before.what == "reject":
            later(WAY_NS, partial(self._fool, before))
        elif before.what == "hang" and self._silent:
            later(WAY_NS, partial(end, Cause.RESET, ABNORMAL))

    def falls_silent(self) -> None:
        """Nothing comes through any more, and nobody is told."""
        if self.open:
            self._silent = True

    def online_again(self) -> None:
        """The device has a network again."""
        if self._gone:
            end = partial(self._ended, self._run.phase, Cause.RESET, ABNORMAL)
            self._run.end(2 * WAY_NS, end)
        elif self._run.phase.what != "hang":
            self._silent = False
            held, self._held = self._held, []
            for arrive in held:
                self._run.later(WAY_NS, arrive)

    def _fool(self, phase: Phase) -> None:
        """Close what was accepted only to be closed, while the server still does so."""
        if self._phase is phase and self._run.phase.what != "hang":
            self._ended(phase, Cause.SERVER_CLOSED, phase.code)

    def _ended(self, phase: Phase, cause: Cause, code: int) -> None:
        """The other end is gone; who is offline does not hear of it."""
        if not self.open or self.closed:
            return
        if not self._run.online:
            self._gone = True
            return
        self._silent = False
        self._seat.advise(self, phase.advice_s if code != ABNORMAL else None)
        self._seat.because(self, cause)
        if code == ABNORMAL:
            self._fail(errno.ECONNRESET, cause)
            return
        self._ear.received(self._speech.close(code))
        if not self._run.in_order:
            self._end_of_tcp()

    def _end_of_tcp(self) -> None:
        self._forget()
        self._ear.ended()

    def _fail(self, code: int, cause: Cause) -> None:
        if self.closed:
            return
        self._seat.because(self, cause)
        self._forget()
        self.closed = True
        self._ear.lost(failure(code))

    def _forget(self) -> None:
        """The server's side is over."""
        if self.open:
            self.open = False
            if self._served:
                self._run.peer.gone(self._caller)
        self._seat.wires.pop(id(self), None)

    # what the client does -----------------------------------------------------------------------

    def write(self, data: bytes, lag_ns: int = 0) -> None:
        """Send bytes."""
        if not self.closed:
            self._run.later(WAY_NS + lag_ns, partial(self._arrive, partial(self._take, data)))

    def fin(self, lag_ns: int = 0) -> None:
        """Half close: nothing more comes, which this server takes for the end."""
        self.close(lag_ns)

    def close(self, lag_ns: int = 0) -> None:
        """Close TCP."""
        del lag_ns
        if not self.closed:
            self.closed = True
            self._run.later(WAY_NS, self._forget)

    def reset(self, lag_ns: int = 0) -> None:
        """Close TCP at once."""
        self.close(lag_ns)

    def start_tls(self, done: Callable[[], None]) -> None:
        """One round trip."""
        self._run.later(2 * WAY_NS, lambda: None if self.closed else done())

    def _arrive(self, action: Callable[[], None]) -> None:
        """Let something through, now or when there is a way again."""
        if self._silent:
            self._held.append(action)
        else:
            action()

    def _take(self, data: bytes) -> None:
        """The client's bytes have arrived at the server."""
        self._answer(self._speech.receive(data))

    def _message(self, data: Data) -> None:
        if self._served and self.open:
            self._run.peer.message(self._caller, data)

    def _closed_by_client(self) -> None:
        """A close frame of the client; it is answered, and then TCP is over."""
        self._run.later(WAY_NS, partial(self._arrive, self._end_if_there))

    def _end_if_there(self) -> None:
        if not self.closed:
            self._end_of_tcp()

    def _answer(self, data: bytes) -> None:
        if data and not self.closed:
            self._run.later(WAY_NS, partial(self._arrive, partial(self._hear, data)))

    def _hear(self, data: bytes) -> None:
        if not self.closed:
            self._ear.received(data)

    # what the peer does ---------------------------------------------------------------------------

    @property
    def protocol(self) -> str:
        """The chosen subprotocol."""
        return self._speech.protocol

    def say(self, data: Data) -> None:
        """Send a message; what the peer says when it opens comes right behind the 101."""
        if not self.open:
            return
        sent = self._speech.send(data)
        if self._at_once is not None:
            self._at_once.append(sent)
        else:
            self._answer(sent)

    def say_goodbye(self, code: int, reason: str) -> None:
        """Begin the closing handshake."""
        if self.open:
            self._seat.because(self, Cause.SERVER_CLOSED)
            self._answer(self._speech.close(code, reason))

    def later(self, delay_s: float, action: Callable[[], None]) -> None:
        """Do something after a while, if the connection is still there then."""
        self._run.later(to_ns(delay_s), lambda: action() if self.open else None)

    def proved(self) -> None:
        """The application answers on this connection."""
        if self.open and not self.closed:
            self._seat.prove(self)


class BareCaller:
    """The connection as the peer sees it (:class:`stormlab.hosts.wire.Caller`)."""

    def __init__(self, wire: BareWire) -> None:
        self._wire = wire

    @property
    def number(self) -> int:
        """The server's n-th connection, from 0."""
        return self._wire.number

    @property
    def url(self) -> str:
        """Path and query of what was dialled."""
        return self._wire.url

    @property
    def protocol(self) -> str:
        """The chosen subprotocol, or empty."""
        return self._wire.protocol

    def send(self, data: Data) -> None:
        """Send a message."""
        self._wire.say(data)

    def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Begin the closing handshake."""
        self._wire.say_goodbye(code, reason)

    def later(self, delay_s: float, action: Callable[[], None]) -> None:
        """Do something after a while, if the connection is still there then."""
        self._wire.later(delay_s, action)

    def proved(self) -> None:
        """The application answers on this connection."""
        self._wire.proved()
