"""What may be varied: one axis per parameter, as a person writes it.

``KEY=VALUES``, where KEY is a key of the policy (``backoff.cap_s``) or, after ``scenario.``, of the
scenario (``scenario.server.close_spread_s``), and VALUES is one of

* ``LOW:HIGH``: any number between;
* ``log:LOW:HIGH``: the same, on a logarithmic scale;
* ``whole:LOW:HIGH``: a whole number, both included;
* ``A,B,C``: one of these.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from stormlab.tune.goals import TuneError

if TYPE_CHECKING:
    from optuna.trial import Trial

Scale = Literal["linear", "log", "whole", "choice"]
SCENARIO = "scenario."
_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_RANGE = re.compile(rf"(?:(log|whole):)?({_NUMBER}):({_NUMBER})")
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
        return f"{self.key}={kind}{self.low:g}:{self.high:g}"

    def propose(self, trial: "Trial") -> str:
        """The value that the search proposes, as text, to four digits."""
        if self.scale == "choice":
            return str(trial.suggest_categorical(self.key, self.choices))
        if self.scale == "whole":
            return str(trial.suggest_int(self.key, round(self.low), round(self.high)))
        log = self.scale == "log"
        value = trial.suggest_float(self.key, self.low, self.high, log=log)
        return f"{float(f'{value:.{_DIGITS}g}'):g}"


def axis(text: str) -> Axis:
    """Read one axis.

    Raises:
        TuneError: one line, when it is none.
    """
    key, equals, values = text.partition("=")
    key = key.strip()
    if not equals or not all(key.split(".")):
        raise TuneError(f"--vary {text}: found no key; allowed: as in backoff.cap_s=5:120")
    found = _RANGE.fullmatch(values.strip())
    if found is None:
        choices = tuple(value.strip() for value in values.split(",") if value.strip())
        if len(choices) < 2 or len(set(choices)) < len(choices):  # noqa: PLR2004  a choice
            raise TuneError(
                f"--vary {text}: found '{values}'; allowed: LOW:HIGH, log:LOW:HIGH,"
                " whole:LOW:HIGH or two different values and more, A,B,C"
            )
        return Axis(key, "choice", choices=choices)
    scale: Scale = "log" if found[1] == "log" else "whole" if found[1] else "linear"
    low, high = float(found[2]), float(found[3])
    if not low < high:
        raise TuneError(f"--vary {text}: found {low:g} to {high:g}; allowed: a low below the high")
    if scale == "log" and low <= 0:
        raise TuneError(f"--vary {text}: found {low:g}; allowed on a log scale: more than 0")
    if scale == "whole" and not (low.is_integer() and high.is_integer()):
        raise TuneError(f"--vary {text}: found {values}; allowed: whole numbers")
    return Axis(key, scale, low, high)
