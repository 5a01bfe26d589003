"""Writes the definitions in ``docs/metrics.md`` from the registry of figures: ``make docs``."""

from pathlib import Path

import click

from stormlab.recovery.document import definitions
from stormlab_models.doc_tables import rewrite


@click.command()
@click.argument("document", type=click.Path(path_type=Path))
def main(document: Path) -> None:
    """Rewrite the definitions in DOCUMENT; one that cannot be rewritten stays as it is."""
    rewrite(document, {"definitions": definitions})


if __name__ == "__main__":
    main()
