"""A world in which the figures are known: nothing is simulated, and chance is addressed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import pytest

from stormlab.draws import Draws
from stormlab.tune import Aim, Tuning, axis, bench, goal, target, tune

BEST_S = 17.0  # of backoff.cap_s, in the world below

Figures = dict[str, float | None]


@dataclass
class World:
    """Stands for the runs: ``figures`` gives those of a run from its parameters and its luck."""

    figures: Callable[[dict[str, str], float], Figures]
    runs: list[tuple[str, int]] = field(default_factory=list)  # policy and seed of each

    def run(self, jobs: Sequence[Any], workers: int | None) -> Iterator[tuple[int, Figures]]:
        """As replicate_as_completed, the last first: the order must not matter."""
        del workers
        for index, job in reversed(list(enumerate(jobs))):
            policy = job.scenario.parameters.model_dump()["policy"]
            own = dict(part.split("=") for part in policy.split(",")[1:])
            self.runs.append((policy, job.seed))
            luck = Draws(job.seed).unit(crc32(policy.encode()), "luck") - 0.5
            yield index, self.figures(own, luck)


def valley(own: dict[str, str], luck: float) -> Figures:
    """The time is least where cap_s is BEST_S; the peak falls with base_s."""
    cap_s, base_s = float(own.get("backoff.cap_s", 30)), float(own.get("backoff.base_s", 1))
    return {
        "reconnect_s_p99": 60 + (cap_s - BEST_S) ** 2 / 10 + luck,
        "attempts_per_s_peak": 100 / base_s + luck,
        "reconnect_s_p50": None,
    }


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(valley)
    monkeypatch.setattr(bench, "replicate_as_completed", made.run)
    return made


def an_aim(
    *goals: str, vary: Sequence[str] = ("backoff.cap_s=5:60",), then: Any = None, **options: Any
) -> Aim:
    """``an_aim("reconnect_s_p99<65", vary=[...], trials=...)``."""
    wanted = tuple(map(goal, goals or ["reconnect_s_p99<65"]))
    then = then or target(wanted, None, None)
    return Aim("outage-5s", "aws-full-jitter", tuple(map(axis, vary)), wanted, then, **options)


@pytest.fixture
def aim() -> Callable[..., Aim]:
    return an_aim


@pytest.fixture(scope="session")
def searched() -> tuple[Tuning, World]:
    """Two axes and two goals, both met where cap_s is near 17 and base_s above 5."""
    made, vary = World(valley), ["backoff.cap_s=5:60", "backoff.base_s=log:0.5:20"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench, "replicate_as_completed", made.run)
        goals = "reconnect_s_p99<65", "attempts_per_s_peak<20"
        return tune(an_aim(*goals, vary=vary, trials=40)), made


@pytest.fixture
def tuned(searched: tuple[Tuning, World]) -> Tuning:
    """The result of that search."""
    return searched[0]
