"""Numbers of a memory: a list for the reference, an address for the compiled fleet."""

from typing import Any


def get(ring: Any, place: int) -> int:
    """A number of a memory."""
    found: int = ring[place]
    return found


def put(ring: Any, place: int, number: int) -> None:
    """Set a number of a memory."""
    ring[place] = number


def value(table: Any, place: int) -> float:
    """A value of a table."""
    found: float = table[place]
    return found
