"""The store: what is kept is found again, exactly, or not at all."""

import errno
import json
import math
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stormlab.store import Store, StoreError, Unit, partial_folder, unit_key

KEY, OTHER = "a" * 32, "b" * 32
FIGURES: dict[str, Any] = {
    "third": 1 / 3,
    "whole": 3,
    "float_whole": 3.0,
    "never": math.inf,
    "nothing": None,
    "yes": True,
    "text": "Ärger \n {}",
    "listed": [0.1, -math.inf, None, {"inner": 5e-324}],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "deep" / ".out.partial"


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


def test_what_is_kept_comes_back_exactly(folder: Path) -> None:
    arrays: dict[str, Any] = {
        "time_s": np.array([0.1, np.inf, np.nan]),
        "count": np.arange(3),
        "file": [1, 2],
    }
    with Store(folder) as store:
        store.keep(KEY, FIGURES, arrays)
    with Store(folder) as again:
        unit = again.get(KEY)
        assert again.get(OTHER) is None
    assert unit is not None
    assert json.dumps(unit.figures) == json.dumps(FIGURES)  # 3 is not 3.0, None not inf
    assert sorted(unit.arrays) == ["count", "file", "time_s"]
    for name, values in arrays.items():
        np.testing.assert_array_equal(unit.arrays[name], values)
    assert unit.arrays["count"].dtype == np.arange(3).dtype


def test_equal_units_are_equal_bytes(folder: Path) -> None:
    seen = set()
    with Store(folder) as store:
        for _ in range(2):
            store.keep(KEY, {"x": np.float64(0.1)}, {"y": [1.5]})
            seen.add((folder / f"{KEY}.unit").read_bytes())
    assert len(seen) == 1


def test_not_a_number_is_kept_as_such(folder: Path) -> None:
    with Store(folder) as store:
        store.keep(KEY, {"x": math.nan})
        found = store.get(KEY)
    assert found is not None
    assert math.isnan(found.figures["x"])


@pytest.mark.parametrize("figures", [{"x": object()}, {"x": {1: 2}}, {"x": {"$float": 1}}])
def test_what_cannot_be_kept_exactly_is_refused(folder: Path, figures: dict[str, Any]) -> None:
    with Store(folder) as store, pytest.raises(ValueError, match="cannot be kept"):
        store.keep(KEY, figures)
    objects: Any = [object()]
    with Store(folder) as store, pytest.raises(ValueError, match="holds objects"):
        store.keep(KEY, {}, {"x": objects})
    assert not folder.exists()


def test_a_torn_or_damaged_file_counts_as_missing(folder: Path) -> None:
    with Store(folder) as store:
        store.keep(KEY, FIGURES, {"time_s": [1.0, 2.0]})
        path = folder / f"{KEY}.unit"
        whole = path.read_bytes()
        for length in range(len(whole)):
            path.write_bytes(whole[:length])
            assert store.get(KEY) is None, length
        for place in range(len(whole)):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            assert store.get(KEY) is None, place
        path.write_bytes(whole)
        assert store.get(KEY) is not None


def test_a_file_under_the_name_of_another_unit_counts_as_missing(folder: Path) -> None:
    with Store(folder) as store:
        store.keep(KEY, {"x": 1})
        (folder / f"{KEY}.unit").rename(folder / f"{OTHER}.unit")
        assert store.get(OTHER) is None
        assert store.keys() == {OTHER}


def test_a_key_covers_everything_that_decides_a_unit() -> None:
    one = unit_key("code", "scenario", 1, "figures/1")
    others = [
        unit_key("other", "scenario", 1, "figures/1"),
        unit_key("code", "other", 1, "figures/1"),
        unit_key("code", "scenario", 2, "figures/1"),
        unit_key("code", "scenario", 1, "figures/2"),
    ]
    assert len({one, *others}) == 5
    assert one == unit_key("code", "scenario", 1, "figures/1")


def test_a_disk_that_is_full_is_one_line_and_keeps_what_was_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with Store(folder) as store:
        store.keep(KEY, {"x": 1})
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match=r"^[^\n]*partial: cannot keep .*: No space left on"):
            store.keep(OTHER, {"x": 2})
        assert store.get(KEY) == Unit({"x": 1})
        assert store.get(OTHER) is None
    assert files(folder) == [f"{KEY}.unit"]


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"^[^\n]*file.*: cannot be made: Not a directory$"):
        Store(tmp_path / "file" / "folder").__enter__()


def test_an_empty_folder_goes_and_a_full_one_stays(folder: Path) -> None:
    with Store(folder) as store:
        store.keep(KEY, {"x": 1})
    assert folder.exists()
    with Store(folder) as store:
        store.discard([KEY, OTHER])
    assert not folder.exists()


def test_a_folder_that_another_process_removes_is_made_again(folder: Path) -> None:
    with Store(folder) as store, Store(folder) as other:
        (folder / ".lock").unlink()
        folder.rmdir()
        store.keep(KEY, {"x": 1})
        assert other.get(KEY) == Unit({"x": 1})


WRITER = """
import os, sys
from pathlib import Path
from stormlab.store import Store

if sys.argv[2] == "hangs":
    os.fsync = lambda _: (print("half", flush=True), sys.stdin.read())
with Store(Path(sys.argv[1])) as store:
    for number in range(200):
        store.keep(f"{number:032}", {"number": number}, {"n": [number] * 100})
"""


def writer(folder: Path, how: str) -> "subprocess.Popen[bytes]":
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), how], stdin=pipe, stdout=pipe
    )


def test_two_writers_at_once_do_no_harm(folder: Path) -> None:
    with writer(folder, "a") as one, writer(folder, "b") as two:
        assert (one.wait(), two.wait()) == (0, 0)
    with Store(folder) as store:
        for number in range(200):
            unit = store.get(f"{number:032}")
            assert unit is not None
            assert unit.figures == {"number": number}
    assert len(files(folder)) == 200


@pytest.mark.skipif(sys.platform == "win32", reason="without locks nothing is tidied")
def test_what_a_killed_writer_left_is_tidied_once_nobody_works_there(folder: Path) -> None:
    with writer(folder, "hangs") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"half\n"
        with Store(folder):
            assert files(folder)[0].startswith(".tmp-"), "another's file is left alone"
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert files(folder)[0].startswith(".tmp-")
    with Store(folder) as store:
        assert store.keys() == set()
        assert files(folder) == []
    assert not folder.exists()


def test_units_stand_inside_the_folder_of_what_they_become(tmp_path: Path) -> None:
    assert partial_folder(tmp_path / "out") == tmp_path / "out" / ".units.partial"
