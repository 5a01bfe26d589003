"""What the tests of the analysed application share: runs, and the view of the only client."""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from stormlab.metrics import ClientView, client_views
from stormlab.model import load_scenario, make_scenario, run
from stormlab.trace import Trace

Outcome = Callable[..., Trace]
STRICT = {"strict_mode": True, "build": "dev"}


@cache
def _run(scenario: str, settings: tuple[str, ...], seed: int) -> Trace:
    return run(load_scenario(scenario, settings), seed)


@pytest.fixture(scope="session")
def outcome() -> Outcome:
    """Run a built-in scenario with ``key=value`` settings; equal runs are made once."""

    def get(scenario: str, *settings: str, seed: int = 0) -> Trace:
        return _run(scenario, settings, seed)

    return get


@pytest.fixture(scope="session")
def app() -> Outcome:
    """Run the application: tables by keyword, ``strict=True`` for StrictMode."""

    def act(*, seed: int = 1, strict: bool = False, duration_s: float = 60, **tables: Any) -> Trace:
        document: dict[str, Any] = {
            "model": "tac-webbuilder",
            "duration_s": duration_s,
            **({"react": STRICT} if strict else {}),
            **tables,
        }
        return run(make_scenario(document, name="test"), seed)

    return act


@pytest.fixture(scope="session")
def view() -> Callable[[Trace], ClientView]:
    """The view of the only client of a trace."""

    def act(trace: Trace) -> ClientView:
        (only,) = client_views(trace, trace.rows, len(trace.endpoints))
        return only

    return act
