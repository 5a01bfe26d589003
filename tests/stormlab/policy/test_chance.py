"""The host's side of chance."""

from stormlab.draws import Draws
from stormlab.policy import AddressedChance, Scope
from stormlab.policy.chance import address

DRAWS = Draws(7)
SCOPES: tuple[Scope, ...] = ("attempt", "client", "page")


def draw(scope: Scope, **where: int) -> float:
    return AddressedChance(DRAWS, **{"client": 1, **where}).unit("jitter", scope)


def test_an_attempt_s_draw_changes_with_the_decision() -> None:
    assert draw("attempt", ordinal=1) != draw("attempt", ordinal=2)
    assert draw("attempt", ordinal=1) == draw("attempt", ordinal=1)
    assert draw("attempt", socket=1) != draw("attempt", socket=2)


def test_a_client_s_draw_lasts() -> None:
    assert draw("client", ordinal=1) == draw("client", ordinal=2)
    assert draw("client", socket=1) != draw("client", socket=2)


def test_a_page_s_draw_is_shared_until_it_is_loaded_again() -> None:
    assert draw("page", socket=1, ordinal=3) == draw("page", socket=2, ordinal=4)
    assert draw("page", page_load=0) != draw("page", page_load=1)
    assert draw("page", client=1) != draw("page", client=2)


def test_scopes_do_not_collide() -> None:
    assert len({draw(scope) for scope in SCOPES}) == 3


def test_addresses_do_not_collide() -> None:
    assert len({address(client, socket) for client in range(9) for socket in range(9)}) == 81
