"""``stormlab recipes``: the libraries whose real code can be run."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from stormlab.console import print_json, table

if TYPE_CHECKING:
    from stormlab.hosts.recipe import Declares


@click.command(
    short_help="List the libraries whose real code can be run.",
    epilog="""\b
Examples:
  stormlab recipes
  stormlab check npm:phoenix@1.8.16

\b
Any exact version works: npm:NAME@VERSION. One's own: docs/recipes.md.""",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def recipes(*, as_json: bool) -> None:
    """List the recipes: the locked version, the documented delays, and when it gives up."""
    from stormlab.hosts.finding import recipes as found  # noqa: PLC0415  heavy: when called

    known = list(found().values())
    if as_json:
        print_json(
            [
                {
                    "name": each.name,
                    "package": each.package,
                    "profile": each.profile,
                    "policy": each.policy,
                    "formula": each.formula,
                    "declares": _declared(each.declares),
                    "notes": each.notes,
                }
                for each in known
            ]
        )
        return
    rows = [[each.package, each.formula, _ends(each.declares)] for each in known]
    table(["code", "delays as documented", "gives up"], rows, unfolded={"code"})


def _ends(declares: "Declares") -> str:
    """When it gives up, as it declares; a final close code is left out."""
    if declares.attempts_max is not None:
        return f"after {declares.attempts_max}"
    if declares.survives_s is not None:
        return f"after {declares.survives_s:g} s"
    return {None: "", False: "never", True: "yes"}[declares.gives_up]


def _declared(declares: "Declares") -> dict[str, object]:
    """What it declares, without what it leaves open."""
    told = {**asdict(declares), "final_codes": sorted(declares.final_codes)}
    return {
        key: value for key, value in told.items() if value or (key == "gives_up" and value is False)
    }
