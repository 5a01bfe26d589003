"""stormlab: see a reconnect storm before you ship it.

A *model* turns a *scenario* and a *seed* into a *trace*; everything else reads traces.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("stormlab")
except PackageNotFoundError:  # a source tree on sys.path without an install
    __version__ = "0+unknown"

__all__ = ["__version__"]
