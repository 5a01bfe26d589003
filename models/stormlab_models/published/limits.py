"""Admission at a server in exact integers: a fixed window and a token bucket."""

from dataclasses import dataclass

from stormlab.clock import NS_PER_S


@dataclass
class FixedWindow:
    """``limit`` admissions per window, which opens with the first request after the last one.

    It is not aligned to the clock: a request at or after the end of a window opens the next.
    """

    limit: int
    window_ns: int
    _end_ns: int = 0
    _used: int = 0

    def admit(self, now_ns: int) -> bool:
        """Whether a request at ``now_ns`` is admitted; times must not fall."""
        if now_ns >= self._end_ns:
            self._end_ns, self._used = now_ns + self.window_ns, 0
        if self._used >= self.limit:
            return False
        self._used += 1
        return True


class TokenBucket:
    """``rate_per_s`` admissions per second in the long run, up to ``burst`` at once; starts full.

    The level is kept as time: an admission costs the time in which one token comes in.
    """

    def __init__(self, rate_per_s: float, burst: int) -> None:
        """Fill it; the time per token is rounded to a nanosecond."""
        self._cost_ns = round(NS_PER_S / rate_per_s)
        self._full_ns = burst * self._cost_ns
        self._level_ns = self._full_ns
        self._seen_ns = 0

    def admit(self, now_ns: int) -> bool:
        """Whether a request at ``now_ns`` finds a token, and takes it; times must not fall."""
        level_ns = min(self._full_ns, self._level_ns + now_ns - self._seen_ns)
        self._seen_ns = now_ns
        admitted = level_ns >= self._cost_ns
        self._level_ns = level_ns - self._cost_ns if admitted else level_ns
        return admitted
