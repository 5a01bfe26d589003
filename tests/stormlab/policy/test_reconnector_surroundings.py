"""The composed policy and what happens around it: the device, the page, a person."""

from typing import Any

from hypothesis import strategies as st

from stormlab.policy import (
    CircuitBreaker,
    Consecutive,
    Constant,
    Delays,
    Exponential,
    Fact,
    Network,
    Reconnect,
    Reset,
    Span,
)

S = 1_000_000_000
POWERS = Delays(Exponential(1), cap_s=60)
BREAKER = CircuitBreaker(Consecutive(3), Constant(30))
FACTS = st.sampled_from([*Fact, "attempt", "attempt"])


def test_coming_online_brings_the_retry_forward_only_while_waiting(live: Any) -> None:
    life = live(Reconnect(POWERS, network=Network(online=Span(0, 0), resets=True))())
    for _ in range(5):
        life.refused()
    life.now += 1
    assert life.told(Fact.ONLINE) == 0
    assert life.attempt() == 0
    assert life.told(Fact.ONLINE) is None
    assert life.told(Fact.REFUSED) == 1


def test_nothing_is_attempted_offline_by_those_who_wait(live: Any) -> None:
    life = live(Reconnect(POWERS, network=Network(offline="wait"))())
    life.refused()
    life.told(Fact.OFFLINE)
    assert life.attempt() is None
    life.now += 100
    assert life.told(Fact.ONLINE) == 0
    assert life.attempt() == 0


def test_a_hidden_page_skips_its_attempt_until_it_is_seen(live: Any) -> None:
    """phoenix; a page that is seen again before the attempt falls due changes nothing."""
    life = live(Reconnect(POWERS, network=Network(hidden="skip"))())
    life.refused()
    life.told(Fact.HIDDEN)
    assert life.told(Fact.VISIBLE) is None
    life.told(Fact.HIDDEN)
    assert life.attempt() is None
    assert life.told(Fact.VISIBLE) == 0


def test_a_hidden_page_can_wait_longest(live: Any) -> None:
    network = Network(hidden="longest", hidden_s=300, visible=Span(0, 0))
    life = live(Reconnect(POWERS, network=network)())
    life.told(Fact.HIDDEN)
    assert life.refused() == 300
    assert life.told(Fact.VISIBLE) == 0


def test_surroundings_bring_the_retry_after_their_own_delay(live: Any) -> None:
    network = Network(online=Span(3, 3), visible=Span(5, 5))
    life = live(Reconnect(Delays(Constant(100)), network=network)())
    life.refused()
    life.now += 1
    answers = [life.told(fact) for fact in (Fact.OFFLINE, Fact.ONLINE, Fact.HIDDEN, Fact.VISIBLE)]
    assert answers == [None, 3, None, 5]
    deaf = live(Reconnect(Delays(Constant(100)))())
    deaf.refused()
    assert [deaf.told(fact) for fact in (Fact.ONLINE, Fact.VISIBLE)] == [None, None]


def test_both_device_and_page_must_be_back(live: Any) -> None:
    network = Network(offline="wait", hidden="skip", online=Span(0, 0))
    life = live(Reconnect(POWERS, network=network)())
    life.refused()
    life.told(Fact.OFFLINE)
    life.told(Fact.HIDDEN)
    assert life.attempt() is None
    assert life.told(Fact.ONLINE) is None
    assert life.told(Fact.VISIBLE) == 0
    assert life.attempt() == 0


def test_being_shown_may_set_the_count_back_too_and_not_while_open(live: Any) -> None:
    """phoenix: its timer's tries are set back when the page is shown without a connection."""
    rule = Reconnect(POWERS, network=Network(visible_resets=True), reset=Reset("never"))
    life = live(rule())
    life.refused()
    life.refused()
    for fact in (Fact.OFFLINE, Fact.ONLINE, Fact.HIDDEN):
        life.told(fact)
    assert life.refused() == 4
    life.told(Fact.VISIBLE)
    assert life.refused() == 1
    life.opened()
    life.told(Fact.VISIBLE)
    assert life.told(Fact.DROPPED) == 2


def test_only_coming_online_sets_the_count_back_and_not_while_open(live: Any) -> None:
    rule = Reconnect(POWERS, network=Network(resets=True), reset=Reset("never"))
    life = live(rule())
    life.refused()
    life.refused()
    for fact in (Fact.OFFLINE, Fact.HIDDEN, Fact.VISIBLE):
        life.told(fact)
    assert life.refused() == 4
    life.told(Fact.ONLINE)
    assert life.refused() == 1
    life.opened()
    life.told(Fact.ONLINE)
    assert life.told(Fact.DROPPED) == 2
    deaf = live(Reconnect(POWERS, reset=Reset("never"))())
    deaf.refused()
    deaf.told(Fact.ONLINE)
    assert deaf.refused() == 2


def test_a_person_is_heard_unless_it_is_open(live: Any) -> None:
    life = live(Reconnect(POWERS, reset=Reset("never"))())
    life.refused()
    life.refused()
    life.now += 1
    assert life.told(Fact.RETRY_BY_HAND) == 0
    assert life.refused() == 1
    life.opened()
    assert life.told(Fact.RETRY_BY_HAND) is None
    goes_on = live(Reconnect(POWERS, by_hand_resets=False)())
    goes_on.refused()
    assert goes_on.told(Fact.RETRY_BY_HAND) == 0
    assert goes_on.refused() == 2
