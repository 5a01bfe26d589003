import pytest

from stormlab.hosts.failure import HostError
from stormlab_models.bench import clients as module
from stormlab_models.bench.clients import cases, clients, restart
from stormlab_models.bench.measures import Sizes

needs_npm = pytest.mark.npm


@needs_npm
def test_cases_are_drawn_and_judged() -> None:
    told = cases("reconnecting-websocket", 20)
    assert told["cases"] == 20
    assert told["steps"] > 20
    assert told["per_s"] > 0


@needs_npm
def test_everybody_is_back_after_a_restart() -> None:
    told = restart("reconnecting-websocket", 20)
    assert told["back"] == 20
    assert told["attempts"] >= 40


def test_without_the_code_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_recipe: object) -> None:
        raise HostError("npm is not installed")

    monkeypatch.setattr(module, "code_of", missing)
    found = next(iter(clients(Sizes.of(1, quick=True))))
    assert found.rows == []
    assert found.notes == ["not measured: npm is not installed"]
