"""The record of a run: one table of events and one hash that names it.

The trace is the only output of a run. Metrics, properties, statistics and plots are pure functions
of it. Columns (one row per event, in the order in which things happened):

======== ======= ================================================================================
time_ns  int64   nanoseconds since the start of the run
event    int16   index into :data:`stormlab.vocabulary.EVENTS`
client   int32   page or bare client, from 0; -1: nobody's
endpoint int16   index into ``Trace.endpoints``; -1: none
socket   int32   the client's n-th ``new WebSocket``, from 0; -1: none
attempt  int32   the endpoint's n-th attempt in this page, from 1; 0: none
conn     int32   the server's n-th connection, from 0; -1: none
code     int32   close code, HTTP status or count, by event; 0: none
clean    int8    ``wasClean``; -1: does not apply
up       int32   bytes from client to server on the wire
down     int32   bytes from server to client on the wire
before   int8    readyState before the event; -1: does not apply
after    int8    readyState after the event; -1: does not apply
cause    int8    index into :data:`stormlab.vocabulary.CAUSES`
value_ns int64   a duration that belongs to the event
detail   int32   index into ``Trace.details``, a table of strings; 0: the empty string
======== ======= ================================================================================
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stormlab.vocabulary import CAUSE_CODE, CAUSES, EVENT_CODE, EVENTS, Cause, Event, State

FORMAT = 1

COLUMNS: dict[str, str] = {
    "time_ns": "<i8",
    "event": "<i2",
    "client": "<i4",
    "endpoint": "<i2",
    "socket": "<i4",
    "attempt": "<i4",
    "conn": "<i4",
    "code": "<i4",
    "clean": "<i1",
    "up": "<i4",
    "down": "<i4",
    "before": "<i1",
    "after": "<i1",
    "cause": "<i1",
    "value_ns": "<i8",
    "detail": "<i4",
}
DTYPE = np.dtype(list(COLUMNS.items()))


class TraceError(Exception):
    """A trace file that cannot be read; the message is one line for a person."""


class Row(NamedTuple):
    """One event in plain words."""

    time_ns: int
    event: Event
    client: int
    endpoint: int
    socket: int
    attempt: int
    conn: int
    code: int
    clean: int
    up: int
    down: int
    before: State
    after: State
    cause: Cause
    value_ns: int
    detail: str


@dataclass(frozen=True)
class Trace:
    """The events of one run and the header that says which run it was.

    ``header`` holds model, scenario hash, seed, version, duration and whatever the model adds;
    it is JSON and part of the hash. ``rows`` has the dtype :data:`DTYPE`.
    """

    header: dict[str, Any]
    rows: NDArray[np.void]
    details: tuple[str, ...] = ("",)

    @property
    def endpoints(self) -> tuple[str, ...]:
        """Names of the endpoints, by index."""
        return tuple(self.header.get("endpoints", ()))

    @property
    def duration_ns(self) -> int:
        """Length of the run in nanoseconds."""
        return int(self.header["duration_ns"])

    @property
    def hash(self) -> str:
        """32 hex digits over header, strings and every row: equal runs, equal hash."""
        digest = hashlib.blake2b(digest_size=16)
        digest.update(json.dumps(self.header, sort_keys=True, separators=(",", ":")).encode())
        digest.update("\0".join(self.details).encode())
        digest.update(np.ascontiguousarray(self.rows).tobytes())
        return digest.hexdigest()

    def of(self, *events: Event) -> NDArray[np.void]:
        """The rows of these kinds of event, in order."""
        codes = [EVENT_CODE[event] for event in events]
        return self.rows[np.isin(self.rows["event"], codes)]

    def count(self, *events: Event) -> int:
        """How many events of these kinds there are."""
        return len(self.of(*events))

    def text(self, row: np.void) -> str:
        """The detail string of one row."""
        return self.details[int(row["detail"])]

    def __len__(self) -> int:
        """Count the events."""
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        """Go through the events in plain words."""
        for values in self.rows.tolist():
            yield Row(
                values[0],
                EVENTS[values[1]],
                *values[2:11],
                State(values[11]),
                State(values[12]),
                CAUSES[values[13]],
                values[14],
                self.details[values[15]],
            )

    def save(self, path: Path) -> None:
        """Write the trace as Parquet (``.parquet``, needs pyarrow) or NumPy (``.npz``).

        Raises:
            TraceError: for another suffix, or when pyarrow is missing.
        """
        meta = {"format": FORMAT, "header": self.header, "details": list(self.details)}
        text = json.dumps(meta, sort_keys=True)
        if path.suffix == ".npz":
            np.savez_compressed(path, rows=self.rows, meta=np.array(text))
            return
        if path.suffix != ".parquet":
            msg = f"{path}: a trace is saved as .parquet or .npz"
            raise TraceError(msg)
        arrow, parquet = _pyarrow(path)
        table = arrow.table({name: self.rows[name] for name in COLUMNS})
        parquet.write_table(
            table.replace_schema_metadata({"stormlab": text}), path, compression="zstd"
        )

    @classmethod
    def load(cls, path: Path) -> "Trace":
        """Read a trace that :meth:`save` wrote.

        Raises:
            TraceError: if the file is missing, damaged, or of another format.
        """
        try:
            if path.suffix == ".npz":
                with np.load(path, allow_pickle=False) as stored:
                    rows, text = stored["rows"], str(stored["meta"])
            elif path.suffix == ".parquet":
                _, parquet = _pyarrow(path)
                table = parquet.read_table(path)
                text = table.schema.metadata[b"stormlab"].decode()
                rows = np.zeros(table.num_rows, dtype=DTYPE)
                for name in COLUMNS:
                    rows[name] = table.column(name).to_numpy()
            else:
                msg = f"{path}: not a trace; traces end in .parquet or .npz"
                raise TraceError(msg)
            meta = json.loads(text)
        except FileNotFoundError:
            msg = f"{path}: no such file"
            raise TraceError(msg) from None
        except TraceError:
            raise
        except Exception as error:
            msg = f"{path}: not a stormlab trace ({type(error).__name__})"
            raise TraceError(msg) from error
        if meta.get("format") != FORMAT:
            msg = f"{path}: trace format {meta.get('format')}, this version reads {FORMAT}"
            raise TraceError(msg)
        return cls(meta["header"], rows, tuple(meta["details"]))


def _pyarrow(path: Path) -> tuple[Any, Any]:
    try:
        import pyarrow  # noqa: PLC0415  heavy and optional
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError:
        msg = f"{path}: Parquet needs pyarrow: pip install 'stormlab[parquet]', or use .npz"
        raise TraceError(msg) from None
    return pyarrow, parquet


@dataclass
class Recorder:
    """Collects the events of a running world; :meth:`finish` makes the trace."""

    _rows: list[tuple[int, ...]] = field(default_factory=list)
    _details: dict[str, int] = field(default_factory=lambda: {"": 0})

    def add(  # noqa: PLR0913  one argument per column, all by keyword
        self,
        time_ns: int,
        event: Event,
        *,
        client: int = -1,
        endpoint: int = -1,
        socket: int = -1,
        attempt: int = 0,
        conn: int = -1,
        code: int = 0,
        clean: int = -1,
        up: int = 0,
        down: int = 0,
        before: int = -1,
        after: int = -1,
        cause: Cause = Cause.NONE,
        value_ns: int = 0,
        detail: str = "",
    ) -> None:
        """Append one event; see the module's table for the columns."""
        text = self._details.setdefault(detail, len(self._details))
        self._rows.append(
            (
                time_ns,
                EVENT_CODE[event],
                client,
                endpoint,
                socket,
                attempt,
                conn,
                code,
                clean,
                up,
                down,
                int(before),
                int(after),
                CAUSE_CODE[cause],
                value_ns,
                text,
            )
        )

    def finish(self, header: dict[str, Any]) -> Trace:
        """The trace of everything recorded so far."""
        return Trace(header, np.array(self._rows, dtype=DTYPE), tuple(self._details))
