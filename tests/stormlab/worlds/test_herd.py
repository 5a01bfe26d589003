"""A herd is a seed."""

from stormlab.worlds.herd import HerdWorld


def test_a_herd_is_its_luck() -> None:
    assert HerdWorld() == HerdWorld(0)
    assert HerdWorld(1) != HerdWorld(2)
