"""The service: shutdowns, queues, rejections, drains."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from stormlab.trace import Trace
from stormlab.vocabulary import Event

Fleet = Callable[..., Trace]
At = Callable[..., list[float]]


def test_a_stop_closes_with_1012_and_spreads_when_asked(fleet: Fleet, at: At) -> None:
    stop = {"do": "stop", "at_s": 10, "for_s": 1}
    server = {"close_spread_s": 8}
    trace = fleet(faults=[stop], clients={"count": 8}, server=server)
    closes = trace.of(Event.CLOSE)
    assert set(closes["code"].tolist()) == {1012}
    assert set(closes["clean"].tolist()) == {1}
    assert sorted(at(trace, Event.CLOSED)) == [10, 11, 12, 13, 14, 15, 16, 17]


def test_a_full_queue_drops_syns_or_refuses(fleet: Fleet) -> None:
    crash = {"do": "crash", "at_s": 10, "for_s": 1}
    server = {"workers": 1, "handshake_s": 0.1, "backlog": 3}
    dropped = fleet(faults=[crash], clients={"count": 10}, server=server)
    assert dropped.count(Event.QUEUE_FULL) >= 7
    assert dropped.count(Event.REFUSED) == 0
    assert dropped.count(Event.SYN_RETRY) >= 7
    refused = fleet(faults=[crash], clients={"count": 10}, server={**server, "overflow": "refuse"})
    assert refused.count(Event.REFUSED) == refused.count(Event.QUEUE_FULL) >= 7
    assert refused.count(Event.SYN_RETRY) == 0


def test_without_a_backlog_a_syn_is_refused_where_no_worker_is_free(fleet: Fleet, at: At) -> None:
    """A SYN that is taken keeps its worker, also while its request is still on the way."""
    crash = {"do": "crash", "at_s": 10, "for_s": 1}
    server = {"workers": 3, "handshake_s": 0.5, "backlog": 0, "overflow": "refuse"}
    trace = fleet(faults=[crash], clients={"count": 10}, server=server)
    taken = at(trace, Event.ESTABLISHED)
    assert [taken.count(time) for time in sorted(set(taken))] == [3, 3, 3, 1]
    assert trace.count(Event.REFUSED) == trace.count(Event.QUEUE_FULL) == 7 + 4 + 1
    assert trace.count(Event.QUEUED_REQUEST) == 0


def test_exponential_handshakes_have_the_mean_that_is_set(fleet: Fleet) -> None:
    crash = {"do": "crash", "at_s": 10, "for_s": 1}
    server = {"workers": 2000, "handshake_s": 0.5, "handshake_shape": "exponential"}
    trace = fleet(faults=[crash], clients={"count": 2000}, server=server)
    times_s = trace.of(Event.SERVED)["value_ns"] / 1e9
    assert len(times_s) == 2000
    assert times_s.mean() == pytest.approx(0.5, abs=3 * 0.5 / 2000**0.5)
    assert times_s.std() == pytest.approx(0.5, rel=0.1)  # as large as the mean


def test_work_for_clients_that_have_gone_is_wasted_or_skipped(fleet: Fleet) -> None:
    crash = {"do": "crash", "at_s": 10, "for_s": 1}
    server: dict[str, Any] = {"workers": 1, "handshake_s": 1.0}
    served = fleet(faults=[crash], clients={"count": 10}, server=server, policy="Patient3")
    assert served.of(Event.SERVED)["code"].tolist()[:3] == [0, 0, 1]  # the third waited 3 s
    skipped = fleet(
        faults=[crash],
        clients={"count": 10},
        server={**server, "abandoned": "skipped"},
        policy="Patient3",
    )
    assert skipped.of(Event.SERVED)["code"].sum() < served.of(Event.SERVED)["code"].sum()
    assert skipped.count(Event.OPEN) > served.count(Event.OPEN)


def test_accepted_only_to_be_closed(fleet: Fleet, at: At) -> None:
    reject = {"do": "reject", "at_s": 8, "for_s": 20, "code": 1011}
    crash = {"do": "crash", "at_s": 10, "for_s": 1}
    trace = fleet(faults=[reject, crash])
    codes = trace.of(Event.CLOSE)["code"].tolist()
    assert codes == [1006, 1011, 1011, 1011]
    assert trace.count(Event.PROVED) == 1  # only the last connection proves itself
    opened, closed = at(trace, Event.OPEN), at(trace, Event.CLOSED)
    assert closed[0] - (opened[0] - 0.01) == pytest.approx(0.05)


def test_a_rejection_by_admission_shows_its_status_to_libraries_only(fleet: Fleet) -> None:
    crash = {"do": "crash", "at_s": 10, "for_s": 1}
    admission = {"rate_per_s": 0.1, "burst": 1}
    for sees in (False, True):
        trace = fleet(
            faults=[crash],
            policy="Reports",
            clients={"count": 2, "sees_status": sees},
            admission=admission,
            server={"retry_after_s": 7},
        )
        assert sorted(trace.of(Event.RESPONSE)["code"].tolist()) == [101, 503]
        told = [trace.text(row) for row in trace.of(Event.GAVE_UP)]
        assert told == ["503, after 7000000000 ns" if sees else "0, after None ns"]


def test_a_drain_closes_at_its_rate(fleet: Fleet, at: At) -> None:
    drain = {"do": "drain", "pod": 0, "at_s": 10, "for_s": 40}
    trace = fleet(faults=[drain], server={"pods": 2, "drain_per_s": 5}, clients={"count": 100})
    closed = at(trace, Event.CLOSED)
    assert closed[0] == 10
    gaps = {round(b - a, 3) for a, b in pairwise(closed)}
    assert gaps == {0.2}
    assert set(trace.of(Event.CLOSE)["code"].tolist()) == {1001}
