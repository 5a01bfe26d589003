"""All ten problems, shown and gone: twenty runs, and the figure that tells them apart."""

from collections.abc import Callable
from pathlib import Path

import pytest

from stormlab.clock import to_s
from stormlab.metrics import page_and_server_figures, server_view, window
from stormlab.model import load_scenario
from stormlab.trace import Trace
from stormlab.vocabulary import Event
from stormlab_models.tac_webbuilder.figures import FIGURES, error_record
from stormlab_models.tac_webbuilder.page_data import RAW_TEXT_MAX_CHARS
from stormlab_models.tac_webbuilder.problems import PROBLEMS, Problem, problem

Outcome = Callable[..., Trace]
DOCUMENTATION = Path(__file__).resolve().parents[3] / "docs" / "application.md"
each_problem = pytest.mark.parametrize("entry", PROBLEMS, ids=lambda entry: f"{entry.number:02}")


@each_problem
def test_the_figure_tells_shown_from_gone(entry: Problem, outcome: Outcome) -> None:
    shows, gone = outcome(entry.shows), outcome(entry.gone)
    assert not entry.is_gone(shows), entry.value(shows)
    assert entry.is_gone(gone), entry.value(gone)


@each_problem
def test_only_page_and_server_change_never_the_world(entry: Problem) -> None:
    shows, gone = load_scenario(entry.shows), load_scenario(entry.gone)
    assert shows.faults == gone.faults
    assert shows.duration_s == gone.duration_s
    for table in ("browser", "react", "network", "machine", "actions", "observe"):
        assert getattr(shows.parameters, table) == getattr(gone.parameters, table)


@each_problem
def test_figures_are_known_and_scenarios_described(entry: Problem) -> None:
    assert {entry.figure, *entry.also} <= set(FIGURES)
    for name in (entry.shows, entry.gone):
        scenario = load_scenario(name)
        assert scenario.title.startswith(f"Problem {entry.number} ")
        assert scenario.description


def test_numbers_run_from_one_to_ten() -> None:
    assert [entry.number for entry in PROBLEMS] == list(range(1, 11))
    with pytest.raises(ValueError, match="problem 11: allowed: 1 to 10"):
        problem(11)


@each_problem
def test_the_documentation_tells_every_problem(entry: Problem) -> None:
    text = DOCUMENTATION.read_text(encoding="utf-8")
    row = f"| {entry.section} {entry.title} | `{entry.shows}`<br>`{entry.gone}` | `{entry.figure}`"
    assert row in text
    assert f"- **{entry.section}.** {entry.seen}" in " ".join(text.split())


# what the analysis quotes ---------------------------------------------------------------------


def test_1_the_log_excerpt_shows_without_any_slow_handshake(outcome: Outcome) -> None:
    """Accepted, connection closed, error: from the page's own close() alone."""
    orders: set[str] = set()
    for seed in range(8):
        trace = outcome(problem(1).shows, seed=seed)
        orders |= set(server_view(trace, window(trace).rows).log_orders)
    assert any(order.endswith("accepted>closed>ERROR") for order in orders), orders


def test_1_the_ready_signal_changes_nothing(outcome: Outcome) -> None:
    ready = ("page.sends_ready=true", "server.waits_for_ready=true")
    for seed in range(3):
        without = problem(1).value(outcome(problem(1).shows, seed=seed))
        assert problem(1).value(outcome(problem(1).shows, *ready, seed=seed)) == without


@pytest.mark.parametrize(("interval_s", "gone"), [(30, False), (5, True)])
def test_2_only_pings_shorter_than_the_cut_help(
    outcome: Outcome, interval_s: float, *, gone: bool
) -> None:
    settings = (
        f"page.ping_interval_s={interval_s}",
        "server.answers_ping=true",
        "observe.for_s=600",
    )
    assert problem(2).is_gone(outcome(problem(2).shows, *settings)) == gone


def test_3_forty_attempts_in_a_tenth_of_a_second_but_never_eighty(outcome: Outcome) -> None:
    trace = outcome(problem(3).shows)
    assert problem(3).value(trace) == 40
    assert FIGURES["handshakes_on_wire_max"].of(trace) <= 5  # one per profile


def test_4_nine_retries_then_silence(outcome: Outcome) -> None:
    figures = page_and_server_figures(outcome(problem(4).shows))
    assert figures["attempts"] == 8 * (1 + 9)
    assert figures["gave_up"] == 8
    assert figures["live_at_end"] == 0


def test_4_gone_means_connected_again(outcome: Outcome) -> None:
    assert page_and_server_figures(outcome(problem(4).gone))["live_at_end"] == 8


@pytest.mark.parametrize("http", ["sequenced", "sequenced_repaired"])
def test_5_an_order_of_loading_loads_as_often(outcome: Outcome, http: str) -> None:
    assert problem(5).value(outcome(problem(5).shows, f'page.http="{http}"')) == 8


def test_5_the_fallback_asks_when_sockets_are_late(outcome: Outcome) -> None:
    trace = outcome(problem(5).gone, "server.initial_data_s=3")
    assert trace.count(Event.HTTP_REQUEST) == 8
    assert outcome(problem(5).gone).count(Event.HTTP_REQUEST) == 0


def test_6_every_identical_message_was_a_render(outcome: Outcome) -> None:
    trace = outcome(problem(6).shows)
    assert problem(6).value(trace) == 1
    assert FIGURES["identical_messages"].of(trace) > 100


def test_7_the_record_names_its_socket_and_cuts_the_text(outcome: Outcome) -> None:
    trace = outcome(problem(7).gone)
    for row in trace.of(Event.PARSE_ERROR):
        record = error_record(trace.text(row))
        assert record["attempt"] == str(row["attempt"])
        assert record["url"].endswith(trace.endpoints[int(row["endpoint"])])
        assert record["state"] == "OPEN"
        assert len(record["raw"]) <= RAW_TEXT_MAX_CHARS


def test_8_as_found_the_dead_and_slow_connection_is_excellent(outcome: Outcome) -> None:
    trace = outcome(problem(8).shows)
    shown = {trace.text(row) for row in trace.of(Event.QUALITY)}
    assert shown == {"excellent"}
    poor = outcome(problem(8).gone)
    assert {poor.text(row) for row in poor.of(Event.QUALITY)} >= {"poor", "disconnected"}


def test_8_the_repaired_page_replaces_a_dead_socket_at_once(outcome: Outcome) -> None:
    """Others wait for onclose, which Chromium sends 60 s after close() on a dead path."""
    cut_s = 120

    def first_retry_s(*settings: str) -> float:
        new = outcome(problem(8).gone, *settings).of(Event.NEW)
        return min(to_s(int(t)) for t in new["time_ns"] if to_s(int(t)) > cut_s) - cut_s

    assert first_retry_s() < 15
    assert first_retry_s('page.hook="fixed"') > 60


def test_10_the_unmounted_page_comes_back(outcome: Outcome) -> None:
    trace = outcome(problem(10).shows)
    assert FIGURES["retry_timers_per_endpoint_max"].of(trace) == 2
    assert FIGURES["sockets_after_unmount"].of(trace) > 8
