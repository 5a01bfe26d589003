from typing import Any

import pytest

from stormlab.vocabulary import Event
from stormlab.worlds.simulated import SimulatedWorld
from stormlab.worlds.story import stories

FLEET = {"model": "fleet", "clients": {"count": 2}, "duration_s": 60.0}


@pytest.mark.parametrize(
    ("faults", "healed_s"),
    [
        ([], 0.0),
        ([{"do": "crash", "at_s": 5.0, "for_s": 10.0}], 15.0),
        ([{"do": "crash", "at_s": 5.0, "for_s": 10.0, "times": 3, "every_s": 20.0}], 55.0),
        ([{"do": "crash", "at_s": 5.0}], None),
        ([{"do": "block", "at_s": 5.0}], 5.0),
    ],
)
def test_a_world_is_healed_when_its_last_fault_is_undone(
    faults: list[dict[str, Any]], healed_s: float | None
) -> None:
    world = SimulatedWorld({**FLEET, "faults": faults})
    assert world.healed_s == healed_s
    assert (world.model, world.end_s) == ("fleet", 60.0)


def test_the_policy_under_test_takes_its_place() -> None:
    fault = {"do": "crash", "at_s": 5.0, "for_s": 5.0}
    world = SimulatedWorld({**FLEET, "faults": [fault]}, seed=3)
    first, second = (world.run("aws-full-jitter") for _ in range(2))
    assert first.hash == second.hash
    assert world.run("phoenix").hash != first.hash
    assert SimulatedWorld(world.document, seed=4).run("aws-full-jitter").hash != first.hash
    assert len(stories(first)) == 2
    assert first.count(Event.CLOSE) >= 2
