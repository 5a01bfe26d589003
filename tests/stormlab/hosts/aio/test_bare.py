import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from websockets.asyncio.client import connect

from stormlab.hosts.aio.bare import luck_of, run_aio
from stormlab.hosts.wire import Caller, Data, SilentPeer
from stormlab.vocabulary import Cause, Event
from stormlab.worlds.bare import STEPS_MAX, Act, BareWorld, Phase
from stormlab.worlds.story import BY_APPLICATION, Story

Client = Callable[[str], Any]


def told(story: Story, *events: Event) -> list[tuple[float, Event, int, Cause]]:
    return [(step.time_ns / 1e9, step.event, step.code, step.cause) for step in story.of(*events)]


def closes(story: Story) -> list[tuple[float, int, int, Cause]]:
    return [
        (step.time_ns / 1e9, step.code, step.clean, step.cause) for step in story.of(Event.CLOSE)
    ]


def only(world: BareWorld, client: Client, **options: Any) -> Story:
    [story] = run_aio(world, client, **options)
    return story


async def once(url: str) -> None:
    """Connect once, and stay until the end."""
    async with connect(url, ping_interval=None) as connection:
        await connection.wait_closed()


def test_a_handshake_takes_three_round_trips_and_proves() -> None:
    story = only(BareWorld(), once)
    assert story.times_ns(Event.NEW) == [0]
    assert story.times_ns(Event.OPEN) == story.times_ns(Event.PROVED) == [60_000_000]
    assert [step.event for step in story.of(Event.OPEN, Event.PROVED)] == [
        Event.OPEN,
        Event.PROVED,
    ]
    assert story.end_ns == 60_000_000_000


@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        (Phase("refuse", 5), (5.01, 1006, 0, Cause.KILLED)),
        (Phase("stop", 5, code=1012), (5.01, 1012, 1, Cause.SERVER_CLOSED)),
        (Phase("stop", 5, code=1006), (5.01, 1006, 0, Cause.SERVER_CLOSED)),
        (Phase("serve", 5, code=4000, drop=True), (5.01, 4000, 1, Cause.SERVER_CLOSED)),
        (Phase("hang", 7), (12.01, 1006, 0, Cause.RESET)),
    ],
)
def test_what_a_phase_does_to_an_open_connection(phase: Phase, expected: Any) -> None:
    story = only(BareWorld((Phase("serve", 5), phase)), once)
    assert closes(story) == [expected]


@pytest.mark.parametrize("what", ["reject", "mute", "serve"])
def test_a_phase_that_keeps_an_open_connection(what: Any) -> None:
    assert closes(only(BareWorld((Phase("serve", 5), Phase(what, 5))), once)) == []


@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        (Phase("refuse", 5), (0.02, 1006, 0, Cause.REFUSED)),
        (Phase("stop", 5), (0.02, 1006, 0, Cause.REFUSED)),
        (Phase("reject", 5, code=1013, after_s=0.5), (0.56, 1013, 1, Cause.SERVER_CLOSED)),
        (Phase("reject", 0.5, code=1013, after_s=2), (0.51, 1013, 1, Cause.SERVER_CLOSED)),
        (Phase("reject", 5, code=1006, after_s=1), (1.06, 1006, 0, Cause.SERVER_CLOSED)),
    ],
)
def test_what_a_phase_does_to_an_attempt(phase: Phase, expected: Any) -> None:
    story = only(BareWorld((phase,)), once)
    assert closes(story) == [expected]
    assert not story.has(Event.PROVED)


def test_an_attempt_that_hangs_is_answered_by_a_later_syn() -> None:
    story = only(BareWorld((Phase("hang", 2.5),)), once)
    assert story.times_ns(Event.OPEN) == [3_060_000_000]


def test_a_hang_of_more_than_67_s_times_out() -> None:
    async def patient(url: str) -> None:
        async with connect(url, open_timeout=None):
            pass

    story = only(BareWorld((Phase("hang", 100),)), patient)
    assert closes(story) == [(67.01, 1006, 0, Cause.TIMED_OUT)]


def test_a_server_that_goes_during_the_handshake_resets() -> None:
    story = only(BareWorld((Phase("serve", 0.03), Phase("refuse", 5))), once)
    assert closes(story) == [(0.06, 1006, 0, Cause.RESET)]


def test_offline() -> None:
    acts = (Act("offline", 5), Act("online", 8))
    assert closes(only(BareWorld(acts=acts), once)) == []
    phases = (Phase("serve", 6), Phase("refuse", 1))
    gone = only(BareWorld(phases, acts), once)
    assert closes(gone) == [(8.02, 1006, 0, Cause.RESET)]
    never = only(BareWorld(acts=(Act("offline", 0),)), once)
    assert closes(never) == [(0.001, 1006, 0, Cause.OFFLINE)]


def test_what_a_person_does_is_written_down() -> None:
    acts = (Act("hide", 1), Act("show", 2), Act("by_hand", 3), Act("close", 4))
    story = only(BareWorld(acts=acts), once)
    people = (Event.HIDDEN, Event.VISIBLE, Event.RETRY_BY_HAND)
    assert story.times_ns(*people) == [1_000_000_000, 2_000_000_000, 3_000_000_000]
    [close, frame] = story.of(Event.CLOSE_CALLED)
    assert close.detail == BY_APPLICATION
    # websockets 17 closes with 1011 when it is left by an error, as a cancelled task is
    assert frame.time_ns == 4_000_000_000
    assert frame.code in {1000, 1011}
    # closed in order: the close frame, its answer, the end of TCP
    assert closes(story) == [(4.02, frame.code, 1, Cause.CLOSED_BY_PAGE)]
    assert not story.has(Event.GAVE_UP)  # it ended because it was told to


def test_a_close_before_the_start_starts_nothing() -> None:
    story = only(BareWorld(acts=(Act("close", 0),)), once)
    assert not story.has(Event.NEW)


def test_advice_goes_with_the_end() -> None:
    phases = (Phase("serve", 5), Phase("stop", 5, advice_s=30.0))

    async def twice(url: str) -> None:
        for _ in range(2):
            with contextlib.suppress(OSError):
                await once(url)

    story = only(BareWorld(phases), twice)
    assert [step.advice_ns for step in story.of(Event.CLOSE)] == [30_000_000_000] * 2


def test_what_the_program_raises_ends_it() -> None:
    async def broken(url: str) -> None:
        await connect(url)
        raise ValueError("oh")

    story = only(BareWorld(), broken)
    [gave_up] = story.of(Event.GAVE_UP)
    assert (gave_up.detail, gave_up.clean) == ("ValueError: oh", 0)
    assert story.has(Event.UNCAUGHT)


def test_a_program_that_never_waits_is_cut() -> None:
    async def hammer(url: str) -> None:
        while True:
            await asyncio.wait([asyncio.ensure_future(once(url)) for _ in range(50)])

    story = only(BareWorld((Phase("refuse", 300),)), hammer)
    assert story.cut
    assert story.end_ns < 2_000_000_000
    assert len(story.steps) < STEPS_MAX


def test_equal_worlds_give_equal_stories() -> None:
    async def stay(url: str) -> None:
        async for connection in connect(url):
            await connection.wait_closed()

    world = BareWorld((Phase("serve", 5), Phase("refuse", 50)), sockets=2, seed=4)
    first, second = run_aio(world, stay), run_aio(world, stay)
    assert first == second
    assert luck_of(world).unit() != luck_of(world, 1).unit()


class Talker(SilentPeer):
    """Greets, echoes, and proves when it is spoken to."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def opened(self, caller: Caller) -> None:
        self.told.append((caller.number, caller.url, caller.protocol))
        caller.send("welcome")
        caller.later(5.0, lambda: caller.close(4000, "enough"))

    def message(self, caller: Caller, data: Data) -> None:
        caller.proved()
        caller.send(data)

    def gone(self, caller: Caller) -> None:
        self.told.append(("gone", caller.number))


def test_a_peer_talks() -> None:
    got: list[Any] = []

    async def talk(url: str) -> None:
        async with connect(url, subprotocols=["a"]) as connection:  # type: ignore[list-item]
            loop = asyncio.get_running_loop()
            got.append((round(loop.time(), 3), await connection.recv()))
            await connection.send("hello")
            got.append((await connection.recv(), round(loop.time(), 3)))
            await connection.wait_closed()
            got.append((connection.close_code, connection.close_reason, round(loop.time(), 3)))

    peer = Talker()
    story = only(BareWorld(), talk, peer=peer)
    assert got == [(0.06, "welcome"), ("hello", 0.08), (4000, "enough", 5.09)]
    assert peer.told == [(0, "/socket", "a"), ("gone", 0)]
    assert story.times_ns(Event.PROVED) == [70_000_000]


@pytest.mark.parametrize("what", ["mute", "reject"])
def test_the_application_is_only_there_in_phases_that_serve(what: Any) -> None:
    async def talk(url: str) -> None:
        async with connect(url) as connection:
            await connection.send("hello")
            await connection.wait_closed()

    peer = Talker()
    only(BareWorld((Phase(what, 5, after_s=1.0),)), talk, peer=peer)
    assert peer.told == []
