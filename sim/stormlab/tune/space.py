"""What may be varied: one axis per parameter, as a person writes it.

``KEY=VALUES``, where KEY is a key of the policy (``backoff.cap_s``) or, after ``scenario.``, of the
scenario (``scenario.server.close_spread_s``), and VALUES is one of

* ``LOW:HIGH``: any number between;
* ``log:LOW:HIGH``: the same, on a logarithmic scale;
* ``whole:LOW:HIGH``: a whole number, both included;
* ``A,B,C``: one of these.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Literal

from stormlab.tune.goals import TuneError

if TYPE_CHECKING:
    from optuna.trial import BaseTrial

Scale = Literal["linear", "log", "whole", "choice"]
SCENARIO = "scenario."
_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_RANGE = re.compile(rf"(?:(log|whole):)?({_NUMBER}):({_NUMBER})")
VALUES_MAX = 10_000
_BROKEN = 0.0131  # of the range: hardly ever a whole number
_DIGITS = 4  # of a proposed number: more would pretend a precision that no search has


@dataclass(frozen=True)
class Axis:
    """One parameter and the values that the search may give it."""

    key: str
    scale: Scale
    low: float = 0.0
    high: float = 0.0
    choices: tuple[str, ...] = ()

    @property
    def of_scenario(self) -> bool:
        """Whether it is a parameter of the scenario, not of the policy."""
        return self.key.startswith(SCENARIO)

    @property
    def text(self) -> str:
        """It as a person writes it."""
        if self.scale == "choice":
            return f"{self.key}={','.join(self.choices)}"
        kind = "" if self.scale == "linear" else f"{self.scale}:"
        return f"{self.key}={kind}{self.low:.15g}:{self.high:.15g}"

    @property
    def extremes(self) -> tuple[str, ...]:
        """What has to fit before anything runs: every choice, or the ends and a broken number."""
        if self.scale == "choice":
            return self.choices
        ends = f"{self.low:.15g}", f"{self.high:.15g}"
        if self.scale == "whole":
            return ends
        return *ends, self._rounded(self.low + _BROKEN * (self.high - self.low))

    @property
    def values(self) -> tuple[str, ...] | None:
        """All values, where they can be counted; None for a range of any numbers."""
        if self.scale == "choice":
            return self.choices
        if self.scale == "whole" and self.high - self.low < VALUES_MAX:
            return tuple(map(str, range(round(self.low), round(self.high) + 1)))
        return None

    def _rounded(self, value: float) -> str:
        rounded = float(f"{value:.{_DIGITS}g}")
        return f"{min(max(rounded, self.low), self.high):.15g}"

    def place(self, value: str) -> float | None:
        """Where a value lies in the range, from 0 to 1 on its scale; None for a choice."""
        if self.scale == "choice":
            return None
        low, high, at = self.low, self.high, float(value)
        if self.scale == "log":
            low, high, at = math.log(low), math.log(high), math.log(at)
        return (at - low) / (high - low)

    def propose(self, trial: "BaseTrial") -> str:
        """The value that the search proposes, as text, to four digits and inside the range."""
        if self.scale == "choice":
            return str(trial.suggest_categorical(self.key, self.choices))
        if self.scale == "whole":
            return str(trial.suggest_int(self.key, round(self.low), round(self.high)))
        log = self.scale == "log"
        return self._rounded(trial.suggest_float(self.key, self.low, self.high, log=log))


def axis(text: str) -> Axis:
    """Read one axis.

    Raises:
        TuneError: one line, when it is none.
    """
    key, equals, values = text.partition("=")
    key = key.strip()
    if not equals or not all(key.removeprefix(SCENARIO).split(".")):
        fault = "found no '='" if not equals else "found no key, or an empty part in it"
        raise TuneError(f"--vary {text}: {fault}; allowed: as in backoff.cap_s=5:120")
    if not re.fullmatch(r"[A-Za-z_][\w.]*", key):
        raise TuneError(f"--vary {text}: found the key '{key}'; allowed: as in backoff.cap_s")
    found = _RANGE.fullmatch(values.strip())
    if found is None:
        choices = tuple(value.strip() for value in values.split(","))
        few = len(choices) < 2 or len(set(choices)) < len(choices)  # noqa: PLR2004  a choice
        if few or not all(choices) or ":" in values:
            raise TuneError(
                f"--vary {text}: found '{values}'; allowed: LOW:HIGH, log:LOW:HIGH,"
                " whole:LOW:HIGH or two different values and more, A,B,C"
            )
        return Axis(key, "choice", choices=choices)
    scale: Scale = "log" if found[1] == "log" else "whole" if found[1] else "linear"
    low, high = float(found[2]), float(found[3])
    if not (math.isfinite(low) and math.isfinite(high)):
        raise TuneError(f"--vary {text}: found {values}; allowed: finite numbers")
    if not low < high:
        raise TuneError(f"--vary {text}: found {low:g} to {high:g}; allowed: a low below the high")
    if scale == "log" and low <= 0:
        raise TuneError(f"--vary {text}: found {low:g}; allowed on a log scale: more than 0")
    if scale == "whole" and not (low.is_integer() and high.is_integer()):
        raise TuneError(f"--vary {text}: found {values}; allowed: whole numbers")
    return Axis(key, scale, low, high)


def combinations(axes: Sequence[Axis], most: int) -> list[tuple[str, ...]] | None:
    """All combinations of values, if there are at most ``most``; else None."""
    values = [axis.values for axis in axes]
    counted = [each for each in values if each is not None]
    if len(counted) < len(values) or math.prod(map(len, counted)) > most:
        return None
    return list(product(*counted))
