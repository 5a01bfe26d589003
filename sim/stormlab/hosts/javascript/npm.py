"""npm packages in the user's cache folder: the sets that ship locked, and any other exact version.

A locked set is a Python package with ``package.json``, ``package-lock.json`` and perhaps ``.npmrc``
in it, found by entry point (group ``stormlab.npm``). It is installed by ``npm ci`` at first use,
once for each lock and kind of machine; a version that no set holds gets a folder of its own, where
its lock is kept. No package's own scripts are run, and nothing is written elsewhere.

An installation is made beside its place and moved there whole: what is there is complete, and two
processes may install at once. The folder is ``$STORMLAB_CACHE``, or ``stormlab`` in the user's
cache folder; it may be removed at any time.

``python -m stormlab.hosts.javascript.npm`` installs ahead of time and prints the folder.
"""

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import Path

import click

from stormlab.console import fail, note, say

GROUP = "stormlab.npm"
CACHE_VARIABLE = "STORMLAB_CACHE"
PREFIX = "npm:"
MANIFEST, LOCK, SETTINGS = "package.json", "package-lock.json", ".npmrc"
NAME_LENGTH_MAX = 214  # npm's own limit
INSTALL_S_MAX = 600
# One name as npm takes it for new packages (npm's validate-npm-package-name), exact versions only
# (semver.org), and a file inside of a package.
_PART = r"[a-z0-9~][a-z0-9._~-]*"
_NAME = re.compile(rf"(?:@{_PART}/)?{_PART}")
_VERSION = re.compile(r"\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?")
_SUBPATH = re.compile(r"(?!\.)[\w.@+-]+(?:/(?!\.)[\w.@+-]+)*", re.ASCII)
_SPLIT = re.compile(r"(?P<name>@?[^@]*)(?:@(?P<version>[^/]*)(?:/(?P<subpath>.*))?)?", re.DOTALL)
_ARGUMENTS = (
    "--ignore-scripts",
    "--include=optional",  # esbuild's program is one
    "--no-audit",
    "--no-fund",
    "--no-progress",
    "--no-update-notifier",
    "--omit-lockfile-registry-resolved",
    "--loglevel=error",
    "--fetch-retries=1",
    "--fetch-retry-mintimeout=1000",
)
_ERROR = re.compile(r"^npm (?:error|ERR!) (.*)$", re.MULTILINE)
_NOT_REACHED = re.compile(
    r"ENOTFOUND|EAI_AGAIN|ECONN\w+|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENOTCACHED|ERR_SOCKET_TIMEOUT"
)


class NpmError(Exception):
    """What cannot be installed, or is no package; the message is one line for a person."""


@dataclass(frozen=True)
class Package:
    """One exact version of an npm package; ``subpath``: a file or export in it ("": its main)."""

    name: str
    version: str
    subpath: str = ""

    @property
    def import_path(self) -> str:
        """What JavaScript writes to import it."""
        return f"{self.name}/{self.subpath}" if self.subpath else self.name

    def __str__(self) -> str:
        return f"{self.name}@{self.version}" + (f"/{self.subpath}" if self.subpath else "")


@dataclass(frozen=True)
class Installation:
    """A folder with ``node_modules``, made when it is first needed."""

    folder: Path
    what: str
    command: str
    files: Mapping[str, bytes]

    def install(self) -> Path:
        """Run npm unless the folder is there; return the folder.

        Raises:
            NpmError: npm is missing or refuses, or the folder cannot be written.
        """
        if not self.folder.is_dir():
            npm = find_npm()
            note(f"fetching {self.what} from npm into {self.folder}, once")
            try:
                self._make(npm)
            except OSError as error:
                msg = f"{self.folder}: cannot be written ({error.strerror}); set {CACHE_VARIABLE}"
                raise NpmError(msg) from error
        return self.folder

    def _make(self, npm: str) -> None:
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=".partial-", dir=self.folder.parent))
        try:
            for name, content in self.files.items():
                (made / name).write_bytes(content)
            _run([npm, self.command, *_ARGUMENTS], made, self.what)
            try:
                made.rename(self.folder)
            except OSError:
                if not self.folder.is_dir():  # else another process was first: the same content
                    raise
        finally:
            shutil.rmtree(made, ignore_errors=True)

    def lock_digest(self) -> str:
        """32 hex digits over the lock: equal digests, equal packages. Installs if it must.

        Raises:
            NpmError: as :meth:`install`.
        """
        lock = self.files[LOCK] if LOCK in self.files else (self.install() / LOCK).read_bytes()
        return hashlib.blake2b(lock, digest_size=16).hexdigest()


@dataclass(frozen=True)
class LockedSet:
    """Packages that ship with a lock."""

    name: str
    files: Mapping[str, bytes]

    @cached_property
    def versions(self) -> dict[str, str]:
        """The version of every package that can be imported, by name."""
        packages = json.loads(self.files[LOCK])["packages"]
        found = ((place.split("node_modules/"), entry) for place, entry in packages.items())
        return {parts[1]: entry["version"] for parts, entry in found if len(parts) == 2}  # noqa: PLR2004

    def installation(self) -> Installation:
        """Where it is, or will be."""
        digest = hashlib.blake2b(digest_size=8)
        for name, content in sorted(self.files.items()):
            digest.update(f"{name} {len(content)} ".encode() + content)
        place = cache_folder() / "npm" / f"{digest.hexdigest()}-{_machine()}"
        return Installation(place, "the locked JavaScript clients", "ci", self.files)


@cache
def locked_sets() -> tuple[LockedSet, ...]:
    """Every locked set that an installed package offers, by name."""
    points = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    return tuple(
        LockedSet(
            point.name,
            {
                entry.name: entry.read_bytes()
                for entry in sorted(files(point.value).iterdir(), key=lambda entry: entry.name)
                if entry.name in {MANIFEST, LOCK, SETTINGS}
            },
        )
        for point in points
    )


def set_with(name: str, version: str | None = None) -> LockedSet | None:
    """The first locked set that holds a package (at a version), or None."""
    for each in locked_sets():
        held = each.versions.get(name)
        if held is not None and version in {None, held}:
            return each
    return None


def is_name(text: str) -> bool:
    """Tell whether npm takes a text as the name of a package."""
    fits = _NAME.fullmatch(text) is not None and len(text) <= NAME_LENGTH_MAX
    return fits and text not in {"node_modules", "favicon.ico"}


def parse_package(text: str) -> Package:
    """Read ``NAME@VERSION`` or ``NAME@VERSION/FILE``, with or without ``npm:`` before it.

    Raises:
        NpmError: not a name that npm takes, or no exact version.
    """
    split = _SPLIT.fullmatch(text.removeprefix(PREFIX))
    name, version, subpath = split.group("name", "version", "subpath") if split else (text, "", "")
    if not is_name(name):
        msg = (
            f"{text}: found {name!r}; allowed: the name of an npm package (small letters, digits,"
            " '-', '.', '_', '~', with or without '@scope/' before it), then '@' and a version"
        )
        raise NpmError(msg)
    if not _VERSION.fullmatch(version or ""):
        held = set_with(name)
        known = f"; the lab ships with {name}@{held.versions[name]}" if held else ""
        found = f"found {version!r}" if version else "no version"
        example = f"{name}@1.2.3"
        msg = (
            f"{text}: {found}; allowed: one exact version (such as {example}), so that a check"
            f" gives the same answer tomorrow{known}"
        )
        raise NpmError(msg)
    if subpath is not None and not _SUBPATH.fullmatch(subpath):
        msg = f"{text}: found {subpath!r}; allowed: the path of a file inside of {name}"
        raise NpmError(msg)
    return Package(name, version, subpath or "")


def installation_of(package: Package) -> Installation:
    """Where a package is, or will be: in a locked set that holds this version, or by itself."""
    held = set_with(package.name, package.version)
    if held is not None:
        return held.installation()
    what = f"{package.name}@{package.version}"
    manifest = {"private": True, "dependencies": {package.name: package.version}}
    place = cache_folder() / "npm" / f"{what.replace('/', '+')}-{_machine()}"
    return Installation(place, what, "install", {MANIFEST: json.dumps(manifest).encode()})


def esbuild() -> tuple[Path, str]:
    """The program that bundles, installed if it must be, and its version.

    It is run without Node: the script with which the npm package would put it elsewhere is not.

    Raises:
        NpmError: it cannot be installed, or there is none for this machine.
    """
    folder = set_of_esbuild().installation().install()
    places = ("node_modules/@esbuild/*/bin/esbuild", "node_modules/@esbuild/*/esbuild.exe")
    for place in places:
        for program in sorted(folder.glob(place)):
            return program, esbuild_version()
    msg = f"{folder}: no esbuild for this machine ({_machine()}); remove the folder and try again"
    raise NpmError(msg)


def esbuild_version() -> str:
    """The version that the lock holds; nothing is installed."""
    return set_of_esbuild().versions["esbuild"]


def set_of_esbuild() -> LockedSet:
    """The locked set with the bundler; its packages can be imported by any file.

    Raises:
        NpmError: no installed package offers one.
    """
    found = set_with("esbuild")
    if found is None:
        msg = f"no installed package offers esbuild (entry points {GROUP}): reinstall stormlab"
        raise NpmError(msg)
    return found


def find_npm() -> str:
    """The path of npm.

    Raises:
        NpmError: npm or Node is not there; says how to get them.
    """
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        msg = (
            "JavaScript clients are fetched by npm, which is not on PATH: install Node.js 18 or"
            " newer with npm (https://nodejs.org, or apt install npm, brew install node)"
        )
        raise NpmError(msg)
    return npm


def cache_folder() -> Path:
    """``$STORMLAB_CACHE``, or the folder ``stormlab`` in the user's cache folder.

    Raises:
        NpmError: the user has no home folder and the variable is not set.
    """
    chosen = os.environ.get(CACHE_VARIABLE)
    try:
        return Path(chosen).expanduser().absolute() if chosen else _user_cache() / "stormlab"
    except RuntimeError as error:  # pathlib's, without a home
        raise NpmError(f"no cache folder can be found ({error}); set {CACHE_VARIABLE}") from error


def _user_cache() -> Path:
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return Path(local) if local else Path.home() / "AppData" / "Local"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    chosen = os.environ.get("XDG_CACHE_HOME", "")
    return Path(chosen) if Path(chosen).is_absolute() else Path.home() / ".cache"


def _machine() -> str:
    """The kind of machine: esbuild is a program, and folders may be shared between machines."""
    return f"{sys.platform}-{platform.machine()}".lower()


def _run(command: list[str], folder: Path, what: str) -> None:
    """Run npm in a folder, or say in one line why it failed."""
    try:
        ended = subprocess.run(  # noqa: S603  no shell; names and versions went into a JSON file
            command,
            cwd=folder,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=INSTALL_S_MAX,
        )
    except subprocess.TimeoutExpired as error:
        raise NpmError(f"{what}: npm did not finish in {INSTALL_S_MAX} s") from error
    if ended.returncode:
        raise NpmError(f"{what}: {_reason(ended.stderr)}")


def _reason(printed: str) -> str:
    """Why npm failed, from what it printed."""
    lines = [line.strip() for line in _ERROR.findall(printed)]
    code = next((line.removeprefix("code ") for line in lines if line.startswith("code ")), "")
    if code == "E404":
        return "npm knows no such package"
    if code == "ETARGET":
        missing = (line for line in lines if "No matching version" in line)
        return f"npm: {next(missing, 'no matching version').removeprefix('notarget ')}"
    if _NOT_REACHED.fullmatch(code):
        return f"npm cannot reach its registry ({code}); what was fetched once needs no network"
    told = [line for line in lines if not line.startswith(("code ", "errno ", "syscall "))]
    return f"npm failed: {' '.join([code, *told[:1]]).strip() or 'it gave no reason'}"


@click.command()
@click.argument("packages", nargs=-1, metavar="[PACKAGE@VERSION]...")
def main(packages: tuple[str, ...]) -> None:
    """Install packages (without any: the locked sets) and print the folder of each."""
    try:
        wanted = [installation_of(parse_package(package)) for package in packages]
        for installation in wanted or [each.installation() for each in locked_sets()]:
            say(str(installation.install()))
    except NpmError as error:
        fail(str(error))


if __name__ == "__main__":
    main()
