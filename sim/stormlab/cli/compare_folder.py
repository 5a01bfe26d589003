"""The folder that ``stormlab compare --out`` writes: each file whole, and no finished run lost."""

import shutil
from pathlib import Path

from stormlab.compare import Comparison
from stormlab.compare.document import write_document, write_runs
from stormlab.console import fail
from stormlab.store import PARTIAL, partial_folder

FILES = frozenset({"results.parquet", "results.npz", "comparison.json", "report.md", "index.html"})
PICTURES = frozenset(
    f"{name}.svg"
    for name in (
        "attempts-per-s",
        "differences",
        "handshake-bytes",
        "recovery-against-peak",
        "socket-states",
        "time-to-reconnect",
    )
)
PARQUET_MISSING = "but results.npz: pip install 'stormlab[parquet]'"
_PART = ".report.partial"


def checked(out: str) -> Path:
    """The folder to write, before anything runs: new, empty, or of an earlier comparison."""
    place = Path(out).absolute()
    if not out.strip():
        fail("--out: found no name; allowed: a folder")
    if place.exists() and not place.is_dir():
        fail(f"--out {out}: is a file; allowed: a folder, new or of an earlier comparison")
    if place.is_dir():
        others = sorted(entry.name for entry in place.iterdir() if not _own(entry.name))
        if others:
            fail(f"--out {out}: holds '{others[0]}', of no comparison; allowed: a new folder")
    return place


def _own(name: str) -> bool:
    return name in {*FILES, *PICTURES, PARTIAL, _PART}


def write(found: Comparison, place: Path, command: str) -> list[str]:
    """Put all files into ``place``, each whole; the kept runs go when everything is there.

    File by file, since the folder itself may be a mounted volume. If it is killed in between, the
    same command puts them all in place again, from the kept runs.
    """
    part = place / _PART
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(parents=True)
        write_runs(found, part, command)
        write_document(found, part, command)
        notes = _write_report(found, part, command)
        names = sorted(entry.name for entry in part.iterdir())
        for name in names:
            (part / name).replace(place / name)
        for entry in place.iterdir():
            if entry.is_file() and _own(entry.name) and entry.name not in names:
                entry.unlink()  # an earlier comparison's
    finally:
        shutil.rmtree(part, ignore_errors=True)
    shutil.rmtree(partial_folder(place), ignore_errors=True)
    if "results.parquet" not in names:
        notes.append(f"no results.parquet, {PARQUET_MISSING}")
    return [f"wrote {place}: {', '.join(names)}", *notes]


def _write_report(found: Comparison, folder: Path, command: str) -> list[str]:
    """Write report and pictures; without what they need, say so and keep what was found."""
    from stormlab.plots import PlotError  # noqa: PLC0415
    from stormlab.report import ReportError, write_report  # noqa: PLC0415

    try:
        write_report(found, folder, command)
    except (PlotError, ReportError) as error:
        return [f"no report: {error}"]
    return []
