"""The server's end of a modelled connection: what it passes on, when, and in which order."""

from functools import partial
from typing import Any

import pytest

from stormlab.clock import Clock, Rank
from stormlab.draws import Draws
from stormlab.hosts.aio.entropy import Luck
from stormlab.hosts.aio.network import Network
from stormlab.hosts.aio.phased import PhasedLoop
from stormlab.trace import Recorder
from stormlab_models.asgi import Message
from stormlab_models.network import Connection, Path, PathSettings, Segment, Who
from stormlab_models.real.end import CarriedEnd, Doorbell

WAKE_NS = 50_000
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"


class Bed:
    """A connection whose server is an end, with somebody at either side."""

    def __init__(self) -> None:
        self.clock, draws = Clock(), Draws(1)
        path = Path(self.clock, draws, Recorder(), PathSettings())
        self.wakes = 0
        self.doorbell = Doorbell(self.clock, self._wake_ns)
        self.heard: list[tuple[int, Any]] = []  # by the server's code
        self.got: list[tuple[int, Segment]] = []  # by the client
        self.left: list[str] = []
        self.reading = True
        self.connection = Connection(path, self, Who(0, 0))
        self.end = CarriedEnd(
            self.connection, self.doorbell, 8002, sent=lambda _, seg: self.left.append(seg.kind)
        )
        self.loop = PhasedLoop(  # type: ignore[abstract]
            self.clock, Network(self.clock), Luck(draws, 1), host="10.0.0.1"
        )

    def _wake_ns(self) -> int:
        self.wakes += 1
        return WAKE_NS

    # the server's code --------------------------------------------------------------------------

    def is_reading(self) -> bool:
        return self.reading

    def received(self, data: bytes) -> None:
        self.heard.append((self.clock.now_ns, data))

    def ended(self) -> None:
        self.heard.append((self.clock.now_ns, "fin"))

    def lost(self, error: OSError) -> None:
        self.heard.append((self.clock.now_ns, type(error).__name__))

    # the client ---------------------------------------------------------------------------------

    def established(self) -> None: ...

    def refused(self) -> None: ...

    def arrived(self, segment: Segment) -> None:
        self.got.append((self.clock.now_ns, segment))

    @property
    def kinds(self) -> list[Any]:
        """What the client got."""
        return [
            segment.payload.kind if isinstance(segment.payload, Message) else segment.kind
            for _, segment in self.got
        ]


def test_what_comes_before_the_process_takes_it_is_kept() -> None:
    bed = Bed()
    before = bed.end.waiting
    bed.connection.send_up(Segment("request", "/api/v1/ws/queue", 483))
    bed.connection.send_up(Segment("frame", Message("close", 1001), 8))
    bed.clock.run(10**9)
    assert bed.heard == []
    bed.end.attach(bed)
    assert (before, bed.end.waiting) == (True, False)
    assert [data[:4] for _, data in bed.heard] == [b"GET ", b"\x88\x82\x00\x00"]


def test_an_idle_process_is_woken_once_for_all_that_comes_meanwhile() -> None:
    bed = Bed()
    bed.doorbell.loop = bed.loop
    bed.end.attach(bed)
    for time_ns in (1_000_000, 1_020_000, 2_000_000):
        bed.clock.at(
            time_ns, Rank.NETWORK, partial(bed.end.arrived, Segment("frame", Message("ping")))
        )
    bed.clock.run(10**9)
    assert [time_ns for time_ns, _ in bed.heard] == [1_050_000, 1_050_000, 2_050_000]
    assert bed.wakes == 2


def test_nobody_polls_while_reading_is_paused_and_a_dead_process_hears_at_once() -> None:
    bed = Bed()
    bed.doorbell.loop = bed.loop
    bed.end.attach(bed)
    bed.reading = False
    bed.end.arrived(Segment("frame", Message("ping")))
    assert (len(bed.heard), bed.wakes) == (1, 0)
    bed.reading = True
    bed.loop.kill()
    bed.end.arrived(Segment("fin"))
    assert (len(bed.heard), bed.wakes) == (2, 1)


@pytest.mark.parametrize(("kind", "heard"), [("fin", "fin"), ("rst", "ConnectionResetError")])
def test_the_end_of_tcp_is_heard_as_it_came(kind: str, heard: str) -> None:
    bed = Bed()
    bed.end.attach(bed)
    bed.end.arrived(Segment(kind))
    assert [what for _, what in bed.heard] == [heard]


def test_what_is_written_arrives_as_segments_the_late_behind_the_early() -> None:
    bed = Bed()
    bed.end.attach(bed)
    bed.end.write(SWITCHED + b"\x81\x0e" + b'{"type":"now"}')
    bed.end.write(b"\x81\x0f" + b'{"type":"late"}', 5_000_000)
    bed.end.close(5_000_000)
    bed.end.write(b"\x81\x0f" + b'{"type":"lost"}')
    bed.clock.run(10**9)
    assert bed.kinds == ["response", "now", "late", "fin"]
    assert bed.left == ["response", "frame", "frame", "fin"]
    assert bed.got[2][0] > 5_000_000 > bed.got[1][0]


def test_a_pong_carries_what_its_ping_did() -> None:
    bed = Bed()
    bed.end.attach(bed)
    bed.end.write(SWITCHED + b"\x89\x02hi")
    bed.end.arrived(Segment("frame", Message("pong")))
    assert bed.heard[-1][1].endswith(b"hi")
    bed.end.arrived(Segment("frame", Message("ping", 48, 77)))
    bed.end.write(b"\x81\x0f" + b'{"type":"pong"}')
    bed.clock.run(10**9)
    assert bed.got[-1][1].payload == Message("pong", 15, 77)


def test_a_killed_process_and_a_reset_say_why() -> None:
    for why, payload in (("server dropped", None), ("killed", "killed")):
        bed = Bed()
        bed.end.why = why
        bed.end.reset()
        bed.end.reset()
        bed.clock.run(10**9)
        assert [(segment.kind, segment.payload) for _, segment in bed.got] == [("rst", payload)]
    bed = Bed()
    bed.end.why = "killed"
    bed.end.close()
    bed.end.close()
    bed.end.arrived(Segment("fin"))
    bed.clock.run(10**9)
    assert [(segment.kind, segment.payload) for _, segment in bed.got] == [("fin", "killed")]
