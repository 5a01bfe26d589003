"""Metrics over time on traces written by hand, and their two sides kept apart."""

from collections.abc import Callable
from typing import Any

import pytest

from stormlab.clock import NS_PER_S
from stormlab.trace import Recorder, Trace
from stormlab.vocabulary import Cause, Event
from stormlab_models.tac_webbuilder.scrapes import METRICS, Scrapes, Spans, within

Read = Callable[..., float | None]


def entry(time_s: float, event: Event, **columns: Any) -> tuple[float, Event, dict[str, Any]]:
    return time_s, event, columns


@pytest.fixture
def read() -> Callable[..., Read]:
    """Make a reader (metric, time_s, window_s) of a page with two endpoints and some events."""

    def of(*entries: tuple[float, Event, dict[str, Any]]) -> Read:
        recorder = Recorder()
        recorder.add(0, Event.READY, client=0)
        for time_s, event, columns in entries:
            recorder.add(round(time_s * NS_PER_S), event, **({"client": 0} | columns))
        trace: Trace = recorder.finish({"endpoints": ["a", "b"], "duration_ns": 100 * NS_PER_S})
        scrapes = Scrapes(trace)

        def value(metric: str, time_s: float, window_s: float = 60) -> float | None:
            return scrapes.value(metric, round(time_s * NS_PER_S), round(window_s * NS_PER_S))

        return value

    return of


def test_spans_count_what_is_under_way() -> None:
    spans = Spans([0, 5, 5], [10, 6, 20])
    assert [spans.at(time) for time in (-1, 0, 5, 6, 10, 20)] == [0, 1, 3, 2, 1, 0]
    assert spans.most(1, 4) == 1
    assert spans.most(1, 30) == 3


def test_a_window_is_open_at_its_start() -> None:
    assert within(Spans([1, 2, 3], []).begins, 1, 3) == 2


def test_live_sockets_of_those_expected(read: Callable[..., Read]) -> None:
    value = read(
        entry(1, Event.OPEN, socket=0),
        entry(1, Event.OPEN, socket=1),
        entry(5, Event.CLOSE, socket=1, detail="passive/opened"),
        entry(9, Event.GONE),
    )
    assert value("live_percent", 2) == 100
    assert value("live_percent", 6) == 50
    assert value("live_percent", 10) is None  # no page, nothing expected


def test_a_socket_that_the_page_closes_is_live_no_longer(read: Callable[..., Read]) -> None:
    """On a dead path the browser's close event comes a minute after close()."""
    value = read(
        entry(1, Event.OPEN, socket=0),
        entry(5, Event.CLOSE_CALLED, socket=0),
        entry(65, Event.CLOSE, socket=0, detail="called@OPEN/opened"),
    )
    assert [value("live_percent", time_s) for time_s in (4, 6, 70)] == [50, 0, 0]


def test_success_and_disconnections_of_the_page(read: Callable[..., Read]) -> None:
    value = read(
        entry(1, Event.OPEN, socket=0),
        entry(2, Event.CLOSE, socket=1, detail="passive"),
        entry(3, Event.CLOSE, socket=0, detail="passive/opened", cause=Cause.KILLED),
    )
    assert value("page_success_percent", 4) == 50
    assert value("page_success_percent", 4, 1.5) is None
    assert value("disconnects_percent", 4) == 50


def test_retries_leave_first_attempts_out(read: Callable[..., Read]) -> None:
    value = read(
        entry(1, Event.NEW, socket=0, attempt=1),
        entry(2, Event.NEW, socket=1, attempt=2),
        entry(3, Event.NEW, socket=2, attempt=3),
    )
    assert value("retries_per_min", 10, 60) == 1
    assert value("retries_per_min", 10, 30) == 2


def test_a_socket_waits_after_five_seconds_until_its_first_message(
    read: Callable[..., Read],
) -> None:
    value = read(
        entry(1, Event.NEW, socket=0),
        entry(1, Event.NEW, socket=1),
        entry(2, Event.MESSAGE, socket=1, detail="initial"),
        entry(8, Event.MESSAGE, socket=0, detail="initial"),
    )
    assert [value("waiting_percent", time_s) for time_s in (5, 7, 9)] == [0, 50, 0]


def test_silence_needs_pings(read: Callable[..., Read]) -> None:
    opened = entry(1, Event.OPEN, socket=0)
    assert read(opened)("silent_percent", 50, 30) is None
    ping = entry(10, Event.SEND, socket=0, detail="ping")
    assert read(opened, ping)("silent_percent", 50, 30) == 50
    heard = entry(40, Event.MESSAGE, socket=0, detail="pong")
    assert read(opened, ping, heard)("silent_percent", 50, 30) == 0


def test_round_trips_are_those_of_pongs(read: Callable[..., Read]) -> None:
    value = read(
        entry(1, Event.QUALITY, detail="excellent"),
        entry(2, Event.QUALITY, detail="good", value_ns=NS_PER_S // 5),
    )
    assert value("round_trip_ms_p90", 3) == pytest.approx(200)
    assert value("round_trip_ms_p90", 3, 0.5) is None


def test_the_server_is_down_between_its_end_and_its_start(read: Callable[..., Read]) -> None:
    value = read(entry(10, Event.KILLED), entry(40, Event.UP))
    assert [value("up", time_s) for time_s in (9, 10, 29, 31, 41)] == [1, 0, 0, 1, 1]


def test_a_blocked_loop_answers_no_scrape_in_time(read: Callable[..., Read]) -> None:
    blocked = [entry(10 + 6 * turn, Event.BLOCKED, value_ns=6 * NS_PER_S) for turn in range(3)]
    value = read(*blocked)  # 18 s in a row
    assert [value("up", time_s) for time_s in (9, 11, 20, 29)] == [1, 0, 1, 1]


def test_connections_of_the_server(read: Callable[..., Read]) -> None:
    value = read(
        *(entry(1, Event.ACCEPTED, conn=conn) for conn in range(4)),
        entry(2, Event.SENT_INITIAL, conn=0),
        entry(5, Event.ENDED, conn=0),
        entry(6, Event.PING_TIMEOUT, conn=1),
        entry(8, Event.KILLED),
    )
    assert value("server_success_percent", 3) == 25
    assert value("connections_percent", 4) == 100
    assert value("connections_percent", 7) == 75
    assert value("connections_percent", 9) == 0
    assert value("connections_lost", 7) == 25
    assert value("connections_lost", 9) == 100
    assert value("ping_timeouts", 7) == 1
    assert value("ping_timeouts", 7, 0.5) == 0


def test_each_side_is_blind_to_the_other(read: Callable[..., Read]) -> None:
    nothing = read()
    client = read(
        entry(1, Event.OPEN, socket=0),
        entry(2, Event.CLOSE, socket=0, detail="passive/opened"),
        entry(3, Event.NEW, socket=1, attempt=2),
    )
    server = read(entry(1, Event.ACCEPTED, conn=0), entry(2, Event.KILLED))
    for metric, (side, _) in METRICS.items():
        other = server if side == "client" else client
        assert other(metric, 4) == nothing(metric, 4)


def test_another_metric_is_refused(read: Callable[..., Read]) -> None:
    with pytest.raises(KeyError):
        read()("weather", 1)
