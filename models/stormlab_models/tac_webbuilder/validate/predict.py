"""Simulate a measured condition: every figure of the schema, from replications of the model.

A replication is what was measured once: one page load, one run of several tabs, or one run of bare
clients. Figures go by the schema's own names. Per-client figures are listed per tab or load,
per-run figures once per replication.
"""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from stormlab.clock import NS_PER_MS, NS_PER_S, to_ns
from stormlab.metrics import (
    ClientView,
    client_views,
    close_key,
    handshakes_in_flight_max,
    peak_per_bin,
    pick,
    server_view,
    window,
)
from stormlab.model import run
from stormlab.trace import Trace
from stormlab.vocabulary import Event
from stormlab_models.tac_webbuilder.validate.schema import Condition
from stormlab_models.tac_webbuilder.validate.translate import outage_s, to_scenario

LINE_NAMES = {
    "accepted": "accepted",
    "connection open": "connection_open",
    "connection closed": "connection_closed",
    "error on send": "error",
    "error on receive": "error",
    "ready timeout": "ready_timeout",
    "asgi exception": "asgi_exception",
}
RUNS_LEAST = 5
LOADS_PER_RUN = 12  # a run of many tabs takes about as long as so many loads
STEP_AFTER_S = 8.9  # the schema: after each edit, 9 s later, and before the next
LOOK_S = 2.0


@dataclass
class Prediction:
    """All replications of one condition.

    ``per_client``: figure -> one value per tab or load; ``per_run``: figure -> one value per
    replication; ``codes``: figure -> one counter per replication; ``times_ms``: figure -> values
    over all replications.
    """

    replications: int = 0
    per_client: dict[str, list[float]] = field(default_factory=dict)
    per_run: dict[str, list[float]] = field(default_factory=dict)
    codes: dict[str, list[Counter[str]]] = field(default_factory=dict)
    times_ms: dict[str, list[float]] = field(default_factory=dict)
    retries: list[list[tuple[float, bool]]] = field(default_factory=list)  # by retry number
    steps: list[list[dict[str, object]]] = field(default_factory=list)

    def client(self, name: str, value: float) -> None:
        """Add a value of one tab or load."""
        self.per_client.setdefault(name, []).append(value)

    def run(self, name: str, value: float) -> None:
        """Add a value of one replication."""
        self.per_run.setdefault(name, []).append(value)

    def code(self, name: str, value: Counter[str]) -> None:
        """Add a replication's counts by key."""
        self.codes.setdefault(name, []).append(value)

    def time(self, name: str, value_ms: float) -> None:
        """Add a time."""
        self.times_ms.setdefault(name, []).append(value_ms)


def replications_for(condition: Condition, least: int) -> int:
    """As many replications as the condition has loads, or ``least``; runs of tabs are larger."""
    if condition.n_unit == "loads":
        return max(condition.n, least)
    if condition.n_unit == "runs":
        return max(condition.n, RUNS_LEAST)
    return max(RUNS_LEAST, least // LOADS_PER_RUN) if condition.n_unit == "tabs" else 1


def predict(condition: Condition, *, least: int, seed: int) -> Prediction:
    """Simulate ``condition`` often enough; ``seed`` numbers the first replication."""
    scenario = to_scenario(condition)
    prediction = Prediction()
    for number in range(replications_for(condition, least)):
        trace = run(scenario, seed + number)
        prediction.replications += 1
        _Reader(condition, trace, prediction).read()
    return prediction


class _Reader:
    """Takes the figures of one replication out of its trace."""

    def __init__(self, condition: Condition, trace: Trace, into: Prediction) -> None:
        self.condition = condition
        self.trace = trace
        self.into = into
        self.view = window(trace)
        self.bare = condition.browser.name == "none"
        self.raw = condition.page is not None and condition.page.hook == "raw_sockets"

    def read(self) -> None:
        endpoints = 0 if self.bare or self.raw else len(self.trace.endpoints)
        clients = client_views(self.trace, self.view.page_rows, endpoints)
        self._server()
        self._tab_close()
        if self.bare:
            self._bare_clients()
        elif self.raw:
            self._raw_sockets()
        else:
            self._pages(clients)
        if self.condition.outage is not None:
            self._outage()
        if any(action.do.startswith("edit") for action in self.condition.actions):
            self._steps()

    # pages --------------------------------------------------------------------------------------

    def _pages(self, clients: list[ClientView]) -> None:
        into = self.into
        codes: Counter[str] = Counter()
        for client in clients:
            into.client("attempts_per_load", client.attempts)
            into.client("opened_per_load", client.opened)
            into.client("live_at_end", client.live)
            into.client("duplicate_endpoints", client.duplicate_endpoints)
            into.client("attempts_before_reload", client.attempts_before)
            into.client("opened_before_reload", client.opened_before)
            into.client("given_up_per_tab", self._given_up(client))
            into.client("breakers_opened_per_tab", client.breakers_opened)
            into.client("attempts_per_endpoint_max", client.attempts_per_endpoint_max)
            into.client("loads_with_all_data", float(client.got_all_data))
            if client.time_to_data_s is not None:
                into.time("last_first_message_ms", client.time_to_data_s * 1e3)
            codes += client.close_codes
        into.code("page_close_codes", codes)
        self._bytes()

    def _given_up(self, client: ClientView) -> int:
        """Endpoints that reached the limit of failures (schema: ten)."""
        rows = self.view.page_rows
        mine = rows[rows["client"] == client.client]
        stopped = pick(mine, Event.GAVE_UP, Event.BREAKER_OPENED)
        return len(np.unique(stopped["endpoint"]))

    def _bytes(self) -> None:
        rows = self.view.rows
        for name, event, column in (
            ("bytes_request_header_without_query", Event.REQUEST, "up"),
            ("bytes_response_header", Event.RESPONSE, "down"),
            ("bytes_after_header_down", Event.SERVER_FRAME, "down"),
        ):
            sizes = pick(rows, event)[column]
            if len(sizes):
                self.into.run(name, float(np.median(sizes)))

    # the server ---------------------------------------------------------------------------------

    def _server(self) -> None:
        into, rows = self.into, self.view.rows
        server = server_view(self.trace, rows)
        into.run("server_accepted", server.accepted)
        into.run("server_accept_failures", server.accept_failures)
        into.run("server_sent_initial", server.sent_initial)
        into.run("server_exceptions", server.exceptions)
        into.run("server_ready_timeouts", server.ready_timeouts)
        into.code("server_disconnect_codes", server.disconnect_codes)
        into.code("server_exception_codes", server.exception_codes)
        lines: Counter[str] = Counter()
        for line, count in server.log_lines.items():
            lines[LINE_NAMES[line]] += count
        into.code("log_line_counts", lines)
        into.code("log_orders", server.log_orders)
        active = self._active_sockets()
        if len(active):
            into.run("server_active_sockets_min", float(active.min()))
            into.run("server_active_sockets_max", float(active.max()))
            into.run("server_active_sockets_mean", float(active.mean()))

    def _active_sockets(self) -> NDArray[np.int64]:
        """Handlers alive at looks every 2 s in the window."""
        rows = self.view.rows
        looks = np.arange(self.view.start_ns + to_ns(LOOK_S), self.view.end_ns + 1, to_ns(LOOK_S))
        started = pick(rows, Event.ACCEPTED)["time_ns"]
        ended = self._ended_ns(rows)
        alive = np.searchsorted(started, looks, "right") - np.searchsorted(ended, looks, "right")
        return np.asarray(alive, dtype=np.int64)

    def _ended_ns(self, rows: NDArray[np.void]) -> NDArray[np.int64]:
        accepted = set(pick(rows, Event.ACCEPTED)["conn"].tolist())
        ended = pick(rows, Event.ENDED)
        keep = np.array([conn in accepted for conn in ended["conn"].tolist()], dtype=bool)
        return np.asarray(ended["time_ns"][keep], dtype=np.int64)

    def _tab_close(self) -> None:
        """Codes the server saw when the tabs were closed, after the window."""
        rows = self.trace.rows[len(self.view.rows) :]
        codes = Counter(str(code) for code in pick(rows, Event.DISCONNECT)["code"].tolist())
        self.into.code("codes_on_tab_close", codes)

    # bare clients and bare pages ----------------------------------------------------------------

    def _bare_clients(self) -> None:
        into, rows = self.into, self.trace.rows
        new, messages = pick(rows, Event.NEW), pick(rows, Event.MESSAGE)
        ok = len(messages)
        into.run("attempts_per_run", len(new))
        into.run("client_ok_per_run", ok)
        into.run("client_failures", len(new) - ok)
        into.run("client_success_percent", 100 * ok / len(new) if len(new) else 0.0)
        if not ok:
            return
        start_ns = int(new["time_ns"].min())
        span_ms = (int(messages["time_ns"].max()) - start_ns) / NS_PER_MS
        into.time("all_established_ms", span_ms)
        into.time("run_ms", (self._last_outcome_ns() - start_ns) / NS_PER_MS)
        begun = {(int(r["client"]), int(r["socket"])): int(r["time_ns"]) for r in new}
        opened = pick(rows, Event.OPEN)
        for row in opened:
            key = int(row["client"]), int(row["socket"])
            into.time("handshake_ms", (int(row["time_ns"]) - begun[key]) / NS_PER_MS)
        for row in messages:
            key = int(row["client"]), int(row["socket"])
            into.time("first_message_ms", (int(row["time_ns"]) - begun[key]) / NS_PER_MS)
        into.time("handshakes_per_s", len(opened) / (span_ms / 1e3))

    def _last_outcome_ns(self) -> int:
        """When the last bare socket had its first message or had failed."""
        outcome: dict[tuple[int, int], int] = {}
        for row in pick(self.trace.rows, Event.MESSAGE, Event.CLOSE):
            key = int(row["client"]), int(row["socket"])
            outcome.setdefault(key, int(row["time_ns"]))
        return max(outcome.values())

    def _raw_sockets(self) -> None:
        into, rows = self.into, self.view.rows
        requests = pick(rows, Event.REQUEST)
        into.run("handshakes", len(requests))
        into.run("handshakes_parallel_max", handshakes_in_flight_max(rows))
        page = self.view.page_rows
        new, opened, closed = (pick(page, e) for e in (Event.NEW, Event.OPEN, Event.CLOSE))
        gone = len(closed)
        into.run("closed_at_end", gone)
        live = np.setdiff1d(opened["socket"], closed["socket"])
        into.run("open_at_end", len(live))
        into.run("connecting_at_end", len(new) - gone - len(live))
        accepted = pick(rows, Event.ACCEPTED)
        if len(requests) and len(accepted):
            span_ns = int(accepted["time_ns"].max()) - int(requests["time_ns"].min())
            into.time("handshakes_span_ms", span_ns / NS_PER_MS)
        self._last_batch(new, opened)

    def _last_batch(self, new: NDArray[np.void], opened: NDArray[np.void]) -> None:
        opens = [a.sockets for a in self.condition.actions if a.do == "open_sockets"]
        if not opens or not opens[-1] or len(new) < opens[-1]:
            return
        last = new[-opens[-1] :]
        times = opened[np.isin(opened["socket"], last["socket"])]["time_ns"]
        if len(times):
            start_ns = int(last[0]["time_ns"])
            first_ms = (int(times.min()) - start_ns) / NS_PER_MS
            last_ms = (int(times.max()) - start_ns) / NS_PER_MS
            self.into.time("first_open_of_last_batch_ms", first_ms)
            self.into.time("last_open_of_last_batch_ms", last_ms)

    # outages ------------------------------------------------------------------------------------

    def _outage(self) -> None:
        span = outage_s(self.condition)
        if span is None:
            return
        down_ns, up_ns = to_ns(span[0]), to_ns(span[1])
        into, rows = self.into, self.view.page_rows
        new, opened = pick(rows, Event.NEW), pick(rows, Event.OPEN)
        after = new[new["time_ns"] >= down_ns]
        absent = self.condition.outage is not None and self.condition.outage.how == "absent"
        into.run("attempts_after_kill", len(after))
        into.run("opened_after_kill", int((opened["time_ns"] >= down_ns).sum()))
        into.run("attempts_after_up", int((new["time_ns"] >= up_ns).sum()))
        late = opened[opened["time_ns"] >= up_ns]
        keys = set(zip(late["client"].tolist(), late["endpoint"].tolist(), strict=True))
        into.run("recovered_sockets", len(keys))
        if len(late):
            last_ms = (int(late["time_ns"].max()) - up_ns) / NS_PER_MS
            into.time("last_open_after_up_ms", last_ms)
        if absent:
            self._attempts_without_server(new)
            return
        self._retries(after, opened, down_ns)
        into.time("peak_attempts_per_100ms", peak_per_bin(after["time_ns"], NS_PER_S // 10))
        self._refusals(after)

    def _attempts_without_server(self, new: NDArray[np.void]) -> None:
        """When the last attempt to the first endpoint was made, in each tab."""
        for client in np.unique(new["client"]):
            mine = new[(new["client"] == client) & (new["endpoint"] == 0)]["time_ns"]
            span_ms = (int(mine.max()) - int(mine.min())) / NS_PER_MS
            self.into.time("last_attempt_ms", span_ms)

    def _retries(self, after: NDArray[np.void], opened: NDArray[np.void], down_ns: int) -> None:
        per_socket: dict[tuple[int, int], list[tuple[float, bool]]] = {}
        opened_keys = set(zip(opened["client"].tolist(), opened["socket"].tolist(), strict=True))
        for row in after:
            key = int(row["client"]), int(row["endpoint"])
            time_ms = (int(row["time_ns"]) - down_ns) / NS_PER_MS
            ok = (int(row["client"]), int(row["socket"])) in opened_keys
            per_socket.setdefault(key, []).append((time_ms, ok))
        for attempts in per_socket.values():
            self.into.client("attempts_per_socket_after_kill", len(attempts))
            self.into.time("first_retry_ms", attempts[0][0])
            for number, attempt in enumerate(attempts):
                while len(self.into.retries) <= number:
                    self.into.retries.append([])
                self.into.retries[number].append(attempt)

    def _refusals(self, after: NDArray[np.void]) -> None:
        rows = self.view.page_rows
        begun = {(int(r["client"]), int(r["socket"])): int(r["time_ns"]) for r in after}
        for row in pick(rows, Event.CLOSE):
            key = int(row["client"]), int(row["socket"])
            if key in begun and self.trace.text(row) == "passive":
                self.into.time("refusal_ms", (int(row["time_ns"]) - begun[key]) / NS_PER_MS)

    # edits under a dev server -------------------------------------------------------------------

    def _steps(self) -> None:
        rows = self.trace.rows
        acted = pick(rows, Event.ACTION)["time_ns"]
        times = sorted(set(acted.tolist()))
        marks = [("start", times[0] - 1)] if times else []
        marks += [(f"edit{n + 1}", t + to_ns(STEP_AFTER_S)) for n, t in enumerate(times)]
        self.into.steps.append([self._step(name, at_ns) for name, at_ns in marks])

    def _step(self, name: str, at_ns: int) -> dict[str, object]:
        rows = self.trace.rows[self.trace.rows["time_ns"] <= at_ns]
        started, ended = pick(rows, Event.ACCEPTED)["conn"], pick(rows, Event.ENDED)["conn"]
        active = len(np.setdiff1d(started, ended))
        clients = client_views(self.trace, rows, 0)
        ready = pick(rows, Event.READY)
        mounts = pick(rows, Event.MOUNT)
        since = {int(r["client"]): int(r["time_ns"]) for r in ready}
        runs = Counter(
            int(r["client"]) for r in mounts if int(r["time_ns"]) >= since[int(r["client"])]
        )
        loads = Counter(ready["client"].tolist())
        closes = Counter(
            close_key(self.trace, row).split("/")[0]
            for client in clients
            for row in pick(rows, Event.CLOSE)
            if int(row["client"]) == client.client
        )
        by = _by_value
        return {
            "after": name,
            "server_active_sockets": active,
            "tabs_by_effect_runs": by([runs[c.client] for c in clients]),
            "tabs_by_live_sockets": by([c.live for c in clients]),
            "tabs_by_reloads": by([loads[c.client] - 1 for c in clients]),
            "page_close_codes": dict(closes),
        }


def _by_value(values: list[int]) -> dict[str, int]:
    return {str(value): count for value, count in sorted(Counter(values).items())}
