import os
import random
import time
import uuid

import pytest

from stormlab.draws import Draws
from stormlab.hosts.aio import entropy
from stormlab.hosts.aio.entropy import Luck, surroundings
from stormlab.hosts.aio.output import Said


class Step:
    """A step of a loop at three seconds."""

    number = 4
    said: Said | None = None

    def __init__(self) -> None:
        self.luck = Luck(Draws(1), 0)
        self.slept: list[float] = []

    def now_ns(self) -> int:
        return 3_000_000_000

    def block(self, for_s: float) -> None:
        self.slept.append(for_s)


def test_floats_are_those_of_the_draws() -> None:
    luck = Luck(Draws(5), 7)
    assert [luck.unit(), luck.unit()] == [Draws(5).unit(7, "aio unit", n) for n in (1, 2)]


def test_bits_do_not_move_floats() -> None:
    one, other = Luck(Draws(5), 7), Luck(Draws(5), 7)
    other.bytes(100)
    assert one.unit() == other.unit()


@pytest.mark.parametrize("count", [1, 8, 53, 54, 64, 1000])
def test_bits_have_the_length_asked_for(count: int) -> None:
    luck = Luck(Draws(5), 7)
    drawn = [luck.bits(count) for _ in range(200)]
    assert 0 <= min(drawn) <= max(drawn) < 1 << count
    assert max(drawn).bit_length() > count - 8


def test_bits_are_fair() -> None:
    ones = sum(
        Luck(Draws(5), 7).bits(10_000).to_bytes(1250, "big")[n].bit_count() for n in range(1250)
    )
    assert abs(ones - 5000) < 250  # five deviations


def test_names_are_replaced_inside_and_put_back() -> None:
    before = (random.random, random.Random, os.urandom, uuid.uuid4, time.time, time.sleep)
    with surroundings(0):
        assert random.random is not before[0]
    after = (random.random, random.Random, os.urandom, uuid.uuid4, time.time, time.sleep)
    assert after == before


def test_they_are_put_back_after_an_error() -> None:
    before = time.time
    with pytest.raises(KeyError), surroundings(0):
        raise KeyError
    assert time.time is before


def test_outside_of_a_step_everything_is_real() -> None:
    with surroundings(0):
        assert time.time() > entropy.EPOCH_S + 1000
        assert os.urandom(8) != os.urandom(8)
        assert os.getpid() > 0
        assert 0 <= random.random() < 1


def test_inside_of_a_step_everything_is_virtual() -> None:
    step = Step()
    with surroundings(0):
        before = entropy.enter(step)
        try:
            assert time.time() == entropy.EPOCH_S + 3
            assert time.monotonic_ns() == 3_000_000_000
            assert os.getpid() == 5
            assert random.random() == Draws(1).unit(0, "aio unit", 1)
            time.sleep(2.5)
            assert random.Random(3).random() == random.Random(3).random()
        finally:
            entropy.enter(before)
    assert step.slept == [2.5]
