"""Promises: what a reconnect policy owes its users and its servers, as named predicates.

Each promise is a pure function of a subject (a policy and what it declares) and of one run, with
three outcomes: holds, broken (with the events that show it), undecided. :data:`PROMISES` holds all
of them by name, in the order in which they are told.
"""

from collections.abc import Mapping
from types import MappingProxyType

from stormlab.properties.promises import (
    code,
    delays,
    guards,
    herds,
    load,
    recovery,
    servers,
    sockets,
    whole,
)
from stormlab.properties.promises.promise import Finding, Promise, Seen, Sometimes
from stormlab.properties.promises.subject import Declared, Subject

PROMISES: Mapping[str, Promise] = MappingProxyType(
    {
        promise.name: promise
        for module in (delays, herds, recovery, load, guards, servers, sockets, whole, code)
        for promise in module.PROMISES
    }
)

__all__ = [
    "PROMISES",
    "Declared",
    "Finding",
    "Promise",
    "Seen",
    "Sometimes",
    "Subject",
]
