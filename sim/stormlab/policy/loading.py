"""Policies of one's own: found by module or file, checked against the contract.

A file is run once for each content it has, and a policy is made once to be checked, however often
it is asked for. Whatever goes wrong in a person's own code becomes one line.
"""

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import cast

from stormlab.policy.contract import Policy


@dataclass(frozen=True)
class Loaded:
    """A factory of policies, and 16 hex digits over the source that it comes from."""

    make: Callable[[], Policy]
    digest: str


def load_policy(target: str) -> Callable[[], Policy]:
    """Find a policy of one's own: ``module:attribute`` or ``file.py:attribute``.

    The attribute is called without arguments, once for each endpoint of a page.

    Raises:
        ValueError: one line, when there is no such module, file or attribute, when its code fails,
            or when what it makes does not meet the contract.
    """
    return load(target).make


def load(target: str) -> Loaded:
    """As :func:`load_policy`, with the digest of the source."""
    place, _, name = target.rpartition(":")
    if not place or not name.isidentifier():
        msg = f"'{target}' is not module:attribute or file.py:attribute"
        raise ValueError(msg)
    if not place.endswith(".py"):
        return _checked(target, _module(place, target), name)
    path = Path(place).resolve()
    try:
        content = path.read_bytes()
    except OSError as error:
        msg = f"'{target}' cannot be loaded: {error.strerror or error}"
        raise ValueError(msg) from None
    return _checked(target, _file(path, content, target), name)


@cache
def _checked(target: str, module: ModuleType, name: str) -> Loaded:
    place = target.rpartition(":")[0]
    make = getattr(module, name, None)
    if not callable(make):
        msg = f"'{target}': {place} has no class or function '{name}'"
        raise ValueError(msg)  # noqa: TRY004  a value of a scenario, not a type error
    try:
        policy = make()
    except (Exception, SystemExit) as error:  # noqa: BLE001  code of somebody else
        msg = f"'{target}' cannot be made without arguments: {said(error)}"
        raise ValueError(msg) from None
    for method in ("on", "may_attempt"):
        if not callable(getattr(policy, method, None)):
            msg = f"'{target}' makes a {type(policy).__name__}, which has no method '{method}'"
            raise ValueError(msg)  # noqa: TRY004  a value of a scenario, not a type error
    return Loaded(cast("Callable[[], Policy]", make), source_digest(module, name))


def source_digest(module: ModuleType, name: str) -> str:
    """16 hex digits over a module's source file, or its name without one, and ``name``."""
    file = getattr(module, "__file__", None)
    content = Path(file).read_bytes() if file and Path(file).is_file() else b""
    text = content or module.__name__.encode()
    return hashlib.blake2b(text + b"\0" + name.encode(), digest_size=8).hexdigest()


def said(error: BaseException) -> str:
    """What an error of somebody's code says, on one line, with its kind."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": ")


def _module(place: str, target: str) -> ModuleType:
    try:
        return importlib.import_module(place)
    except (Exception, SystemExit) as error:  # noqa: BLE001  code of somebody else
        msg = f"'{target}' cannot be loaded: {said(error)}"
        raise ValueError(msg) from None


@cache
def _file(path: Path, content: bytes, target: str) -> ModuleType:
    """Run a file as a module, under a name that its place and content alone decide."""
    key = hashlib.blake2b(str(path).encode() + b"\0" + content, digest_size=6).hexdigest()
    name = f"stormlab_policy_{path.stem}_{key}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        msg = f"'{target}': {path.name} cannot be loaded as Python"
        raise ValueError(msg)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # noqa: BLE001  code of somebody else
        del sys.modules[name]
        msg = f"'{target}' cannot be loaded: {said(error)}"
        raise ValueError(msg) from None
    return module
