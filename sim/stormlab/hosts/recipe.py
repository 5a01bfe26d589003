"""A recipe: what is needed to run the clients of one library, in a few lines.

A recipe names the code, says how one client is started, and who answers it. The start is JavaScript
text: a function of (lib, env) that starts one client with the library's exports ``lib`` and gives
its handle. ``env.url`` is where to connect, ``env.number`` the client's number, and
``env.note(kind, detail)`` writes into the story; ``env.note("gave up")`` says that no attempt will
follow. The handle has ``close()`` (for good), and may have ``reconnect()`` (a person asks for it).
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from stormlab.hosts.wire import Peer, SilentPeer

SILENT = "(socket) => {}"  # the answer of a server that says nothing

START = """
(lib, env) => {
  const names = Object.keys(lib).filter((name) => typeof lib[name] === "function");
  const only = names.length === 1 ? lib[names[0]] : undefined;
  const start = lib.default || lib.start || lib.connect || only;
  if (typeof start !== "function") {
    const found = names.length > 1 ? `exports ${names.join(", ")}; ` : "";
    throw new TypeError(`${found}export one function start(url, env), or class, as the default`);
  }
  const isClass = /^class\\b/.test(Function.prototype.toString.call(start));
  return isClass ? new start(env.url, env) : start(env.url, env);
}"""
"""What starts a file of one's own.

The file exports, as its default or alone, a function of (url, env) that starts one client and gives
its handle, or a class that is made with them."""


@dataclass(frozen=True)
class Declares:
    """What a client's documentation promises; without it a client is expected to come back always.

    ``gives_up``: whether it may end by itself, after ``attempts_max`` failures in a row or
    ``survives_s`` of an outage; ``final_codes``: close codes after which it does not come back;
    ``resets_on``: what makes it forget its failures (open, proof, stable, never), ``stable_s``: for
    stable, how long; ``connect_timeout_s``: when it gives an attempt up; ``heartbeat_s``,
    ``heartbeat_timeout_s``: how often it pings, or looks after the server's pings, and how soon it
    takes a silent peer for dead; ``setup_delay_s``: how often it tries until the first connection,
    where that is another rule than afterwards.
    """

    gives_up: bool | None = None
    attempts_max: int | None = None
    survives_s: float | None = None
    final_codes: frozenset[int] = frozenset()
    resets_on: str | None = None
    stable_s: float = 0.0
    connect_timeout_s: float | None = None
    heartbeat_s: float | None = None
    heartbeat_timeout_s: float | None = None
    setup_delay_s: float | None = None


@dataclass(frozen=True)
class Recipe:
    """How to run one library.

    ``name``: as in the catalogue of policies, if it is there; ``package``: ``npm:NAME@VERSION``, or
    a file; ``entry``: what of the package is taken in, as the source of a module (default: all that
    it exports); ``start``: see the module; ``peer``: makes the server's side; ``profile``:
    ``browser`` or ``node``; ``policy``: the name of its model in the catalogue; ``answer``: the
    server's side once more, for a program on Node: JavaScript, a function of (socket, later,
    number), which are the server's end of a connection, a socket of npm's ``ws``;
    ``later(seconds, call)``, which does nothing once the connection is over or the server hangs;
    and the server's n-th connection, from 0. It may have ``reason(code)``, what the server says
    when it closes. ``declares``: what the library's documentation promises; ``formula``: its delays
    as documented; ``notes``: what a reader must know of the recipe.
    """

    name: str
    package: str
    start: str
    entry: str | None = None
    peer: Callable[[], Peer] = field(default=SilentPeer)
    profile: str = "browser"
    policy: str | None = None
    answer: str = SILENT
    declares: Declares = field(default_factory=Declares)
    formula: str = ""
    notes: str = ""


@dataclass(frozen=True)
class Program:
    """How to run a client in Python: a coroutine function that is called with the URL.

    ``name``, ``peer``, ``declares``: as in :class:`Recipe`.
    """

    name: str
    main: Callable[[str], Coroutine[Any, Any, Any]]
    peer: Callable[[], Peer] = field(default=SilentPeer)
    declares: Declares = field(default_factory=Declares)
