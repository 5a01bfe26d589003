"""The schema of ``cases.toml``: published results as data.

A case has runs (a model with parameters, so many replications) and each run has checks: a figure,
the statistic over replications, the published value, and the tolerance that the source or the
validation dossier states. Orders compare runs of one case with each other.
"""

import tomllib
from collections.abc import Iterable
from importlib.resources import files
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from stormlab.scenario import one_line

Number = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Text = Annotated[str, Field(min_length=1)]

EVIDENCE = {
    "A1": "measured on real systems by others",
    "A2": "others' simulator, run unchanged",
    "B": "published number, derived again",
    "C": "closed form or exact, cross-checked by simulation",
}


class CaseError(Exception):
    """Cases that cannot be used; the message is one line for a person."""


class Table(BaseModel):
    """A table of the file: closed and immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class _OfASample(Table):
    """What is known of the reference's own noise: its error, or how many runs it comes from."""

    runs: Count | None = None

    def _one_of(self, other: float | None, name: str) -> None:
        if (self.runs is None) == (other is None):
            raise ValueError(f"needs '{name}' or 'runs', and not both")


class Errors(_OfASample):
    """Means agree within 3 combined standard errors.

    With ``runs`` instead of ``se``, the reference is taken to spread as ours does.
    """

    rule: Literal["errors"]
    se: NotNegative | None = None

    @model_validator(mode="after")
    def _noise(self) -> Self:
        self._one_of(self.se, "se")
        return self


class OrderStatistics(_OfASample):
    """Our 99 % interval of order statistics reaches the reference within its half-width."""

    rule: Literal["order-statistics"]
    half_width: NotNegative | None = None

    @model_validator(mode="after")
    def _noise(self) -> Self:
        self._one_of(self.half_width, "half_width")
        return self


class Percent(Table):
    """Within so many percent of the reference."""

    rule: Literal["percent"]
    percent: Positive


class Offset(Table):
    """Ours minus the reference lies between ``low`` and ``high``."""

    rule: Literal["offset"]
    low: Number
    high: Number


class Spread(Table):
    """The reference, one measured run, lies in the middle 95 % of our runs, or ``above`` them."""

    rule: Literal["spread"]
    above: NotNegative = 0.0


class Exact(Table):
    """Every run gives the reference, to a relative 1e-9."""

    rule: Literal["exact"]


Tolerance = Annotated[
    Errors | OrderStatistics | Percent | Offset | Spread | Exact, Field(discriminator="rule")
]


class Check(Table):
    """A published value of a figure; ``p`` is the probability of a ``quantile`` over runs."""

    figure: Text
    statistic: Literal["mean", "median", "quantile"] = "mean"
    p: Annotated[float, Field(gt=0, lt=1)] | None = None
    reference: Number
    tolerance: Tolerance

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.statistic == "quantile") != (self.p is not None):
            raise ValueError("a 'quantile' needs 'p', and nothing else takes it")
        ordered = self.tolerance.rule == "order-statistics"
        if ordered == (self.statistic == "mean"):
            raise ValueError("'order-statistics' goes with a median or quantile, and they with it")
        return self

    @property
    def probability(self) -> float:
        """The probability of the median or quantile."""
        return 0.5 if self.p is None else self.p


class Run(Table):
    """A model with parameters (``set``), and what is published about it.

    ``read``: for the model ``fleet``, what is read from a run that the compiled engine makes
    without a trace (:mod:`stormlab_models.published.fleet_runs`), whatever the engine asked for.
    """

    name: Text
    model: Text
    duration_s: Positive
    replications: Count
    quick: Count
    read: Literal["retrials", "herd", "starts"] | None = None
    set: dict[str, Any] = Field(default_factory=dict)
    check: Annotated[list[Check], Field(min_length=1)]

    @model_validator(mode="after")
    def _can_be_read(self) -> Self:
        if self.read is not None and self.model != "fleet":
            raise ValueError(f"read: found '{self.read}' of '{self.model}'; allowed: of 'fleet'")
        return self


class Order(Table):
    """Means of a figure rise along ``runs``: each is below ``factor`` times the next."""

    figure: Text
    runs: Annotated[list[Text], Field(min_length=2)]
    factor: Positive = 1.0


class Case(Table):
    """One published result. ``respected``: traps; ``remark``: what a reader should know besides."""

    id: Text
    title: Text
    source: Text
    evidence: Literal["A1", "A2", "B", "C"]
    respected: list[Text] = Field(default_factory=list)
    remark: str = ""
    run: Annotated[list[Run], Field(min_length=1)]
    order: list[Order] = Field(default_factory=list)

    @model_validator(mode="after")
    def _names(self) -> Self:
        names = [run.name for run in self.run]
        _unique(names, f"{self.id}: run")
        for order in self.order:
            if unknown := [name for name in order.runs if name not in names]:
                raise ValueError(f"order: found '{unknown[0]}'; allowed: {', '.join(names)}")
        return self


class Cases(Table):
    """The whole file."""

    case: Annotated[list[Case], Field(min_length=1)]

    @model_validator(mode="after")
    def _ids(self) -> Self:
        _unique([case.id for case in self.case], "case")
        return self


def _unique(names: Iterable[str], what: str) -> None:
    seen: list[str] = []
    for name in names:
        if name in seen:
            raise ValueError(f"{what} '{name}' is there twice")
        seen.append(name)


def parse_cases(text: str, source: str) -> list[Case]:
    """Read cases from TOML.

    Raises:
        CaseError: one line with file, key, what was found, and what is allowed.
    """
    try:
        return Cases.model_validate(tomllib.loads(text)).case
    except tomllib.TOMLDecodeError as error:
        raise CaseError(f"{source}: not valid TOML: {error}") from None
    except ValidationError as error:
        raise CaseError(one_line(error, source, Cases)) from None


def built_in_cases() -> list[Case]:
    """The cases that come with the project."""
    text = (files("stormlab_models.published") / "cases.toml").read_text(encoding="utf-8")
    return parse_cases(text, "cases.toml")


def chosen(cases: list[Case], ids: Iterable[str]) -> list[Case]:
    """The cases with these ids, in the order of the file; all of them when no id is given.

    Raises:
        CaseError: for an id that is not there.
    """
    wanted = [name.upper() for name in ids]
    known = [case.id for case in cases]
    if unknown := [name for name in wanted if name not in known]:
        raise CaseError(f"--case: found '{unknown[0]}'; allowed: {', '.join(known)}")
    return [case for case in cases if not wanted or case.id in wanted]
