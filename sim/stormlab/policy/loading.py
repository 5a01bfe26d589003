"""Policies of one's own: found by module or file, checked against the contract."""

import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import cast

from stormlab.policy.contract import Policy


def load_policy(target: str) -> Callable[[], Policy]:
    """Find a policy of one's own: ``module:attribute`` or ``file.py:attribute``.

    The attribute is called without arguments, once for each endpoint of a page.

    Raises:
        ValueError: one line, when there is no such module, file or attribute, or when what it
            makes does not meet the contract.
    """
    place, _, name = target.rpartition(":")
    if not place or not name.isidentifier():
        msg = f"'{target}' is not module:attribute or file.py:attribute"
        raise ValueError(msg)
    make = getattr(_module(place, target), name, None)
    if not callable(make):
        msg = f"'{target}': {place} has no class or function '{name}'"
        raise ValueError(msg)  # noqa: TRY004  a value of a scenario, not a type error
    policy = make()
    for method in ("on", "may_attempt"):
        if not callable(getattr(policy, method, None)):
            msg = f"'{target}' makes a {type(policy).__name__}, which has no method '{method}'"
            raise ValueError(msg)  # noqa: TRY004  a value of a scenario, not a type error
    return cast("Callable[[], Policy]", make)


def _module(place: str, target: str) -> ModuleType:
    try:
        if not place.endswith(".py"):
            return importlib.import_module(place)
        path = Path(place).resolve()
        name = f"stormlab_policy_{path.stem}"
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            msg = f"'{target}': {place} cannot be loaded as Python"
            raise ValueError(msg)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    except (ImportError, OSError, SyntaxError) as error:
        msg = f"'{target}' cannot be loaded: {error}"
        raise ValueError(msg) from None
    return module
