"""The folder of a finished matrix: each file whole, and nothing of an earlier one left."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from stormlab.judging.matrix import Matrix
from stormlab.judging.work import JudgingError
from stormlab.store import PARTIAL, partial_folder

COUNTEREXAMPLES = "counterexamples"
FILES = frozenset({"matrix.json", "matrix.md", "index.html"})
_PART = ".matrix.partial"


def checked(out: str) -> Path:
    """The folder to write, before anything runs: new, empty, or of an earlier matrix.

    Raises:
        JudgingError: one line, if it is anything else.
    """
    place = Path(out).absolute()
    if not out.strip():
        raise JudgingError("--out: found no name; allowed: a folder")
    if place.exists() and not place.is_dir():
        raise JudgingError(
            f"--out {out}: is a file; allowed: a folder, new or of an earlier matrix"
        )
    own = {*FILES, COUNTEREXAMPLES, PARTIAL, _PART}
    if place.is_dir():
        others = sorted(entry.name for entry in place.iterdir() if entry.name not in own)
        if others:
            raise JudgingError(
                f"--out {out}: holds '{others[0]}', of no matrix; allowed: a new folder"
            )
    return place


def write(matrix: Matrix, place: Path, texts: Mapping[str, str]) -> list[str]:
    """Put everything in place, then let go of the kept rows; gives the names.

    ``texts``: further files by name. Killed in between, the same command puts all in place again.

    Raises:
        OSError: if it cannot be written.
    """
    part = place / _PART
    shutil.rmtree(part, ignore_errors=True)
    try:
        examples = part / COUNTEREXAMPLES
        examples.mkdir(parents=True)
        for row in matrix.rows:
            for each in row.breaches:
                _write(examples / row.file(each.promise), _json(dict(each.replay)))
        for name, text in {"matrix.json": _json(matrix.document), **texts}.items():
            _write(part / name, text)
        names = sorted(entry.name for entry in part.iterdir())
        shutil.rmtree(place / COUNTEREXAMPLES, ignore_errors=True)
        for name in names:
            (part / name).replace(place / name)
        for name in FILES - set(names):
            (place / name).unlink(missing_ok=True)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    shutil.rmtree(partial_folder(place), ignore_errors=True)
    return names


def _json(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _write(path: Path, text: str) -> None:
    path.write_bytes(text.encode())
