from collections.abc import Callable
from typing import Any

import pytest

from stormlab.recovery import Recovery, Standing, series
from stormlab.recovery.example import example

Make = Callable[..., Any]


def test_the_example_over_time() -> None:
    found = series(Recovery.of(example()), bin_s=10)
    assert found.time_s.tolist() == [10 * k for k in range(10)]
    assert found.attempts.tolist() == [0, 3, 0, 3, *[0] * 6]
    assert found.arrivals.tolist() == [0, 0, 0, 3, *[0] * 6]
    assert found.opened.tolist() == [0, 0, 0, 3, *[0] * 6]
    assert found.failed.tolist() == [0, 3, 0, 0, *[0] * 6]
    assert found.rejected.tolist() == [0] * 10
    assert found.bytes_useful.tolist() == [0, 0, 0, 2 * 872, *[0] * 6]
    assert found.bytes_wasted.tolist() == [0, 300, 0, 872, *[0] * 6]
    assert found.bytes.tolist() == [0, 300, 0, 3 * 872, *[0] * 6]
    assert found.bytes_by_kind["tcp"].tolist() == [0, 300, 0, 3 * 172, *[0] * 6]
    assert found.standing[Standing.OPEN].tolist() == [3, 0, 0, 0, *[2] * 6]
    assert found.standing[Standing.WAITING].tolist() == [0, 3, 2, 2, *[0] * 6]
    assert found.standing[Standing.GAVE_UP].tolist() == [0, 0, *[1] * 8]


def test_what_happens_at_the_very_end_falls_into_the_last_bin(fleet: Make) -> None:
    storm = fleet(duration_s=10)
    storm.socket(10)
    assert series(storm.recovery(), bin_s=4).attempts.tolist() == [0, 0, 1]


@pytest.mark.parametrize("bin_s", [0, -1, 1e-6])
def test_a_bin_of_no_width_is_refused(fleet: Make, bin_s: float) -> None:
    with pytest.raises(ValueError, match=f"bin_s: found {bin_s:g}"):
        series(fleet().recovery(), bin_s)
