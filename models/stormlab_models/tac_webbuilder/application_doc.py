"""Writes the tables of ``docs/application.md`` from runs: ``make docs``."""

from pathlib import Path

import click

from stormlab_models.doc_tables import rewrite
from stormlab_models.tac_webbuilder.application_tables import TABLES


@click.command()
@click.argument("document", type=click.Path(path_type=Path))
def main(document: Path) -> None:
    """Rewrite the tables of DOCUMENT; a document that cannot be rewritten stays as it is."""
    rewrite(document, TABLES)


if __name__ == "__main__":
    main()
