"""Columns of equal length as a file: Parquet, or ``.npz`` where pyarrow is missing.

Equal columns are equal bytes under the same pyarrow: fixed settings of the writer, no dates. NaN
becomes null in Parquet and stays NaN in ``.npz``; infinities stay. The metadata is one JSON text.
"""

import io
import json
import math
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

META = "stormlab"
SUFFIXES = (".parquet", ".npz")
MISSING = "pip install 'stormlab[parquet]'"

Columns = Mapping[str, Sequence[Any]]


def suffix() -> str:
    """The ending of what can be written here: Parquet if pyarrow is installed."""
    try:
        import pyarrow  # noqa: ICN001, F401, PLC0415  heavy and optional
    except ImportError:
        return SUFFIXES[1]
    return SUFFIXES[0]


def write(
    path: Path, columns: Columns, metadata: Mapping[str, Any], ending: str | None = None
) -> None:
    """Write columns; the caller makes the file appear whole.

    ``columns``: texts, whole numbers, or numbers, one kind in each. ``ending``: one of
    :data:`SUFFIXES`, None: that of ``path``.
    """
    text = json.dumps(metadata, sort_keys=True, ensure_ascii=False)
    (_write_parquet if (ending or path.suffix) == SUFFIXES[0] else _write_npz)(path, columns, text)


def read(path: Path) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    """Read columns and metadata that :func:`write` wrote; whatever a damaged file raises."""
    # read at once, so that a file that is replaced meanwhile is not held
    data = io.BytesIO(path.read_bytes())
    if path.suffix == SUFFIXES[0]:
        from pyarrow import parquet  # noqa: PLC0415  heavy and optional

        table = parquet.read_table(data)
        return table.to_pydict(), json.loads(table.schema.metadata[META.encode()])
    with np.load(data, allow_pickle=False) as stored:
        columns = {name: stored[name].tolist() for name in stored.files}
    return columns, json.loads(columns.pop(META)[0])


def _write_parquet(path: Path, columns: Columns, text: str) -> None:
    import pyarrow as pa  # noqa: PLC0415  heavy and optional
    from pyarrow import parquet  # noqa: PLC0415

    arrays = {
        name: pa.array([None if _is_nan(value) else value for value in values])
        for name, values in columns.items()
    }
    table = pa.table(arrays).replace_schema_metadata({META: text})
    parquet.write_table(table, path, compression="zstd", version="2.6", data_page_version="1.0")


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _write_npz(path: Path, columns: Columns, text: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:  # not numpy.savez, which takes names for options
        for name, values in {**columns, META: [text]}.items():
            entry = zipfile.ZipInfo(f"{name}.npy")
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w") as part:
                np.lib.format.write_array(part, np.asarray(values), allow_pickle=False)
