"""One JavaScript text of an npm package or of a user's own file, for an engine without modules.

esbuild takes in what a client imports, strips TypeScript's types, and leaves one script that sets
one global, ``__lib``: the module's exports. What is bundled is what a browser gets (``browser``
builds of packages, ``NODE_ENV`` "production"), in ES2020. The profile ``node`` takes what Node
gets; there ``require("ws")`` gives the global WebSocket, which the lab's platform makes like that
of ``ws``, a file of one's own has ``events``, and another part of Node can be imported but not
called. Async functions are rewritten to
generators and ``new Promise``, in the same order of microtasks, so that rejections which nobody
handles can be told (``platform/promises.js``).

A file's imports come from its own project's ``node_modules``, else from the locked set
(:mod:`.npm`). Nothing is written beside it. Equal input gives equal bytes on every machine: the
text names files relative to the bundled file or to ``node_modules``, and so never the cache folder.
Bundles of packages are kept in the cache folder by all that decides them; files are bundled each
time, which takes some milliseconds and sees every change of what they import.
"""

import base64
import hashlib
import json
import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from stormlab.console import printable
from stormlab.hosts.javascript.npm import (
    PREFIX,
    Installation,
    NpmError,
    cache_folder,
    esbuild,
    esbuild_version,
    installation_of,
    is_name,
    parse_package,
    set_of_esbuild,
    set_with,
)

Profile = Literal["browser", "node"]
GLOBAL_NAME = "__lib"
SUFFIXES = (".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx")
ESBUILD_S_MAX = 60
_OPTIONS = (
    "--bundle",
    "--format=iife",
    f"--global-name={GLOBAL_NAME}",
    "--target=es2020",
    "--supported:async-await=false",
    "--supported:async-generator=false",
    "--supported:for-await=false",
    '--define:process.env.NODE_ENV="production"',
    "--sourcemap=inline",
    "--sources-content=false",
    "--log-level=error",
    "--color=false",
)
_PROFILES: dict[str, tuple[str, ...]] = {
    "browser": ("--platform=browser",),
    "node": ("--platform=node", "--external:ws", "--define:global=globalThis"),
}
# Node's events, of which clients are made, are there as the package that browsers have instead;
# it is locked with the others (of centrifuge).
_EVENTS = tuple(f"--alias:{name}=events/events.js" for name in ("events", "node:events"))
_OPENING = f"var {GLOBAL_NAME} = (() => {{"
# One line, so that the source map stays true. `absent` stands for a part of Node: any name can be
# taken from it, as libraries do while they load, and an error says which when one is called. What
# they call while they load is there.
_NODE_REQUIRE = " ".join(
    line.strip()
    for line in """
    const require = (() => {
      const there = {
        crypto: { get webcrypto() { return globalThis.crypto; } },
        tty: { isatty: () => false },
        util: {
          deprecate: (call) => call,
          inherits: (one, other) => Object.setPrototypeOf(one.prototype, other.prototype),
        },
      };
      const absent = (name) => {
        const get = (target, key) => typeof key === "symbol" || key === "prototype"
          || key === "then" || key === "__esModule" ? target[key]
          : key in (there[name] ?? {}) ? there[name][key] : absent(`${name}.${key}`);
        const refuse = () => {
          throw new Error(`${name} is a part of Node, which a bundle does not have`);
        };
        const inherited = new Proxy({}, { get });
        const getPrototypeOf = () => inherited;
        return new Proxy(function () {}, { get, getPrototypeOf, apply: refuse, construct: refuse });
      };
      const construct = (url, protocols) => protocols === undefined
        ? new globalThis.WebSocket(url) : new globalThis.WebSocket(url, protocols);
      const ws = new Proxy(function WebSocket() {}, {
        construct: (target, [url, protocols]) => construct(url, protocols),
        get: (target, key) => key === "WebSocket" || key === "default" ? ws
          : key === "__esModule" ? undefined
          : key === Symbol.hasInstance ? (value) => value instanceof globalThis.WebSocket
          : globalThis.WebSocket[key],
        has: (target, key) => key === "WebSocket" || key in globalThis.WebSocket,
        ownKeys: () => [...Reflect.ownKeys(function () {}), "WebSocket"],
        getOwnPropertyDescriptor: (target, key) => key === "WebSocket"
          ? { value: ws, configurable: true, enumerable: true, writable: true }
          : Reflect.getOwnPropertyDescriptor(target, key),
      });
      return (name) => name === "ws" ? ws : absent(name.replace(/^node:/, ""));
    })();
    """.splitlines()
).strip()
_MAP = "//# sourceMappingURL=data:application/json;base64,"
_ERROR = re.compile(
    r"\[ERROR\] (?P<message>.+)(?:\n\n +(?P<file>.+?):(?P<line>\d+):(?P<column>\d+):)?"
)
_UNRESOLVED = re.compile(r'Could not resolve "(?P<name>[^"]+)"')


class BundleError(Exception):
    """What cannot be bundled; the message is one line for a person."""


@dataclass(frozen=True)
class Bundle:
    """A script that sets the global ``__lib``.

    ``name`` and ``version`` are the package's; a file has its name, and the first twelve digits of
    the digest. ``digest``: 32 hex digits over ``code``. ``source_map`` is JSON (version 3); its
    sources are named as in the code.
    """

    name: str
    version: str
    code: str
    digest: str
    source_map: str
    profile: Profile


def bundle(spec: str, *, entry: str | None = None, profile: Profile = "browser") -> Bundle:
    """Bundle ``npm:NAME@VERSION``, ``NAME@VERSION``, ``NAME@VERSION/FILE``, or a file.

    ``entry`` is the text of a module to bundle in place of the package's main one: it imports from
    the package, or others installed beside it, and exports what is wanted. The rest is left out.

    Raises:
        BundleError: no such file, or code that cannot be bundled, with file, line and column.
        NpmError: no such package, or npm is missing.
    """
    if is_package(spec):
        package = parse_package(spec)
        made = _of_package(installation_of(package), package.import_path, spec, entry, profile)
        return _bundle(package.name, package.version, made, profile)
    if entry is not None:
        raise BundleError(f"{spec}: an entry is for packages; a file is an entry itself")
    made = _of_file(spec, profile)
    return _bundle(Path(spec).name, "", made, profile)


def is_package(spec: str) -> bool:
    """Tell whether a text names a package rather than a file."""
    if spec.startswith(PREFIX):
        return True
    named = "@" in spec[1:] or Path(spec).suffix not in SUFFIXES
    return (
        named
        and not Path(spec).is_file()
        and is_name(spec[:1] + spec[1:].split("@", maxsplit=1)[0])
    )


def _bundle(name: str, version: str, made: "_Made", profile: Profile) -> Bundle:
    digest = made.digest()
    return Bundle(name, version or digest[:12], made.code, digest, made.source_map, profile)


@dataclass(frozen=True)
class _Made:
    """What esbuild wrote."""

    code: str
    source_map: str

    def digest(self) -> str:
        return hashlib.blake2b(self.code.encode(), digest_size=16).hexdigest()


def _of_package(
    place: Installation, import_path: str, spec: str, entry: str | None, profile: Profile
) -> _Made:
    """The bundle of a package as it is kept, or made now and kept."""
    options = (*_OPTIONS, *_PROFILES[profile])
    own = hashlib.blake2b(Path(__file__).read_bytes()).hexdigest()  # other code, other bundles
    decides = [own, place.lock_digest(), esbuild_version(), import_path, entry, options]
    key = hashlib.blake2b(json.dumps(decides).encode(), digest_size=16).hexdigest()
    kept = cache_folder() / "bundles" / f"{key}.json"
    found = _kept(kept)
    if found is None:
        folder = place.install()
        what = [import_path] if entry is None else ["--sourcefile=entry.mjs"]
        try:
            found = _esbuild([*what, *options], folder, entry, None, profile)
        except _RefusedError as refused:
            inside = f": {refused.file}:{refused.position}" if refused.file else ""
            raise BundleError(refused.told(spec + inside)) from None
        _keep(kept, found)
    return found


def _of_file(spec: str, profile: Profile) -> _Made:
    path = Path(spec).expanduser()
    if not path.is_file():
        raise BundleError(f"{spec}: no such file, and no npm package (NAME@VERSION)")
    if path.suffix not in SUFFIXES:
        msg = f"{spec}: found {path.suffix or 'no ending'}; allowed: {', '.join(SUFFIXES)}"
        raise BundleError(msg)
    shared = set_of_esbuild().installation().install()
    events = _EVENTS if profile == "node" else ()
    options = [f"./{path.name}", *_OPTIONS, *_PROFILES[profile], *events]
    try:
        return _esbuild(options, path.parent, None, shared, profile)
    except _RefusedError as refused:
        where = os.path.normpath(path.parent / refused.file)
        shown = f"{where}:{refused.position}" if refused.file else spec
        raise BundleError(refused.told(shown, _advice(refused.missing))) from None


class _RefusedError(Exception):
    """What esbuild finds wrong: a message, and perhaps a place, its column counted from 1."""

    def __init__(self, printed: str) -> None:
        found = _ERROR.search(printed)
        self.message = found["message"] if found else f"esbuild: {printed.strip() or 'no reason'}"
        self.file = (found["file"] or "") if found else ""
        self.position = f"{found['line']}:{int(found['column']) + 1}" if found and self.file else ""
        self.of_node = "built into node" in printed

    @property
    def missing(self) -> str:
        """The import that leads nowhere, if that is what is wrong."""
        unresolved = _UNRESOLVED.match(self.message)
        return unresolved["name"] if unresolved else ""

    def told(self, place: str, advice: str = "") -> str:
        """The message after its place, with what to do, on one line."""
        if self.of_node:
            name = self.missing.removeprefix("node:")
            advice = f"{name} is a part of Node, which browsers do not have"
            advice += f"; a file that imports node:{name} runs as in Node"
        return f"{place}: " + printable("; ".join(filter(None, [self.message, advice])))


def _advice(missing: str) -> str:
    """What to do about an import that a file makes in vain."""
    if not missing or missing.startswith((".", "/")):
        return ""
    parts = missing.split("/")
    name = "/".join(parts[: 2 if missing.startswith("@") else 1])
    held = set_with(name)
    if held is not None and len(parts) > name.count("/") + 1:
        return f"{name}@{held.versions[name]}, which the lab ships with, has no such file"
    return f"install it in the file's project: npm install {name}"


def _esbuild(
    options: Sequence[str], folder: Path, text: str | None, shared: Path | None, profile: Profile
) -> _Made:
    """Run esbuild in a folder; ``shared``: where imports are looked for in the end."""
    program, _ = esbuild()
    environment = {name: value for name, value in os.environ.items() if name != "NODE_PATH"}
    here = os.path.realpath(folder)
    if shared is not None:
        shared = Path(os.path.realpath(shared))
        environment["NODE_PATH"] = str(shared / "node_modules")
    try:
        ended = subprocess.run(  # noqa: S603  no shell; package names are checked, files begin "./"
            [program, *options],
            cwd=here,
            env=environment,
            check=False,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=ESBUILD_S_MAX,
            **({"stdin": subprocess.DEVNULL} if text is None else {"input": text}),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BundleError(f"{program}: cannot be run ({error})") from error
    if ended.returncode:
        raise _RefusedError(ended.stderr)
    code, mark, encoded = ended.stdout.rpartition(_MAP)
    if not mark:
        raise BundleError(f"{program}: wrote no source map")
    source_map = base64.b64decode(encoded).decode()
    if shared is not None:
        # Seen from the file, the way to the cache folder is that of one machine.
        way = os.path.relpath(shared, here).replace(os.sep, "/") + "/node_modules/"
        code, source_map = (part.replace(way, "node_modules/") for part in (code, source_map))
    if profile == "node":
        code = code.replace(_OPENING, f"{_OPENING} {_NODE_REQUIRE}", 1)
    return _Made(code, source_map)


def _kept(path: Path) -> _Made | None:
    """What was kept, or None when there is nothing, or it is damaged."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        made = _Made(document["code"], document["source_map"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return made if made.digest() == document.get("digest") else None


def _keep(path: Path, made: _Made) -> None:
    """Write beside the place and move there whole; a bundle that cannot be kept is made anew."""
    document = {"code": made.code, "digest": made.digest(), "source_map": made.source_map}
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=".partial-", delete=False
        ) as file:
            json.dump(document, file)
        Path(file.name).replace(path)


__all__ = ["GLOBAL_NAME", "Bundle", "BundleError", "NpmError", "Profile", "bundle", "is_package"]
