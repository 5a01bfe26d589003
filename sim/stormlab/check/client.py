"""The promises of real client code, by one function."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from stormlab.check.budget import Budget
from stormlab.check.engine import Step, check_policy, silent
from stormlab.check.guard import CheckError
from stormlab.check.verdict import Verdict
from stormlab.hosts.failure import HostError
from stormlab.hosts.finding import find_recipe
from stormlab.hosts.recipe import Declares, Recipe
from stormlab.hosts.wire import Peer


def client_of(
    client: str | Path | Recipe,
    *,
    start: str | None = None,
    peer: Callable[[], Peer] | None = None,
    declares: Declares | None = None,
) -> str | Recipe:
    """The client as a check takes it: its text where that says it all, else a recipe.

    Raises:
        CheckError: one line, when there is no such code or no recipe for it.
    """
    if isinstance(client, Path):
        client = str(client)
    if isinstance(client, str) and start is None and peer is None and declares is None:
        return client
    try:
        recipe = find_recipe(client) if isinstance(client, str) else client
    except HostError as error:
        raise CheckError(str(error)) from None
    return replace(
        recipe,
        start=recipe.start if start is None else start,
        peer=recipe.peer if peer is None else peer,
        declares=recipe.declares if declares is None else declares,
    )


def check_client(  # noqa: PLR0913  one argument per part of a recipe, then those of check_policy
    client: str | Path | Recipe,
    *,
    start: str | None = None,
    peer: Callable[[], Peer] | None = None,
    declares: Declares | None = None,
    name: str | None = None,
    promises: Iterable[str] | None = None,
    budget: str | Budget = "dev",
    seed: int = 0,
    folder: str | Path | None = None,
    step: Step = silent,
) -> Verdict:
    """Hold real client code to its promises, and find the smallest world that breaks each.

    ``client``: ``npm:NAME@VERSION``, a ``.ts`` or ``.js`` file, ``recipe:FILE.py``, or a
    :class:`.Recipe`. ``start``, ``peer``, ``declares``: in place of those of its recipe. The rest
    is as in :func:`.check_policy`.

    Raises:
        CheckError: one line, when the code cannot be had, is not JavaScript, makes no WebSocket,
            or never comes to an end.
        ValueError: there is no such budget.
    """
    code = client_of(client, start=start, peer=peer, declares=declares)
    label = name or (str(client) if not isinstance(client, Recipe) else client.name)
    return check_policy(
        code, name=label, promises=promises, budget=budget, seed=seed, folder=folder, step=step
    )
