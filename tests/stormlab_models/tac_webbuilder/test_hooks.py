"""Who owns the sockets: each hook against what was measured of it in a browser."""

from collections.abc import Callable

import numpy as np
import pytest

from stormlab.clock import to_s
from stormlab.metrics import ClientView, pick
from stormlab.trace import Trace
from stormlab.vocabulary import EVENT_CODE, Event

App = Callable[..., Trace]
View = Callable[[Trace], ClientView]
SEEDS = (1, 2, 3)


def attempts_s(trace: Trace, endpoint: int = 0) -> list[float]:
    """When the endpoint's attempts were made."""
    new = trace.of(Event.NEW)
    return [to_s(int(row["time_ns"])) for row in new if row["endpoint"] == endpoint]


def since(trace: Trace, event: Event, endpoint: int = 0) -> list[float]:
    """The endpoint's later attempts, in seconds from the first event of a kind, to 0.1 s."""
    start = to_s(int(trace.of(event)[0]["time_ns"]))
    return [round(second - start, 1) for second in attempts_s(trace, endpoint) if second > start]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("hook", "attempts", "live", "duplicates"),
    [
        ("analysed", 24, 16, 8),
        ("fixed", 16, 8, 0),
        ("defer", 8, 8, 0),
        ("manager", 24, 16, 8),
        ("manager_repaired", 16, 8, 0),
        ("repaired", 8, 8, 0),
    ],
)
def test_strict_mode(
    app: App, view: View, hook: str, attempts: int, live: int, duplicates: int, seed: int
) -> None:
    trace = app(strict=True, page={"hook": hook}, seed=seed)
    seen = view(trace)
    assert (seen.attempts, seen.live, seen.duplicate_endpoints) == (attempts, live, duplicates)
    killed = {"1006u/called@CONNECTING": 8} if attempts > live else {}
    assert seen.close_codes == (killed if attempts > 8 else {})


@pytest.mark.parametrize("hook", ["analysed", "fixed", "defer", "manager", "repaired", "plain"])
def test_a_production_build_mounts_once(app: App, view: View, hook: str) -> None:
    trace = app(page={"hook": hook}, react={"strict_mode": True, "build": "production"})
    seen = view(trace)
    assert (seen.attempts, seen.live, seen.duplicate_endpoints) == (8, 8, 0)


def test_zombies_of_strict_mode_come_two_seconds_later(app: App) -> None:
    trace = app(strict=True)
    new_s = trace.of(Event.NEW)["time_ns"] / 1e9
    first = new_s[0]
    assert np.all(new_s[:16] - first < 0.1)
    assert np.all(np.abs(new_s[16:] - first - 2.0) < 0.1)


@pytest.mark.parametrize("seed", SEEDS)
def test_stagger_cures_strict_mode_by_accident(app: App, view: View, seed: int) -> None:
    trace = app(strict=True, page={"stagger": True}, seed=seed)
    seen = view(trace)
    assert (seen.attempts, seen.live, seen.duplicate_endpoints) == (8, 8, 0)
    new_ns = trace.of(Event.NEW)["time_ns"]
    assert 0.69 < to_s(int(new_ns[-1] - new_ns[0])) < 0.72


def test_a_stagger_that_the_cleanup_forgets_doubles(app: App, view: View) -> None:
    seen = view(app(strict=True, page={"stagger": True, "stagger_cleared": False}))
    assert (seen.attempts, seen.live) == (16, 16)


@pytest.mark.parametrize("times", [1, 2, 3])
def test_each_remount_leaves_eight_behind(app: App, view: View, times: int) -> None:
    remount = {"do": "remount", "at_s": 5, "times": times, "every_s": 5}
    seen = view(app(actions=[remount]))
    assert seen.live == 8 + 8 * times
    assert seen.duplicate_endpoints == 8


@pytest.mark.parametrize("hook", ["analysed", "manager"])
def test_after_an_unmount_all_eight_come_back_two_seconds_later(
    app: App, view: View, hook: str
) -> None:
    trace = app(page={"hook": hook}, actions=[{"do": "unmount", "at_s": 5}])
    assert view(trace).live == 8
    for endpoint in range(8):
        assert since(trace, Event.CLEANUP, endpoint) == [2.0]


@pytest.mark.parametrize("hook", ["fixed", "repaired", "manager_repaired"])
@pytest.mark.parametrize("page", [{}, {"ping_interval_s": 1, "pong_timeout_s": 3}])
def test_the_cured_stay_away_after_an_unmount(
    app: App, view: View, hook: str, page: dict[str, float]
) -> None:
    trace = app(page={"hook": hook, **page}, actions=[{"do": "unmount", "at_s": 5}])
    assert (view(trace).attempts, view(trace).live) == (8, 0)
    assert since(trace, Event.CLEANUP) == []


@pytest.mark.parametrize("times", [1, 2, 3])
def test_the_manager_adds_two_and_leaves_one_behind_per_connect_over_a_live_socket(
    app: App, view: View, times: int
) -> None:
    again = {"do": "retry_manager", "at_s": 5, "times": times, "every_s": 5}
    seen = view(app(page={"hook": "manager"}, actions=[again]))
    assert seen.attempts == 8 + 16 * times
    assert seen.live == 8 + 8 * times
    repaired = view(app(page={"hook": "manager_repaired"}, actions=[again]))
    assert (repaired.attempts, repaired.live) == (8 + 8 * times, 8)


# --- outages --------------------------------------------------------------------------------------

KILLED = {"do": "crash", "at_s": 10}


def test_retries_after_a_killed_server_then_silence_for_good(app: App, view: View) -> None:
    back = {**KILLED, "for_s": 1000}
    trace = app(duration_s=2000, faults=[back])
    for endpoint in range(8):
        times = since(trace, Event.KILLED, endpoint)
        assert times == pytest.approx([2, 6, 14, 30, 60, 90, 120, 150, 180], abs=0.25)
    assert view(trace).live == 0
    assert view(trace).gave_up == 8
    ignored = trace.of(Event.TIMER_IGNORED)
    assert len(ignored) == 8


def test_ten_attempts_if_none_ever_opened(app: App) -> None:
    trace = app(duration_s=1000, faults=[{"do": "crash", "at_s": 0}])
    assert [len(attempts_s(trace, endpoint)) for endpoint in range(8)] == [10] * 8


def test_a_stop_after_ten_failures_is_announced(app: App) -> None:
    trace = app(duration_s=1000, faults=[KILLED], page={"stop_after_max_attempts": True})
    gave_up = trace.of(Event.GAVE_UP)
    assert [trace.text(row) for row in gave_up] == ["attempts used up"] * 8
    assert trace.count(Event.TIMER_IGNORED) == 0


def test_the_literal_breaker_never_trips(app: App) -> None:
    plain = app(duration_s=1000, faults=[KILLED])
    literal = app(duration_s=1000, faults=[KILLED], page={"breaker": "literal"})
    assert literal.count(Event.BREAKER_OPENED) == 0
    assert attempts_s(literal) == attempts_s(plain)


def test_the_wired_breaker_opens_after_ten_and_never_tries_again_by_itself(
    app: App, view: View
) -> None:
    back = {**KILLED, "for_s": 400}
    trace = app(duration_s=3000, faults=[back], page={"breaker": "wired"})
    assert trace.count(Event.BREAKER_OPENED) == 8
    assert len(since(trace, Event.KILLED)) == 9  # the tenth failure is the ninth retry's
    assert trace.count(Event.BREAKER_HALF_OPEN) == 0
    assert view(trace).live == 0


def test_by_hand_the_wired_breaker_passes_once_its_time_is_over(app: App, view: View) -> None:
    back = {**KILLED, "for_s": 400}

    def after(second: float) -> Trace:
        hand = {"do": "retry_by_hand", "at_s": second}
        return app(duration_s=1000, faults=[back], page={"breaker": "wired"}, actions=[hand])

    assert view(after(450)).live == 0  # still open: 10 s + 180 s + 300 s
    late = after(600)
    assert view(late).live == 8
    assert late.count(Event.BREAKER_HALF_OPEN) == late.count(Event.BREAKER_CLOSED) == 8


def test_the_repaired_breaker_probes_by_itself(app: App, view: View) -> None:
    back = {**KILLED, "for_s": 1200}
    trace = app(duration_s=3000, faults=[back], page={"breaker": "repaired", "hook": "repaired"})
    assert view(trace).live == 8
    assert trace.count(Event.BREAKER_OPENED) > 8  # and again after each failed probe
    assert trace.count(Event.BREAKER_CLOSED) == 8
    probes = trace.of(Event.BREAKER_HALF_OPEN)
    first = probes[probes["endpoint"] == 0]["time_ns"] / 1e9
    assert np.all(np.diff(first) > 300)


@pytest.mark.parametrize("hook", ["repaired", "manager_repaired"])
@pytest.mark.parametrize("outage_s", [1, 60, 900])
@pytest.mark.parametrize("verb", ["crash", "stop", "drain", "cut"])
@pytest.mark.parametrize("strict", [False, True])
def test_the_repaired_recover_after_any_outage_without_duplicates(
    app: App, view: View, hook: str, outage_s: float, verb: str, *, strict: bool
) -> None:
    trace = app(
        strict=strict,
        duration_s=outage_s + 200,
        page={"hook": hook, "ping_interval_s": 10, "pong_timeout_s": 5},
        faults=[{"do": verb, "at_s": 10, "for_s": outage_s}],
    )
    seen = view(trace)
    assert (seen.live, seen.duplicate_endpoints, seen.gave_up) == (8, 0, 0)


def flapping(app: App, hook: str) -> Trace:
    """A server that accepts and drops: every 4 s it dies, and is back half a second later."""
    flap = {"do": "crash", "at_s": 10, "for_s": 0.5, "every_s": 4, "times": 150}
    return app(duration_s=610, page={"hook": hook, "delay_base_s": 0.5}, faults=[flap])


def test_backoff_survives_flapping_only_when_it_is_reset_on_proof(app: App) -> None:
    fooled, patient = flapping(app, "fixed"), flapping(app, "repaired")
    opened = [trace.count(Event.OPEN) for trace in (fooled, patient)]
    assert opened[0] > 2 * opened[1]
    delays = patient.of(Event.TIMER_SET)["value_ns"] / 1e9
    assert delays[: len(delays) // 4].mean() < delays[len(delays) // 2 :].mean()
    assert fooled.of(Event.TIMER_SET)["value_ns"].max() / 1e9 < 5


def test_proof_resets_the_backoff(app: App) -> None:
    """Open for longer than ``proved_after_s``: the next outage starts from the base again."""
    crashes = [{"do": "crash", "at_s": at, "for_s": 60} for at in (10, 300)]
    trace = app(duration_s=310, page={"hook": "repaired"}, faults=crashes)
    second = int(pick(trace.rows, Event.KILLED)[1]["time_ns"])
    set_after = trace.of(Event.TIMER_SET)
    first_delays = set_after[set_after["time_ns"] > second]["value_ns"][:8] / 1e9
    assert first_delays.max() < 2.0


# --- timers and pings -----------------------------------------------------------------------------


def test_a_cleanup_leaves_no_retry_timer_but_pings_go_on_until_the_close(app: App) -> None:
    unmount = [{"do": "unmount", "at_s": 5}]
    plain = app(actions=unmount)
    pinged = app(actions=unmount, page={"ping_interval_s": 30})
    codes = [int(trace.of(Event.CLEANUP)[0]["code"]) for trace in (plain, pinged)]
    assert codes == [0, 8]


def test_pings_go_out_at_their_interval_and_stop_with_the_socket(app: App) -> None:
    trace = app(page={"ping_interval_s": 5}, faults=[{"do": "crash", "at_s": 31}])
    pings = [row for row in trace.of(Event.SEND) if trace.text(row) == "ping"]
    mine = [int(row["time_ns"]) / 1e9 for row in pings if row["socket"] == 0]
    assert len(mine) == 6
    assert np.allclose(np.diff(mine), 5)


def test_the_repaired_page_notices_a_dead_peer(app: App, view: View) -> None:
    """A cut path says nothing; only a missing pong does."""
    cut = [{"do": "cut", "at_s": 10, "for_s": 100}]
    deaf = app(duration_s=100, faults=cut, page={"hook": "repaired"})
    pinging = {"hook": "repaired", "ping_interval_s": 5, "pong_timeout_s": 2}
    heard = app(duration_s=100, faults=cut, page=pinging)
    assert view(deaf).live == 8
    assert view(heard).live == 0
    called = heard.of(Event.CLOSE_CALLED)
    assert len(called) >= 8
    assert 10 < int(called[0]["time_ns"]) / 1e9 < 18


def test_every_timer_set_is_fired_cleared_or_pending(app: App) -> None:
    trace = app(strict=True, faults=[KILLED], duration_s=20)
    rows = trace.rows["event"]
    count = {e: int((rows == EVENT_CODE[e]).sum()) for e in (Event.TIMER_SET, Event.TIMER_FIRED)}
    assert count[Event.TIMER_SET] - count[Event.TIMER_FIRED] in range(17)
