"""The folder that ``stormlab run --out`` writes: whole, or not at all."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stormlab.console import fail
from stormlab.openmetrics import OpenMetricsError
from stormlab.openmetrics import write as write_metrics
from stormlab.trace import Trace, TraceError

OWN = frozenset({"trace.parquet", "trace.npz", "figures.json", "metrics.prom"})


def checked(out: str) -> Path:
    """The folder to write, before anything is simulated.

    It may be missing, empty, or hold an earlier run; anything else is refused.
    """
    place = Path(out).absolute()
    if not out.strip():
        fail("--out: found no name; allowed: a folder")
    if place.exists() and not place.is_dir():
        fail(f"--out {out}: is a file; allowed: a folder, new or of an earlier run")
    if place.is_dir():
        others = sorted(entry.name for entry in place.iterdir() if entry.name not in OWN)
        if others:
            fail(f"--out {out}: holds '{others[0]}', which no run wrote; allowed: a new folder")
    return place


def write(place: Path, trace: Trace, result: dict[str, Any]) -> list[str]:
    """Write trace, figures and metrics into ``place``; returns lines that say what was written.

    Raises:
        OSError: if it cannot be written; ``place`` is then as it was.
    """
    notes: list[str] = []
    with _whole(place) as part:
        try:
            trace.save(part / "trace.parquet")
        except TraceError:
            trace.save(part / "trace.npz")
            notes.append("trace.npz instead of .parquet: pip install 'stormlab[parquet]'")
        text = json.dumps(result, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
        (part / "figures.json").write_text(text + "\n", "utf-8")
        labels = {key: str(result[key]) for key in ("model", "scenario", "scenario_hash", "seed")}
        try:
            write_metrics(result["figures"], part / "metrics.prom", labels)
        except OpenMetricsError as error:
            notes.append(f"no metrics.prom: {error}")
        names = sorted(entry.name for entry in part.iterdir())
    return [f"wrote {place}: {', '.join(names)}", *notes]


@contextmanager
def _whole(place: Path) -> Iterator[Path]:
    """A folder beside ``place`` that takes its name when the block ends well."""
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f".{place.name}.part-{os.getpid()}")
    old = place.with_name(f".{place.name}.old-{os.getpid()}")
    try:
        part.mkdir()
        yield part
        if place.exists():
            place.rename(old)
        part.rename(place)
    except BaseException:
        if old.exists() and not place.exists():
            old.rename(place)
        raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
