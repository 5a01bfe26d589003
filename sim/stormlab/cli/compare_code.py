"""``stormlab compare npm:a@1 npm:a@2``: real code in the same worlds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stormlab.console import fail, print_json, progress, say, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stormlab.check.versions import Contender, SideBySide


def names_code(policies: Sequence[str]) -> bool:
    """Whether real code is to be compared; it is not compared with a model of a policy."""
    from stormlab.hosts.finding import is_code  # noqa: PLC0415  heavy: when called

    real = [is_code(each) for each in policies]
    if any(real) and not all(real):
        odd = policies[real.index(False)]
        fail(f"{odd}: a policy; allowed beside real code: npm:NAME@VERSION, a .ts or .js file")
    return all(real)


def compare_code(
    clients: Sequence[str], worlds: int | None, seed: int, *, as_json: bool, quiet: bool
) -> None:
    """Run the comparison and print it."""
    from stormlab.check import CheckError  # noqa: PLC0415  heavy: when called
    from stormlab.check.versions import WORLDS, side_by_side  # noqa: PLC0415
    from stormlab.statistics import StatisticsError  # noqa: PLC0415

    with progress("comparing", quiet=quiet) as steps:
        try:
            found = side_by_side(clients, worlds=worlds or WORLDS, seed=seed, step=steps.reached)
        except (CheckError, StatisticsError) as error:
            fail(str(error))
    if as_json:
        print_json(found.document)
    else:
        show(found)


def show(found: SideBySide) -> None:
    """Print the figures with their intervals, the promises, and the verdicts."""
    from stormlab.check.versions import FIGURES  # noqa: PLC0415

    names = [each.name for each in found.contenders]
    say(f"{found.worlds} drawn worlds, the same for all; means with 95 % intervals")
    rows = [
        [label, *(_figure(each, figure) for each in found.contenders)]
        for figure, label in FIGURES.items()
    ]
    table(["figure", *names], rows)
    say("")
    say("worlds that break a promise, of those that decide it")
    rows = [
        [name, *(f"{each.breaches[name]} of {each.judged[name]}" for each in found.contenders)]
        for name in found.promises
    ]
    table(["promise", *names], rows)
    say("")
    verdicts = [
        [client, FIGURES[figure], judgement.text]
        for (client, figure), judgement in found.verdicts.items()
    ]
    table(["client", "figure", f"against {names[0]}"], verdicts)


def _figure(contender: Contender, figure: str) -> str:
    mean = contender.mean(figure)
    if mean is None:
        count = contender.never(figure)
        return f"never in {count} of {len(contender.values[figure])}"
    return f"{mean.value:.3g} [{mean.low:.3g}, {mean.high:.3g}]"
