"""The worlds: every one can be built, and differs from its base by what it says."""

import pytest

from stormlab.model import load_scenario
from stormlab_models.tac_webbuilder.reproduce.cases import CASES, MECHANISMS, fixed
from stormlab_models.tac_webbuilder.reproduce.fixes import FIXES, PHASES


@pytest.mark.parametrize("case", CASES)
def test_every_case_is_a_valid_scenario_of_its_own(case: str) -> None:
    base = load_scenario(CASES[case].base)
    assert (fixed(case).hash == base.hash) == (case in MECHANISMS)


def test_no_two_cases_are_the_same_world() -> None:
    assert len({fixed(case).hash for case in CASES}) == len(CASES)


@pytest.mark.parametrize("fix", [*FIXES, *PHASES])
def test_every_fix_goes_on_top_of_a_case_and_changes_it(fix: str) -> None:
    assert fixed("strictmode", fix).hash != fixed("strictmode").hash
