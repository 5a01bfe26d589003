"""Every planted fault is found by the search, and no repaired twin is called broken."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import median

import pytest

from stormlab.check import BUDGETS, Budget, check_policy
from stormlab.evidence import Outcome
from stormlab.policy import Chance, Decision, Happened
from stormlab.selftest.hunt import Search, discoveries, planned, search
from stormlab.selftest.planted import Planted
from stormlab.selftest.words import median_size
from stormlab_models.planted import PLANTED
from stormlab_models.planted.parts import Careful

SEEDS = range(10)
WITHOUT_SHRINKING = Budget("ci, not shrunk", BUDGETS["ci"].cases, shrink_tries=0)
ALL = pytest.mark.parametrize("fault", PLANTED, ids=lambda fault: fault.name)


@ALL
def test_the_fault_is_found(fault: Planted) -> None:
    result = search(Search(fault, 0, WITHOUT_SHRINKING))
    assert result.broken == (fault.promise,), result


@pytest.mark.slow
@ALL
def test_the_fault_is_found_in_nine_of_ten_seeds_and_its_twin_never(fault: Planted) -> None:
    results = [search(each) for each in planned([fault], SEEDS, "ci")]
    (discovery,) = discoveries([fault], results)
    assert discovery.is_found, discovery.hunts
    assert not discovery.alarms, discovery.alarms


@pytest.mark.slow
def test_what_needs_no_fleet_shrinks_to_a_small_world() -> None:
    results = [search(Search(fault, 0, "ci")) for fault in PLANTED]
    size = median_size(discoveries(PLANTED, results))
    assert size is not None
    assert size[0] <= 3
    assert size[1] <= 2


# --- canaries: policies that fail by chance ------------------------------------------------------

SHARE = 0.01
BARE = Budget("ci, one client alone", {"bare": BUDGETS["ci"].cases["bare"]}, shrink_tries=0)
MANY = 24


@dataclass
class Canary(Careful):
    """To one client in a hundred it does wrong; the world's chance decides."""

    share: float = SHARE
    name: str = "canary"

    def __post_init__(self) -> None:
        super().__init__()

    def is_ill(self, chance: Chance) -> bool:
        return chance.unit(self.name, "client") < self.share


class Dying(Canary):
    """It dies at the first failure."""

    def failed(self, happened: Happened, chance: Chance) -> Decision:
        return None if self.is_ill(chance) else super().failed(happened, chance)


class Hasty(Canary):
    """It waits half as long as it declares, which only its delays show."""

    def delay_s(self, n: int, chance: Chance) -> float:
        return super().delay_s(n, chance) * (0.5 if self.is_ill(chance) else 1.0)


BREAKS = pytest.mark.parametrize(
    ("kind", "promise"), [(Dying, "converges"), (Hasty, "delay-in-range")]
)


def _found_at(make: Callable[[], Canary], promise: str, seed: int = 0) -> int | None:
    """After how many clients alone it was found; None: it was not."""
    verdict = check_policy(make, name="canary", promises=[promise], budget=BARE, seed=seed)
    (judged,) = verdict.judged
    return judged.found_at if judged.outcome is Outcome.BROKEN else None


@BREAKS
def test_a_canary_that_fails_once_in_a_hundred_is_caught(kind: type[Canary], promise: str) -> None:
    """Were it missed, rare breaches of real policies would be missed too."""
    assert _found_at(kind, promise) is not None


@BREAKS
def test_a_canary_that_does_not_fail_is_left_alone(kind: type[Canary], promise: str) -> None:
    assert _found_at(partial(kind, 0.0), promise) is None


@pytest.mark.slow
@BREAKS
def test_the_canary_is_caught_as_often_as_chance_allows(kind: type[Canary], promise: str) -> None:
    """One canary under many seeds, and many canaries under the default one.

    With p = 1 / 100, less what the worlds cannot show, half of them are found in about 100 worlds,
    and one of four hundred is in none of 600.
    """
    of_seeds = [_found_at(kind, promise, seed) for seed in range(MANY)]
    of_names = [_found_at(partial(kind, SHARE, f"canary {n}"), promise) for n in range(MANY)]
    for found in (of_seeds, of_names):
        caught = sorted(each for each in found if each is not None)
        assert len(caught) >= MANY - 1, found
        assert 20 <= median(caught) <= 200, found
        worlds = sum(caught) + BARE.cases["bare"] * (MANY - len(caught))
        assert 0.5 * SHARE <= len(caught) / worlds <= 2 * SHARE, found
