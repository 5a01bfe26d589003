"""Writes the tables of a document from runs, so that no figure is copied by hand.

In the document a table stands between two comments, ``<!-- table: NAME -->`` and ``<!-- end -->``,
each on a line of its own. What is between them is replaced by what is true now; everything else
stays as it is.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from stormlab.console import fail

_BEGIN = re.compile(r"<!-- table: (.*) -->")
_END = "<!-- end -->"


class DocumentError(ValueError):
    """The comments in a document do not pair up or name what there is; one line says where."""


def blocks(text: str) -> dict[str, str]:
    """What stands between the comments now, by name of the table.

    Raises:
        DocumentError: if a comment is not ended or not begun, or a name is there twice.
    """
    found: dict[str, list[str]] = {}
    name: str | None = None
    for number, line in enumerate(text.splitlines(), 1):
        begin = _BEGIN.fullmatch(line)
        if name is None and line == _END:
            raise DocumentError(f"line {number}: found an end; allowed: after the begin of a table")
        if name is not None and begin:
            raise DocumentError(f"line {number}: found {line}; allowed: first the end of {name}")
        if begin:
            name = begin[1]
            if name in found:
                raise DocumentError(f"line {number}: table {name}: found a second time")
            found[name] = []
        elif line == _END:
            name = None
        elif name is not None:
            found[name].append(line)
    if name is not None:
        raise DocumentError(f"table {name}: found no {_END} after it")
    return {name: "\n".join(lines).strip("\n") for name, lines in found.items()}


def rewritten(text: str, tables: Mapping[str, Callable[[], str]]) -> str:
    """The document with every table as it is now.

    Raises:
        DocumentError: as :func:`blocks`, or if a table is unknown or missing.
    """
    found = blocks(text)
    for name in found:
        if name not in tables:
            raise DocumentError(f"table: found {name}; allowed: {', '.join(tables)}")
    if missing := [name for name in tables if name not in found]:
        raise DocumentError(f"table: missing: {', '.join(missing)}")
    return "".join(_lines(text, {name: tables[name]() for name in found}))


def kept(document: Path, name: str) -> Callable[[], str]:
    """A table of a file as it stands, for documents whose tables come from several commands."""
    return lambda: blocks(document.read_text(encoding="utf-8"))[name]


def _lines(text: str, made: Mapping[str, str]) -> Iterator[str]:
    inside = False
    for line in text.splitlines(keepends=True):
        begin = _BEGIN.fullmatch(line.rstrip("\n"))
        inside = inside and line.rstrip("\n") != _END
        if not inside:
            yield line
        if begin:
            inside = True
            yield f"\n{made[begin[1]]}\n\n"


def rewrite(document: Path, tables: Mapping[str, Callable[[], str]]) -> None:
    """Rewrite the tables in a file; one that cannot be rewritten stays as it is, and is named."""
    try:
        before = document.read_text(encoding="utf-8")
        after = rewritten(before, tables)
        if after != before:
            document.write_text(after, encoding="utf-8", newline="\n")
    except OSError as error:
        fail(f"{document}: {error.strerror or error}")
    except UnicodeDecodeError as error:
        fail(f"{document}: not a text file (byte {error.start} is not UTF-8)")
    except DocumentError as error:
        fail(f"{document}: {error}")
