"""How much of all the waiting the slowest few do: the tail share, one minus the Lorenz curve."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from stormlab.statistics.intervals import Floats, StatisticsError, sample


def tail_share(values: Sequence[float], quantiles: Sequence[float]) -> Floats:
    """Share of the total above each quantile, from a table of quantiles alone.

    ``values[i]`` is the quantile at ``quantiles[i]``; the first of these is 0 and all are below 1.
    Between two entries the value is a power of what is left, v ~ (1 - q)^-a, a straight line in
    the log-log plot of the tail; the last power goes on to the end. This is how M. Brooker draws
    his Lorenz curves of latency. Returns one share per entry, the first of which is 1.

    Raises:
        StatisticsError: when the tables do not match or do not rise, or when the tail is so heavy
            that it has no mean.
    """
    if len(values) != len(quantiles) or len(values) < 2:  # noqa: PLR2004  two ends of a line
        raise StatisticsError("a tail share needs two or more values, each with its quantile")
    left = [1 - q for q in quantiles]
    rising = all(a <= b for a, b in pairwise(values)) and all(a > b for a, b in pairwise(left))
    if not rising or left[0] != 1 or left[-1] <= 0 or values[0] <= 0:
        raise StatisticsError(
            "a tail share needs positive values that do not fall, at quantiles that rise from 0"
            " and stay below 1"
        )
    points = list(zip(values, left, strict=True))
    powers = [math.log(b / a) / math.log(u / w) for (a, u), (b, w) in pairwise(points)]
    if powers[-1] >= 1:
        raise StatisticsError("the tail is so heavy that it has no mean: add a higher quantile")
    pieces = [
        _piece(start, end[1], power)
        for (start, end), power in zip(pairwise(points), powers, strict=True)
    ]
    pieces.append(values[-1] * left[-1] / (1 - powers[-1]))
    above = np.cumsum(pieces[::-1])[::-1]
    return np.asarray(above / above[0], dtype=np.float64)


def _piece(start: tuple[float, float], end: float, power: float) -> float:
    """The integral of value * (u / left)^-power from u = end to u = left."""
    value, left = start
    if math.isclose(power, 1):
        return value * left * math.log(left / end)
    return value * left * (1 - math.pow(end / left, 1 - power)) / (1 - power)


def slowest_share(values: ArrayLike, share: float) -> float:
    """Which part of the sum of all samples the largest ``share`` of them makes.

    ``slowest_share(waits_s, 0.01)``: what part of all the waiting is done by the slowest 1 % of
    the clients. At least one sample is taken. 0 when the sum is.
    """
    array = np.sort(sample(values, "a tail share"))[::-1]
    if not np.isfinite(array).all() or array[-1] < 0 or not 0 < share <= 1:
        raise StatisticsError(
            "a tail share needs finite samples, none negative, and 0 < share <= 1"
        )
    count = max(1, math.floor(len(array) * share + 1e-9))
    total = float(array.sum())
    return float(array[:count].sum()) / total if total else 0.0
