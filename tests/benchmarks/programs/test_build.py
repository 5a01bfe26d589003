"""The C++ programs give the engine's own counts; what cannot be built or run says why."""

import shutil
from pathlib import Path

import pytest
from benchmarks.programs import build
from benchmarks.programs.build import ProgramError, build_cpp, run_cpp, run_script

from stormlab.vocabulary import EVENTS
from stormlab_models.bench.worker import restart
from stormlab_models.fleet.compiled.run import counted

PROGRAMS = ("restart", "restart_events", "restart_plain")
needs_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="there is no g++ here")


def counts_of_engine(sockets: int, seed: int) -> dict[str, int]:
    counts = counted(restart(sockets), seed).memory.arrays["count_p"].reshape(-1, 3)
    told: dict[str, int] = {}
    for event, row in zip(EVENTS, counts.tolist(), strict=True):
        told |= {f"{event}{end}": row[place] for place, end in enumerate(("", ".up", ".down"))}
    return {name: number for name, number in told.items() if number}


@needs_compiler
@pytest.mark.parametrize("seed", [1, 2, 2**40])
@pytest.mark.parametrize("sockets", [800, 10_000])
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_counts_what_the_engine_counts(name: str, sockets: int, seed: int) -> None:
    told = run_cpp(sockets, seed, name=name)
    expected = counts_of_engine(sockets, seed)
    assert told.pop("attempts") == expected["page.new"]
    assert told.pop("processor_s") >= 0
    assert told.pop("bytes_per_socket") > 0
    assert told == expected


@needs_compiler
@pytest.mark.slow
@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("sockets", [100_000, 400_000])  # one pod, five pods
def test_many_sockets_count_the_same_too(name: str, sockets: int) -> None:
    expected = counts_of_engine(sockets, 3)
    assert expected["srv.queued"] > 100
    told = run_cpp(sockets, 3, name=name)
    assert {name: told[name] for name in expected} == expected


@needs_compiler
def test_a_heap_gives_the_same_counts_as_the_wheel() -> None:
    by_wheel, by_heap = run_cpp(8_000, 5), run_cpp(8_000, 5, "heap")
    for measured in ("processor_s", "bytes_per_socket"):
        by_wheel.pop(measured)
        by_heap.pop(measured)
    assert by_heap == by_wheel


@needs_compiler
def test_what_the_program_cannot_exclude_is_refused() -> None:
    with pytest.raises(ProgramError, match="accept queue may have been full"):
        run_cpp(159_992, 1)  # one pod for nearly two


@needs_compiler
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_wrong_call_is_told(name: str) -> None:
    with pytest.raises(ProgramError, match=f"usage: {name} SOCKETS SEED"):
        run_cpp(7, 1, name=name)


@needs_compiler
def test_a_program_is_compiled_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(build, "BUILT", tmp_path / "programs")
    first = build_cpp()
    assert first is not None
    made_ns = first.stat().st_mtime_ns
    assert build_cpp() == first
    assert first.stat().st_mtime_ns == made_ns
    monkeypatch.setattr(build, "FLAGS", (*build.FLAGS, "-g"))
    assert build_cpp() != first


@needs_compiler
def test_a_source_that_does_not_compile_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "restart.cpp").write_text("int main() { return nothing; }\n")
    monkeypatch.setattr(build, "HERE", tmp_path)
    monkeypatch.setattr(build, "BUILT", tmp_path / "programs")
    with pytest.raises(ProgramError, match="nothing"):
        build_cpp()
    assert not list((tmp_path / "programs").iterdir())


def test_without_a_compiler_there_is_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    assert build_cpp() is None
    with pytest.raises(ProgramError, match=r"restart\.cpp: there is no g\+\+"):
        run_cpp(800, 1)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("import sys; sys.exit('no such world')", "no such world"),
        ("import sys; sys.exit(5)", "exit code 5"),
        ("print('attempts many')", "found 'attempts many'; expected a name and a number"),
        ("while True: pass", "no result after 0.5 s"),
    ],
)
def test_a_script_that_fails_says_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, body: str, message: str
) -> None:
    scripts = tmp_path / "benchmarks" / "programs"
    scripts.mkdir(parents=True)
    (scripts / "storm.py").write_text(f"{body}\n")
    monkeypatch.setattr(build, "ROOT", tmp_path)
    with pytest.raises(ProgramError, match=message):
        run_script("storm", 10, 1, timeout_s=0.5 if "while" in body else 30)


def test_a_script_tells_numbers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    scripts = tmp_path / "benchmarks" / "programs"
    scripts.mkdir(parents=True)
    (scripts / "storm.py").write_text("import sys\nprint('n', len(sys.argv))\nprint('s 0.5')\n")
    monkeypatch.setattr(build, "ROOT", tmp_path)
    assert run_script("storm", 12, 3, "more") == {"n": 4, "s": 0.5}
