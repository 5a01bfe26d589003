"""Alert rules, and the time from each kind of fault to its first alert."""

from collections.abc import Callable
from pathlib import Path

import pytest

from stormlab import openmetrics
from stormlab.trace import Trace
from stormlab_models.tac_webbuilder.changes import settings
from stormlab_models.tac_webbuilder.monitoring import (
    FAULT_KINDS,
    RULES,
    Detection,
    FaultKind,
    Rule,
    alerts,
    detect,
    run_fault,
)
from stormlab_models.tac_webbuilder.phases import phase
from stormlab_models.tac_webbuilder.scrapes import METRICS, Side

Outcome = Callable[..., Trace]
DOCUMENTATION = Path(__file__).resolve().parents[3] / "docs" / "application.md"
KINDS = {kind.name: kind for kind in FAULT_KINDS}
FEW = "browser.tabs=5"


@pytest.fixture
def detected(outcome: Outcome) -> Callable[..., Detection]:
    """How a kind of fault is noticed on five pages, after a phase."""

    def get(name: str, number: int = 5, *, repaired: bool = False) -> Detection:
        kind = KINDS[name]
        chosen = settings(phase(number, repaired=repaired), kind.settings)
        trace = outcome("monitored", *chosen, f"faults={kind.faults}", FEW)
        return detect(trace, kind)

    return get


@pytest.mark.parametrize(("number", "repaired"), [(0, False), (5, False), (5, True)])
def test_an_undisturbed_run_raises_no_alert(
    detected: Callable[..., Detection], number: int, *, repaired: bool
) -> None:
    assert detected("none", number, repaired=repaired) == Detection(
        "none", None, None, None, None, None, ()
    )


@pytest.mark.parametrize("name", [kind.name for kind in FAULT_KINDS if kind.name != "none"])
def test_every_fault_is_alerted_on_within_a_minute_and_not_before(
    detected: Callable[..., Detection], name: str
) -> None:
    found = detected(name)
    assert found.early == ()
    assert found.by_both_s is not None
    assert found.by_both_s <= 60
    times = [time for time in (found.by_server_s, found.by_client_s) if time is not None]
    assert found.by_both_s == min(times)


@pytest.mark.parametrize("name", ["crash", "stop"])
def test_a_dead_server_shows_at_once_and_alerts_at_the_next_scrape(
    detected: Callable[..., Detection], name: str
) -> None:
    found = detected(name, 0)
    assert (found.page_shows_s or 1) < 0.1
    assert found.by_server_s == 8  # 307 s to 315 s


def test_a_dead_path_is_seen_by_pages_only_if_they_ping(
    detected: Callable[..., Detection],
) -> None:
    as_found, written = detected("cut (half-open)", 0), detected("cut (half-open)")
    repaired = detected("cut (half-open)", repaired=True)
    assert (as_found.page_shows_s or 0) >= 120  # the path heals before anybody notices
    assert (as_found.by_client_s or 0) > 100
    assert (written.by_client_s or 999) < 60
    assert (repaired.page_shows_s or 999) <= 10


def test_a_blocked_loop_is_invisible_to_the_page_as_found(
    detected: Callable[..., Detection],
) -> None:
    found = detected("blocked loop", 0)
    assert found.page_shows_s is found.by_client_s is None
    assert found.by_server_s is not None


def test_no_alert_on_an_idle_proxy_once_the_pings_hold(
    detected: Callable[..., Detection],
) -> None:
    assert detected("idle proxy").by_both_s is not None
    assert detected("idle proxy", repaired=True).by_both_s is None


def test_a_detection_is_written_as_openmetrics(detected: Callable[..., Detection]) -> None:
    found = detected("crash")
    written = openmetrics.text(found.figures, {"phase": "5"})
    assert f'stormlab_time_to_alert_seconds{{phase="5"}} {found.by_both_s}' in written
    assert written.endswith("# EOF\n")


# rules ------------------------------------------------------------------------------------------


def test_rules_are_named_once_and_known() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert {rule.metric for rule in RULES} == set(METRICS)


@pytest.mark.parametrize(
    ("breaks", "value", "broken"),
    [
        ("below", 79.9, True),
        ("below", 80, False),
        ("above", 80.1, True),
        ("above", 80, False),
        ("below", None, False),
    ],
)
def test_a_rule_breaks_beyond_its_threshold(
    breaks: str, value: float | None, *, broken: bool
) -> None:
    rule = Rule("r", "live_percent", "below" if breaks == "below" else "above", 80, 15, 0)
    assert rule.broken(value) is broken


def test_an_alert_waits_for_its_time_and_can_come_again(outcome: Outcome) -> None:
    faults = 'faults=[{do="crash", at_s=101, for_s=40}, {do="crash", at_s=301, for_s=40}]'
    trace = outcome("monitored", faults, FEW)
    at_once = Rule("down", "up", "below", 1, 15, 0)
    patient = Rule("down long", "up", "below", 1, 15, 15)
    never = Rule("down too long", "up", "below", 1, 15, 60)
    fired = [(a.rule.name, a.time_s) for a in alerts(trace, rules=(at_once, patient, never))]
    assert fired == [
        ("down", 105),
        ("down long", 120),
        ("down", 315),
        ("down long", 330),
    ]


def test_without_data_there_is_no_alert(outcome: Outcome) -> None:
    trace = outcome("monitored", f"faults={KINDS['crash'].faults}", FEW)
    assert alerts(trace, data=()) == []
    client: tuple[Side, ...] = ("client",)
    assert {alert.rule.side for alert in alerts(trace, data=client)} == {"client"}


def test_a_shorter_scrape_interval_alerts_sooner(outcome: Outcome) -> None:
    trace = outcome("monitored", f"faults={KINDS['crash'].faults}", FEW)
    assert detect(trace, KINDS["crash"], scrape_s=1).by_both_s == pytest.approx(0, abs=1)


def test_a_fault_kind_runs_on_the_monitored_scenario() -> None:
    few = FaultKind("few", {"browser.tabs": 1, "observe.for_s": 30}, 0)
    trace = run_fault(few, phase(0))
    assert trace.header["scenario"] == "monitored"
    assert trace.duration_ns == 660_000_000_000


def test_the_documentation_tells_every_rule() -> None:
    text = DOCUMENTATION.read_text(encoding="utf-8")
    for rule in RULES:
        broken = f"`{rule.metric}` {rule.breaks} {rule.threshold:g}"
        times = f"{rule.window_s:g} s | {rule.for_s:g} s"
        assert f"| {rule.name} | {rule.side} | {broken} | {times} |" in text
