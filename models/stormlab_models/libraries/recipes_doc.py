"""Writes the list of recipes into ``docs/recipes.md``: ``make docs``."""

from pathlib import Path

import click

from stormlab.hosts.recipe import Recipe
from stormlab.hosts.wire import SilentPeer
from stormlab_models.doc_tables import rewrite
from stormlab_models.libraries.recipes import RECIPES


def _server(recipe: Recipe) -> str:
    """Who answers, in the first words of its docstring."""
    if recipe.peer is SilentPeer:
        return "any WebSocket server"
    return (getattr(recipe.peer, "__doc__", None) or "").split(" (npm")[0].split(" (rails")[0]


def _row(recipe: Recipe) -> str:
    version = recipe.package.rpartition("@")[2]
    cells = [
        f"`{recipe.name}`",
        version,
        recipe.profile,
        f"`{recipe.policy}`" if recipe.policy else "",
        recipe.formula,
        _server(recipe).removesuffix("."),
        recipe.notes,
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def recipes() -> str:
    """All recipes as a table."""
    head = ("recipe", "version", "profile", "policy", "delays as documented", "server", "notes")
    rows = [_row(recipe) for recipe in RECIPES.values()]
    return "\n".join(["| " + " | ".join(head) + " |", "|---" * len(head) + "|", *rows])


@click.command()
@click.argument("document", type=click.Path(path_type=Path))
def main(document: Path) -> None:
    """Rewrite the list in DOCUMENT; one that cannot be rewritten stays as it is."""
    rewrite(document, {"recipes": recipes})


if __name__ == "__main__":
    main()
