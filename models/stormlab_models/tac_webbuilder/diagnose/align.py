"""How likely a simulated log is to be read as the given one: an alignment with few errors.

The given log is taken as a noisy copy of a simulated one. Going along both, each line is matched
(its class agrees), exchanged with its neighbour, replaced, missing from the simulation, or missing
from the log; each act has a probability, so one odd line costs some evidence and no more. Soft
features of matched lines (port jumps, errors' circumstances, times) add theirs. The value is the
logarithm of the best path's probability, in nats.

A log may begin and end anywhere. *Whole*: it most probably begins where the page's load begins, and
ends where somebody stopped looking (uniform in lines, or uniform in the logarithm of time). *Part*:
it is an excerpt, chosen for what it shows; any window of the simulated log may match, at no cost.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stormlab_models.tac_webbuilder.diagnose.features import (
    ACCEPT_CLASSES,
    CLASSES,
    ERROR_RECEIVE,
    ERROR_SEND,
    ERROR_UNKNOWN,
    UNKNOWN,
    Encoded,
)

Floats = NDArray[np.float64]

MATCH = float(np.log(0.94))
REPLACED = float(np.log(0.003))
ONLY_GIVEN = float(np.log(0.006))  # a line that the simulation does not have
ONLY_SIMULATED = float(np.log(0.02))
AND_ANOTHER = float(np.log(0.25))  # one more such line: lines come and go by connections
EXCHANGED = float(np.log(0.06))  # two neighbouring lines, beside their matches
OTHER_VISIT = float(np.log(0.02))  # an accept, but the endpoint's first instead of its second
OTHER_CODE = float(np.log(1e-4))  # sending or receiving is decided by the server's code
SOFT_DISAGREES = float(np.log(0.2))
NEVER = -1e9

PORT_PERIOD_S = 10.0
PORT_JUMP_BY_CHANCE = 0.02
PORT_JUMP_MAX = 0.95
GAP_SIGMA = 0.7  # of a logarithm: a factor of two either way
GAP_WORST = -5.0
UNKNOWN_KIND = -5.0  # a kind of line that the whole simulated log does not have
ORDER_PER_SWAP = 0.8
ORDER_SWAPS_MAX = 5

STARTS_AT_LOAD = 0.9
LOOKING_S = (0.3, 100.0)  # when somebody stops looking, at the least and at the most


def _substitution() -> Floats:
    """Log-probability of reading class ``row`` where the simulation has class ``column``."""
    table = np.full((len(CLASSES), len(CLASSES)), REPLACED)
    np.fill_diagonal(table, MATCH)
    accepts = slice(0, ACCEPT_CLASSES)
    table[accepts, accepts] = np.where(np.eye(ACCEPT_CLASSES, dtype=bool), MATCH, OTHER_VISIT)
    for known, other in ((ERROR_SEND, ERROR_RECEIVE), (ERROR_RECEIVE, ERROR_SEND)):
        table[ERROR_UNKNOWN, known] = MATCH
        table[known, other] = OTHER_CODE
    return table


SUBSTITUTION = _substitution()
ODD_PAIR = OTHER_VISIT + SOFT_DISAGREES - 3.0


@dataclass(frozen=True)
class Batch:
    """Simulated logs side by side, padded to one length."""

    classes: NDArray[np.int8]
    opened: NDArray[np.int8]
    legacy: NDArray[np.int8]
    age: NDArray[np.int8]
    since_s: Floats
    gap_s: Floats
    lengths: NDArray[np.int64]
    acts: NDArray[np.int64]  # lines before the mechanism did anything
    end: Floats  # log-probability that the log ends after so many lines

    @classmethod
    def of(cls, logs: Sequence[Encoded], length_max: int) -> "Batch":
        """Put logs side by side, none longer than ``length_max`` lines."""
        width = max(1, min(length_max, max((len(log) for log in logs), default=1)))

        def stacked(name: str, fill: float, kind: type) -> NDArray[np.generic]:
            result: NDArray[np.generic] = np.full((len(logs), width), fill, kind)
            for row, log in enumerate(logs):
                values = getattr(log, name)[:width]
                result[row, : len(values)] = values
            return result

        return cls(
            stacked("classes", UNKNOWN, np.int8),  # type: ignore[arg-type]
            stacked("opened", UNKNOWN, np.int8),  # type: ignore[arg-type]
            stacked("legacy", UNKNOWN, np.int8),  # type: ignore[arg-type]
            stacked("age", UNKNOWN, np.int8),  # type: ignore[arg-type]
            stacked("since_s", np.nan, np.float64),  # type: ignore[arg-type]
            stacked("gap_s", np.nan, np.float64),  # type: ignore[arg-type]
            np.array([min(len(log), width) for log in logs]),
            np.array([min(log.acts, len(log) - 1) for log in logs]),
            np.array([_end_prior(log, width) for log in logs]).reshape(len(logs), width + 1),
        )


def _end_prior(log: Encoded, width: int) -> Floats:
    """When the reader's log ends: after n lines, n = 0 to ``width``."""
    result = np.full(width + 1, NEVER)
    count = len(log)
    if not count:
        return result
    after_s = np.cumsum(np.nan_to_num(log.gap_s))
    times = np.clip(np.append(after_s, LOOKING_S[1]), *LOOKING_S)
    share = np.diff(np.log(times)) / np.log(LOOKING_S[1] / LOOKING_S[0])
    prior = 0.5 / count + 0.5 * share
    result[1 : count + 1] = np.log(prior)[:width]
    result[: min(log.acts, count - 1) + 1] = NEVER  # nothing of the mechanism would be seen
    return result


def whole(given: Encoded, batch: Batch, resolution_s: float) -> Floats:
    """Log-probability of the given log as the beginning of each simulated one."""
    count, width = batch.classes.shape
    start = np.full((count, width + 1), np.log((1 - STARTS_AT_LOAD) / width))
    start[:, 0] = np.log(STARTS_AT_LOAD)
    last = _rows(given, batch, start, resolution_s)
    value: Floats = np.max(last + batch.end, axis=1)
    return value


def part(given: Encoded, batch: Batch, resolution_s: float) -> Floats:
    """Log-probability of the given log as an excerpt that begins where each simulated one does."""
    count, width = batch.classes.shape
    start = np.full((count, width + 1), NEVER)
    start[:, 0] = 0.0
    last = _rows(given, batch, start, resolution_s)
    places = np.arange(width + 1)
    reached = (places <= batch.lengths[:, None]) & (places > batch.acts[:, None])
    value: Floats = np.max(np.where(reached, last, NEVER), axis=1)
    return value


def unexplained(given: Encoded, log: Encoded, resolution_s: float, *, is_part: bool) -> list[int]:
    """Indices of the given lines that the best path replaces or inserts."""
    batch = Batch.of([log], max(1, len(log)))
    width = batch.classes.shape[1]
    start = np.full((1, width + 1), NEVER if is_part else np.log((1 - STARTS_AT_LOAD) / width))
    start[:, 0] = 0.0
    trail = _Trail()
    last = _rows(given, batch, start, resolution_s, trail)[0]
    j = int(np.argmax(last if is_part else last + batch.end[0]))
    return trail.odd(len(given), j)


class _Trail:
    """What each best value came from, for one simulated log."""

    def __init__(self) -> None:
        self.pairs: list[Floats] = []
        self.inserts: list[NDArray[np.bool_]] = []  # the given line is extra
        self.crosses: list[NDArray[np.bool_]] = []  # it changed places with the one before
        self.skips: list[NDArray[np.int64]] = []  # where the path stood before leaving lines out

    def odd(self, i: int, j: int) -> list[int]:
        """Walk back from given line ``i`` and simulated line ``j``."""
        odd: list[int] = []
        while i > 0:
            j = int(self.skips[i][j])
            if self.inserts[i - 1][j] or j == 0:
                odd.append(i - 1)
                i -= 1
            elif self.crosses[i - 1][j]:
                i, j = i - 2, j - 2
            else:
                if self.pairs[i - 1][j - 1] < ODD_PAIR:
                    odd.append(i - 1)
                i, j = i - 1, j - 1
        return sorted(odd)


def _rows(
    given: Encoded, batch: Batch, start: Floats, resolution_s: float, trail: _Trail | None = None
) -> Floats:
    """The dynamic program: best log-probability of all given lines and j simulated ones."""
    width = batch.classes.shape[1]
    trail = trail or _Trail()
    row, extra = _skipping(start, trail), np.full_like(start, NEVER)
    older, before = row, None
    for index in range(len(given)):
        pair = _match(given, index, batch, resolution_s)
        extra = np.maximum(row + ONLY_GIVEN, extra + AND_ANOTHER)
        matched = np.full_like(row, NEVER)
        matched[:, 1:] = row[:, :-1] + pair
        crossed = np.full_like(row, NEVER)
        if before is not None and width > 1:
            crossed[:, 2:] = before[:, 1:] + pair[:, :-1] + EXCHANGED + older[:, :-2]
        new = np.maximum(np.maximum(matched, crossed), extra)
        trail.pairs.append(pair[0])
        trail.inserts.append(extra[0] >= new[0])
        trail.crosses.append(crossed[0] >= new[0])
        older, before, row = row, pair, _skipping(new, trail)
    return row


def _skipping(values: Floats, trail: _Trail) -> Floats:
    """Allow any number of simulated lines to be left out."""
    width = values.shape[1]
    ramp = np.arange(width) * AND_ANOTHER
    level = np.maximum.accumulate(values - ramp, axis=1)
    left_out = np.full_like(values, NEVER)
    left_out[:, 1:] = level[:, :-1] + ramp[1:] + ONLY_SIMULATED - AND_ANOTHER
    place = np.arange(width)
    best = np.maximum.accumulate(np.where(values[0] - ramp >= level[0], place, 0))
    came = np.where(left_out[0] > values[0], np.append(0, best[:-1]), place)
    trail.skips.append(came)
    return np.maximum(values, left_out)


def _match(given: Encoded, index: int, batch: Batch, resolution_s: float) -> Floats:
    """Log-probability of the given line ``index`` as each simulated line."""
    kind = int(given.classes[index])
    value: Floats = SUBSTITUTION[kind][batch.classes]
    value = np.where(batch.classes == UNKNOWN, NEVER, value)
    for name, price in (
        ("opened", SOFT_DISAGREES),
        ("age", SOFT_DISAGREES),
        ("legacy", OTHER_CODE),
    ):
        mine, theirs = getattr(given, name)[index], getattr(batch, name)
        if mine != UNKNOWN:
            value = value + np.where((theirs != UNKNOWN) & (theirs != mine), price, 0.0)
    if given.jump[index] != UNKNOWN:
        value = value + _port(bool(given.jump[index]), batch.since_s)
    if not np.isnan(given.gap_s[index]):
        value = value + _gap(float(given.gap_s[index]), batch.gap_s, resolution_s)
    return value


def _port(jumped: bool, since_s: Floats) -> Floats:  # noqa: FBT001  the observation itself
    elapsed = np.minimum(1.0, since_s / PORT_PERIOD_S)
    jump = 1 - (1 - PORT_JUMP_BY_CHANCE) * (1 - elapsed)
    jump = np.minimum(jump, PORT_JUMP_MAX)
    return np.nan_to_num(np.log(jump if jumped else 1 - jump))


def _gap(gap_s: float, theirs_s: Floats, resolution_s: float) -> Floats:
    floor_s = max(resolution_s, 0.05)
    ratio = np.log((gap_s + floor_s) / (theirs_s + floor_s)) / GAP_SIGMA
    return np.nan_to_num(np.maximum(-0.5 * ratio**2, GAP_WORST))


def order(given: Sequence[int], theirs: Sequence[int]) -> float:
    """How well two orders of endpoints agree: neighbours' swaps, up to a few, each cost a little.

    Beyond a few, both are taken as shuffled, which Chromium's throttle does.
    """
    common = set(given) & set(theirs)
    mine = [endpoint for endpoint in given if endpoint in common]
    rank = {endpoint: place for place, endpoint in enumerate(theirs)}
    swaps = sum(
        rank[mine[a]] > rank[mine[b]] for a in range(len(mine)) for b in range(a + 1, len(mine))
    )
    return -ORDER_PER_SWAP * min(swaps, ORDER_SWAPS_MAX)


def kinds(given: Encoded, theirs: Encoded) -> float:
    """The price of every kind of line that the simulated log does not have at all."""
    mine = set(given.classes[given.classes >= ACCEPT_CLASSES].tolist()) - {ERROR_UNKNOWN}
    return UNKNOWN_KIND * len(mine - set(theirs.classes.tolist()))
