"""Writes the table of discovery into ``docs/selftest.md``: minutes on two cores.

``python -m stormlab_models.planted_doc docs/selftest.md``; the figures are those of
``stormlab selftest``. Seconds are those of the machine that ran it.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import click

from stormlab.console import progress
from stormlab.selftest.hunt import Discovery, discoveries, planned, searched
from stormlab.selftest.words import markdown
from stormlab_models.doc_tables import kept, rewrite
from stormlab_models.planted import PLANTED

BUDGET, SEEDS = "ci", 10


def found(budget: str = BUDGET, seeds: int = SEEDS, jobs: int | None = None) -> list[Discovery]:
    """Look for every planted fault."""
    todo = planned(PLANTED, range(seeds), budget)
    with progress("planted faults", quiet=False) as steps:
        coming = searched(todo, jobs)
        return discoveries(PLANTED, [next(coming) for _ in steps.over(todo)])


def tables(document: Path, discovered: list[Discovery]) -> Mapping[str, Callable[[], str]]:
    """The table of discovery anew; that of mutants as it stands (see :mod:`.planted_mutants`)."""
    return {"discovery": lambda: markdown(discovered), "mutants": kept(document, "mutants")}


@click.command()
@click.argument("document", type=click.Path(path_type=Path))
@click.option("--budget", default=BUDGET, show_default=True)
@click.option("--seeds", default=SEEDS, show_default=True)
@click.option("--jobs", type=int)
def main(document: Path, budget: str, seeds: int, jobs: int | None) -> None:
    """Rewrite the table in DOCUMENT; one that cannot be rewritten stays as it is."""
    rewrite(document, tables(document, found(budget, seeds, jobs)))


if __name__ == "__main__":
    main()
