"""Acts that the tests of the laws share."""

from collections.abc import Callable
from typing import Any

import pytest

from stormlab.model import make_scenario, run
from stormlab.trace import Trace

Act = Callable[[dict[str, Any], int], Trace]


@pytest.fixture(scope="session")
def simulate() -> Act:
    """Run a scenario document under a seed."""

    def act(document: dict[str, Any], seed: int = 0) -> Trace:
        return run(make_scenario(document, name="drawn"), seed)

    return act
