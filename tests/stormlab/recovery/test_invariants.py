"""Laws of every recovery, on storms that Hypothesis makes of legal attempts."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stormlab.recovery import NEVER, Recovery, Standing, figures, load, series
from stormlab.trace import Recorder, Trace
from stormlab.vocabulary import Event

S = 1_000_000_000
END_S = 60

# what an attempt becomes: after how long it opens (None: it fails), and how long it lives
Attempt = tuple[int, int | None, int]
ATTEMPTS = st.lists(
    st.tuples(st.integers(0, 20), st.none() | st.integers(0, 5), st.integers(0, 40)), max_size=5
)


@st.composite
def storms(draw: st.DrawFn) -> Trace:
    """A few places with attempts one after the other, a fault, perhaps a server that comes up."""
    clients, sockets = draw(st.integers(1, 4)), draw(st.integers(1, 2))
    told: list[tuple[int, int, Event, dict[str, Any]]] = []
    numbers = [0] * clients

    def add(time_s: int, event: Event, **columns: Any) -> None:
        if time_s < END_S:
            told.append((time_s, len(told), event, columns))

    fault_s = draw(st.integers(0, 30))
    add(fault_s, Event.FAULT, detail="crash")
    add(fault_s, Event.KILLED, conn=0)
    if draw(st.booleans()):
        add(fault_s + draw(st.integers(0, 20)), Event.UP, conn=0)
    for place in range(clients * sockets):
        client, endpoint = divmod(place, sockets)
        who = {"client": client, "endpoint": endpoint}
        now = 0
        for delay, opens, lives in draw(ATTEMPTS):
            add(now, Event.TIMER_SET, value_ns=delay * S, **who)
            now += delay
            socket = {**who, "socket": numbers[client]}
            numbers[client] += 1
            add(now, Event.TIMER_FIRED, **who)
            add(now, Event.NEW, **socket)
            add(now, Event.CONNECT, up=60, **socket)
            if opens is not None:
                add(now + opens, Event.REQUEST, up=500, **socket)
                add(now + opens, Event.OPEN, **socket)
            now += (opens or 0) + lives
            add(now, Event.CLOSE, **socket)
        if draw(st.booleans()):
            add(now, Event.GAVE_UP, **who)
    recorder = Recorder()
    for time_s, _, event, columns in sorted(told, key=lambda row: row[:2]):
        recorder.add(time_s * S, event, **columns)
    header = {"duration_ns": END_S * S, "clients": clients, "sockets": sockets, "workers": 1}
    return recorder.finish(header | {"message_every_ns": 7 * S, "message_phase_ns": S})


@given(storms(), st.sampled_from([0.0, 5.0, 10.0]))
@settings(max_examples=60)
def test_counts_add_up_and_times_are_times(trace: Trace, stable_s: float) -> None:
    recovery = Recovery.of(trace, stable_s)
    found, over_time = figures(recovery), series(recovery, bin_s=7)
    assert over_time.attempts.sum() == found["attempts"] == recovery.storm.sum()
    useful, wasted = load.handshake_bytes(recovery)
    assert over_time.bytes.sum() == useful.sum() + wasted.sum()
    assert over_time.bytes_useful.sum() == useful.sum()
    assert sum(column.sum() for column in over_time.bytes_by_kind.values()) == over_time.bytes.sum()
    for waits in (recovery.reconnect, recovery.recovery, recovery.client_reconnect):
        assert len(waits.back_s) + len(waits.away_s) == len(waits)
        assert (waits.watched_ns >= 0).all()
        assert (waits.watched_ns <= END_S * S).all()
    assert len(recovery.reconnect) == found["connections_lost"]
    assert (recovery.away_ns >= 0).all()
    for name, value in found.items():
        assert value is None or value >= 0, name
        if name.endswith("_percent") and name != "dispersion_iqr_percent":
            assert value is None or value <= 100 + 1e-9, name
    p50, p95, p99 = (found[f"reconnect_s_p{p}"] for p in (50, 95, 99))
    if p50 is not None and p95 is not None and p99 is not None:
        assert p50 <= p95 <= p99


@given(storms())
@settings(max_examples=60)
def test_every_place_stands_somehow_at_every_moment(trace: Trace) -> None:
    recovery = Recovery.of(trace)
    grid = np.arange(0, END_S, 3) * S
    counts = recovery.standings.occupancy(grid, recovery.places)
    assert (np.sum(list(counts.values()), axis=0) == recovery.rows.places).all()
    assert all((column >= 0).all() for column in counts.values())
    last = recovery.standings.occupancy(np.array([END_S * S]), recovery.places)
    for standing in Standing:
        assert last[standing][0] == (recovery.standings.at_end == standing).sum()


@given(storms())
@settings(max_examples=60)
def test_who_came_back_did_so_after_the_loss(trace: Trace) -> None:
    recovery = Recovery.of(trace)
    back = recovery.came_back
    assert (recovery.back_ns[back] >= recovery.lost_ns[back]).all()
    assert (recovery.lost_ns[recovery.was_lost] >= recovery.outage.from_ns).all()
    assert not (recovery.is_lost_for_good & ~recovery.is_away).any()
    sooner = Recovery.of(trace, 0.0).back_ns
    assert (sooner <= recovery.back_ns).all()
    assert ((recovery.lost_ns < NEVER) | (recovery.back_ns == NEVER)).all()


@given(storms(), st.data())
@settings(max_examples=40)
def test_groups_are_parts_of_the_fleet(trace: Trace, data: st.DataObject) -> None:
    clients = trace.header["clients"]
    groups = data.draw(st.lists(st.integers(0, 1), min_size=clients, max_size=clients))
    header = {**trace.header, "policies": ["a", "b"], "policy_of_client": groups}
    recovery = Recovery.of(Trace(header, trace.rows, trace.details))
    whole, a, b = figures(recovery), figures(recovery, "a"), figures(recovery, "b")
    for name in ("attempts", "connections_lost", "lost_clients", "rejected"):
        assert (a[name] or 0) + (b[name] or 0) == whole[name]
    mean = "missed_messages_per_client_mean"
    total = groups.count(0) * (a[mean] or 0) + groups.count(1) * (b[mean] or 0)
    assert total == pytest.approx(clients * (whole[mean] or 0))
