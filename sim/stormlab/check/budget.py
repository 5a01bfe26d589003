"""How much a check may try: worlds of each kind, and events while a breach is made smaller."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import get_args

from stormlab.properties.promises.promise import Tier


@dataclass(frozen=True)
class Budget:
    """``cases``: how many worlds of each kind are tried.

    ``shrink_tries`` and ``shrink_events``: how many smaller worlds are run for each breach, and
    how many events they may have together. ``hunts``: the worlds are not the same every time but
    Hypothesis looks for new ones and keeps what it found in a folder.
    """

    name: str
    cases: Mapping[Tier, int] = field(default_factory=dict)
    shrink_tries: int = 150
    shrink_events: int = 100_000
    hunts: bool = False


def _budget(name: str, scale: int, **cases_by_tier: int) -> Budget:
    cases: dict[Tier, int] = {tier: cases_by_tier[tier] for tier in get_args(Tier)}
    return Budget(
        name, MappingProxyType(cases), 150 * scale, 100_000 * scale, hunts=name == "nightly"
    )


BUDGETS: Mapping[str, Budget] = MappingProxyType(
    {
        budget.name: budget
        for budget in (
            _budget("dev", 1, bare=250, herd=2, fleet=25, page=12, code=200),
            _budget("ci", 3, bare=600, herd=5, fleet=100, page=40, code=600),
            _budget("nightly", 10, bare=5_000, herd=20, fleet=1_000, page=200, code=3_000),
        )
    }
)


def budget_of(budget: str | Budget) -> Budget:
    """A budget by name.

    Raises:
        ValueError: one line, when there is no such budget.
    """
    if isinstance(budget, Budget):
        return budget
    if budget not in BUDGETS:
        raise ValueError(f"budget: found {budget!r}; allowed: {', '.join(BUDGETS)}")
    return BUDGETS[budget]
