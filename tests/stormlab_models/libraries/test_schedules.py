import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormlab.clock import NS_PER_MS, to_ns
from stormlab.worlds.bare import BareWorld
from stormlab_models.libraries.schedules import BEHAVIOURS, SETTLE_S, addressed, schedule


class Zero:
    """The simplest choice everywhere."""

    def below(self, limit: int) -> int:
        assert limit > 0
        return 0


class Drawn:
    """Picks drawn by Hypothesis."""

    def __init__(self, data: st.DataObject) -> None:
        self._data = data

    def below(self, limit: int) -> int:
        return self._data.draw(st.integers(0, limit - 1))


def happens(world: BareWorld) -> set[str]:
    """What happens in a world, in words of phases and acts."""
    found = {phase.what for phase in world.phases} | {act.do for act in world.acts}
    return {str(each) for each in found} | {"drop" for phase in world.phases if phase.drop}


KINDS = {
    "refused": {"refuse", "stop"},
    "hung": {"hang"},
    "accepted, then closed": {"reject"},
    "close codes": {"drop", "stop"},
    "flapping": {"drop", "refuse"},
    "offline": {"offline"},
    "hidden page": {"hide"},
    "long outage": {"refuse", "stop"},
}


@pytest.mark.parametrize("behaviour", KINDS)
def test_each_behaviour_happens_in_each_of_its_schedules(behaviour: str) -> None:
    for case in range(50):
        assert happens(addressed(behaviour, case)) & KINDS[behaviour]


def test_a_long_outage_is_long() -> None:
    downs = [
        max(phase.for_s for phase in addressed("long outage", case).phases if phase.what != "serve")
        for case in range(50)
    ]
    assert min(downs) >= 300
    assert max(downs) >= 7200


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
@given(data=st.data())
def test_times_are_whole_milliseconds_and_end_before_the_world(
    behaviour: str, data: st.DataObject
) -> None:
    world = schedule(behaviour, Drawn(data), served_first=data.draw(st.booleans()))
    assert world.sockets == 1
    assert world.settle_s == SETTLE_S
    at_s = 0.0
    for phase in world.phases:
        at_s += phase.for_s
        assert to_ns(at_s) % NS_PER_MS == 0
        assert phase.after_s not in {5.0, 10.0}
    acts = [act.at_s for act in world.acts]
    assert acts == sorted(acts)
    assert all(to_ns(act_s) % NS_PER_MS == 0 and 0.5 <= act_s < world.end_s for act_s in acts)
    assert "by_hand" not in happens(world)


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_the_first_attempt_succeeds_where_that_is_asked_for(behaviour: str) -> None:
    for case in range(50):
        first = addressed(behaviour, case, served_first=True).phases[0]
        assert first.what == "serve"
        assert first.for_s >= 1.0


def test_the_simplest_schedule_and_the_same_again() -> None:
    assert schedule("refused", Zero()).phases[0].what == "refuse"
    assert addressed("mixed", 7, 1) == addressed("mixed", 7, 1)
    assert addressed("mixed", 7, 1) != addressed("mixed", 7, 2)
