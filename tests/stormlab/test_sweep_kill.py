"""A sweep that is killed and started again ends with the same bytes, and redoes nothing."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import sleep  # noqa: TID251  waits for another process

import pytest

import stormlab
from stormlab.draws import Draws
from stormlab.store import Store, partial_folder

ROOT = Path(__file__).parents[2]
KILLS = 20
POLL_S = 0.002
DRAWS = Draws(seed=60)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="process groups and SIGKILL")


@dataclass(frozen=True)
class Lab:
    """A copy of the sources, so that somebody who edits them meanwhile changes no code here."""

    sources: Path

    @property
    def environment(self) -> dict[str, str]:
        roots = (self.sources / "sim", self.sources / "models")
        return os.environ | {"PYTHONPATH": os.pathsep.join(map(str, roots)), "COLUMNS": "100"}

    def start(self, out: Path, cells: int, replications: int) -> "subprocess.Popen[str]":
        steps = ",".join(str(0.01 * (cell + 1)) for cell in range(cells))
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "stormlab", "sweep", "plain"),
                *("--vary", f"network.latency_s={steps}", "--replications", str(replications)),
                *("--figure", "time_to_data_s_median", "--jobs", "2", "--keep-units"),
                *("--out", str(out)),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
            start_new_session=True,
        )


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    sources = tmp_path_factory.mktemp("sources")
    for root, package in (("sim", "stormlab"), ("models", "stormlab_models")):
        shutil.copytree(ROOT / root / package, sources / root / package)
    assert Path(stormlab.__file__).is_relative_to(ROOT), "the tests run on this tree"
    return Lab(sources)


def finish(process: "subprocess.Popen[str]") -> str:
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    return said


def kill(process: "subprocess.Popen[str]", after_s: float, *, group: bool) -> bool:
    """Kill a sweep, with its workers or without; tells whether it was still at work."""
    try:
        process.wait(timeout=after_s)
    except subprocess.TimeoutExpired:
        if group:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            os.kill(process.pid, signal.SIGKILL)
    # the pipes end when every process that holds them has ended: no worker is left behind
    process.communicate(timeout=30)
    return process.returncode == -signal.SIGKILL


def units(out: Path) -> dict[str, tuple[int, int]]:
    """Each whole unit's file, by its key: a file that is written again is another file."""
    store = Store(partial_folder(out))
    paths = {key: store.folder / f"{key}.unit" for key in sorted(store.keys()) if store.get(key)}
    return {key: (path.stat().st_ino, path.stat().st_mtime_ns) for key, path in paths.items()}


def final(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}


def moments(count: int, length: float) -> Iterator[float]:
    """Random moments, one in each of ``count`` equal parts of the length."""
    for index in range(count):
        yield length * (index + DRAWS.unit(index, "moment")) / count


@dataclass(frozen=True)
class Undisturbed:
    files: dict[str, bytes]
    duration_s: float


def undisturbed(lab: Lab, out: Path, cells: int, replications: int) -> Undisturbed:
    began_s = os.times().elapsed
    finish(lab.start(out, cells, replications))
    duration_s = os.times().elapsed - began_s
    assert len(units(out)) == cells * replications
    return Undisturbed(final(out), duration_s)


def test_killed_three_times_in_a_row(lab: Lab, tmp_path: Path) -> None:
    expected = undisturbed(lab, tmp_path / "whole", 3, 8)
    out = tmp_path / "killed"
    before: dict[str, tuple[int, int]] = {}
    for index, after_s in enumerate(moments(3, expected.duration_s)):
        kill(lab.start(out, 3, 8), after_s, group=index % 2 == 0)
        now = units(out)
        assert before.items() <= now.items(), "a finished run was done again"
        before = now
    said = finish(lab.start(out, 3, 8))
    there = f", {len(before)} already there" if before else " 24 runs\n"
    assert there in said
    assert final(out) == expected.files
    assert before.items() <= units(out).items()
    assert not [path for path in partial_folder(out).iterdir() if path.name.startswith(".tmp")]


@pytest.mark.parametrize(
    ("after_s", "times"),
    [
        (0, 1),
        (0.3, 2),
        *(pytest.param(s, n, marks=pytest.mark.slow) for s in (0.7, 1.5) for n in (1, 2)),
        pytest.param(0, 2, marks=pytest.mark.slow),
    ],
)
def test_ctrl_c_ends_all_processes_at_once(
    lab: Lab, tmp_path: Path, after_s: float, times: int
) -> None:
    """Also an impatient one: a second Ctrl-C while the first is being heeded."""
    process = lab.start(tmp_path / "out", 3, 200)
    assert process.stderr is not None
    said = process.stderr.readline()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=after_s)
    for _ in range(times):
        os.killpg(process.pid, signal.SIGINT)
    out, more = process.communicate(timeout=30)  # until no worker holds the pipes any more
    assert process.returncode == 130, said + more
    assert out == ""
    assert "run the same command to go on" in more or times > 1
    assert "Traceback" not in more or times > 1
    finished = len(units(tmp_path / "out"))
    assert f"stopped; {finished} of 600 runs are kept" in more or times > 1


def working(process: "subprocess.Popen[str]") -> "subprocess.Popen[str]":
    """Wait until a sweep says what it will run: from here on there is something to lose."""
    assert process.stderr is not None
    assert process.stderr.readline().startswith("sweep of plain: ")
    return process


def runs_there(process: "subprocess.Popen[str]", out: Path, count: int) -> None:
    """Wait until so many runs are kept, or the sweep has ended."""
    while process.poll() is None and len(list(partial_folder(out).glob("*.unit"))) < count:
        sleep(POLL_S)


@dataclass(frozen=True)
class Moment:
    """So long after so many runs are kept: moments go with the work, however busy the machine."""

    runs: int
    after_s: float


def work_moments(count: int, runs: int, publishing_s: float) -> Iterator[Moment]:
    """Random moments, three of four among the runs, the others while the results are written."""
    among = count - count // 4
    for index, part in enumerate(moments(among, runs)):
        yield Moment(int(part), POLL_S * 10 * DRAWS.unit(index, "after"))
    for after_s in moments(count - among, publishing_s):
        yield Moment(runs, after_s)


@pytest.mark.slow
def test_killed_at_twenty_random_moments(lab: Lab, tmp_path: Path) -> None:
    """From the first run to the last file; a kill that comes too late is tried again earlier."""
    process = working(lab.start(tmp_path / "whole", 4, 20))
    runs_there(process, tmp_path / "whole", 80)
    began_s = os.times().elapsed
    finish(process)
    publishing_s, expected = os.times().elapsed - began_s, final(tmp_path / "whole")
    story = []
    for index, moment in enumerate(work_moments(KILLS, 80, publishing_s)):
        out, after_s, killed = tmp_path / f"killed-{index}", moment.after_s, False
        while not killed:
            shutil.rmtree(out, ignore_errors=True)
            process = working(lab.start(out, 4, 20))
            runs_there(process, out, moment.runs)
            killed = kill(process, after_s, group=index % 2 == 0)
            after_s *= 0.8  # the machine may have become faster
        kept, published = units(out), final(out)
        said = finish(lab.start(out, 4, 20))
        assert (f", {len(kept)} already there" if kept else " 80 runs\n") in said
        assert kept.items() <= units(out).items(), "a finished run was done again"
        assert final(out) == expected, index
        story.append((len(kept), len(published)))
    print(story)  # noqa: T201  runs kept and files in place at each kill: shown by -s
    assert len({kept for kept, _ in story}) >= 5, "the kills fell all over the sweep"


# --- Before every step ---------------------------------------------------------------------------

STEPS = """
import os, signal, sys
from pathlib import Path

import stormlab.plots_sweep
from stormlab.cli import main

stormlab.plots_sweep.picture = lambda *_: lambda path: path.write_text("a picture") and None
folder, opened, left = Path(sys.argv[1]), Path.open, [-1]

def counted(function):
    def wrapped(*args, **kwargs):
        if function is opened and args[1:] in ((), ("r",), ("rb",)):
            return function(*args, **kwargs)
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1
        return function(*args, **kwargs)
    return wrapped

def sweep(name):
    try:
        main(["sweep", "plain", "--vary", "network.latency_s=0.01,0.02", "--replications", "1",
              "--figure", "attempts", "--jobs", "1", "--quiet", "--out", str(folder / name)])
    except SystemExit as end:
        return end.code

def forked(name, steps_left):
    if child := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    left[0] = steps_left
    os._exit(sweep(name))

def final(name):
    return {path.name: path.read_bytes() for path in sorted((folder / name).iterdir())}

os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
os.fsync = counted(os.fsync)
for name in ("mkdir", "replace", "unlink", "rmdir", "open"):
    setattr(Path, name, counted(getattr(Path, name)))
assert sweep("whole") == 0  # here, so that all is imported once
steps = 0
while forked(f"{steps}", steps) == -signal.SIGKILL:
    assert forked(f"{steps}", -1) == 0
    assert final(f"{steps}") == final("whole"), (steps, sorted(final(f"{steps}")))
    steps += 1
print(steps, file=sys.stderr)
"""


def test_killed_before_every_single_step_of_the_file_system(lab: Lab, tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", STEPS, str(tmp_path)],
        check=False,
        capture_output=True,
        text=True,
        env=lab.environment,
    )
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stderr) >= 18  # runs are opened, flushed and moved, files put in place
