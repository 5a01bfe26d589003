"""From a place in a bundle back to the source that a person wrote: source maps, version 3.

The engine knows lines and columns of the bundle. What bundled it, esbuild, wrote beside it where
each piece came from (https://tc39.es/ecma426/, "Mappings structure"): numbers in base 64, each the
difference to the one before, which take thirty lines to read. It is read once for each code, when
its first error is told: most runs have none.
"""

import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

_DIGITS = {
    digit: value
    for value, digit in enumerate(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    )
}
_MORE, _BITS = 32, 5  # a digit has five bits, and one that says that more of them follow
PACKAGES = "node_modules/"
Frame = tuple[int, int]  # line and column in the text of a code, from 1
_Piece = tuple[int, str, int, int]  # column of the bundle; file, line and column of the source


class MapError(ValueError):
    """A text that is no source map."""


def numbers(text: str) -> list[int]:
    """Read one group of numbers in base 64 (VLQ: least digits first, the lowest bit is the sign).

    Raises:
        MapError: a character that is no digit, or a number without an end.
    """
    found, value, shift = [], 0, 0
    for character in text:
        digit = _DIGITS.get(character)
        if digit is None:
            raise MapError(f"found {character!r}; allowed: digits in base 64")
        value += (digit & (_MORE - 1)) << shift
        shift += _BITS
        if not digit & _MORE:
            found.append(-(value >> 1) if value & 1 else value >> 1)
            value = shift = 0
    if shift:
        raise MapError(f"a number without an end: {text!r}")
    return found


def pieces(source_map: str) -> list[list[_Piece]]:
    """For each line of the bundle its pieces, in order of their columns; both from 0.

    Raises:
        MapError: not a source map of version 3.
    """
    try:
        document = json.loads(source_map)
        version, sources, mappings = (document[key] for key in ("version", "sources", "mappings"))
    except (ValueError, KeyError, TypeError) as error:
        raise MapError(f"not a source map: {error}") from None
    if version != 3:  # noqa: PLR2004  the only one there is
        raise MapError(f"version: found {version}; allowed: 3")
    lines: list[list[_Piece]] = []
    source = line = column = 0
    for row in mappings.split(";"):
        own: list[_Piece] = []
        at = 0
        for group in filter(None, row.split(",")):
            given = numbers(group)
            at += given[0]
            if len(given) < 4:  # noqa: PLR2004  a piece that comes from nowhere ends the one before
                own.append((at, "", 0, 0))
                continue
            source, line, column = source + given[1], line + given[2], column + given[3]
            own.append((at, _shown(sources[source]), line, column))
        lines.append(own)
    return lines


def _shown(source: str) -> str:
    """A source as it is told: from its last ``node_modules`` on, wherever that lies."""
    before, found, rest = source.rpartition(PACKAGES)
    del before
    return found + rest


@dataclass(frozen=True)
class Places:
    """What an engine's places mean.

    ``source_map``: of the bundle, as JSON; empty: there is none. ``lines``: how many lines the
    bundle has; what comes after it is the start code, whose lines are told as ``start()``'s, or not
    at all (``tells_start``) where it is not the user's.
    """

    source_map: str = ""
    lines: int = 0
    tells_start: bool = False

    @cached_property
    def _pieces(self) -> list[list[_Piece]]:
        try:
            return pieces(self.source_map) if self.source_map else []
        except MapError:  # of a bundle that was kept: without places then
            return []

    def at(self, frame: Frame) -> str:
        """One place: ``client.ts:42:7``; empty: not of anybody's source."""
        line, column = frame
        if line > self.lines > 0:
            return f"start():{line - self.lines}:{column}" if self.tells_start else ""
        if not 0 < line <= len(self._pieces):
            return ""
        row = self._pieces[line - 1]
        index = bisect_right(row, column - 1, key=lambda piece: piece[0]) - 1
        if index < 0 or not row[index][1]:
            return ""
        _, source, line_of_source, column_of_source = row[index]
        return f"{source}:{line_of_source + 1}:{column_of_source + 1}"

    def told(self, frames: Sequence[Frame]) -> str:
        """Where an error was made, innermost frame first; empty: not known.

        The first place; if that is a package's, also whose code had called it.
        """
        return _told(self, tuple(frames))


@lru_cache(maxsize=512)
def _told(places: Places, frames: tuple[Frame, ...]) -> str:
    found = [place for place in map(places.at, frames) if place]
    if not found:
        return ""
    first = found[0]
    own = [place for place in found if not place.startswith(PACKAGES)]
    if not first.startswith(PACKAGES) or not own:
        return first
    return f"{first}, called from {own[0]}"
