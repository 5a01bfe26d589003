"""The folder of a finished sweep: each file whole, nothing else in it, no run lost.

While a sweep is under way its runs stand in a hidden folder inside the output folder. When it is
complete its files are put in place one by one and its runs are removed from there: the results
hold them. If it is killed between two files, the same command puts them all in place again.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from stormlab.store import PARTIAL, Store, StoreError
from stormlab.sweep.grid import SweepError
from stormlab.sweep.results import NAMES, Known
from stormlab.sweep.work import Plan

OWN = re.compile(
    r"summary\.(?:csv|md)|sweep-[\w.-]+\.svg|"
    + "|".join(re.escape(name) for name in (*NAMES, PARTIAL))
)

Writer = Callable[[Path], None]


def checked(out: str) -> Path:
    """The folder to write, before anything runs: new, empty, or of an earlier sweep.

    Raises:
        SweepError: if it is anything else.
    """
    place = Path(out).absolute()
    if not out.strip():
        raise SweepError("--out: found no name; allowed: a folder")
    if place.exists() and not place.is_dir():
        raise SweepError(f"--out {out}: is a file; allowed: a folder, new or of an earlier sweep")
    if place.is_dir():
        others = sorted(entry.name for entry in place.iterdir() if not OWN.fullmatch(entry.name))
        if others:
            raise SweepError(
                f"--out {out}: holds '{others[0]}', which no sweep wrote; allowed: a new folder"
            )
    return place


def publish(
    place: Path,
    files: Mapping[str, Writer],
    store: Store,
    plan: Plan,
    known: Known,
    *,
    keep_units: bool = False,
) -> int:
    """Put the files of a finished sweep into ``place``, and tidy up.

    ``known`` is what the folder's results hold so far. Those of its runs that this sweep does not
    ask for, and that the present code made, become kept runs again; the number of kept runs that
    remain is returned. ``keep_units``: also keep this sweep's, one file each.

    Raises:
        StoreError: if a file cannot be written; the same command goes on from there.
    """
    own = {run.key for run in plan.runs}
    spare = known.runs if known.code == plan.code else {}
    for key in sorted(spare.keys() - own):
        store.keep(key, spare[key])
    if keep_units:
        for key in sorted(own - store.keys()):
            store.keep(key, plan.done[key])
    try:
        _put(place, files, store)
    except OSError as error:
        raise StoreError(f"{place}: cannot be written: {error.strerror or error}") from error
    if not keep_units:
        with suppress(OSError):  # they are in the results; what stays does no harm
            store.discard(own)
    return len(store.keys())


def _put(place: Path, files: Mapping[str, Writer], store: Store) -> None:
    """Write all files, then move each into place, then remove an earlier sweep's others."""
    place.mkdir(parents=True, exist_ok=True)
    with store.workspace() as folder:
        for name, write in files.items():
            write(folder / name)
        for name in files:
            (folder / name).replace(place / name)
    for entry in sorted(place.iterdir()):
        if OWN.fullmatch(entry.name) and entry.name not in {*files, PARTIAL}:
            entry.unlink()
