"""The planted faults of determinism are what they say."""

from collections.abc import Callable

import pytest

from stormlab.policy import Policy, Walked
from stormlab_models.planted.chances import HiddenClock, OwnGenerator, SharedCount
from stormlab_models.planted.parts import Careful

Walk = Callable[[Policy, int], Walked]


@pytest.mark.parametrize("policy", [HiddenClock, OwnGenerator, SharedCount])
def test_a_second_run_differs(policy: type[Careful], walk: Walk) -> None:
    assert walk(policy(), 6).delays_ns != walk(policy(), 6).delays_ns


def test_a_careful_one_repeats(walk: Walk) -> None:
    assert walk(Careful(), 6).delays_ns == walk(Careful(), 6).delays_ns
