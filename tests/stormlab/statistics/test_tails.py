"""The tail share against Brooker's figures and against distributions with a known one."""

import numpy as np
import pytest

from stormlab.statistics import StatisticsError, slowest_share, tail_share


def test_the_published_tail() -> None:
    found = tail_share([1, 10, 200, 10_000, 20_000], [0, 0.5, 0.9, 0.99, 0.999])
    assert found == pytest.approx([1, 0.99377318, 0.93082759, 0.51712644, 0.10342529], abs=1e-8)


def test_a_pareto_tail_has_a_known_share() -> None:
    """Of a Pareto distribution with index 2 the slowest u have the square root of u."""
    quantiles = np.array([0, 0.3, 0.75, 0.99])
    values = (1 - quantiles) ** -0.5
    assert tail_share(list(values), list(quantiles)) == pytest.approx((1 - quantiles) ** 0.5)


def test_a_piece_whose_power_is_one_is_a_logarithm() -> None:
    near, at = (tail_share([1, x, 2 * x], [0, 0.5, 0.99])[1] for x in (2 + 1e-7, 2))
    assert at == pytest.approx(near, rel=1e-6)


@pytest.mark.parametrize(
    ("values", "quantiles", "says"),
    [
        ([1], [0], "two or more values"),
        ([1, 2], [0, 0.5, 0.9], "each with its quantile"),
        ([2, 1], [0, 0.5], "do not fall"),
        ([1, 2], [0.1, 0.5], "rise from 0"),
        ([1, 2], [0, 1], "stay below 1"),
        ([0, 2], [0, 0.5], "positive"),
        ([1, 100], [0, 0.9], "no mean"),
    ],
)
def test_a_table_that_is_none_is_refused(
    values: list[float], quantiles: list[float], says: str
) -> None:
    with pytest.raises(StatisticsError, match=says):
        tail_share(values, quantiles)


def test_the_slowest_of_a_sample() -> None:
    waits_s = [1.0] * 99 + [101.0]
    assert slowest_share(waits_s, 0.01) == pytest.approx(101 / 200)
    assert slowest_share(waits_s, 1) == 1
    assert slowest_share(waits_s, 0.001) == pytest.approx(101 / 200)
    assert slowest_share([0.0, 0.0], 0.5) == 0
    with pytest.raises(StatisticsError, match="finite samples"):
        slowest_share([1, np.inf], 0.5)
