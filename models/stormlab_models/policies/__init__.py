"""The catalogue: reconnect policies of shipped libraries, breakers, budgets and standards.

Each module of this package holds a few entries (``ENTRIES``) and the quirks they need. An entry is
faithful to what the named version ships, its faults included, and carries its source.
"""

from importlib import import_module
from pkgutil import iter_modules

from stormlab.policy.catalogue import Entry


def _collected() -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for module in sorted(info.name for info in iter_modules(__path__)):
        for entry in getattr(import_module(f"{__name__}.{module}"), "ENTRIES", ()):
            if entry.name in found:
                raise ValueError(f"{module}: {entry.name}: found a second time")
            found[entry.name] = entry
    return found


CATALOGUE: dict[str, Entry] = _collected()
