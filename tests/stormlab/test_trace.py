"""The record of a run: what is saved comes back, and every column counts."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from stormlab import trace as module
from stormlab.trace import COLUMNS, DTYPE, Recorder, Row, Trace, TraceError, joined
from stormlab.vocabulary import Cause, Event, State

SUFFIXES = (".npz", ".parquet")


def recorded(**columns: Any) -> Trace:
    """A trace of one event with these columns."""
    recorder = Recorder()
    recorder.add(5, Event.OPEN, **columns)
    return recorder.finish({"duration_ns": 10, "endpoints": ["queue"]})


def test_a_row_reads_in_plain_words() -> None:
    columns: dict[str, Any] = {
        "client": 1,
        "endpoint": 2,
        "socket": 3,
        "attempt": 4,
        "conn": 5,
        "code": 1006,
        "clean": 0,
        "up": 7,
        "down": 8,
        "before": 0,
        "after": 3,
        "cause": Cause.REFUSED,
        "value_ns": 9,
        "detail": "why",
    }
    words = columns | {"before": State.CONNECTING, "after": State.CLOSED}
    assert list(recorded(**columns)) == [Row(time_ns=5, event=Event.OPEN, **words)]


def test_what_is_not_said_does_not_apply() -> None:
    (row,) = recorded()
    none = (row.client, row.endpoint, row.socket, row.conn, row.clean, row.before, row.after)
    assert none == (-1,) * 7
    assert (row.attempt, row.code, row.up, row.down, row.value_ns, row.detail) == (0,) * 5 + ("",)
    assert row.cause is Cause.NONE


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_saved_comes_back(small_trace: Trace, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"run{suffix}"
    small_trace.save(path)
    loaded = Trace.load(path)
    assert loaded.hash == small_trace.hash
    assert list(loaded) == list(small_trace)
    assert loaded.header == small_trace.header
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_empty_trace_can_be_saved(tmp_path: Path, suffix: str) -> None:
    empty = Recorder().finish({"duration_ns": 0})
    empty.save(tmp_path / f"run{suffix}")
    assert Trace.load(tmp_path / f"run{suffix}").hash == empty.hash


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2**62),
            st.sampled_from(Event),
            st.integers(-1, 2**31 - 1),
            st.sampled_from(Cause),
            st.text(max_size=9),
        ),
        max_size=20,
    )
)
def test_any_rows_survive_the_table(rows: list[tuple[int, Event, int, Cause, str]]) -> None:
    recorder = Recorder()
    for time_ns, event, client, cause, detail in rows:
        recorder.add(time_ns, event, client=client, cause=cause, detail=detail)
    back = [
        (row.time_ns, row.event, row.client, row.cause, row.detail)
        for row in recorder.finish({"duration_ns": 0})
    ]
    assert back == rows


@pytest.mark.parametrize("column", COLUMNS)
def test_every_column_changes_the_hash(small_trace: Trace, column: str) -> None:
    rows = small_trace.rows.copy()
    rows[column][3] += 1
    assert Trace(small_trace.header, rows, small_trace.details).hash != small_trace.hash


def test_header_details_and_order_change_the_hash(small_trace: Trace) -> None:
    header, rows, details = small_trace.header, small_trace.rows, small_trace.details
    others = [
        Trace({**header, "seed": 8}, rows, details),
        Trace(header, rows, (*details[:-1], "other")),
        Trace(header, rows[::-1], details),
        Trace(header, rows[:-1], details),
    ]
    assert len({small_trace.hash, *(other.hash for other in others)}) == 5


def test_details_that_join_to_the_same_text_differ_in_hash() -> None:
    rows = np.zeros(0, dtype=DTYPE)
    assert Trace({}, rows, ("", "a\0b")).hash != Trace({}, rows, ("", "a", "b")).hash


def test_the_hash_does_not_ask_for_the_order_of_the_header() -> None:
    rows = np.zeros(0, dtype=DTYPE)
    assert Trace({"a": 1, "b": 2}, rows).hash == Trace({"b": 2, "a": 1}, rows).hash


def test_rows_are_picked_by_kind(small_trace: Trace) -> None:
    picked = small_trace.of(Event.OPEN, Event.CLOSE)
    assert len(picked) == small_trace.count(Event.OPEN, Event.CLOSE) == 6
    assert small_trace.text(small_trace.of(Event.FAULT)[0]) == "crash"
    assert len(small_trace) == len(list(small_trace))
    assert small_trace.endpoints == ("queue", "routes")
    assert small_trace.duration_ns == 20 * 10**9


# --- Many events --------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 7])
def test_chunks_do_not_show(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def trace() -> Trace:
        recorder = Recorder()
        for number in range(count):
            recorder.add(number, Event.OPEN, client=number, detail=str(number % 3))
        return recorder.finish({"duration_ns": 9})

    whole = trace()
    monkeypatch.setattr(module, "CHUNK_ROWS", 2)
    assert len(whole) == count
    assert trace().hash == whole.hash


def test_a_long_run_keeps_rows_not_tuples() -> None:
    recorder = Recorder()
    for number in range(module.CHUNK_ROWS + 1):
        recorder.add(number, Event.OPEN)
    assert [len(chunk) for chunk in recorder._chunks] == [module.CHUNK_ROWS]
    assert len(recorder._numbers) == len(COLUMNS)
    assert DTYPE.itemsize == 56


def test_many_events_are_the_same_as_one_by_one() -> None:
    times, clients = np.array([3, 5, 8]), np.array([2, 0, 1])
    single, many = Recorder(), Recorder()
    for recorder in (single, many):
        recorder.add(1, Event.UP, detail="first")
    for time_ns, client in zip(times, clients, strict=True):
        single.add(
            int(time_ns), Event.NEW, client=int(client), attempt=4, cause=Cause.RESET, detail="why"
        )
    many.add_many(times, Event.NEW, client=clients, attempt=4, cause=Cause.RESET, detail="why")
    for recorder in (single, many):
        recorder.add(9, Event.KILLED)
    header = {"duration_ns": 10}
    assert list(many.finish(header)) == list(single.finish(header))


def test_many_can_be_none() -> None:
    recorder = Recorder()
    recorder.add_many(np.zeros(0, dtype=np.int64), Event.NEW)
    assert len(recorder.finish({})) == 0


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"clients": 1}, "column: found 'clients'"),
        ({"client": [1, 2]}, "could not broadcast"),
        ({"client": [1, 2, 2**40]}, "column client: a number that is not a whole i4"),
        ({"value_ns": [1, 2, 0.5]}, "column value_ns: a number that is not a whole i8"),
    ],
)
def test_many_events_that_do_not_fit_are_refused(columns: dict[str, Any], said: str) -> None:
    recorder = Recorder()
    with pytest.raises(ValueError, match=said):
        recorder.add_many(np.array([1, 2, 3]), Event.NEW, **columns)
    assert len(recorder.finish({})) == 0


# --- Files that are not traces -------------------------------------------------------------------


def damaged(path: Path, **changes: Any) -> Path:
    """Save a trace as .npz with a changed meta or rows."""
    meta = {
        "format": module.FORMAT,
        "events": [event.value for event in Event],
        "causes": [cause.value for cause in Cause],
        "header": {"duration_ns": 10},
        "details": [""],
    }
    rows = changes.pop("rows", np.zeros(1, dtype=DTYPE))
    meta |= changes
    np.savez(path, rows=rows, meta=np.array(json.dumps(meta)))
    return path


def test_the_undamaged_pattern_loads(tmp_path: Path) -> None:
    assert len(Trace.load(damaged(tmp_path / "a.npz"))) == 1


def one_row(**columns: int) -> np.ndarray[Any, np.dtype[np.void]]:
    rows = np.zeros(1, dtype=DTYPE)
    for name, value in columns.items():
        rows[name] = value
    return rows


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": 99}, "trace format 99, this version reads 1"),
        ({"rows": np.zeros(3)}, "damaged"),
        ({"rows": one_row(event=999)}, "damaged"),
        ({"rows": one_row(cause=-1)}, "damaged"),
        ({"rows": one_row(detail=7)}, "damaged"),
        ({"header": {}}, "damaged"),
        ({"header": 3}, "damaged"),
        ({"details": 3}, "damaged"),
        ({"events": ["page.unheard"]}, "damaged"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    path = damaged(tmp_path / "a.npz", **changes)
    with pytest.raises(TraceError, match=said) as refused:
        Trace.load(path)
    assert str(refused.value).startswith(f"{path}: ")


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kept", [0, 1, 100, -1])
def test_a_truncated_file_is_refused(
    small_trace: Trace, tmp_path: Path, suffix: str, kept: int
) -> None:
    path = tmp_path / f"run{suffix}"
    small_trace.save(path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(TraceError, match="not a stormlab trace, or damaged"):
        Trace.load(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_missing_file_is_named(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(TraceError, match=r"none.*: No such file or directory"):
        Trace.load(tmp_path / f"none{suffix}")


def test_another_kind_of_parquet_is_refused(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"a": [1]}), tmp_path / "a.parquet")
    with pytest.raises(TraceError, match="not a stormlab trace"):
        Trace.load(tmp_path / "a.parquet")


def test_other_suffixes_are_refused(small_trace: Trace, tmp_path: Path) -> None:
    with pytest.raises(TraceError, match=r"saved as .parquet or .npz"):
        small_trace.save(tmp_path / "a.csv")
    with pytest.raises(TraceError, match=r"traces end in .parquet or .npz"):
        Trace.load(tmp_path / "a.csv")


def test_a_folder_that_is_not_there_is_named(small_trace: Trace, tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="cannot be written: No such file"):
        small_trace.save(tmp_path / "none" / "a.npz")


def test_a_failed_save_leaves_the_old_file(
    small_trace: Trace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.npz"
    path.write_text("old")

    def full(file: Path, **_: Any) -> None:
        file.write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(TraceError, match="No space left"):
        small_trace.save(path)
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.npz"]


def test_without_pyarrow_the_way_out_is_said(
    small_trace: Trace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(TraceError, match=r"pip install 'stormlab\[parquet\]', or use \.npz"):
        small_trace.save(tmp_path / "a.parquet")


def test_a_file_with_a_shorter_vocabulary_is_read_by_name(tmp_path: Path) -> None:
    """A later version may add an event in the middle; the codes of old files then shift."""
    old = ["page.open", "page.close"]
    rows = np.zeros(2, dtype=DTYPE)
    rows["event"] = [1, 0]
    loaded = Trace.load(damaged(tmp_path / "a.npz", rows=rows, events=old))
    assert [row.event for row in loaded] == [Event.CLOSE, Event.OPEN]


@given(st.lists(st.integers(0, 5), max_size=5), st.data())
def test_rows_are_put_one_after_the_other(lengths: list[int], data: st.DataObject) -> None:
    chunks = []
    for number, length in enumerate(lengths):
        rows = np.zeros(2 * length, DTYPE)
        rows["time_ns"], rows["client"] = np.arange(2 * length), number
        apart = data.draw(st.booleans())  # not contiguous, as a selection may be
        chunks.append(rows[::2] if apart else rows[:length])
    expected = np.concatenate([np.empty(0, DTYPE), *chunks])
    assert joined(chunks).tolist() == expected.tolist()
    assert chunks == []


def test_a_recorder_can_finish_and_go_on() -> None:
    recorder = Recorder()
    recorder.add(1, Event.OPEN)
    first = recorder.finish({})
    recorder.add(2, Event.CLOSE)
    assert [len(first), len(recorder.finish({})), len(recorder.finish({}))] == [1, 2, 2]
    assert first.hash == Trace({}, first.rows.copy()).hash
