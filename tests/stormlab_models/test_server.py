"""The listening socket, the accept queue, and how a process ends."""

from dataclasses import dataclass, field

import pytest

from stormlab.clock import NS_PER_MS, Clock, Rank, to_ns, to_s
from stormlab.draws import Draws
from stormlab.trace import Recorder, Trace
from stormlab.vocabulary import Event
from stormlab_models.machine import Machine
from stormlab_models.network import SYN_RETRY_S, Connection, Path, PathSettings, Segment, Who
from stormlab_models.server import EXIT_LOOK_NS, Server


@dataclass
class Peer:
    """A client: what it heard, with seconds."""

    clock: Clock
    heard: list[tuple[float, str]] = field(default_factory=list)

    def established(self) -> None:
        self.heard.append((to_s(self.clock.now_ns), "established"))

    def refused(self) -> None:
        self.heard.append((to_s(self.clock.now_ns), "refused"))

    def arrived(self, segment: Segment) -> None:
        self.heard.append((to_s(self.clock.now_ns), str(segment.payload)))

    @property
    def words(self) -> list[str]:
        return [what for _, what in self.heard]


class Protocol:
    """A connection that says when it was made, and is busy for a while after a shutdown."""

    def __init__(self, hall: "Hall", connection: Connection, number: int) -> None:
        self.number = number
        self.hall = hall
        self.connection = connection
        hall.made.append((to_s(hall.clock.now_ns), connection.who.socket))

    @property
    def busy(self) -> bool:
        return self.hall.clock.now_ns < self.hall.busy_until_ns

    def arrived(self, segment: Segment) -> None:
        self.hall.arrived.append((self.number, segment.kind))

    def shut_down(self) -> None:
        self.connection.send_down(Segment("frame", "1012", 4))
        self.connection.send_down(Segment("fin", "fin"))

    def die(self) -> None:
        self.connection.send_down(Segment("fin", "killed"))


class Hall:
    """A server, its path, and a crowd of peers."""

    def __init__(self, backlog: int = 2048) -> None:
        self.clock, self.recorder = Clock(), Recorder()
        draws = Draws(0)
        settings = PathSettings(latency_up_s=0.001, latency_down_s=0.001, latency_sigma=0.0)
        self.path = Path(self.clock, draws, self.recorder, settings)
        self.made: list[tuple[float, int]] = []
        self.arrived: list[tuple[int, str]] = []
        self.starts = 0
        self.busy_until_ns = 0
        self.server = Server(
            self.clock,
            self.recorder,
            Machine(draws),
            self.path,
            lambda _, connection, number: Protocol(self, connection, number),
            backlog=backlog,
        )
        self.server.on_start.append(self._started)
        self.server.start()

    def _started(self) -> None:
        self.starts += 1

    def crowd(self, count: int) -> list[Peer]:
        peers = [Peer(self.clock) for _ in range(count)]
        for number, peer in enumerate(peers):
            self.path.connect(peer, Who(0, number))
        return peers

    def until(self, time_s: float) -> None:
        self.clock.at(to_ns(time_s), Rank.OBSERVER, lambda: None)  # so that it gets there
        self.clock.run(to_ns(time_s))

    def run(self, until_s: float = 200.0) -> Trace:
        self.clock.run(to_ns(until_s))
        return self.recorder.finish({"duration_ns": to_ns(until_s)})


@pytest.fixture
def hall() -> Hall:
    return Hall()


def test_one_connection_is_taken_per_poll(hall: Hall) -> None:
    polls: list[int] = []

    def count_iterations() -> None:
        polls.append(len(hall.made))
        if len(hall.made) < 5:
            hall.server.loop.call_soon(count_iterations)

    hall.server.block(to_ns(0.1))
    hall.until(0.01)
    hall.crowd(5)
    hall.clock.at(to_ns(0.05), Rank.FAULT, lambda: hall.server.loop.call_soon(count_iterations))
    hall.run()
    assert [socket for _, socket in hall.made] == [0, 1, 2, 3, 4]
    assert polls in ([0, 1, 2, 3, 4, 5], [1, 2, 3, 4, 5])


def test_a_full_accept_queue_drops_syns_until_there_is_room() -> None:
    hall = Hall(backlog=4)
    hall.server.block(to_ns(1.5))
    hall.until(0.01)
    peers = hall.crowd(8)
    trace = hall.run()
    first = [peer.heard[0][0] for peer in peers]
    # backlog plus one fit; the others come back after the block, at the second retransmission
    assert first == pytest.approx([0.012] * 5 + [0.012 + SYN_RETRY_S[1]] * 3)
    assert trace.count(Event.SYN_LOST) == 6
    assert len(hall.made) == 8


def test_a_crash_ends_every_connection_without_a_close_frame(hall: Hall) -> None:
    peers = hall.crowd(3)
    hall.clock.at(to_ns(1), Rank.FAULT, hall.server.crash)
    hall.clock.at(to_ns(2), Rank.FAULT, hall.server.crash)
    trace = hall.run()
    assert [peer.words for peer in peers] == [["established", "killed"]] * 3
    assert trace.count(Event.KILLED) == 1
    assert not hall.server.live


def test_a_crash_ends_what_waits_in_the_accept_queue(hall: Hall) -> None:
    hall.server.block(to_ns(10))
    hall.until(0.01)
    (peer,) = hall.crowd(1)
    hall.clock.at(to_ns(0.0111), Rank.FAULT, hall.server.crash)  # its answer is under way
    hall.run()
    assert peer.words == ["established", "killed"]
    assert hall.made == []


def test_a_dead_server_refuses_and_a_new_one_answers(hall: Hall) -> None:
    hall.server.crash()
    (before,) = hall.crowd(1)
    hall.clock.at(to_ns(1), Rank.FAULT, hall.server.start)
    hall.clock.at(to_ns(2), Rank.FAULT, hall.server.start)
    hall.until(3)
    (after,) = hall.crowd(1)
    trace = hall.run()
    assert (before.words, after.words) == (["refused"], ["established"])
    assert (hall.starts, trace.count(Event.UP)) == (2, 2)


def test_a_shutdown_says_goodbye_and_refuses_at_once(hall: Hall) -> None:
    (peer,) = hall.crowd(1)
    hall.until(1)
    hall.server.stop()
    (late,) = hall.crowd(1)
    trace = hall.run()
    assert (peer.words, late.words) == (["established", "1012", "fin"], ["refused"])
    assert (trace.count(Event.SHUTDOWN), trace.count(Event.KILLED)) == (1, 0)


def test_a_shutdown_waits_for_the_next_look_and_is_done_once(hall: Hall) -> None:
    (peer,) = hall.crowd(1)
    hall.until(1.03)
    hall.server.stop()
    hall.server.stop()
    hall.until(1.07)
    (late,) = hall.crowd(1)  # it still listens
    trace = hall.run()
    times = [time_s for time_s, what in peer.heard if what == "1012"]
    assert times == [pytest.approx(1.1, abs=0.001)]
    assert late.words == ["established", "1012", "fin"]
    assert trace.count(Event.SHUTDOWN) == 1


def test_a_look_is_answered_by_the_loop_or_at_once_if_there_is_none(hall: Hall) -> None:
    looks: list[float] = []

    def look() -> None:
        hall.server.look(lambda: looks.append(to_s(hall.clock.now_ns)))

    hall.server.block(to_ns(1))
    hall.clock.at(to_ns(0.5), Rank.FAULT, look)
    hall.until(2)
    hall.server.crash()
    look()
    assert looks == [pytest.approx(1, abs=0.001), 2]


def test_a_shutdown_resets_what_waits_in_the_accept_queue(hall: Hall) -> None:
    hall.server.block(to_ns(1))
    hall.until(0.01)
    (peer,) = hall.crowd(1)
    hall.clock.at(to_ns(0.5), Rank.FAULT, hall.server.stop)
    hall.run()
    assert peer.words == ["established", "shut down"]
    assert hall.made == []


@pytest.mark.parametrize("busy_s", [0.0, 0.35])
def test_a_process_that_shuts_down_waits_for_its_handlers(hall: Hall, busy_s: float) -> None:
    hall.crowd(1)
    hall.until(1)
    loop = hall.server.loop
    hall.busy_until_ns = hall.clock.now_ns + to_ns(busy_s)
    ticks: list[float] = []

    def tick() -> None:
        ticks.append(to_s(hall.clock.now_ns) - 1)
        loop.call_later(10 * NS_PER_MS, tick)

    loop.call_soon(tick)
    hall.server.stop()
    hall.server.start()  # a new process does not keep the old one from ending
    hall.run(20)
    assert busy_s - 0.01 <= ticks[-1] <= busy_s + to_s(EXIT_LOOK_NS) + 0.01


def test_draining_refuses_new_connections_and_keeps_the_old(hall: Hall) -> None:
    (old,) = hall.crowd(1)
    hall.until(1)
    hall.server.draining = True
    (new,) = hall.crowd(1)
    hall.until(2)
    hall.server.draining = False
    (newer,) = hall.crowd(1)
    hall.run()
    assert [peer.words for peer in (old, new, newer)] == [
        ["established"],
        ["refused"],
        ["established"],
    ]


def test_busy_time_is_counted_across_processes(hall: Hall) -> None:
    for _ in range(2):
        hall.server.block(to_ns(0.5))
        hall.until(to_s(hall.clock.now_ns) + 1)
        hall.server.crash()
        hall.server.start()
    trace = hall.run()
    assert hall.server.busy_total_ns == to_ns(1.0)
    assert trace.count(Event.BLOCKED) == 2
