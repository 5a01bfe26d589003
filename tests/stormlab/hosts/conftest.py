"""A hosted client written by hand, its server, and the line between them."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from stormlab.clock import Clock, Rank, to_ns, to_s
from stormlab.hosts.diary import Diary
from stormlab.hosts.line import Line, Surroundings
from stormlab.hosts.wire import Caller, Data, End
from stormlab.vocabulary import Event
from stormlab.worlds.phases import Phase

CLOSING_S = 60.0


@dataclass
class Heard:
    """An ear that writes down what it hears and when."""

    clock: Clock
    told: list[tuple[float, str, object]] = field(default_factory=list)

    def _tell(self, what: str, detail: object = "") -> None:
        self.told.append((round(to_s(self.clock.now_ns), 6), what, detail))

    def opened(self, protocol: str) -> None:
        self._tell("opened", protocol)

    def message(self, data: Data) -> None:
        self._tell("message", data)

    def closing(self) -> None:
        self._tell("closing")

    def ended(self, end: End) -> None:
        self._tell("ended", end)

    @property
    def end(self) -> End:
        """How it ended."""
        last = self.told[-1][2]
        assert isinstance(last, End)
        return last


@dataclass
class Server:
    """A peer that writes down what it is told; ``greets``: what it says to who connects."""

    clock: Clock
    greets: Data | None = None
    proves: bool = True
    told: list[tuple[float, str, object]] = field(default_factory=list)
    callers: list[Caller] = field(default_factory=list)

    def _tell(self, what: str, detail: object = "") -> None:
        self.told.append((round(to_s(self.clock.now_ns), 6), what, detail))

    def protocol(self, offered: tuple[str, ...]) -> str:
        return offered[-1] if offered else ""

    def opened(self, caller: Caller) -> None:
        self.callers.append(caller)
        self._tell("opened", caller.number)
        if self.greets is not None:
            caller.send(self.greets)
        if self.proves:
            caller.proved()

    def message(self, caller: Caller, data: Data) -> None:
        self._tell("message", (caller.number, data))

    def gone(self, caller: Caller) -> None:
        self._tell("gone", caller.number)


class Stage:
    """A server in phases, a device, and whatever is done at a time."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.server = Server(self.clock)
        self.diary = Diary()
        self.around = Surroundings(self.clock, self.server, self.diary, to_ns(CLOSING_S))
        self.lines: list[Line] = []
        self.ears: list[Heard] = []

    def at(self, time_s: float, action: Callable[[], object]) -> None:
        def act() -> None:
            action()

        self.clock.at(to_ns(time_s), Rank.FAULT, act)

    def phase(self, at_s: float, what: str, for_s: float = 1.0, **more: object) -> None:
        made = Phase(what, for_s, **more)  # type: ignore[arg-type]
        self.at(at_s, lambda: self.around.enter(made))

    def go(self, at_s: float, *, online: bool) -> None:
        self.at(at_s, lambda: self.around.go(online=online))

    def dial(self, *protocols: str) -> None:
        ear = Heard(self.clock)
        self.ears.append(ear)
        self.lines.append(self.around.dial("wss://server.example/", protocols, ear))

    def close(self, at_s: float, *how: object) -> None:
        self.at(at_s, lambda: self.lines[0].close(*how))  # type: ignore[arg-type]

    def kill(self, at_s: float) -> None:
        self.at(at_s, lambda: self.lines[0].kill())  # noqa: PLW0108  not there yet

    def prove(self, at_s: float) -> None:
        self.at(at_s, lambda: self.server.callers[0].proved())  # noqa: PLW0108  not there yet

    def run(self, until_s: float = 200.0) -> list[tuple[float, str, object]]:
        """Run, and give what the first client heard."""
        self.clock.run(to_ns(until_s))
        return self.ears[0].told

    def seen(self, *events: Event) -> list[float]:
        return [round(to_s(step.time_ns), 6) for step in self.diary.steps if step.event in events]


@pytest.fixture
def stage() -> Stage:
    """One that dials at 0 s."""
    made = Stage()
    made.at(0.0, made.dial)
    return made
