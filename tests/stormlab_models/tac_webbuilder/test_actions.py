"""What a person, a dev server or a test does, and when it is read."""

from collections.abc import Callable

import pytest

from stormlab.clock import to_s
from stormlab.metrics import ClientView, window
from stormlab.trace import Trace
from stormlab.vocabulary import Event

App = Callable[..., Trace]
View = Callable[[Trace], ClientView]


def seconds(trace: Trace, event: Event) -> list[float]:
    """When each event of a kind happened."""
    return [to_s(int(row["time_ns"])) for row in trace.of(event)]


def test_an_action_in_the_page_counts_from_its_first_socket(app: App) -> None:
    trace = app(actions=[{"do": "remount", "after_first_socket_s": 1.5}])
    first, acted = seconds(trace, Event.NEW)[0], seconds(trace, Event.ACTION)[0]
    assert acted - first == pytest.approx(1.5)


def test_an_action_on_the_clock_repeats(app: App) -> None:
    trace = app(actions=[{"do": "remount", "at_s": 5, "times": 3, "every_s": 2}])
    assert seconds(trace, Event.ACTION) == [5, 7, 9]


def test_each_reload_counts_anew_in_the_new_page(app: App, view: View) -> None:
    trace = app(actions=[{"do": "reload", "after_first_socket_s": 1, "times": 3}])
    assert trace.count(Event.GONE) == 3
    seen = view(trace)
    assert (seen.attempts, seen.live, seen.attempts_before, seen.live_when_gone) == (8, 8, 24, 24)


def test_a_reload_ends_open_sockets_with_1001(app: App) -> None:
    trace = app(actions=[{"do": "reload", "at_s": 5}], server={"implementation": "sansio"})
    assert trace.of(Event.DISCONNECT)["code"].tolist() == [1001] * 8


def test_who_navigates_away_leaves_nothing_behind(app: App, view: View) -> None:
    trace = app(actions=[{"do": "navigate_away", "at_s": 5}, {"do": "remount", "at_s": 10}])
    assert (view(trace).attempts, view(trace).live) == (8, 0)
    assert trace.count(Event.LOST) == 8


@pytest.mark.parametrize(
    ("exports", "fresh_refs"), [("component_only", False), ("component_and_hook", True)]
)
def test_fast_refresh_keeps_refs_unless_a_hook_is_exported(
    app: App, view: View, exports: str, *, fresh_refs: bool
) -> None:
    edit = {"do": "edit_module", "at_s": 5, "module_exports": exports}
    trace = app(actions=[edit])
    kinds = [trace.text(row) for row in trace.of(Event.MOUNT)]
    assert kinds == ["first", "remount" if fresh_refs else "refresh"]
    assert view(trace).live == 16  # duplicates either way


def test_an_edit_of_the_entry_reloads(app: App) -> None:
    assert app(actions=[{"do": "edit_entry", "at_s": 5}]).count(Event.GONE) == 1


def test_a_blocked_server_answers_late(app: App) -> None:
    block = {"do": "block_server", "at_s": 1, "for_s": 4}
    trace = app(duration_s=20, actions=[block, {"do": "remount", "at_s": 2}])
    late = [second for second in seconds(trace, Event.ACCEPTED) if second > 1]
    assert min(late) >= 5
    assert trace.of(Event.BLOCKED)["value_ns"].tolist() == [4_000_000_000]


def test_with_several_tabs_an_action_goes_to_all_but_the_server_is_blocked_once(app: App) -> None:
    actions = [{"do": "remount", "at_s": 5}, {"do": "block_server", "at_s": 6, "for_s": 0.1}]
    trace = app(browser={"tabs": 3}, actions=actions)
    assert trace.of(Event.ACTION)["client"].tolist() == [0, 1, 2, 0]


def test_by_hand_only_what_is_not_connected_tries_again(app: App, view: View) -> None:
    calm = app(page={"hook": "repaired"}, actions=[{"do": "retry_by_hand", "at_s": 5}])
    assert calm.count(Event.RETRY_BY_HAND) == 0
    assert view(calm).attempts == 8
    down = {"do": "crash", "at_s": 5, "for_s": 40}
    hand = {"do": "retry_by_hand", "at_s": 46}
    pages = {"hook": "repaired", "delay_base_s": 30}
    trace = app(page=pages, faults=[down], actions=[hand])
    assert view(trace).live == 8
    assert view(trace).duplicate_endpoints == 0


# --- observation ----------------------------------------------------------------------------------


def test_a_window_ends_the_run_and_reads_the_page_before_the_server(app: App) -> None:
    trace = app(duration_s=600, observe={"for_s": 3})
    marks = [trace.text(row) for row in trace.of(Event.OBSERVED)]
    assert marks == ["begin", "page_end", "server_end"]
    begin, page_end, server_end = seconds(trace, Event.OBSERVED)
    assert page_end - begin == pytest.approx(3)
    assert server_end >= page_end
    assert to_s(int(trace.rows["time_ns"][-1])) < server_end + 1.1
    assert 0 <= begin - seconds(trace, Event.NEW)[0] <= 0.1
    assert window(trace).end_ns == round(page_end * 1e9)


def test_a_blocked_server_is_read_late(app: App) -> None:
    block = {"do": "block_server", "at_s": 2, "for_s": 6}
    trace = app(duration_s=60, observe={"for_s": 3}, actions=[block])
    _, page_end, server_end = seconds(trace, Event.OBSERVED)
    assert server_end - page_end > 3


def test_the_window_of_a_reload_starts_with_the_last_page(app: App) -> None:
    trace = app(
        observe={"for_s": 3}, actions=[{"do": "reload", "after_first_socket_s": 1, "times": 2}]
    )
    begin = seconds(trace, Event.OBSERVED)[0]
    assert len([second for second in seconds(trace, Event.NEW) if second <= begin]) == 24
