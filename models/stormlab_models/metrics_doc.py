"""Writes the definitions in ``docs/metrics.md`` from the registry of figures: ``make docs``."""

from pathlib import Path

import click

from stormlab.console import fail
from stormlab.recovery.document import definitions
from stormlab_models.tac_webbuilder.application_doc import DocumentError, rewritten


@click.command()
@click.argument("document", type=click.Path(path_type=Path))
def main(document: Path) -> None:
    """Rewrite the definitions in DOCUMENT; one that cannot be rewritten stays as it is."""
    try:
        before = document.read_text(encoding="utf-8")
        after = rewritten(before, {"definitions": definitions})
        if after != before:
            document.write_text(after, encoding="utf-8", newline="\n")
    except OSError as error:
        fail(f"{document}: {error.strerror or error}")
    except UnicodeDecodeError as error:
        fail(f"{document}: not a text file (byte {error.start} is not UTF-8)")
    except DocumentError as error:
        fail(f"{document}: {error}")


if __name__ == "__main__":
    main()
