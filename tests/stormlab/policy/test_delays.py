"""A policy taken for a walk."""

from stormlab.draws import Draws
from stormlab.policy import (
    AddressedChance,
    Delays,
    Exponential,
    Full,
    Network,
    Policy,
    Reconnect,
    Reset,
    Span,
    Stop,
    Table,
    TokenBucket,
    delays,
)
from stormlab.policy.reconnector import USED_UP

S = 1_000_000_000


def chance(client: int = 1) -> AddressedChance:
    return AddressedChance(Draws(1), client)


def test_every_delay_is_drawn_anew_and_addressed() -> None:
    rule = Reconnect(Delays(Exponential(1), Full(), 8))
    walked = delays(rule(), 50, chance())
    assert len(set(walked.delays_ns)) == 50
    assert walked.delays_ns == delays(rule(), 50, chance()).delays_ns
    assert walked.delays_ns != delays(rule(), 50, chance(2)).delays_ns
    assert all(0 <= delay < 8 * S for delay in walked.delays_ns)


def test_the_walk_ends_where_the_policy_does() -> None:
    signalr = Reconnect(Delays(Table((0, 2, 10, 30), then="stop")))
    walked = delays(signalr(), 9, chance(), dropped_first=True)
    assert walked.delays_ns == [0, 2 * S, 10 * S, 30 * S]
    assert (walked.stop, walked.silent) == (Stop(USED_UP), False)


def test_a_drop_comes_first_when_asked_for() -> None:
    rule = Reconnect(
        Delays(Exponential(1)), Span(0, 0), drop_counts=False, reset=Reset("stable", 5)
    )
    assert delays(rule(), 3, chance(), dropped_first=True).delays_ns == [0, S, 2 * S]
    assert delays(rule(), 3, chance()).delays_ns == [S, 2 * S, 4 * S]


def test_a_postponed_attempt_is_followed() -> None:
    rule = Reconnect(Delays(Table((1,))), budget=TokenBucket(0.1, 1))
    assert delays(rule(), 4, chance()).delays_ns == [S, 10 * S, 10 * S, 10 * S]


class Silent:
    """Refuses every attempt and says nothing."""

    def on(self, happened: object, chance: object) -> None:
        """Nothing."""

    def may_attempt(self, time_ns: int) -> bool:
        return time_ns < 0


def test_silence_is_noted() -> None:
    policy: Policy = Silent()
    walked = delays(policy, 3, chance())
    assert (walked.delays_ns, walked.stop, walked.silent) == ([], None, True)
    offline = Reconnect(Delays(Table((1,))), network=Network(offline="wait"))
    assert delays(offline(), 2, chance()).delays_ns == [S, S]
