"""Where a report is made: finished runs are kept until it is complete, then put in place.

Beside the report's folder stands a hidden one (``.NAME.partial``) with a line of JSON per finished
run. It is named by the code that made the runs, so runs of other code are never taken for these,
and it goes away when the report is complete. The report's files are moved into place one by one,
each whole.
"""

import hashlib
import json
import shutil
from importlib.resources import files
from pathlib import Path
from typing import IO

from stormlab_models.tac_webbuilder.reproduce.evaluate import Values
from stormlab_models.tac_webbuilder.reproduce.figure import Value


class Store:
    """The working folder of one report."""

    def __init__(self, out: Path) -> None:
        """Make the folder; raises OSError when that is not possible."""
        self._out = out
        out.mkdir(parents=True, exist_ok=True)
        resolved = out.resolve()
        self.folder = resolved.parent / f".{resolved.name}.partial"
        self.folder.mkdir(exist_ok=True)
        self._path = self.folder / f"runs-{code_hash()}.jsonl"
        self._file: IO[str] | None = None

    def finished(self) -> dict[str, Values]:
        """The runs that an earlier, stopped call finished; a torn last line is dropped."""
        runs: dict[str, Values] = {}
        if not self._path.exists():
            return runs
        for line in self._path.read_text(encoding="utf-8").splitlines():
            try:
                key, values = json.loads(line)
            except ValueError:
                continue
            known = runs.setdefault(key, {})
            known.update({name: _value(value) for name, value in values.items()})
        return runs

    def keep(self, key: str, values: Values) -> None:
        """Remember a finished run."""
        if self._file is None:
            self._file = self._path.open("a", encoding="utf-8")
            self._file.write("\n")  # ends a line that was torn when an earlier call was stopped
        self._file.write(json.dumps([key, values]) + "\n")

    def close(self) -> None:
        """Write out what is kept."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def publish(self, folder: Path) -> None:
        """Move the files of ``folder`` into the report's folder, and tidy up."""
        for path in sorted(folder.iterdir()):
            path.replace(self._out / path.name)
        shutil.rmtree(self.folder, ignore_errors=True)


def _value(value: object) -> Value:
    if isinstance(value, list):
        return float(value[0]), float(value[1])
    return float(value) if isinstance(value, int | float) else None


def code_hash() -> str:
    """A hash over the sources of both packages: other code, other runs."""
    digest = hashlib.blake2b(digest_size=8)
    for package in ("stormlab", "stormlab_models"):
        root = Path(str(files(package)))
        for path in sorted(root.rglob("*")):
            if path.suffix in {".py", ".toml"}:
                digest.update(path.relative_to(root).as_posix().encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()
