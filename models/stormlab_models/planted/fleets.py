"""Planted faults that only a fleet shows: clients that do what all others do, when they do it."""

from stormlab.policy import (
    Added,
    Chance,
    Constant,
    Delays,
    Exponential,
    Full,
    Multiplied,
    NoJitter,
    Reconnect,
    Span,
    Table,
)
from stormlab.selftest.planted import Planted
from stormlab.worlds.herd import HerdWorld
from stormlab_models.planted.parts import (
    CAP_S,
    EQUAL,
    FULL,
    PROOF,
    TERMS,
    Careful,
    rule,
)

HERD = HerdWorld()


class SameSeed(Careful):
    """A generator of its own that starts from the same seed in every client."""

    def __init__(self) -> None:
        """Seed it as everybody does."""
        super().__init__()
        self._state = 12345

    def delay_s(self, n: int, chance: Chance) -> float:
        """Jitter that is the same sequence for all."""
        del chance
        self._state = (self._state * 1_103_515_245 + 12_345) % 2**31
        return min(CAP_S, 2.0 ** min(n, 60)) * (0.5 + 0.5 * self._state / 2**31)


class JitterRoundedAway(Careful):
    """``floor(random()) * spread``: the floor of a number below one is zero."""

    def delay_s(self, n: int, chance: Chance) -> float:
        """A jitter that is always zero."""
        return min(CAP_S, 2.0 ** min(n, 60)) * (0.5 + 0.5 * int(chance.unit("jitter")))


class RetriesOfRetries(Careful):
    """A library that retries inside a loop that retries: five attempts where one is declared."""

    def delay_s(self, n: int, chance: Chance) -> float:
        """Four quick ones, then the wait of the outer loop."""
        outer, inner = divmod(n, 5)
        if inner < 4:  # noqa: PLR2004
            return 0.2 * chance.unit("inner")
        return super().delay_s(outer, chance)


FAULTS = (
    Planted(
        "fixed-interval",
        "Every client tries every 15 s, without jitter.",
        "superplane #6437; omi (15 s)",
        "fleet-disperses",
        "herd",
        rule(Delays(Constant(15.0))),
        rule(Span(5.0, 25.0)),
        HERD,
    ),
    Planted(
        "deterministic-exponential",
        "Exponential backoff without jitter: the herd stays together for ever.",
        "coder #24096",
        "fleet-disperses",
        "herd",
        rule(Delays(Exponential(1.0), NoJitter(), cap_s=CAP_S)),
        rule(FULL),
        HERD,
    ),
    Planted(
        "jitter-clamped-at-the-cap",
        "The cap is applied after the jitter and cuts it off: all wait exactly the cap.",
        "dcdpr/jp #1080; npm socket.io-client@4.8.4",
        "jitter-survives-the-cap",
        "herd",
        rule(Delays(Exponential(1.0), Multiplied(1.0, 1.5), cap_s=CAP_S, placement="before_cap")),
        rule(EQUAL),
        HERD,
    ),
    Planted(
        "first-retry-at-once",
        "The first retry comes after 0 ms, for the whole fleet.",
        "npm @microsoft/signalr@10.0.11:dist/esm/DefaultReconnectPolicy.js",
        "first-retry-is-spread",
        "herd",
        Reconnect(FULL, first_after_drop=Span(0.0, 0.0), reset=PROOF, terms=TERMS),
        Reconnect(FULL, first_after_drop=Span(0.0, 2.0), reset=PROOF, terms=TERMS),
        HERD,
    ),
    Planted(
        "table-without-jitter",
        "A table of delays that is the same for everybody, 10 ms first.",
        "npm phoenix@1.8.16:assets/js/phoenix/socket.js",
        "first-retry-is-spread",
        "herd",
        rule(Delays(Table((0.01, 0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 1.0, 2.0), then=5.0))),
        rule(Delays(Table((1.0, 2.0, 4.0), then=5.0), Full())),
        HERD,
    ),
    Planted(
        "jitter-from-one-seed",
        "Each client seeds its generator with the same number, so all draw the same jitter.",
        "defect class: seed in the code",
        "jitter-survives-the-cap",
        "herd",
        SameSeed,
        Careful,
        HERD,
    ),
    Planted(
        "jitter-rounded-away",
        "floor(random()) * spread is always zero.",
        "defect class: rounding at the wrong place",
        "first-retry-is-spread",
        "herd",
        JitterRoundedAway,
        Careful,
        HERD,
    ),
    Planted(
        "retries-of-retries",
        "A library that retries is called in a loop that retries: five attempts for each that is"
        " declared.",
        "defect class: retries on several layers",
        "amplification-bounded",
        "herd",
        RetriesOfRetries,
        Careful,
        HERD,
    ),
    Planted(
        "jitter-too-narrow",
        "100 ms of jitter on a delay of 30 s: the herd still arrives within one second.",
        "defect class: jitter that does not grow with the delay",
        "fleet-disperses",
        "herd",
        rule(Delays(Exponential(1.0), Added(0.0, 0.1), cap_s=CAP_S)),
        rule(FULL),
        HERD,
    ),
)
