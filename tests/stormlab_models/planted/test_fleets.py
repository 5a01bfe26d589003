"""The planted faults of fleets are what they say."""

from stormlab.draws import Draws
from stormlab.policy import AddressedChance, delays
from stormlab_models.planted.fleets import JitterRoundedAway, RetriesOfRetries, SameSeed
from stormlab_models.planted.parts import Careful


def _of(policy: type[Careful], client: int) -> list[int]:
    return delays(policy(), 6, AddressedChance(Draws(1), client)).delays_ns


def test_clients_with_one_seed_wait_alike_and_careful_ones_do_not() -> None:
    assert _of(SameSeed, 0) == _of(SameSeed, 1)
    assert _of(JitterRoundedAway, 0) == _of(JitterRoundedAway, 1)
    assert _of(Careful, 0) != _of(Careful, 1)


def test_a_seeded_generator_still_draws() -> None:
    waits = [delay_ns / 2**index for index, delay_ns in enumerate(_of(SameSeed, 0)[:4])]
    assert len(set(waits)) == 4


def test_retries_of_retries_come_in_fives() -> None:
    waits = delays(RetriesOfRetries(), 10, AddressedChance(Draws(1), 0)).delays_ns
    assert [wait_ns >= 500_000_000 for wait_ns in waits] == [*[False] * 4, True] * 2
