"""Writes the promises into ``docs/promises.md`` from their registry: ``make docs``."""

from pathlib import Path

import click

from stormlab.properties.promises import PROMISES
from stormlab.properties.promises.document import definitions, overview
from stormlab_models.doc_tables import rewrite


@click.command()
@click.argument("document", type=click.Path(path_type=Path))
def main(document: Path) -> None:
    """Rewrite the promises in DOCUMENT; one that cannot be rewritten stays as it is."""
    promises = dict(PROMISES)
    rewrite(
        document,
        {"overview": lambda: overview(promises), "definitions": lambda: definitions(promises)},
    )


if __name__ == "__main__":
    main()
