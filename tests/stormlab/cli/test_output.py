"""The folder of ``run --out``: whole, or as it was."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stormlab.cli import output
from stormlab.trace import Trace

RESULT: dict[str, Any] = {
    "model": "m",
    "scenario": "s",
    "scenario_hash": "h",
    "seed": 1,
    "figures": {"attempts": 3},
}


def test_an_earlier_run_is_replaced(small_trace: Trace, tmp_path: Path) -> None:
    place = output.checked(str(tmp_path / "out"))
    output.write(place, small_trace, RESULT)
    (place / "trace.npz").write_text("of an earlier run")
    output.write(output.checked(str(place)), small_trace, RESULT | {"seed": 2})
    names = sorted(entry.name for entry in place.iterdir())
    assert names == ["figures.json", "metrics.prom", "trace.parquet"]
    assert '"seed": 2' in (place / "figures.json").read_text()
    assert list(tmp_path.iterdir()) == [place]


def test_what_no_run_wrote_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis.tex").touch()
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit):
        output.checked(str(tmp_path))
    with pytest.raises(SystemExit):
        output.checked(str(tmp_path / "file"))
    with pytest.raises(SystemExit):
        output.checked(" ")
    said = capsys.readouterr().err.splitlines()
    assert "holds 'file', which no run wrote; allowed: a new folder" in said[0]
    assert "is a file; allowed: a folder" in said[1]
    assert said[2] == "stormlab: --out: found no name; allowed: a folder"


@pytest.mark.parametrize("earlier", [True, False])
def test_a_failure_leaves_the_folder_as_it_was(
    small_trace: Trace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, earlier: bool
) -> None:
    place = tmp_path / "out"
    if earlier:
        output.write(place, small_trace, RESULT)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(output, "write_metrics", full)
    with pytest.raises(OSError, match="No space left"):
        output.write(place, small_trace, RESULT | {"seed": 2})
    assert [entry.name for entry in tmp_path.iterdir()] == (["out"] if earlier else [])
    if earlier:
        assert '"seed": 1' in (place / "figures.json").read_text()


def test_a_failed_exchange_puts_the_old_folder_back(
    small_trace: Trace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "out"
    output.write(place, small_trace, RESULT)
    rename: Callable[[Path, Path], Path] = Path.rename

    def once(source: Path, target: Path) -> Path:
        if ".part-" in source.name:
            raise OSError(13, "Permission denied")
        return rename(source, target)

    monkeypatch.setattr(Path, "rename", once)
    with pytest.raises(OSError, match="Permission denied"):
        output.write(place, small_trace, RESULT | {"seed": 2})
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]
    assert '"seed": 1' in (place / "figures.json").read_text()


def test_without_the_extras_there_is_a_way(
    small_trace: Trace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "prometheus_client.openmetrics.exposition", None)
    said = output.write(tmp_path / "out", small_trace, RESULT)
    assert said[0].endswith("figures.json, trace.npz")
    assert said[1] == "trace.npz instead of .parquet: pip install 'stormlab[parquet]'"
    assert said[2].startswith("no metrics.prom: OpenMetrics needs prometheus-client")
    assert Trace.load(tmp_path / "out" / "trace.npz").hash == small_trace.hash
