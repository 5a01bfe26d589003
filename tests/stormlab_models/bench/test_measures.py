from pathlib import Path
from typing import Any

import pytest

from stormlab_models.bench import measures
from stormlab_models.bench.measures import BenchError, Sizes

TINY = Sizes(2, 80, 160, 320, 80, (60, 120))
NUMBERS = {
    "counted": {"attempts": 1000, "cpu_s": 0.5, "events": 5000, "grew_bytes": 1600, "hash": "c"},
    "traced": {"attempts": 1000, "cpu_s": 2.0, "events": 5000, "grew_bytes": 9000, "hash": "t"},
    "reference": {"attempts": 1000, "cpu_s": 50.0, "events": 5000, "grew_bytes": 9, "hash": "t"},
    "summary": {"attempts": 1000, "cpu_s": 0.6, "events": 5000, "grew_bytes": 3200, "hash": "s"},
}


class Built:
    """Programs that take twice as long as the counted way."""

    def __init__(self, attempts: int = 1000) -> None:
        self.attempts = attempts

    def build_cpp(self, name: str = "restart") -> Path | None:
        return Path(name)

    def run_cpp(self, sockets: int, seed: int, *more: str, name: str = "restart") -> dict[str, Any]:
        del sockets, seed, more, name
        return {"attempts": self.attempts, "processor_s": 0.25}

    def run_script(self, name: str, n: int, seed: int, *more: str) -> dict[str, Any]:
        del n, seed, more
        return {"processor_s": 8.0 if name == "storm_a_simpy" else 0.1}


@pytest.fixture(autouse=True)
def _no_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def told(kind: str, sockets: int, outage_s: float = 60, **_: str) -> dict[str, Any]:
        del sockets, outage_s
        return dict(NUMBERS[kind])

    monkeypatch.setattr(measures, "worker", told)
    monkeypatch.setattr(measures, "programs", Built)


def test_speed_is_the_ratio_of_medians() -> None:
    beside, by_hand = measures.speed(TINY)
    assert [row[-1] for row in beside.rows] == ["100", "100", "-"]
    assert beside.rows[0][:5] == ["80", "1,000", "50.00", "2.00", "0.500"]
    assert "160 sockets: one run each, the reference takes minutes" in " ".join(beside.notes)
    assert [row[-1] for row in by_hand.rows] == ["0.50", "0.50", "0.50", "80.00"]
    assert len({row[0] for row in by_hand.rows}) == len(by_hand.rows)


def test_another_trace_or_another_result_is_no_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measures, "programs", lambda: Built(attempts=999))
    with pytest.raises(BenchError, match="999 attempts, stormlab 1,000"):
        list(measures.speed(TINY))
    monkeypatch.setitem(NUMBERS["reference"], "hash", "another")
    with pytest.raises(BenchError, match="80 sockets: the two engines give different traces"):
        list(measures.speed(TINY))


def test_memory_is_told_per_socket() -> None:
    (found,) = measures.memory(TINY)
    assert found.rows[0] == ["320", "60 s", "counted", "5", "0"]
    assert [row[2] for row in found.rows] == ["counted", "counted", "counted", "summary", "summary"]


def test_scaling_is_against_the_smallest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measures, "_two_cores", lambda _: measures.Found("two", []))
    found, _ = measures.scaling(TINY)
    assert found.rows[0] == ["80", "5,000", "0.500", "100000.0", "1.00"]


def test_ways_take_turns() -> None:
    order: list[str] = []

    def way(name: str) -> Any:
        def run() -> dict[str, Any]:
            order.append(name)
            return {"x": len(order)}

        return run

    told = measures.in_turns(3, way("a"), way("b"))
    assert order == ["a", "b"] * 3
    assert [measures.middle(each, "x") for each in told] == [3, 4]


@pytest.mark.slow
def test_exactness_is_found_by_running_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    (found,) = measures.exactness(TINY)
    assert found.data["different"] == []
    assert found.data["equal"] >= 15
    assert int(found.rows[1][1]) >= 300  # drawn ones, as Hypothesis counts them


@pytest.mark.slow
def test_a_run_has_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    told = measures.worker("counted", 800)
    assert told["cpu_s"] > 0
    with pytest.raises(BenchError, match="nothing, 800 sockets: "):
        measures.worker("nothing", 800)
    (two,) = [measures._two_cores(TINY)]
    assert float(two.rows[0][-1]) > 0
    (start,) = measures.start(TINY)
    assert [row[0] for row in start.rows] == ["the first, which compiles", "later ones, median"]
