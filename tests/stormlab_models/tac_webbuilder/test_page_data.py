"""What the page does with data: renders, queries, errors, quality."""

from collections.abc import Callable

import pytest

from stormlab.clock import to_s
from stormlab.metrics import ClientView
from stormlab.trace import Trace
from stormlab.vocabulary import Event
from stormlab_models.tac_webbuilder.page_data import quality

App = Callable[..., Trace]
View = Callable[[Trace], ClientView]


def second(trace: Trace, event: Event, which: int = 0) -> float:
    """When the n-th event of a kind happened."""
    return to_s(int(trace.of(event)[which]["time_ns"]))


def details(trace: Trace, event: Event) -> list[str]:
    """The details of the events of a kind."""
    return [trace.text(row) for row in trace.of(event)]


@pytest.mark.parametrize(
    ("latency_ms", "shown"),
    [
        (0, "excellent"),
        (99.9, "excellent"),
        (100, "good"),
        (299.9, "good"),
        (300, "poor"),
        (999.9, "poor"),
        (1000, "disconnected"),
    ],
)
def test_quality_follows_the_round_trip(latency_ms: float, shown: str) -> None:
    assert quality(latency_ms) == shown


@pytest.mark.parametrize(
    ("latency_s", "shown"),
    [(0.001, "excellent"), (0.07, "good"), (0.2, "poor"), (0.6, "disconnected")],
)
def test_the_quality_shown_is_that_of_the_path(app: App, latency_s: float, shown: str) -> None:
    trace = app(
        duration_s=20,
        page={"ping_interval_s": 5},
        network={"latency_s": latency_s, "latency_sigma": 0.0},
    )
    assert set(details(trace, Event.QUALITY)) == {shown}


def test_as_found_any_message_is_excellent(app: App) -> None:
    trace = app(duration_s=20, network={"latency_s": 0.6})
    assert set(details(trace, Event.QUALITY)) == {"excellent"}


# --- HTTP and sockets -----------------------------------------------------------------------------


def test_as_found_the_same_data_comes_twice_at_once(app: App) -> None:
    trace = app(page={"http": "parallel"})
    assert trace.count(Event.HTTP_REQUEST) == 8
    assert second(trace, Event.HTTP_REQUEST) == second(trace, Event.NEW)
    states = details(trace, Event.STATE_SET)
    assert (states.count("data"), states.count("identical")) == (8, 8)


def test_the_diff_check_renders_data_once(app: App) -> None:
    states = details(app(page={"http": "parallel", "diff_check": True}), Event.STATE_SET)
    assert (states.count("data"), states.count("identical")) == (8, 0)


@pytest.mark.parametrize(("query_s", "connects_s"), [(0.05, 2.05), (1.5, 3.5), (5.0, 7.0)])
def test_the_proposed_sequence_connects_two_seconds_after_the_answer(
    app: App, query_s: float, connects_s: float
) -> None:
    """As written, the timer starts again when the query's state changes: never before 2 s."""
    trace = app(page={"http": "sequenced"}, server={"http_query_s": query_s})
    begin = second(trace, Event.HTTP_REQUEST)
    assert second(trace, Event.NEW) - begin == pytest.approx(connects_s, abs=0.05)


@pytest.mark.parametrize(("query_s", "connects_s"), [(0.05, 0.05), (1.5, 1.5), (5.0, 2.0)])
def test_the_repaired_sequence_connects_at_the_answer_or_after_two_seconds(
    app: App, query_s: float, connects_s: float
) -> None:
    trace = app(page={"http": "sequenced_repaired"}, server={"http_query_s": query_s})
    begin = second(trace, Event.HTTP_REQUEST)
    assert second(trace, Event.NEW) - begin == pytest.approx(connects_s, abs=0.05)


def test_an_unmount_clears_the_pending_switch(app: App, view: View) -> None:
    unmount = {"do": "unmount", "at_s": 1}
    assert view(app(page={"http": "sequenced"}, actions=[unmount])).attempts == 0


def test_a_query_to_a_dead_server_fails_and_sets_no_data(app: App) -> None:
    trace = app(page={"http": "parallel"}, faults=[{"do": "crash", "at_s": 0}])
    answers = trace.of(Event.HTTP_RESPONSE)
    assert answers["code"].tolist() == [0] * 8
    assert "data" not in details(trace, Event.STATE_SET)


def test_the_fallback_queries_only_what_is_missing(app: App) -> None:
    slow = {"per_endpoint_data_s": {"webhook-status": 5.0}}  # the last in line
    trace = app(page={"http": "fallback"}, server=slow)
    asked = trace.of(Event.HTTP_REQUEST)
    assert asked["endpoint"].tolist() == [7]
    assert app(page={"http": "fallback"}).count(Event.HTTP_REQUEST) == 0


# --- errors ---------------------------------------------------------------------------------------

MALFORMED = {"malformed_share": 1.0}
WATCHED = {"watchers": True, "data_change_probability": 1.0}


def test_as_found_an_error_is_one_line_without_context(app: App) -> None:
    trace = app(duration_s=10, page=MALFORMED, server=WATCHED)
    assert set(details(trace, Event.PARSE_ERROR)) == {"[WS] message parse error"}


def test_an_error_record_holds_what_is_needed_to_find_it(app: App) -> None:
    trace = app(duration_s=10, page={**MALFORMED, "error_details": True}, server=WATCHED)
    for text in details(trace, Event.PARSE_ERROR):
        for key in ("attempt=1", "url=/api/v1/ws/", "time_s=", "state=OPEN", "raw="):
            assert key in text
        assert len(text.split("raw=")[1]) == 200


# --- pongs ----------------------------------------------------------------------------------------


def test_a_pong_that_does_not_come_closes_the_socket(app: App) -> None:
    page = {"ping_interval_s": 5, "pong_timeout_s": 1}
    trace = app(duration_s=10, page=page, server={"answers_ping": False})
    assert trace.count(Event.CLOSE_CALLED) == 8
    assert second(trace, Event.CLOSE_CALLED) - second(trace, Event.OPEN) == pytest.approx(
        6, abs=0.1
    )


def test_a_pong_is_not_expected_of_a_closed_socket(app: App) -> None:
    page = {"hook": "repaired", "ping_interval_s": 5, "pong_timeout_s": 4}
    trace = app(duration_s=60, page=page, faults=[{"do": "crash", "at_s": 5.3, "for_s": 0.1}])
    assert trace.count(Event.CLOSE_CALLED) == 0
