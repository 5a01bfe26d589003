"""What ``stormlab bench`` measures: each function gives rows of a table, and the figures as data.

Every run has a process of its own. Runs that are compared take turns, and their medians are told:
a machine that is busy for a while is busy for both.
"""

import importlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter  # noqa: TID251  a benchmark measures real time
from typing import Any, Protocol, cast

from stormlab.engines import VARIABLE
from stormlab.model import built_in_scenarios, engine_of, load_scenario, run

ROOT = Path(__file__).resolve().parents[3]  # of a checkout: programs and tests are not installed
SEED = 1
TIMEOUT_S = 3600
MILLION = 1_000_000
STORM_A_CLIENTS = 100_000


class BenchError(Exception):
    """A measurement that failed; the message is one line for a person."""


class Programs(Protocol):
    """What ``benchmarks.programs.build`` offers."""

    def build_cpp(self, name: str = "restart") -> Path | None:
        """Compile a program; None: no compiler."""

    def run_cpp(self, sockets: int, seed: int, *more: str, name: str = "restart") -> dict[str, Any]:
        """What a C++ program tells of one run."""

    def run_script(self, name: str, n: int, seed: int, *more: str) -> dict[str, Any]:
        """What a script tells of one run."""


@dataclass
class Found:
    """A table of measurements, and the same as data."""

    title: str
    headings: list[str]
    rows: list[list[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Sizes:
    """How much is measured; ``quick`` for a first look, on which no claim should rest."""

    runs: int
    small: int
    middle: int
    large: int
    reference_max: int  # sockets
    outage_s: tuple[float, float] = (60, 7200)

    @classmethod
    def of(cls, runs: int, *, quick: bool) -> "Sizes":
        """The sizes of the aims, or small ones."""
        if quick:
            return cls(runs, 1_000, 4_000, 40_000, 1_000)
        return cls(runs, 10_000, 100_000, 8 * MILLION, 10_000)


def worker(kind: str, sockets: int, outage_s: float = 60, **environment: str) -> dict[str, Any]:
    """What one run in a process of its own tells.

    Raises:
        BenchError: if it fails.
    """
    process = started(kind, sockets, outage_s, **environment)
    out, err = process.communicate(timeout=TIMEOUT_S)
    if process.returncode:
        last = err.strip().splitlines()[-1:] or [f"exit code {process.returncode}"]
        raise BenchError(f"{kind}, {sockets:,} sockets: {last[0]}")
    told: dict[str, Any] = json.loads(out)
    return told | {"said": err}


def started(
    kind: str, sockets: int, outage_s: float = 60, **environment: str
) -> subprocess.Popen[str]:
    """A run in a process of its own, under way."""
    words = [kind, str(sockets), str(SEED), str(outage_s)]
    return subprocess.Popen(  # noqa: S603  our own module
        [sys.executable, "-m", "stormlab_models.bench.worker", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, VARIABLE: "", **environment},
    )


def programs() -> Programs | None:
    """The programs kept beside stormlab in a checkout, or None in an installation without it."""
    if not (ROOT / "benchmarks" / "programs" / "build.py").is_file():
        return None
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    found: Any = importlib.import_module("benchmarks.programs.build")
    return cast("Programs", found)


def in_turns(runs: int, *ways: Callable[[], dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """What each way tells in each of so many rounds; the ways take turns."""
    rounds = [[way() for way in ways] for _ in range(runs)]
    return [list(each) for each in zip(*rounds, strict=True)]


def middle(told: list[dict[str, Any]], name: str) -> float:
    """The median of a figure over runs."""
    return float(median(float(each[name]) for each in told))


def exactness(sizes: Sizes) -> Iterator[Found]:
    """Whether the two engines give the same trace, in built-in and in drawn scenarios."""
    del sizes  # as many as there are
    found = Found(
        "Exactness: the same trace from both engines", ["scenarios", "equal", "different"]
    )
    equal, different, refused = 0, [], 0
    for name, text in sorted(built_in_scenarios().items()):
        if 'model = "fleet"' not in text:
            continue
        scenario = load_scenario(name, ("clients.count=100",))
        if scenario.duration_s > TIMEOUT_S or engine_of(scenario, "auto").compiled is None:
            refused += 1
            continue
        same = run(scenario, SEED, "reference").hash == run(scenario, SEED, "fleet").hash
        equal += same
        different += [] if same else [name]
    found.rows.append(["built in, 100 clients", f"{equal}", ", ".join(different) or "none"])
    test = ROOT / "tests" / "stormlab_models" / "fleet" / "compiled" / "test_exact.py"
    if test.is_file():
        count, failed = _drawn(test)
        found.rows.append(["drawn by Hypothesis", f"{count}", failed or "none"])
        different += [failed] if failed else []
    else:
        found.notes.append("drawn scenarios: with the tests only, which are not installed")
    found.notes.append(f"{refused} built-in ones left out: too long for here, or refused by name")
    found.data = {"equal": equal, "different": different}
    yield found


def _drawn(test: Path) -> tuple[int, str]:
    """How many drawn scenarios their test found equal, and what it says if one is not."""
    words = ["-q", "-n0", "-p", "no:cacheprovider", "-k", "drawn", "-s"]
    done = subprocess.run(  # noqa: S603  our own tests
        [sys.executable, "-m", "pytest", *words, str(test)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        timeout=TIMEOUT_S,
    )
    count = sum(int(each) for each in re.findall(r"(\d+) drawn scenarios are equal", done.stdout))
    last = (done.stdout.strip().splitlines() or ["its test did not run"])[-1]
    return count, last if done.returncode else ""


def speed(sizes: Sizes) -> Iterator[Found]:
    """The compiled engine beside the reference, and beside programs written by hand."""
    yield _beside_reference(sizes)
    built = programs()
    if built is None:
        yield Found("Programs", [], notes=["programs by hand: in a checkout only"])
        return
    yield _beside_programs(sizes, built)


def _beside_reference(sizes: Sizes) -> Found:
    headings = [
        "sockets",
        "attempts",
        "reference",
        "traced",
        "counted",
        "attempts/s",
        "times as fast",
    ]
    found = Found("Speed: a restart with an outage of 60 s, seconds of the processor", headings)
    for sockets in (sizes.small, sizes.middle, sizes.large):
        ways: list[Callable[[], dict[str, Any]]] = [lambda n=sockets: worker("counted", n)]  # type: ignore[misc]
        beside = sockets <= sizes.middle
        runs = sizes.runs
        if beside:
            ways += [
                lambda n=sockets: worker("traced", n),  # type: ignore[misc]
                lambda n=sockets: worker("reference", n),  # type: ignore[misc]
            ]
            runs = runs if sockets <= sizes.reference_max else 1
        told = in_turns(runs, *ways)
        if beside and len({each["hash"] for each in (told[1][0], told[2][0])}) != 1:
            raise BenchError(f"{sockets:,} sockets: the two engines give different traces")
        seconds = [middle(each, "cpu_s") for each in told]
        attempts = int(told[0][0]["attempts"])
        ratio = seconds[2] / seconds[0] if beside else None
        found.rows.append(
            [
                f"{sockets:,}",
                f"{attempts:,}",
                f"{seconds[2]:.2f}" if beside else "-",
                f"{seconds[1]:.2f}" if beside else "-",
                f"{seconds[0]:.3f}",
                f"{attempts / seconds[0] / 1e6:.2f} million",
                f"{ratio:.0f}" if ratio else "-",
            ]
        )
        found.data[f"{sockets}"] = {"seconds": seconds, "attempts": attempts, "runs": runs}
        if beside and runs != sizes.runs:
            found.notes.append(f"{sockets:,} sockets: one run each, the reference takes minutes")
    found.notes.append("counted: without a trace; the reference keeps one, its collector off")
    return found


def _beside_programs(sizes: Sizes, built: Programs) -> Found:
    found = Found(
        "Beside programs written by hand, seconds of the processor",
        ["program", "n", "program", "stormlab, counted", "stormlab's speed"],
    )

    def add(name: str, n: int, ways: tuple[Callable[[], Any], Callable[[], Any]], key: str) -> None:
        theirs, ours = in_turns(sizes.runs, *ways)
        if key and theirs[0][key] != ours[0][key]:
            raise BenchError(f"{name}: {theirs[0][key]:,} attempts, stormlab {ours[0][key]:,}")
        pair = middle(theirs, "processor_s"), middle(ours, "cpu_s" if key else "processor_s")
        found.rows.append(
            [name, f"{n:,}", f"{pair[0]:.3f}", f"{pair[1]:.3f}", f"{pair[0] / pair[1]:.2f}"]
        )
        found.data[f"{name} {n}"] = pair

    million = min(sizes.large, MILLION)
    cpp = {
        "restart_plain": "C++ as one writes it first (std::priority_queue)",
        "restart_events": "C++ tuned for this scenario",
        "restart": "C++ reduced to it, no event in the outage",
    }
    if built.build_cpp() is None:
        found.notes.append("C++: there is no g++ to compile it with")
    else:
        for name, words in cpp.items():
            theirs = lambda name=name: built.run_cpp(million, SEED, name=name)  # noqa: E731  # type: ignore[misc]
            add(words, million, (theirs, lambda: worker("counted", million)), "attempts")
    storm = min(STORM_A_CLIENTS, sizes.large)
    add(
        "plain SimPy, storm A (one socket each)",
        storm,
        (
            lambda: built.run_script("storm_a_simpy", storm, SEED),
            lambda: built.run_script("storm_a", storm, SEED),
        ),
        "",
    )
    found.notes.append("attempts of the C++ programs equal stormlab's")
    return found


def memory(sizes: Sizes) -> Iterator[Found]:
    """Bytes a socket, and whether a long outage needs more."""
    found = Found(
        "Memory beyond the interpreter with the kernel loaded",
        ["sockets", "outage", "way", "bytes a socket", "MiB"],
    )
    for sockets, outage_s, kind in (
        (sizes.large, sizes.outage_s[0], "counted"),
        (sizes.middle, sizes.outage_s[0], "counted"),
        (sizes.middle, sizes.outage_s[1], "counted"),
        (sizes.middle, sizes.outage_s[0], "summary"),
        (sizes.middle, sizes.outage_s[1], "summary"),
    ):
        told = worker(kind, sockets, outage_s)
        each = told["grew_bytes"] / sockets
        mebibytes = f"{told['grew_bytes'] / 2**20:,.0f}"
        found.rows.append([f"{sockets:,}", f"{outage_s:,.0f} s", kind, f"{each:.0f}", mebibytes])
        found.data[f"{sockets} {outage_s:g} {kind}"] = each
    found.notes.append("summary: counts over time, and a trace of up to 1,000 clients and 60 MB")
    yield found


def scaling(sizes: Sizes) -> Iterator[Found]:
    """Time per event against the size of the fleet, and two runs on two cores."""
    headings = ["sockets", "events", "seconds", "ns per event", "against the smallest"]
    found = Found("Scaling: counted, seconds of the processor", headings)
    first = 0.0
    for sockets in (sizes.small, sizes.middle, min(MILLION, sizes.large), sizes.large):
        told = [worker("counted", sockets) for _ in range(sizes.runs)]
        each = middle(told, "cpu_s") / told[0]["events"] * 1e9
        first = first or each
        found.rows.append(
            [
                f"{sockets:,}",
                f"{told[0]['events']:,}",
                f"{middle(told, 'cpu_s'):.3f}",
                f"{each:.1f}",
                f"{each / first:.2f}",
            ]
        )
        found.data[f"{sockets}"] = each
    found.notes.append("events: as a trace would have them")
    yield found
    yield _two_cores(sizes)


def _two_cores(sizes: Sizes) -> Found:
    found = Found(
        "Two replications, seconds of the clock",
        ["sockets", "one after the other", "at once", "ratio"],
    )
    sockets = min(MILLION, sizes.large)
    pairs = []
    with _staying(2) as workers:
        for _ in range(sizes.runs):
            begin = perf_counter()
            for each in workers:
                _told(each, sockets)
            between = perf_counter()
            for each in workers:
                _ask(each, sockets)
            for each in workers:
                _answer(each)
            pairs.append((between - begin, perf_counter() - between))
    one, two = (median(each) for each in zip(*pairs, strict=True))
    found.rows.append([f"{sockets:,}", f"{one:.2f}", f"{two:.2f}", f"{one / two:.2f}"])
    found.notes.append(
        "by two workers that have started and made a run before, as those of `stormlab compare`"
    )
    if (os.cpu_count() or 1) < 2:  # noqa: PLR2004  two replications
        found.notes.append("this machine has one core: nothing can be gained")
    found.data = {"ratio": one / two}
    return found


@contextmanager
def _staying(count: int) -> Iterator[list[subprocess.Popen[str]]]:
    """Workers that have made a small run and wait for others."""
    words = [sys.executable, "-m", "stormlab_models.bench.worker", "stay"]
    workers = [
        subprocess.Popen(  # noqa: S603  our own module
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, VARIABLE: ""},
        )
        for _ in range(count)
    ]
    try:
        for each in workers:
            _told(each, 8)
        yield workers
    finally:
        for each in workers:
            each.kill()
            each.communicate()


def _told(worker: subprocess.Popen[str], sockets: int) -> dict[str, Any]:
    """What a worker tells of one run."""
    _ask(worker, sockets)
    return _answer(worker)


def _ask(worker: subprocess.Popen[str], sockets: int) -> None:
    assert worker.stdin is not None  # noqa: S101  see _staying
    worker.stdin.write(f"counted {sockets} {SEED} 60\n")
    worker.stdin.flush()


def _answer(worker: subprocess.Popen[str]) -> dict[str, Any]:
    assert worker.stdout is not None  # noqa: S101  see _staying
    line = worker.stdout.readline()
    if not line:
        raise BenchError("a worker ended")
    told: dict[str, Any] = json.loads(line)
    return told


def start(sizes: Sizes) -> Iterator[Found]:
    """How long the first and later starts take, seconds of the clock."""
    found = Found("Start: a fleet of 8 sockets, seconds of the clock", ["start", "seconds"])
    with tempfile.TemporaryDirectory() as folder:
        times = []
        for _ in range(1 + sizes.runs):
            begin = perf_counter()
            worker("traced", 8, NUMBA_CACHE_DIR=folder)
            times.append(perf_counter() - begin)
    found.rows += [["the first, which compiles", f"{times[0]:.1f}"]]
    found.rows += [["later ones, median", f"{median(times[1:]):.2f}"]]
    found.data = {"first": times[0], "later": median(times[1:])}
    found.notes.append("without a folder that can be written: compiled anew in each process")
    yield found


PARTS: dict[str, Callable[[Sizes], Iterator[Found]]] = {
    "exactness": exactness,
    "speed": speed,
    "memory": memory,
    "scaling": scaling,
    "start": start,
}
