"""Build and run the programs that stormlab is measured against."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILT = ROOT / "build" / "programs"
# no fused products: quantiles of latencies are Python's to the last bit
FLAGS = ("-std=c++17", "-O2", "-march=native", "-ffp-contract=off")
TIMEOUT_S = 600

Told = dict[str, int | float]


class ProgramError(Exception):
    """A program could not be built or run; the message says what it printed."""


def build_cpp(name: str = "restart") -> Path | None:
    """The compiled program, made anew where a source or the compiler is another; None: no g++.

    Raises:
        ProgramError: if it does not compile.
    """
    compiler = shutil.which("g++")
    if compiler is None:
        return None
    source = HERE / f"{name}.cpp"
    version = _run([compiler, "--version"], TIMEOUT_S)
    sources = [each.read_text(encoding="utf-8") for each in (source, *sorted(HERE.glob("*.hpp")))]
    text = "\n".join([compiler, version, *FLAGS, *sources])
    program = BUILT / f"{name}-{blake2b(text.encode(), digest_size=8).hexdigest()}"
    if not program.is_file():
        BUILT.mkdir(parents=True, exist_ok=True)
        made = program.with_suffix(f".{os.getpid()}")  # others may compile it at the same time
        _run([compiler, *FLAGS, "-o", str(made), str(source)], TIMEOUT_S)
        made.replace(program)
    return program


def run_cpp(sockets: int, seed: int, *more: str, name: str = "restart") -> Told:
    """What a C++ program tells of one run: counts, `processor_s`, `bytes_per_socket`.

    Raises:
        ProgramError: without g++, or if the program fails or takes longer than ten minutes.
    """
    program = build_cpp(name)
    if program is None:
        raise ProgramError(f"{name}.cpp: there is no g++ to compile it with")
    return _told(_run([str(program), str(sockets), str(seed), *more], TIMEOUT_S))


def run_script(name: str, n: int, seed: int, *more: str, timeout_s: float = TIMEOUT_S) -> Told:
    """What a script tells of one run of `n` clients or sockets, with this process's Python.

    Raises:
        ProgramError: if the script fails or takes longer than `timeout_s`.
    """
    command = [sys.executable, "-m", f"benchmarks.programs.{name}", str(n), str(seed), *more]
    return _told(_run(command, timeout_s))


def _run(command: Sequence[str], timeout_s: float) -> str:
    """What a command prints."""
    try:
        done = subprocess.run(  # noqa: S603  our own programs, and the compiler
            command, capture_output=True, text=True, timeout=timeout_s, check=False, cwd=ROOT
        )
    except subprocess.TimeoutExpired:
        raise ProgramError(f"{' '.join(command)}: no result after {timeout_s:g} s") from None
    if done.returncode:
        end = done.stderr.strip()[-2000:] or f"exit code {done.returncode}"
        raise ProgramError(f"{' '.join(command)}: {end}")
    return done.stdout


def _told(text: str) -> Told:
    """Lines of `name value` as numbers."""
    told: Told = {}
    for line in text.splitlines():
        name, _, value = line.rpartition(" ")
        try:
            told[name] = float(value) if "." in value else int(value)
        except ValueError:
            raise ProgramError(f"found {line!r}; expected a name and a number") from None
    return told
