import types
from pathlib import Path
from typing import Any

import numba
import pytest

from stormlab.fleet.compiling import entry, sources_digest
from stormlab.fleet.memory import compiled


def times_three(value: int) -> Any:
    return value * 3


inner: Any = compiled(times_three)


def kernel(value: int) -> Any:
    return inner(value) + 1


def compile_kernel(digest: str) -> Any:
    return entry(kernel, "int64(int64)", digest, "test kernel")


def test_a_kernel_is_compiled_once_for_each_digest(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    said = []
    for digest in ("a", "a", "b"):
        assert compile_kernel(digest)(5) == 16
        said.append(capsys.readouterr().err)
    line = "compiling the test kernel (kernel) for this machine, once"
    assert [line in each for each in said] == [True, False, True]


def test_numba_is_afterwards_as_before() -> None:
    compile_kernel("c")

    @numba.njit
    def other(value: int) -> Any:
        return inner(value) - 1

    assert other(5) == 14


def test_another_source_or_vocabulary_is_another_digest(tmp_path: Path) -> None:
    package = types.ModuleType("own")
    package.__path__ = [str(tmp_path)]
    (tmp_path / "a.py").write_text("x = 1")
    before = sources_digest([package])
    assert before == sources_digest([package])
    assert sources_digest([package], "page.new") != before
    (tmp_path / "a.py").write_text("x = 2")
    assert sources_digest([package]) != before


def test_without_a_folder_to_keep_it_there_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    real = numba.njit

    def cannot_keep(*given: Any, **options: Any) -> Any:
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return real(*given, **options)

    monkeypatch.setattr("stormlab.fleet.compiling.njit", cannot_keep)
    with pytest.warns(UserWarning, match="compiled anew in each process"):
        found = compile_kernel("d")
    assert found(1) == 4
