from typing import Any

from stormlab.hosts.aio import World
from stormlab.hosts.aio.tasks import NumberedTask


def test_tasks_are_hashed_by_their_number() -> None:
    found: list[Any] = []

    async def main() -> None:
        import asyncio  # noqa: PLC0415

        own = asyncio.current_task()
        other = asyncio.create_task(asyncio.sleep(0))
        found.extend([own, other])
        await other

    world = World()
    world.client(main)
    world.run(1)
    first, second = found
    assert isinstance(first, NumberedTask)
    assert [hash(first), hash(second)] == [first.number, second.number]
    assert first.number < second.number
    assert first == first  # noqa: PLR0124  that is the point
    assert first != second
    assert len({first, second}) == 2
