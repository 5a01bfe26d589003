"""Change policies, laws and promises on purpose (cosmic-ray), and list what no test notices.

`make mutation`, or `python -m benchmarks.mutation docs/mutation.md [module ...]`: some minutes for
each 100 mutants, on one core. cosmic-ray changes files in place, so that it works on a copy of the
last commit. All mutants would take a day; each module gives a sample of at most :data:`SAMPLE`,
drawn by address, the same on every machine. The tests are the module's own: what only a distant
test would notice survives.

Results are kept in `build/mutation`. A module that has changed is mutated anew. When only its tests
have changed, only the survivors are tried again; remove the folder to try everything again.

The exit code is 0 when every survivor has its reason in `reasons.toml`, else 1.
"""

import json
import shlex
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from hashlib import blake2b
from io import BytesIO
from pathlib import Path
from time import perf_counter  # noqa: TID251  how long tests may take is no virtual time

from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec, TestOutcome, WorkerOutcome, WorkResult

from stormlab.console import fail, say
from stormlab.draws import Draws

ROOT = Path(__file__).resolve().parents[2]
REASONS = Path(__file__).with_name("reasons.toml")
KEPT = ROOT / "build" / "mutation"
SEED = 0
SAMPLE = 50
PATIENCE = 6  # a mutant may take so many times as long as the tests do without one
TIMEOUT_S_MIN = 6.0
# What says the same in other words, or to no reader but mypy:
LEFT_OUT = (
    "core/ReplaceBinaryOperator_BitOr_",  # the bar of an annotation
    "core/ReplaceComparisonOperator_Is_Eq",  # equal members of an enumeration are the same
    "core/ReplaceComparisonOperator_IsNot_NotEq",
    "core/ReplaceComparisonOperator_Eq_Is",  # tells which numbers the interpreter keeps only once
    "core/ReplaceComparisonOperator_NotEq_IsNot",
)
POLICY = (
    "backoff", "jitter", "schedule", "walks", "breaker", "budget", "codes", "reset", "support",
    "host",
)  # fmt: skip
RECONNECTOR = ("reconnector", "reconnector_guards", "reconnector_surroundings")
RULES = {
    "formulas": ("backoff", "jitter", "schedule", "walks", "reconnector"),
    "breaking": ("breaker",),
    "windows": ("breaker",),
    "budgeting": ("budget",),
    "reconnecting": (*RECONNECTOR, "reconnect"),
}
PROMISES = (
    "delays", "guards", "herds", "load", "outages", "recovery", "servers", "sockets", "whole",
)  # fmt: skip
_POLICY_TESTS = "tests/stormlab/policy/test_{}.py"
_LAWS = "sim/stormlab/properties"
MODULES: dict[str, tuple[str, ...]] = {
    **{f"sim/stormlab/policy/{name}.py": (_POLICY_TESTS.format(name),) for name in POLICY},
    "sim/stormlab/policy/reconnector.py": tuple(map(_POLICY_TESTS.format, RECONNECTOR)),
    "sim/stormlab/policy/plan.py": tuple(map(_POLICY_TESTS.format, ("plan", *RECONNECTOR))),
    **{
        f"sim/stormlab/policy/rules/{name}.py": tuple(map(_POLICY_TESTS.format, tests))
        for name, tests in RULES.items()
    },
    f"{_LAWS}/laws.py": ("tests/stormlab/properties/test_laws.py",),
    **{
        f"{_LAWS}/promises/{name}.py": (f"tests/stormlab/properties/promises/test_{name}.py",)
        for name in PROMISES
    },
}


@dataclass(frozen=True)
class Mutant:
    """A change, and what the tests made of it: ``killed``, ``timeout`` or ``survived``."""

    address: str
    place: str
    before: str
    after: str
    outcome: str
    tests: str  # a digest of those that looked

    @property
    def survived(self) -> bool:
        """Whether no test has noticed."""
        return self.outcome == "survived"

    @property
    def words(self) -> str:
        """What has a reason in ``reasons.toml``: the line before and after the change."""
        return f"{self.before}  ->  {self.after}"


@dataclass(frozen=True)
class Found:
    """The sample of one module."""

    module: str
    possible: int
    mutants: list[Mutant]

    @property
    def name(self) -> str:
        """The module's name inside stormlab."""
        return self.module.removeprefix("sim/stormlab/").removesuffix(".py").replace("/", ".")

    @property
    def survivors(self) -> list[Mutant]:
        """What no test has noticed, in order."""
        return sorted((each for each in self.mutants if each.survived), key=lambda it: it.words)

    def count(self, outcome: str) -> int:
        """How many ended so."""
        return sum(each.outcome == outcome for each in self.mutants)


def copy_of_head(folder: Path) -> None:
    """Put the files of the last commit into a folder, compiled, so that tests start soon."""
    packed = subprocess.run(
        ["git", "archive", "HEAD", "pyproject.toml", "sim", "models", "tests"],  # noqa: S607  git
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout
    with tarfile.open(fileobj=BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    # By hash, not by time: a file may change twice within the second that a time of change tells.
    compiling = ["-m", "compileall", "-q", "--invalidation-mode", "checked-hash", "sim", "models"]
    subprocess.run([sys.executable, *compiling], cwd=folder, check=True)  # noqa: S603  our own


def command(tests: Iterable[str]) -> list[str]:
    """What looks for mutants: only what the tests need, since it is started for each of them."""
    return [
        "env", "PYTHONPATH=sim:models", "PYTHONDONTWRITEBYTECODE=1", sys.executable,
        "-m", "pytest", "-x", "-q", "--assert=plain", "--hypothesis-profile=mutation",
        "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:anyio", *tests,
    ]  # fmt: skip


def timeout_s(folder: Path, tests: Iterable[str]) -> float:
    """How long the tests of a mutant may take; refuses tests that fail without one."""
    began_s = perf_counter()
    ended = subprocess.run(command(tests), cwd=folder, check=False, capture_output=True)  # noqa: S603
    if ended.returncode:
        fail(f"{' '.join(tests)}: fails without a mutant\n{ended.stdout.decode()}")
    return max(TIMEOUT_S_MIN, PATIENCE * (perf_counter() - began_s))


def configuration(module: str, tests: Iterable[str], limit_s: float) -> str:
    """What cosmic-ray is told."""
    return (
        f'[cosmic-ray]\nmodule-path = "{module}"\ntimeout = {limit_s:.1f}\nexcluded-modules = []\n'
        f'test-command = "{shlex.join(command(tests))}"\n\n'
        '[cosmic-ray.distributor]\nname = "local"\n'
    )


def address(change: MutationSpec) -> str:
    """A mutant's address in its module."""
    with_what = "".join(f" {name}={value}" for name, value in sorted(change.operator_args.items()))
    return f"{change.operator_name.removeprefix('core/')}{with_what} {change.occurrence}"


def sample(module: str, changes: list[MutationSpec]) -> set[str]:
    """The addresses drawn: no place of the text a second time before each has been there once."""
    draws = Draws(SEED)

    def luck(change: MutationSpec) -> float:
        return draws.unit(change.occurrence, f"mutant of {module}: {address(change)}")

    order: list[tuple[int, float, str]] = []
    before: Counter[tuple[int, int]] = Counter()
    for change in sorted(changes, key=luck):
        order.append((before[change.start_pos], luck(change), address(change)))
        before[change.start_pos] += 1
    return {drawn for _, _, drawn in sorted(order)[:SAMPLE]}


def changed_lines(diff: str) -> tuple[str, str]:
    """The line that a diff takes away, and the one it puts in its place; or one and the next."""
    lines = [line for line in diff.splitlines() if not line.startswith(("---", "+++", "@@"))]
    taken = [line[1:].strip() for line in lines if line.startswith("-") and line[1:].strip()]
    put = [line[1:].strip() for line in lines if line.startswith("+") and line[1:].strip()]
    if put or not taken:
        return "".join(taken[:1]), "".join(put[:1])
    last = max(at for at, line in enumerate(lines) if line.startswith("-"))  # a decorator's
    following = "".join(line.strip() for line in lines[last + 1 : last + 2])
    return f"{taken[0]} {following}", following


def outcome(result: WorkResult) -> str:
    """How a mutant ended; one that cannot even be tried counts as a test that fails."""
    if result.test_outcome is TestOutcome.SURVIVED:
        return "survived"
    return "timeout" if result.output == "timeout" else "killed"


def tried(folder: Path, module: str, known: dict[str, Mutant], tests: str) -> Found:
    """The sample of one module, without trying again what is known."""
    files = MODULES[module]
    config, session = folder / "cosmic.toml", folder / "session.sqlite"
    session.unlink(missing_ok=True)
    config.write_text(configuration(module, files, timeout_s(folder, files)))
    tool = [sys.executable, "-m", "cosmic_ray.cli"]
    subprocess.run([*tool, "init", config.name, session.name], cwd=folder, check=True)  # noqa: S603
    with use_db(session) as database:
        changes = {
            item.job_id: item.mutations[0]
            for item in database.work_items
            if item.mutations and not item.mutations[0].operator_name.startswith(LEFT_OUT)
        }
        drawn = sample(module, list(changes.values()))
        for item in database.work_items:
            change = changes.get(item.job_id)
            if change is None or address(change) not in drawn or address(change) in known:
                skipped = WorkResult(worker_outcome=WorkerOutcome.SKIPPED)
                database.set_result(item.job_id, skipped)
    subprocess.run([*tool, "exec", config.name, session.name], cwd=folder, check=True)  # noqa: S603
    with use_db(session, mode=WorkDB.Mode.open) as database:
        new = {}
        for job, result in database.results:
            if result.worker_outcome is not WorkerOutcome.SKIPPED:
                where, place = address(changes[job]), changes[job].definition_name or ""
                lines = changed_lines(result.diff or "")
                new[where] = Mutant(where, place, *lines, outcome(result), tests)
    every = {**{where: known[where] for where in drawn if where in known}, **new}
    return Found(module, len(changes), [every[where] for where in sorted(every)])


def digest(folder: Path, files: Iterable[str]) -> str:
    """A name for what is in these files."""
    return blake2b(
        b"".join((folder / each).read_bytes() for each in files), digest_size=8
    ).hexdigest()


def remembered(folder: Path, module: str) -> Found:
    """The sample of one module, from the last time where nothing has changed since."""
    source, tests = digest(folder, [module]), digest(folder, MODULES[module])
    kept = KEPT / f"{module.removeprefix('sim/stormlab/').replace('/', '.')}.json"
    before = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    mutants = [Mutant(**each) for each in before.get("mutants", []) if before["source"] == source]
    known = {each.address: each for each in mutants if not each.survived or each.tests == tests}
    if mutants and len(known) == len(mutants):
        return Found(module, before["possible"], mutants)
    found = tried(folder, module, known, tests)
    now = {
        "source": source,
        "possible": found.possible,
        "mutants": [asdict(each) for each in found.mutants],
    }
    KEPT.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(now, indent=1), encoding="utf-8")
    return found


def reasons() -> dict[str, dict[str, str]]:
    """Why a mutant survives, by module and words."""
    told = tomllib.loads(REASONS.read_text(encoding="utf-8"))
    return {
        module: {words: why for why, group in groups.items() for words in group}
        for module, groups in told.items()
    }


def unexplained(found: Iterable[Found]) -> Iterator[str]:
    """Survivors without a reason, and reasons without a survivor."""
    told = reasons()
    for each in found:
        alive, known = {mutant.words for mutant in each.survivors}, set(told.get(each.name, {}))
        yield from (f"{each.name}: not explained: {words}" for words in sorted(alive - known))
        yield from (
            f"{each.name}: explained, not alive: {words}" for words in sorted(known - alive)
        )


def table(found: list[Found]) -> Iterator[str]:
    """One line for each module, and one for all."""
    yield "| module | possible | tried | killed | of them by time-out | survived | killed |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    every = [mutant for each in found for mutant in each.mutants]
    total = Found("all", sum(each.possible for each in found), every)
    for each in [*found, total]:
        tried_of, left = len(each.mutants), len(each.survivors)
        share = (tried_of - left) / max(1, tried_of)
        yield (
            f"| {each.name} | {each.possible} | {tried_of} | {tried_of - left}"
            f" | {each.count('timeout')} | {left} | {share:.0%} |"
        )


def survivors(found: list[Found]) -> Iterator[str]:
    """Every survivor, by module and reason."""
    told = reasons()
    for each in found:
        if not each.survivors:
            continue
        yield from ("", f"### {each.name}")
        groups: dict[str, list[Mutant]] = {}
        for mutant in each.survivors:
            why = told.get(each.name, {}).get(mutant.words, "not explained yet")
            groups.setdefault(why, []).append(mutant)
        for why in sorted(groups):
            yield from ("", f"{why}", "")
            yield from (f"- `{it.before}` → `{it.after}`" for it in groups[why])


BEGIN, END = "<!-- mutation: made by make mutation -->", "<!-- end -->"


def main() -> int:
    """Run all modules, or those named after the document, and write the document."""
    path, *only = sys.argv[1:]
    found: list[Found] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_of_head(folder)
        for module in MODULES:
            if only and Path(module).stem not in only:
                continue
            found.append(remembered(folder, module))
            say(f"{found[-1].name}: {len(found[-1].mutants)}, {len(found[-1].survivors)} survive")
    open_ends = list(unexplained(found))
    for line in open_ends:
        say(line)
    if not only:
        target = Path(path)
        before, _, rest = target.read_text(encoding="utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        text = "\n".join([*table(found), "", "## Survivors", *survivors(found)])
        target.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")
    return int(bool(open_ends))


if __name__ == "__main__":
    sys.exit(main())
