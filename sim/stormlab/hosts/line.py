"""The modelled network and server of one hosted client: what becomes of each ``new WebSocket``.

The server behaves in phases, the device is online or not: as in :mod:`stormlab.worlds.bare`, whose
table says what a phase does, and with the same times, so that real code and the model of its policy
can be held against each other to the nanosecond. What is here besides: several sockets may be under
way at a time, clients close them, and messages go both ways, to the :class:`~.wire.Peer` of the
server while it serves. In a ``reject`` phase with ``answers`` the peer answers before the
connection is closed; in ``mute`` and other ``reject`` phases the application says nothing.

Simplifications: one path, a fixed latency; TLS takes one round trip; a server's close frame ends
the connection when it arrives; messages of both sides that meet a device which is offline are
delivered when it is back, those sent to a server that hangs are lost with the connection; a server
that hangs does nothing by itself.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from stormlab.clock import NS_PER_MS, Clock, Rank, to_ns
from stormlab.hosts.diary import Diary
from stormlab.hosts.wire import ABNORMAL, NO_STATUS, NORMAL, Data, Ear, End, Peer, reason_of
from stormlab.vocabulary import Cause, Event, State
from stormlab.worlds.bare_socket import HANDSHAKE_NS, SYN_NS, WAY_NS
from stormlab.worlds.phases import Phase

ACCEPT_NS = HANDSHAKE_NS - WAY_NS
NOBODY = frozenset({"refuse", "stop", "hang"})  # phases in which nobody can be connected
SILENT = frozenset({"mute", "reject"})
DROPPING = frozenset({"serve", "reject"})  # phases that may drop what they find


@dataclass
class Surroundings:
    """What all sockets of one client share: time, the server's phase, the device, the story."""

    clock: Clock
    peer: Peer
    diary: Diary
    closing_ns: int  # how long a client waits for the answer to its close frame
    phase: Phase = field(default_factory=lambda: Phase("serve", 0))
    online: bool = True
    accepted: int = 0
    lines: list["Line"] = field(default_factory=list)

    def dial(self, url: str, protocols: tuple[str, ...], ear: Ear) -> "Line":
        """A new WebSocket; see :data:`~.wire.Dial`."""
        line = Line(self, url, protocols, ear)
        self.lines.append(line)
        return line

    def enter(self, phase: Phase) -> None:
        """The server changes its behaviour."""
        before, self.phase = self.phase, phase
        self.diary.note(self.clock.now_ns, Event.FAULT, detail=phase.what)
        for line in list(self.lines):
            line.meets(before, phase)

    def go(self, *, online: bool) -> None:
        """The device loses its network, or has it again."""
        self.online = online
        self.diary.note(self.clock.now_ns, Event.ONLINE if online else Event.OFFLINE)
        for line in list(self.lines):
            line.device(online=online)


class Line:
    """One ``new WebSocket`` of a client: its :class:`~.wire.Mouth`, and the server's view of it."""

    def __init__(
        self, around: Surroundings, url: str, protocols: tuple[str, ...], ear: Ear
    ) -> None:
        """Begin the attempt now."""
        self._around, self._ear, self._offered = around, ear, protocols
        self.url, self.protocol = url, ""
        self.number = -1  # the server's, once it has accepted
        self.state = State.CONNECTING
        self._at_server = False  # the server holds it
        self._answers = False  # the application does
        self._shut = False  # the application closed it, maybe before the client saw it open
        self._proven = False
        self._silent = self._gone = False  # as in stormlab.worlds.bare_socket
        self._fooled_by: Phase | None = None
        self._held: list[Data] = []  # of the client, while offline
        self._held_frame: Callable[[], None] | None = None  # likewise, to close it
        self._held_back: list[Callable[[], None]] = []  # of the server, meanwhile
        self._began_ns = around.clock.now_ns
        self.attempt = around.diary.attempt(self._began_ns)
        if not around.online:
            self._after(NS_PER_MS, partial(self._fails, Cause.OFFLINE))
        else:
            self._after(WAY_NS, self._syn)

    # the client's side ---------------------------------------------------------------------------

    @property
    def buffered(self) -> int:
        """Bytes that wait for the device to be online again."""
        return sum(len(data) for data in self._held)

    def send(self, data: Data) -> None:
        """Send a message; see :class:`~.wire.Mouth`."""
        if self.state is not State.OPEN:
            return
        self._note(Event.SEND)
        if not self._around.online:
            self._held.append(data)
        elif not self._silent:
            self._after(WAY_NS, partial(self._received, data))

    def close(self, code: int = NO_STATUS, reason: str = "") -> None:
        """Begin the closing handshake, or give the attempt up."""
        if self.state in {State.CLOSING, State.CLOSED}:
            return
        connecting = self.state is State.CONNECTING
        self._note(Event.CLOSE_CALLED, detail=self.state.name)
        self.state = State.CLOSING
        if connecting:
            self._after(0, partial(self._end, End(cause=Cause.ABORTED_CONNECTING)))
            return
        self._after(self._around.closing_ns, partial(self._end, _unanswered))
        frame = partial(self._close_frame, code, reason)
        if not self._around.online:
            self._held_frame = frame
        elif not self._silent:
            self._after(WAY_NS, frame)

    def kill(self) -> None:
        """Drop the connection without a word (``terminate()`` of ws)."""
        if self.state is not State.CLOSED:
            self._note(Event.CLOSE_CALLED, detail=self.state.name)
            self.state = State.CLOSING
            self._after(0, partial(self._end, End(failed=False, cause=Cause.CLOSED_BY_PAGE)))

    def _close_frame(self, code: int, reason: str) -> None:
        """The client's close frame at the server, which answers it."""
        if self.state is State.CLOSING and self._at_server:
            self._leave()
            clean = End(code, reason, clean=True, failed=False, cause=Cause.CLOSED_BY_PAGE)
            self._after(WAY_NS, partial(self._end, clean))

    # the attempt ---------------------------------------------------------------------------------

    def _syn(self) -> None:
        """The SYN arrives, and meets the server as it is now."""
        if self.state is not State.CONNECTING:
            return
        around = self._around
        now_ns, what = around.clock.now_ns, around.phase.what
        if not around.online or what == "hang":
            since_ns = now_ns - self._began_ns
            again_ns = next((each for each in SYN_NS if each + WAY_NS > since_ns), None)
            if again_ns is None:
                self._fails(Cause.TIMED_OUT)
            else:
                self._after(self._began_ns + again_ns + WAY_NS - now_ns, self._syn)
        elif what in {"refuse", "stop"}:
            self._after(WAY_NS, partial(self._fails, Cause.REFUSED))
        else:
            self._after(ACCEPT_NS - WAY_NS, partial(self._accept, around.phase))

    def _accept(self, phase: Phase) -> None:
        """The upgrade request at the server."""
        around = self._around
        self._after(WAY_NS, partial(self._opened, phase))  # before what the peer says now
        if self.state is not State.CONNECTING or around.phase.what in NOBODY or not around.online:
            return
        self.number = around.accepted
        around.accepted += 1
        self._at_server = True
        self._answers = phase.what not in SILENT or phase.answers
        self.protocol = around.peer.protocol(self._offered)
        self._note(Event.ACCEPTED)
        if self._answers:
            around.peer.opened(self._caller)

    def _opened(self, phase: Phase) -> None:
        """The 101 arrives, unless the server or the network has gone meanwhile."""
        if self.state is not State.CONNECTING:
            return
        around = self._around
        there = self._at_server or self._shut
        if not around.online or around.phase.what in NOBODY or not there:
            self._fails(Cause.RESET if around.online else Cause.OFFLINE)
            return
        if self.protocol not in (self._offered or ("",)):
            # WHATWG websockets, "establish a WebSocket connection"; ws and Chromium refuse both a
            # subprotocol that was not offered, and none where some were
            self._fails(Cause.REJECTED)
            return
        self.state = State.OPEN
        self._note(Event.OPEN)
        self._ear.opened(self.protocol)
        if phase.what == "reject":
            self._fooled_by = phase
            wait_ns = to_ns(phase.after_s) if around.phase is phase else WAY_NS
            self._after(wait_ns, partial(self._fool, phase))

    def _fails(self, cause: Cause) -> None:
        if self.state is not State.CONNECTING:
            return
        around = self._around
        self._end(End(cause=cause), _ns(around.phase.advice_s) if cause is Cause.REFUSED else None)

    # the server's side ---------------------------------------------------------------------------

    @property
    def _caller(self) -> "_Caller":
        return _Caller(self)

    def _received(self, data: Data) -> None:
        if not self._around.online:
            self._held.append(data)  # was under way: sent again by TCP
        elif self._at_server and not self._silent and self._around.phase.what not in NOBODY:
            self._note(Event.RECEIVED)
            if self._answers:
                self._around.peer.message(self._caller, data)

    def heard(self, data: Data) -> None:
        """The server's message arrives at the client."""
        if self.state in {State.OPEN, State.CLOSING} and not self._silent:
            self._note(Event.MESSAGE)
            self._ear.message(data)

    def proven(self) -> None:
        """The application's word arrives at the client; the first counts."""
        if self.state is State.OPEN and not self._silent and not self._proven:
            self._proven = True
            self._note(Event.PROVED)

    def shut(self, code: int, reason: str) -> None:
        """The server's application closes it now; the client hears of it one way later."""
        if self._at_server:
            self._shut = True
            self._leave()
            self._after(WAY_NS, partial(self._ended, Phase("serve", 0, code), reason=reason))

    def _fool(self, phase: Phase) -> None:
        """Close what was accepted only to be closed, while the server still does so."""
        if self._fooled_by is phase and self._around.phase.what != "hang":
            self._ended(phase)

    def _ended(
        self,
        phase: Phase,
        cause: Cause = Cause.SERVER_CLOSED,
        code: int | None = None,
        reason: str = "",
    ) -> None:
        """The other end is gone; who is offline does not hear of it."""
        self._leave()
        if self.state not in {State.OPEN, State.CLOSING}:
            return
        if not self._around.online:
            self._gone = True
            return
        code = phase.code if code is None else code
        clean = code != ABNORMAL
        if clean and not reason:
            reason = reason_of(self._around.peer, code)
        if clean:
            self.state = State.CLOSING
            self._ear.closing()
        advice_ns = _ns(phase.advice_s) if clean else None
        self._end(End(code, reason, clean, failed=False, cause=cause), advice_ns)

    def _leave(self) -> None:
        """The server has it no longer."""
        if self._at_server:
            self._at_server = False
            self._note(Event.LOST)
            if self._answers:
                self._around.peer.gone(self._caller)

    def meets(self, before: Phase, phase: Phase) -> None:
        """The server enters a phase."""
        ended = partial(self._ended, phase)
        if self.state not in {State.OPEN, State.CLOSING}:
            if phase.what in {"refuse", "stop"}:
                self._leave()
            elif self._at_server and phase.what in DROPPING and phase.drop:
                self._after(WAY_NS, ended)  # the 101 is under way and arrives before
            elif phase.what in DROPPING and phase.drop:
                # who is accepted in this very moment is dropped too, behind the 101
                self._after(WAY_NS, partial(self._after, 0, partial(self._dropped, ended)))
            return
        if phase.what == "refuse":
            self._leave()
            self._after(WAY_NS, partial(ended, Cause.KILLED, ABNORMAL))
        elif phase.what == "stop" or (phase.what in DROPPING and phase.drop):
            self._leave()
            self._after(WAY_NS, ended)
        elif phase.what == "hang":
            self._silent = True
        elif self._fooled_by is before:
            self._after(WAY_NS, partial(self._fool, before))
        elif before.what == "hang" and self._silent:
            self._leave()
            self._after(WAY_NS, partial(ended, Cause.RESET, ABNORMAL))

    def _dropped(self, ended: Callable[[], None]) -> None:
        """It is dropped with all others, if it is open by now."""
        if self.state is State.OPEN:
            ended()

    def device(self, *, online: bool) -> None:
        """The device loses its network, or has it again."""
        if self.state not in {State.OPEN, State.CLOSING}:
            return
        if not online:
            self._silent = True
        elif self._gone:
            reset = partial(self._ended, self._around.phase, Cause.RESET, ABNORMAL)
            self._after(2 * WAY_NS, reset)
        elif self._around.phase.what != "hang":
            self._silent = False
            held, self._held = self._held, []
            for data in held:
                self._after(WAY_NS, partial(self._received, data))
            if self._held_frame is not None:
                self._after(WAY_NS, self._held_frame)
                self._held_frame = None
            held_back, self._held_back = self._held_back, []
            for action in held_back:
                self._after(WAY_NS, partial(self._arrives, action))

    # both ----------------------------------------------------------------------------------------

    def _end(self, end: End, advice_ns: int | None = None) -> None:
        if self.state is State.CLOSED:
            return
        self.state = State.CLOSED
        self._leave()
        self._around.lines.remove(self)
        self._around.diary.note(
            self._around.clock.now_ns,
            Event.CLOSE,
            self.attempt,
            code=end.code,
            clean=int(end.clean),
            cause=end.cause,
            detail=end.reason,
            conn=self.number,
            advice_ns=advice_ns,
        )
        self._ear.ended(end)

    def _after(self, delay_ns: int, action: Callable[[], None]) -> None:
        self._around.clock.after(delay_ns, Rank.NETWORK, action)

    def reaches_client(self, action: Callable[[], None]) -> None:
        """Something of the server's, one way later at the client, or once it is online again."""
        if self._at_server and not self._around.online:
            self._held_back.append(action)
        elif self._at_server and not self._silent:
            self._after(WAY_NS, partial(self._arrives, action))

    def _arrives(self, action: Callable[[], None]) -> None:
        """Something of the server's at the client's device."""
        if not self._around.online:
            self._held_back.append(action)  # was under way: sent again by TCP
        else:
            action()

    def later(self, delay_ns: int, action: Callable[[], None]) -> None:
        """Something that the server does of itself, if it has the connection and lives then."""

        def act() -> None:
            if self._at_server and self._around.phase.what != "hang":
                action()

        self._around.clock.after(delay_ns, Rank.SERVER, act)

    def _note(self, event: Event, *, detail: str = "") -> None:
        around = self._around
        around.diary.note(around.clock.now_ns, event, self.attempt, conn=self.number, detail=detail)


_unanswered = End(failed=False, cause=Cause.TIMED_OUT)


class _Caller:
    """A line as its server sees it: see :class:`~.wire.Caller`."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self.number, self.url, self.protocol = line.number, line.url, line.protocol

    def send(self, data: Data) -> None:
        self._line.reaches_client(partial(self._line.heard, data))

    def close(self, code: int = NORMAL, reason: str = "") -> None:
        self._line.shut(code, reason)

    def later(self, delay_s: float, action: Callable[[], None]) -> None:
        self._line.later(to_ns(delay_s), action)

    def proved(self) -> None:
        self._line.reaches_client(self._line.proven)


def _ns(seconds: float | None) -> int | None:
    return None if seconds is None else to_ns(seconds)
