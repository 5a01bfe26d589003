"""The fifth phase: alert rules as data, and the time from a fault to its first alert.

A rule holds a metric (:mod:`stormlab_models.tac_webbuilder.scrapes`) against a threshold at every
scrape; when it was broken at each scrape of ``for_s``, it alerts, as a Prometheus rule does. What
can be alerted on depends on the data there is: none as found, the server's metrics, the pages', or
both. Without any, somebody has to see that a page shows "disconnected", or that its data is old.

Source: the analysis, Migration Plan, Phase 5, which names metrics, dashboard and alerts and states
no rule; the rules here are ours. Thresholds are such that an undisturbed run raises none.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from stormlab.clock import to_ns, to_s
from stormlab.metrics import pick
from stormlab.model import load_scenario, run
from stormlab.trace import Trace
from stormlab.vocabulary import Event
from stormlab_models.tac_webbuilder.changes import Settings, settings
from stormlab_models.tac_webbuilder.figures import page_rows
from stormlab_models.tac_webbuilder.scrapes import METRICS, Scrapes, Side

SCRAPE_S = 15.0


@dataclass(frozen=True)
class Rule:
    """Alert when ``metric``, over a sliding window, is broken at every scrape of ``for_s``."""

    name: str
    metric: str
    breaks: Literal["below", "above"]
    threshold: float
    window_s: float
    for_s: float

    @property
    def side(self) -> Side:
        """Whose data it needs."""
        return METRICS[self.metric][0]

    def broken(self, value: float | None) -> bool:
        """Whether this value breaks the rule; no data does not."""
        if value is None:
            return False
        return value < self.threshold if self.breaks == "below" else value > self.threshold


RULES: tuple[Rule, ...] = (
    Rule("sockets missing", "live_percent", "below", 80, 15, 30),
    Rule("page success low", "page_success_percent", "below", 90, 60, 30),
    Rule("reconnection storm", "retries_per_min", "above", 2, 60, 0),
    Rule("connections drop", "disconnects_percent", "above", 20, 300, 0),
    Rule("first message late", "waiting_percent", "above", 10, 15, 15),
    Rule("round trip slow", "round_trip_ms_p90", "above", 1000, 60, 0),
    Rule("sockets silent", "silent_percent", "above", 20, 45, 0),
    Rule("server down", "up", "below", 1, 15, 15),
    Rule("server success low", "server_success_percent", "below", 90, 60, 30),
    Rule("connections missing", "connections_percent", "below", 80, 600, 30),
    Rule("connections lost", "connections_lost", "above", 50, 300, 0),
    Rule("pongs missing", "ping_timeouts", "above", 0, 60, 0),
)


@dataclass(frozen=True)
class Alert:
    """A rule that fired, and when."""

    rule: Rule
    time_s: float


def alerts(
    trace: Trace,
    *,
    rules: Sequence[Rule] = RULES,
    data: Collection[Side] = ("client", "server"),
    scrape_s: float = SCRAPE_S,
) -> list[Alert]:
    """Every alert of a run in order of time; a rule fires again after it was kept for a scrape."""
    scrapes = Scrapes(trace)
    step_ns = to_ns(scrape_s)
    fired: list[Alert] = []
    for rule in rules:
        if rule.side not in data:
            continue
        since_ns: int | None = None
        firing = False
        for time_ns in range(step_ns, scrapes.end_ns + 1, step_ns):
            if not rule.broken(scrapes.value(rule.metric, time_ns, to_ns(rule.window_s))):
                since_ns, firing = None, False
                continue
            since_ns = time_ns if since_ns is None else since_ns
            if not firing and time_ns - since_ns >= to_ns(rule.for_s):
                firing = True
                fired.append(Alert(rule, to_s(time_ns)))
    return sorted(fired, key=lambda alert: (alert.time_s, RULES_ORDER.get(alert.rule.name, 0)))


RULES_ORDER = {rule.name: index for index, rule in enumerate(RULES)}


# from fault to alert ----------------------------------------------------------------------------


@dataclass(frozen=True)
class FaultKind:
    """A kind of fault as settings over the scenario ``monitored``, and when it begins."""

    name: str
    settings: Settings
    begins_s: float
    faults: str = "[]"  # TOML


_AT_S = 307.0  # between two scrapes


def _fault(verb: str, for_s: float) -> str:
    return f'[{{do = "{verb}", at_s = {_AT_S}, for_s = {for_s}}}]'


FAULT_KINDS: tuple[FaultKind, ...] = (
    FaultKind("none", {}, 0.0),
    FaultKind("crash", {}, _AT_S, _fault("crash", 120)),
    FaultKind("stop", {}, _AT_S, _fault("stop", 120)),
    FaultKind("cut (half-open)", {}, _AT_S, _fault("cut", 120)),
    FaultKind("blocked loop", {}, _AT_S, _fault("block", 45)),
    FaultKind("idle proxy", {"network.idle_cut_s": 10, "server.ping_interval_s": "off"}, 0.0),
    FaultKind(
        "slow handshake",
        {"server.initial_data_s": 1.5, "server.initial_data_kind": "block"},
        0.0,
    ),
)


@dataclass(frozen=True)
class Detection:
    """How a fault was noticed, in seconds from its beginning; None: not within the run."""

    fault: str
    page_shows_s: float | None  # the first page shows "disconnected"
    by_server_s: float | None  # first alert on the server's data alone
    by_client_s: float | None  # first alert on the pages' data alone
    by_both_s: float | None
    first_rule: str | None
    early: tuple[str, ...]  # rules that fired before the fault: false alarms

    @property
    def figures(self) -> dict[str, float | int | str | None]:
        """The same by name with unit, as every figure of a run (:mod:`stormlab.openmetrics`)."""
        return {
            "fault": self.fault,
            "time_to_page_shows_s": self.page_shows_s,
            "time_to_alert_by_server_s": self.by_server_s,
            "time_to_alert_by_client_s": self.by_client_s,
            "time_to_alert_s": self.by_both_s,
            "first_rule": self.first_rule,
            "false_alarms": len(self.early),
        }


def detect(trace: Trace, kind: FaultKind, *, scrape_s: float = SCRAPE_S) -> Detection:
    """Time from the beginning of the fault to the first alert, by the data there is."""
    found = alerts(trace, scrape_s=scrape_s)
    after = [alert for alert in found if alert.time_s >= kind.begins_s]

    def first_s(side: Side | None) -> float | None:
        times = [a.time_s - kind.begins_s for a in after if side in {None, a.rule.side}]
        return min(times, default=None)

    return Detection(
        fault=kind.name,
        page_shows_s=_page_shows_s(trace, kind.begins_s),
        by_server_s=first_s("server"),
        by_client_s=first_s("client"),
        by_both_s=first_s(None),
        first_rule=after[0].rule.name if after else None,
        early=tuple(a.rule.name for a in found if a.time_s < kind.begins_s),
    )


def _page_shows_s(trace: Trace, begins_s: float) -> float | None:
    for row in pick(page_rows(trace), Event.QUALITY):
        time_s = to_s(int(row["time_ns"]))
        if time_s >= begins_s and trace.text(row) == "disconnected":
            return time_s - begins_s
    return None


def run_fault(kind: FaultKind, application: Settings, *, seed: int = 0) -> Trace:
    """Run the scenario ``monitored`` with this fault and this state of the application."""
    chosen = settings(application, kind.settings)
    return run(load_scenario("monitored", (*chosen, f"faults={kind.faults}")), seed)
