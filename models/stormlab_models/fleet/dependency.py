"""What a new connection needs behind the server: a queue of calls with limited capacity.

First come, first served. A call that takes longer than its time-out, waiting included, is given up
by the server and tried again at once, until the tries are used up; the dependency does not notice
and still does the work (as a database does that is asked again). That is how a dependency without
spare capacity is kept from recovering.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from stormlab.clock import Clock, Rank, to_ns
from stormlab.trace import Recorder
from stormlab.vocabulary import Event
from stormlab_models.fleet.link import Link
from stormlab_models.fleet.parameters import Dependency as Settings

Done = Callable[[Link, bool], None]


@dataclass(slots=True)
class _Call:
    """One try of one connection."""

    link: Link
    tries_left: int
    done: Done
    given_up: bool = False


class Dependency:
    """The calls behind the handshake."""

    def __init__(self, clock: Clock, recorder: Recorder, settings: Settings) -> None:
        """Start idle; ``settings.workers`` must be given."""
        self._clock = clock
        self._recorder = recorder
        self._settings = settings
        self._free = settings.workers or 0
        self._waiting: deque[_Call] = deque()
        self._service_ns = to_ns(settings.service_s)
        self._timeout_ns = to_ns(settings.timeout_s)

    def call(self, link: Link, done: Done) -> None:
        """Ask for ``link``; ``done(link, answered)`` is called once, unless the client leaves."""
        self._try(_Call(link, self._settings.tries, done))

    def _try(self, call: _Call) -> None:
        call.tries_left -= 1
        self._waiting.append(call)
        self._after(call, self._timeout_ns, Rank.TIMER, self._timed_out)
        self._serve()

    def _serve(self) -> None:
        while self._free and self._waiting:
            call = self._waiting.popleft()
            self._free -= 1
            self._after(call, self._service_ns, Rank.SERVER, self._served)

    def _served(self, call: _Call) -> None:
        self._free += 1
        if not call.given_up:
            call.given_up = True  # answered: the time-out has nothing to do any more
            self._record(call, "ok")
            call.done(call.link, True)  # noqa: FBT003  the outcome
        self._serve()

    def _timed_out(self, call: _Call) -> None:
        if call.given_up:
            return
        call.given_up = True
        if call.tries_left and not call.link.over:
            self._record(call, "timeout")
            self._try(_Call(call.link, call.tries_left, call.done))
        else:
            self._record(call, "failed")
            call.done(call.link, False)  # noqa: FBT003  the outcome

    def _record(self, call: _Call, what: str) -> None:
        call.link.record(self._recorder, self._clock.now_ns, Event.DEPENDENCY, detail=what)

    def _after(
        self, call: _Call, delay_ns: int, rank: Rank, action: Callable[[_Call], None]
    ) -> None:
        call.link.at(self._clock, self._clock.now_ns + delay_ns, rank, lambda _: action(call))
