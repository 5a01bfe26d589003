"""Every planted fault is found by the search, and no repaired twin is called broken."""

from dataclasses import dataclass

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


# --- the canary ----------------------------------------------------------------------------------


@dataclass
class Canary(Careful):
    """In one of a hundred worlds it dies at the first failure; the world's chance decides."""

    share: float = 0.01

    def __post_init__(self) -> None:
        super().__init__()

    def failed(self, happened: Happened, chance: Chance) -> Decision:
        if chance.unit("canary", "client") < self.share:
            return None
        return super().failed(happened, chance)


def _found_at(share: float, seed: int) -> int | None:
    verdict = check_policy(
        lambda: Canary(share),
        name="canary",
        promises=["converges"],
        budget=WITHOUT_SHRINKING,
        seed=seed,
    )
    (judged,) = verdict.judged
    return judged.found_at if judged.outcome is Outcome.BROKEN else None


def test_a_canary_that_fails_once_in_a_hundred_is_caught() -> None:
    """Were it missed, rare breaches of real policies would be missed too."""
    assert _found_at(0.01, seed=0) is not None


def test_a_canary_that_does_not_fail_is_left_alone() -> None:
    assert _found_at(0.0, seed=0) is None


@pytest.mark.slow
def test_the_canary_is_caught_as_often_as_chance_allows() -> None:
    """In fleets: bare worlds share 64 seeds, of which none draws below 1 / 100 for the canary.

    A fleet has up to eight clients, and each of them may be the one: fewer than 100 fleets do.
    """
    found = [_found_at(0.01, seed) for seed in SEEDS]
    caught = sorted(each for each in found if each is not None)
    assert len(caught) >= 9
    fleets = [each - WITHOUT_SHRINKING.cases["bare"] for each in caught]
    assert 5 <= fleets[len(fleets) // 2] <= 100
    assert fleets[-1] <= 200
