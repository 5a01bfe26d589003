"""The server's own pings."""

from stormlab.clock import Clock, Rank, to_ns
from stormlab_models.event_loop import EventLoop
from stormlab_models.keep_alive import KeepAlive, Pinger


class Bed:
    """A connection that answers its first pings, and what came of it."""

    def __init__(self, settings: KeepAlive, answers: int, *, closes_at_s: float = 1e6) -> None:
        self.clock = Clock()
        self.pings: list[float] = []
        self.missed: list[float] = []
        self._answers, self._closes_ns = answers, to_ns(closes_at_s)
        loop = EventLoop(self.clock, lambda: 0)
        self.pinger = Pinger(loop, settings, self._ping, self._missed)
        self.pinger.start()

    def _ping(self) -> bool:
        if self.clock.now_ns >= self._closes_ns:
            return False
        self.pings.append(self.clock.now_ns / 1e9)
        if len(self.pings) <= self._answers:
            self.clock.after(to_ns(1), Rank.NETWORK, self.pinger.pong)
        return True

    def _missed(self) -> None:
        self.missed.append(self.clock.now_ns / 1e9)
        self.pinger.stop()


def test_the_interval_counts_from_the_pong() -> None:
    bed = Bed(KeepAlive(20, 5), answers=10)
    bed.clock.run(to_ns(70))
    assert bed.pings == [20, 41, 62]
    assert bed.missed == []


def test_a_missing_pong_ends_it() -> None:
    bed = Bed(KeepAlive(20, 5), answers=1)
    bed.clock.run(to_ns(100))
    assert (bed.pings, bed.missed) == ([20, 41], [46])


def test_without_a_time_out_nothing_is_missed() -> None:
    bed = Bed(KeepAlive(20, None), answers=0)
    bed.clock.run(to_ns(70))
    assert (bed.pings, bed.missed) == ([20, 40, 60], [])


def test_it_can_be_off() -> None:
    bed = Bed(KeepAlive(None), answers=0)
    bed.clock.run(to_ns(70))
    assert bed.pings == []


def test_a_connection_that_closes_is_not_pinged() -> None:
    bed = Bed(KeepAlive(20, 5), answers=5, closes_at_s=30)
    bed.clock.run(to_ns(100))
    assert (bed.pings, bed.missed) == ([20], [])
