"""Defects of shipped libraries that break a promise, each in a world of a few lines.

:mod:`.found` says which, :mod:`.document` runs them again and writes ``TROPHIES.md``.
"""

from stormlab_models.trophies.found import PROPOSALS, TROPHIES, Trophy

__all__ = ["PROPOSALS", "TROPHIES", "Trophy"]
