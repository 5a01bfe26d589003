"""Each figure on traces written by hand, where the answer can be counted."""

from collections.abc import Callable
from typing import Any

import pytest

from stormlab.clock import NS_PER_MS, NS_PER_S
from stormlab.trace import Recorder, Trace
from stormlab.vocabulary import Cause, Event
from stormlab_models.tac_webbuilder import figures
from stormlab_models.tac_webbuilder.figures import FIGURES

Story = Callable[..., Trace]
Entry = tuple[float, Event, dict[str, Any]]
ENDPOINTS = ["a", "b"]


@pytest.fixture
def story() -> Story:
    """A trace of (seconds, event, columns) entries; client and endpoint are 0 unless given."""

    def tell(*entries: Entry, hours: float = 1.0) -> Trace:
        recorder = Recorder()
        for time_s, event, columns in entries:
            told: dict[str, Any] = {"client": 0, "endpoint": 0} | columns
            recorder.add(round(time_s * NS_PER_S), event, **told)
        return recorder.finish(
            {"endpoints": ENDPOINTS, "duration_ns": round(hours * 3600 * NS_PER_S)}
        )

    return tell


def test_every_figure_has_a_definition_and_a_unit() -> None:
    assert all(figure.definition.endswith(".") for figure in FIGURES.values())
    assert all(figure.unit for figure in FIGURES.values())


def test_1006_is_counted_per_attempt(story: Story) -> None:
    trace = story(
        (0, Event.NEW, {"socket": 0}),
        (0, Event.NEW, {"socket": 1}),
        (1, Event.CLOSE, {"socket": 0, "code": 1006}),
        (1, Event.CLOSE, {"socket": 1, "code": 1005}),
    )
    assert figures.closes_1006_percent(trace) == 50


def test_without_an_attempt_there_is_no_share(story: Story) -> None:
    trace = story((0, Event.UP, {}))
    assert figures.closes_1006_percent(trace) is None
    assert figures.lost_by_server_percent(trace) is None
    assert figures.renders_per_identical_message(trace) is None
    assert figures.error_fields_min(trace) is None
    assert figures.time_to_notice_s(trace) is None
    assert figures.quality_wrong_percent(trace) is None
    assert figures.retry_timers_after_unmount(trace) is None
    assert figures.sockets_after_unmount(trace) is None
    assert figures.attempts_per_endpoint_per_min_peak(trace) == 0


def test_an_exception_of_the_handler_is_a_loss_of_the_server(story: Story) -> None:
    accepted = [(1, Event.ACCEPTED, {"conn": conn}) for conn in range(4)]
    trace = story(*accepted, (2, Event.EXCEPTION, {"conn": 3, "code": 1006}))
    assert figures.lost_by_server_percent(trace) == 25


def test_a_socket_without_data_counts_once_it_is_overdue(story: Story) -> None:
    trace = story(
        (1, Event.OPEN, {"socket": 0}),
        (1, Event.OPEN, {"socket": 1}),
        (2, Event.MESSAGE, {"socket": 1, "detail": "initial"}),
        (1, Event.OPEN, {"socket": 2, "client": 1}),
        (5, Event.GONE, {"client": 1}),
        (3595, Event.OPEN, {"socket": 3}),
    )
    assert figures.open_without_data(trace) == 1


def test_idle_cuts_are_per_hour(story: Story) -> None:
    cuts: list[Entry] = [(second, Event.IDLE_CUT, {}) for second in range(6)]
    assert figures.idle_cuts_per_h(story(*cuts, hours=2)) == 3


def test_only_unwished_ends_of_open_sockets_are_disconnects(story: Story) -> None:
    ends = [
        ("passive/opened", Cause.IDLE_CUT),
        ("passive/opened", Cause.KILLED),
        ("passive", Cause.REFUSED),
        ("called@OPEN/opened", Cause.CLOSED_BY_PAGE),
    ]
    closes = [(1, Event.CLOSE, {"detail": detail, "cause": cause}) for detail, cause in ends]
    assert figures.unexpected_disconnects_per_h(story(*closes)) == 2


def test_the_peak_of_attempts_is_per_tenth_of_a_second(story: Story) -> None:
    times_s = (0.0, 0.05, 0.099, 0.1, 61)
    new = [(time_s, Event.NEW, {"socket": n}) for n, time_s in enumerate(times_s)]
    trace = story(*new)
    assert figures.attempts_per_100ms_peak(trace) == 3
    assert figures.attempts_per_endpoint_per_min_peak(trace) == 4
    assert figures.connecting_max(trace) == 5


def test_an_endpoint_without_socket_and_timer_is_silent(story: Story) -> None:
    trace = story(
        (0, Event.NEW, {"endpoint": 0, "socket": 0}),
        (0, Event.NEW, {"endpoint": 1, "socket": 1}),
        (0, Event.NEW, {"endpoint": 0, "socket": 0, "client": 1}),
        (1, Event.CLOSE, {"endpoint": 0, "socket": 0}),
        (1, Event.CLOSE, {"endpoint": 1, "socket": 1}),
        (1, Event.TIMER_SET, {"endpoint": 0}),
        (1, Event.TIMER_SET, {"endpoint": 1}),
        (2, Event.TIMER_FIRED, {"endpoint": 1}),
    )
    assert figures.silent_endpoints(trace) == 1


def test_a_discarded_page_has_no_timers_left(story: Story) -> None:
    trace = story(
        (1, Event.TIMER_SET, {}),
        (1, Event.TIMER_SET, {}),
        (2, Event.TIMER_CLEARED, {}),
        (3, Event.GONE, {}),
    )
    assert figures.retry_timers_per_endpoint_max(trace) == 2
    assert figures.pending_timers(trace.rows) == {(0, 0): (0, 2)}


def test_data_over_both_ways_is_a_duplicate_load_while_the_page_loads(story: Story) -> None:
    trace = story(
        (0, Event.READY, {}),
        (1, Event.HTTP_RESPONSE, {"endpoint": 0, "code": 200}),
        (1, Event.HTTP_RESPONSE, {"endpoint": 1, "code": 200}),
        (2, Event.MESSAGE, {"endpoint": 0, "detail": "initial"}),
        (20, Event.MESSAGE, {"endpoint": 1, "detail": "initial"}),
    )
    assert figures.duplicate_loads(trace) == 1


def test_a_request_that_failed_loaded_nothing(story: Story) -> None:
    trace = story(
        (0, Event.READY, {}),
        (1, Event.HTTP_RESPONSE, {"code": 0}),
        (2, Event.MESSAGE, {"detail": "initial", "value_ns": 1}),
    )
    assert figures.duplicate_loads(trace) == figures.identical_messages(trace) == 0


def test_an_http_answer_can_be_identical_too(story: Story) -> None:
    trace = story(
        (0, Event.READY, {}),
        (1, Event.MESSAGE, {"detail": "initial", "value_ns": 1}),
        (2, Event.HTTP_RESPONSE, {"code": 200, "value_ns": 1}),
    )
    assert figures.identical_messages(trace) == 1


def test_a_message_is_identical_when_its_version_is_the_last_one(story: Story) -> None:
    versions = [("initial", 1), ("update", 2), ("pong", 2), ("initial", 2), ("update", 3)]
    messages = [(1, Event.MESSAGE, {"detail": kind, "value_ns": v}) for kind, v in versions]
    renders = [(1, Event.RENDER, {"detail": "identical"}), (1, Event.RENDER, {"detail": "data"})]
    trace = story(*messages, *renders)
    assert figures.identical_messages(trace) == 1
    assert figures.renders_per_identical_message(trace) == 1
    assert figures.renders_per_h(trace) == 2


def test_a_new_page_knows_no_version(story: Story) -> None:
    message = (1, Event.MESSAGE, {"detail": "initial", "value_ns": 1})
    assert figures.identical_messages(story(message, (2, Event.READY, {}), message)) == 0


def test_the_poorest_error_record_counts(story: Story) -> None:
    full = "[WS] message parse error attempt=1 url=/x time_s=1.0 state=OPEN raw=xxx"
    assert figures.error_record(full) == {
        "attempt": "1",
        "url": "/x",
        "time_s": "1.0",
        "state": "OPEN",
        "raw": "xxx",
    }
    trace = story(
        (1, Event.PARSE_ERROR, {"detail": full}),
        (2, Event.PARSE_ERROR, {"detail": "[WS] message parse error attempt=2"}),
    )
    assert figures.error_fields_min(trace) == 1


def test_noticing_counts_from_the_fault(story: Story) -> None:
    trace = story(
        (1, Event.QUALITY, {"detail": "disconnected"}),
        (2, Event.FAULT, {"detail": "cut"}),
        (4, Event.QUALITY, {"detail": "poor"}),
        (9, Event.QUALITY, {"detail": "disconnected"}),
    )
    assert figures.time_to_notice_s(trace) == 7


@pytest.mark.parametrize(
    ("trip_s", "shown", "wrong_percent"),
    [(0.05, "excellent", 0), (0.25, "good", 0), (0.25, "excellent", 100), (0.5, "poor", 0)],
)
def test_the_quality_shown_is_held_against_the_round_trip(
    story: Story, trip_s: float, shown: str, wrong_percent: float
) -> None:
    trace = story(
        (1, Event.CONNECT, {"socket": 0}),
        (1 + trip_s, Event.REQUEST, {"socket": 0}),
        (2, Event.QUALITY, {"detail": shown}),
        (3, Event.QUALITY, {"detail": "disconnected"}),
    )
    trip_ms = figures.round_trip_ms_median(trace)
    assert trip_ms == pytest.approx(trip_s * NS_PER_S / NS_PER_MS)
    assert figures.quality_wrong_percent(trace) == wrong_percent


def test_timers_that_the_cleanup_clears_do_not_count_after_it(story: Story) -> None:
    trace = story(
        (1, Event.TIMER_SET, {}),
        (1, Event.TIMER_SET, {}),
        (2, Event.CLEANUP, {"detail": "unmount"}),
        (2, Event.TIMER_CLEARED, {}),
        (3, Event.TIMER_SET, {}),
        (4, Event.NEW, {}),
    )
    assert figures.retry_timers_after_unmount(trace) == 2
    assert figures.sockets_after_unmount(trace) == 1


def test_a_cleanup_of_another_kind_is_no_unmount(story: Story) -> None:
    trace = story((1, Event.CLEANUP, {"detail": "strict"}), (2, Event.NEW, {}))
    assert figures.sockets_after_unmount(trace) is None
