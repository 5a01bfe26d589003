"""``stormlab recipes``: the libraries whose real code can be run."""

import click

from stormlab.console import print_json, table


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
    """List the recipes: the version that is locked, the platform, and the documented delays."""
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
                    "notes": each.notes,
                }
                for each in known
            ]
        )
        return
    rows = [[each.package, each.profile, each.formula] for each in known]
    table(["code", "profile", "delays as documented"], rows)
