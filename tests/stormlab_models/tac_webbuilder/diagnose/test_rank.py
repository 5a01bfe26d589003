"""How often the diagnosis is right: measured logs, and simulated ones from outside the library."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stormlab_models.tac_webbuilder.diagnose.parse import LogError, read_log
from stormlab_models.tac_webbuilder.diagnose.rank import TIE_RATIO, Ranking

HITS_MIN = 0.9
TIE_MEAN_MAX = 4.5
TIE_SMALL, TIE_SMALL_MIN = 4, 0.5

AFTER, BLOCK = "after_accept", "block"
STRICT: dict[str, Any] = {"react": {"strict_mode": True}}
READY: dict[str, Any] = {"waits_for_ready": True}


def data(seconds: float, kind: str = "async", place: str = "before_accept") -> dict[str, Any]:
    return {
        "initial_data_s": seconds,
        "initial_data_kind": kind,
        "initial_data_placement": place,
    }


def act(do: str, after_s: float, times: int = 1) -> dict[str, Any]:
    return {"actions": [{"do": do, "after_first_socket_s": after_s, "times": times}]}


def slow(seconds: float, kind: str, endpoint: str) -> dict[str, Any]:
    server = {"initial_data_kind": kind, "per_endpoint_data_s": {endpoint: seconds}}
    return {"duration_s": 50.0, "server": server}


# figures that the library does not hold: other times, endpoints, loads of the machine
FEW: list[tuple[str, dict[str, Any]]] = [
    ("strictmode", {**STRICT, "server": data(0.2, BLOCK)}),
    ("strictmode", {**STRICT, "server": data(0.1, place=AFTER), "machine": {"contention": 2}}),
    ("strictmode_fixes", {**STRICT, "server": data(0.2), "page": {"hook": "fixed"}}),
    ("reload_navigation", {"server": data(0.2, BLOCK), **act("reload", 0.05)}),
    ("ready_handshake", {"server": {**data(0.3), **READY}}),
    ("remount_after_open", {"server": data(0.1), **act("remount", 2.2)}),
    ("slow_handshake_over_10s", slow(11.0, BLOCK, "routes")),
    ("slow_handshake_over_10s", slow(14.0, "async", "workflow-history")),
    ("current_stack", {**STRICT, "server": {**data(0.2), "implementation": "sansio"}}),
    ("blocking_event_loop", {"server": data(0.3, BLOCK)}),
]
MANAGER: dict[str, Any] = {"hook": "manager", "sends_ready": True}
MORE: list[tuple[str, dict[str, Any]]] = [
    ("baseline", {"server": data(0.15, place=AFTER)}),
    ("strictmode", {**STRICT, "server": data(0.02)}),
    ("strictmode", {**STRICT, "server": data(0.3, BLOCK, AFTER), "machine": {"contention": 3}}),
    ("strictmode_fixes", {**STRICT, "server": data(0.1), "page": {"stagger": True}}),
    ("strictmode_fixes", {**STRICT, "server": data(0.1), "page": {"hook": "defer"}}),
    ("reload_navigation", {"server": data(0.1), **act("reload", 2.0)}),
    ("reload_navigation", {"server": data(0.3), **act("reload", 0.3, 2)}),
    ("reload_navigation", {"server": data(0.3, BLOCK), **act("navigate_away", 0.5)}),
    (
        "ready_handshake",
        {**STRICT, "server": {**data(0.2), **READY}, "page": {"sends_ready": True}},
    ),
    ("remount_after_open", {"server": data(0.2), **act("unmount", 3.0)}),
    ("remount_after_open", {"server": data(0.3), **act("remount", 0.7)}),
    ("slow_handshake_over_10s", {"duration_s": 80.0, "server": data(13.0, BLOCK)}),
    ("slow_handshake_over_10s", {**slow(12.0, BLOCK, "system-status"), **STRICT}),
    ("current_stack", {**STRICT, "server": {**data(0.1), "implementation": "wsproto"}}),
    (
        "current_stack",
        {**STRICT, "server": {**data(0.3, place=AFTER), "implementation": "sansio"}},
    ),
    ("unified_manager", {**STRICT, "server": {**data(0.2), **READY}, "page": MANAGER}),
    (
        "unified_manager",
        {"server": {**data(0.1), **READY}, "page": MANAGER, **act("unmount", 2.0)},
    ),
    (
        "idle_cut_proxy",
        {
            "duration_s": 50.0,
            "server": {"ping_interval_s": "off"},
            "network": {"idle_cut_s": 15.0},
        },
    ),
    (
        "server_down",
        {"duration_s": 50.0, "faults": [{"do": "crash", "at_s": 8.0, "for_s": 6.0}]},
    ),
]


def share(hits: list[bool]) -> float:
    return sum(hits) / len(hits)


def rates(what: str, hits: list[bool], small: list[bool], sizes: list[int]) -> str:
    """The row of docs/diagnose.md."""
    mean = sum(sizes) / len(sizes)
    found, few = (f"{sum(yes)} ({100 * share(yes):.0f} %)" for yes in (hits, small))
    return f"| {len(hits)} {what} | {found} | {few} | {mean:.1f} |"


def test_the_measured_logs_are_diagnosed(
    logs: Path, mechanisms: dict[str, str], diagnosed: Callable[..., Ranking]
) -> None:
    """An empty log counts as a miss; a tie of everything would fail by its size."""
    assert len(mechanisms) == 50
    hits, small, sizes, missed = [], [], [], []
    for name, truth in mechanisms.items():
        try:
            tie = [c.mechanism for c in diagnosed(read_log(logs / f"{name}.log")).tie]
        except LogError:
            tie = []
        hits.append(truth in tie)
        small.append(truth in tie and (tie[0] == truth or len(tie) <= TIE_SMALL))
        sizes.append(len(tie))
        if truth not in tie:
            missed.append(f"{name} ({truth}): {tie}")
    print(rates("measured", hits, small, sizes))  # noqa: T201  the figures of the document
    assert share(hits) >= HITS_MIN, missed
    assert sum(sizes) / len(sizes) <= TIE_MEAN_MAX
    assert share(small) >= TIE_SMALL_MIN


def held_out(
    cases: list[tuple[str, dict[str, Any]]],
    simulate: Callable[..., str],
    diagnosed: Callable[..., Ranking],
) -> list[str]:
    hits, small, sizes, missed = [], [], [], []
    for number, (truth, settings) in enumerate(cases):
        ranking = diagnosed(simulate(settings, 700_001 + number))
        tie = [candidate.mechanism for candidate in ranking.tie]
        hits.append(truth in tie)
        small.append(truth in tie and (tie[0] == truth or len(tie) <= TIE_SMALL))
        sizes.append(len(tie))
        if truth not in tie:
            missed.append(f"{number} ({truth}): {tie}")
    print(rates("simulated", hits, small, sizes))  # noqa: T201  the figures of the document
    return missed


def test_simulated_logs_from_outside_the_library_are_diagnosed(
    simulate: Callable[..., str], diagnosed: Callable[..., Ranking]
) -> None:
    missed = held_out(FEW, simulate, diagnosed)
    assert len(missed) <= (1 - HITS_MIN) * len(FEW), missed


@pytest.mark.slow
def test_more_simulated_logs_from_outside_the_library_are_diagnosed(
    simulate: Callable[..., str], diagnosed: Callable[..., Ranking]
) -> None:
    missed = held_out(MORE, simulate, diagnosed)
    assert len(missed) <= (1 - HITS_MIN) * len(MORE), missed


def test_the_first_excerpt_has_both_causes(
    diagnosed: Callable[..., Ranking], accepted_closed_error: str
) -> None:
    ranking = diagnosed(accepted_closed_error)
    tie = {candidate.mechanism for candidate in ranking.tie}
    assert ranking.is_part
    assert tie >= {"strictmode", "reload_navigation", "remount_after_open"}
    assert "slow_handshake_over_10s" in tie
    assert not tie & {"baseline", "blocking_event_loop", "current_stack"}


def test_the_second_excerpt_excludes_pages_that_connect_once(
    diagnosed: Callable[..., Ranking], duplicates: str
) -> None:
    ranking = diagnosed(duplicates)
    tie = {candidate.mechanism for candidate in ranking.tie}
    assert ranking.accepts_only
    assert "strictmode" in tie
    assert not tie & {"baseline", "blocking_event_loop"}


def test_one_odd_line_does_not_change_the_diagnosis(
    logs: Path, diagnosed: Callable[..., Ranking]
) -> None:
    text = (logs / "bound_block_11000.log").read_text("utf-8")
    odd = text.replace("[accepted]\n", "[accepted]\nINFO:     connection closed\n", 1)
    assert [c.mechanism for c in diagnosed(odd).tie] == ["slow_handshake_over_10s"]


def test_shares_sum_to_one_and_ties_are_within_the_stated_ratio(
    logs: Path, diagnosed: Callable[..., Ranking]
) -> None:
    ranking = diagnosed((logs / "strict_before_500.log").read_text("utf-8"))
    assert sum(c.share for c in ranking.candidates) == pytest.approx(1.0)
    assert all(c in ranking.tie for c in ranking.candidates if c.ratio <= TIE_RATIO)
    assert all(c.ratio <= TIE_RATIO or c.error > 0 for c in ranking.tie)
    assert ranking.candidates[0].odd_lines == []
    assert ranking.explained == 1.0
