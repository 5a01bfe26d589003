"""Many hosted clients of one server, on one clock: what a restart does to all of them at once.

Each client lives in the same bare world (:class:`stormlab.worlds.bare.BareWorld`), with a network,
a story and chance of its own; they share the clock and the phases of the server. Nobody waits for
anybody else: the modelled server has no queue (:mod:`stormlab.hosts.line`).
"""

from collections.abc import Callable

from stormlab.clock import Clock, to_ns
from stormlab.collector import collector_off
from stormlab.draws import Draws
from stormlab.hosts.bare import (
    CLOSING_NS,
    STEPS_MAX,
    HostedClient,
    MakeClient,
    perform,
    schedule,
)
from stormlab.hosts.diary import Diary
from stormlab.hosts.line import Surroundings
from stormlab.hosts.wire import Peer
from stormlab.worlds.bare import BareWorld
from stormlab.worlds.phases import Act, Phase
from stormlab.worlds.story import Story


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
        perform(act, self.around, self.client)


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
    with collector_off():
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
    """The world's schedule, for all of them at a time."""

    def enter(phase: Phase) -> None:
        for member in members:
            member.around.enter(phase)

    def act(one: Act) -> None:
        for member in members:
            member.act(one)

    def start() -> None:
        for member in members:
            member.client.start()

    schedule(clock, world, enter, act, start)
