"""What a comparison answers when it is asked for a policy or a pair."""

from collections.abc import Callable

import numpy as np
import pytest

from stormlab.compare import Comparison, Effort, Grid

Compared = Callable[..., Comparison]


def test_a_pair_is_found_whichever_is_named_first(compared: Compared) -> None:
    found = compared("20~1", "30~1")
    pair = found.pair("wait_s", "30~1", "20~1")
    assert (pair.first, pair.second) == ("20~1", "30~1")
    assert pair is found.pair("wait_s", "20~1", "30~1")
    assert pair.judgement.comparison.difference.value == pytest.approx(10, abs=1)


def test_a_verdict_is_about_the_policy_that_is_named_first(compared: Compared) -> None:
    found = compared("20~5", "30~1", "21~3")
    assert found.verdict("wait_s", "30~1", against="20~5") == "worse"
    assert found.verdict("wait_s", "20~5", against="30~1") == "better"
    assert found.verdict("speed", "20~5", against="30~1") == "better"
    same = found.verdict("wait_s", "20~5", against="21~3")
    assert same == found.verdict("wait_s", "21~3", against="20~5")
    assert same == "no difference beyond noise at this precision"


def test_policies_are_found_by_label(compared: Compared) -> None:
    found = compared("20", "20")
    assert found.labels == ("20", "20 #2")
    assert found.policy("20 #2") is found.policies[1]
    with pytest.raises(KeyError):
        found.policy("30")


def test_a_grid_knows_its_bins() -> None:
    grid = Grid(np.linspace(0, 2, 5))
    assert (grid.bin_s, len(grid)) == (0.5, 4)


def test_an_effort_says_why_it_ended() -> None:
    assert Effort(9, None, None, 9).why == "as asked"
    assert Effort(15, 0.05, 10, 200).why == "5 % precision from run 10 on"
    assert Effort(200, 0.025, None, 200).why == "the most allowed came before 2.5 % precision"
