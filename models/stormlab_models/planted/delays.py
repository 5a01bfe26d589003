"""Planted faults of delays: range, growth, overflow."""

from dataclasses import replace
from typing import ClassVar

from stormlab.policy import (
    Chance,
    Comb,
    Constant,
    Delays,
    Equal,
    Exponential,
    Multiplied,
    Polynomial,
    Span,
    Table,
)
from stormlab.properties.promises import Declared
from stormlab.selftest.planted import Planted
from stormlab.worlds.bare import BareWorld, Phase
from stormlab_models.planted.parts import CAP_S, EQUAL, TERMS, Careful, Claiming, rule

TIMER_S_MAX = (2**31 - 1) / 1000  # setTimeout's argument is a signed 32-bit integer of ms
TIMER_S_MIN = 0.001  # what a longer one becomes

WALKED = BareWorld((Phase("refuse", 20.0),), settle_s=60.0)  # delays are judged on walks


class Uncapped(Careful):
    """60 s doubled for ever, handed to a timer that takes 32 bits."""

    declared: ClassVar[Declared] = Declared(gives_up=False, terms=TERMS)

    def delay_s(self, n: int, chance: Chance) -> float:
        """A minute, doubled n times; the timer makes a millisecond of what is too long."""
        wait_s = self.limited(60.0 * 2.0 ** min(n, 60)) * (0.9 + 0.1 * chance.unit("jitter"))
        return wait_s if wait_s <= TIMER_S_MAX else TIMER_S_MIN

    def limited(self, wait_s: float) -> float:
        """Forget the cap."""
        return wait_s


class Capped(Uncapped):
    """The same with a cap."""

    declared: ClassVar[Declared] = Declared(delay_s_max=300.0, gives_up=False, terms=TERMS)

    def limited(self, wait_s: float) -> float:
        """Five minutes at most."""
        return min(wait_s, 300.0)


class JitterBelowZero(Careful):
    """Plus or minus 2 s around a delay that begins at 1 s."""

    def delay_s(self, n: int, chance: Chance) -> float:
        """A delay that chance can make negative."""
        return min(CAP_S, 2.0 ** min(n, 60)) + 4.0 * chance.unit("jitter") - 2.0


class Xor(Careful):
    """``2 ^ n`` is XOR in JavaScript: 2, 3, 0, 1, 6, 7, 4, 5, ..."""

    declared: ClassVar[Declared] = Declared(delay_s_max=CAP_S, gives_up=False, terms=TERMS)

    def delay_s(self, n: int, chance: Chance) -> float:
        """Two XOR n seconds."""
        return min(CAP_S, float(2 ^ n)) * (0.5 + 0.5 * chance.unit("jitter"))


class ForgetsAtConnect(Careful):
    """The failure count goes back whenever an attempt is made, not when one succeeds."""

    def may_attempt(self, time_ns: int) -> bool:
        """Forget, and attempt."""
        self.failures = 0
        return super().may_attempt(time_ns)


FAULTS = (
    Planted(
        "squares-for-powers",
        "pow(x - 1, 2) where 2 ** (x - 1) was meant: the first delay is 0 s, growth is quadratic.",
        "Azure IoT Node #338",
        "delay-in-range",
        "bare",
        Claiming(rule(Delays(Polynomial(1.0, 2, first=0), Equal(), cap_s=CAP_S)), rule(EQUAL)),
        rule(EQUAL),
        WALKED,
    ),
    Planted(
        "random-without-minimum",
        "random() * (max - min) without + min: delays below the declared minimum.",
        "Azure IoT Node #338",
        "delay-in-range",
        "bare",
        Claiming(rule(Span(0.0, 9.0)), rule(Span(1.0, 10.0))),
        rule(Span(1.0, 10.0)),
        WALKED,
    ),
    Planted(
        "overflow-from-100-ms",
        "100 ms doubled without a cap: from retry 25 on setTimeout fires at once.",
        "SAP e-mobility #1951",
        "delay-survives-overflow",
        "bare",
        rule(Delays(Exponential(0.1, overflow="ieee"), Equal(), overflow="int32-timer")),
        replace(
            rule(Delays(Exponential(0.1), Equal(), cap_s=CAP_S)), first_after_drop=Span(0.1, 2.0)
        ),
        WALKED,
    ),
    Planted(
        "overflow-from-a-minute",
        "60 s doubled without a cap: from retry 16 on the timer waits 1 ms.",
        "SAP e-mobility #1951",
        "delay-survives-overflow",
        "bare",
        Uncapped,
        Capped,
        WALKED,
    ),
    Planted(
        "infinity-minus-infinity",
        "The power becomes Infinity, jitter makes it NaN, and a timer takes NaN for 0.",
        "npm socket.io-client@4.8.4:build/esm/contrib/backo2.js",
        "delay-survives-overflow",
        "bare",
        rule(
            Delays(
                Exponential(1.0, overflow="ieee"),
                Comb(),
                cap_s=5.0,
                placement="before_cap",
                overflow="ieee",
            )
        ),
        rule(Delays(Exponential(1.0, exponent_max=16), Comb(), cap_s=5.0)),
        replace(WALKED, seed=3),
    ),
    Planted(
        "jitter-beyond-the-cap",
        "Jitter of 50 % is put on the capped delay, which then exceeds the declared cap.",
        "defect class: jitter after the cap, cap declared",
        "delay-in-range",
        "bare",
        Claiming(rule(Delays(Exponential(1.0), Multiplied(0.5, 1.5), cap_s=CAP_S)), rule(EQUAL)),
        rule(EQUAL),
        WALKED,
    ),
    Planted(
        "negative-delay",
        "Jitter of plus or minus 2 s on a delay of 1 s: the retry lies in the past.",
        "defect class: jitter wider than the delay",
        "delay-in-range",
        "bare",
        JitterBelowZero,
        Careful,
        WALKED,
    ),
    Planted(
        "backwards",
        "The table of delays is read from its end: each retry comes sooner than the one before.",
        "defect class: remaining attempts taken for the attempts made",
        "delay-grows-to-the-cap",
        "bare",
        rule(Delays(Table((16.0, 8.0, 4.0, 2.0, 1.0)), Equal())),
        rule(Delays(Table((1.0, 2.0, 4.0, 8.0, 16.0)), Equal())),
        WALKED,
    ),
    Planted(
        "xor-for-power",
        "2 ^ n in JavaScript is XOR, no power: 2, 3, 0, 1, 6 s.",
        "defect class: operator of another language",
        "delay-grows-to-the-cap",
        "bare",
        Xor,
        Careful,
        WALKED,
    ),
    Planted(
        "seconds-as-milliseconds",
        "Seconds are handed to a timer of milliseconds: every delay is a thousandth.",
        "defect class: unit",
        "delay-in-range",
        "bare",
        Claiming(rule(Delays(Exponential(0.001), Equal(), cap_s=0.03)), rule(EQUAL)),
        rule(EQUAL),
        WALKED,
    ),
    Planted(
        "forgets-at-connect",
        "connect() sets the failure count back, so that the delay never grows.",
        "defect class: reset at the wrong place",
        "delay-in-range",
        "bare",
        ForgetsAtConnect,
        Careful,
        WALKED,
    ),
    Planted(
        "constant-for-exponential",
        "The exponent is never passed on: 1 s each time where growth to 30 s is declared.",
        "defect class: backoff that does not back off",
        "delay-in-range",
        "bare",
        Claiming(rule(Delays(Constant(1.0), Equal())), rule(EQUAL)),
        rule(EQUAL),
        WALKED,
    ),
)
