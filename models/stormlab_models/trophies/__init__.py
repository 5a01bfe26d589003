"""Defects of shipped libraries that break a promise, each in a world of a few lines.

:mod:`.found` says which of the models, :mod:`.real` which of the code itself; :mod:`.document` runs
them again and writes ``TROPHIES.md``.
"""

from stormlab_models.trophies.found import PROPOSALS, TROPHIES, Trophy
from stormlab_models.trophies.real import REAL

__all__ = ["PROPOSALS", "REAL", "TROPHIES", "Trophy"]
