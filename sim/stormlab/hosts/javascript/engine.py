"""The JavaScript engine (quickjs-ng), and a web platform in it that has no clock, dice or network.

An :class:`Engine` holds one context. The platform (``platform/*.js``) is loaded into it once, code
under test is compiled once for all of its clients, and each client has globals, timers and sockets
of its own, so that a thousand clients cost little more than one. Nothing of Python can be called
from there: what a client does is put into an outbox of plain JSON, which the host takes.

An engine belongs to the thread that made it.
"""

import json
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from time import process_time  # noqa: TID251  code under test is given real seconds, no more
from typing import Any, TypeGuard

from stormlab.hosts.failure import HostError
from stormlab.hosts.javascript.places import Places

FILES = (
    "events.js",
    "promises.js",
    "timers.js",
    "dates.js",
    "bytes.js",
    "text.js",
    "websocket.js",
    "surroundings.js",
    "runtime.js",
)
CALL_S_MAX = 2.0  # of processor time, for one event of a client
EVENT_S_MAX = 3.0  # the same, with all its microtasks and listeners
MICROTASKS_MAX = 50_000  # in one event: a chain of promises that never ends
JOBS_MAX = 20_000  # in one event: listeners, messages to itself
LOOKED_EVERY = 16  # microtasks or jobs between two looks at the processor's time
MEMORY_BYTES_MAX = 1 << 29
STACK_BYTES_MAX = 1 << 20
CLIENTS_MAX = 5_000  # of one engine, one after the other: then a new one takes over
# Code under test begins after so many lines, which tells its frames from those of the platform.
CODE_LINE = 10_000
ALIVE_MAX = 1_000  # of one engine at a time: what they leave lying about is looked for among all
MISSING = "running JavaScript needs quickjs-ng: pip install 'stormlab[js]'"


COMMANDS = frozenset(  # see client.py
    {"t", "c", "w", "s", "b", "x", "kill", "early", "log", "err", "note", "http", "has", "missing"}
)
TOO_MUCH = "too much at one moment"  # what the platform says of more commands than it keeps


_FLOOD = "one event did more than 100,000 things: an endless loop"


class CodeError(HostError):
    """The code under test did something that ends the run; the message is one line."""


@dataclass(frozen=True)
class Code:
    """JavaScript that an engine can run: a bundle that leaves its exports in ``__lib``.

    ``start``: an expression, a function of (lib, env) that starts one client and gives its handle;
    ``digest``: names the whole; ``name``: for people; ``places``: what its lines were made of.
    """

    name: str
    bundle: str
    start: str
    digest: str
    places: Places = field(default_factory=Places, compare=False)

    @property
    def text(self) -> str:
        """The bundle's code and the start, in the scope of one client."""
        return f"{self.bundle}\n;return (env) => ({self.start})(__lib, env);"


@cache
def _platform() -> str:
    folder = files("stormlab.hosts.javascript") / "platform"
    parts = [(folder / name).read_text(encoding="utf-8") for name in FILES]
    return f'(() => {{"use strict"; const CODE_LINE = {CODE_LINE};\n' + "\n".join(parts) + "\n})()"


class Engine:
    """One JavaScript context with the platform in it; see the module."""

    def __init__(self) -> None:
        """Make the context.

        Raises:
            HostError: one line, when the engine is not installed.
        """
        try:
            import quickjs  # noqa: PLC0415  an extra
        except ImportError:
            raise HostError(MISSING) from None
        self._failures: tuple[type[Exception], ...] = (quickjs.JSException, quickjs.StackOverflow)
        context = quickjs.Context()
        context.set_memory_limit(MEMORY_BYTES_MAX)
        context.set_max_stack_size(STACK_BYTES_MAX)
        context.set_time_limit(CALL_S_MAX)
        self._context: Any = context
        context.eval(f"globalThis.lab = {_platform()}; 0")
        self._register = context.eval("lab.register")
        self._spawn = context.eval("lab.spawn")
        self._heard = context.eval("lab.heard")
        self._step = context.eval("lab.step")
        self._take = context.eval("lab.take")
        self._drop = context.eval("lab.drop")
        self._clean = context.eval("lab.clean")
        self._parameters = context.eval("lab.parameters")
        context.eval("delete globalThis.lab; 0")
        self._pending = context.execute_pending_job
        self._factories: dict[str, int] = {}
        self.clients = self.alive = 0
        self.spoiled = False

    def compile(self, code: Code) -> int:
        """The number of a factory of clients of this code; compiled once.

        Raises:
            CodeError: one line, when it is not JavaScript.
        """
        if code.digest not in self._factories:
            try:
                lines = "\n" * CODE_LINE
                head = f"(function ({self._parameters}) {{{lines}"
                made = self._context.eval(f"{head}{code.text}\n}})")
            except self._failures as error:
                raise CodeError(f"{code.name}: {_one_line(error)}") from None
            self._factories[code.digest] = int(self._register(made))
        return self._factories[code.digest]

    def spawn(self, code: Code, options: dict[str, Any]) -> int:
        """A new client of this code, not started yet; gives its number.

        Raises:
            CodeError: one line, when it is not JavaScript, or others have taken all the memory.
        """
        factory = self.compile(code)
        number = self.clients
        self.clients += 1
        self.alive += 1
        try:
            self._spawn(number, factory, json.dumps(options))
        except self._failures as error:
            raise CodeError(_ended(error)) from None
        return number

    def tell(self, number: int, now_ms: float, kind: str, *given: Any) -> list[list[Any]]:  # noqa: ANN401
        """Tell a client what happened, let its code run, and take what it did.

        Raises:
            CodeError: one line, when the code does not come to an end or takes all the memory.
        """
        pending = self._pending
        try:
            left = self._heard(number, now_ms, kind, *given)
            if pending():
                self._drain(process_time())
            if left:
                self._finish()
            text = self._take()
            done = json.loads(text) if text else []
        except self._failures as error:
            raise CodeError(_ended(error)) from None
        except ValueError:
            raise CodeError("it broke the engine's own objects") from None
        if done == TOO_MUCH:
            raise CodeError(_FLOOD)
        if not _are_commands(done):
            raise CodeError("it broke the engine's own objects")
        return done

    def _finish(self) -> None:
        """Run the jobs that are left, each with its microtasks."""
        began_s = process_time()
        for job in range(JOBS_MAX):
            if job % LOOKED_EVERY == LOOKED_EVERY - 1:
                _check_time(began_s)
            left = self._step()
            if self._pending():
                self._drain(began_s)
            if not left:
                return
        raise CodeError(f"more than {JOBS_MAX:,} tasks at one moment: it never waits")

    def _drain(self, began_s: float) -> None:
        for job in range(MICROTASKS_MAX):
            if not self._pending():
                return
            if job % LOOKED_EVERY == LOOKED_EVERY - 1:
                _check_time(began_s)
        raise CodeError(f"more than {MICROTASKS_MAX:,} promises in a row: it never comes to an end")

    def clean(self) -> bool:
        """Whether no client has left anything in the engine's own objects."""
        try:
            return not self.spoiled and bool(self._clean())
        except self._failures:
            return False

    def drop(self, number: int) -> None:
        """Forget a client."""
        self.alive -= 1
        try:
            self._drop(number)
        except self._failures:
            self.spoiled = True


def _are_commands(done: Any) -> TypeGuard[list[list[Any]]]:  # noqa: ANN401
    return isinstance(done, list) and all(
        isinstance(each, list) and each and each[0] in COMMANDS for each in done
    )


def _check_time(began_s: float) -> None:
    if process_time() - began_s > EVENT_S_MAX:
        raise CodeError(f"one event took more than {EVENT_S_MAX:g} s: it never comes to an end")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split("\n")[0].split()) or type(error).__name__


def _ended(error: Exception) -> str:
    text = _one_line(error)
    if TOO_MUCH in text:
        return _FLOOD
    if "interrupted" in text:
        return f"one event took more than {CALL_S_MAX:g} s: an endless loop"
    if "out of memory" in text:
        return f"it needs more than {MEMORY_BYTES_MAX >> 20} MiB of memory"
    return text


_engines: OrderedDict[str, Engine] = OrderedDict()
ENGINES_KEPT = 8


def engine_for(code: Code) -> Engine:
    """An engine that has this code compiled already, or a new one; a failed one is forgotten.

    Engines of one process are kept, each with one code: what a library leaves in the engine's own
    objects meets nothing but more clients of the same library.
    """
    engine = _engines.pop(code.digest, None)
    if engine is None or engine.clients >= CLIENTS_MAX or engine.alive >= ALIVE_MAX:
        engine = Engine()
    _engines[code.digest] = engine
    while len(_engines) > ENGINES_KEPT:
        _engines.popitem(last=False)
    return engine


def forget_engine(code: Code) -> None:
    """Keep no engine in which this code failed: what it left there is not known."""
    _engines.pop(code.digest, None)
