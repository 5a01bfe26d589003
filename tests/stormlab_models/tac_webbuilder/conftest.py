"""What the tests of the analysed application share: runs by scenario, settings and seed."""

from collections.abc import Callable
from functools import cache

import pytest

from stormlab.model import load_scenario, run
from stormlab.trace import Trace

Outcome = Callable[..., Trace]


@cache
def _run(scenario: str, settings: tuple[str, ...], seed: int) -> Trace:
    return run(load_scenario(scenario, settings), seed)


@pytest.fixture(scope="session")
def outcome() -> Outcome:
    """Run a built-in scenario with ``key=value`` settings; equal runs are made once."""

    def get(scenario: str, *settings: str, seed: int = 0) -> Trace:
        return _run(scenario, settings, seed)

    return get
