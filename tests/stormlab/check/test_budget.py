"""Budgets by name."""

import pytest

from stormlab.check import BUDGETS, Budget
from stormlab.check.budget import budget_of


def test_budgets_grow_in_every_kind_of_world() -> None:
    dev, ci, nightly = (BUDGETS[name] for name in ("dev", "ci", "nightly"))
    for tier in dev.cases:
        assert dev.cases[tier] < ci.cases[tier] < nightly.cases[tier]
    assert [each.hunts for each in (dev, ci, nightly)] == [False, False, True]
    assert nightly.cases["bare"] == 5_000


def test_a_budget_of_ones_own_is_taken_as_it_is() -> None:
    own = Budget("own", {"bare": 3})
    assert budget_of(own) is own
    with pytest.raises(ValueError, match=r"^budget: found 'big'; allowed: dev, ci, nightly$"):
        budget_of("big")
