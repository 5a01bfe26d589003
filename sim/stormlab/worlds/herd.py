"""A herd: many clients of one policy that lose their server together and are refused since.

There is nothing to draw but the luck of the clients, so a world is a seed. Promises read it through
:meth:`stormlab.properties.promises.Subject.walk`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class HerdWorld:
    """The luck of every client of the herd."""

    seed: int = 0
