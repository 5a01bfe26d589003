"""A hosted client in a bare world: the phases and acts of :class:`stormlab.worlds.bare.BareWorld`.

What a bare policy lives through, real code lives through here: the same schedule, the same times,
the same form of story. Promises judge both alike.
"""

from collections.abc import Callable
from functools import partial
from typing import Protocol

from stormlab.clock import NS_PER_S, Clock, Rank, to_ns
from stormlab.draws import Draws
from stormlab.hosts.diary import Diary
from stormlab.hosts.line import Surroundings
from stormlab.hosts.wire import Peer
from stormlab.vocabulary import Event
from stormlab.worlds.bare import BareWorld
from stormlab.worlds.phases import Act, Phase
from stormlab.worlds.story import BY_APPLICATION, Story

STEPS_MAX = 20_000  # of a whole run; a longer one ends early, and nothing is judged by that
STEPS_PER_S_MAX = 4_000  # more in one second of virtual time: the client never waits
CLOSING_NS = to_ns(60.0)
OF_THE_DEVICE = frozenset({"offline", "online", "hide", "show"})


class HostedClient(Protocol):
    """A client of real code, whatever it is written in."""

    def start(self) -> None:
        """Run its start code."""

    def has(self, name: str) -> bool:
        """Whether it can be asked for this."""

    def call(self, name: str) -> None:
        """Ask it to ``close`` for good, or to ``reconnect`` now."""

    def online(self, *, online: bool) -> None:
        """The device has a network, or none."""

    def visible(self, *, visible: bool) -> None:
        """The page is in sight, or hidden."""

    def forget(self) -> None:
        """The run is over."""


MakeClient = Callable[[Surroundings, Draws], HostedClient]


class _Life:
    """One run: the schedule on the clock, and the limits of a run that does not end."""

    def __init__(
        self,
        world: BareWorld,
        make: MakeClient,
        peer: Peer,
        closing_ns: int,
        client: int,
        attempts_max: int | None,
    ) -> None:
        self.clock = Clock()
        self._attempts_max = attempts_max
        self.end_ns = to_ns(world.end_s)
        self.diary = Diary(client)
        self.diary.full = self.clock.stop
        self.around = Surroundings(self.clock, peer, self.diary, closing_ns)
        self.client = make(self.around, Draws(world.seed))
        self.cut = False
        schedule(self.clock, world, self.around.enter, self._act, self.client.start)

    def _act(self, act: Act) -> None:
        perform(act, self.around, self.client)

    def run(self) -> Story:
        """Live to the end."""
        steps, end_ns = self.diary.steps, self.end_ns
        second_ns = 0
        while second_ns < end_ns and not self.cut and len(steps) < STEPS_MAX:
            before = len(steps)
            second_ns = self._quiet_until(min(second_ns + NS_PER_S, end_ns))
            self.diary.limit = before + STEPS_PER_S_MAX
            self.clock.run(second_ns)
            self.cut = len(steps) >= before + STEPS_PER_S_MAX
            if self._attempts_max is not None and self.diary.attempts > self._attempts_max:
                return self._ended(self.clock.now_ns)
        ended_ns = self.clock.now_ns if self.cut or len(steps) >= STEPS_MAX else end_ns
        return self._ended(ended_ns)

    def _ended(self, time_ns: int) -> Story:
        self.client.forget()
        return self.diary.story(time_ns, cut=self.cut)

    def _quiet_until(self, time_ns: int) -> int:
        """Skip the seconds in which nothing happens."""
        next_ns = self.clock.next_ns
        return self.end_ns if next_ns is None else min(max(time_ns, next_ns), self.end_ns)


def perform(act: Act, around: Surroundings, client: HostedClient) -> None:
    """Something that the device or the person does to a client, in deed and in its story."""
    now_ns, note = around.clock.now_ns, around.diary.note
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
        around.go(online=act.do == "online")
        client.online(online=act.do == "online")


def schedule(
    clock: Clock,
    world: BareWorld,
    enter: Callable[[Phase], None],
    act: Callable[[Act], None],
    start: Callable[[], None],
) -> None:
    """Put a world's schedule on the clock.

    Of one moment: server, device, start, person, and then what clients do.
    """
    at_s = 0.0
    for phase in (*world.phases, Phase("serve", world.settle_s)):
        clock.at(to_ns(at_s), Rank.FAULT, partial(enter, phase), attempt=0)
        at_s += phase.for_s
    for one in world.acts:
        order = 1 if one.do in OF_THE_DEVICE else 3
        clock.at(to_ns(one.at_s), Rank.FAULT, partial(act, one), attempt=order)
    clock.at(0, Rank.FAULT, start, attempt=2)


def run_hosted(
    world: BareWorld,
    make: MakeClient,
    peer: Peer,
    *,
    closing_ns: int = CLOSING_NS,
    client: int = 0,
    attempts_max: int | None = None,
) -> Story:
    """Let a client live in ``world``; equal arguments give equal stories.

    ``make``: makes the client for its surroundings and the world's draws; ``peer``: a fresh server
    side of its protocol; ``closing_ns``: how long the client's platform waits for the answer to its
    close frame; ``client``: its number, which addresses its luck; ``attempts_max``: the run ends
    early, once it has made more attempts.
    """
    return _Life(world, make, peer, closing_ns, client, attempts_max).run()
