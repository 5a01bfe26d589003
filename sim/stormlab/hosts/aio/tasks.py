"""Tasks that know their place in the order of creation, and are hashed by it.

``asyncio.wait`` gives sets of tasks. Hashed by address, as all objects are, they would be gone
through in another order in every run.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class NumberedTask(asyncio.Task[T]):
    """A task with the number of its creation in its loop."""

    def __init__(
        self, coro: Coroutine[Any, Any, T], *, number: int, hashed: bool = True, **kwargs: Any
    ) -> None:
        self.number = number
        self._hash = number if hashed else object.__hash__(self)
        super().__init__(coro, **kwargs)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other
