from collections.abc import Callable
from typing import Any

import numpy as np

from stormlab.recovery.attempts import BYTE_KINDS, Attempts
from stormlab.recovery.rows import NEVER, Rows
from stormlab.trace import Recorder
from stormlab.vocabulary import Event

S = 1_000_000_000
Make = Callable[..., Any]


def of(storm: Any) -> Attempts:
    return Attempts(Rows(storm.trace()))


def test_clients_that_number_their_sockets_alike_are_told_apart(fleet: Make) -> None:
    storm = fleet(clients=2)
    storm.socket(1, 2, 3, client=0)
    storm.socket(1, None, 5, client=1)
    storm.socket(6, 7, client=1)
    found = of(storm)
    assert found.client.tolist() == [0, 1, 1]
    assert found.open_ns.tolist() == [2 * S, NEVER, 7 * S]
    assert found.end_ns.tolist() == [3 * S, 5 * S, NEVER]
    assert found.opened.tolist() == [True, False, True]


def test_a_connection_is_dead_when_either_side_says_so(fleet: Make) -> None:
    storm = fleet()
    who = storm.socket(1, 2, 30)
    storm.add(20, Event.LOST, **who)
    half_open = storm.socket(40, 41)
    storm.add(50, Event.CLOSED, **half_open)
    found = of(storm)
    assert found.dead_ns.tolist() == [20 * S, 50 * S]
    assert found.end_ns.tolist() == [30 * S, NEVER]


def test_a_kill_ends_every_connection_of_the_only_server(fleet: Make) -> None:
    """Nobody tells the page of a host that vanished; it notices at 50 s."""
    for pods, dead_s in [(1, 10), (2, 50)]:
        storm = fleet(pods=pods)
        storm.settled(50)
        storm.down(10, 20)
        storm.socket(60, 61)
        assert of(storm).dead_ns.tolist() == [dead_s * S, NEVER]


def test_lasting_is_ten_seconds_within_the_run(fleet: Make) -> None:
    storm = fleet()
    storm.socket(1, 2, 12)
    storm.socket(20, 21, 30.9)
    storm.socket(40, None, 60)
    storm.socket(89, 90)
    storm.socket(90, 91)
    assert of(storm).lasted(10 * S).tolist() == [True, False, False, True, False]


def test_settled_connections_are_known(fleet: Make) -> None:
    storm = fleet()
    storm.settled(5)
    storm.socket(6, 7)
    assert of(storm).settled.tolist() == [True, False]


def test_bytes_are_sorted_by_what_they_are_for(fleet: Make) -> None:
    storm = fleet()
    who = storm.socket(1, 2)
    storm.add(1, Event.CONNECT, up=60, **who)
    storm.add(1.1, Event.SYN_RETRY, up=60, **who)
    storm.add(1.2, Event.ESTABLISHED, up=52, down=60, **who)
    storm.add(1.3, Event.TLS, up=400, down=4000, detail="1.3 full", **who)
    storm.add(1.4, Event.TLS, up=300, down=300, detail="1.3 resumed", **who)
    storm.add(1.5, Event.REQUEST, up=500, **who)
    storm.add(1.6, Event.RESPONSE, down=200, **who)
    storm.add(1.7, Event.HTTP_FIRST, up=700, down=900, **who)
    storm.add(1.8, Event.SERVER_FRAME, down=9999, **who)
    wire = of(storm).wire
    sums = np.bincount(wire.kind, wire.size, minlength=len(BYTE_KINDS))
    assert dict(zip(BYTE_KINDS, sums.tolist(), strict=True)) == {
        "tcp": 232,
        "tls_full": 4400,
        "tls_resumed": 600,
        "http": 700,
        "http_first": 1600,
    }
    assert set(wire.attempt.tolist()) == {0}


def test_rows_of_unknown_sockets_belong_to_no_attempt(fleet: Make) -> None:
    storm = fleet(clients=2)
    storm.socket(1, client=0)
    storm.socket(1, client=1)
    storm.add(2, Event.REQUEST, client=0, endpoint=0, socket=1, up=5)
    storm.add(2, Event.REQUEST, client=0, endpoint=0, socket=-1, up=5)
    storm.add(2, Event.REQUEST, up=5)
    assert of(storm).wire.attempt.tolist() == [2, 2, 2]


def test_an_empty_trace_has_no_attempts() -> None:
    found = Attempts(Rows(Recorder().finish({"duration_ns": 1})))
    assert (len(found), found.open_ns.tolist(), found.wire.size.tolist()) == (0, [], [])
