"""The ten problems of the analysis: a scenario that shows each, one that shows it gone, a figure.

``shows`` and ``gone`` name built-in scenarios; they differ in the page's or the server's code, and
the world around them (faults, proxy, traffic) is the same. The figure decides: a problem is gone
when the figure does not go over ``limit`` (or, where more is better, does not stay under it). A
figure that is None is no answer, and counts as the problem.

Source: the analysis, "Critical Issues Identified"; titles are quoted from there. What was measured
differs from some of them: see ``seen``.
"""

from dataclasses import dataclass
from typing import Literal

from stormlab.trace import Trace
from stormlab_models.tac_webbuilder.figures import FIGURES


@dataclass(frozen=True)
class Problem:
    """One problem; ``figure`` is a key of :data:`FIGURES`, ``also`` are figures to read with it."""

    number: int
    title: str
    section: str
    figure: str
    better: Literal["lower", "higher"]
    limit: float
    seen: str
    also: tuple[str, ...] = ()

    @property
    def shows(self) -> str:
        """Name of the scenario that shows the problem."""
        return f"problem-{self.number:02}-shows"

    @property
    def gone(self) -> str:
        """Name of the scenario in which the problem is gone."""
        return f"problem-{self.number:02}-gone"

    def value(self, trace: Trace) -> float | None:
        """The problem's figure of a run."""
        value: float | None = FIGURES[self.figure].of(trace)
        return value

    def is_gone(self, trace: Trace) -> bool:
        """Whether the figure of this run keeps the limit."""
        value = self.value(trace)
        if value is None:
            return False
        return value <= self.limit if self.better == "lower" else value >= self.limit


PROBLEMS: tuple[Problem, ...] = (
    Problem(
        1,
        "Client Disconnects Before Message Loop Starts",
        "CRITICAL #1",
        "closes_1006_percent",
        "lower",
        0,
        "The page itself closes a third of its sockets while they connect (StrictMode).",
        ("lost_by_server_percent", "open_without_data"),
    ),
    Problem(
        2,
        "No Client-Side Ping/Pong Keep-Alive",
        "CRITICAL #2",
        "idle_cuts_per_h",
        "lower",
        0,
        "Only where something on the path cuts idle connections, and the server does not ping.",
        ("unexpected_disconnects_per_h",),
    ),
    Problem(
        3,
        "Connection Storm on Mount",
        "CRITICAL #3",
        "attempts_per_100ms_peak",
        "lower",
        10,
        "Eight attempts per page and turn, not 80; one handshake at a time on the wire. The storm"
        " is many pages that retry in the same instant.",
        ("connecting_max", "handshakes_on_wire_max"),
    ),
    Problem(
        4,
        "Aggressive Reconnection Without Circuit Breaker",
        "HIGH #4",
        "silent_endpoints",
        "lower",
        0,
        "Not endless but the opposite: nine retries in 180 s, then silence for good.",
        ("attempts_per_endpoint_per_min_peak",),
    ),
    Problem(
        5,
        "Race Condition Between HTTP Fallback and WebSocket",
        "HIGH #5",
        "duplicate_loads",
        "lower",
        0,
        "The order of the two does not matter: the server sends the data on every socket.",
        ("renders_per_h",),
    ),
    Problem(
        6,
        "Inefficient State Updates and Re-renders",
        "MEDIUM #6",
        "renders_per_identical_message",
        "lower",
        0,
        "The server compares before it broadcasts; identical data comes with reconnections.",
        ("renders_per_h", "identical_messages"),
    ),
    Problem(
        7,
        "Missing Error Details and Debugging Information",
        "MEDIUM #7",
        "error_fields_min",
        "higher",
        5,
        "As written.",
    ),
    Problem(
        8,
        "No WebSocket Health Monitoring",
        "MEDIUM #8",
        "time_to_notice_s",
        "lower",
        10,
        "As written; pings alone do not notice a dead connection, a deadline for the pong does.",
        ("quality_wrong_percent", "round_trip_ms_median"),
    ),
    Problem(
        9,
        "Hardcoded Configuration Values",
        "LOW #9",
        "unexpected_disconnects_per_h",
        "lower",
        0,
        "One table is not enough: the values have to agree with each other and with the path.",
        ("idle_cuts_per_h",),
    ),
    Problem(
        10,
        "Memory Leaks in Reconnection Timeouts",
        "LOW #10",
        "retry_timers_after_unmount",
        "lower",
        0,
        "The timers that stay make new sockets: the page comes back after it was taken out.",
        ("retry_timers_per_endpoint_max", "sockets_after_unmount"),
    ),
)


def problem(number: int) -> Problem:
    """The problem of this number.

    Raises:
        ValueError: if there is none.
    """
    if not 1 <= number <= len(PROBLEMS):
        msg = f"problem {number}: allowed: 1 to {len(PROBLEMS)}"
        raise ValueError(msg)
    return PROBLEMS[number - 1]
