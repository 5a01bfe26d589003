"""Finished units of long work: one file each, named by the hash of everything that decides it.

Work that is stopped or killed goes on where it was, because what is finished is found by its key
(:func:`unit_key`): code, scenario, seed, and how the trace was read. Other code gives other keys,
so that its results are never taken for these.

A unit is figures (JSON: numbers exact, ``None`` and ``inf`` kept apart) and, if wanted, arrays.
Its file is one line that says what it is (format, checksum, length of the JSON), the JSON, and the
arrays as ``.npz``. It is written beside its place and moved there whole; a file that is torn,
damaged or another unit's counts as missing. Several processes may keep units in one folder: equal
keys have equal contents, and files that a killed process left behind go when no other is at work.
"""

import hashlib
import io
import itertools
import json
import math
import os
import shutil
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

MAGIC = b"stormlab-unit 1"
SUFFIX = ".unit"
PARTIAL = ".units.partial"
_FLOAT = "$float"  # tags what JSON cannot write: inf, -inf, nan
_LOCK = ".lock"
_TEMPORARY = ".tmp-"
_TRIES = 3
_counter = itertools.count()

Figures = Mapping[str, Any]


class StoreError(Exception):
    """A unit that cannot be kept; the message is one line for a person."""


@dataclass(frozen=True)
class Unit:
    """What was kept under one key."""

    figures: dict[str, Any]
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)


def partial_folder(out: Path) -> Path:
    """Where the units of a result in the making stand: inside its folder, hidden.

    Inside, not beside, because a folder may be all of a disk that is kept: a mounted volume.
    """
    return out / PARTIAL


def unit_key(code: str, scenario_hash: str, seed: int, reader: str) -> str:
    """Name a unit: 32 hex digits over everything that decides its figures.

    ``code`` is :attr:`stormlab.sources.Sources.digest`; ``reader`` names what reads the trace,
    with a version that changes when it reads differently.
    """
    text = json.dumps([code, scenario_hash, seed, reader])
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


class Store:
    """A folder of finished units. Use it in a ``with`` block; it may be missing at first."""

    def __init__(self, folder: Path) -> None:
        """Name the folder; nothing is touched before the ``with`` block begins."""
        self.folder = folder
        self._lock: IO[bytes] | None = None

    def __enter__(self) -> Self:
        """Make the folder and tidy up what killed processes left.

        Raises:
            StoreError: if it cannot be made.
        """
        with self._one_line("cannot be made"):
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = (self.folder / _LOCK).open("ab")
        self._tidy()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the folder, and remove it when it holds nothing."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None
        self._remove_if_empty()

    def get(self, key: str) -> Unit | None:
        """The unit kept under ``key``; None when there is none that is whole."""
        try:
            data = self._path(key).read_bytes()
        except OSError:
            return None
        try:
            return _decoded(data, key)
        except (ValueError, KeyError, EOFError, OSError):
            return None  # torn or damaged: it is made again, and replaced

    def keep(
        self, key: str, figures: Figures, arrays: Mapping[str, ArrayLike] | None = None
    ) -> None:
        """Keep a finished unit, whole or not at all.

        ``figures``: numbers, texts, None, and lists and dicts of them. ``arrays`` of numbers.

        Raises:
            StoreError: if it cannot be written; what was kept before stays.
            ValueError: if the figures or arrays are of another kind.
        """
        data = _encoded(key, figures, arrays or {})
        with self._one_line("cannot keep a finished run"):
            for left in reversed(range(_TRIES)):
                try:
                    self._write(key, data)
                except FileNotFoundError:  # another process has just removed the empty folder
                    if not left:
                        raise
                    self.folder.mkdir(parents=True, exist_ok=True)
                else:
                    return

    def keys(self) -> set[str]:
        """Keys of all files of units, whole or not."""
        return {path.name.removesuffix(SUFFIX) for path in self.folder.glob(f"*{SUFFIX}")}

    def discard(self, keys: Iterable[str]) -> None:
        """Remove units; those that are not there do not matter."""
        for key in keys:
            self._path(key).unlink(missing_ok=True)

    @contextmanager
    def workspace(self) -> Iterator[Path]:
        """An empty folder inside this one, to write files whole before they are moved away.

        It goes with the block; if the process is killed, when the store is next used.
        """
        place = self._temporary()
        place.mkdir(parents=True)
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def _temporary(self) -> Path:
        return self.folder / f"{_TEMPORARY}{os.getpid()}-{next(_counter)}"

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}{SUFFIX}"

    def _write(self, key: str, data: bytes) -> None:
        part = self._temporary()
        try:
            with part.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._path(key))
        except BaseException:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise

    def _tidy(self) -> None:
        """Remove temporary files, if no other process has the folder in use.

        Whoever uses the folder holds the lock together with the others; the system releases it
        when a process ends, however it ends.
        """
        if self._lock is None or sys.platform == "win32":  # no such lock there: nothing is tidied
            return
        import fcntl  # noqa: PLC0415  not on Windows

        with suppress(OSError):  # in use; or a file system without locks
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for part in self.folder.glob(f"{_TEMPORARY}*"):
                if part.is_dir():
                    shutil.rmtree(part)
                else:
                    part.unlink(missing_ok=True)
        with suppress(OSError):
            fcntl.flock(self._lock, fcntl.LOCK_SH)

    def _remove_if_empty(self) -> None:
        with suppress(OSError):
            if [entry.name for entry in self.folder.iterdir()] == [_LOCK]:
                (self.folder / _LOCK).unlink()
                self.folder.rmdir()

    @contextmanager
    def _one_line(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(f"{self.folder}: {what}: {error.strerror or error}") from error


# one unit as bytes -----------------------------------------------------------------------------


def _encoded(key: str, figures: Figures, arrays: Mapping[str, ArrayLike]) -> bytes:
    text = json.dumps(_plain(dict(figures)), separators=(",", ":")).encode()
    body = text + (_npz(arrays) if arrays else b"")
    return b"%s %s %d\n%s" % (MAGIC, _checksum(key, body), len(text), body)


def _decoded(data: bytes, key: str) -> Unit:
    head, _, body = data.partition(b"\n")
    magic, checksum, length = head.rsplit(b" ", 2)
    if magic != MAGIC or checksum != _checksum(key, body):
        raise ValueError("damaged")
    text, packed = body[: int(length)], body[int(length) :]
    arrays: dict[str, NDArray[Any]] = {}
    if packed:
        with np.load(io.BytesIO(packed), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    return Unit(json.loads(text, object_hook=_untagged), arrays)


def _checksum(key: str, body: bytes) -> bytes:
    return hashlib.blake2b(key.encode() + b"\n" + body, digest_size=16).hexdigest().encode()


def _npz(arrays: Mapping[str, ArrayLike]) -> bytes:
    """Write arrays as ``.npz``: without dates, so that equal arrays give equal bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, values in arrays.items():
            array = np.asarray(values)
            if array.dtype.hasobject:
                raise ValueError(f"array '{name}' holds objects; allowed: numbers")
            with archive.open(f"{name}.npy", "w") as part:
                np.lib.format.write_array(part, array, allow_pickle=False)
    return file.getvalue()


def _plain(value: Any) -> Any:  # noqa: ANN401  any figure
    """What JSON can write, and what it cannot (inf, nan) with a tag."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else {_FLOAT: repr(value)}
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, dict) and _FLOAT not in value and all(isinstance(k, str) for k in value):
        return {name: _plain(each) for name, each in value.items()}
    raise ValueError(f"{value!r} cannot be kept; allowed: numbers, texts, None, lists, dicts")


def _untagged(value: dict[str, Any]) -> Any:  # noqa: ANN401  any figure
    return float(value[_FLOAT]) if _FLOAT in value else value
