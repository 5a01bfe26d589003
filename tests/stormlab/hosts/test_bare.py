"""A hosted client in a bare world: a small one written by hand, in Python."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from stormlab.clock import Rank, to_ns, to_s
from stormlab.draws import Draws
from stormlab.hosts import bare
from stormlab.hosts.bare import MakeClient, run_hosted
from stormlab.hosts.line import Line, Surroundings
from stormlab.hosts.wire import Data, End, SilentPeer
from stormlab.policy import Constant, Delays, Reconnect, Reset
from stormlab.vocabulary import Event
from stormlab.worlds.bare import Act, BareWorld, Phase, run_bare
from stormlab.worlds.story import BY_APPLICATION, Story

WAIT_S = 2.0


class Client:
    """Tries again two seconds after every end, until it is closed; keeps what it was told."""

    def __init__(self, around: Surroundings, draws: Draws, wait_s: float = WAIT_S) -> None:
        self.around, self.draws, self.wait_ns = around, draws, to_ns(wait_s)
        self.line: Line | None = None
        self.told: list[tuple[float, str]] = []
        self.closed = self.forgotten = False
        self.can = {"close", "reconnect"}

    def has(self, name: str) -> bool:
        return name in self.can

    def _tell(self, what: str) -> None:
        self.told.append((to_s(self.around.clock.now_ns), what))

    def start(self) -> None:
        if not self.closed:
            self.line = self.around.dial("wss://server.example/", (), self)

    def call(self, name: str) -> None:
        self._tell(name)
        self.closed = name == "close"
        if self.line is not None and self.closed:
            self.line.close()
        elif name == "reconnect":
            self.start()

    def online(self, *, online: bool) -> None:
        self._tell("online" if online else "offline")

    def visible(self, *, visible: bool) -> None:
        self._tell("shown" if visible else "hidden")

    def forget(self) -> None:
        self.forgotten = True

    def opened(self, protocol: str) -> None:
        del protocol

    def message(self, data: Data) -> None:
        del data

    def closing(self) -> None:
        self._tell("closing")

    def ended(self, end: End) -> None:
        del end
        if not self.closed:
            self.around.clock.after(self.wait_ns, Rank.TIMER, self.start)


Made = Callable[..., MakeClient]


@pytest.fixture
def made() -> list[Client]:
    """The clients of a test, in order."""
    return []


@pytest.fixture
def make(made: list[Client]) -> Iterator[Made]:
    """Makes a maker of clients, and keeps them."""

    def of(wait_s: float = WAIT_S) -> MakeClient:
        def one(around: Surroundings, draws: Draws) -> Client:
            made.append(Client(around, draws, wait_s))
            return made[-1]

        return one

    yield of
    assert all(client.forgotten for client in made)


def seconds(story: Story, *events: Event) -> list[float]:
    return [to_s(time_ns) for time_ns in story.times_ns(*events)]


SCHEDULES = [
    BareWorld((Phase("serve", 5.0), Phase("refuse", 10.0))),
    BareWorld((Phase("refuse", 3.0), Phase("hang", 9.0))),
    BareWorld((Phase("serve", 5.0, code=1001), Phase("stop", 4.0, code=1001, advice_s=9.0))),
    BareWorld((Phase("reject", 10.0, after_s=0.5), Phase("serve", 5.0, drop=True))),
    BareWorld((Phase("mute", 5.0), Phase("hang", 5.0), Phase("stop", 5.0))),
    BareWorld(
        (Phase("serve", 20.0), Phase("refuse", 20.0)), (Act("offline", 18.0), Act("online", 30.0))
    ),
]
TOLD = (Event.NEW, Event.OPEN, Event.PROVED, Event.CLOSE, Event.FAULT, Event.OFFLINE, Event.ONLINE)


def told(story: Story) -> list[tuple[object, ...]]:
    return sorted(
        (step.time_ns, step.event.value, step.code, step.clean, step.cause.value, step.advice_ns)
        for step in story.of(*TOLD)
    )


@pytest.mark.parametrize("world", SCHEDULES)
def test_it_lives_through_what_a_policy_lives_through(world: BareWorld, make: Made) -> None:
    policy = Reconnect(Delays(Constant(WAIT_S)), reset=Reset(on="open"))
    assert told(run_hosted(world, make(), SilentPeer())) == told(
        run_bare(policy.make_group, world)[0]
    )


def test_what_is_done_to_the_client_reaches_it_and_its_story(
    make: Made, made: list[Client]
) -> None:
    acts = [("hide", 1.0), ("show", 2.0), ("offline", 3.0), ("online", 4.0), ("by_hand", 5.0)]
    world = BareWorld((Phase("refuse", 6.0),), tuple(Act(do, at_s) for do, at_s in acts))  # type: ignore[arg-type]
    story = run_hosted(world, make(100.0), SilentPeer())
    assert made[0].told == [
        (1.0, "hidden"),
        (2.0, "shown"),
        (3.0, "offline"),
        (4.0, "online"),
        (5.0, "reconnect"),
    ]
    assert seconds(story, Event.HIDDEN, Event.VISIBLE) == [1.0, 2.0]
    assert seconds(story, Event.OFFLINE, Event.ONLINE) == [3.0, 4.0]
    assert seconds(story, Event.RETRY_BY_HAND) == [5.0]
    assert seconds(story, Event.NEW) == [0.0, 5.0]


def test_closing_ends_it_until_a_person_asks_again(make: Made, made: list[Client]) -> None:
    acts = (Act("close", 1.0), Act("hide", 1.5), Act("by_hand", 2.0))
    story = run_hosted(BareWorld((), acts), make(), SilentPeer())
    assert made[0].told == [(1.0, "close"), (1.5, "hidden"), (2.0, "reconnect")]
    called = story.of(Event.CLOSE_CALLED)
    assert [(to_s(step.time_ns), step.detail) for step in called] == [
        (1.0, BY_APPLICATION),
        (1.0, "OPEN"),
    ]
    assert seconds(story, Event.CLOSE) == [1.02]
    assert seconds(story, Event.NEW) == [0.0, 2.0]


def test_a_client_without_a_button_is_not_asked(make: Made, made: list[Client]) -> None:
    def silent(around: Surroundings, draws: Draws) -> Client:
        client = make()(around, draws)
        assert isinstance(client, Client)
        client.can = {"close"}
        return client

    story = run_hosted(BareWorld((), (Act("by_hand", 2.0),)), silent, SilentPeer())
    assert made[0].told == []
    assert not story.has(Event.RETRY_BY_HAND)


def test_a_run_may_end_after_so_many_attempts(make: Made) -> None:
    world = BareWorld((Phase("refuse", 600.0),))
    story = run_hosted(world, make(), SilentPeer(), attempts_max=10)
    assert 10 < len(story.of(Event.NEW)) < 15
    assert story.end_ns < to_ns(30.0)
    assert not story.cut


def test_the_server_acts_before_the_device_and_the_device_before_the_start(make: Made) -> None:
    world = BareWorld((Phase("refuse", 1.0),), (Act("offline", 0.0), Act("online", 1.0)))
    story = run_hosted(world, make(), SilentPeer())
    first = [step.event for step in story.steps[:3]]
    assert first == [Event.FAULT, Event.OFFLINE, Event.NEW]


def test_a_client_that_never_waits_is_cut(make: Made) -> None:
    world = BareWorld((Phase("reject", 60.0, after_s=0.0),))
    story = run_hosted(world, make(0.0), SilentPeer())
    assert not story.cut  # a round of 60 ms is not that fast
    story = run_hosted(BareWorld(acts=(Act("offline", 1.0),)), hasty, SilentPeer())
    assert story.cut
    assert bare.STEPS_PER_S_MAX <= len(story.steps) < bare.STEPS_PER_S_MAX + 300  # one event more
    assert story.end_ns < to_ns(1.0)


def hasty(around: Surroundings, draws: Draws) -> Any:
    """A client that dials a hundred times each time that it should once."""

    class Hasty(Client):
        def start(self) -> None:
            for _ in range(100):
                self.around.dial("wss://server.example/", (), self).close()

        def ended(self, end: End) -> None:
            del end
            if len(self.around.lines) == 0:
                self.start()

    return Hasty(around, draws)


def test_a_life_that_is_too_long_ends_early_and_says_so(
    make: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bare, "STEPS_MAX", 50)
    story = run_hosted(BareWorld((Phase("refuse", 600.0),)), make(0.1), SilentPeer())
    assert not story.cut
    assert len(story.steps) >= 50
    assert story.end_ns < to_ns(10.0)


def test_quiet_years_cost_nothing(make: Made) -> None:
    world = BareWorld((Phase("serve", 3.2e7),))
    story = run_hosted(world, make(), SilentPeer())
    assert story.end_ns == to_ns(world.end_s)
    assert seconds(story, Event.NEW) == [0.0]


def test_equal_arguments_give_equal_stories(make: Made, made: list[Client]) -> None:
    for world in SCHEDULES:
        run = partial(run_hosted, world, make(), client=3)
        first, second = run(SilentPeer()), run(SilentPeer())
        assert first == second
        assert first.client == 3
    assert {client.draws.seed for client in made} == {0}
