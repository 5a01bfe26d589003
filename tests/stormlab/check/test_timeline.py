"""A run as text: the faults and what each endpoint did, on one scale."""

from stormlab.check.see import see, target_of
from stormlab.check.timeline import CELLS, Span, connections, spans, timeline
from stormlab.clock import to_ns
from stormlab.policy import Reconnect
from stormlab.vocabulary import Event
from stormlab.worlds.bare import BareWorld
from stormlab.worlds.herd import HerdWorld
from stormlab.worlds.phases import Act, Phase
from stormlab.worlds.simulated import SimulatedWorld
from stormlab.worlds.story import Step, Story


def test_phases_and_absences_become_spans(sound: Reconnect) -> None:
    world = BareWorld(
        (Phase("serve", 10.0), Phase("refuse", 20.0)),
        (Act("hide", 5.0), Act("show", 15.0), Act("offline", 20.0)),
        settle_s=30.0,
    )
    found = spans(see(target_of(sound), world))
    assert found == [
        Span(10.0, 30.0, "refuses"),
        Span(5.0, 15.0, "hidden"),
        Span(20.0, 60.0, "offline"),
    ]


def test_each_turn_of_a_repeated_fault_is_a_span(sound: Reconnect) -> None:
    fault = {"do": "crash", "at_s": 5.0, "for_s": 2.0, "every_s": 10.0, "times": 2}
    document = {"model": "fleet", "duration_s": 60.0, "clients": {"count": 1}, "faults": [fault]}
    seen = see(target_of(sound), SimulatedWorld(document))
    assert spans(seen) == [Span(5.0, 7.0, "crash"), Span(15.0, 17.0, "crash")]


def test_the_lines_share_one_scale(sound: Reconnect) -> None:
    world = BareWorld((Phase("serve", 30.0), Phase("refuse", 15.0)), settle_s=45.0)
    faults, client, scale, key = timeline(see(target_of(sound), world))
    assert faults == "faults   |" + "." * 20 + "refuses---" + "." * 30 + "|"
    assert client.startswith("client 0 |*" + "=" * 19)
    assert client.endswith("=|")
    assert scale.split() == ["0", "s", "90", "s"]
    assert key.strip() == "* attempt  = connected"
    assert len(faults) == len(client) == CELLS + 11


def test_a_run_of_nobody_has_no_lines(sound: Reconnect) -> None:
    assert timeline(see(target_of(sound), HerdWorld(0))) == []


def test_sockets_at_the_same_time_lie_in_lanes() -> None:
    def step(time_s: float, event: Event, socket: int = -1) -> Step:
        return Step(to_ns(time_s), event, socket=socket)

    story = Story(
        (
            step(1, Event.OPEN, 1),
            step(2, Event.OPEN, 2),
            step(3, Event.CLOSE, 1),
            step(4, Event.OPEN, 3),
            step(5, Event.GONE),
            step(6, Event.OPEN, 4),
        ),
        to_ns(10.0),
    )
    assert connections(story) == [(1, 3, 0), (2, 5, 1), (4, 5, 0), (6, 10, 0)]
