"""Planted faults of clients that servers can fool, and of clients that never wait."""

from typing import ClassVar

from stormlab.policy import (
    Chance,
    Decision,
    Delays,
    Equal,
    Exponential,
    Fact,
    Happened,
    Reconnect,
    Reset,
    RetryAt,
    Rule,
    Span,
    Stop,
    Terms,
    codes,
)
from stormlab.selftest.planted import Planted
from stormlab.worlds.bare import Act, BareWorld, Phase
from stormlab_models.planted.parts import CAP_S, EQUAL, PROOF, TERMS, Careful, rule

FOOLED = BareWorld((Phase("reject", 300.0, code=1013),), settle_s=60.0)
FOOLED_1012 = BareWorld((Phase("reject", 90.0, code=1012),), settle_s=60.0)
REFUSED = BareWorld((Phase("refuse", 60.0),), settle_s=60.0)
LONG_THEN_LOST = BareWorld(
    (Phase("refuse", 60.0), Phase("serve", 120.0), Phase("refuse", 5.0)), settle_s=60.0
)
OFFLINE = BareWorld(
    (Phase("refuse", 60.0),), (Act("offline", 10.0), Act("online", 50.0)), settle_s=60.0
)


class AtOnceAfter(Careful):
    """Something good happened, so it does not wait any more, until it is connected."""

    on_fact: ClassVar[Fact]

    def __init__(self) -> None:
        """Wait as usual at first."""
        super().__init__()
        self._hasty = False

    def on(self, happened: Happened, chance: Chance) -> Decision:
        """Become hasty by the fact, and calm when connected."""
        if happened.fact is self.on_fact:
            self._hasty = True
            return RetryAt(happened.time_ns)
        if happened.fact is Fact.OPENED:
            self._hasty = False
        return super().on(happened, chance)

    def delay_s(self, n: int, chance: Chance) -> float:
        """Nothing while hasty."""
        return 0.0 if self._hasty else super().delay_s(n, chance)


class HastyOnline(AtOnceAfter):
    """Hasty since the network came back."""

    on_fact = Fact.ONLINE


class HastyVisible(AtOnceAfter):
    """Hasty since the page was looked at."""

    on_fact = Fact.VISIBLE


class OnceOnline(Careful):
    """One attempt at once, and then with the usual delays; visible pages likewise."""

    def on(self, happened: Happened, chance: Chance) -> Decision:
        """Attempt at once, keep counting."""
        if happened.fact in {Fact.ONLINE, Fact.VISIBLE}:
            return RetryAt(happened.time_ns)
        return super().on(happened, chance)


class BusyOffline(Careful):
    """An attempt that fails because there is no network is not the server's fault: again."""

    def __init__(self) -> None:
        """Begin online."""
        super().__init__()
        self._offline = False

    def on(self, happened: Happened, chance: Chance) -> Decision:
        """Follow the network."""
        if happened.fact in {Fact.OFFLINE, Fact.ONLINE}:
            self._offline = happened.fact is Fact.OFFLINE
        return super().on(happened, chance)

    def delay_s(self, n: int, chance: Chance) -> float:
        """Nothing while offline."""
        return 0.0 if self._offline else super().delay_s(n, chance)


class TwoTimers(Careful):
    """onerror and onclose both set a timer, and each timer connects: timers double."""

    def __init__(self) -> None:
        """Begin without a timer."""
        super().__init__()
        self._timers_ns: list[int] = []

    def on(self, happened: Happened, chance: Chance) -> Decision:
        """Forget the timers of an outage that is over."""
        if happened.fact is Fact.PROVED:
            self._timers_ns = []
        return super().on(happened, chance)

    def failed(self, happened: Happened, chance: Chance) -> Decision:
        """Set both, and let the earliest of all fire."""
        decision = super().failed(happened, chance)
        if not isinstance(decision, RetryAt) or isinstance(decision, Stop):
            return decision
        self._timers_ns += [decision.time_ns, decision.time_ns]
        self._timers_ns.sort()
        return RetryAt(self._timers_ns.pop(0))


class NoWaitAtAll(Careful):
    """A bare retry in a loop."""

    def delay_s(self, n: int, chance: Chance) -> float:
        """Nothing, ever."""
        del n, chance
        return 0.0


_GROWING = Delays(Exponential(1.0, 1.5), Equal(), cap_s=CAP_S)
_HTTP_FIRST = Terms(10.0, 20.0, 20.0, http_first=True)

FAULTS = (
    Planted(
        "reset-on-open",
        "The failure count goes back on open: a server that accepts and closes is tried without"
        " backoff.",
        "starknet.js #1650; junghome #157",
        "backoff-survives-flapping",
        "bare",
        Reconnect(EQUAL, reset=Reset(on="open"), terms=TERMS),
        Reconnect(EQUAL, reset=Reset(on="stable", after_s=5.0), terms=TERMS),
        FOOLED,
    ),
    Planted(
        "reset-by-http-answer",
        "The failure count goes back when the HTTP request before the handshake is answered,"
        " whatever becomes of the handshake.",
        "defect class: wrong reset event",
        "backoff-survives-flapping",
        "bare",
        Reconnect(EQUAL, reset=Reset(on="http"), terms=_HTTP_FIRST),
        Reconnect(EQUAL, reset=PROOF, terms=_HTTP_FIRST),
        FOOLED,
    ),
    Planted(
        "at-once-after-a-clean-close",
        "A clean close is retried at once and does not count: an endless loop against a server"
        " that closes cleanly.",
        "npm graphql-ws@6.4.2:dist/client.js (code 1000: 208 connects in 12 s)",
        "calm-when-fooled",
        "bare",
        Reconnect(
            EQUAL,
            rules=(
                Rule("now", codes((1000, 1005), (1007, 4999)), fact=Fact.DROPPED, counts=False),
            ),
            reset=PROOF,
            terms=TERMS,
        ),
        rule(EQUAL),
        FOOLED_1012,
    ),
    Planted(
        "never-reset",
        "The failure count is never set back: after a day of good service the next retry takes"
        " as long as the last one of the outage before.",
        "weavejs #999 (1000 * 1.5 ** n)",
        "forgets-when-stable",
        "bare",
        Reconnect(_GROWING, reset=Reset(on="never"), terms=TERMS),
        Reconnect(_GROWING, reset=PROOF, terms=TERMS),
        LONG_THEN_LOST,
    ),
    Planted(
        "timers-double",
        "onerror and onclose both schedule a retry: 2 ** n timers.",
        "leptos-use #184",
        "attempts-bounded",
        "bare",
        TwoTimers,
        Careful,
        REFUSED,
    ),
    Planted(
        "hot-loop",
        "A retry without any wait.",
        "pip tenacity==9.2.1: a bare @retry",
        "attempts-bounded",
        "bare",
        NoWaitAtAll,
        Careful,
        REFUSED,
    ),
    Planted(
        "hot-loop-once-online",
        "After the event 'online' it retries without waiting until it is connected.",
        "defect class: hot loop on online",
        "attempts-bounded",
        "bare",
        HastyOnline,
        OnceOnline,
        BareWorld(
            (Phase("refuse", 60.0),), (Act("offline", 10.0), Act("online", 20.0)), settle_s=60.0
        ),
    ),
    Planted(
        "hot-loop-once-visible",
        "After the page becomes visible it retries without waiting until it is connected.",
        "defect class: hot loop on visible",
        "attempts-bounded",
        "bare",
        HastyVisible,
        OnceOnline,
        BareWorld((Phase("refuse", 60.0),), (Act("hide", 10.0), Act("show", 20.0)), settle_s=60.0),
    ),
    Planted(
        "hot-loop-while-offline",
        "A failure without a network does not count, and is retried at once: a loop for as long"
        " as the device is offline.",
        "defect class: retry while offline",
        "attempts-bounded",
        "bare",
        BusyOffline,
        Careful,
        OFFLINE,
    ),
    Planted(
        "first-delay-zero-when-closed-cleanly",
        "1012 asks to come back later; the client comes at once and so does its whole fleet.",
        "defect class: close code read as an invitation",
        "calm-when-fooled",
        "bare",
        Reconnect(
            EQUAL,
            rules=(Rule("schedule", codes(1011, 1012, 1013), schedule=Span(0.0, 0.0)),),
            reset=PROOF,
            terms=TERMS,
        ),
        rule(EQUAL),
        FOOLED_1012,
    ),
)
