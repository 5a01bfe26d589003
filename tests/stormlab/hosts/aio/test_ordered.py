import pytest

from stormlab.hosts.aio.ordered import OrderedSet


def test_it_keeps_the_order_of_insertion() -> None:
    things = [[n] for n in range(20)]  # lists have no hash
    ordered: OrderedSet[list[int]] = OrderedSet()
    for thing in things:
        ordered.add(thing)
    ordered.add(things[3])
    assert list(ordered) == things
    assert len(ordered) == 20
    ordered.remove(things[0])
    ordered.discard(things[0])
    assert list(ordered) == things[1:]
    assert things[0] not in ordered
    with pytest.raises(KeyError):
        ordered.remove(things[0])
