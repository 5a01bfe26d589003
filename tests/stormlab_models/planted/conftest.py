"""What the tests of planted faults share."""

from collections.abc import Callable

import pytest

from stormlab.policy import Policy, Walked, delays
from stormlab.policy.contract import Scope


class _Middle:
    """Chance that always draws the middle."""

    def unit(self, purpose: str, scope: Scope = "attempt") -> float:
        del purpose, scope
        return 0.5


@pytest.fixture
def walk() -> Callable[..., Walked]:
    """Refuse a policy so often, with all draws in the middle."""

    def walked(policy: Policy, count: int) -> Walked:
        return delays(policy, count, _Middle())

    return walked
