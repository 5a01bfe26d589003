"""Measured conditions made for the tests, and the project's own."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from stormlab_models.tac_webbuilder.validate.command import built_in
from stormlab_models.tac_webbuilder.validate.schema import Condition

PLAIN: dict[str, Any] = {
    "id": "made-for-a-test",
    "mechanism": "baseline",
    "n": 10,
    "n_unit": "loads",
    "browser": {"name": "chromium"},
    "server": {
        "implementation": "uvicorn-legacy",
        "initial_data_ms": 0,
        "initial_data_kind": "async",
        "initial_data_placement": "before_accept",
        "accept_delay_ms": 0,
        "waits_for_ready": False,
        "ping_interval_s": 20,
        "ping_timeout_s": 20,
    },
    "react": {"strict_mode": False, "build": "dev"},
    "page": {"hook": "analysed", "served_by": "static_files"},
    "actions": [],
    "tabs": 1,
    "observe_from": "first_socket",
    "observe_ms": 3000,
    "measured": {"count": {}, "time": {}},
}


def _merge(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = deepcopy(base)
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = _merge(merged[key], value)
        else:
            merged[key] = value
    return merged


@pytest.fixture
def entry() -> Callable[..., dict[str, Any]]:
    """A measured condition as JSON would give it, with changes merged in."""

    def make(**changes: Any) -> dict[str, Any]:
        return _merge(PLAIN, changes)

    return make


@pytest.fixture
def condition(entry: Callable[..., dict[str, Any]]) -> Callable[..., Condition]:
    """The same, validated."""

    def make(**changes: Any) -> Condition:
        return Condition.model_validate(entry(**changes))

    return make


@pytest.fixture(scope="session")
def measured() -> list[Condition]:
    """The measured conditions of the project."""
    return built_in()
