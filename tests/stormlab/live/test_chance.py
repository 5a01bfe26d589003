"""Real chance: in range, and lasting as long as its scope says."""

from stormlab.live import SystemChance


def test_an_attempt_draws_anew() -> None:
    chance = SystemChance()
    draws = [chance.unit("jitter") for _ in range(200)]
    assert len(set(draws)) == 200
    assert 0 <= min(draws) < 0.1
    assert 0.9 < max(draws) < 1


def test_a_client_keeps_its_draw_and_differs_from_others() -> None:
    one, other = SystemChance(), SystemChance()
    assert one.unit("jitter", "client") == one.unit("jitter", "client")
    assert one.unit("jitter", "client") != other.unit("jitter", "client")
    assert one.unit("jitter", "client") != one.unit("first", "client")


def test_a_process_shares_its_draw() -> None:
    one, other = SystemChance(), SystemChance()
    assert one.unit("jitter", "page") == other.unit("jitter", "page")
    assert one.unit("jitter", "page") != one.unit("jitter", "client")
