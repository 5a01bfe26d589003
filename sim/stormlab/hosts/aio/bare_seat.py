"""One socket of a bare world: the process of a hosted client, its network, and its story."""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any

from stormlab.clock import Rank, to_ns
from stormlab.hosts.aio.bare_wire import BareWire
from stormlab.hosts.aio.entropy import Luck
from stormlab.hosts.aio.network import (
    EPHEMERAL_PORT,
    LOCALHOST,
    Address,
    End,
    Listener,
    TcpEar,
    failure,
)
from stormlab.hosts.aio.process import ENDED, Process
from stormlab.hosts.aio.watch import ClientTap, Journal
from stormlab.policy.chance import address as chance_address
from stormlab.vocabulary import Cause, Event
from stormlab.worlds.story import Step

if TYPE_CHECKING:
    from stormlab.hosts.aio.bare import BareRun

URL = "wss://server.example/socket"
Client = Callable[[str], Coroutine[Any, Any, Any]]
_TOLD = frozenset({Event.NEW, Event.OPEN, Event.CLOSE, Event.CLOSE_CALLED, Event.HTTP_RESPONSE})


class _StoryJournal(Journal):
    """Writes what is read on a connection into the story instead of a trace."""

    def __init__(self, seat: "Seat") -> None:
        super().__init__(seat.run.clock)
        self._seat = seat

    def dialled(self, client: int, name: str) -> dict[str, int]:
        """The socket's next attempt."""
        del client, name
        self._seat.attempts += 1
        self._seat.run.attempted(self._seat.attempts)
        return {"attempt": self._seat.attempts}

    def add(self, event: Event, **columns: Any) -> None:
        """Write an event of now down, with what only the world knows."""
        if event is Event.CLOSE:
            attempt = columns["attempt"]
            columns["cause"] = self._seat.causes.pop(attempt, columns["cause"])
            columns["advice_ns"] = self._seat.advice.pop(attempt, None)
        if event in _TOLD:
            self._seat.note(event, **columns)


class Seat:
    """A socket; to its loop it is the network and the watcher too."""

    def __init__(self, run: "BareRun", client: Client, number: int) -> None:
        self.run, self.number = run, number
        self.steps: list[Step] = []
        self.wires: dict[int, BareWire] = {}
        self.attempts = 0
        self.causes: dict[int, Cause] = {}
        self.advice: dict[int, int] = {}
        self._ports = EPHEMERAL_PORT - 1
        self._journal = _StoryJournal(self)
        self.process = Process(
            run.clock,
            self,
            partial(client, URL),
            number=number,
            name=f"socket {number}",
            luck=Luck(run.draws, chance_address(run.client, number), run.fixed),
            rank=Rank.TIMER,
            ended=self._ended,
            failed=self._failed,
        )
        self.process.loop.watcher, self.process.loop.said = self, self._said

    def note(self, event: Event, **columns: Any) -> None:
        """Write a step down."""
        if not self.run.over:
            order = self.run.counted()
            attempt = columns.pop("attempt", self.attempts)
            now_ns = self.run.clock.now_ns
            self.steps.append(Step(now_ns, event, attempt, **columns, socket=attempt, order=order))

    def _ended(self, error: BaseException | None) -> None:
        if self.run.closed:
            return  # as it was told to
        said = ENDED if error is None else f"{type(error).__name__}: {error}"
        self.note(Event.GAVE_UP, detail=said, clean=int(error is None))

    def _said(self, line: str) -> None:
        self.note(Event.CONSOLE, detail=line)

    def _failed(self, what: str, error: BaseException | None) -> None:
        said = f"{what}: {type(error).__name__}: {error}" if error is not None else what
        self.note(Event.UNCAUGHT, detail=said)

    # what a wire says ---------------------------------------------------------------------------

    def because(self, wire: BareWire, cause: Cause) -> None:
        """Why it is about to end; the first reason counts."""
        self.causes.setdefault(wire.attempt, cause)

    def advise(self, wire: BareWire, advice_s: float | None) -> None:
        """The delay that the server asks for with the end."""
        if advice_s is not None:
            self.advice[wire.attempt] = to_ns(advice_s)

    def prove(self, wire: BareWire) -> None:
        """The application answers on this connection."""
        self.note(Event.PROVED, attempt=wire.attempt)

    # the network and the watcher of the loop ----------------------------------------------------

    def resolve(self, host: str | None) -> str:
        """There is one server."""
        del host
        return LOCALHOST

    def connect(self, host: str, address: Address, ear: TcpEar) -> BareWire:
        """Begin an attempt."""
        self._ports += 1
        wire = BareWire(self, self.attempts, (host, self._ports), address, ear)
        self.wires[id(wire)] = wire
        return wire

    def listen(self, address: Address, accept: Callable[[End], None]) -> Listener:
        """A client does not listen here.

        Raises:
            OSError: Always.
        """
        del address, accept
        raise failure(95)

    def dialled(self, address: Address) -> ClientTap:
        """A connection is about to be opened."""
        return ClientTap(self._journal, 0, address[0])

    def accepted(self, remote: Address) -> ClientTap:
        """There is none.

        Raises:
            LookupError: Always.
        """
        raise LookupError(remote)
