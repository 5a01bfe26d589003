"""Connections of a path: order, cuts, SYNs, refusal, idle cuts."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormlab.clock import Clock, Rank, to_ns, to_s
from stormlab.draws import Draws
from stormlab.trace import Recorder
from stormlab.vocabulary import Event
from stormlab_models.network import SYN_RETRY_S, Connection, Path, PathSettings, Segment, Who

LATENCY_S = 0.01


@dataclass
class Peer:
    """One side of a connection: what it heard, with seconds."""

    clock: Clock
    heard: list[tuple[Any, str]] = field(default_factory=list)

    def note(self, what: str) -> None:
        self.heard.append((to_s(self.clock.now_ns), what))

    def established(self) -> None:
        self.note("established")

    def refused(self) -> None:
        self.note("refused")

    def arrived(self, segment: Segment) -> None:
        self.note(str(segment.payload or segment.kind))

    @property
    def words(self) -> list[str]:
        return [what for _, what in self.heard]


class Net:
    """A path to a listener that answers what it is told to."""

    def __init__(self, answer: str = "accept", seed: int = 0, **settings: Any) -> None:
        self.clock, self.recorder = Clock(), Recorder()
        latencies = {"latency_up_s": LATENCY_S, "latency_down_s": LATENCY_S} | settings
        self.path = Path(self.clock, Draws(seed), self.recorder, PathSettings(**latencies))
        self.answer = answer
        self.kernel_only = False  # no process takes connections
        self.server = Peer(self.clock)
        self.path.listener = self
        self.syns_s: list[float] = []

    def incoming(self, connection: Connection) -> str:
        self.syns_s.append(to_s(self.clock.now_ns))
        if self.answer == "accept" and not self.kernel_only:
            connection.attach(self.server)
        return self.answer

    def connect(self, socket: int = 0) -> tuple[Connection, Peer]:
        peer = Peer(self.clock)
        return self.path.connect(peer, Who(0, socket)), peer

    def at(self, time_s: float, act: Any) -> None:
        self.clock.at(to_ns(time_s), Rank.FAULT, lambda: act() and None)

    def run(self, until_s: float = 1000.0) -> None:
        self.clock.run(to_ns(until_s))

    def count(self, event: Event) -> int:
        return self.recorder.finish({"duration_ns": 0}).count(event)


def data(name: str) -> Segment:
    return Segment("frame", name, 10)


def each(send: Callable[[Segment], None], *segments: Segment) -> None:
    for segment in segments:
        send(segment)


def test_a_connection_takes_one_round_trip() -> None:
    net = Net(latency_sigma=0.0)
    _, peer = net.connect()
    net.run()
    assert peer.heard == [(pytest.approx(2 * LATENCY_S), "established")]


def test_nobody_listens() -> None:
    net = Net("refuse", latency_sigma=0.0)
    _, peer = net.connect()
    net.run()
    assert peer.heard == [(pytest.approx(2 * LATENCY_S), "refused")]
    bare = Net()
    bare.path.listener = None
    _, peer = bare.connect()
    bare.run()
    assert peer.words == ["refused"]


@given(
    st.integers(0, 1000),
    st.lists(st.tuples(st.integers(0, 100), st.booleans()), max_size=30),
    st.one_of(st.none(), st.tuples(st.integers(0, 100), st.integers(1, 100))),
)
def test_each_direction_arrives_whole_and_in_order(
    seed: int, sends: list[tuple[int, bool]], cut: tuple[int, int] | None
) -> None:
    net = Net(seed=seed, latency_sigma=2.0)
    connection, peer = net.connect()
    sent: dict[bool, list[str]] = {True: [], False: []}
    for number, (after_ms, up) in enumerate(sends):

        def send(name: str = str(number), *, up: bool = up) -> None:
            sent[up].append(name)
            (connection.send_up if up else connection.send_down)(data(name))

        net.at(500 + after_ms / 1000, send)
    if cut is not None:
        net.at(500 + cut[0] / 1000, net.path.cut)
        net.at(500 + (cut[0] + cut[1]) / 1000, net.path.heal)
    net.run()
    assert net.server.words == sent[True]
    assert peer.words == ["established", *sent[False]]


def test_a_cut_holds_everything_and_heal_lets_it_through_in_order() -> None:
    net = Net(latency_sigma=0.0)
    connection, peer = net.connect()
    net.at(1, lambda: each(connection.send_up, data("a"), data("b")))
    net.at(1.005, net.path.cut)
    net.at(2, lambda: connection.send_up(Segment("fin")))
    net.at(5, net.path.heal)
    net.at(6, net.path.heal)
    net.run()
    assert net.server.heard == [(5.0, "a"), (5.0, "b"), (5.0, "fin")]
    assert net.count(Event.HEALED) == 1
    assert peer.words == ["established"]


def test_a_syns_answer_does_not_pass_a_cut() -> None:
    net = Net(latency_sigma=0.0)
    _, peer = net.connect()
    net.at(0.015, net.path.cut)
    net.at(3, net.path.heal)
    net.run()
    assert peer.heard == [(3.0, "established")]


@pytest.mark.parametrize("latency_s", [0.00005, 0.2])
def test_a_dropped_syn_is_sent_again_at_linux_times(latency_s: float) -> None:
    net = Net("drop", latency_up_s=latency_s, latency_sigma=0.0)
    _, peer = net.connect()
    net.run()
    assert net.syns_s == pytest.approx([s + latency_s for s in (0.0, *SYN_RETRY_S)])
    assert peer.words == ["refused"]  # given up
    assert net.count(Event.SYN_LOST) == len(SYN_RETRY_S) + 1


def test_a_syn_that_meets_a_healed_path_connects_at_its_next_turn() -> None:
    net = Net(latency_sigma=0.0)
    net.path.cut()
    _, peer = net.connect()
    net.at(2.0, net.path.heal)
    net.run()
    assert peer.heard == [(pytest.approx(2.05 + 2 * LATENCY_S), "established")]


def test_all_syns_are_lost_or_none() -> None:
    for loss, words in ((1.0, ["refused"]), (0.0, ["established"])):
        net = Net(loss=loss)
        _, peer = net.connect()
        net.run()
        assert peer.words == words


def test_a_client_that_gave_up_sends_no_more_syns() -> None:
    net = Net("drop")
    connection, peer = net.connect()
    net.at(1.5, lambda: connection.send_up(Segment("fin")))
    net.run()
    assert len(net.syns_s) == 2
    assert peer.words == []


def test_after_its_fin_a_side_is_silent_and_the_other_may_go_on() -> None:
    net = Net()
    connection, peer = net.connect()
    net.at(1, lambda: each(connection.send_up, Segment("fin"), data("late")))
    net.at(2, lambda: each(connection.send_down, data("still"), Segment("fin")))
    net.at(3, lambda: connection.send_down(data("late")))
    net.run()
    assert net.server.words == ["fin"]
    assert peer.words == ["established", "still", "fin"]


def test_what_comes_before_the_process_takes_the_connection_waits() -> None:
    net = Net()
    net.kernel_only = True
    connection, _ = net.connect()
    net.at(1, lambda: connection.send_up(data("early")))
    net.at(2, lambda: connection.attach(net.server))
    net.run()
    assert net.server.heard == [(2.0, "early")]


@given(st.integers(0, 500), st.floats(1, 30))
def test_an_idle_connection_is_cut_within_a_tenth_of_a_second(seed: int, limit_s: float) -> None:
    net = Net(seed=seed, idle_cut_s=limit_s, latency_sigma=0.0)
    _, peer = net.connect()
    net.run()
    idle_s = peer.heard[1][0] - peer.heard[0][0] - LATENCY_S
    assert limit_s - 1e-6 <= idle_s <= limit_s + 0.1
    assert (peer.words[1], net.server.words) == ("idle cut", ["idle cut"])


@pytest.mark.parametrize(("period_s", "cut"), [(4.9, False), (5.2, True)])
def test_only_pings_more_frequent_than_the_cut_hold_a_connection(
    period_s: float,
    cut: bool,  # noqa: FBT001  a parameter of the test
) -> None:
    for up in (True, False):
        net = Net(idle_cut_s=5.0)
        connection, _ = net.connect()
        for turn in range(1, 20):
            send = connection.send_up if up else connection.send_down
            net.at(turn * period_s, lambda send=send: send(data("ping")))
        net.run(60)
        assert net.count(Event.IDLE_CUT) == int(cut)


def test_ports_grow_and_differ() -> None:
    net = Net()
    ports = [net.connect(number)[0].port for number in range(50)]
    assert len(set(ports)) == 50
    assert all(32768 <= port < 61000 for port in ports)
