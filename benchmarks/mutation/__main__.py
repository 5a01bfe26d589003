"""Change policies and laws on purpose (cosmic-ray), and list what no test notices.

`python -m benchmarks.mutation docs/mutation.md`, or `make mutation`: about half an hour on one
core. Works on a copy of the last commit, since cosmic-ray changes files in place. All mutants
would take a day, so that each module gives a sample of at most :data:`SAMPLE`, chosen by address:
the same on every machine. The tests are the module's own: what only a distant test would notice
counts as a survivor. Where the promises are concerned, `make mutants` asks the other question:
which changes no planted fault notices.
"""

import json
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from io import BytesIO
from pathlib import Path

from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import TestOutcome, WorkerOutcome, WorkResult

from stormlab.console import say
from stormlab.draws import Draws

ROOT = Path(__file__).resolve().parents[2]
REASONS = Path(__file__).with_name("reasons.toml")
KEPT = ROOT / "build" / "mutation"  # results, by what was mutated and the tests that looked
SAMPLE = 50
TIMEOUT_S = 40.0
# annotations and decorators do nothing at run time; `make mutants` changes numbers
LEFT_OUT = ("core/ReplaceBinaryOperator_BitOr", "core/RemoveDecorator", "core/NumberReplacer")
POLICY = (
    "backoff", "jitter", "schedule", "walks", "breaker", "budget", "codes", "support",
    "reconnector", "host",
)  # fmt: skip
RULES = {
    "formulas": ("backoff", "jitter", "schedule", "walks"),
    "breaking": ("breaker",),
    "windows": ("breaker",),
    "reconnecting": ("reconnector", "reconnect"),
}
MODULES = {
    **{
        f"sim/stormlab/policy/{name}.py": f"tests/stormlab/policy/test_{name}.py" for name in POLICY
    },
    "sim/stormlab/policy/plan.py": "tests/stormlab/policy/test_reconnector.py",
    **{
        f"sim/stormlab/policy/rules/{name}.py": " ".join(
            f"tests/stormlab/policy/test_{each}.py" for each in tests
        )
        for name, tests in RULES.items()
    },
    "sim/stormlab/properties/laws.py": "tests/stormlab/properties/test_laws.py",
    **{
        f"sim/stormlab/properties/promises/{name}.py": (
            f"tests/stormlab/properties/promises/test_{name}.py"
        )
        for name in ("delays", "guards", "herds", "load", "recovery", "servers", "sockets", "whole")
    },
}


@dataclass(frozen=True)
class Mutant:
    """A change, and what the tests made of it."""

    module: str
    killed: bool
    before: str
    after: str

    @property
    def words(self) -> str:
        """The line before and after the change."""
        return f"{self.before}  ->  {self.after}"


def copy_of_head(folder: Path) -> None:
    """Put the files of the last commit into a folder."""
    packed = subprocess.run(
        ["git", "archive", "HEAD", "pyproject.toml", "sim", "models", "tests"],  # noqa: S607  git
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout
    with tarfile.open(fileobj=BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")


def configuration(module: str, tests: str) -> str:
    """What cosmic-ray is told."""
    command = (
        f"env PYTHONPATH=sim:models PYTHONDONTWRITEBYTECODE=1 {sys.executable} -m pytest -x -q -n0"
        f" -p no:cacheprovider {tests}"
    )
    return (
        f'[cosmic-ray]\nmodule-path = "{module}"\ntimeout = {TIMEOUT_S}\nexcluded-modules = []\n'
        f'test-command = "{command}"\n\n[cosmic-ray.distributor]\nname = "local"\n'
    )


def thin_out(database: WorkDB, module: str) -> None:
    """Skip all but a sample of the mutants."""
    draws = Draws(0)
    items = [item for item in database.work_items if item.mutations]
    wanted = [item for item in items if not item.mutations[0].operator_name.startswith(LEFT_OUT)]
    order = {
        item.job_id: draws.unit(number, f"mutant {module}") for number, item in enumerate(wanted)
    }
    kept = set(sorted(order, key=order.__getitem__)[:SAMPLE])
    for item in items:
        if item.job_id not in kept:
            database.set_result(item.job_id, WorkResult(worker_outcome=WorkerOutcome.SKIPPED))


def changed_lines(diff: str) -> tuple[str, str]:
    """The first line that a diff takes away, and the first that it puts in its place."""
    lines = [line for line in diff.splitlines() if not line.startswith(("---", "+++", "@@"))]
    taken = next((line[1:].strip() for line in lines if line.startswith("-")), "")
    put = next((line[1:].strip() for line in lines if line.startswith("+")), "")
    return taken, put


def mutants(folder: Path, module: str, tests: str) -> Iterator[Mutant]:
    """Run the sample of one module."""
    config, session = folder / "cosmic.toml", folder / f"{Path(module).stem}.sqlite"
    config.write_text(configuration(module, tests))
    tool = [sys.executable, "-m", "cosmic_ray.cli"]
    init, work = (
        [*tool, "init", config.name, session.name],
        [*tool, "exec", config.name, session.name],
    )
    subprocess.run(init, cwd=folder, check=True)  # noqa: S603  our own tool
    with use_db(session) as database:
        thin_out(database, module)
    subprocess.run(work, cwd=folder, check=True)  # noqa: S603
    with use_db(session, mode=WorkDB.Mode.open) as database:
        for _, result in database.results:
            if result.worker_outcome is not WorkerOutcome.SKIPPED:
                before, after = changed_lines(result.diff or "")
                killed = result.test_outcome is not TestOutcome.SURVIVED
                yield Mutant(module, killed, before, after)


def remembered(folder: Path, module: str, tests: str) -> list[Mutant]:
    """The sample of one module, from the last time if nothing has changed since."""
    files = [folder / each for each in (module, *tests.split())]
    digest = blake2b(b"".join(each.read_bytes() for each in files), digest_size=8).hexdigest()
    kept = KEPT / f"{Path(module).stem}-{digest}.json"
    if not kept.exists():
        made = [vars(each) for each in mutants(folder, module, tests)]
        KEPT.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(made), encoding="utf-8")
    return [Mutant(**each) for each in json.loads(kept.read_text(encoding="utf-8"))]


def document(found: dict[str, list[Mutant]]) -> str:
    """The page: a table, and every survivor with its reason."""
    reasons = tomllib.loads(REASONS.read_text(encoding="utf-8"))
    rows = ["| module | mutants | killed | survived |", "| --- | ---: | ---: | ---: |"]
    listed: list[str] = []
    for module, all_of in found.items():
        name = module.removeprefix("sim/stormlab/").removesuffix(".py").replace("/", ".")
        left = [each for each in all_of if not each.killed]
        killed = len(all_of) - len(left)
        rows.append(f"| {name} | {len(all_of)} | {killed} | {len(left)} |")
        if left:
            listed += ["", f"### {name}", ""]
        for each in sorted(left, key=lambda each: each.words):
            why = reasons.get(name, {}).get(each.words, "not explained yet")
            listed.append(f"- `{each.before}` → `{each.after}`: {why}")
    every = [each for all_of in found.values() for each in all_of]
    killed = sum(each.killed for each in every)
    said = f"{len(every)} mutants, {killed} killed ({killed / len(every):.0%})."
    return "\n".join([said, "", *rows, "", "## Survivors", *listed, ""])


BEGIN, END = "<!-- mutation: made by make mutation -->", "<!-- end -->"


def main() -> int:
    """Run all modules, or those named after the document, and write the document."""
    path, *only = sys.argv[1:]
    found: dict[str, list[Mutant]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_of_head(folder)
        for module, tests in MODULES.items():
            if only and Path(module).stem not in only:
                continue
            found[module] = remembered(folder, module, tests)
            left = [each for each in found[module] if not each.killed]
            say(f"{module}: {len(found[module])} mutants, {len(left)} survived")
            for each in left:
                say(f"  {each.words}")
    text = document(found)
    if only:
        say(text)
        return 0
    target = Path(path)
    before, _, rest = target.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    target.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
