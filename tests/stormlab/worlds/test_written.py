"""Worlds as documents: there and back, strictly; and in lines for a person."""

import json

import pytest
from hypothesis import given

from stormlab.strategies import bare_worlds, fleet_worlds, herd_worlds, page_worlds
from stormlab.worlds.bare import BareWorld
from stormlab.worlds.herd import HerdWorld
from stormlab.worlds.phases import Act, Phase
from stormlab.worlds.simulated import SimulatedWorld
from stormlab.worlds.written import (
    World,
    WorldError,
    document_of,
    key_of,
    lines_of,
    size_of,
    world_of,
)

BARE = BareWorld(
    (
        Phase("serve", 5.0),
        Phase("reject", 60.0, code=1013, advice_s=5.0),
        Phase("serve", 2.0, drop=True),
    ),
    (Act("offline", 3.0), Act("online", 4.0), Act("close", 9.0)),
    settle_s=31.0,
    sockets=2,
    seed=7,
)
FLEET = SimulatedWorld(
    {
        "model": "fleet",
        "duration_s": 90.0,
        "clients": {"count": 3, "start": "cold"},
        "messages": {"every_s": "off"},
        "faults": [
            {"do": "crash", "at_s": 5.0, "for_s": 10.0},
            {"do": "cut", "at_s": 20.0, "for_s": 5.0, "share": 0.5},
        ],
    },
    seed=2,
)


@given(bare_worlds() | herd_worlds() | fleet_worlds() | page_worlds())
def test_every_world_comes_back_from_its_document(world: World) -> None:
    document = json.loads(json.dumps(document_of(world), allow_nan=False))
    assert world_of(document) == world
    assert key_of(world_of(document)) == key_of(world)
    assert 1 <= len(lines_of(world)) <= 5
    assert all(line and "\n" not in line for line in lines_of(world))


def test_what_keeps_its_default_is_left_out() -> None:
    assert document_of(BARE)["phases"] == [
        {"what": "serve", "for_s": 5.0},
        {"what": "reject", "for_s": 60.0, "code": 1013, "advice_s": 5.0},
        {"what": "serve", "for_s": 2.0, "drop": True},
    ]


def test_a_world_in_lines() -> None:
    assert lines_of(BARE) == [
        (
            "server: serves 5 s, accepts and closes 60 s (code 1013, after 0.05 s, asks for 5 s),"
            " serves 2 s (drops first, code 1012), serves for good (to 98 s)"
        ),
        "client: offline at 3 s, online at 4 s, closed by the application at 9 s",
        "1 client, 2 sockets; seed 7",
    ]
    assert lines_of(FLEET) == [
        "faults: crash at 5 s for 10 s, cut at 20 s for 5 s, 50% of the clients",
        'set: clients.count = 3, clients.start = "cold"',
        "model fleet, 90 s; seed 2",
    ]
    assert len(lines_of(HerdWorld(4))) == 1


def test_long_schedules_are_cut_short() -> None:
    [server, _] = lines_of(BareWorld((Phase("refuse", 1.0),) * 20))
    assert server.count("refuses") == 5
    assert "... (15 more)" in server


def test_sizes_count_pairs_once() -> None:
    assert size_of(BARE) == (1, 4)
    assert size_of(FLEET) == (3, 2)
    assert size_of(HerdWorld()) == (0, 1)


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        (None, "world.kind: found None; allowed: bare, herd, fleet, page"),
        ({"kind": "bare", "settle_s": "long"}, "world.settle_s: "),
        ({"kind": "bare", "phases": [{"what": "explode", "for_s": 1.0}]}, "world.phases.0.what: "),
        ({"kind": "bare", "phases": [{"what": "hang", "for_s": -1.0}]}, "world: found -1 s"),
        ({"kind": "bare", "settle_s": 1e300}, "world: found 1e+300 s; allowed: 0 to 1,000,000 s"),
        ({"kind": "bare", "sockets": 1000}, "world.sockets: found 1000; allowed: 1 to 64"),
        ({"kind": "herd", "seed": 1.5}, "world.seed: "),
        ({"kind": "fleet", "scenario": {}}, "world.scenario.model: found None, in a world of kind"),
        ({"kind": "page", "scenario": FLEET.document}, "world.scenario.model: found 'fleet', in"),
        ({"kind": "fleet"}, "world.scenario: "),
        ({"kind": "fleet", "scenario": {"model": "fleet", "duration_s": 0}}, "world: duration_s"),
    ],
)
def test_what_is_no_world_is_refused_in_one_line(document: object, complaint: str) -> None:
    with pytest.raises(WorldError) as error:
        world_of(document)
    assert str(error.value).startswith(complaint)
    assert "\n" not in str(error.value)
