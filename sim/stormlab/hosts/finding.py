"""How the code to host is found: by what a person writes.

============================ =================================================================
``npm:NAME@VERSION``         a package of the npm registry; the recipe of that name starts it
``client.ts``, ``.js``, ...  a file of one's own; see :data:`~.recipe.START`. One that imports
                             ``ws`` or ``node:...`` runs as in Node, others as in a browser
``recipe:FILE.py``           a recipe of one's own: a Python file with a few functions
``recipe:MODULE``            the same, as a module
``aio:FILE.py:NAME``         a client in Python: a coroutine function of asyncio that is called
                             with the URL, or a :class:`~.recipe.Program`
``aio:MODULE:NAME``          the same, in a module
============================ =================================================================

Recipes of libraries come from the entry-point group ``stormlab.recipes``, a mapping from name to
:class:`~.recipe.Recipe`.
"""

import importlib
import importlib.machinery
import importlib.util
import inspect
import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from stormlab.hosts.failure import HostError
from stormlab.hosts.javascript.bundle import SUFFIXES
from stormlab.hosts.javascript.npm import PREFIX, NpmError, parse_package
from stormlab.hosts.recipe import START, Declares, Program, Recipe
from stormlab.policy.loading import said

RECIPES_GROUP = "stormlab.recipes"
RECIPE, PROGRAM = "recipe:", "aio:"
FUNCTIONS = "package() and start(); peer(), answer(), declares() and profile() if need be"
PROFILES = ("browser", "node")
_OF_NODE = re.compile(r"""\b(?:from|import|require\s*\()\s*["'](?:ws|node:[\w/]+)["']""")
T = TypeVar("T")


def is_code(text: str) -> bool:
    """Whether a text names code to host; ``nats.js`` is a policy, unless there is such a file."""
    if text.startswith((PREFIX, RECIPE, PROGRAM)):
        return True
    path = Path(text)
    return path.suffix in SUFFIXES and (path.suffix != ".js" or "/" in text or path.is_file())


@cache
def recipes() -> Mapping[str, Recipe]:
    """The recipes that are installed, by the name of their library."""
    found: dict[str, Recipe] = {}
    for point in entry_points(group=RECIPES_GROUP):
        found.update(point.load())
    return found


def find_recipe(text: str) -> Recipe:
    """The recipe for what a person wrote.

    Raises:
        HostError: one line, when there is none.
    """
    if text.startswith(RECIPE):
        return _own(text.removeprefix(RECIPE))
    if text.startswith(PREFIX):
        return _of_package(text)
    if not Path(text).is_file():
        raise HostError(f"{text}: no such file")
    return Recipe(name=Path(text).name, package=text, start=START, profile=_profile_of(text))


def _profile_of(file: str) -> str:
    """The platform that a file is written for: Node's, if it imports ws or a part of Node."""
    try:
        text = Path(file).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "browser"  # what is wrong with it is told where it is bundled
    return "node" if _OF_NODE.search(text) else "browser"


def find_program(text: str) -> Program:
    """The client in Python that ``aio:PLACE:NAME`` names.

    Raises:
        HostError: one line, when there is none.
    """
    place, _, name = text.removeprefix(PROGRAM).rpartition(":")
    if not place or not name:
        raise HostError(f"{text}: found no name; allowed: aio:FILE.py:NAME, aio:MODULE:NAME")
    found = getattr(_module(place), name, None)
    if isinstance(found, Program):
        return found
    if not inspect.iscoroutinefunction(found):
        raise HostError(f"{text}: no coroutine function '{name}' (async def) there")
    return Program(text, found)


def _of_package(text: str) -> Recipe:
    try:
        package = parse_package(text)
    except NpmError as error:
        raise HostError(str(error)) from None
    known = recipes()
    if package.name not in known:
        close = get_close_matches(package.name, known, n=1)
        hint = f"did you mean '{PREFIX}{close[0]}'? " if close else ""
        raise HostError(
            f"{text}: no recipe for '{package.name}'; {hint}write one of your own:"
            " recipe:FILE.py (docs/check.md)"
        )
    return replace(known[package.name], package=text)


def _own(place: str) -> Recipe:
    """A recipe from a file or module with functions that are named as a recipe's fields."""
    module = _module(place)
    package, start = (_given(place, module, name, str, "text") for name in ("package", "start"))
    beside = Path(place).parent / package
    if not is_code(package):
        raise HostError(f"{place}: package(): found {package!r}; allowed: npm:NAME@VERSION, a file")
    if not package.startswith(PREFIX) and beside.is_file():
        package = str(beside)
    profile = "browser" if package.startswith(PREFIX) else _profile_of(package)
    if hasattr(module, "profile"):
        profile = _given(place, module, "profile", str, "text")
    if profile not in PROFILES:
        raise HostError(f"{place}: profile(): found {profile!r}; allowed: {', '.join(PROFILES)}")
    recipe = Recipe(Path(place).stem, package, start, profile=profile)
    if hasattr(module, "declares"):
        words = "stormlab.hosts.recipe.Declares"
        recipe = replace(recipe, declares=_given(place, module, "declares", Declares, words))
    if hasattr(module, "answer"):
        recipe = replace(recipe, answer=_given(place, module, "answer", str, "text"))
    if hasattr(module, "peer"):
        _given(place, module, "peer", object, "a Peer")
        recipe = replace(recipe, peer=module.peer)
    return recipe


def _given(place: str, module: ModuleType, name: str, kind: type[T], words: str) -> T:
    """What one of the functions of a recipe returns."""
    function = getattr(module, name, None)
    if not callable(function):
        raise HostError(f"{place}: no function {name}(); a recipe has {FUNCTIONS}")
    try:
        found: object = function()
    except (Exception, SystemExit) as error:  # noqa: BLE001  code of somebody else
        raise HostError(f"{place}: {name}() raised {said(error)}") from None
    if not isinstance(found, kind):
        raise HostError(f"{place}: {name}() returned {type(found).__name__}; allowed: {words}")
    return found


def _module(place: str) -> ModuleType:
    if place.endswith(".py") and not Path(place).is_file():
        raise HostError(f"{place}: no such file")
    try:
        return _loaded(place) if place.endswith(".py") else importlib.import_module(place)
    except Exception as error:  # noqa: BLE001  whatever the other's code raises while it is loaded
        raise HostError(f"{place}: {type(error).__name__}: {error}") from None


def _loaded(place: str) -> ModuleType:
    name = f"stormlab_recipe_{Path(place).stem}"
    loader = importlib.machinery.SourceFileLoader(name, place)
    spec = importlib.util.spec_from_loader(name, loader)
    assert spec is not None  # noqa: S101  a loader was given
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    loader.exec_module(module)
    return module
