"""Whether clients keep in step: waves of attempts, and how widely delays are spread."""

from typing import NamedTuple

import numpy as np

from stormlab.clock import NS_PER_MS, NS_PER_S, to_s
from stormlab.recovery.load import attempt_times_ns
from stormlab.recovery.rows import Ints
from stormlab.recovery.run import Recovery, once
from stormlab.vocabulary import EVENT_CODE, Event

BIN_NS = 100 * NS_PER_MS
LAG_BINS = (5, 600)  # 0.5 s to 60 s
BINS_MAX = 1 << 20  # a day; a longer storm is read as far as that
NOISE = 4.0  # standard deviations of an autocorrelation that is none
FAILURES_MIN = 6


class Waves(NamedTuple):
    """How strongly a stream of attempts repeats itself; lag 0: it does not."""

    strength: float
    lag_s: float
    fano: float


def counts_per_bin(times_ns: Ints, bin_ns: int = BIN_NS) -> Ints:
    """Events per bin from the bin of the first event to that of the last."""
    if not len(times_ns):
        return np.zeros(0, np.int64)
    bins = times_ns // bin_ns
    bins = bins - bins.min()
    return np.bincount(bins[bins < BINS_MAX])


def waves(times_ns: Ints) -> Waves | None:
    """Read the waves off a stream of events; None: no events.

    The strength is 1 when everything comes in waves that are alike and equally far apart, 0 when
    nothing is bunched beyond chance. It is the height of the highest peak of the autocorrelation
    of counts per 100 ms at lags of 0.5 s to 60 s, times the share of their variance that is beyond
    chance (1 - mean / variance). A peak is measured from the lowest point before it (or from 0 if
    that is lower): the slow decay of a burst has none. A peak of less than four standard
    deviations of white noise, 4 / sqrt(bins), counts as 0.
    """
    counts = counts_per_bin(times_ns)
    if not len(counts):
        return None
    variance, mean = float(counts.var()), float(counts.mean())
    fano = variance / mean
    nothing = Waves(0.0, 0.0, fano)
    if fano <= 1 or len(counts) <= LAG_BINS[0]:
        return nothing
    correlation = _autocorrelation(counts)[: LAG_BINS[1] + 1]
    valley = np.maximum(np.minimum.accumulate(correlation[1:]), 0)
    heights = (correlation[1:] - valley)[LAG_BINS[0] - 1 :]
    best = int(heights.argmax())
    if heights[best] < NOISE / np.sqrt(len(counts)):
        return nothing
    strength = float(heights[best]) * (1 - 1 / fano)
    return Waves(strength, to_s((best + LAG_BINS[0]) * BIN_NS), fano)


def _autocorrelation(counts: Ints) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Autocorrelation at lags 0, 1, ..., with the sum over all bins below the line."""
    centred = counts - counts.mean()
    spectrum = np.fft.rfft(centred, 2 * len(counts))
    sums = np.fft.irfft(spectrum * spectrum.conj(), 2 * len(counts))[: len(counts)]
    return np.asarray(sums / sums[0], np.float64)


@once
def attempt_waves(recovery: Recovery) -> Waves | None:
    """The waves of attempts; None: no attempts."""
    return waves(attempt_times_ns(recovery))


def resync_max(recovery: Recovery) -> float | None:
    """Strength of the waves of attempts."""
    found = attempt_waves(recovery)
    return found.strength if found else None


def resync_lag_s(recovery: Recovery) -> float | None:
    """Distance of the waves of attempts; None when there are none."""
    found = attempt_waves(recovery)
    return found.lag_s if found and found.strength > 0 else None


def attempts_fano(recovery: Recovery) -> float | None:
    """Variance over mean of attempts per 100 ms."""
    found = attempt_waves(recovery)
    return found.fano if found else None


def delays_after_ns(recovery: Recovery, failures_min: int) -> Ints:
    """Delays that a policy chose as the n-th in a row or later, n being ``failures_min``.

    The row begins anew with a lasting connection of the same place.
    """
    rows, attempts = recovery.rows, recovery.attempts
    told = rows.of(Event.TIMER_SET, Event.OPEN)
    told = told[(rows.get("client", told) >= 0) & (rows.get("endpoint", told) >= 0)]
    place = rows.place(told)
    order = np.argsort(place, kind="stable")
    told, place = told[order], place[order]
    is_timer = rows.get("event", told) == EVENT_CODE[Event.TIMER_SET]
    anew = ~is_timer & np.append(recovery.lasted, False)[attempts.number(told)]
    anew[1:] |= place[1:] != place[:-1]
    anew[:1] = True
    total = np.cumsum(is_timer)
    base = total - is_timer
    # a place's first row may be a timer itself: then it counts
    since = np.maximum.accumulate(np.where(anew, np.arange(len(told)), 0))
    late = is_timer & (total - base[since] >= failures_min)
    late &= recovery.places[place] & (rows.get("time_ns", told) >= recovery.outage.from_ns)
    return rows.get("value_ns", told[late])


@once
def late_delays_ns(recovery: Recovery) -> Ints:
    """Delays that a policy chose as the sixth in a row or later."""
    return delays_after_ns(recovery, FAILURES_MIN)


def dispersion_atom_percent(recovery: Recovery) -> float | None:
    """Share of late delays that equal the most frequent one; None: there are none."""
    delays = late_delays_ns(recovery)
    if not len(delays):
        return None
    return 100 * int(np.unique(delays, return_counts=True)[1].max()) / len(delays)


def dispersion_iqr_percent(recovery: Recovery) -> float | None:
    """Interquartile range of late delays in percent of their median."""
    delays = late_delays_ns(recovery)
    if not len(delays):
        return None
    low, middle, high = np.percentile(delays, [25, 50, 75])
    return float(100 * (high - low) / middle) if middle else None


def late_delay_s_median(recovery: Recovery) -> float | None:
    """Median of late delays."""
    delays = late_delays_ns(recovery)
    return float(np.median(delays)) / NS_PER_S if len(delays) else None
