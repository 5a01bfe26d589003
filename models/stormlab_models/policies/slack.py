"""@slack/socket-mode: an HTTP call for an address before each handshake, and two kinds of wait.

While ``apps.connections.open`` fails, @slack/web-api repeats it by the plan of node-retry. Once it
succeeds the count of failures is cleared, whatever becomes of the handshake: a lost or refused
socket always waits 5 s. The linear 5 s, 10 s, ... is only seen when Slack answers the call and says
no (HTTP status 200, ``ok: false``).
"""

from stormlab.clock import to_ns
from stormlab.policy import (
    Chance,
    Decision,
    Delays,
    Exponential,
    Fact,
    Happened,
    Moment,
    RetryAt,
    Stop,
    Support,
    Terms,
)
from stormlab.policy.catalogue import Entry

STEP_S = 5.0
CALLS_MAX = 100
CALLS = Delays(
    Exponential(1.0, 1.3, overflow="int32-timer"),
    step_s=0.001,
    rounding="nearest",
    overflow="int32-timer",
)
# Pings every 5/3 s; 5 s after the last answer it closes, one ping later it no longer waits for it.
TERMS = Terms(heartbeat_s=5 / 3, heartbeat_timeout_s=20 / 3, http_first=True)
ANSWERED = 200


class SlackSocketMode:
    """One client at work."""

    terms = TERMS

    def __init__(self) -> None:
        """Start with nothing counted."""
        self._failures = 0  # since the HTTP call last succeeded
        self._calls = 0  # failed HTTP calls in a row
        self._reached = False  # the HTTP call of the attempt under way has succeeded
        self._stopped = False

    def on(self, happened: Happened, chance: Chance) -> Decision:
        """Take a fact; see the contract."""
        fact = happened.fact
        if fact is Fact.REACHED:
            self._failures = self._calls = 0
            self._reached = True
        elif fact is Fact.DROPPED or (fact is Fact.REFUSED and self._reached):
            return self._wait(happened.time_ns)
        elif fact is Fact.REFUSED:
            if happened.status == ANSWERED:
                self._calls = 0
                return self._wait(happened.time_ns)
            return self._call_again(happened, chance)
        elif fact is Fact.RETRY_BY_HAND:
            self._failures = self._calls = 0
            self._stopped = False
            return RetryAt(happened.time_ns)
        return None

    def may_attempt(self, time_ns: int) -> bool:
        """Until the HTTP calls are used up."""
        del time_ns
        self._reached = False
        return not self._stopped

    def _wait(self, time_ns: int) -> RetryAt:
        self._failures += 1
        return RetryAt(time_ns + to_ns(STEP_S * self._failures))

    def _call_again(self, happened: Happened, chance: Chance) -> Decision:
        if self._calls == CALLS_MAX:
            self._stopped = True
            return Stop("the HTTP call failed too often")
        delay_ns = CALLS.delay_ns(self._calls, Moment(chance)) or 0
        self._calls += 1
        # After a 429 the call sleeps for Retry-After first, and then for its own delay.
        return RetryAt(happened.time_ns + (happened.retry_after_ns or 0) + delay_ns)


def _supports(n: int) -> Support | None:
    return CALLS.support(n) if n < CALLS_MAX else None


ENTRIES = (
    Entry(
        name="@slack/socket-mode",
        version="3.1.0",
        kind="client",
        source="npm @slack/socket-mode@3.1.0:dist/src/SocketModeClient.js, SlackWebSocket.js; "
        "@slack/web-api@8.2.0:dist/WebClient.js; retry@0.13.1:lib/retry.js",
        make=SlackSocketMode,
        formula="5 s after a drop or a refused handshake; while the HTTP call before it fails: "
        "1.3^n s",
        jitter="none",
        notes="If only the WebSocket endpoint is down, every HTTP success clears the count: 5 s, "
        "for ever. While HTTP is down too, the delays of its call grow without a cap. Where Slack "
        "answers and says no: 5·n s. The delays listed are those of the HTTP call.",
        supports=_supports,
        first_after_drop=Support.point(to_ns(STEP_S)),
        attempts_max=CALLS_MAX,
        reset="when the HTTP call before it succeeds, not on open",
        close_codes="all retried",
        network="none",
        terms=TERMS,
    ),
)
