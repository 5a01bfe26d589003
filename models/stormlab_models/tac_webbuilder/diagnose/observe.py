"""Which one observation to make next: the one that says most about which of the tie it is.

Each observation is made in the simulated runs of the tied mechanisms' best variants, so what a
mechanism predicts is simulated, not asserted. The observation chosen has the greatest mutual
information with the cause of the failing lines, then with the mechanism, under the shares of the
ranking; of equals, the one easiest to make.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stormlab.clock import to_s
from stormlab.trace import Trace
from stormlab.vocabulary import Cause, Event
from stormlab_models.tac_webbuilder.diagnose.features import lines_of
from stormlab_models.tac_webbuilder.diagnose.hypotheses import Variant
from stormlab_models.tac_webbuilder.diagnose.parse import ACCEPTED, CLOSED, ERROR, Line
from stormlab_models.tac_webbuilder.diagnose.rank import Candidate

VARIANTS_MAX = 3
RUNS = (0, 1, 2, 3)
INFORMATION_MIN_BITS = 0.05
CLEARLY_MORE_BITS = 0.5
SHORT_S, TIMER_S = 1.0, 9.0

Look = Callable[[Variant, int, int], str]  # variant, number of the run, seed


@dataclass(frozen=True)
class Observation:
    """Something a person can look at, and how."""

    name: str
    how: str
    look: Look
    usual: bool = True  # tried first; another must tell clearly more


@dataclass(frozen=True)
class Advice:
    """The observation to make, what each tied mechanism predicts, and what it would tell."""

    observation: Observation
    predictions: dict[str, list[tuple[str, float]]]  # mechanism: outcomes and their shares
    bits: float


def _close_codes(variant: Variant, number: int, seed: int) -> str:
    trace = variant.trace(number, seed)
    found = {
        f"{int(row['code'])} {'clean' if row['clean'] else 'unclean'}"
        for row in trace.of(Event.CLOSE)
    }
    return ", ".join(sorted(found)) or "no onclose"


def _span(seconds: float) -> str:
    if seconds < SHORT_S:
        return "under 1 s"
    return "1 to 9 s" if seconds < TIMER_S else "9 s or more"


def _connection_time(variant: Variant, number: int, seed: int) -> str:
    """From TCP connect to the end, of connections whose log shows an error or a close."""
    trace = variant.trace(number, seed)
    begun = {(int(r["client"]), int(r["socket"])): r["time_ns"] for r in trace.of(Event.CONNECT)}
    spans = {
        _span(to_s(int(row["time_ns"] - begun.get((row["client"], row["socket"]), 0))))
        for row in trace.of(Event.LOST)
    }
    return " and ".join(sorted(spans)) or "none ends"


def _in_production(variant: Variant, number: int, seed: int) -> str:
    lines = lines_of(variant.trace(number, seed, production=True), variant.implementation)
    accepts = Counter(line.endpoint for line in lines if line.kind == ACCEPTED)
    bad = any(line.kind in {ERROR, CLOSED} for line in lines)
    if not bad and max(accepts.values(), default=0) <= 1:
        return "each endpoint accepted once, no errors"
    return "errors or duplicates remain"


def _implementation(variant: Variant, _number: int, _seed: int) -> str:
    return variant.implementation


def _sent(variant: Variant, number: int, seed: int) -> str:
    trace = variant.trace(number, seed)
    kinds = {trace.text(row) for row in trace.of(Event.SEND)}
    return "client_ready" if "client_ready" in kinds else "nothing at first"


def _log_span(variant: Variant, number: int, seed: int) -> str:
    lines = lines_of(variant.trace(number, seed), variant.implementation)
    times = [line.time_s or 0.0 for line in _first_round(lines)]
    return _span(times[-1] - times[0]) if times else "no line"


def _first_round(lines: Sequence[Line]) -> list[Line]:
    """The first accept of each endpoint."""
    first: dict[int, Line] = {}
    for line in lines:
        if line.kind == ACCEPTED:
            first.setdefault(line.endpoint, line)
    return list(first.values())


def _sockets(variant: Variant, number: int, seed: int) -> str:
    return str(variant.trace(number, seed).count(Event.NEW))


OBSERVATIONS: tuple[Observation, ...] = (
    Observation(
        "page-side close codes",
        "log event.code and event.wasClean in onclose, in the browser's console",
        _close_codes,
    ),
    Observation(
        "seconds from a connection's begin to its end",
        "DevTools, Network, WS: the time of the failing sockets; or ss/tcpdump on the server",
        _connection_time,
    ),
    Observation(
        "a production build",
        "build the page for production (no StrictMode double mount), load it, read the same log",
        _in_production,
    ),
    Observation(
        "the server's WebSocket implementation",
        "uvicorn's --ws option and the installed versions of uvicorn, websockets and wsproto",
        _implementation,
    ),
    Observation(
        "what the page sends first",
        "DevTools, Network, WS, Messages of one socket",
        _sent,
        usual=False,
    ),
    Observation(
        "seconds from the first to the last endpoint's first accept",
        "the same log with timestamps",
        _log_span,
        usual=False,
    ),
    Observation(
        "number of sockets the page makes",
        "DevTools, Network, WS: count the rows from the load on",
        _sockets,
        usual=False,
    ),
)


def advise(tie: Sequence[Candidate], *, failing: bool = True, seed: int = 0) -> Advice | None:
    """The observation that tells most, or None if the tie is one, or none of them tells.

    If the log has ``failing`` lines and their causes differ within the tie, the cause comes first
    and the mechanism second.
    """
    if len(tie) < 2:  # noqa: PLR2004  nothing to tell apart
        return None
    total = sum(candidate.share for candidate in tie)
    weights = np.array([candidate.share / total for candidate in tie])
    groups = [main_cause(candidate, seed) if failing else "" for candidate in tie]
    best: Advice | None = None
    best_bits = (0.0, 0.0)
    for observation in OBSERVATIONS:
        outcomes = [_outcomes(observation, candidate, seed) for candidate in tie]
        bits = (_about(groups, weights, outcomes), information(weights, outcomes))
        more = 1e-6 if observation.usual else CLEARLY_MORE_BITS
        equal = bits[0] > best_bits[0] - 1e-6 and (observation.usual or len(set(groups)) == 1)
        better = bits[0] > best_bits[0] + more or (equal and bits[1] > best_bits[1] + more)
        if best is None or better:
            predictions = {
                candidate.mechanism: sorted(shares.items(), key=lambda item: (-item[1], item[0]))
                for candidate, shares in zip(tie, outcomes, strict=True)
            }
            best, best_bits = Advice(observation, predictions, bits[1]), bits
    return best if best is not None and best.bits >= INFORMATION_MIN_BITS else None


def main_cause(candidate: Candidate, seed: int) -> str:
    """The cause of most failing lines, aborts by the page and by its end taken together."""
    found = causes(candidate, seed=seed)
    if not found:
        return ""
    found[Cause.ABORTED_CONNECTING] += found.pop(Cause.PAGE_GONE, 0)
    return max(sorted(found), key=lambda cause: found[cause])


def _about(
    groups: Sequence[str], weights: NDArray[np.float64], outcomes: Sequence[dict[str, float]]
) -> float:
    """Mutual information of the outcome and the group that a mechanism belongs to."""
    names = sorted(set(groups))
    sums = np.array([sum(weights[i] for i, g in enumerate(groups) if g == n) for n in names])
    mixed: list[dict[str, float]] = []
    for name, total in zip(names, sums, strict=True):
        shares: dict[str, float] = {}
        for group, weight, outcome in zip(groups, weights, outcomes, strict=True):
            for key, share in outcome.items() if group == name else ():
                shares[key] = shares.get(key, 0.0) + share * float(weight / total)
        mixed.append(shares)
    return information(sums, mixed)


def _outcomes(observation: Observation, candidate: Candidate, seed: int) -> dict[str, float]:
    chosen = sorted(candidate.close, key=lambda item: -item[1])[:VARIANTS_MAX]
    seen = Counter(
        observation.look(variant, number, seed) for variant, _ in chosen for number in RUNS
    )
    return {outcome: count / seen.total() for outcome, count in seen.items()}


def information(weights: NDArray[np.float64], outcomes: Sequence[dict[str, float]]) -> float:
    """Mutual information of mechanism and outcome, in bits; 0 to log2 of their number."""
    names = sorted({name for shares in outcomes for name in shares})
    table = np.array([[shares.get(name, 0.0) for name in names] for shares in outcomes])
    joint = weights[:, None] * table
    expected = weights[:, None] * joint.sum(axis=0)
    seen = joint > 0
    return float(np.sum(joint[seen] * np.log2(joint[seen] / expected[seen])))


def causes(candidate: Candidate, *, seed: int = 0) -> Counter[str]:
    """Why the failing connections of the candidate's best variant ended, as the model knows it."""
    variant = candidate.variant
    traces: list[Trace] = [variant.trace(number, seed) for number in RUNS]
    return Counter(
        line.cause
        for trace in traces
        for line in lines_of(trace, variant.implementation)
        if line.kind == ERROR and line.cause
    )
