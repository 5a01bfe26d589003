import json
from pathlib import Path
from typing import Any

import pytest

from stormlab_models.bench import figure
from stormlab_models.bench.measures import BenchError, Sizes

SIZES = Sizes(1, 80, 160, 10_000, 80)


@pytest.fixture(autouse=True)
def _no_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def told(kind: str, sockets: int) -> dict[str, Any]:
        return {"cpu_s": sockets / (1e6 if kind == "counted" else 1e4)}

    monkeypatch.setattr(figure, "worker", told)
    monkeypatch.setattr(figure, "programs", lambda: None)


def test_a_picture_and_its_data_are_written(tmp_path: Path) -> None:
    (found,) = figure.figure(str(tmp_path / "bench"), SIZES)
    points = json.loads((tmp_path / "bench" / "cost.json").read_text())
    assert points["compiled, counted"] == [[104, 0.000104], [1000, 0.001], [10000, 0.01]]
    assert points["reference"][-1] == [10000, 1.0]
    assert "plain SimPy script" not in points
    assert (tmp_path / "bench" / "cost.png").stat().st_size > 10_000
    assert found.rows[0] == ["fleet engine, without a trace", "104", "0.000"]


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BenchError, match=r"^--out .*/file: "):
        figure.figure(str(tmp_path / "file"), SIZES)
