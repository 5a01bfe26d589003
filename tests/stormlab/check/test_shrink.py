"""Making worlds smaller: what matters stays, everything else goes."""

from stormlab.check.shrink import shrink
from stormlab.worlds.bare import BareWorld
from stormlab.worlds.herd import HerdWorld
from stormlab.worlds.made import Addressed, bare_world, fleet_world, page_world
from stormlab.worlds.phases import Act, Phase
from stormlab.worlds.simulated import SimulatedWorld
from stormlab.worlds.written import World, document_of, size_of

LARGE = BareWorld(
    (
        Phase("serve", 10.0),
        Phase("refuse", 57.3),
        Phase("hang", 312.0, advice_s=3.0),
        Phase("serve", 1.0, drop=True),
    ),
    (Act("offline", 3.0), Act("online", 8.0), Act("by_hand", 9.0)),
    settle_s=90.0,
    sockets=3,
    seed=41,
)


def test_everything_goes_where_anything_breaks() -> None:
    assert shrink(LARGE, lambda _: True) == BareWorld((), (), settle_s=90.0, sockets=1, seed=0)


def test_what_matters_stays_as_short_as_it_can_be() -> None:
    def long_hang(world: World) -> bool:
        assert isinstance(world, BareWorld)
        return any(phase.what == "hang" and phase.for_s > 45 for phase in world.phases)

    small = shrink(LARGE, long_hang)
    assert small == BareWorld((Phase("hang", 60.0),), settle_s=90.0)


def test_a_pair_of_acts_that_matters_together_stays() -> None:
    def away(world: World) -> bool:
        assert isinstance(world, BareWorld)
        return {"offline", "online"} <= {act.do for act in world.acts}

    small = shrink(LARGE, away)
    assert isinstance(small, BareWorld)
    assert [act.do for act in small.acts] == ["offline", "online"]
    assert not small.phases


def test_it_stops_when_told_and_keeps_the_best_so_far() -> None:
    answers = iter([True, None])
    small = shrink(LARGE, lambda _: next(answers))
    assert isinstance(small, BareWorld)
    assert (small.phases, small.acts) == ((), LARGE.acts)


def test_what_never_breaks_stays_what_it_was() -> None:
    tried: list[World] = []

    def never(world: World) -> bool:
        tried.append(world)
        return False

    assert shrink(LARGE, never) == LARGE
    assert len({str(document_of(world)) for world in tried}) == len(tried)


def test_a_herd_shrinks_to_the_first_luck() -> None:
    assert shrink(HerdWorld(17), lambda _: True) == HerdWorld(0)


def test_a_fleet_keeps_one_client_and_the_time_after_its_last_fault() -> None:
    world = next(
        made
        for case in range(50)
        if len((made := fleet_world(Addressed(0, case), 30.0)).document["faults"]) == 2
    )
    small = shrink(world, lambda world: isinstance(world, SimulatedWorld))
    assert isinstance(small, SimulatedWorld)
    assert size_of(small) == (1, 0)
    assert world.healed_s is not None
    assert small.end_s == round(world.end_s - world.healed_s, 3)


def test_settings_are_left_out_or_left_as_they_are() -> None:
    world = SimulatedWorld(
        {
            "model": "fleet",
            "duration_s": 60.0,
            "clients": {"count": 4},
            "network": {"idle_cut_s": 30.0, "latency_s": 0.2},
        }
    )

    def cuts(world: World) -> bool:
        return isinstance(world, SimulatedWorld) and "idle_cut_s" in str(world.document)

    small = shrink(world, cuts)
    assert isinstance(small, SimulatedWorld)
    assert small.document["network"] == {"idle_cut_s": 30.0}
    assert small.document["clients"] == {"count": 1}


def test_the_same_breach_shrinks_to_the_same_world() -> None:
    for make in (lambda pick: bare_world(pick, 60.0), page_world):
        world = make(Addressed(1, 3))
        assert shrink(world, lambda _: True) == shrink(world, lambda _: True)


def test_what_is_done_to_a_client_stays_before_the_healing() -> None:
    """Without the outage before it, a close and its undoing come as much earlier."""
    acts = (Act("close", 62.0), Act("by_hand", 79.0))
    world = BareWorld((Phase("refuse", 30.0), Phase("serve", 50.0)), acts, 60.0)

    def needs_it_before_the_healing(each: World) -> bool:
        assert isinstance(each, BareWorld)
        doings = [act.do for act in each.acts]
        return doings == ["close", "by_hand"] and each.acts[-1].at_s <= each.healed_s

    found = shrink(world, needs_it_before_the_healing)
    assert isinstance(found, BareWorld)
    assert not found.phases
    assert [act.at_s for act in found.acts] == [0.0, 0.0]
