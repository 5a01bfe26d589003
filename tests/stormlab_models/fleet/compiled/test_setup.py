"""The memory of a run: room for a trace, and less where it is not to be had."""

from typing import Any

import pytest

from stormlab.model import make_scenario
from stormlab_models.fleet.compiled import setup
from stormlab_models.fleet.compiled.run import traced

STORM: dict[str, Any] = {
    "model": "fleet",
    "duration_s": 30,
    "policy": "phoenix",
    "clients": {"count": 200},
    "faults": [{"do": "crash", "at_s": 2, "for_s": 5}],
}


def test_where_memory_is_short_rows_are_taken_more_often(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = make_scenario(STORM, name="storm")
    expected = traced(scenario, 1)
    rooms: list[int] = []
    rows = setup._rows

    def short(count: int, least: int) -> Any:
        rooms.append(least)
        assert count > least
        return rows(1 << 46, least)  # which no machine has

    monkeypatch.setattr(setup, "ROWS_AT_ONCE", 100)
    monkeypatch.setattr(setup, "_rows", short)
    assert traced(scenario, 1).hash == expected.hash
    assert max(rooms) < len(expected)
