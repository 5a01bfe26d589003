"""From a recipe to code that an engine can run, and to clients of it."""

import hashlib
from functools import cache

from stormlab.draws import Draws
from stormlab.hosts.bare import MakeClient, run_hosted
from stormlab.hosts.failure import HostError
from stormlab.hosts.javascript.bundle import BundleError, Profile, bundle
from stormlab.hosts.javascript.client import CLOSING_NS, JavaScriptClient, Settings
from stormlab.hosts.javascript.engine import Code
from stormlab.hosts.javascript.npm import NpmError
from stormlab.hosts.javascript.places import Places
from stormlab.hosts.line import Surroundings
from stormlab.hosts.recipe import START, Recipe
from stormlab.worlds.bare import BareWorld
from stormlab.worlds.story import Story


@cache
def code_of(recipe: Recipe) -> Code:
    """The recipe's code, bundled; kept, since it is asked for again in every world.

    Raises:
        HostError: one line, when npm, the package or the code is not to be had.
    """
    profile: Profile = "node" if recipe.profile == "node" else "browser"
    try:
        made = bundle(recipe.package, entry=recipe.entry, profile=profile)
    except (BundleError, NpmError) as error:
        raise HostError(str(error)) from None
    digest = hashlib.blake2b(f"{made.digest} {recipe.start}".encode(), digest_size=16).hexdigest()
    lines = made.code.count("\n") + 1
    places = Places(made.source_map, lines, tells_start=recipe.start != START)
    return Code(recipe.name, made.code, recipe.start, digest, places)


def maker(recipe: Recipe, settings: Settings | None = None) -> MakeClient:
    """A maker of the recipe's clients, for :func:`stormlab.hosts.bare.run_hosted`."""
    code = code_of(recipe)
    settings = settings or Settings(recipe.profile)

    def make(around: Surroundings, draws: Draws) -> JavaScriptClient:
        return JavaScriptClient(code, around.clock, around.dial, around.diary, draws, settings)

    return make


def run_recipe(
    recipe: Recipe,
    world: BareWorld,
    *,
    own_context: bool = False,
    feed: tuple[float, ...] = (),
    fixed: float | None = None,
    client: int = 0,
    attempts_max: int | None = None,
) -> Story:
    """Let one client of the recipe live in a world; equal arguments give equal stories.

    ``own_context``: in an engine of its own, to the same effect; ``feed``: what ``Math.random``
    gives first; ``fixed``: what it gives always, after that; ``client``, ``attempts_max``: as in
    :func:`.run_hosted`.

    Raises:
        HostError: one line, when the code cannot be had.
    """
    settings = Settings(recipe.profile, own_context=own_context, feed=feed, fixed=fixed)
    return run_hosted(
        world,
        maker(recipe, settings),
        recipe.peer(),
        closing_ns=CLOSING_NS[recipe.profile],
        client=client,
        attempts_max=attempts_max,
    )
