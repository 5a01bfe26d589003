"""Libraries that an ordinary install does not have."""

import importlib
from types import ModuleType

EXTRA = "pip install 'stormlab[aio]'"


def need(module: str) -> ModuleType:
    """Import a module of an optional library.

    Raises:
        ImportError: One line that says what to install.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        library = module.partition(".")[0]
        msg = f"stormlab.hosts.aio needs {library} for this: {EXTRA} ({error})"
        raise ImportError(msg) from None
