"""Planted faults of determinism: a clock, a generator, or a memory that no world controls."""

from itertools import count
from typing import ClassVar

from stormlab.policy import Chance
from stormlab.selftest.planted import Planted
from stormlab.worlds.bare import BareWorld, Phase
from stormlab_models.planted.parts import CAP_S, Careful

REFUSED = BareWorld((Phase("refuse", 20.0),), settle_s=60.0)
ROUND = 9973
_TICKS = count(1)  # goes on from one run to the next, as a wall clock does


class HiddenClock(Careful):
    """Jitter from the last digits of a clock that does not stand still between runs."""

    def delay_s(self, n: int, chance: Chance) -> float:
        """Look at the clock."""
        del chance
        ticks = next(_TICKS) * 0.618_034
        return min(CAP_S, 2.0 ** min(n, 60)) * (0.5 + 0.5 * (ticks % 1.0))


class OwnGenerator(Careful):
    """One generator for the whole process, in place of the chance that it is handed."""

    state: ClassVar[int] = 2_463_534_242

    def delay_s(self, n: int, chance: Chance) -> float:
        """Draw from it (xorshift, 32 bits)."""
        del chance
        word = OwnGenerator.state
        word ^= word << 13 & 0xFFFFFFFF
        word ^= word >> 17
        word ^= word << 5 & 0xFFFFFFFF
        OwnGenerator.state = word
        return min(CAP_S, 2.0 ** min(n, 60)) * (0.5 + 0.5 * word / 2**32)


class SharedCount(Careful):
    """The failure count stands on the class: every client of the process counts with it."""

    total: ClassVar[int] = 0

    def delay_s(self, n: int, chance: Chance) -> float:
        """Depend on the failures of all, in a round that no run makes full."""
        SharedCount.total += 1
        return super().delay_s(n, chance) * (1.0 - SharedCount.total % ROUND / (2 * ROUND))


FAULTS = (
    Planted(
        "hidden-clock",
        "Delays depend on a clock that the host does not control.",
        "defect class: time-dependent policy",
        "same-world-same-trace",
        "bare",
        HiddenClock,
        Careful,
        REFUSED,
    ),
    Planted(
        "own-generator",
        "Jitter comes from a generator of the process, not from the chance that it is handed.",
        "defect class: global random generator",
        "same-world-same-trace",
        "bare",
        OwnGenerator,
        Careful,
        REFUSED,
    ),
    Planted(
        "count-on-the-class",
        "The failure count is a class attribute, shared by all clients of the process.",
        "defect class: state shared by accident",
        "same-world-same-trace",
        "bare",
        SharedCount,
        Careful,
        REFUSED,
    ),
)
