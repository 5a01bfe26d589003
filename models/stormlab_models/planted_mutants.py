"""Changes promises one place at a time and sees whether the planted faults notice.

``python -m stormlab_models.planted_mutants docs/selftest.md`` rewrites the table of mutants there.

A mutant is *killed* when a planted fault is no longer found in its own world, or its repaired twin
no longer keeps the promise, or the judge raises. What every fault and twin did is run once; only
the judging is repeated, so a mutant takes milliseconds. Changed are the functions that judge:
comparisons, ``and``/``or``, ``not``, whole numbers, the outcome that is returned.

Simplification: only the fault's own world is judged, and only by the promises of the module that
was changed; the drawn worlds of the search would kill more.
"""

import ast
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

import click

import stormlab.properties.promises as package
from stormlab.evidence import Outcome
from stormlab.properties.promises import Promise, Seen, Subject
from stormlab.selftest.planted import look
from stormlab_models.doc_tables import kept, rewrite
from stormlab_models.planted import PLANTED

SWAPS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
SURVIVORS_SHOWN = 400
LIMIT_S = 10  # for judging one mutant, which takes milliseconds
Run = tuple[str, Subject, Seen, Outcome]  # a promise's name, what it judges, what it must say


@dataclass(frozen=True)
class Mutant:
    """One change: where, and the changed code."""

    module: str
    function: str
    before: str
    after: str
    tree: ast.Module


def mutants(module: str, text: str) -> Iterator[Mutant]:
    """Every change of the functions of a module."""
    tree = ast.parse(text)
    for function in tree.body:
        if not isinstance(function, ast.FunctionDef | ast.ClassDef):
            continue
        for place, node in enumerate(ast.walk(function)):
            for change in _changes(node):
                changed = deepcopy(tree)
                twin = changed.body[tree.body.index(function)]
                other = next(each for at, each in enumerate(ast.walk(twin)) if at == place)
                before = ast.unparse(node)
                after = ast.unparse(change(other))
                yield Mutant(module, function.name, before, after, changed)


def _changes(node: ast.AST) -> Iterator[Callable[[ast.AST], ast.AST]]:
    """Functions that change such a node in place."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
        yield _swapped
    elif isinstance(node, ast.BoolOp):
        yield _other_operator
    elif isinstance(node, ast.If | ast.IfExp):
        yield _negated
    elif isinstance(node, ast.Constant) and type(node.value) is int:
        yield _one_more


def _swapped(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.Compare)  # noqa: S101  as _changes says
    node.ops[0] = SWAPS[type(node.ops[0])]()
    return node


def _other_operator(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.BoolOp)  # noqa: S101
    node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    return node


def _negated(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.If | ast.IfExp)  # noqa: S101
    node.test = ast.UnaryOp(ast.Not(), node.test)
    return node.test


def _one_more(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.Constant)  # noqa: S101
    assert isinstance(node.value, int)  # noqa: S101
    node.value += 1
    return node


def runs() -> list[Run]:
    """What every fault and every twin did in its world, and what its promise must say of it."""
    found: list[Run] = []
    for fault in PLANTED:
        for code, outcome in ((fault.faulty, Outcome.BROKEN), (fault.repaired, Outcome.HOLDS)):
            subject, seen = look(fault.name, code, fault.world)
            found.append((fault.promise, subject, seen, outcome))
    return found


def notices(mutant: Mutant, module: ModuleType, known: list[Run]) -> bool:
    """Whether some run is judged otherwise by the mutant, or never; in a process of its own."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status) != 0
    differs = True
    try:
        signal.alarm(LIMIT_S)  # a loop that does not end any more ends the process
        namespace = module.__dict__
        code = compile(ast.fix_missing_locations(mutant.tree), str(module.__file__), "exec")
        exec(code, namespace)  # noqa: S102  our own source, changed in one place
        differs = not agree(namespace["PROMISES"], known)
    finally:
        os._exit(int(differs))


def agree(promises: tuple[Promise, ...], known: list[Run]) -> bool:
    """Whether these promises say of every run what they must; walks are not walked again."""
    judges = {promise.name: promise for promise in promises}
    for name, subject, seen, outcome in known:
        if name in judges:
            walks = subject._walks  # noqa: SLF001
            anew = Subject(subject.name, subject.make, subject.given, _walks=walks)
            if judges[name].judge(anew, seen).outcome is not outcome:
                return False
    return True


def survivors() -> tuple[list[tuple[str, int, int]], list[Mutant]]:
    """For each module: its name, how many mutants, how many killed; and those that live."""
    known = runs()
    counts, alive = [], []
    for info in sorted(iter_modules(package.__path__), key=lambda info: info.name):
        module = import_module(f"{package.__name__}.{info.name}")
        if not hasattr(module, "PROMISES") or module.__file__ is None:
            continue
        if not agree(module.PROMISES, known):
            raise click.ClickException(f"{info.name}: its planted faults are not found as it is")
        text = Path(module.__file__).read_text(encoding="utf-8")
        made = list(mutants(info.name, text))
        left = [each for each in made if not notices(each, module, known)]
        counts.append((info.name, len(made), len(made) - len(left)))
        alive += left
    return counts, alive


def markdown(counts: list[tuple[str, int, int]], alive: list[Mutant]) -> str:
    """The counts, and every survivor."""
    lines = ["| module | mutants | killed | |", "|---|---|---|---|"]
    total, killed = sum(each[1] for each in counts), sum(each[2] for each in counts)
    for name, made, dead in [*counts, ("all", total, killed)]:
        lines.append(f"| {name} | {made} | {dead} | {dead / max(1, made):.0%} |")
    lines += ["", "<details><summary>Every survivor</summary>", "", "```"]
    for each in alive[:SURVIVORS_SHOWN]:
        lines.append(
            f"{each.module}.{each.function}: {_short(each.before)} -> {_short(each.after)}"
        )
    return "\n".join([*lines, "```", "", "</details>"])


def _short(code: str) -> str:
    line = code.partition("\n")[0]
    return line if len(line) <= 60 else line[:57] + "..."  # noqa: PLR2004


def tables(document: Path) -> Mapping[str, Callable[[], str]]:
    """The table of mutants anew; that of discovery as it stands."""
    return {"discovery": kept(document, "discovery"), "mutants": lambda: markdown(*survivors())}


@click.command()
@click.argument("document", type=click.Path(path_type=Path))
def main(document: Path) -> None:
    """Rewrite the table of mutants in DOCUMENT."""
    rewrite(document, tables(document))


if __name__ == "__main__":
    main()
