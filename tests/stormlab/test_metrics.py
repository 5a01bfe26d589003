"""Figures on traces written by hand, where every number can be counted on fingers."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from stormlab.metrics import (
    client_views,
    handshake_bytes,
    handshakes_in_flight_max,
    in_flight_max,
    log_orders,
    page_and_server_figures,
    peak_per_bin,
    pick,
    retry_timers_pending_max,
    server_view,
    window,
)
from stormlab.model import make_scenario, run
from stormlab.trace import Recorder, Trace
from stormlab.vocabulary import Event, State

Told = tuple[float, Event, dict[str, Any]]
S = 1_000_000_000


def trace_of(*told: Told, endpoints: Iterable[str] = ("a",)) -> Trace:
    """A trace of events given as (second, event, columns)."""
    recorder = Recorder()
    for second, event, columns in told:
        recorder.add(round(second * S), event, **columns)
    return recorder.finish({"duration_ns": 100 * S, "endpoints": list(endpoints)})


def of(client: int, socket: int = -1, endpoint: int = 0, **columns: Any) -> dict[str, Any]:
    return {"client": client, "socket": socket, "endpoint": endpoint, **columns}


def test_the_window_ends_the_pages_view_before_the_servers() -> None:
    trace = trace_of(
        (0, Event.NEW, of(0, 0)),
        (1, Event.OBSERVED, {"detail": "begin"}),
        (2, Event.OBSERVED, {"detail": "page_end"}),
        (3, Event.NEW, of(0, 1)),
        (4, Event.OBSERVED, {"detail": "server_end"}),
        (5, Event.NEW, of(0, 2)),
    )
    view = window(trace)
    assert (len(view.page_rows), len(view.rows)) == (2, 4)
    assert (view.start_ns, view.end_ns) == (1 * S, 2 * S)


def test_without_an_observation_the_window_is_the_run() -> None:
    view = window(trace_of((0, Event.NEW, of(0, 0))))
    assert (len(view.rows), view.start_ns, view.end_ns) == (1, 0, 100 * S)


def test_clients_that_number_their_sockets_alike_are_told_apart() -> None:
    """Two clients in CONNECTING at once; one opens its socket 0, the other does not."""
    trace = trace_of(
        (0, Event.NEW, of(0, 0)),
        (0.5, Event.NEW, of(1, 0)),
        (1, Event.OPEN, of(0, 0, before=State.CONNECTING, after=State.OPEN)),
        (2, Event.CLOSE, of(1, 0, before=State.CLOSING, after=State.CLOSED)),
        (3, Event.NEW, of(1, 1)),
    )
    assert in_flight_max(trace.rows) == 2
    assert in_flight_max(trace.rows[2:]) == 1


def test_a_page_that_goes_away_takes_its_attempts_with_it() -> None:
    trace = trace_of(
        (0, Event.NEW, of(0, 0)),
        (1, Event.GONE, of(0)),
        (2, Event.NEW, of(0, 1)),
        (2.5, Event.NEW, of(1, 0)),
    )
    assert in_flight_max(trace.rows) == 2
    assert in_flight_max(trace.rows[:3]) == 1


def test_one_that_ends_when_another_begins_does_not_overlap_it() -> None:
    trace = trace_of((0, Event.NEW, of(0, 0)), (1, Event.CLOSE, of(0, 0)), (1, Event.NEW, of(0, 1)))
    assert in_flight_max(trace.rows) == 1


@pytest.mark.parametrize(
    ("end", "deepest"), [(Event.RESPONSE, 1), (Event.CLIENT_FIN, 1), (Event.CLOSE, 1), (None, 2)]
)
def test_a_handshake_is_in_flight_from_request_to_its_end(end: Event | None, deepest: int) -> None:
    told = [(0.0, Event.REQUEST, of(0, 0)), (2.0, Event.REQUEST, of(0, 1))]
    if end is not None:
        told.insert(1, (1.0, end, of(0, 0)))
    assert handshakes_in_flight_max(trace_of(*told).rows) == deepest


def test_an_abort_before_the_request_does_not_end_the_handshake() -> None:
    trace = trace_of(
        (0, Event.CLOSE, of(0, 0)),
        (1, Event.REQUEST, of(0, 0)),
        (2, Event.REQUEST, of(1, 0)),
        (3, Event.CLIENT_FIN, of(0, 0)),
    )
    assert handshakes_in_flight_max(trace.rows) == 2


def test_bytes_are_useful_when_the_attempt_opened() -> None:
    trace = trace_of(
        (0, Event.REQUEST, of(0, 0, up=480)),
        (1, Event.RESPONSE, of(0, 0, down=229)),
        (2, Event.OPEN, of(0, 0)),
        (3, Event.REQUEST, of(1, 0, up=490)),
        (4, Event.CLIENT_FRAME, of(0, 0, up=1000)),
    )
    assert handshake_bytes(trace.rows) == (709, 490)


def test_peak_per_bin() -> None:
    assert peak_per_bin(np.array([0, 99, 100, 101, 150, 199]), 100) == 4
    assert peak_per_bin(np.array([], dtype=np.int64), 100) == 0


def test_a_clients_view_is_of_its_last_page() -> None:
    opened = {"before": State.CONNECTING, "after": State.OPEN}
    trace = trace_of(
        (0, Event.READY, of(0)),
        (0, Event.NEW, of(0, 0)),
        (1, Event.OPEN, of(0, 0, **opened)),
        (2, Event.GONE, of(0)),
        (3, Event.READY, of(0)),
        (4, Event.NEW, of(0, 1)),
        (4, Event.NEW, of(0, 2)),
        (4, Event.NEW, of(0, 3, endpoint=1)),
        (5, Event.OPEN, of(0, 1)),
        (5, Event.OPEN, of(0, 2)),
        (6, Event.MESSAGE, of(0, 1)),
        (7, Event.MESSAGE, of(0, 3, endpoint=1)),
        (8, Event.MESSAGE, of(0, 1)),
        (9, Event.CLOSE, of(0, 3, endpoint=1, code=1006, clean=0, detail="passive")),
        endpoints=("a", "b"),
    )
    (view,) = client_views(trace, trace.rows, 2)
    assert (view.attempts, view.opened, view.live, view.duplicate_endpoints) == (3, 2, 2, 1)
    assert (view.attempts_before, view.opened_before, view.live_when_gone) == (1, 1, 1)
    assert view.attempts_per_endpoint_max == 2
    assert view.time_to_data_s == 3.0
    assert view.first_socket_s == 4.0
    assert view.close_codes == {"1006u/passive": 1}
    assert client_views(trace, trace.rows, 3)[0].time_to_data_s is None
    assert not client_views(trace, trace.rows, 3)[0].got_all_data


def test_a_discarded_page_has_nothing_live() -> None:
    trace = trace_of(
        (0, Event.READY, of(0)),
        (0, Event.NEW, of(0, 0)),
        (1, Event.OPEN, of(0, 0)),
        (2, Event.GONE, of(0)),
    )
    assert client_views(trace, trace.rows[:3], 1)[0].live == 1
    assert client_views(trace, trace.rows, 1)[0].live == 0


def test_handlers_of_a_killed_process_are_not_active() -> None:
    told: list[Told] = [
        (0, Event.UP, {}),
        (1, Event.STARTED, {"conn": 0}),
        (1, Event.STARTED, {"conn": 1}),
        (2, Event.ENDED, {"conn": 1}),
    ]
    killed: Told = (3, Event.KILLED, {})

    def active(*told: Told) -> int:
        trace = trace_of(*told)
        return server_view(trace, trace.rows).active_at_end

    again: list[Told] = [(4, Event.UP, {}), (5, Event.STARTED, {"conn": 2})]
    assert active(*told) == 1
    assert active(*told, killed) == 0
    assert active(*told, killed, *again) == 1


def test_server_success_is_of_those_accepted() -> None:
    trace = trace_of(
        (0, Event.ACCEPTED, {"conn": 0}),
        (0, Event.ACCEPTED, {"conn": 1}),
        (1, Event.SENT_INITIAL, {"conn": 1}),
        (2, Event.EXCEPTION, {"conn": 0, "code": 1006}),
    )
    view = server_view(trace, trace.rows)
    assert view.success_percent == 50
    assert view.exception_codes == {"1006": 1}
    assert server_view(trace, trace.rows[3:]).success_percent is None


def test_log_orders_start_at_accepted_and_mark_interleaving() -> None:
    lines = ["accepted", "connection open", "error on send"]
    alone: list[Told] = [
        (n, Event.LOG, {"conn": 0, "endpoint": 0, "detail": line}) for n, line in enumerate(lines)
    ]
    trace = trace_of(*alone)
    assert log_orders(trace, trace.rows) == {"accepted>open>ERROR": 1}
    other: Told = (1, Event.LOG, {"conn": 1, "endpoint": 0, "detail": "accepted"})
    trace = trace_of(alone[0], other, *alone[1:])
    assert log_orders(trace, trace.rows) == {"interleaved:accepted>open>ERROR": 1}


def test_pending_timers_are_counted_per_endpoint_and_die_with_the_page() -> None:
    told: list[Told] = [
        (0, Event.TIMER_SET, of(0)),
        (1, Event.TIMER_SET, of(0, endpoint=1)),
        (2, Event.TIMER_SET, of(0)),
        (3, Event.TIMER_FIRED, of(0)),
        (4, Event.TIMER_SET, of(1)),
    ]
    assert retry_timers_pending_max(trace_of(*told).rows) == 2
    gone: Told = (1.5, Event.GONE, of(0))
    assert retry_timers_pending_max(trace_of(*told[:2], gone, told[2]).rows) == 1
    assert retry_timers_pending_max(trace_of().rows) == 0


def test_figures_of_nothing_do_not_apply_rather_than_fail() -> None:
    figures = page_and_server_figures(trace_of())
    assert figures["attempts"] == 0
    assert figures["page_success_percent"] is None
    assert figures["server_success_percent"] is None
    assert figures["time_to_data_s_median"] is None


def test_figures_add_up_on_a_real_run() -> None:
    document = {"model": "tac-webbuilder", "duration_s": 20.0, "react": {"strict_mode": True}}
    trace = run(make_scenario(document, name="strict"), 1)
    figures = page_and_server_figures(trace)
    wire = pick(trace.rows, Event.REQUEST, Event.RESPONSE)
    total = int(wire["up"].sum() + wire["down"].sum())
    useful, wasted = handshake_bytes(trace.rows)
    assert useful + wasted == total
    assert useful > wasted > 0
    assert figures["handshakes_in_flight_max"] == 1
    assert figures["in_flight_max"] == 16
