"""A herd at a gate, by hand."""

import pytest

from stormlab.clock import NS_PER_S, Clock
from stormlab.draws import Draws
from stormlab.model import World
from stormlab.trace import Recorder, Trace
from stormlab.vocabulary import Event
from stormlab_models.published.herd import Herd, herd_figures
from stormlab_models.published.limits import FixedWindow


def herd_of_three(until_s: int) -> Trace:
    """One admission per second; client c waits c + n seconds after its n-th refusal."""
    world = World(Clock(), Draws(0), Recorder())
    herd = Herd(world, FixedWindow(1, NS_PER_S), lambda client, n: (client + n) * NS_PER_S)
    for client in range(3):
        herd.ask_at(0, client)
    world.clock.run(until_s * NS_PER_S)
    return world.recorder.finish({})


def test_who_is_refused_asks_again() -> None:
    """Client 0 is in at 0; client 1 waits 2 s and is in at 2; client 2 waits 3 s and is in at 3."""
    rows = [
        (row.time_ns // NS_PER_S, row.event, row.client, row.attempt) for row in herd_of_three(9)
    ]
    assert rows == [
        (0, Event.ACCEPTED, 0, 1),
        (0, Event.REJECTED, 1, 1),
        (0, Event.REJECTED, 2, 1),
        (2, Event.ACCEPTED, 1, 2),
        (3, Event.ACCEPTED, 2, 2),
    ]


def test_figures_of_the_herd() -> None:
    figures = herd_figures(herd_of_three(9), clients=3)
    assert figures == {
        "requests": 5,
        "admitted": 3,
        "t50_s": 2.0,  # the second of three
        "t99_s": 3.0,
        "completion_s": 3.0,
    }


@pytest.mark.parametrize(("until_s", "t50_s"), [(1, None), (2, 2.0)])
def test_what_the_run_did_not_see_is_none(until_s: int, t50_s: float | None) -> None:
    figures = herd_figures(herd_of_three(until_s), clients=3)
    assert figures["t50_s"] == t50_s
    assert figures["completion_s"] is None
