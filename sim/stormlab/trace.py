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

import errno
import hashlib
import json
import os
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

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
CHUNK_ROWS = 65_536
_WIDTH = len(COLUMNS)
# what a column holds when nothing is said about it; 0 where it is not named here
_UNSAID: dict[str, ArrayLike] = dict.fromkeys(
    ("client", "endpoint", "socket", "conn", "clean", "before", "after"), -1
)


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


def joined(chunks: list[NDArray[np.void]]) -> NDArray[np.void]:
    """The rows of several arrays, one after the other; empties the list, so that memory is freed.

    They are copied as bytes: NumPy copies structured rows field by field, many times slower.
    """
    if len(chunks) == 1:
        return chunks.pop()
    rows = np.empty(sum(map(len, chunks)), DTYPE)
    raw = rows.view(np.uint8)
    end = len(raw)
    while chunks:
        last = np.ascontiguousarray(chunks.pop()).view(np.uint8)
        raw[end - len(last) : end] = last
        end -= len(last)
    return rows


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
        head = [self.header, self.details]
        digest.update(json.dumps(head, sort_keys=True, separators=(",", ":")).encode())
        digest.update(np.ascontiguousarray(self.rows).view(np.uint8).data)
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
        for time_ns, event, *numbers, before, after, cause, value_ns, text in self.rows.tolist():
            words = (State(before), State(after), CAUSES[cause], value_ns, self.details[text])
            yield Row._make((time_ns, EVENTS[event], *numbers, *words))

    def save(self, path: Path) -> None:
        """Write the trace as Parquet (``.parquet``, needs pyarrow) or NumPy (``.npz``).

        The file appears whole or not at all.

        Raises:
            TraceError: for another suffix, when pyarrow is missing, or when it cannot be written.
        """
        if path.suffix not in {".npz", ".parquet"}:
            msg = f"{path}: a trace is saved as .parquet or .npz"
            raise TraceError(msg)
        meta = {
            "format": FORMAT,
            "events": [event.value for event in EVENTS],
            "causes": [cause.value for cause in CAUSES],
            "header": self.header,
            "details": list(self.details),
        }
        text = json.dumps(meta, sort_keys=True)
        part = path.with_name(f".{os.getpid()}-{path.name}")
        try:
            if path.suffix == ".npz":
                np.savez_compressed(part, rows=self.rows, meta=np.array(text))
            else:
                pa, parquet = _pyarrow(path)
                table = pa.table({name: self.rows[name] for name in COLUMNS})
                table = table.replace_schema_metadata({"stormlab": text})
                parquet.write_table(table, part, compression="zstd")
            part.replace(path)
        except OSError as error:
            msg = f"{path}: cannot be written: {error.strerror or error}"
            raise TraceError(msg) from None
        finally:
            part.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: Path) -> "Trace":
        """Read a trace that :meth:`save` wrote.

        Raises:
            TraceError: if the file is missing, damaged, or of another format.
        """
        readers = {".npz": _read_npz, ".parquet": _read_parquet}
        if path.suffix not in readers:
            msg = f"{path}: not a trace; traces end in .parquet or .npz"
            raise TraceError(msg)
        try:
            rows, text = readers[path.suffix](path)
            meta = json.loads(text)
            if meta["format"] != FORMAT:
                msg = f"{path}: trace format {meta['format']}, this version reads {FORMAT}"
                raise TraceError(msg)  # noqa: TRY301  handled below with its kind
            if rows.dtype != DTYPE or rows.ndim != 1:
                raise ValueError("columns")  # noqa: TRY301
            _recode(rows, "event", meta["events"], [event.value for event in EVENTS])
            _recode(rows, "cause", meta["causes"], [cause.value for cause in CAUSES])
            details = tuple(str(text) for text in meta["details"])
            if len(rows) and not 0 <= rows["detail"].min() <= rows["detail"].max() < len(details):
                raise ValueError("details")  # noqa: TRY301
            trace = cls(dict(meta["header"]), rows, details)
            int(trace.duration_ns)
        except TraceError:
            raise
        except OSError as error:
            reason = error.strerror or "not a stormlab trace"
            msg = f"{path}: {reason}"
            raise TraceError(msg) from None
        except Exception as error:  # whatever a library says of a damaged file
            msg = f"{path}: not a stormlab trace, or damaged ({type(error).__name__})"
            raise TraceError(msg) from error
        return trace


def _read_npz(path: Path) -> tuple[NDArray[np.void], str]:
    # opened here: NumPy leaves a file open that turns out to be damaged
    with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        return stored["rows"], str(stored["meta"])


def _read_parquet(path: Path) -> tuple[NDArray[np.void], str]:
    _, parquet = _pyarrow(path)
    if not path.is_file():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    table = parquet.read_table(path)
    rows = np.zeros(table.num_rows, dtype=DTYPE)
    for name in COLUMNS:
        rows[name] = table.column(name).to_numpy()
    return rows, table.schema.metadata[b"stormlab"].decode()


def _recode(rows: NDArray[np.void], column: str, stored: list[str], known: list[str]) -> None:
    """Turn the file's codes into this version's: the vocabulary may have grown since."""
    codes = rows[column]
    if len(codes) and not 0 <= codes.min() <= codes.max() < len(stored):
        raise ValueError(column)
    if stored != known:
        here = {name: code for code, name in enumerate(known)}
        used = set(codes.tolist())
        rows[column] = np.array(
            [here[name] if code in used else 0 for code, name in enumerate(stored)]
        )[codes]


def _pyarrow(path: Path) -> tuple[Any, Any]:
    try:
        import pyarrow as pa  # noqa: PLC0415  heavy and optional
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError:
        msg = f"{path}: Parquet needs pyarrow: pip install 'stormlab[parquet]', or use .npz"
        raise TraceError(msg) from None
    return pa, parquet


def _put(rows: NDArray[np.void], columns: dict[str, NDArray[Any]]) -> None:
    """Fill columns, and refuse what does not fit into them."""
    for name, given in columns.items():
        if name not in COLUMNS:
            raise ValueError(f"column: found '{name}'; allowed: {', '.join(COLUMNS)}")
        rows[name] = given
        if (rows[name] != given).any():
            raise ValueError(f"column {name}: a number that is not a whole {COLUMNS[name][1:]}")


@dataclass
class Recorder:
    """Collects the events of a running world; :meth:`finish` makes the trace.

    Events are kept as plain numbers, one after another, only until there are :data:`CHUNK_ROWS` of
    them, then as rows of the trace's own dtype: a long run takes 56 bytes per event.
    """

    _numbers: "array[int]" = field(default_factory=lambda: array("q"))
    _details: dict[str, int] = field(default_factory=lambda: {"": 0})
    _chunks: list[NDArray[np.void]] = field(default_factory=list)

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
        self.append(
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
                self.text(detail) if detail else 0,
            )
        )

    def append(self, row: tuple[int, ...]) -> None:
        """Append one event given as a whole row, one number per column: for hot places."""
        self._numbers.extend(row)
        if len(self._numbers) >= CHUNK_ROWS * _WIDTH:
            self._flush()

    def text(self, detail: str) -> int:
        """The number that stands for a detail string in a row."""
        return self._details.setdefault(detail, len(self._details))

    def add_many(
        self,
        time_ns: NDArray[np.int64],
        event: Event,
        *,
        cause: Cause = Cause.NONE,
        detail: str = "",
        **columns: ArrayLike,
    ) -> None:
        """Append one event of the same kind per entry of ``time_ns``, in that order.

        For worlds that know many events at once. ``columns``: any other column by name, an array
        as long as ``time_ns`` or one number for all; what is not given is as in :meth:`add`. The
        caller keeps the order of time, also against what :meth:`add` records.

        Raises:
            ValueError: for an unknown column, another length, or a number that has no place in it.
        """
        text = self._details.setdefault(detail, len(self._details))
        codes = {"event": EVENT_CODE[event], "cause": CAUSE_CODE[cause], "detail": text}
        said = {
            name: np.asarray(value)
            for name, value in (_UNSAID | columns | codes | {"time_ns": time_ns}).items()
        }
        pattern = np.zeros((), dtype=DTYPE)
        _put(pattern, {name: value for name, value in said.items() if not value.ndim})
        rows = np.repeat(pattern[None], len(time_ns))
        _put(rows, {name: value for name, value in said.items() if value.ndim})
        self._flush()
        self._chunks.append(rows)

    def finish(self, header: dict[str, Any]) -> Trace:
        """The trace of everything recorded so far."""
        self._flush()
        self._chunks = [joined(self._chunks)]
        return Trace(header, self._chunks[0], tuple(self._details))

    def _flush(self) -> None:
        """Turn the numbers into rows."""
        if self._numbers or not self._chunks:
            columns = np.array(self._numbers, dtype=np.int64).reshape(-1, _WIDTH).T
            rows = np.zeros(columns.shape[1], dtype=DTYPE)
            _put(rows, dict(zip(COLUMNS, columns, strict=True)))
            self._chunks.append(rows)
            self._numbers = array("q")
