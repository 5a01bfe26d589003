"""What a real process would have done after its death has not happened.

A handler that blocks runs ahead of the clock: what it logs and sends after its sleep is decided in
the step in which it falls asleep. If the process is killed meanwhile, none of it may be seen.
"""

from typing import Any

import pytest

from stormlab.model import make_scenario, run
from stormlab.trace import Trace
from stormlab.vocabulary import Event
from stormlab_models import server_log

pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")

BLOCKS = {"initial_data_s": 1.5, "initial_data_kind": "block"}


def killed_at(on: str, at_s: float, **server: Any) -> Trace:
    """The page against a server whose first handler blocks from 0.18 s to 1.68 s."""
    document = {
        "model": "tac-webbuilder",
        "duration_s": 5,
        "server": {"on": on, **BLOCKS, **server},
        "faults": [{"do": "crash", "at_s": at_s, "for_s": 100}],
    }
    return run(make_scenario(document, name="killed"), 1)


@pytest.mark.parametrize("implementation", ["legacy", "sansio-0.38", "wsproto"])
@pytest.mark.parametrize("at_s", [0.0, 0.8, 2.0])
def test_a_killed_application_says_nothing_more(implementation: str, at_s: float) -> None:
    model, real = (
        killed_at(on, at_s, implementation=implementation) for on in ("model", "uvicorn")
    )
    lines = server_log.timed_lines(real)
    assert all(time_ns <= at_s * 1e9 for time_ns, _ in lines)
    assert [line for _, line in lines] == server_log.lines(model)
    assert [row.event.value for row in real if row.time_ns > at_s * 1e9] == [
        row.event.value for row in model if row.time_ns > at_s * 1e9
    ]
    assert bool(lines) == (at_s > 1.68)
    assert real.count(Event.KILLED) == 1
