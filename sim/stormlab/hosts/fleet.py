"""Many hosted clients of one server, on one clock: what a restart does to all of them at once.

Each client lives in the same bare world (:class:`stormlab.worlds.bare.BareWorld`), with a network,
a story and chance of its own; they share the clock and the phases of the server. Nobody waits for
anybody else: the modelled server has no queue (:mod:`stormlab.hosts.line`).
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from stormlab.clock import Clock, Rank, to_ns
from stormlab.draws import Draws
from stormlab.hosts.bare import CLOSING_NS, OF_THE_DEVICE, STEPS_MAX, HostedClient, MakeClient
from stormlab.hosts.diary import Diary
from stormlab.hosts.line import Surroundings
from stormlab.hosts.wire import Peer
from stormlab.vocabulary import Event
from stormlab.worlds.bare import BareWorld
from stormlab.worlds.phases import Act, Phase
from stormlab.worlds.story import BY_APPLICATION, Story


class _Member:
    """One client of the fleet, and what is around it."""

    def __init__(
        self, number: int, clock: Clock, make: MakeClient, peer: Peer, draws: Draws, closing_ns: int
    ) -> None:
        self.diary = Diary(number)
        self.diary.limit = STEPS_MAX
        self.diary.full = clock.stop
        self.around = Surroundings(clock, peer, self.diary, closing_ns)
        self.client: HostedClient = make(self.around, draws)

    def act(self, act: Act) -> None:
        """Something that the device or the person does."""
        now_ns, note, client = self.around.clock.now_ns, self.diary.note, self.client
        if act.do == "close":
            note(now_ns, Event.CLOSE_CALLED, detail=BY_APPLICATION)
            client.call("close")
        elif act.do == "by_hand":
            if client.has("reconnect"):
                note(now_ns, Event.RETRY_BY_HAND)
                client.call("reconnect")
        elif act.do in {"hide", "show"}:
            note(now_ns, Event.HIDDEN if act.do == "hide" else Event.VISIBLE)
            client.visible(visible=act.do == "show")
        else:
            self.around.go(online=act.do == "online")
            client.online(online=act.do == "online")


def run_fleet(
    make: MakeClient,
    make_peer: Callable[[], Peer],
    world: BareWorld,
    clients: int,
    *,
    closing_ns: int = CLOSING_NS,
) -> list[Story]:
    """Let ``clients`` clients live in ``world`` together; equal arguments give equal stories.

    ``make``: makes a client for its surroundings and the world's draws; ``make_peer``: a server's
    side for each of them; ``closing_ns``: see :func:`stormlab.hosts.bare.run_hosted`. A client
    whose story grows too long ends the run for all; its story is marked as cut.
    """
    with _no_collection():
        clock, draws = Clock(), Draws(world.seed)
        members = [
            _Member(number, clock, make, make_peer(), draws, closing_ns)
            for number in range(clients)
        ]
        _schedule(clock, world, members)
        end_ns = to_ns(world.end_s)
        clock.run(end_ns)
        full = [len(member.diary.steps) >= STEPS_MAX for member in members]
        for member in members:
            member.client.forget()
        ended_ns = clock.now_ns if any(full) else end_ns
        both = zip(members, full, strict=True)
        return [member.diary.story(ended_ns, cut=cut) for member, cut in both]


def _schedule(clock: Clock, world: BareWorld, members: list[_Member]) -> None:
    """Of one moment: server, devices, starts, people, and then what clients do."""

    def enter(phase: Phase) -> None:
        for member in members:
            member.around.enter(phase)

    def act(one: Act) -> None:
        for member in members:
            member.act(one)

    def start() -> None:
        for member in members:
            member.client.start()

    at_s = 0.0
    for phase in (*world.phases, Phase("serve", world.settle_s)):
        clock.at(to_ns(at_s), Rank.FAULT, partial(enter, phase), attempt=0)
        at_s += phase.for_s
    for one in world.acts:
        order = 1 if one.do in OF_THE_DEVICE else 3
        clock.at(to_ns(one.at_s), Rank.FAULT, partial(act, one), attempt=order)
    clock.at(0, Rank.FAULT, start, attempt=2)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Let Python's garbage be: nearly all that is made is kept, and looked through in vain."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
