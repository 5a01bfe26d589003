"""The page against the real application shows what was measured: ground truth, by its sections."""

import pytest
from tests.integration.both_servers import (
    IMPLEMENTATIONS,
    SCENARIOS,
    Document,
    figures,
    of_0_38,
    page_of,
    real,
    traced,
)

from stormlab.metrics import server_view, window
from stormlab.vocabulary import Event
from stormlab_models.server_log import timed_lines


@of_0_38
def test_mechanism_2_a_strictmode_load() -> None:
    """24 attempts, 8 killed in CONNECTING, 16 live, 8 of 8 doubled; the server sees 17 or 18."""
    trace = real(SCENARIOS["StrictMode"])
    found = figures(trace)
    assert (found["attempts"], found["live_at_end"], found["duplicate_endpoints"]) == (24, 16, 8)
    assert found["page_close_codes"] == "1006u/called@CONNECTING:8"
    assert found["server_accepted"] in {17, 18}


@of_0_38
def test_mechanism_2_unmounted_for_good_all_come_back_after_2_s() -> None:
    trace = real({"actions": [{"do": "unmount", "at_s": 5.0}]})
    back = [row.time_ns / 1e9 for row in trace if row.event is Event.NEW and row.time_ns > 5e9]
    assert len(back) == 8
    assert all(time_s == pytest.approx(7, abs=0.2) for time_s in back)


@of_0_38
def test_mechanism_2_each_remount_adds_8() -> None:
    assert figures(real({"actions": [{"do": "remount", "at_s": 5.0}]}))["live_at_end"] == 16


@of_0_38
@pytest.mark.parametrize(("title", "attempts"), [("fixed", 16), ("deferred", 8)])
def test_mechanism_4_the_cures(title: str, attempts: int) -> None:
    found = figures(real(SCENARIOS[f"StrictMode, {title}"]))
    assert (found["attempts"], found["live_at_end"]) == (attempts, 8)
    assert found["duplicate_endpoints"] == 0


@of_0_38
def test_mechanism_8_the_timer_of_10_s_drops_what_is_late() -> None:
    """Accepted and "connection closed" without a close frame: all fail, on legacy only."""
    late = {"server": {"initial_data_s": 10.5}, "duration_s": 30}
    trace = real(late)
    assert not trace.count(Event.OPEN)
    assert {row.code for row in trace if row.event is Event.CLOSE} == {1006}
    first = [line for _, line in timed_lines(trace)][:2]
    assert first[0] == "INFO:     connection closed"  # async data: closed, then accepted
    assert first[1].endswith("[accepted]")
    assert real(late, "wsproto").count(Event.OPEN) >= 2  # one after the other


@of_0_38
@pytest.mark.parametrize(
    ("count", "block_s", "implementation", "opened"),
    [  # calibration points, four bursts each: 32 of 32, 73 of 96, 3 of 160; wsproto 32 of 32
        (8, 1.15, "legacy", {8}),
        (24, 0.5, "legacy", {1, 24}),  # all or nothing per batch: 24 + 24 + 24 + 1
        (40, 0.3, "legacy", {0, 1}),
        (8, 1.35, "wsproto", {8}),
    ],
)
def test_mechanism_8_the_timer_under_a_burst(
    count: int, block_s: float, implementation: str, opened: set[int]
) -> None:
    burst: Document = {
        "browser": {"name": "none"},
        "client": {"clients": 1, "sockets_per_client": count},
        "server": {"initial_data_s": block_s, "initial_data_kind": "block"},
    }
    for seed in range(4):
        ours = real(burst, implementation, seed)
        assert ours.count(Event.OPEN) in opened
        assert page_of(ours) == page_of(traced("model", implementation, burst, seed))


@of_0_38
def test_mechanism_9_the_order_of_the_lines() -> None:
    """Data awaited: accepted, error. Blocking: accepted, closed, error or accepted, open, error."""
    awaited, blocking = (
        server_view(trace, window(trace).rows).log_orders
        for trace in (
            real(SCENARIOS["StrictMode, data awaited"]),
            real(SCENARIOS["StrictMode, data blocks"]),
        )
    )
    assert set(awaited) <= {"accepted>closed>ERROR", "accepted>ERROR"}
    assert set(blocking) <= {"accepted>closed>ERROR", "accepted>open>ERROR"}
    assert awaited
    assert blocking


@of_0_38
@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_mechanism_10_a_return_without_close_leaves_the_page_an_open_socket(
    implementation: str,
) -> None:
    """The proposals section has it too: 8 OPEN sockets, no data, no onclose."""
    trace = real({"server": {"waits_for_ready": True}}, implementation)
    assert (trace.count(Event.OPEN), trace.count(Event.MESSAGE), trace.count(Event.CLOSE)) == (
        *(8, 0),
        0,
    )


@of_0_38
@pytest.mark.parametrize(("fault", "code"), [("stop", 1012), ("crash", 1006)])
def test_mechanism_11_sigterm_is_1012_and_sigkill_1006(fault: str, code: int) -> None:
    trace = real({"duration_s": 6, "faults": [{"do": fault, "at_s": 5}]})
    assert [row.code for row in trace if row.event is Event.CLOSE] == [code] * 8


@of_0_38
def test_mechanism_12_a_block_of_45_s_closes_nothing() -> None:
    trace = real({"duration_s": 100, "faults": [{"do": "block", "at_s": 5, "for_s": 45}]})
    assert trace.count(Event.CLOSE) == 0


@of_0_38
@pytest.mark.parametrize(("ping_s", "cut"), [(30.0, True), (5.0, False)])
def test_keep_alive_helps_if_it_is_shorter_than_the_cut(ping_s: float, cut: bool) -> None:  # noqa: FBT001
    """Ground truth, the claim on keep-alive: cut 10 s, 30 s pings useless, 5 s pings hold."""
    trace = real({"network": {"idle_cut_s": 10.0}, "page": {"ping_interval_s": ping_s}})
    assert (trace.count(Event.CLOSE) > 0) is cut
