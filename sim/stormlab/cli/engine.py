"""The option ``--engine``, which several commands share, and the line that says which it took."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stormlab.console import note
from stormlab.engines import ENGINES, using

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stormlab.scenario import Scenario


def _use(ctx: click.Context, _parameter: click.Parameter, value: str) -> str:
    ctx.with_resource(using(value))
    return value


engine_option = click.option(
    "--engine",
    type=click.Choice(ENGINES),
    default="reference",
    show_default=True,
    callback=_use,
    help="auto: the compiled fleet engine where it can; the results are the same.",
)


def say_engines(engine: str, scenarios: Iterable[Scenario], *, quiet: bool) -> None:
    """Say which engine runs these scenarios, when it was left to be found.

    Raises:
        ScenarioError: one line, when the engine asked for cannot run one of them.
    """
    if engine == "reference":
        return
    from stormlab.model import engine_of  # noqa: PLC0415  heavy: imported when called

    for words in dict.fromkeys(engine_of(each, engine).words for each in scenarios):
        if not quiet:
            note(words)
