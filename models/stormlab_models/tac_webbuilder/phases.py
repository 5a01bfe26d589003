"""The migration plan's five phases, as cumulative presets, as written and repaired.

==== ============================ ==============================================================
no.  goal                         as written
==== ============================ ==============================================================
0    as found
1    stop code 1006               client_ready; the server waits for it
2    prevent idle drops           pings every 30 s, pongs, latency
3    reduce storms                stagger, breaker (try/catch, and the stop after ten attempts)
4    improve performance          HTTP then WebSocket, comparison before updates, the manager
5    visibility                   metrics and alerts: nothing changes in page and server, but the
                                  rules of :mod:`stormlab_models.tac_webbuilder.monitoring` have
                                  their data
==== ============================ ==============================================================

Source: the analysis, "Migration Plan"; the written code is that of "Specific Code Changes", and of
"Recommended Architecture Improvements" where there is no such change.
"""

from dataclasses import dataclass

from stormlab_models.tac_webbuilder.changes import AS_FOUND, Setting, Settings, change


@dataclass(frozen=True)
class Phase:
    """One phase: what it adds to the phases before it, by name of the change."""

    number: int
    title: str
    goal: str
    changes: tuple[str, ...]
    expected: str  # the plan's own words


PHASES: tuple[Phase, ...] = (
    Phase(0, "As found", "", (), ""),
    Phase(
        1,
        "Critical Fixes",
        "Stop code 1006 disconnections",
        ("client-change-1", "server-change-1"),
        "10% -> 90% connection success rate",
    ),
    Phase(
        2,
        "Keep-Alive",
        "Prevent idle connection drops",
        ("client-change-2",),
        "Connections stay open indefinitely, latency visible to users",
    ),
    Phase(
        3,
        "Connection Management",
        "Reduce connection storms",
        ("client-change-4", "improvement-4", "client-change-3"),
        "80% reduction in connection attempts, better UX",
    ),
    Phase(
        4,
        "Optimization",
        "Improve performance and efficiency",
        ("improvement-6", "improvement-5"),
        "Faster initial load, fewer re-renders",
    ),
    Phase(
        5,
        "Monitoring & Alerting",
        "Visibility into production issues",
        (),
        "Proactive issue detection",
    ),
)


def phase(number: int, *, repaired: bool = False) -> Settings:
    """The settings of the application after phase ``number`` (0: as found to 5).

    Raises:
        ValueError: if there is no such phase.
    """
    if not 0 <= number < len(PHASES):
        msg = f"phase {number}: allowed: 0 (as found) to {len(PHASES) - 1}"
        raise ValueError(msg)
    merged: dict[str, Setting] = dict(AS_FOUND)
    for step in PHASES[: number + 1]:
        for name in step.changes:
            entry = change(name)
            merged.update(entry.repaired if repaired else entry.as_written)
        if step.title == "Optimization":
            merged["page.diff_check"] = True  # "State diff checking before updates", MEDIUM #6
    return merged


def monitored(number: int) -> bool:
    """Whether metrics and alert rules exist after phase ``number``."""
    return number >= len(PHASES) - 1
