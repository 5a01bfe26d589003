"""A policy in production: reconnecting clients of the ``websockets`` library.

``pip install 'stormlab[live]'``; the guide is docs/live.md. The policy is the object that the
simulation runs, told the same facts by the same rules (:mod:`stormlab.policy.host`).
"""

from stormlab.live.chance import SystemChance
from stormlab.live.client import Reconnecting
from stormlab.live.failures import GaveUp, HttpFirstError
from stormlab.policy.host import Attempt, Step, Told

__all__ = [
    "Attempt",
    "GaveUp",
    "HttpFirstError",
    "Reconnecting",
    "Step",
    "SystemChance",
    "Told",
]
