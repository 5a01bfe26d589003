"""How worlds are made: simple picks give simple worlds, and every made world can be run."""

import pytest

from stormlab.worlds.bare import BareWorld, Phase
from stormlab.worlds.made import (
    FLEET_FAULTS,
    FOOLED_S,
    SEEDS,
    Addressed,
    bare_world,
    fleet_world,
    herd_world,
    maybe,
    one,
    page_world,
    several,
)
from stormlab.worlds.written import size_of


class Least:
    """Always the simplest pick."""

    def below(self, limit: int) -> int:
        assert limit > 0
        return 0


def bare_worlds(count: int, seed: int = 0) -> list[BareWorld]:
    return [bare_world(Addressed(seed, case), 60.0) for case in range(count)]


def test_the_simplest_picks_give_the_simplest_worlds() -> None:
    assert bare_world(Least(), 60.0) == BareWorld((), (), settle_s=60.0)
    assert herd_world(Least()).seed == 0
    fleet = fleet_world(Least(), 60.0)
    assert fleet.document["clients"] == {"count": 1}
    assert [fault["do"] for fault in fleet.document["faults"]] == ["crash"]
    assert set(page_world(Least()).document) == {"model", "duration_s"}


def test_picks_are_a_function_of_seed_case_and_place() -> None:
    rows = [
        [pick.below(1000) for _ in range(20)]
        for pick in (Addressed(1, 2), Addressed(1, 2), Addressed(1, 3), Addressed(2, 2))
    ]
    assert rows[0] == rows[1]
    assert rows[0] != rows[2]
    assert rows[0] != rows[3]
    assert all(0 <= each < 1000 for row in rows for each in row)


def test_the_words_of_picking() -> None:
    pick = Addressed(0, 0)
    yes = sum(maybe(pick, 1, 4) for _ in range(4000))
    assert 900 < yes < 1100
    assert {one(pick, "abc") for _ in range(50)} == set("abc")
    lengths = [len(several(pick, 3, lambda: 1)) for _ in range(200)]
    assert set(lengths) == {0, 1, 2, 3}


def test_bare_worlds_hold_everything_that_promises_need() -> None:
    worlds = bare_worlds(300)
    phases = [phase for world in worlds for phase in world.phases]
    assert {phase.what for phase in phases} == {
        "serve",
        "refuse",
        "stop",
        "hang",
        "reject",
        "mute",
    }
    assert sum(phase.what == "reject" and phase.for_s >= FOOLED_S[0] for phase in phases) > 20
    longest_s = max(phase.for_s for phase in phases)
    assert longest_s == pytest.approx(7200, abs=1)
    assert {act.do for world in worlds for act in world.acts} == {
        "offline",
        "online",
        "hide",
        "show",
        "by_hand",
        "close",
    }
    assert {world.sockets for world in worlds} == {1, 2, 3}
    assert len({world.seed for world in worlds}) > 0.99 * len(worlds), "each has its own luck"
    assert max(world.seed for world in worlds) < SEEDS
    assert any(phase.advice_s is not None for phase in phases)


def test_bare_worlds_hold_what_takes_long_before_anything_else() -> None:
    """As many as a check at dev has; each is needed by a promise, see ``_long``."""
    worlds = bare_worlds(250)
    begun = [
        w.phases[w.phases[:1] == (Phase("serve", w.phases[0].for_s),) :] for w in worlds if w.phases
    ]
    fooled = [row[0] for row in begun if row and row[0].what == "reject" and row[0].for_s >= 600]
    fooled = [phase for phase in fooled if phase.drop]
    assert len(fooled) > 3
    assert all(phase.after_s < 1 and phase.advice_s is None for phase in fooled)
    forgiven = [
        (down, up, lost)
        for down, up, lost in (row[:3] for row in begun if len(row) > 2)
        if (down.what, up.what, lost.what) == ("refuse", "serve", "serve")
        and down.for_s >= 20
        and up.for_s >= 30
        and lost.drop
        and lost.code == 1006
    ]
    assert len(forgiven) > 5


def test_pairs_of_acts_are_over_when_the_server_is_healed() -> None:
    for world in bare_worlds(300):
        away = 0
        for act in world.acts:
            if act.do in {"offline", "online", "hide", "show"}:
                assert act.at_s <= world.healed_s
                away += 1 if act.do in {"offline", "hide"} else -1
        assert away == 0


def test_fleets_stay_small_and_are_healed_in_time() -> None:
    verbs: set[str] = set()
    for case in range(150):
        world = fleet_world(Addressed(0, case), 45.0, clients_max=4, sockets_max=2)
        clients, faults = size_of(world)
        assert 1 <= clients <= 4
        assert 1 <= faults <= 3
        assert world.document["clients"].get("sockets", 1) <= 2
        assert world.healed_s is not None
        assert world.end_s - world.healed_s >= 45.0
        verbs |= {fault["do"] for fault in world.document["faults"]}
        world.scenario()
    assert verbs == set(FLEET_FAULTS)


def test_pages_are_scenarios() -> None:
    seen: set[str] = set()
    for case in range(60):
        world = page_world(Addressed(0, case))
        world.scenario()
        seen |= {action["do"] for action in world.document.get("actions", [])}
        seen |= set(world.document.get("react", {}))
    assert {"remount", "unmount", "retry_manager", "strict_mode"} <= seen
