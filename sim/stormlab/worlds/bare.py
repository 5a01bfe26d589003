"""A bare world: one client, its policy, and a server that behaves as a schedule says.

Nothing here is slower than it must be: no engine, no network beyond a fixed latency, so that
hundreds of worlds per second can be tried. The policy is hosted by
:class:`stormlab.policy.host.Host`, as in production.

The server's life is a row of phases, each with a length; after the last one it serves for the
settle time. What a phase does to an attempt and to a connection that is open when it begins:

=========== ======================================== ===========================================
``serve``   opens after three round trips, proves    kept
``refuse``  refused after one round trip             dropped, 1006 (a crash)
``stop``    refused after one round trip             dropped with ``code``, clean (a restart)
``hang``    not answered until the phase is over     silent: the heartbeat notices, or nobody
``reject``  opens, dropped with ``code`` after       kept
            ``after_s`` or when the phase is over,
            never proves, unless it ``answers``
``mute``    opens, never proves                      kept
=========== ======================================== ===========================================

A ``serve`` or ``reject`` phase may ``drop`` the connection that it finds, with ``code`` (a flap).
``advice_s`` goes with every refusal by the server and every clean close of its phase, as
Retry-After would.

Simplifications: an attempt that hangs when its phase ends is answered by the SYN that the kernel
sends next (1, 2, 3, 4, 5, 7, 11, ... s after the first), and given up after 67 s. Who is offline
hears of nothing; a connection that the server ended meanwhile is reset when the device is back.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from heapq import heappop, heappush
from itertools import count

from stormlab.clock import NS_PER_S, to_ns
from stormlab.collector import collector_off
from stormlab.draws import Draws
from stormlab.policy.chance import AddressedChance
from stormlab.policy.contract import Chance, Policy
from stormlab.vocabulary import Event
from stormlab.worlds.bare_socket import Notices, Socket
from stormlab.worlds.phases import Act, Doing, Phase, What
from stormlab.worlds.story import BY_APPLICATION, Story

__all__ = ["Act", "BareWorld", "Doing", "Phase", "What", "run_bare"]

STEPS_MAX = 10_000  # of a whole run; a longer one ends early, and nothing is judged by that
STEPS_PER_S_MAX = 2_000  # more in one second of virtual time: the policy never waits


@dataclass(frozen=True)
class BareWorld:
    """Everything that decides a bare run, besides the policy. All chance follows from ``seed``.

    ``sockets``: how many sockets of one client; they share a breaker or a budget if the policy says
    so, and everything that happens happens to all of them.
    """

    phases: tuple[Phase, ...] = ()
    acts: tuple[Act, ...] = ()
    settle_s: float = 60.0
    sockets: int = 1
    seed: int = 0

    @property
    def healed_s(self) -> float:
        """When the last phase is over and the server serves for good."""
        return sum(phase.for_s for phase in self.phases)

    @property
    def end_s(self) -> float:
        """When the run ends."""
        return self.healed_s + self.settle_s


def run_bare(
    make_group: Callable[[int], list[Policy]],
    world: BareWorld,
    chance: Chance | None = None,
    *,
    proof_ns: int = 0,
    notices: Notices | None = None,
) -> list[Story]:
    """Host the policies of one client in ``world``; equal arguments give equal stories.

    ``chance``: instead of the addressed draws of the world's seed; ``proof_ns``: how long after the
    opening the application's word arrives; ``notices``: when a silent connection is given up,
    instead of what the policy's terms allow at most. What a policy raises passes through: the
    caller knows whose it is.
    """
    draws = Draws(world.seed)
    policies = make_group(world.sockets)
    run = _Run(world)
    run.proof_ns, run.notices = proof_ns, notices
    run.sockets = [
        Socket(run, policy, chance or AddressedChance(draws, 0, number))
        for number, policy in enumerate(policies)
    ]
    with collector_off():
        return run.stories()


class _Run:
    """The queue of what happens, the server's phase and the device's state."""

    def __init__(self, world: BareWorld) -> None:
        self.now_ns = 0
        self.phase = Phase("serve", 0)
        self.online = True
        self.closed = False
        self.count = 0  # steps of all sockets, against runs that do not end
        self.proof_ns = 0
        self.notices: Notices | None = None
        self.sockets: list[Socket] = []
        self._end_ns = to_ns(world.end_s)
        self._queue: list[tuple[int, int, int, Callable[[], None]]] = []
        self._order = count()
        at_s = 0.0
        for phase in (*world.phases, Phase("serve", world.settle_s)):
            self.at(to_ns(at_s), partial(self._enter, phase), rank=0)
            at_s += phase.for_s
        for act in world.acts:
            self.at(to_ns(act.at_s), partial(self._act, act), rank=1)

    def at(self, time_ns: int, action: Callable[[], None], rank: int = 3) -> None:
        """Do something then; of one moment: server, device, start, wire, timers."""
        heappush(self._queue, (time_ns, rank, next(self._order), action))

    def stories(self) -> list[Story]:
        """Run to the end."""
        for socket in self.sockets:
            self.at(0, socket.start, rank=2)
        queue, end_ns = self._queue, self._end_ns
        allowed, second_ns, cut = STEPS_PER_S_MAX, NS_PER_S, False
        while queue and queue[0][0] <= end_ns and self.count < STEPS_MAX and not cut:
            self.now_ns, _, _, action = heappop(queue)
            if self.now_ns >= second_ns:
                allowed, second_ns = self.count + STEPS_PER_S_MAX, self.now_ns + NS_PER_S
            action()
            cut = self.count > allowed
        ended_ns = self.now_ns if cut or self.count >= STEPS_MAX else end_ns
        return [
            Story(tuple(socket.steps), ended_ns, 0, number, cut)
            for number, socket in enumerate(self.sockets)
        ]

    def _enter(self, phase: Phase) -> None:
        before, self.phase = self.phase, phase
        for socket in self.sockets:
            socket.note(Event.FAULT, detail=phase.what)
            socket.meets(before, phase)

    def _act(self, act: Act) -> None:
        if self.closed:
            return
        if act.do == "close":
            self.closed = True
            for socket in self.sockets:
                socket.note(Event.CLOSE_CALLED, detail=BY_APPLICATION)
            return
        self.online = {"offline": False, "online": True}.get(act.do, self.online)
        for socket in self.sockets:
            socket.suffers(act.do)
