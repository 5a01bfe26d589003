"""A run as lines of text."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormlab.clock import to_ns
from stormlab.model import load_scenario, run
from stormlab.spans import Attempt
from stormlab.timeline import (
    LANES,
    MEANING,
    Scale,
    all_sockets,
    axis,
    bar,
    duration,
    event_lines,
    lane,
    meaning,
    server_bar,
    socket_lines,
)
from stormlab.trace import Recorder, Row, Trace
from stormlab.vocabulary import Cause, Event


def test_every_event_has_a_meaning_and_a_lane() -> None:
    assert MEANING.keys() == set(Event)
    assert {lane(event) for event in Event} == set(LANES.values())


def events(trace: Trace, columns: int) -> list[str]:
    return [line.text for line in event_lines(trace, trace, columns)]


def test_a_line_says_when_who_where_and_what(small_trace: Trace) -> None:
    lines = events(small_trace, 100)
    assert lines[0].split() == ["time", "s", "who", "lane", "event", "meaning"]
    assert lines[2].split() == [
        "0.500000",
        "0",
        "queue",
        "#1",
        "page",
        "page.new",
        "new",
        "WebSocket()",
    ]
    (closed,) = (line for line in lines if "killed" in line and "onclose" in line)
    assert "0 queue #1" in closed
    assert closed.endswith("onclose 1006, unclean: killed")
    assert any(line.endswith("fault: crash for 2.5 s") for line in lines)
    assert any(line.endswith("the event loop is blocked for 1 s [conn 1]") for line in lines)


def row(event: Event, **columns: int | str | Cause) -> str:
    recorder = Recorder()
    recorder.add(0, event, **columns)  # type: ignore[arg-type]
    (made,) = recorder.finish({"duration_ns": 0})
    return meaning(made)


@pytest.mark.parametrize(
    ("event", "columns", "said"),
    [
        (Event.NEW, {}, "new WebSocket()"),
        (Event.CLOSE_CALLED, {"before": 0}, "ws.close() called while CONNECTING"),
        (Event.TIMER_SET, {"value_ns": 2 * 10**9}, "reconnect timer set due in 2 s"),
        (Event.REQUEST, {"up": 1490}, "HTTP upgrade request 1,490 B"),
        (Event.MESSAGE, {"detail": "initial"}, "onmessage: initial"),
        (
            Event.DISCONNECT,
            {"code": 1006, "conn": 3},
            "receive() reports the end 1006 [conn 3]",
        ),
        (Event.BROADCAST, {"code": 4}, "broadcast to 4 connections"),
        (Event.CONNECT, {"code": 45456}, "TCP: first SYN"),
        (
            Event.CLOSE,
            {"code": 1006, "clean": 0, "cause": Cause.REFUSED, "detail": "passive"},
            "onclose 1006, unclean: refused (passive)",
        ),
        (Event.LOG, {"detail": "\x1b[31mred\n"}, "log line: \\x1b[31mred\\n"),
    ],
)
def test_a_meaning_has_its_facts(
    event: Event, columns: dict[str, int | str | Cause], said: str
) -> None:
    assert row(event, **columns) == said


@pytest.mark.parametrize(
    ("time_ns", "said"),
    [(0, "0 ms"), (12_345_678, "12.3 ms"), (10**9, "1 s"), (246 * 10**9, "246 s")],
)
def test_a_duration_is_for_people(time_ns: int, said: str) -> None:
    assert duration(time_ns) == said


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 200])
def test_events_keep_to_the_width(columns: int) -> None:
    trace = run(load_scenario("reload"), 1)
    lines = list(event_lines(trace, trace, columns))
    assert max(len(line.text) for line in lines) <= max(columns, 76)
    assert not any(line.text != line.text.rstrip() for line in lines)
    assert sum(line.text[:9].strip().replace(".", "").isdigit() for line in lines) == len(trace)


def test_a_long_name_is_cut_and_cannot_act_on_the_terminal() -> None:
    recorder = Recorder()
    recorder.add(0, Event.NEW, client=0, endpoint=0, socket=0, attempt=1)
    trace = recorder.finish({"duration_ns": 0, "endpoints": ["\x1b]" + "x" * 99]})
    for line in (events(trace, 100)[1], sockets(trace, 100)[2]):
        assert "\x1b" not in line
        assert "…" in line


# --- Bars ----------------------------------------------------------------------------------------

TEN = Scale(0, to_ns(10), 10)


def socket(new_s: float, open_s: float | None, end_s: float | None, **more: Any) -> Attempt:
    opened = None if open_s is None else to_ns(open_s)
    ended = None if end_s is None else to_ns(end_s)
    return Attempt(0, 0, 0, 1, to_ns(new_s), opened, ended, **more)


@pytest.mark.parametrize(
    ("attempt", "drawn"),
    [
        (socket(1, 3, 8), " ··━━━━━✕ "),
        (socket(1, 3, 8, clean=True), " ··━━━━━┤ "),
        (socket(1, 3, 8, gone=True), " ··━━━━━┘ "),
        (socket(1, 3, None), " ··━━━━━━▸"),
        (socket(1, None, 4), " ···✕     "),
        (socket(1, None, None), " ········▸"),
        (socket(1, 1, 1), " ✕        "),
        (socket(8, 9, 10), "        ·✕"),
    ],
)
def test_a_bar_is_a_life(attempt: Attempt, drawn: str) -> None:
    assert bar(attempt, TEN) == drawn


def test_a_part_of_a_life_is_drawn_to_the_edge() -> None:
    scale = Scale(to_ns(4), to_ns(6), 4)
    assert bar(socket(1, 3, 8), scale) == "━━━▸"
    assert bar(socket(1, 5, 8), scale) == "··━▸"


times = st.integers(0, 10**10)


@given(times, times, times, times, times, st.integers(1, 120))
def test_a_bar_has_the_width_of_its_scale(
    one: int, two: int, three: int, from_ns: int, span_ns: int, cells: int
) -> None:
    new_ns, open_ns, stop_ns = sorted((one, two, three))
    drawn = bar(
        Attempt(0, 0, 0, 1, new_ns, open_ns, stop_ns), Scale(from_ns, from_ns + span_ns, cells)
    )
    assert len(drawn) == cells


def sockets(trace: Trace, columns: int, from_s: float = 0, to_s: float = 10) -> list[str]:
    found = all_sockets(trace)
    return [line.text for line in socket_lines(trace, found, to_ns(from_s), to_ns(to_s), columns)]


DRAWN = """\
             0 s               5              10 s
server       ───────█████──────          ─────────
0 queue #1    ··━━━━━━━━━━━━━━━✕                    1006 killed
0 queue #2                            ✕             1006 refused
0 queue #3                                    ···▸  connecting
1 routes #1       ·━━━━━━━━┘                        page gone
1 routes #1                  ·━━━━━━━━━━━━┤         1000 server closed

· connecting   ━ open   ✕ failed or lost (unclean)   ┤ closed clean
┘ page gone   ▸ goes on   server: ─ up   █ event loop blocked
(blank) down
"""


def test_one_line_per_socket_under_an_axis(small_trace: Trace) -> None:
    assert sockets(small_trace, 70) == DRAWN.splitlines()


def test_the_server_is_up_blocked_and_down(small_trace: Trace) -> None:
    assert server_bar(small_trace, Scale(0, to_ns(10), 20)) == "────███───      ────"


def test_what_is_outside_the_window_is_left_out(small_trace: Trace) -> None:
    labels = [line.split("  ")[0] for line in sockets(small_trace, 80, 6, 7.5)[2:]]
    assert labels[: labels.index("")] == ["0 queue #2", "1 routes #1"]


@pytest.mark.parametrize("columns", [50, 60, 80, 100, 200])
def test_bars_keep_to_the_width(columns: int) -> None:
    trace = run(load_scenario("strictmode"), 1)
    lines = sockets(trace, columns)
    assert max(map(len, lines)) <= columns
    assert sum(" #" in line for line in lines) == 24


@given(times, st.integers(1, 10**12), st.integers(20, 200))
def test_an_axis_has_the_width_of_its_scale(from_ns: int, span_ns: int, cells: int) -> None:
    assert len(axis(Scale(from_ns, from_ns + span_ns, cells))) == cells


def test_an_axis_has_round_times() -> None:
    assert axis(Scale(0, to_ns(10), 50)).split() == ["0", "s", "2", "4", "6", "8", "10", "s"]


def test_an_empty_trace_has_only_its_head() -> None:
    empty = Recorder().finish({"duration_ns": 0})
    assert len(events(empty, 80)) == 1
    assert sockets(empty, 80)[1].startswith("server")


def test_rows_are_those_that_were_given(small_trace: Trace) -> None:
    picked: list[Row] = [each for each in small_trace if each.event is Event.OPEN]
    lines = [line.text for line in event_lines(small_trace, picked, 100)]
    assert len(lines) == 1 + 3
