"""A run of the kernel without a full trace: counts, durations, and a sample of clients."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormlab.clock import NS_PER_MS, to_ns
from stormlab.fleet.streams import Streams
from stormlab.histogram import Histogram
from stormlab.scenario import Scenario
from stormlab.summary import Summary
from stormlab.vocabulary import EVENTS, Event
from stormlab_models.fleet.compiled.clients import HANDSHAKE, RETURN
from stormlab_models.fleet.compiled.emit import COUNT_WORDS
from stormlab_models.fleet.compiled.layout import LIVE
from stormlab_models.fleet.compiled.run import Started, sampled, start, trace_of, with_room
from stormlab_models.fleet.parameters import Parameters

BIN_NS = 100 * NS_PER_MS
BINS_PER_S = 10
WATCHED = 1000  # clients, where nothing else is said
ROWS_MAX = 1_000_000  # of their trace: 60 MB; where it is longer, fewer are watched

# what is counted over time, by name
OVER_TIME = {
    "attempts": Event.NEW,
    "opened": Event.OPEN,
    "ended": Event.CLOSE,
    "syns": Event.CONNECT,
    "refused": Event.REFUSED,
    "arrivals": Event.REQUEST,
    "rejected": Event.REJECTED,
    "accepted": Event.ACCEPTED,
}
NAMES = list(OVER_TIME)
BY_EVENT = {event: name for name, event in OVER_TIME.items()}
COLUMNS = [NAMES.index(BY_EVENT[each]) if each in BY_EVENT else -1 for each in EVENTS]
HISTOGRAMS = {"return_s": RETURN, "handshake_s": HANDSHAKE}
QUANTILES = (50, 95, 99)


def summary(
    scenario: Scenario, seed: int, watched: int = WATCHED, rows_max: int = ROWS_MAX
) -> Summary:
    """Run without a full trace; ``watched``: how many clients have one, if that is not longer.

    Raises:
        NotCompiledError: for what only the reference engine can do.
    """
    parameters = scenario.parameters
    assert isinstance(parameters, Parameters)  # noqa: S101  the harness validated it
    watched = min(watched, parameters.clients.count)

    def make(room: int) -> Summary:
        streams = Streams(to_ns(scenario.duration_s), BIN_NS, COLUMNS, len(HISTOGRAMS))
        started = start(scenario, seed, watched=watched, room=room, streams=streams)
        rows = sampled(started, rows_max)
        return _summary(scenario, seed, started, streams, rows)

    return with_room(make)


def _summary(
    scenario: Scenario,
    seed: int,
    started: Started,
    streams: Streams,
    rows: list[NDArray[np.void]],
) -> Summary:
    parameters = scenario.parameters
    assert isinstance(parameters, Parameters)  # noqa: S101
    sample = trace_of(scenario, seed, started, rows)
    whole = dict(sample.header)
    watched = int(started.memory.world[0]["watched_who"]) >> 20
    sample.header["clients"] = watched
    if "policy_of_client" in sample.header:
        sample.header["policy_of_client"] = sample.header["policy_of_client"][:watched]
    over_time = {name: streams.counts(place) for place, name in enumerate(NAMES)}
    over_time |= {"bytes_up": streams.counts(-2), "bytes_down": streams.counts(-1)}
    settled = parameters.clients.start == "settled"
    people = parameters.clients.count * parameters.clients.sockets
    for name in ("attempts", "opened"):
        over_time[name][0] -= people if settled else 0
    durations = {name: streams.histogram(number) for name, number in HISTOGRAMS.items()}
    counts = started.memory.arrays["count_p"].reshape(-1, COUNT_WORDS)
    events = {str(kind): int(n) for kind, n in zip(EVENTS, counts[:, 0], strict=True) if n}
    figures = _figures(started, parameters, over_time, durations)
    missing = "what needs everybody's trace: lasting connections, losses for good, messages missed"
    return Summary(whole, figures, BIN_NS / 1e9, over_time, durations, events, sample, missing)


def _figures(
    started: Started,
    parameters: Parameters,
    over_time: dict[str, NDArray[np.int64]],
    durations: dict[str, Histogram],
) -> dict[str, float | int | None]:
    """The figures that counts give exactly, and quantiles of the durations."""
    clients, settled = parameters.clients, parameters.clients.start == "settled"
    bodies = started.memory.policies.state["body_p"][: clients.count * clients.sockets]
    tries = bodies["socket"]["attempts"].reshape(clients.count, clients.sockets).sum(axis=1)
    tries = tries - (clients.sockets if settled else 0)
    attempts, opened = int(over_time["attempts"].sum()), int(over_time["opened"].sum())
    total_bytes = int(over_time["bytes_up"].sum() + over_time["bytes_down"].sum())
    live = int(started.memory.arrays["pod_p"]["length"][:, LIVE].sum())
    found: dict[str, Any] = {}
    for name, histogram in durations.items():
        found |= {f"{name}_p{share}": histogram.quantile_s(share / 100) for share in QUANTILES}
        found[f"{name}_mean"] = histogram.mean_s()
    return found | {
        "returns": durations["return_s"].total,
        "attempts": attempts,
        "attempts_per_client_mean": attempts / clients.count,
        "attempts_per_client_max": int(tries.max()),
        "attempts_per_100ms_peak": _peak(over_time["attempts"], 1),
        "attempts_per_s_peak": _peak(over_time["attempts"], BINS_PER_S),
        "arrivals_per_100ms_peak": _peak(over_time["arrivals"], 1),
        "arrivals_per_s_peak": _peak(over_time["arrivals"], BINS_PER_S),
        "handshake_bytes_per_client_mean": total_bytes / clients.count,
        "handshake_bytes_per_s_peak": _peak(
            over_time["bytes_up"] + over_time["bytes_down"], BINS_PER_S
        ),
        "page_success_percent": 100 * opened / attempts if attempts else None,
        "rejected": int(over_time["rejected"].sum()),
        "connections_at_end": live,
    }


def _peak(counts: NDArray[np.int64], bins: int) -> int:
    """Most in so many bins; they follow each other from time 0 on."""
    padded = np.append(counts, np.zeros(-len(counts) % bins, np.int64))
    return int(padded.reshape(-1, bins).sum(axis=1).max())
