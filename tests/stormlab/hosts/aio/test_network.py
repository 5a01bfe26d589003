import errno
from collections.abc import Callable
from typing import Any

import pytest

from stormlab.clock import NS_PER_MS, NS_PER_S, Clock, Rank
from stormlab.hosts.aio.network import LOCALHOST, End, Network

SERVER = ("10.9.9.9", 80)


class Ear:
    """Keeps what it hears, with the time in milliseconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.heard: list[tuple[float, Any]] = []

    def _note(self, what: Any) -> None:
        self.heard.append((self._clock.now_ns / NS_PER_MS, what))

    def connected(self) -> None:
        self._note("connected")

    def received(self, data: bytes) -> None:
        self._note(data)

    def ended(self) -> None:
        self._note("ended")

    def lost(self, error: OSError) -> None:
        self._note(error.errno)


class Place:
    """A network, one listener that keeps its ends, one client."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.network = Network(self.clock)
        self.ears: list[Ear] = []
        self.ends: list[End] = []
        self.listener = self.network.listen(SERVER, self._accept)
        self.ear = Ear(self.clock)

    def _accept(self, end: End) -> None:
        ear = Ear(self.clock)
        ear._note("accepted")
        self.ears.append(ear)
        self.ends.append(end)
        end.attach(ear)

    def connect(self) -> End:
        return self.network.connect("10.0.0.1", SERVER, self.ear)

    def run(self, seconds: float) -> None:
        until_ns = round(seconds * NS_PER_S)
        self.clock.at(until_ns, Rank.OBSERVER, lambda: None)  # the clock stands where it ran to
        self.clock.run(until_ns)


@pytest.fixture
def place() -> Place:
    return Place()


def test_a_connection_takes_one_round_trip(place: Place) -> None:
    end = place.connect()
    place.run(1)
    assert place.ear.heard == [(20, "connected")]
    assert place.ears[0].heard == [(30, "accepted")]
    assert end.remote == place.ends[0].local == SERVER
    assert end.local == place.ends[0].remote


def test_bytes_arrive_in_order_and_then_the_end(place: Place) -> None:
    end = place.connect()
    place.run(1)
    end.write(b"a")
    end.write(b"b", lag_ns=5 * NS_PER_MS)
    end.close(lag_ns=5 * NS_PER_MS)
    end.write(b"too late")
    place.run(2)
    assert place.ears[0].heard[1:] == [(1010, b"a"), (1015, b"b"), (1015, "ended")]


def test_a_socket_that_was_closed_answers_data_with_a_reset(place: Place) -> None:
    end = place.connect()
    place.run(1)
    end.close()
    place.run(2)
    place.ends[0].write(b"x")
    place.run(3)
    assert place.ears[0].heard[1:] == [(1010, "ended"), (2020, errno.ECONNRESET)]


def test_a_half_close_lets_the_other_way_open(place: Place) -> None:
    end = place.connect()
    place.run(1)
    end.fin()
    place.run(2)
    place.ends[0].write(b"x")
    place.run(3)
    assert place.ear.heard[1:] == [(2010, b"x")]


def test_a_reset_arrives(place: Place) -> None:
    end = place.connect()
    place.run(1)
    end.reset()
    place.run(2)
    assert place.ears[0].heard[1:] == [(1010, errno.ECONNRESET)]


def test_nobody_listens(place: Place) -> None:
    place.listener.close()
    place.connect()
    place.run(1)
    assert place.ear.heard == [(20, errno.ECONNREFUSED)]


def test_a_listener_may_refuse(place: Place) -> None:
    place.listener.mode = "refuse"
    place.connect()
    place.run(1)
    assert place.ear.heard == [(20, errno.ECONNREFUSED)]


@pytest.mark.parametrize(("until_s", "connected_ms"), [(0.5, 1020), (3.5, 4020), (6.9, 7020)])
def test_a_syn_that_is_not_answered_is_sent_again(
    place: Place, until_s: float, connected_ms: float
) -> None:
    place.listener.mode = "hang"
    place.connect()
    place.run(until_s)
    place.listener.mode = "accept"
    place.run(60)
    assert place.ear.heard == [(connected_ms, "connected")]


def test_an_attempt_is_given_up_after_67_s(place: Place) -> None:
    place.listener.mode = "hang"
    place.connect()
    place.run(100)
    assert place.ear.heard == [(67_010, errno.ETIMEDOUT)]


def test_an_attempt_that_was_given_up_is_not_accepted(place: Place) -> None:
    end = place.connect()
    end.reset()
    place.run(1)
    assert place.ear.heard == []
    assert place.ends == []


def test_a_listener_that_closes_meanwhile_resets(place: Place) -> None:
    place.connect()
    place.run(0.025)
    place.listener.close()
    place.run(1)
    assert place.ear.heard == [(20, "connected"), (40, errno.ECONNRESET)]


def test_a_cut_keeps_what_is_under_way(place: Place) -> None:
    end = place.connect()
    place.run(1)
    end.write(b"a")
    place.network.cut("10.0.0.1")
    end.write(b"b")
    place.run(5)
    assert place.ears[0].heard[1:] == []
    place.network.heal("10.0.0.1")
    place.run(6)
    assert place.ears[0].heard[1:] == [(5010, b"a"), (5010, b"b")]


def test_a_cut_host_is_not_reached(place: Place) -> None:
    place.network.cut(SERVER[0])
    place.connect()
    place.run(2.5)
    place.network.heal(SERVER[0])
    place.run(10)
    assert place.ear.heard == [(3020, "connected")]


def test_a_cut_keeps_the_answer_to_a_syn(place: Place) -> None:
    place.connect()
    place.run(0.015)
    place.network.cut("10.0.0.1")
    place.run(5)
    place.network.heal("10.0.0.1")
    place.run(10)
    assert place.ear.heard == [(5010, "connected")]
    assert place.ears[0].heard == [(5020, "accepted")]


def test_an_end_may_vanish_without_a_word(place: Place) -> None:
    end = place.connect()
    place.run(1)
    place.ends[0].vanish()
    place.run(2)
    assert place.ear.heard == [(20, "connected")]
    end.write(b"x")
    place.run(3)
    assert place.ear.heard[1:] == [(2020, errno.ECONNRESET)]


def test_tls_is_one_more_round_trip(place: Place) -> None:
    end = place.connect()
    place.run(1)
    end.start_tls(lambda: place.ear._note("tls"))
    place.run(2)
    assert place.ear.heard[1:] == [(1020, "tls")]


def test_what_comes_before_there_is_an_ear_is_kept(place: Place) -> None:
    kept: list[End] = []
    place.network.listen(("10.9.9.9", 81), kept.append)
    end = place.network.connect("10.0.0.1", ("10.9.9.9", 81), place.ear)
    place.run(1)
    end.write(b"a")
    end.fin()
    place.run(2)
    ear = Ear(place.clock)
    kept[0].attach(ear)
    assert ear.heard == [(2000, b"a"), (2000, "ended")]


def test_an_address_is_taken_once(place: Place) -> None:
    with pytest.raises(OSError, match="in use") as told:
        place.network.listen(SERVER, lambda _: None)
    assert told.value.errno == errno.EADDRINUSE


def test_port_0_takes_a_free_one(place: Place) -> None:
    accept: Callable[[End], None] = lambda _: None  # noqa: E731
    first = place.network.listen(("10.9.9.9", 0), accept)
    second = place.network.listen(("10.9.9.9", 0), accept)
    assert first.address != second.address


def test_names_are_numbered_in_the_order_of_asking() -> None:
    network = Network(Clock())
    assert network.resolve("b.example") == "10.1.0.1"
    assert network.resolve("a.example") == "10.1.0.2"
    assert network.resolve("b.example") == "10.1.0.1"
    assert network.resolve("10.3.4.5") == "10.3.4.5"
    assert {network.resolve(each) for each in (None, "", "localhost", "0.0.0.0")} == {LOCALHOST}  # noqa: S104  in memory
