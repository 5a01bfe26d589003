"""A small matrix, judged once."""

import pytest

from stormlab.check import Budget
from stormlab.judging import Matrix, plan

NAMES = ("graphql-ws", "aws-full-jitter")


@pytest.fixture(scope="session")
def few() -> Budget:
    """So few worlds that a policy is judged in a moment."""
    return Budget("few", {"bare": 4, "herd": 1, "fleet": 0}, 20, 2_000)


@pytest.fixture(scope="session")
def small(few: Budget) -> Matrix:
    """Two policies in few worlds."""
    planned = plan(NAMES, few, "stormlab judge these")
    assert sorted(planned.work(None, 1)) == sorted(NAMES)
    return planned.matrix
