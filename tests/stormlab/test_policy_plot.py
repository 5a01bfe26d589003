"""A policy as a picture and as lines of text."""

from pathlib import Path

import pytest

from stormlab.policy import Comb, Delays, Exponential, Support
from stormlab.policy_plot import Row, draw_policy, strip

S = 1_000_000_000


def rows(schedule: Delays, count: int) -> list[Row]:
    found = []
    for n in range(count):
        support = schedule.support(n)
        assert support is not None
        found.append(Row(f"n = {n}", support, support.share_at(5 * S)))
    return found


SOCKET_IO = rows(Delays(Exponential(1), Comb(), 5, "before_cap", step_s=0.001), 6)


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    pictures = []
    for place in ("a", "b"):
        path = tmp_path / place / "delays.svg"
        path.parent.mkdir()
        draw_policy("socket.io-client", SOCKET_IO, path)
        pictures.append(path.read_bytes())
    assert pictures[0] == pictures[1]
    assert b"<svg" in pictures[0]
    draw_policy("socket.io-client", SOCKET_IO[:3], tmp_path / "a" / "delays.svg")
    assert (tmp_path / "a" / "delays.svg").read_bytes() != pictures[0]


@pytest.mark.parametrize(
    "drawn",
    [
        [Row("n = 0", Support.point(0))],
        [Row("n = 0", Support.point(S // 100)), Row("n = 1", Support(((0, 3600 * S),)))],
        [Row("n = 0", Support(((0, S),)), observed=True)],
    ],
)
def test_any_rows_can_be_drawn(tmp_path: Path, drawn: list[Row]) -> None:
    path = tmp_path / "delays.png"
    draw_policy("any", drawn, path)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_a_strip_shows_bands_and_values() -> None:
    assert strip(Support(((0, 4), (8, 10))), 10, 11) == "=====   ==="
    assert strip(Support.point(10), 10, 11) == " " * 10 + "*"
    assert strip(Support.point(0), 0, 11) == "*"
