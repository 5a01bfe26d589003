"""Readings of single runs, and results made by hand."""

from collections.abc import Callable

import pytest

from stormlab.model import run
from stormlab_models.tac_webbuilder.reproduce.cases import fixed
from stormlab_models.tac_webbuilder.reproduce.figure import Value
from stormlab_models.tac_webbuilder.reproduce.figures import FIGURES
from stormlab_models.tac_webbuilder.reproduce.reading import Reading
from stormlab_models.tac_webbuilder.reproduce.register import Claim

Measure = Callable[..., Value]


@pytest.fixture(scope="session")
def reading() -> Callable[..., Reading]:
    """One run of a case with a fix, read once and kept."""
    kept: dict[tuple[str, str, int], Reading] = {}

    def read(case: str, fix: str = "", seed: int = 0) -> Reading:
        key = case, fix, seed
        if key not in kept:
            kept[key] = Reading(run(fixed(case, fix), seed))
        return kept[key]

    return read


@pytest.fixture(scope="session")
def measure(reading: Callable[..., Reading]) -> Measure:
    """A figure of one run: ``measure("attempts", "strictmode")``."""

    def value(figure: str, case: str, fix: str = "", seed: int = 0) -> Value:
        return FIGURES[figure].read(reading(case, fix, seed))

    return value


@pytest.fixture
def make_claim() -> Callable[..., Claim]:
    """A claim that is right but for what the test changes."""

    def make(**changes: object) -> Claim:
        return Claim.model_validate(
            {
                "id": "eight",
                "problem": 3,
                "kind": "number",
                "sections": ["CRITICAL #3"],
                "quote": "8 sockets",
                "statement": "A page makes eight attempts.",
                "figure": "attempts",
                "claimed": {"low": 8, "high": 8},
                "judged": ["plain"],
                "expected": "reproduced",
                "reason": "One mount.",
                "evidence": "Measured.",
                **changes,
            }
        )

    return make
