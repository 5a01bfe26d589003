"""Sequential replications: the rule, its limits, and that nobody else decides the result."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest

from stormlab.statistics import (
    Precision,
    Replicated,
    StatisticsError,
    mean_interval,
    pilot,
    replicate_until,
    stopping_point,
)
from stormlab.statistics.selftest import drawn

EXP = drawn("exponential", "sequential figures", 2, 3000)
INF = math.inf


def runner(
    figures: Mapping[str, Callable[[int], float]], calls: list[range] | None = None
) -> Callable[[range], Sequence[Mapping[str, float]]]:
    def run(indices: range) -> Sequence[Mapping[str, float]]:
        if calls is not None:
            calls.append(indices)
        return [{name: of(i) for name, of in figures.items()} for i in indices]

    return run


WAIT = {"wait": lambda i: float(EXP[0, i]), "peak": lambda i: 50 + float(EXP[1, i])}


def by_definition(row: Sequence[float], precision: Precision) -> int | None:
    """The rule as it is written, one interval at a time."""

    def precise(m: int) -> bool:
        found = mean_interval(row[:m])
        return found.high - found.value <= precision.relative * abs(found.value)

    for n in range(precision.floor, len(row) + 1):
        last = n + max(precision.look_ahead, precision.look_ahead * n // 100)
        if last <= len(row) and all(precise(m) for m in range(n, last + 1)):
            return n
    return None


@pytest.mark.parametrize("relative", [0.15, 0.3])
@pytest.mark.parametrize("look_ahead", [0, 5, 10])
def test_the_rule_is_the_one_written(relative: float, look_ahead: int) -> None:
    precision = Precision(relative, look_ahead=look_ahead)
    row = EXP[0, :400]
    found = stopping_point(row[None, :], ["wait"], precision)
    assert found is not None
    assert found == by_definition(row.tolist(), precision)


def test_the_figures_are_precise_when_it_stops() -> None:
    found = replicate_until(runner(WAIT), Precision(0.1))
    assert found.settled is not None
    assert found.n == found.settled + Precision().looked_ahead(found.settled)
    assert found.short == ()
    for figure in found.figures.values():
        assert figure.state == "precise"
        assert figure.half_width_percent is not None
        assert figure.half_width_percent <= 10
        assert figure.interval.n == found.n
    assert found.values["wait"] == tuple(EXP[0, : found.n])
    assert 250 < found.n < 550, "about (1.96 / 0.1)^2 = 384"


def test_every_figure_has_to_be_precise() -> None:
    slow = replicate_until(runner(WAIT), Precision(0.2)).n
    quick = replicate_until(runner({"peak": WAIT["peak"]}), Precision(0.2))
    assert (quick.settled, quick.n) == (10, 15)
    assert slow > 60


@pytest.mark.parametrize("batch", [1, 2, 7, 64, 1000])
def test_batches_change_nothing(batch: int) -> None:
    usual = replicate_until(runner(WAIT), Precision(0.15))
    assert replicate_until(runner(WAIT), Precision(0.15), batch=batch) == usual


def test_indices_are_asked_for_once_and_in_order() -> None:
    calls: list[range] = []
    found = replicate_until(runner(WAIT, calls), Precision(0.1), batch=8)
    asked = [i for indices in calls for i in indices]
    assert asked == list(range(len(asked)))
    assert found.n <= len(asked) < 2 * found.n
    assert all(len(indices) >= 8 for indices in calls)
    assert len(calls) < 20, "so few that two workers are busy"


def test_a_look_ahead_outlasts_a_narrow_interval_by_chance() -> None:
    """Ten alike figures, then as noisy ones as before them: only the look-ahead sees those."""
    row = np.concatenate([1 + 0.05 * EXP[1, :10], 3 * EXP[0, :900]])[None, :]
    without = stopping_point(row, ["x"], Precision(0.2, look_ahead=0))
    with_it = stopping_point(row, ["x"], Precision(0.2))
    assert without == 10
    assert with_it is not None
    assert with_it > 60


def test_the_look_ahead_grows_with_the_number_of_runs() -> None:
    ahead = [Precision().looked_ahead(n) for n in (10, 100, 119, 120, 199, 200, 1000)]
    assert ahead == [5, 5, 5, 6, 9, 10, 50]


def test_the_ceiling_ends_it_and_says_what_is_short() -> None:
    found = replicate_until(runner(WAIT), Precision(0.01, ceiling=60))
    assert (found.n, found.settled, found.short) == (60, None, ("wait",))
    wait = found.figures["wait"]
    assert wait.half_width_percent is not None
    assert wait.half_width_percent > 15
    assert wait.needed is not None
    assert 20_000 < wait.needed < 80_000, "(1.96 / 0.01)^2 = 38,416"
    peak = found.figures["peak"]
    assert (peak.state, peak.needed) == ("precise", pilot(found.values["peak"], 0.01))


def test_what_does_not_vary_is_precise_at_once() -> None:
    found = replicate_until(
        runner({"zero": lambda _: 0.0, "hundred": lambda _: 100.0}), Precision()
    )
    assert (found.settled, found.n, found.short) == (10, 15, ())
    assert found.figures["zero"].half_width_percent is None
    assert found.figures["hundred"].half_width_percent == 0


def test_what_is_sometimes_never_is_not_waited_for() -> None:
    drained = {"drained": lambda i: INF if i % 4 == 3 else float(i)}
    found = replicate_until(runner(WAIT | drained), Precision(0.2))
    figure = found.figures["drained"]
    assert (figure.state, figure.needed, found.short) == ("never", None, ())
    assert found.n == replicate_until(runner(WAIT), Precision(0.2)).n
    assert math.isfinite(figure.interval.value)


def test_a_mean_of_zero_has_a_floor_of_its_own() -> None:
    drift = {"drift": lambda i: float(EXP[0, i] - EXP[1, i])}
    endless = replicate_until(runner(drift), Precision(0.1, ceiling=200))
    assert endless.short == ("drift",)
    found = replicate_until(runner(drift), Precision(0.1, absolute={"drift": 0.3}, ceiling=200))
    assert found.settled is not None
    interval = found.figures["drift"].interval
    assert interval.high - interval.low <= 0.6


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    found = replicate_until(
        runner(WAIT), Precision(0.15), progress=lambda done, of: told.append((done, of))
    )
    assert told[-1] == (found.n, found.n)
    assert all(done <= of for done, of in told)
    assert len(told) > 2


@pytest.mark.parametrize(
    ("run", "says"),
    [
        (lambda indices: [{"x": 1.0}] * (len(indices) - 1), "asked for 15 replications, got 14"),
        (lambda indices: [{}] * len(indices), "replication 0: found figures none"),
        (lambda indices: [{"x": math.nan}] * len(indices), "figure x: found NaN"),
        (
            lambda indices: [{"x": 1.0} if i < 3 else {"y": 1.0} for i in indices],
            "replication 3: found figures y; allowed are those of replication 0: x",
        ),
    ],
)
def test_a_run_that_gives_something_else_is_refused(
    run: Callable[[range], Sequence[Mapping[str, float]]], says: str
) -> None:
    with pytest.raises(StatisticsError, match=says):
        replicate_until(run, Precision())


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"relative": 0.0}, "precision: found 0; allowed is above 0"),
        ({"floor": 1}, "fewest replications: found 1; allowed is 2 or more"),
        ({"ceiling": 5}, "most replications: found 5; allowed is 10 or more"),
        ({"look_ahead": -1}, "look-ahead: found -1; allowed is 0 or more"),
    ],
)
def test_a_precision_that_cannot_be_is_refused(wrong: dict[str, float], says: str) -> None:
    with pytest.raises(StatisticsError, match=says):
        Precision(**wrong)  # type: ignore[arg-type]


def test_the_pilot_is_its_formula() -> None:
    """AWS's full jitter at N = 100: mean 4948.9, 26.8 x sqrt(400) of spread; 1 % takes 450."""
    spread, mean = 26.8 * 20, 4948.9
    values = [mean - spread, mean + spread, mean]  # sd = spread
    assert pilot(values, 0.01) == pytest.approx(450, rel=0.01)
    assert pilot(values, 0.05) == 19
    assert pilot([3.0, 3.0], 0.05) == 2


@pytest.mark.parametrize("values", [[1.0], [1.0, -1.0], [1.0, INF]])
def test_a_pilot_that_tells_nothing_is_refused(values: list[float]) -> None:
    with pytest.raises(StatisticsError, match="a pilot"):
        pilot(values, 0.05)


def test_a_small_spread_on_a_large_figure_is_not_lost() -> None:
    found = replicate_until(
        runner({"bytes": lambda i: 1e12 + float(EXP[0, i])}), Precision(1e-15, ceiling=40)
    )
    assert isinstance(found, Replicated)
    assert found.short == ("bytes",)
