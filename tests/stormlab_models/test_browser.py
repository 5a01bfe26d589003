"""The browsers' rules, against the sources and against what was measured."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from stormlab.clock import NS_PER_MS, NS_PER_S, Clock, Rank
from stormlab.vocabulary import Cause, Event, State
from stormlab_models.browser import CHROMIUM, FailDelay, Gate, Throttle

MakeWire = Callable[..., Any]
MS = NS_PER_MS


def at(clock: Clock, second: float) -> None:
    """Move an idle clock to a second."""
    time_ns = round(second * NS_PER_S)
    clock.at(time_ns, Rank.OBSERVER, lambda: None)
    clock.run(time_ns)


# --- one handshake at a time ----------------------------------------------------------------------


def test_the_gate_lets_one_through_and_the_next_ten_milliseconds_later() -> None:
    clock, gone = Clock(), []
    gate = Gate(clock, CHROMIUM.gap_ns)
    for number in range(3):
        gate.enter(lambda number=number: gone.append((number, clock.now_ns)))  # type: ignore[misc]
    assert gone == [(0, 0)]
    clock.at(5 * MS, Rank.BROWSER, gate.release)
    clock.at(40 * MS, Rank.BROWSER, gate.release)
    clock.run(NS_PER_S)
    assert gone == [(0, 0), (1, 15 * MS), (2, 50 * MS)]


def test_who_leaves_the_queue_is_passed_over() -> None:
    clock, gone = Clock(), []
    gate = Gate(clock, 0)
    gate.enter(lambda: gone.append("first"))
    gate.enter(second := lambda: gone.append("second"))
    gate.enter(lambda: gone.append("third"))
    gate.leave(second)
    gate.release()
    assert gone == ["first", "third"]


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_eight_sockets_to_a_silent_server_are_one_connection(wire: MakeWire, browser: str) -> None:
    world = wire(browser)
    tab = world.tab()
    for _ in range(8):
        world.open(tab)
    world.run(5)
    assert len(world.ends) == 1


@pytest.mark.parametrize(("browser", "connections"), [("chromium", 5), ("firefox", 1)])
def test_other_ports_of_the_address_wait_in_firefox_only(
    wire: MakeWire, browser: str, connections: int
) -> None:
    world = wire(browser)
    tab = world.tab()
    for port in (8002, 8002, 8003, 8004, 8005, 8006):
        world.open(tab, port=port)
    world.run(5)
    assert len(world.ends) == connections


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
@pytest.mark.parametrize(("shared", "connections"), [(True, 1), (False, 3)])
def test_tabs_of_a_profile_share_the_gate_and_two_profiles_do_not(
    wire: MakeWire, browser: str, *, shared: bool, connections: int
) -> None:
    world = wire(browser)
    profile = world.profile()
    for _ in range(3):
        world.open(world.tab(profile if shared else None))
    world.run(5)
    assert len(world.ends) == connections


def test_handshakes_of_chromium_start_at_least_the_gap_apart(wire: MakeWire) -> None:
    world = wire("chromium", auto=True)
    tab = world.tab()
    sockets = [world.open(tab) for _ in range(8)]
    world.run(5)
    assert all(socket.state is State.OPEN for socket in sockets)
    starts = world.seconds(Event.CONNECT)
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert min(gaps) > 0.010
    assert max(gaps) < 0.030


# --- Chromium's throttle --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pending", "failed", "succeeded", "uniform_ms", "delay_ms"),
    [
        (1, 0, 0, 5000, 0),  # 5000 * 2 / 65536 = 0.15
        (8, 0, 0, 5000, 19),  # 5000 * 256 / 65536 = 19.53
        (8, 8, 0, 1000, 1000),  # 2**16 / 65536 = 1
        (8, 8, 0, 4321, 4321),
        (1, 9, 0, 4000, 62),  # 4000 * 1024 / 65536 = 62.5
        (1, 14, 0, 2000, 1000),  # 2**15
        (1, 15, 0, 2000, 2000),  # 2**16
        (1, 500, 0, 2000, 2000),  # the exponent is cut at 16
        (1, 15, 1, 4000, 15),  # 15 // 2 = 7, 2**8: 15.6
        (1, 15, 15, 5000, 0),  # 15 // 16 = 0
        (255, 0, 0, 3000, 3000),
    ],
)
def test_the_throttle_is_the_formula_of_the_source(
    pending: int, failed: int, succeeded: int, uniform_ms: int, delay_ms: int
) -> None:
    throttle = Throttle(Clock())
    for opened in [False] * failed + [True] * succeeded:
        throttle.started()
        throttle.ended(opened=opened)
    for _ in range(pending):
        throttle.started()
    assert throttle.delay_ns(uniform_ms) == delay_ms * MS


def failures_then(second: float, *, succeeded: int = 0, pending: int = 0) -> int:
    """The delay of one more at a second, after 15 failures at second 1; in milliseconds."""
    clock = Clock()
    throttle = Throttle(clock)
    at(clock, 1)
    for opened in [False] * 15 + [True] * succeeded:
        throttle.started()
        throttle.ended(opened=opened)
    for _ in range(pending):
        throttle.started()
    at(clock, second)
    throttle.started()
    return throttle.delay_ns(2000) // MS


def test_failures_alone_are_forgotten_at_the_two_minute_tick() -> None:
    """IsClean() looks at the succeeded counter twice and never at the earlier failures."""
    assert failures_then(119.9) == 2000
    assert failures_then(120.1) == 0


def test_with_a_success_or_a_pending_one_they_count_for_another_window() -> None:
    with_success = 2000 * 2 ** (1 + 15 // 2) // 65536
    assert failures_then(239.9, succeeded=1) == with_success
    assert failures_then(240.1, succeeded=1) == 0
    assert failures_then(239.9, pending=1) == 2000
    assert failures_then(240.1, pending=1) == 2000 * 2**2 // 65536


def test_windows_that_passed_unnoticed_are_rolled_too() -> None:
    assert failures_then(10_000, pending=1) == 0


# --- limits ---------------------------------------------------------------------------------------


def test_number_256_fails_at_once_in_chromium(wire: MakeWire) -> None:
    world = wire("chromium")
    tab, other = world.tab(), world.tab()
    sockets = [world.open(tab) for _ in range(256)]
    another = world.open(other)
    world.run(0.1)
    assert [socket.state for socket in sockets[:255]] == [State.CONNECTING] * 255
    assert world.told(sockets[255]) == ["error", "close 1006"]
    assert world.trace.count(Event.LIMITED) == 1
    assert another.state is State.CONNECTING  # the limit is per renderer
    (close,) = (row for row in world.trace if row.event is Event.CLOSE)
    assert (close.cause, close.clean) == (Cause.LIMITED, 0)


def test_firefox_has_two_hundred_sockets_open_or_not_over_all_tabs(wire: MakeWire) -> None:
    world = wire("firefox", auto=True)
    profile = world.profile()
    sockets = [
        world.open(tab) for tab in (world.tab(profile), world.tab(profile)) for _ in range(110)
    ]
    world.run(10)
    states = [socket.state for socket in sockets]
    assert (states.count(State.OPEN), states.count(State.CLOSED)) == (200, 20)
    sockets[0].close()
    world.run(1)
    world.ends[0].send("close", 0)
    world.run(1)
    late = world.open(world.tab(profile))
    world.run(5)
    assert late.state is State.OPEN


# --- Firefox's delay after a failure --------------------------------------------------------------


def test_the_fail_delay_grows_by_half_up_to_a_minute() -> None:
    clock = Clock()
    delay = FailDelay(clock)
    assert delay.remaining_ns("a") == 0
    waits = []
    for _ in range(16):
        delay.failed("a", 200)
        waits.append(delay.remaining_ns("a") // MS)
        at(clock, (clock.now_ns + delay.remaining_ns("a")) / NS_PER_S)
    assert waits[:5] == [200, 300, 450, 675, 1012]
    assert waits[-2:] == [58_385, 60_000]
    assert delay.remaining_ns("b") == 0


def test_the_fail_delay_counts_from_the_last_failure_and_ends_with_a_success() -> None:
    clock = Clock()
    delay = FailDelay(clock)
    delay.failed("a", 399)
    at(clock, 0.1)
    assert delay.remaining_ns("a") == 299 * MS
    delay.succeeded("a")
    assert delay.remaining_ns("a") == 0
    delay.failed("a", 250)
    assert delay.remaining_ns("a") == 250 * MS


def test_the_fail_delay_starts_anew_a_minute_after_it_ran_out() -> None:
    for second, expected_ms in ((60.1, 300), (60.3, 222)):
        clock = Clock()
        delay = FailDelay(clock)
        delay.failed("a", 200)
        at(clock, second)
        delay.failed("a", 222)
        assert delay.remaining_ns("a") == expected_ms * MS


def test_firefox_waits_after_a_failure_and_chromium_does_not(wire: MakeWire) -> None:
    waits = {}
    for browser in ("chromium", "firefox"):
        world = wire(browser)
        world.syn = "refuse"
        tab = world.tab()
        first = world.open(tab)
        world.run(0.1)
        assert world.told(first) == ["error", "close 1006"]
        begin = world.clock.now_ns / NS_PER_S
        world.open(tab)
        world.run(1)
        waits[browser] = world.seconds(Event.CONNECT)[1] - begin
    assert waits["chromium"] < 0.05
    assert 0.1 < waits["firefox"] < 0.4


def test_firefox_waits_after_an_unclean_end_of_an_open_socket(wire: MakeWire) -> None:
    world = wire("firefox", auto=True)
    tab = world.tab()
    gaps = []
    for _ in range(4):
        socket = world.open(tab)
        world.run(0.6)
        assert socket.state is State.OPEN
        world.ends[-1].drop()
        world.run(0.02)
        begin = world.clock.now_ns / NS_PER_S
        world.open(tab)
        world.run(1)
        gaps.append(world.seconds(Event.CONNECT)[-1] - begin)
    assert all(0.15 < gap < 0.42 for gap in gaps)  # it does not grow: opening forgets it


# --- aborts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("browser", "heard", "connections"),
    [("chromium", ["request", "fin"], 2), ("firefox", ["request"], 2)],
)
def test_an_abort_of_a_request_is_a_fin_in_chromium_and_silence_in_firefox(
    wire: MakeWire, browser: str, heard: list[str], connections: int
) -> None:
    world = wire(browser)
    tab = world.tab()
    first, second = world.open(tab), world.open(tab)
    world.run(0.5)
    first.close()
    assert (first.state, second.state) == (State.CLOSING, State.CONNECTING)
    world.run(2)
    assert world.told(first) == ["error", "close 1006"]
    assert world.ends[0].heard == heard
    assert len(world.ends) == connections  # the next handshake's turn


def test_firefox_ends_an_abandoned_handshake_five_milliseconds_after_the_101(
    wire: MakeWire,
) -> None:
    world = wire("firefox")
    tab = world.tab()
    socket = world.open(tab)
    world.run(0.5)
    socket.close()
    world.run(30)
    assert world.ends[0].heard == ["request"]
    answered = world.clock.now_ns / NS_PER_S
    world.ends[0].answer()
    world.ends[0].send("initial")
    world.ends[0].send("close", 1012)  # comes too late to be answered, and is not counted twice
    world.run(1)
    (fin_at, what) = world.ends[0].got[-1]
    assert what == "fin"
    assert 0.005 < fin_at - answered < 0.008
    assert world.told(socket) == ["error", "close 1006"]
    assert tab.profile.sockets == 0


def test_an_abort_in_the_queue_never_reaches_the_server(wire: MakeWire) -> None:
    for browser in ("chromium", "firefox"):
        world = wire(browser)
        tab = world.tab()
        world.open(tab)
        queued = world.open(tab)
        world.run(0.5)
        queued.close()
        world.run(0.5)
        assert world.told(queued) == ["error", "close 1006"]
        world.ends[0].answer()
        world.run(2)
        assert len(world.ends) == 1
        assert tab.throttle.pending == 0


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_a_handshake_that_the_network_side_had_finished_ends_with_1001(
    wire: MakeWire, browser: str
) -> None:
    world = wire(browser, auto=True)
    tab = world.tab()
    socket = world.open(tab)
    tab.busy_until_ns = NS_PER_S  # the script is busy, and the 101 comes meanwhile
    world.run(0.5)
    assert socket.state is State.CONNECTING
    socket.close()
    world.run(2)
    assert world.told(socket) == ["error", "close 1006"]
    assert world.ends[0].heard == ["request", "close 1001", "fin"]


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_an_abort_while_nobody_answers_the_syn_frees_the_gate(wire: MakeWire, browser: str) -> None:
    world = wire(browser)
    world.syn = "drop"
    tab = world.tab()
    first = world.open(tab)
    world.open(tab)
    world.run(0.5)
    first.close()
    world.run(0.1)
    world.syn = "accept"
    world.run(2)
    assert len(world.ends) == 1
    assert world.trace.of(Event.REQUEST)["socket"].tolist() == [1]
