"""What is said of a trophy can be looked up."""

import re

import pytest

from stormlab.policy.catalogue import catalogue
from stormlab.properties import PROMISES
from stormlab_models.trophies import PROPOSALS, TROPHIES, Trophy


@pytest.mark.parametrize("trophy", TROPHIES, ids=lambda t: f"{t.target} {t.promise}")
def test_a_trophy_is_of_a_library_in_the_catalogue(trophy: Trophy) -> None:
    assert (
        "@" in catalogue()[trophy.target].source
        or "=" in catalogue()[trophy.target].source
        or catalogue()[trophy.target].remarks.get(trophy.promise)
    )
    assert all(re.fullmatch(r"[\w.-]+/[\w.-]+#\d+", issue) for issue in trophy.upstream)
    assert trophy.what.endswith(".")


def test_no_defect_is_told_twice() -> None:
    told = [(trophy.target, trophy.promise) for trophy in (*TROPHIES, *PROPOSALS)]
    assert len(set(told)) == len(told)
    assert {promise for _, promise in told} <= set(PROMISES)
