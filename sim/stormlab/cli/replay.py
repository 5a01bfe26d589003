"""``stormlab replay``: a counterexample once more, still broken or fixed."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from stormlab.cli.check import CODES, ends_stubborn_code
from stormlab.cli.policies import complete_policy
from stormlab.console import fail, note, print_json, say

if TYPE_CHECKING:
    from stormlab.check import Replayed

PICTURES = (".svg", ".png")
WORDS = {"holds": "fixed", "broken": "still broken", "undecided": "undecided"}


@click.command(
    short_help="Show a counterexample again: still broken, or fixed?",
    epilog="""\b
Examples:
  stormlab replay stormlab-replays/phoenix--calm-when-fooled.json
  stormlab replay found.json --policy ours.py:Repaired --figure found.svg
  stormlab replay npm-phoenix.json --node show.cjs --scale 0.1 && node show.cjs

\b
Exit codes: 0 fixed; 1 still broken; 2 undecided, or bad input.""",
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--policy",
    metavar="TARGET",
    shell_complete=complete_policy,
    help="Another policy in its place, as stormlab check takes it.",
)
@click.option("--figure", metavar="FILE", help="Draw it into FILE.svg or FILE.png.")
@click.option(
    "--node",
    metavar="FILE",
    help="Write a program for Node that shows it with real sockets (needs npm's ws).",
)
@click.option(
    "--scale",
    metavar="S",
    type=click.FloatRange(0.001, 1000),
    default=1.0,
    help="Of --node: real seconds for one of the world's.  [default: 1]",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def replay(
    *,
    file: Path,
    policy: str | None,
    figure: str | None,
    node: str | None,
    scale: float,
    as_json: bool,
) -> int:
    """Let the policy of FILE live in its world once more, and say what its promise says now.

    FILE was written by stormlab check. The world stays the same; the policy is the one that is
    there today.
    """
    from stormlab.check import CheckError, read_replay  # noqa: PLC0415  heavy: when called
    from stormlab.check import replay as again  # noqa: PLC0415

    picture = Path(figure) if figure is not None else None
    if picture is not None and picture.suffix not in PICTURES:
        fail(f"--figure {figure}: found '{picture.suffix}'; allowed: a name in .svg or .png")
    with ends_stubborn_code():
        try:
            found = again(read_replay(file), policy)
        except CheckError as error:
            fail(str(error))
    if picture is not None:
        _draw(found, picture)
    if node is not None:
        _write_node(found, Path(node), scale)
    if as_json:
        print_json(_document(found))
    else:
        _show(found)
    return CODES[found.finding.outcome.value]


def _show(found: "Replayed") -> None:
    from stormlab.check.timeline import timeline  # noqa: PLC0415  when called
    from stormlab.check.told import told_world  # noqa: PLC0415

    promise, finding = found.replay.promise, found.finding
    say(f"{found.target.name} on {promise.name}: {promise.statement}")
    for line in told_world(promise, found.replay.world, finding.walk_ns):
        say(f"  {line}")
    for line in () if promise.walks or finding.walk_ns else timeline(found.seen):
        say(f"  {line}")
    for line in finding.events:
        say(f"    {line}")
    word = WORDS[finding.outcome.value]
    say(f"{word}: {finding.reason}" if finding.reason else word)
    if word == "undecided":
        elsewhere = f"stormlab check TARGET --promise {promise.name}"
        say(f"no longer broken here; in other worlds: {elsewhere}")


def _write_node(found: "Replayed", path: Path, scale: float) -> None:
    """The world as a program for Node; for JavaScript that lives in a schedule of phases."""
    from stormlab.hosts.failure import HostError  # noqa: PLC0415  when asked for
    from stormlab.hosts.finding import PROGRAM, find_recipe, is_code  # noqa: PLC0415
    from stormlab.hosts.javascript.code import code_of  # noqa: PLC0415
    from stormlab.hosts.javascript.node import node_script  # noqa: PLC0415
    from stormlab.hosts.recipe import SILENT  # noqa: PLC0415
    from stormlab.hosts.wire import SilentPeer  # noqa: PLC0415
    from stormlab.worlds.bare import BareWorld  # noqa: PLC0415

    written, world = found.target.written, found.replay.world
    if not isinstance(written, str) or not is_code(written) or written.startswith(PROGRAM):
        fail(f"--node: {found.target.name} is not JavaScript; allowed: npm:NAME@VERSION, a file")
    if found.replay.promise.walks or not isinstance(world, BareWorld):
        fail("--node: this world is no schedule that a server could follow")
    part = path.with_name(f".{path.name}.part")
    try:
        recipe = find_recipe(written)
        text = node_script(
            code_of(recipe), world, scale=scale, answer=recipe.answer, profile=recipe.profile
        )
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except HostError as error:
        fail(f"--node: {error}")
    except OSError as error:
        fail(f"--node {path}: {error.strerror or error}")
    finally:
        part.unlink(missing_ok=True)
    note(f"wrote {path}; run it where npm's ws is installed: node {path}")
    if recipe.answer == SILENT and recipe.peer is not SilentPeer:
        note("its server only accepts and says nothing: the recipe has no answer (docs/recipes.md)")


def _document(found: "Replayed") -> dict[str, object]:
    return {
        **found.replay.document,
        "name": found.target.name,
        "now": {
            "outcome": found.finding.outcome.value,
            "says": WORDS[found.finding.outcome.value],
            "reason": found.finding.reason,
            "evidence": list(found.finding.events),
        },
    }


def _draw(found: "Replayed", path: Path) -> None:
    from stormlab.plots import PlotError  # noqa: PLC0415  when a picture is asked for
    from stormlab.plots_replay import draw_replay  # noqa: PLC0415

    part = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        draw_replay(found, part)
        part.replace(path)
    except PlotError as error:
        fail(str(error))
    finally:
        part.unlink(missing_ok=True)
    note(f"wrote {path}")
