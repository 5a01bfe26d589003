"""The register: every causal or numeric claim of the analysis, as data, checked when read.

A claim names a figure, the range that the analysis gives it, the cases that are judged, the fixes
it speaks of, and how it compares. A claim that does not name a figure that exists, or a case that
can be run, is refused: there is no claim without a run behind it. The verdict is not in the file;
``expected`` is what the last reading of the runs was, and a test holds the two equal.
"""

import tomllib
from collections import Counter
from importlib.resources import files
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from stormlab.scenario import ScenarioError, validated
from stormlab_models.tac_webbuilder.reproduce.cases import CASES, MECHANISMS
from stormlab_models.tac_webbuilder.reproduce.figures import FIGURES
from stormlab_models.tac_webbuilder.reproduce.fixes import FIXES, PHASES

Verdict = Literal["reproduced", "refuted", "depends"]
Compare = Literal["value", "gain", "reduction_percent"]
Text = Annotated[str, Field(min_length=1)]

PROBLEMS: tuple[str, ...] = (
    "Tests and targets",
    "CRITICAL #1: connections fail with code 1006",
    "CRITICAL #2: no keep-alive",
    "CRITICAL #3: connection storm on page load",
    "HIGH #4: reconnection never stops",
    "HIGH #5: HTTP and WebSocket race for the initial data",
    "MEDIUM #6: every message renders",
    "MEDIUM #7: parse errors say nothing",
    "MEDIUM #8: connection quality is not measured",
    "LOW #9: constants in the code",
    "LOW #10: timers left behind",
)


class Closed(BaseModel):
    """A table of the register: no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Range(Closed):
    """The range that the claim gives, ends included; one end may be open."""

    low: float | None = None
    high: float | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.low is None and self.high is None:
            raise ValueError("give 'low', 'high' or both")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}")
        return self


class Claim(Closed):
    """One claim of the analysis; see the module."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    problem: Annotated[int, Field(ge=0, lt=len(PROBLEMS))]
    kind: Literal["symptom", "cause", "number", "gain"]
    sections: Annotated[list[Text], Field(min_length=1)]
    quote: Text
    statement: Text
    figure: str
    stands_for: str = ""  # what the figure stands for, when the model lacks the thing itself
    compare: Compare = "value"
    claimed: Range
    judged: Annotated[list[str], Field(min_length=1)]
    fixes: list[str] = Field(default_factory=lambda: [""])  # "": as found
    expected: Verdict
    reason: Text
    evidence: Text

    @model_validator(mode="after")
    def _can_be_run(self) -> Self:
        if self.figure not in FIGURES:
            raise ValueError(f"figure '{self.figure}'; allowed: {', '.join(sorted(FIGURES))}")
        for case in self.judged:
            if case not in CASES:
                raise ValueError(f"case '{case}'; allowed: {', '.join(CASES)}")
        for fix in self.fixes:
            if fix and fix not in FIXES and fix not in PHASES:
                raise ValueError(f"fix '{fix}'; allowed: {', '.join([*FIXES, *PHASES])}")
        if self.compare != "value" and "" in self.fixes:
            raise ValueError(f"'{self.compare}' compares with and without a fix: name the fixes")
        return self

    @property
    def unit(self) -> str:
        """The unit of the compared figure."""
        if self.compare == "reduction_percent":
            return "% less"
        unit = FIGURES[self.figure].unit
        return "percentage points" if self.compare == "gain" and unit == "%" else unit

    @property
    def cases(self) -> list[str]:
        """All cases it is run in: the six mechanisms, then the others that are judged."""
        return [*MECHANISMS, *(case for case in self.judged if case not in MECHANISMS)]


class Register(Closed):
    """The whole data file."""

    left_out: list[Text]
    claim: Annotated[list[Claim], Field(min_length=1)]

    @model_validator(mode="after")
    def _ids_differ(self) -> Self:
        twice = [name for name, n in Counter(c.id for c in self.claim).items() if n > 1]
        if twice:
            raise ValueError(f"claims named twice: {', '.join(twice)}")
        return self


def load_register() -> Register:
    """Read the register that comes with the package.

    Raises:
        ScenarioError: one line that says what is wrong with the file.
    """
    source = files(__package__).joinpath("claims.toml")
    return parse_register(source.read_text(encoding="utf-8"), "claims.toml")


def parse_register(text: str, source: str) -> Register:
    """Read a register from TOML text.

    Raises:
        ScenarioError: one line that says what is wrong.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{source}: not valid TOML: {error}") from None
    return validated(Register, document, source)


def chosen(register: Register, ids: tuple[str, ...]) -> list[Claim]:
    """The claims with these ids, in the register's order; all when none is named.

    Raises:
        ScenarioError: for an id that is not there.
    """
    known = {claim.id for claim in register.claim}
    for name in ids:
        if name not in known:
            raise ScenarioError(f"--claim: found '{name}'; allowed: {', '.join(sorted(known))}")
    return [claim for claim in register.claim if not ids or claim.id in ids]
