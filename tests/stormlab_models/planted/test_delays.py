"""The planted faults of delays are what they say."""

from collections.abc import Callable

import pytest

from stormlab.clock import to_ns
from stormlab.policy import Policy, Walked
from stormlab_models.planted.delays import Capped, ForgetsAtConnect, JitterBelowZero, Uncapped, Xor

Walk = Callable[[Policy, int], Walked]


def test_xor_is_no_power(walk: Walk) -> None:
    waits = [2, 3, 0, 1, 6, 7]
    assert walk(Xor(), 6).delays_ns == [to_ns(0.75 * wait_s) for wait_s in waits]


@pytest.mark.parametrize(("policy", "last_s"), [(Uncapped, 0.001), (Capped, 285.0)])
def test_a_timer_of_32_bits_overflows_at_the_sixteenth(
    policy: type[Uncapped], last_s: float, walk: Walk
) -> None:
    walked = walk(policy(), 17).delays_ns
    assert walked[0] == to_ns(57.0)
    assert walked[16] == to_ns(last_s)


def test_forgetting_at_connect_keeps_the_first_delay(walk: Walk) -> None:
    assert set(walk(ForgetsAtConnect(), 6).delays_ns) == {to_ns(0.75)}


def test_jitter_reaches_below_zero() -> None:
    class Low:
        def unit(self, purpose: str, scope: str = "attempt") -> float:
            del purpose, scope
            return 0.0

    assert JitterBelowZero().delay_s(0, Low()) == -1.0
