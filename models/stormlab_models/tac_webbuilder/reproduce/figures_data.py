"""Figures of data: how soon it is there, how often it comes, renders, pings and quality."""

import math

import numpy as np

from stormlab.clock import NS_PER_MS, NS_PER_S, to_s
from stormlab.metrics import pick
from stormlab.vocabulary import Event
from stormlab_models.tac_webbuilder.endpoints import NAMES
from stormlab_models.tac_webbuilder.reproduce.figure import Figures, Value
from stormlab_models.tac_webbuilder.reproduce.reading import Reading

FIGURES = Figures()
HTTP_LIMIT_NS = 2 * NS_PER_S


def _first_message_ns(r: Reading) -> dict[int, int]:
    first: dict[int, int] = {}
    for row in r.events(Event.MESSAGE):
        first.setdefault(int(row["endpoint"]), int(row["time_ns"]))
    return first


def _first_data_s(r: Reading, endpoint: str) -> float:
    ns = _first_message_ns(r).get(NAMES.index(endpoint))
    ready = pick(r.page, Event.READY)["time_ns"]
    start_ns = int(ready[-1]) if len(ready) else r.start_ns
    return math.inf if ns is None else to_s(ns - start_ns)


@FIGURES.add("s", "median")
def time_to_data_s(r: Reading) -> Value:
    """From the page's first constructor to the last of its endpoints' first messages."""
    times = [c.time_to_data_s for c in r.clients if c.time_to_data_s is not None]
    return float(np.median(times)) if len(times) == len(r.clients) and times else math.inf


@FIGURES.add("s", "median")
def workflows_data_s(r: Reading) -> Value:
    """From the page's first effect to the first WebSocket message of workflows."""
    return _first_data_s(r, "workflows")


@FIGURES.add("s", "median")
def queue_data_s(r: Reading) -> Value:
    """From the page's first effect to the first WebSocket message of queue."""
    return _first_data_s(r, "queue")


@FIGURES.add("s", "median")
def live_updates_possible_s(r: Reading) -> Value:
    """From the page's first effect until every endpoint can be updated by WebSocket."""
    first = _first_message_ns(r)
    ready = pick(r.page, Event.READY)["time_ns"]
    if len(first) < r.endpoints or not len(ready):
        return math.inf
    return to_s(max(first.values()) - int(ready[-1]))


@FIGURES.add("s", "median")
def any_data_s(r: Reading) -> Value:
    """From the page's first effect until every endpoint has data, by HTTP or by WebSocket."""
    first: dict[int, int] = {}
    for row in r.events(Event.MESSAGE, Event.HTTP_RESPONSE):
        first.setdefault(int(row["endpoint"]), int(row["time_ns"]))
    ready = pick(r.page, Event.READY)["time_ns"]
    if len(first) < r.endpoints or not len(ready):
        return math.inf
    return to_s(max(first.values()) - int(ready[-1]))


@FIGURES.add("%", "share")
def data_within_1s(r: Reading) -> Value:
    """Page loads with data of all endpoints over WebSocket within 1 s."""
    value = time_to_data_s(r)
    return int(isinstance(value, float) and value <= 1), 1


@FIGURES.add("endpoints")
def endpoints_served_by_ws(r: Reading) -> Value:
    """Endpoints whose initial data came over a WebSocket."""
    return len(_first_message_ns(r)) / r.pages


@FIGURES.add("deliveries per endpoint")
def initial_deliveries(r: Reading) -> Value:
    """How often an endpoint's initial data reached the page, by HTTP and by WebSocket."""
    initial = r.with_text(r.events(Event.MESSAGE), "initial")
    return (len(initial) + len(r.events(Event.HTTP_RESPONSE))) / r.endpoints / r.pages


@FIGURES.add("s", "median")
def socket_later_than_rule_s(r: Reading) -> Value:
    """First constructor minus min(HTTP answer, 2 s after the mount)."""
    ready = pick(r.page, Event.READY)["time_ns"]
    if not len(ready) or not len(r.events(Event.HTTP_REQUEST)):
        return None
    answers = r.events(Event.HTTP_RESPONSE)["time_ns"]
    limit_ns = int(ready[-1]) + HTTP_LIMIT_NS
    all_ns = int(answers.max()) if len(answers) >= r.endpoints else limit_ns
    if not len(r.events(Event.NEW)):
        return math.inf
    return to_s(r.start_ns - min(all_ns, limit_ns))


# renders and messages --------------------------------------------------------------------------


@FIGURES.add("%", "share")
def identical_updates(r: Reading) -> Value:
    """Data updates of the page's state that change nothing, of all data updates."""
    updates = r.events(Event.STATE_SET)
    same = len(r.with_text(updates, "identical"))
    return same, same + len(r.with_text(updates, "data"))


@FIGURES.add("renders per hour")
def renders_per_hour(r: Reading) -> Value:
    """Renders per page and hour, over the whole observation."""
    hours = to_s(max(1, r.end_ns - r.start_ns)) / 3600
    return len(r.events(Event.RENDER)) / hours / r.pages


@FIGURES.add("renders per load")
def renders(r: Reading) -> Value:
    """Renders during the observation, per page."""
    return len(r.events(Event.RENDER)) / r.pages


@FIGURES.add("errors per run")
def parse_errors(r: Reading) -> Value:
    """Messages that were not JSON."""
    return len(r.events(Event.PARSE_ERROR))


# pings -----------------------------------------------------------------------------------------


@FIGURES.add("pings per socket")
def pings_per_open_socket_min(r: Reading) -> Value:
    """Fewest pings of any socket that was open for 65 s or more, in its first 65 s."""
    sent = r.with_text(r.events(Event.SEND), "ping")
    opened = r.first_ns(r.events(Event.OPEN))
    closed = r.first_ns(r.events(Event.CLOSE))
    window_ns = 65 * NS_PER_S
    old = [k for k, ns in opened.items() if closed.get(k, r.end_ns) - ns >= window_ns]
    if not old:
        return None
    times = r.times(sent)
    return min(sum(key == k and ns <= opened[k] + window_ns for key, ns in times) for k in old)


@FIGURES.add("ms", "median")
def latency_shown_ms(r: Reading) -> Value:
    """Median of the latencies shown by pongs; never without pings."""
    shown = r.events(Event.QUALITY)
    values = shown["value_ns"][shown["value_ns"] > 0]
    return float(np.median(values)) / NS_PER_MS if len(values) else math.inf


@FIGURES.add("frames per load")
def ready_before_open(r: Reading) -> Value:
    """Messages client_ready sent before the socket was open."""
    sent = r.with_text(r.events(Event.SEND), "client_ready")
    opened = r.first_ns(r.events(Event.OPEN))
    return sum(ns < opened.get(key, 0) for key, ns in r.first_ns(sent).items())
