"""What planted faults are made of."""

from collections.abc import Callable

import pytest

from stormlab.policy import Policy, Walked, terms_of
from stormlab.properties.promises import Subject
from stormlab_models.planted.parts import (
    EQUAL,
    FULL,
    TERMS,
    Careful,
    Claiming,
    declared_by,
    rule,
)

Walk = Callable[[Policy, int], Walked]


def test_the_careful_policy_waits_as_its_declaration_says(walk: Walk) -> None:
    walked = walk(Careful(), 8).delays_ns
    assert walked == walk(rule(EQUAL)(), 8).delays_ns
    for index, delay_ns in enumerate(walked):
        support = Careful.declared.supports(index)
        assert support is not None
        assert support.contains(delay_ns)


def test_what_claims_does_one_thing_and_says_another(walk: Walk) -> None:
    claiming = Claiming(does=rule(EQUAL), says=rule(FULL))
    assert walk(claiming(), 4).delays_ns == walk(rule(EQUAL)(), 4).delays_ns
    said, full = Subject.of(claiming).declared, declared_by(rule(FULL))
    assert [said.supports(n) for n in range(4)] == [full.supports(n) for n in range(4)]
    assert terms_of(claiming()) == TERMS


@pytest.mark.parametrize("count", [1, 3])
def test_a_group_has_as_many_as_asked_for(count: int) -> None:
    assert len(Claiming(rule(), rule()).make_group(count)) == count
