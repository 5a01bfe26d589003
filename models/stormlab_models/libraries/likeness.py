"""What of a library's code corresponds to what of its policy in the catalogue.

A policy asks for chance by purpose, code calls ``Math.random``; a policy's host counts a heartbeat
by what the policy's terms allow at most, code counts from the last message it heard. What belongs
to what is written down here, recipe by recipe, so that both can live through the same schedule with
the same luck: see :mod:`.agreement`.

A :class:`Tape` is what ``Math.random`` gives, call by call; a :class:`Luck` hands it to a policy.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from stormlab.clock import NS_PER_MS, to_ns
from stormlab.draws import Draws
from stormlab.policy.chance import address
from stormlab.policy.contract import Fact, Happened, Policy, Scope, Terms
from stormlab.worlds.bare_socket import WAY_NS
from stormlab.worlds.story import Story

TRIP_NS = 2 * WAY_NS
Parts = Callable[[Story, Story, int], bool]


class Tape:
    """What ``Math.random`` gives the one client of a world: ``feed``, then addressed draws.

    The same that :class:`stormlab.hosts.javascript.client.JavaScriptClient` gives.
    """

    def __init__(self, seed: int, feed: Sequence[float] = ()) -> None:
        """For the world's ``seed``."""
        self._draws, self._feed = Draws(seed), feed

    def __getitem__(self, call: int) -> float:
        """Call number ``call``, from 0."""
        if call < len(self._feed):
            return self._feed[call]
        return self._draws.unit(address(0), "Math.random", call)


class Luck:
    """A policy's draws in the order of the code's: call ``first`` and those that follow.

    What lasts as long as the page is the very first call: the module draws it when it is loaded.
    """

    def __init__(self, units: Tape, first: int = 0) -> None:
        """Begin before the first call; ``first``: calls that are made for something else."""
        self.units, self.calls = units, first

    def unit(self, purpose: str, scope: Scope = "attempt") -> float:
        """The draw, see :class:`stormlab.policy.contract.Chance`."""
        del purpose
        return self.next() if scope == "attempt" else self.units[0]

    def next(self) -> float:
        """The next call of ``Math.random``."""
        self.calls += 1
        return self.units[self.calls - 1]

    def told(self, happened: Happened) -> None:
        """What the policy is told, for code that also draws at other times."""

    def terms(self, terms: Terms) -> Terms:
        """The policy's terms as the code keeps them at its next attempt."""
        return terms


@dataclass(frozen=True)
class Beats:
    """When a client that hears nothing gives a connection up.

    Something is heard ``first_s`` after the opening and then every ``every_s``, or
    (``since_start``) from the client's start on; what was heard last is followed by ``patience_s``.
    The client looks every ``look_s`` from its start on, if that is given, and gives up when it was
    longer.
    """

    every_s: float
    patience_s: float
    first_s: float = 0.0
    since_start: bool = False
    look_s: float | None = None

    def notices(self, opened_ns: int, silent_ns: int) -> int:
        """See :data:`stormlab.worlds.bare_socket.Notices`."""
        start_ns = to_ns(self.first_s) + (0 if self.since_start else opened_ns)
        heard_ns = opened_ns + TRIP_NS if self.since_start else opened_ns
        last_ns = silent_ns - 1  # what would arrive as it falls silent is not heard any more
        if last_ns >= start_ns:
            heard_ns = max(heard_ns, last_ns - (last_ns - start_ns) % to_ns(self.every_s))
        dead_ns = heard_ns + to_ns(self.patience_s)
        if self.look_s is None:
            return dead_ns
        look_ns = to_ns(self.look_s)
        return (dead_ns // look_ns + 1) * look_ns


class CentrifugeLuck(Luck):
    """centrifuge gives an attempt up by a timer of 0 ms that is set in the timer of 5 s.

    Timers that set each other while nothing else happens are nested; where one of 0 ms is nested
    too deeply, browsers make it 4 ms (HTML, "timer initialisation steps"): the third attempt in a
    row that ends by time, or the second after a ping that did not come, lasts so much longer.
    """

    NESTED_MAX, CLAMP_S = 5, 0.004
    BEATS = Beats(first_s=0.02, every_s=25.0, patience_s=35.0)

    def __init__(self, units: Tape) -> None:
        """The start is the application's: its timer is the first."""
        super().__init__(units)
        self._nested = -1  # before the timer of the next attempt is set
        self._dead_ns = self._patience_ns = -1

    def told(self, happened: Happened) -> None:
        """A timer of its own, or something that happened to it, decides the next attempt."""
        fact, time_ns = happened.fact, happened.time_ns
        if fact is Fact.REFUSED and time_ns - (happened.began_ns or 0) == self._patience_ns:
            self._nested += 3  # the timers of the delay and of the attempt, and the one in it
        elif fact is Fact.DROPPED and time_ns == self._dead_ns:
            self._nested = 1
        elif fact in {Fact.REFUSED, Fact.DROPPED}:
            self._nested = 0
        elif fact is Fact.ONLINE:
            self._nested = -1

    def terms(self, terms: Terms) -> Terms:
        """Four milliseconds more patience where the timers are nested deeply."""
        timeout_s = terms.connect_timeout_s or 0.0
        if self._nested + 2 > self.NESTED_MAX:
            timeout_s += self.CLAMP_S
        self._patience_ns = to_ns(timeout_s)
        return replace(terms, connect_timeout_s=timeout_s)

    def notices(self, opened_ns: int, silent_ns: int) -> int | None:
        """35 s after the last ping."""
        self._dead_ns = self.BEATS.notices(opened_ns, silent_ns)
        return self._dead_ns


class AnyCableLuck(Luck):
    """@anycable/core looks for pings every 3 s and a quarter more or less: a call for each look."""

    PING_NS, MISSING_NS = to_ns(3.0), to_ns(6.0)

    def __init__(self, units: Tape, first: int = 0) -> None:
        """No connection yet."""
        super().__init__(units, first)
        self._look_ns: int | None = None

    def _until_look_ns(self, unit: float) -> int:
        return int(3000 + (unit - 0.5) * 3000 * 0.5) * NS_PER_MS

    def told(self, happened: Happened) -> None:
        """It looks while it is connected: from the welcome on, before what ends the connection."""
        if happened.fact is Fact.PROVED:
            self._look_ns = happened.time_ns + self._until_look_ns(self.next())
        elif happened.fact is Fact.DROPPED and self._look_ns is not None:
            while self._look_ns < happened.time_ns:
                self._look_ns += self._until_look_ns(self.next())
            self._look_ns = None

    def notices(self, opened_ns: int, silent_ns: int) -> int | None:
        """The first look that finds no ping for longer than 6 s."""
        if self._look_ns is None:
            return None
        last_ns = max(opened_ns, silent_ns - 1)
        heard_ns = last_ns - (last_ns - opened_ns) % self.PING_NS
        look_ns, call = self._look_ns, self.calls
        while look_ns < silent_ns or look_ns - heard_ns <= self.MISSING_NS:
            look_ns += self._until_look_ns(self.units[call])
            call += 1
        return look_ns


class PollLuck(Luck):
    """@rails/actioncable draws for each poll, and its policy by the number of the poll."""

    def unit(self, purpose: str, scope: Scope = "attempt") -> float:
        """The draw of a poll."""
        del scope
        return self.units[int(purpose.removeprefix("poll ")) - 1]


@dataclass(frozen=True)
class Parting:
    """A way in which code does something else than its policy says.

    ``reason``: why, in a line; ``applies``: whether it explains that the n-th attempt (from 0) of
    the code is not that of the model (model, code, n). Up to it, both are equal.
    """

    reason: str
    applies: Parts


@dataclass(frozen=True)
class Likeness:
    """How the code of a recipe and its policy correspond.

    ``luck``: the client's chance, as its policy draws it; ``proof_ns``: from the opening to the
    server's word that it counts on; ``served_first``: only worlds are compared in which the first
    attempt succeeds, and ``why``; ``make``: its policy, if not as the catalogue makes it;
    ``cut_first``: its delays are cut to whole milliseconds before they are rounded to nanoseconds;
    ``beats``: what it gives a silent connection up by; ``partings``: in what it is known to differ.
    """

    luck: Callable[[Tape], Luck] = Luck
    proof_ns: int = 0
    served_first: bool = False
    why: str = ""
    make: Callable[[], Policy] | None = None
    cut_first: bool = True
    beats: Beats | None = None
    partings: tuple[Parting, ...] = field(default=())
