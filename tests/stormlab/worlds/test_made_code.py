"""Worlds for real code: those of a policy, and what only code can get wrong."""

from collections import Counter
from itertools import pairwise

from stormlab.worlds.made import Addressed
from stormlab.worlds.made_code import code_world

SETTLE_S = 50.0
WORLDS = [code_world(Addressed(0, case), SETTLE_S) for case in range(400)]


class Simplest:
    def below(self, limit: int) -> int:
        del limit
        return 0


def test_the_same_address_gives_the_same_world() -> None:
    assert [code_world(Addressed(0, case), SETTLE_S) for case in range(20)] == WORLDS[:20]
    assert code_world(Addressed(1, 0), SETTLE_S) != WORLDS[0]


def test_the_simplest_world_has_nothing_in_it() -> None:
    world = code_world(Simplest(), SETTLE_S)
    assert (world.phases, world.acts, world.sockets, world.seed) == ((), (), 1, 0)


def test_every_world_is_of_one_client_and_settles() -> None:
    for world in WORLDS:
        assert world.sockets == 1
        assert world.settle_s == SETTLE_S


def test_only_a_server_that_closes_what_it_accepts_answers_first() -> None:
    phases = [phase for world in WORLDS for phase in world.phases]
    assert {phase.what for phase in phases if phase.answers} == {"reject"}
    rejecting = [phase.answers for phase in phases if phase.what == "reject"]
    assert 0.3 < sum(rejecting) / len(rejecting) < 0.7


def test_acts_are_in_order_and_whoever_goes_offline_or_out_of_sight_comes_back() -> None:
    for world in WORLDS:
        times = [act.at_s for act in world.acts]
        assert times == sorted(times)
        assert not times or times[0] >= 0
        for away, back in (("offline", "online"), ("hide", "show")):
            count = Counter(str(act.do) for act in world.acts)
            assert count[away] == count[back]


def test_clients_are_closed_and_opened_again_and_closed_for_good() -> None:
    reopened = closed = 0
    for world in WORLDS:
        doings = [act.do for act in world.acts if act.do in {"close", "by_hand"}]
        reopened += any(pair == ("close", "by_hand") for pair in pairwise(doings))
        closed += doings[-1:] == ["close"]
    assert reopened > 40
    assert closed > 10
