"""Figures of the page: attempts, retries, sockets alive, duplicates, timers, breakers."""

import math
from collections import Counter
from itertools import pairwise

import numpy as np

from stormlab.clock import NS_PER_S, to_s
from stormlab.metrics import pick
from stormlab.vocabulary import CAUSE_CODE, Cause, Event
from stormlab_models.tac_webbuilder.reproduce.figure import Figures, Value
from stormlab_models.tac_webbuilder.reproduce.reading import Reading

FIGURES = Figures()
SETTLED_NS = 60 * NS_PER_S
GIVEN_UP_NS = 300 * NS_PER_S
SOCKET_KB = 120  # legacy server, measured 95 to 140 KB per idle socket


@FIGURES.add("attempts per load")
def attempts(r: Reading) -> Value:
    """Constructors per page load."""
    return len(r.events(Event.NEW)) / r.pages


@FIGURES.add("attempts")
def attempts_at_mount(r: Reading) -> Value:
    """Constructors in the first tenth of a second of a page."""
    new = r.events(Event.NEW)["time_ns"]
    return int((new <= r.start_ns + NS_PER_S // 10).sum()) / r.pages


@FIGURES.add("endpoints")
def duplicate_endpoints(r: Reading) -> Value:
    """Endpoints with more than one open socket at the end, per page."""
    return sum(client.duplicate_endpoints for client in r.clients) / r.pages


@FIGURES.add("sockets")
def live_sockets(r: Reading) -> Value:
    """Sockets open in the page at the end, per page."""
    return len(r.live) / r.pages


@FIGURES.add("endpoints")
def endpoints_open(r: Reading) -> Value:
    """Endpoints with an open socket at the end, per page."""
    return len({(key[0], r.endpoint_of.get(key, -1)) for key in r.live}) / r.pages


@FIGURES.add("%", "share")
def closed_unasked(r: Reading) -> Value:
    """Open sockets that closed without close(), reload or a dead server, of those that opened."""
    opened = r.keys(Event.OPEN)
    causes = [Cause.KILLED, Cause.CLOSED_BY_PAGE, Cause.PAGE_GONE, Cause.ABORTED_CONNECTING]
    closes = r.events(Event.CLOSE)
    unasked = closes[~np.isin(closes["cause"], [CAUSE_CODE[cause] for cause in causes])]
    keys = set(r.first_ns(unasked)) & opened
    return len(keys), len(opened)


@FIGURES.add("closes per hour")
def unasked_closes_per_hour(r: Reading) -> Value:
    """Open sockets lost without the page's doing, per page and hour."""
    opened = r.keys(Event.OPEN)
    closes = r.events(Event.CLOSE)
    own = [Cause.CLOSED_BY_PAGE, Cause.PAGE_GONE, Cause.ABORTED_CONNECTING]
    lost = closes[~np.isin(closes["cause"], [CAUSE_CODE[cause] for cause in own])]
    hours = to_s(max(1, r.end_ns - r.start_ns)) / 3600
    return len(set(r.first_ns(lost)) & opened) / hours / r.pages


@FIGURES.add("closings per run")
def idle_closings(r: Reading) -> Value:
    """Connections that a proxy closed for being idle."""
    return len(pick(r.rows, Event.IDLE_CUT))


@FIGURES.add("attempts per minute")
def steady_attempts_per_minute(r: Reading) -> Value:
    """Attempts of a page per minute, from 10 s after its first socket on."""
    start_ns = r.start_ns + 10 * NS_PER_S
    minutes = to_s(r.end_ns - start_ns) / 60
    if minutes <= 0:
        return None
    return int((r.events(Event.NEW)["time_ns"] > start_ns).sum()) / minutes / r.pages


@FIGURES.add("frames and attempts per hour")
def wire_events_per_hour(r: Reading) -> Value:
    """Events on the wire per page and hour after the first 10 s: frames, attempts, closings."""
    start_ns = r.start_ns + 10 * NS_PER_S
    kinds = (Event.CLIENT_FRAME, Event.SERVER_FRAME, Event.CONNECT, Event.CLIENT_FIN)
    rows = pick(r.rows, *kinds)
    hours = to_s(r.end_ns - start_ns) / 3600
    if hours <= 0:
        return None
    late = (rows["time_ns"] > start_ns) & (rows["time_ns"] <= r.end_ns)
    return int(late.sum()) / hours / r.pages


@FIGURES.add("attempts per run")
def attempts_after_all_open(r: Reading) -> Value:
    """Attempts after the eighth endpoint had opened for the first time."""
    first: dict[int, int] = {}
    for row in r.events(Event.OPEN):
        first.setdefault(int(row["endpoint"]), int(row["time_ns"]))
    if len(first) < r.endpoints:
        return None
    return int((r.events(Event.NEW)["time_ns"] > max(first.values())).sum()) / r.pages


# retries ---------------------------------------------------------------------------------------


def _fault_ns(r: Reading) -> int:
    faults = pick(r.rows, Event.FAULT)["time_ns"]
    return int(faults[0]) if len(faults) else 0


@FIGURES.add("attempts per run")
def attempts_late_in_outage(r: Reading) -> Value:
    """Attempts of a page later than 240 s after its server went, to the end of the run."""
    if not len(pick(r.rows, Event.FAULT)):
        return None
    limit_ns = max(_fault_ns(r), r.start_ns) + 240 * NS_PER_S
    return int((r.events(Event.NEW)["time_ns"] > limit_ns).sum()) / r.pages


@FIGURES.add("retries per socket")
def retries_per_endpoint(r: Reading) -> Value:
    """Attempts after the first, per endpoint (the most), while the server is away."""
    if not len(pick(r.rows, Event.FAULT)):
        return None
    counts = Counter(r.events(Event.NEW)["endpoint"].tolist())
    return (max(counts.values(), default=0) / r.pages) - 1


def _delays_s(r: Reading) -> list[float]:
    """Retry delays of the first endpoint, in order."""
    timers = r.events(Event.TIMER_SET)
    return [to_s(int(v)) for v in timers["value_ns"][timers["endpoint"] == 0]]


@FIGURES.add("s")
def first_retry_delay_s(r: Reading) -> Value:
    """Delay from a lost connection to the first retry."""
    delays = _delays_s(r)
    return delays[0] if delays else None


@FIGURES.add("times")
def delay_ratio(r: Reading) -> Value:
    """Each of the first four retry delays against the one before, mean."""
    delays = _delays_s(r)[:4]
    if len(delays) < 4 or len(set(delays)) == 1:  # noqa: PLR2004  an outage has four or more
        return None
    return float(np.mean([b / a for a, b in pairwise(delays)]))


@FIGURES.add("s")
def delay_max_s(r: Reading) -> Value:
    """Longest retry delay."""
    return max(_delays_s(r), default=None)


@FIGURES.add("s")
def delay_growth_s(r: Reading) -> Value:
    """Last retry delay minus the first."""
    delays = _delays_s(r)
    return delays[-1] - delays[0] if len(delays) > 1 else None


@FIGURES.add("pages")
def failure_shown(r: Reading) -> Value:
    """Pages that reach a state that says they stopped trying."""
    ended = [row for row in r.events(Event.GAVE_UP) if r.text(row) != "silently"]
    shown = [*ended, *r.events(Event.BREAKER_OPENED)]
    if not len(r.events(Event.GAVE_UP, Event.BREAKER_OPENED)):
        return None
    return len({int(row["client"]) for row in shown}) / r.pages


@FIGURES.add("breakers")
def breakers_opened(r: Reading) -> Value:
    """Endpoints whose circuit breaker opened, per page."""
    return len({int(e) for e in r.events(Event.BREAKER_OPENED)["endpoint"]}) / r.pages


@FIGURES.add("attempts per run")
def attempts_after_breaker_time(r: Reading) -> Value:
    """Attempts later than 300 s after the last failure of an endpoint that gave up."""
    ended = r.events(Event.GAVE_UP, Event.BREAKER_OPENED)["time_ns"]
    if not len(ended):
        return None
    limit_ns = int(ended.max()) + GIVEN_UP_NS
    return int((r.events(Event.NEW)["time_ns"] >= limit_ns).sum()) / r.pages


@FIGURES.add("%", "share")
def open_after_retry_by_hand(r: Reading) -> Value:
    """Endpoints open 10 s after a retry by hand, of eight."""
    acts = r.with_text(pick(r.rows, Event.ACTION), "retry_by_hand")
    if not len(acts):
        return None
    at_ns = int(acts["time_ns"][0]) + 10 * NS_PER_S
    page = r.page[r.page["time_ns"] <= at_ns]
    opened, closed = r.first_ns(pick(page, Event.OPEN)), r.first_ns(pick(page, Event.CLOSE))
    live = {r.endpoint_of[key] for key in set(opened) - set(closed)}
    return len(live), r.endpoints


# timers, orphans -------------------------------------------------------------------------------


@FIGURES.add("timers")
def timers_pending_max(r: Reading) -> Value:
    """Most retry timers pending at a time for one endpoint."""
    pending: dict[tuple[int, int], int] = {}
    most = 0
    for row in r.events(Event.TIMER_SET, Event.TIMER_FIRED, Event.TIMER_CLEARED):
        endpoint = int(row["client"]), int(row["endpoint"])
        change = 1 if row["value_ns"] else -1
        pending[endpoint] = max(0, pending.get(endpoint, 0) + change)
        most = max(most, pending[endpoint])
    return most


@FIGURES.add("timers")
def timers_pending_at_end(r: Reading) -> Value:
    """Retry timers pending at the end of the run, per endpoint."""
    set_ = len(r.events(Event.TIMER_SET))
    done = len(r.events(Event.TIMER_FIRED, Event.TIMER_CLEARED))
    return (set_ - done) / r.endpoints / r.pages


@FIGURES.add("sockets")
def orphans(r: Reading) -> Value:
    """Open sockets beyond one per endpoint at the end, per page."""
    endpoints = {(key[0], r.endpoint_of.get(key, -1)) for key in r.live}
    return (len(r.live) - len(endpoints)) / r.pages


@FIGURES.add("MB")
def server_memory_growth_mb(r: Reading) -> Value:
    """Server memory of sockets beyond eight per page at the end, 120 KB each (measured)."""
    return (len(r.live) / r.pages - r.endpoints) * SOCKET_KB / 1000


@FIGURES.add("%", "share")
def pages_without_live_data(r: Reading) -> Value:
    """Pages that lack an open, served socket for some endpoint at the end."""
    served = r.live & r.keys(Event.MESSAGE)
    have = Counter(key[0] for key in {(k[0], r.endpoint_of[k]) for k in served})
    short = sum(have[client.client] < r.endpoints for client in r.clients)
    return short, r.pages


@FIGURES.add("percentage points")
def server_rate_error(r: Reading) -> Value:
    """Server-side success rate minus the share of endpoints with live data in a shown page."""
    if r.server.success_percent is None:
        return None
    served = r.live & r.keys(Event.MESSAGE)
    have = len({(key[0], r.endpoint_of[key]) for key in served})
    gone = len(pick(r.all_page, Event.GONE)) >= len(r.events(Event.READY))
    users = 100.0 if gone else 100 * have / (r.endpoints * r.pages)
    return r.server.success_percent - users


@FIGURES.add("%", "share")
def slow_opens(r: Reading) -> Value:
    """Sockets that needed more than 5 s to open, of those that opened."""
    slow = sum(opened - made > 5 for made, opened in r.opened_s.values())  # noqa: PLR2004  s
    return slow, len(r.opened_s)


@FIGURES.add("%", "share")
def silent_60s(r: Reading) -> Value:
    """Open sockets without any message for 60 s, of those open for 60 s or more."""
    last = r.last_ns(r.events(Event.MESSAGE))
    opened = r.first_ns(r.events(Event.OPEN))
    old = [key for key in r.live if r.end_ns - opened[key] >= SETTLED_NS]
    silent = sum(r.end_ns - last.get(key, opened[key]) >= SETTLED_NS for key in old)
    return silent, len(old)


@FIGURES.add("s", "median")
def excellent_after_death_s(r: Reading) -> Value:
    """For how long a page shows 'excellent' after its path or server died."""
    if not len(pick(r.rows, Event.FAULT)):
        return None
    fault_ns = _fault_ns(r)
    shown = r.events(Event.QUALITY)
    shown = shown[(shown["endpoint"] == 0) & (shown["time_ns"] > fault_ns)]
    other = [row for row in shown if r.text(row) != "excellent"]
    end_ns = int(other[0]["time_ns"]) if other else r.end_ns
    return to_s(end_ns - fault_ns) if len(r.opened_s) else None


@FIGURES.add("s", "median")
def notices_dead_path_s(r: Reading) -> Value:
    """From the death of path or server until the page shows anything but a live connection."""
    if not len(pick(r.rows, Event.FAULT)) or not len(r.opened_s):
        return None
    fault_ns = _fault_ns(r)
    shown = r.with_text(r.events(Event.QUALITY), "disconnected")
    late = shown["time_ns"][shown["time_ns"] > fault_ns]
    return to_s(int(late[0]) - fault_ns) if len(late) else math.inf
