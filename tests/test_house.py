"""The style of the house, as tests.

Each rule is a function that lists what breaks it. The tree must break none, and each rule is
shown an example that it must catch.
"""

from __future__ import annotations

import ast
import importlib
import os
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).resolve().parent.parent
SOURCE_ROOTS = ("sim", "models")
MODULE_LINES_MAX = 450
FUNCTION_LINES_MAX = 70

# A path below one of these belongs to one machine; inside a URL it follows a host, not a gap.
MACHINE_PATH = re.compile(
    r"(?<![\w.:/~-])/(?:home|root|Users|work|farm|mnt|private)/[\w.]|\b[A-Z]:\\Users\\"
)
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
PATH_LIKE = re.compile(r"[\w.*-]+(?:/[\w.*-]+)*/?")
FILE_ENDING = re.compile(r"\.(?:cfg|csv|html|ini|ipynb|json|md|parquet|png|py|svg|toml|txt|yml)$")


def assert_none(faults: Iterable[str]) -> None:
    """Fail with every fault on a line of its own."""
    listed = list(faults)
    assert not listed, "\n".join(["", *listed])


# --- Length --------------------------------------------------------------------------------------


def sources(root: Path) -> list[Path]:
    """Every module of both source roots."""
    return sorted(path for top in SOURCE_ROOTS for path in (root / top).rglob("*.py"))


def too_long(path: Path) -> Iterator[str]:
    """Name the module and each function in it that is over its limit, decorators not counted."""
    text = path.read_text(encoding="utf-8")
    lines = len(text.splitlines())
    if lines > MODULE_LINES_MAX:
        yield f"{path}: {lines} lines, at most {MODULE_LINES_MAX}"
    for node in ast.walk(ast.parse(text, str(path))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES_MAX:
                yield (
                    f"{path}:{node.lineno}: {node.name} has {length} lines,"
                    f" at most {FUNCTION_LINES_MAX}"
                )


def test_both_source_roots_hold_modules() -> None:
    for top in SOURCE_ROOTS:
        assert any((ROOT / top).rglob("*.py")), f"{top}/ holds no module"


def test_modules_and_functions_are_short() -> None:
    assert_none(fault for path in sources(ROOT) for fault in too_long(path))


@pytest.mark.parametrize(
    ("body_lines", "blank_lines", "faults"),
    [
        (FUNCTION_LINES_MAX - 1, 0, 0),
        (FUNCTION_LINES_MAX, 0, 1),
        (1, MODULE_LINES_MAX - 2, 0),
        (1, MODULE_LINES_MAX - 1, 1),
    ],
)
def test_the_limits_of_length_are_exact(
    tmp_path: Path, body_lines: int, blank_lines: int, faults: int
) -> None:
    module = tmp_path / "module.py"
    module.write_text("async def f():\n" + "    pass\n" * body_lines + "\n" * blank_lines)
    assert len(list(too_long(module))) == faults


# --- The mirror ----------------------------------------------------------------------------------


def is_pure_data(path: Path) -> bool:
    """Tell whether a module holds no code of its own: no function, class or lambda."""
    code = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    return not any(isinstance(node, code) for node in ast.walk(ast.parse(path.read_text("utf-8"))))


# What two engines run is held by a test that lets both run it and compares every event.
EXACT = "tests/stormlab_models/fleet/compiled/test_exact.py"
HELD_BY_COMPARISON = (
    "sim/stormlab/policy/rules/",
    "sim/stormlab/fleet/policy_code.py",
    "models/stormlab_models/fleet/compiled/",
)


def without_test(root: Path) -> Iterator[str]:
    """Name each module whose mirrored test file does not exist."""
    for path in sources(root):
        if path.relative_to(root).as_posix().startswith(HELD_BY_COMPARISON):
            if not root.joinpath(EXACT).is_file():
                yield f"{path.relative_to(root)}: no {EXACT}"
            continue
        if path.name in {"__init__.py", "__main__.py"} or is_pure_data(path):
            continue
        inside = path.relative_to(root).parts[1:]
        mirror = root.joinpath("tests", *inside[:-1], f"test_{inside[-1]}")
        if not mirror.is_file():
            yield f"{path.relative_to(root)}: no {mirror.relative_to(root)}"


def test_tests_mirror_the_source() -> None:
    assert_none(without_test(ROOT))


def test_tests_are_not_a_package() -> None:
    """A package tests/stormlab could be imported in place of the real one."""
    assert_none(map(str, (ROOT / "tests").rglob("__init__.py")))


def test_a_missing_mirror_is_named(tmp_path: Path) -> None:
    for name, text in {
        "sim/stormlab/__init__.py": "def f(): ...\n",
        "sim/stormlab/foo.py": "def f(): ...\n",
        "sim/stormlab/table.py": "RATES = [1, 2]\n",
        "models/stormlab_models/a/b.py": "class B: ...\n",
        "tests/stormlab_models/a/test_b.py": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    expected = Path("sim/stormlab/foo.py"), Path("tests/stormlab/test_foo.py")
    assert list(without_test(tmp_path)) == [f"{expected[0]}: no {expected[1]}"]


# --- Paths ---------------------------------------------------------------------------------------


def named_paths(markdown: str) -> set[str]:
    """Take the relative paths that a page links to or writes as code, outside fenced blocks."""
    prose = FENCE.sub("", markdown)
    links = {link.split("#")[0] for link in LINK.findall(prose) if "://" not in link}
    spans = {
        span
        for span in CODE_SPAN.findall(prose)
        if PATH_LIKE.fullmatch(span) and ("/" in span or FILE_ENDING.search(span))
    }
    return {path for path in links | spans if path and not path.startswith("mailto:")}


def exists(path: str, root: Path) -> bool:
    """Tell whether a path or pattern names something; `.venv` is the environment in use."""
    if path.startswith(".venv/"):
        return (Path(sys.prefix) / path.removeprefix(".venv/")).exists()
    return any(root.glob(path)) if "*" in path else (root / path).exists()


def test_paths_named_in_the_readme_exist() -> None:
    paths = named_paths((ROOT / "README.md").read_text(encoding="utf-8"))
    assert_none(path for path in sorted(paths) if not exists(path, ROOT))


def test_paths_are_found_in_a_page() -> None:
    page = (
        "See [this](docs/a.md#top), [that](https://example.org/b.md), [here](#below), `sim/c.py`,"
        " `README.md`, `models/*/d.toml`, `make test`, `a.b.c`, `x:y`.\n"
        "```\n`made/by/you.py`\n```\n"
    )
    assert named_paths(page) == {"docs/a.md", "sim/c.py", "README.md", "models/*/d.toml"}


def test_a_missing_path_does_not_exist(tmp_path: Path) -> None:
    (tmp_path / "here.toml").touch()
    names = ("here.toml", "*.toml", "gone.toml", "*.md", ".venv/gone")
    assert [exists(name, tmp_path) for name in names] == [True, True, False, False, False]


def tracked_files(root: Path) -> list[Path]:
    """Every tracked file; outside a repository, every file but the hidden."""
    if not (root / ".git").exists():
        return [
            path
            for path in root.rglob("*")
            if path.is_file() and not any(part[0] == "." for part in path.relative_to(root).parts)
        ]
    listing = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [path for name in listing.split("\0") if name and (path := root / name).is_file()]


def machine_paths(files: Iterable[Path]) -> Iterator[str]:
    """Name each line of a text file that holds an absolute path of one machine."""
    for path in files:
        content = path.read_bytes()
        if b"\0" in content:
            continue
        for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
            if str(ROOT) in line or MACHINE_PATH.search(line):
                yield f"{path}:{number}: {line.strip()[:100]}"


def test_no_file_holds_a_path_of_one_machine() -> None:
    files = tracked_files(ROOT)
    assert files, "nothing is tracked yet: git add first"
    assert_none(machine_paths(files))


@pytest.mark.parametrize("top", ["home", "root", "Users", "work"])
def test_a_path_of_one_machine_is_found(tmp_path: Path, top: str) -> None:
    note = tmp_path / "note.txt"
    note.write_text(f"https://example.org/{top}/page\n../{top}/x\nsee '/{top}/someone/x'\n")
    assert [fault.split(":")[-2] for fault in machine_paths([note])] == ["3"]


# --- Imports and the wheel -----------------------------------------------------------------------


def lint_imports(config: Path, import_paths: Iterable[Path]) -> subprocess.CompletedProcess[str]:
    """Run import-linter with a configuration over packages at the given places."""
    command = "from importlinter.cli import lint_imports_command as c; c()"
    return subprocess.run(
        [sys.executable, "-c", command, "--no-cache", "--config", str(config)],
        check=False,
        capture_output=True,
        text=True,
        cwd=config.parent,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, import_paths))},
    )


def test_imports_go_one_way() -> None:
    run = lint_imports(ROOT / "pyproject.toml", [ROOT / top for top in SOURCE_ROOTS])
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize(
    ("module", "forbidden", "kept"),
    [
        ("stormlab/trace.py", "import stormlab.clock", 2),
        ("stormlab/trace.py", "import stormlab_models", 1),
        ("stormlab/clock.py", "import stormlab.trace", 1),
        ("stormlab_models/page.py", "import stormlab.trace", 2),
    ],
)
def test_an_import_the_wrong_way_is_found(
    tmp_path: Path, module: str, forbidden: str, kept: int
) -> None:
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text("utf-8"))
    for name in ("__init__", "clock", "trace"):
        for package in ("stormlab", "stormlab_models"):
            (tmp_path / package).mkdir(exist_ok=True)
            (tmp_path / package / f"{name}.py").touch()
    (tmp_path / module).write_text(forbidden + "\n")
    run = lint_imports(tmp_path / "pyproject.toml", [tmp_path])
    assert f"Contracts: {kept} kept, {2 - kept} broken." in run.stdout, run.stdout + run.stderr
    assert (run.returncode == 0) == (kept == 2)


def declared_entry_points() -> set[tuple[str, str, str]]:
    """Read (group, name, value) of every entry point in pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    groups = project["entry-points"] | {"console_scripts": project["scripts"]}
    return {(group, name, to) for group, points in groups.items() for name, to in points.items()}


def test_the_installed_metadata_is_that_of_pyproject() -> None:
    points = metadata.distribution("stormlab").entry_points
    assert {(point.group, point.name, point.value) for point in points} == declared_entry_points()


@pytest.mark.parametrize(("group", "name", "value"), sorted(declared_entry_points()))
def test_an_entry_point_loads(group: str, name: str, value: str) -> None:
    assert metadata.EntryPoint(name, value, group).load() is not None


def test_the_version_has_one_source() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert importlib.import_module("stormlab").__version__ == project["version"]
