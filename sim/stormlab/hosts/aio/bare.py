"""A real asyncio client in a bare world: the same phases and acts in which bare policies live.

The server is the one of :mod:`stormlab.worlds.bare`, down to the bytes; its application is a
:class:`~stormlab.hosts.wire.Peer`, which is only there in phases that serve. The client dials
``wss:``, since a handshake of three round trips has TLS in it. A socket of the world is a process
of its own that runs the coroutine function once.

How it differs from a hosted policy:

* what a person does by hand, and hiding and showing, reaches no coroutine: it is only written down;
  ``close`` cancels the program;
* the server closes with a close frame and TCP's end at once, as a process that stops does.
  ``in_order`` has it wait for the client's answer; the client hears of TCP's end two ways later;
* a half-open connection is noticed by the library's own pings, which began when it opened, not
  when the silence began.
"""

from collections.abc import Callable
from functools import partial

from stormlab.clock import NS_PER_S, Clock, Rank, to_ns
from stormlab.draws import Draws
from stormlab.hosts.aio.bare_seat import Client, Seat
from stormlab.hosts.aio.entropy import Luck, surroundings
from stormlab.hosts.wire import Peer, SilentPeer
from stormlab.policy.chance import address
from stormlab.vocabulary import Event
from stormlab.worlds.bare import STEPS_MAX, STEPS_PER_S_MAX, BareWorld
from stormlab.worlds.phases import Act, Phase
from stormlab.worlds.story import BY_APPLICATION, Story

TEARDOWN_NS = to_ns(30.0)  # of virtual time, for the clean-up of programs


def luck_of(world: BareWorld, socket: int = 0) -> Luck:
    """What the random numbers of a socket's program come from."""
    return Luck(Draws(world.seed), address(0, socket))


def run_aio(
    world: BareWorld,
    client: Client,
    peer: Peer | None = None,
    *,
    in_order: bool = False,
    number: int = 0,
    fixed: float | None = None,
    attempts_max: int | None = None,
) -> list[Story]:
    """Run ``client(url)`` once for each socket of the world; equal arguments give equal stories.

    What the program raises ends it: GAVE_UP, with the error. What is raised in its other tasks, and
    caught by nobody, is UNCAUGHT. ``peer``: a new one for each run. ``number``: of the client,
    which addresses its luck; ``fixed``: what its random numbers always are; ``attempts_max``: the
    run ends early, once a socket has made more attempts.
    """
    run = BareRun(world, peer or SilentPeer(), in_order=in_order)
    run.client, run.fixed, run.attempts_max = number, fixed, attempts_max
    with surroundings(world.seed):
        run.seats = [Seat(run, client, socket) for socket in range(world.sockets)]
        return run.stories()


class BareRun:
    """The clock, the server's phase and the device's state."""

    def __init__(self, world: BareWorld, peer: Peer, *, in_order: bool) -> None:
        self.clock = Clock()
        self.phase = Phase("serve", 0)
        self.online = True
        self.closed = False
        self.peer = peer
        self.in_order = in_order
        self.seats: list[Seat] = []
        self.count = 0  # steps of all sockets, against runs that do not end
        self.over = False
        self.client = 0
        self.fixed: float | None = None
        self.attempts_max: int | None = None
        self.cut_ns: int | None = None  # when it was ended for never waiting
        self._enough = False
        self.draws = Draws(world.seed)
        self._world = world
        self._conns = 0
        self._allowed, self._second_ns = STEPS_PER_S_MAX, NS_PER_S
        self._end_ns = to_ns(world.end_s)
        at_s = 0.0
        for phase in (*world.phases, Phase("serve", world.settle_s)):
            self.clock.at(to_ns(at_s), Rank.FAULT, partial(self._enter, phase))
            at_s += phase.for_s
        for act in world.acts:
            self.clock.at(to_ns(act.at_s), Rank.FAULT, partial(self._act, act), client=1)

    def later(self, delay_ns: int, action: Callable[[], None]) -> None:
        """Do something on the wire after a while."""
        self.clock.after(delay_ns, Rank.NETWORK, action)

    def end(self, delay_ns: int, action: Callable[[], None]) -> None:
        """End something on the wire after a while; of one moment, behind what opens."""
        self.clock.after(delay_ns, Rank.NETWORK, action, client=1)

    def next_number(self) -> int:
        """The number of the server's next connection."""
        self._conns += 1
        return self._conns - 1

    def stories(self) -> list[Story]:
        """Run to the end, then end what still runs."""
        for seat in self.seats:
            self.clock.at(0, Rank.ACTION, partial(self._start, seat))
        self.clock.run(self._end_ns)
        for seat in self.seats:
            seat.process.loop.report_forgotten()
        ended_ns = self._end_ns if self.cut_ns is None else self.cut_ns
        cut = self.cut_ns is not None and self.count < STEPS_MAX and not self._enough
        self.over = True
        stories = [Story(tuple(seat.steps), ended_ns, 0, seat.number, cut) for seat in self.seats]
        self._tear_down()
        return stories

    def _start(self, seat: Seat) -> None:
        if not self.closed:
            seat.process.start()

    def _tear_down(self) -> None:
        """Let every program end in virtual time, as a cancelled one does; then it is killed.

        A program that was cut short in the middle of its clean-up would leave what it was about to
        await to the garbage collector.
        """
        if self.cut_ns is None:
            for seat in self.seats:
                seat.process.cancel()
            until_ns = self.clock.now_ns + TEARDOWN_NS
            while any(seat.process.running for seat in self.seats):
                next_ns = self.clock.next_ns
                if next_ns is None or next_ns > until_ns:
                    break
                self.clock.run(next_ns)
        for seat in self.seats:
            seat.process.kill()
            seat.process.close()

    def attempted(self, attempts: int) -> None:
        """A socket has made so many attempts; the run may have seen enough."""
        if self.attempts_max is not None and attempts > self.attempts_max:
            self.cut_ns, self._enough = self.clock.now_ns, True
            self.clock.stop()

    def counted(self) -> int:
        """One more step; too many end the run."""
        self.count += 1
        now_ns = self.clock.now_ns
        if now_ns >= self._second_ns:
            self._allowed, self._second_ns = self.count + STEPS_PER_S_MAX, now_ns + NS_PER_S
        if (self.count > self._allowed or self.count >= STEPS_MAX) and self.cut_ns is None:
            self.cut_ns = now_ns
            self.clock.stop()
        return self.count

    def _enter(self, phase: Phase) -> None:
        before, self.phase = self.phase, phase
        for seat in self.seats:
            seat.note(Event.FAULT, detail=phase.what)
            for wire in list(seat.wires.values()):
                wire.meets(before, phase)

    def _act(self, act: Act) -> None:
        if self.closed:
            return
        if act.do == "close":
            self.closed = True
            for seat in self.seats:
                seat.note(Event.CLOSE_CALLED, detail=BY_APPLICATION)
                seat.process.cancel()
            return
        self.online = {"offline": False, "online": True}.get(act.do, self.online)
        for seat in self.seats:
            seat.note(_ACTS[act.do])
            for wire in list(seat.wires.values()):
                if act.do == "offline":
                    wire.falls_silent()
                elif act.do == "online":
                    wire.online_again()


_ACTS = {
    "offline": Event.OFFLINE,
    "online": Event.ONLINE,
    "hide": Event.HIDDEN,
    "show": Event.VISIBLE,
    "by_hand": Event.RETRY_BY_HAND,
}
