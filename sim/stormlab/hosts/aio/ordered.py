"""A set that is gone through in the order of insertion."""

from collections.abc import Iterator, MutableSet
from typing import TypeVar

T = TypeVar("T")


class OrderedSet(MutableSet[T]):
    """In place of uvicorn's sets of connections and tasks, which are hashed by address."""

    def __init__(self) -> None:
        self._items: dict[int, T] = {}

    def __contains__(self, item: object) -> bool:
        return id(item) in self._items

    def __iter__(self) -> Iterator[T]:
        return iter(self._items.values())

    def __len__(self) -> int:
        return len(self._items)

    def add(self, value: T) -> None:
        """Insert at the end, if it is not there."""
        self._items.setdefault(id(value), value)

    def discard(self, value: T) -> None:
        """Take out, if it is there."""
        self._items.pop(id(value), None)
