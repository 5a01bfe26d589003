"""The eight endpoints, in the order in which the page connects them, and the proposed stagger.

Source: the analysis, "Current Architecture" and "Improvement 3"; the order is that of the measured
page. The analysis counts nine server endpoints; the ninth has no client and is left out.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Endpoint:
    """One WebSocket endpoint: URL path, staggered delay, and the watcher that feeds it."""

    name: str
    stagger_ms: int
    watcher_s: float | None  # interval of the background watcher; None: nothing is broadcast

    @property
    def path(self) -> str:
        """The URL's path."""
        return f"/api/v1/ws/{self.name}"


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("queue", 100, 2),
    Endpoint("adw-monitor", 200, None),
    Endpoint("system-status", 500, None),
    Endpoint("workflows", 0, 10),
    Endpoint("routes", 300, 10),
    Endpoint("workflow-history", 400, 10),
    Endpoint("planned-features", 600, 30),
    Endpoint("webhook-status", 700, None),
)
NAMES: tuple[str, ...] = tuple(endpoint.name for endpoint in ENDPOINTS)
PATTERN_SYNC_S = 3600.0  # the sixth watcher; it broadcasts to nobody
