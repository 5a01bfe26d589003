"""Planted faults: small policies, pages and records, each with one thing wrong, and repaired.

They test the tester: ``stormlab selftest`` must find each of them and must pass its repaired twin.
Each module holds the faults of one theme (``FAULTS``); what a planted fault is:
:mod:`stormlab.selftest.planted`.
"""

from importlib import import_module
from pkgutil import iter_modules

from stormlab.selftest.planted import Planted


def _collected() -> tuple[Planted, ...]:
    found: list[Planted] = []
    for module in sorted(info.name for info in iter_modules(__path__)):
        found += getattr(import_module(f"{__name__}.{module}"), "FAULTS", ())
    return tuple(found)


PLANTED: tuple[Planted, ...] = _collected()
