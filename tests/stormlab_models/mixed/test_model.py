"""One world: real JavaScript, real Python, a real server and modelled clients, on one clock."""

import os
import subprocess
import sys

import pytest

from stormlab.model import load_scenario, make_scenario, run
from stormlab.scenario import ScenarioError
from stormlab.trace import Trace
from stormlab.vocabulary import Event
from stormlab_models.mixed.model import MODEL
from stormlab_models.mixed.programs import PERIOD_S

needs_npm = pytest.mark.npm
HASH = """
from stormlab.model import load_scenario, run
print(run(load_scenario("real-code"), 0).hash)
"""


@pytest.fixture(scope="module")
def trace() -> Trace:
    return run(load_scenario("real-code"), 0)


def without_javascript(**more: object) -> Trace:
    document = {
        "model": "real-code",
        "duration_s": 60,
        "python": [{"count": 2}],
        "modelled": [{"count": 4}],
        "faults": [{"do": "crash", "at_s": 10, "for_s": 5}],
        **more,
    }
    return run(make_scenario(document, name="small"), 3)


@needs_npm
def test_everybody_is_back_after_two_restarts(trace: Trace) -> None:
    figures = MODEL.figures(trace)
    assert figures["clients"] == figures["connected_at_the_end"] == 28
    assert figures["uncaught_errors"] == 0
    assert figures["opened"] == figures["server_accepted"] == 80  # two losses less four early ones


@needs_npm
def test_each_kind_of_client_lives_by_its_own_rules(trace: Trace) -> None:
    """After the kill at 10 s, partysocket comes back 3.0 s later to the millisecond."""
    by_client: dict[int, list[float]] = {}
    for row in trace:
        if row.event is Event.NEW:
            by_client.setdefault(row.client, []).append(row.time_ns / 1e9)
    lost = {
        row.client: row.time_ns / 1e9
        for row in trace
        if row.event is Event.CLOSE and 10 <= row.time_ns / 1e9 < 10.1
    }
    retries = {
        client: min(at for at in times if at > lost[client]) - lost[client]
        for client, times in by_client.items()
        if client in lost
    }
    party = [round(retries[client], 6) for client in (3, 4)]
    assert party == [3.0, 3.0]
    assert len({round(retries[client], 3) for client in (0, 1, 2)}) == 3
    opened = {row.client: row.time_ns for row in reversed(list(trace)) if row.event is Event.OPEN}
    for client in (5, 6, 7):  # websockets: at once, when the next send tells of the loss
        again_ns = min(round(at * 1e9) for at in by_client[client] if at > lost[client])
        assert again_ns - opened[client] == 2 * PERIOD_S * 1e9


@needs_npm
def test_the_trace_is_the_same_in_every_process(trace: Trace) -> None:
    told = [
        subprocess.run(
            [sys.executable, "-c", HASH],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    ]
    assert told == [trace.hash] * 2


@needs_npm
@pytest.mark.slow
def test_a_hundred_runs_give_one_trace(trace: Trace) -> None:
    scenario = load_scenario("real-code")
    assert {run(scenario, 0).hash for _ in range(100)} == {trace.hash}


@pytest.mark.parametrize("server", [{"on": "asgi"}, {"ws": "wsproto"}, {"ws": "websockets-sansio"}])
def test_other_servers_serve_as_well(server: dict[str, str]) -> None:
    found = without_javascript(server=server)
    assert MODEL.figures(found)["connected_at_the_end"] == 6
    assert without_javascript(server=server).hash == found.hash


def test_who_is_cut_off_hears_nothing_until_it_is_healed() -> None:
    found = without_javascript(faults=[{"do": "cut", "at_s": 10, "for_s": 5}])
    inside = [row for row in found if 10.02 < row.time_ns / 1e9 < 15 and row.event is Event.MESSAGE]
    assert not inside
    assert MODEL.figures(found)["connected_at_the_end"] == 6


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ({"server": {"app": "nowhere:app"}}, "nowhere:app: ModuleNotFoundError"),
        ({"python": [{"program": "stormlab_models.mixed.programs:no"}]}, "AttributeError"),
        ({"modelled": [{"policy": "nobody"}]}, "nobody"),
        ({"javascript": [{"code": "npm:nope@1.0.0"}]}, "no recipe for 'nope'"),
        ({"javascript": [{"code": "missing.ts"}]}, "missing.ts: no such file"),
        ({"server": {"ws": "none"}}, "server.ws"),
    ],
)
def test_bad_keys_get_one_line(keys: dict[str, object], complaint: str) -> None:
    with pytest.raises(ScenarioError, match=complaint) as refused:
        without_javascript(**keys)
    assert "\n" not in str(refused.value)
