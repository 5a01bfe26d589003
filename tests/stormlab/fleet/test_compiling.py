import types
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import pytest

from stormlab.fleet.compiling import compiling, entry, sources_digest
from stormlab.fleet.memory import compiled


def times_three(value: int) -> Any:
    return value * 3


inner: Any = compiled(times_three)


def make(digest: str) -> Callable[[int], Any]:
    def kernel_entry_test(value: int) -> Any:
        _ = digest
        return inner(value) + 1

    return kernel_entry_test


def test_a_kernel_is_compiled_as_a_whole_and_numba_is_as_before(
    capsys: pytest.CaptureFixture[str],
) -> None:
    kernel = entry(make, "a")
    with compiling("test kernel", (kernel,)):
        kernel.compile("int64(int64)")
    assert kernel(5) == 16
    capsys.readouterr()

    @numba.njit
    def other(value: int) -> Any:
        return inner(value) - 1

    assert other(5) == 14  # what others compile afterwards is compiled as ever


def test_another_digest_is_another_kernel(tmp_path: Path) -> None:
    package = types.ModuleType("own")
    package.__path__ = [str(tmp_path)]
    (tmp_path / "a.py").write_text("x = 1")
    before = sources_digest([package])
    assert before == sources_digest([package])
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
        kernel = entry(make, "b")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert kernel(1) == 4
