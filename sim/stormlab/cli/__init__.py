"""The command line: ``stormlab``. Exit codes and conventions: :mod:`stormlab.console`."""

from stormlab.cli.group import main

__all__ = ["main"]
