from dataclasses import FrozenInstanceError
from typing import get_args

import pytest

from stormlab.worlds.phases import Act, Doing, Phase, What


def test_a_phase_is_a_plain_value() -> None:
    phase = Phase("stop", 3.0)
    assert phase == Phase("stop", 3.0, code=1012, after_s=0.05, advice_s=None, drop=False)
    assert Act("offline", 1.0) != Act("online", 1.0)
    with pytest.raises(FrozenInstanceError):
        phase.for_s = 4.0  # type: ignore[misc]  # that is the question


def test_there_are_six_ways_to_behave_and_six_things_to_do() -> None:
    assert len(get_args(What)) == 6
    assert len(get_args(Doing)) == 6
