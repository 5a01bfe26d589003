"""Planted faults of clients that stay away: silent ends, locks, forgotten events."""

from dataclasses import replace
from typing import ClassVar

from stormlab.policy import (
    RESTART_SPAN,
    Advice,
    Chance,
    Decision,
    Fact,
    Happened,
    Reconnect,
    RetryAt,
    Stop,
    Terms,
)
from stormlab.properties.promises import Declared
from stormlab.selftest.planted import Planted
from stormlab.worlds.bare import Act, BareWorld, Phase
from stormlab_models.planted.parts import (
    CAP_S,
    EQUAL,
    PROOF,
    TERMS,
    Careful,
    Claiming,
    rule,
)

REFUSED = BareWorld((Phase("serve", 5.0), Phase("refuse", 60.0)), settle_s=150.0)
REFUSED_LONG = BareWorld((Phase("serve", 5.0), Phase("refuse", 400.0)), settle_s=150.0)
HUNG = BareWorld((Phase("serve", 5.0), Phase("hang", 90.0)), settle_s=150.0)
STOPPED = BareWorld((Phase("serve", 5.0), Phase("stop", 20.0, code=1012)), settle_s=150.0)
SERVED = BareWorld((), settle_s=150.0)
RESTARTING = replace(rule(EQUAL), advice=Advice(retry_after="at_least", restart=RESTART_SPAN))


class SilentEnd(Careful):
    """Ten attempts, then the timer fires and nothing happens."""

    declared: ClassVar[Declared] = replace(Careful.declared, gives_up=None)

    def may_attempt(self, time_ns: int) -> bool:
        """Nine retries, as the page that was analysed."""
        return super().may_attempt(time_ns) and self.failures < 10  # noqa: PLR2004


class EndsAll(Careful):
    """Eight failures end it, though it declares that it never ends."""

    def failed(self, happened: Happened, chance: Chance) -> Decision:
        """Give up at the eighth."""
        if self.failures >= 8:  # noqa: PLR2004
            return Stop("attempts used up")
        return super().failed(happened, chance)


class OnlyDrops(Careful):
    """It reconnects in onclose of a connection that was open; a refused handshake ends it."""

    def failed(self, happened: Happened, chance: Chance) -> Decision:
        """Hear nothing of a refusal."""
        return super().failed(happened, chance) if happened.fact is Fact.DROPPED else None


class LockHeld(Careful):
    """``if (this.connecting) return``, and only onopen and a drop set it back."""

    def __init__(self) -> None:
        """Begin unlocked."""
        super().__init__()
        self._connecting = False
        self._refused = 0

    def on(self, happened: Happened, chance: Chance) -> Decision:
        """Unlock on good news only."""
        if happened.fact in {Fact.OPENED, Fact.DROPPED}:
            self._connecting = False
        return super().on(happened, chance)

    def may_attempt(self, time_ns: int) -> bool:
        """Not while an attempt is thought to be under way."""
        if self._connecting:
            return False
        self._connecting = True
        return super().may_attempt(time_ns)


class PausedForGood(Careful):
    """A hidden page cancels its retry; on visible it only looks whether it is connected."""

    def __init__(self) -> None:
        """Begin in sight."""
        super().__init__()
        self._hidden = False
        self._waiting = False

    def on(self, happened: Happened, chance: Chance) -> Decision:
        """Take no notice of what happens while hidden."""
        if happened.fact in {Fact.HIDDEN, Fact.VISIBLE}:
            self._hidden = happened.fact is Fact.HIDDEN
            return self.shown(happened.time_ns)
        return super().on(happened, chance)

    def failed(self, happened: Happened, chance: Chance) -> Decision:
        """Schedule nothing while hidden."""
        if self._hidden:
            self._waiting = True
            return None
        return super().failed(happened, chance)

    def shown(self, time_ns: int) -> Decision:
        """Nothing."""
        del time_ns
        return None


class Resumed(PausedForGood):
    """The same, and what was left out while hidden is made up for."""

    def shown(self, time_ns: int) -> Decision:
        """Retry when visible again, if a failure came meanwhile."""
        if self._hidden or not self._waiting:
            return None
        self._waiting = False
        return RetryAt(time_ns)


class CleanIsFinal(Careful):
    """``if (event.wasClean) return``: a server that restarts in order loses its clients."""

    def failed(self, happened: Happened, chance: Chance) -> Decision:
        """Stop after any close frame."""
        return Stop("closed") if happened.clean else super().failed(happened, chance)


class Unfinal(Careful):
    """It declares 4001 and 1008 final, and retries."""

    declared: ClassVar[Declared] = replace(Careful.declared, final_codes=frozenset({1008, 4001}))


class Final(Unfinal):
    """It stops after the codes that it declares final."""

    def failed(self, happened: Happened, chance: Chance) -> Decision:
        """Stop after them."""
        if happened.code in self.declared.final_codes:
            return Stop(f"code {happened.code}")
        return super().failed(happened, chance)


class Unadvised(Careful):
    """It declares to obey a server's advice, and never reads it."""

    def failed(self, happened: Happened, chance: Chance) -> Decision:
        """Forget the advice."""
        return super().failed(replace(happened, retry_after_ns=None), chance)


class AdviceInMilliseconds(Careful):
    """Retry-After is in seconds; it is handed to a timer as it is."""

    def failed(self, happened: Happened, chance: Chance) -> Decision:
        """Take a thousandth of the advice."""
        advice_ns = happened.retry_after_ns
        less_ns = None if advice_ns is None else advice_ns // 1000
        return super().failed(replace(happened, retry_after_ns=less_ns), chance)


class Impatient(Careful):
    """It gives an attempt up before a handshake can be complete."""

    terms = Terms(connect_timeout_s=0.05, heartbeat_s=20.0, heartbeat_timeout_s=20.0)


FAULTS = (
    Planted(
        "silent-give-up",
        "The limit of attempts is checked when the timer fires, and then nothing happens: no"
        " word, no way back.",
        "the analysed page: nine retries in 180 s, then silence",
        "gives-up-as-declared",
        "bare",
        SilentEnd,
        Careful,
        REFUSED_LONG,
    ),
    Planted(
        "gives-up-for-good",
        "It stops at the eighth failure and declares that it never does.",
        "the analysis, HIGH #4: a limit of attempts as the cure",
        "gives-up-as-declared",
        "bare",
        EndsAll,
        Careful,
        REFUSED_LONG,
    ),
    Planted(
        "gives-up-too-early",
        "It declares to survive half a day, and its attempts are used up in less than a minute.",
        "npm @microsoft/signalr@10.0.11: 0, 2, 10, 30 s, then no more",
        "survives-long-outages",
        "bare",
        Claiming(
            Reconnect(EQUAL, attempts_max=5, reset=PROOF, terms=TERMS),
            Reconnect(EQUAL, give_up_after_s=50_000.0, reset=PROOF, terms=TERMS),
        ),
        Reconnect(EQUAL, give_up_after_s=50_000.0, reset=PROOF, terms=TERMS),
        REFUSED_LONG,
    ),
    Planted(
        "refused-handshake-not-retried",
        "Only the loss of an open connection is retried; the first refused handshake ends it.",
        "graphql-ws #354, #356",
        "converges",
        "bare",
        OnlyDrops,
        Careful,
        REFUSED,
    ),
    Planted(
        "lock-held",
        "A flag 'connecting' that a refused attempt does not set back: no further attempt.",
        "npm reconnecting-websocket@4.4.0: the lock stays held when the url provider rejects",
        "converges",
        "bare",
        LockHeld,
        Careful,
        REFUSED,
    ),
    Planted(
        "paused-for-good",
        "A failure in a hidden page schedules nothing, and nothing is made up for when visible.",
        "defect class: visibility handled by half",
        "converges",
        "bare",
        PausedForGood,
        Resumed,
        BareWorld(
            (Phase("serve", 5.0), Phase("refuse", 10.0)),
            (Act("hide", 3.0), Act("show", 30.0)),
            settle_s=150.0,
        ),
    ),
    Planted(
        "impatient",
        "The connect time-out is shorter than the handshake: no attempt can ever succeed.",
        "npm subscriptions-transport-ws@0.11.0: 1 s at first, whatever the server's load",
        "converges",
        "bare",
        Impatient,
        Careful,
        SERVED,
    ),
    Planted(
        "clean-close-is-the-end",
        "A clean close (1001, 1012) is taken for the end: a rolling restart loses every client.",
        "defect class: wasClean",
        "obeys-close-codes",
        "bare",
        CleanIsFinal,
        Careful,
        STOPPED,
    ),
    Planted(
        "final-code-retried",
        "1008 and 4001 are declared final and retried all the same: a storm of rejected tokens.",
        "defect class: final close codes retried",
        "obeys-close-codes",
        "bare",
        Unfinal,
        Final,
        BareWorld((Phase("reject", 30.0, code=4001),), settle_s=150.0),
    ),
    Planted(
        "retry-after-ignored",
        "It declares to obey Retry-After and never reads it.",
        "pip websockets==17.4: 503 retried, Retry-After ignored",
        "obeys-advice",
        "bare",
        Unadvised,
        Careful,
        BareWorld((Phase("refuse", 60.0, advice_s=10.0),), settle_s=150.0),
    ),
    Planted(
        "restart-delay-forgotten",
        "It declares to stay away for 5 to 30 s after 1012, and comes back as after any loss.",
        "hybi list: 1012, reconnect after a random 5 to 30 s",
        "obeys-advice",
        "bare",
        Claiming(rule(EQUAL), RESTARTING),
        RESTARTING,
        BareWorld((Phase("serve", 5.0), Phase("stop", 20.0, code=1012)), settle_s=150.0),
    ),
    Planted(
        "retry-after-in-milliseconds",
        "Retry-After: 10 becomes 10 ms.",
        "defect class: unit of Retry-After",
        "obeys-advice",
        "bare",
        AdviceInMilliseconds,
        Careful,
        BareWorld((Phase("refuse", 60.0, advice_s=10.0),), settle_s=150.0),
    ),
    Planted(
        "pings-without-a-timeout",
        "It declares a heartbeat and sends pings, and nobody looks for the answers.",
        "defect class: heartbeat without a time-out",
        "notices-a-dead-peer",
        "bare",
        Claiming(Reconnect(EQUAL, reset=PROOF, terms=Terms(connect_timeout_s=10.0)), rule(EQUAL)),
        rule(EQUAL),
        HUNG,
    ),
    Planted(
        "heartbeat-slower-than-declared",
        "A heartbeat of 20 s is declared; a minute goes by between two pings.",
        "defect class: heartbeat slower than its bound",
        "notices-a-dead-peer",
        "bare",
        Claiming(Reconnect(EQUAL, reset=PROOF, terms=Terms(10.0, 60.0, 20.0)), rule(EQUAL)),
        rule(EQUAL),
        HUNG,
    ),
)

assert CAP_S < 60  # noqa: S101, PLR2004  the worlds above settle for longer than any delay
