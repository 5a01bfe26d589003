"""The three forms of a check in a project of one's own, which has its own `models` and `sim`.

The wheel is built as a release is, and installed into an environment of its own; what it depends on
is taken from the environment that runs the tests, so that nothing but the build backend is fetched.
"""

import json
import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 300

pytestmark = pytest.mark.slow  # the wheel is built, and three processes check a policy

POLICY = '''
"""The project's own policy: full jitter up to 20 s, forgotten when the application answers."""

from stormlab.policy import Fact, RetryAt, Terms


class Ours:
    terms = Terms(connect_timeout_s=10.0)

    def __init__(self):
        self.failures = 0

    def on(self, happened, chance):
        if happened.fact is Fact.PROVED:
            self.failures = 0
        if happened.fact is Fact.RETRY_BY_HAND:
            return RetryAt(happened.time_ns)
        if happened.fact not in (Fact.DROPPED, Fact.REFUSED):
            return None
        self.failures += 1
        ceiling_s = min(20.0, 2.0 ** min(self.failures - 1, 10))
        wait_ns = int(ceiling_s * chance.unit("jitter") * 1e9)
        return RetryAt(happened.time_ns + max(wait_ns, happened.retry_after_ns or 0))

    def may_attempt(self, time_ns):
        return True


class Silent(Ours):
    """After three failures nothing comes any more, and nobody is told."""

    def on(self, happened, chance):
        decision = super().on(happened, chance)
        return None if self.failures > 3 else decision
'''
PLAIN = """
import json, models, sim
from models.policy import Silent, Ours
from stormlab.check import check_policy

promises = ["converges", "gives-up-as-declared"]
good, bad = (check_policy(each, promises=promises) for each in (Ours, Silent))
good.require()
try:
    bad.require()
    said = ""
except AssertionError as error:
    said = str(error)
files = [models.__file__, sim.__file__, __import__("stormlab").__file__]
print(json.dumps({"ok": good.ok, "bad": bad.ok, "said": said, "files": files}))
"""
CONTRACT = """
from models.policy import Silent, Ours
from stormlab.contract import ReconnectContract

import sim


class TestOurs(ReconnectContract):
    policy = Ours
    promises = ("converges", "gives-up-as-declared")


class TestSilent(ReconnectContract):
    policy = Silent
    promises = ("converges", "gives-up-as-declared")
    expected_to_fail = {"converges": "three failures end it", "gives-up-as-declared": "in silence"}


def test_sim_is_ours():
    assert sim.OURS
"""


def ran(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a person would, without the paths that the tests themselves use."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet")
    built = ran(
        *pip, "--no-deps", "-w", folder, ROOT, cwd=folder, PIP_CONSTRAINT=f"{ROOT}/constraints.txt"
    )
    assert built.returncode == 0, built.stderr
    (found,) = folder.glob("stormlab-*.whl")
    return found


@pytest.fixture(scope="module")
def bin_folder(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment with the wheel in it, and with what it depends on."""
    folder = tmp_path_factory.mktemp("env")
    venv.create(folder, with_pip=False, symlinks=True)
    programs = folder / "bin"
    python = programs / "python"
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python))
    install = ran(*pip, "install", "--quiet", "--no-deps", "--no-index", wheel, cwd=folder)
    assert install.returncode == 0, install.stderr
    where = ran(python, "-c", "import site; print(site.getsitepackages()[0])", cwd=folder)
    # One line of a .pth file adds a folder, and reads no .pth file in it: not that of this tree.
    line = sysconfig.get_path("purelib") + "\n"
    (Path(where.stdout.strip()) / "dependencies.pth").write_text(line, encoding="utf-8")
    return programs


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with packages named `models` and `sim`, and a test of its policy."""
    for name in ("models", "sim"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("OURS = True\n", encoding="utf-8")
    for name, text in (
        ("models/policy.py", POLICY),
        ("check.py", PLAIN),
        ("test_policy.py", CONTRACT),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


Run = Callable[..., subprocess.CompletedProcess[str]]


def test_check_policy_is_called_from_ones_own_code(bin_folder: Path, project: Path) -> None:
    run = ran(bin_folder / "python", "check.py", cwd=project)
    assert run.returncode == 0, run.stderr
    said = json.loads(run.stdout)
    assert (said["ok"], said["bad"]) == (True, False)
    assert "gives-up-as-declared" in said["said"]
    models, sim, stormlab = (Path(each) for each in said["files"])
    assert (models, sim) == (project / "models/__init__.py", project / "sim/__init__.py")
    assert ROOT not in stormlab.parents
    assert bin_folder.parent in stormlab.parents


def test_the_contract_runs_under_pytest(bin_folder: Path, project: Path) -> None:
    run = ran(bin_folder / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=project)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "3 passed, 2 xfailed" in run.stdout


def test_the_command_takes_a_file(bin_folder: Path, project: Path) -> None:
    names = ("--promise", "converges", "--promise", "gives-up-as-declared", "--quiet")
    good = ran(bin_folder / "stormlab", "check", "models/policy.py:Ours", *names, cwd=project)
    assert good.returncode == 0, good.stdout + good.stderr
    bad = ran(bin_folder / "stormlab", "check", "models/policy.py:Silent", *names, cwd=project)
    assert bad.returncode == 1, bad.stdout + bad.stderr
    (replay,) = (project / "stormlab-replays").glob("*gives-up-as-declared*")
    again = ran(bin_folder / "stormlab", "replay", replay, cwd=project)
    assert "still broken" in again.stdout.lower()
