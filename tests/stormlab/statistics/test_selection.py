"""The best, where it can be said; and the published allocation."""

import math

import pytest

from stormlab.statistics import NO_DIFFERENCE, StatisticsError, best_of, ocba
from stormlab.statistics.selftest import drawn

WORLD, *OWN = drawn("exponential", "selection", 4, 20)
INF = math.inf


def test_a_clear_best_stands_alone() -> None:
    found = best_of({"fast": WORLD, "slow": WORLD + 1 + OWN[0] / 9, "slower": 3 + WORLD + OWN[1]})
    assert (found.observed, found.alone, found.group) == ("fast", "fast", ("fast",))
    assert {one.verdict for one in found.judgements.values()} == {"worse"}


def test_higher_may_be_better() -> None:
    found = best_of({"fast": WORLD, "slow": WORLD + 1 + OWN[0] / 9}, "higher")
    assert found.alone == "slow"


def test_what_is_not_told_apart_shares_the_place() -> None:
    policies = {"z": 1 + OWN[0], "a": 1 + OWN[1], "far": 9 + OWN[2]}
    found = best_of(policies)
    assert found.alone is None
    assert found.group == ("z", "a")
    other = "a" if found.observed == "z" else "z"
    assert found.judgements[other].verdict == NO_DIFFERENCE


def test_equal_policies_have_no_best() -> None:
    found = best_of({"b": WORLD, "a": WORLD})
    assert (found.observed, found.group, found.alone) == ("a", ("b", "a"), None)


def test_one_policy_is_the_best_of_itself() -> None:
    assert best_of({"only": WORLD}).alone == "only"
    with pytest.raises(StatisticsError, match="no policies"):
        best_of({})


def test_who_never_gets_there_is_not_best() -> None:
    often_never = [1.0] * 12 + [INF] * 8
    found = best_of({"quick": often_never, "sure": [2.0] * 20, "lost": [INF] * 20})
    assert found.observed == "sure"
    assert found.group == ("quick", "sure"), "quicker in 12 of 20: nothing to tell them apart"
    assert found.judgements["lost"].verdict == "worse"


def test_the_published_allocation() -> None:
    """Documentation of the R package SPOT, OCBA."""
    means, variances = (1.2, 2.1, 3.4, 4.87, 6.05), (3.3, 2, 4.5, 5.3, 6.9)
    assert ocba(means, variances, (12, 6, 5, 5, 4), 100) == [48, 38, 11, 2, 1]


def test_who_has_had_enough_gets_nothing() -> None:
    found = ocba((1, 2, 3), (1, 1, 1), (10, 10, 400), 50)
    assert found[2] == 0
    assert sum(found) == 50
    assert min(found) >= 0


@pytest.mark.parametrize(
    ("means", "variances", "counts"),
    [((1,), (1,), (1,)), ((1, 1), (1, 1), (5, 5)), ((1, 2), (0, 1), (5, 5)), ((1, 2), (1,), (5,))],
)
def test_an_allocation_without_a_best_is_refused(
    means: tuple[float, ...], variances: tuple[float, ...], counts: tuple[int, ...]
) -> None:
    with pytest.raises(StatisticsError, match="an allocation needs"):
        ocba(means, variances, counts, 10)
