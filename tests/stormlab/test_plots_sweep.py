"""Pictures of sweeps: which key goes where, and that the same picture is the same file."""

from pathlib import Path

import pytest

from stormlab.plots import PlotError
from stormlab.plots_sweep import Layout, layout, picture
from stormlab.sweep import Results, Summary

NUMBERS, MANY = [1, 2, 5], list(range(9))
FEW, NAMES = [0.1, 0.2], ["a", "b", "c"]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"n": NUMBERS}, Layout("n", None, (), heat=False)),
        ({"name": NAMES}, Layout("name", None, (), heat=False)),
        ({"name": NAMES, "n": FEW}, Layout("n", "name", (), heat=False)),
        ({"few": FEW, "n": NUMBERS}, Layout("n", "few", (), heat=False)),
        ({"one": ["x"], "n": NUMBERS}, Layout("n", None, (), heat=False)),
        ({"m": MANY, "n": MANY}, Layout("m", "n", (), heat=True)),
        ({"m": MANY, "n": NUMBERS, "name": NAMES}, Layout("m", "name", ("n",), heat=False)),
        ({"only": ["x"]}, Layout("only", None, (), heat=False)),
    ],
)
def test_every_key_has_its_place(keys: dict[str, list[object]], expected: Layout) -> None:
    assert layout(keys) == expected


def test_too_many_keys_are_refused() -> None:
    with pytest.raises(PlotError, match="m x n x name is more than one picture shows"):
        layout({"m": MANY, "n": MANY, "name": NAMES})


def sweep_of(keys: dict[str, list[object]]) -> tuple[Results, list[Summary]]:
    points: list[tuple[object, ...]] = [()]
    for values in keys.values():
        points = [(*point, value) for point in points for value in values]
    columns = {key: [point[index] for point in points] for index, key in enumerate(keys)}
    metadata = {"scenario": "plain", "seeds": [0, 4]}
    summaries = [
        Summary(point, "x", 5, 5, 0, float(at), at - 0.5, at + 1.0)
        for at, point in enumerate(points)
    ]
    summaries[-1] = Summary(points[-1], "x", 5, 0, 0, None, None, None)
    summaries[0] = Summary(points[0], "x", 5, 1, 0, 1.0, None, None)
    return Results(tuple(keys), ("x",), columns, metadata), summaries


@pytest.mark.parametrize(
    "keys",
    [
        {"n": [0.001, 0.1, 1], "name": NAMES},
        {"name": NAMES, "flag": [True, False]},
        {"m": MANY, "n": MANY[:8]},
        {"n": NUMBERS, "name": NAMES, "flag": [True, False], "few": FEW},
    ],
)
def test_the_same_picture_is_the_same_file(keys: dict[str, list[object]], tmp_path: Path) -> None:
    results, summaries = sweep_of(keys)
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        picture(results, summaries, "x")(tmp_path / folder / "sweep-x.svg")
    one, two = ((tmp_path / each / "sweep-x.svg").read_bytes() for each in ("one", "two"))
    assert one == two
    assert b"<svg" in one
