"""Admission by token bucket: how many handshakes the service lets begin per second.

The bucket is kept in nanoseconds of credit, so that it is exact: a token costs 1e9/rate ns of
credit, credit grows with time up to ``burst`` tokens. The operator's steps change the rate; credit
that was earned stays. The three functions are the rule; the compiled fleet calls the same ones.
"""

from stormlab.clock import NS_PER_S, to_ns
from stormlab_models.fleet.parameters import Admission


def earned_ns(credit_ns: int, full_ns: int, passed_ns: int) -> int:
    """The credit after ``passed_ns`` more."""
    return min(full_ns, credit_ns + passed_ns)


def rate_changed_ns(credit_ns: int, cost_ns: int, new_cost_ns: int, burst: int) -> int:
    """The credit when a token costs ``new_cost_ns`` from now on: whole tokens stay tokens."""
    tokens = credit_ns // cost_ns
    return min(burst * new_cost_ns, tokens * new_cost_ns + credit_ns - tokens * cost_ns)


def cost_of_ns(rate_per_s: float) -> int:
    """What a token costs at a rate."""
    return max(1, round(NS_PER_S / rate_per_s))


class TokenBucket:
    """Tokens at a rate, at most ``burst`` of them; it starts full."""

    def __init__(self, rate_per_s: float, burst: int) -> None:
        """Start full."""
        self._burst = burst
        self._cost_ns = cost_of_ns(rate_per_s)
        self._credit_ns = burst * self._cost_ns
        self._at_ns = 0

    def change(self, rate_per_s: float, time_ns: int) -> None:
        """Another rate from now on; whole tokens stay tokens."""
        self._earn(time_ns)
        new_ns = cost_of_ns(rate_per_s)
        self._credit_ns = rate_changed_ns(self._credit_ns, self._cost_ns, new_ns, self._burst)
        self._cost_ns = new_ns

    def take(self, time_ns: int) -> bool:
        """Take a token, if there is one."""
        self._earn(time_ns)
        if self._credit_ns < self._cost_ns:
            return False
        self._credit_ns -= self._cost_ns
        return True

    def _earn(self, time_ns: int) -> None:
        full_ns = self._burst * self._cost_ns
        self._credit_ns = earned_ns(self._credit_ns, full_ns, time_ns - self._at_ns)
        self._at_ns = time_ns


class Gate:
    """The service's admission: everybody passes where there is no rate."""

    def __init__(self, settings: Admission) -> None:
        """Prepare the bucket and the operator's steps."""
        rate = settings.rate_per_s
        self._bucket = TokenBucket(rate, settings.burst) if rate else None
        steps = sorted(settings.steps, key=lambda step: step.at_s)
        self._steps = [(to_ns(step.at_s), step.rate_per_s) for step in reversed(steps)]
        self._burst = settings.burst

    def admits(self, time_ns: int) -> bool:
        """Whether a handshake may begin now."""
        while self._steps and self._steps[-1][0] <= time_ns:
            at_ns, rate_per_s = self._steps.pop()
            if self._bucket is None:
                self._bucket = TokenBucket(rate_per_s, self._burst)
            else:
                self._bucket.change(rate_per_s, at_ns)
        return self._bucket is None or self._bucket.take(time_ns)
