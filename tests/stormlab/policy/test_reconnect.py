"""The parameters of a policy, and what can be known from them."""

from stormlab.policy import (
    CircuitBreaker,
    Constant,
    Delays,
    Exponential,
    Full,
    Network,
    Policy,
    Reconnect,
    Reconnector,
    RetryAt,
    Scope,
    Span,
    Table,
    first_attempt,
    policies_for_client,
)

S = 1_000_000_000


class Half:
    """Chance that always says one half."""

    def unit(self, purpose: str, scope: Scope = "attempt") -> float:
        del purpose, scope
        return 0.5


def test_a_reconnect_is_a_factory() -> None:
    rule = Reconnect(Delays(Constant(1)))
    assert rule() is not rule()
    policy: Policy = rule.make()
    assert isinstance(policy, Reconnector)


def test_supports_follow_from_the_parameters() -> None:
    rule = Reconnect(Delays(Exponential(1), Full(), 30), attempts_max=7)
    told = [None if (found := rule.support(n)) is None else found.text for n in range(9)]
    assert told[:6] == ["0 to 1 s", "0 to 2 s", "0 to 4 s", "0 to 8 s", "0 to 16 s", "0 to 30 s"]
    assert told[7:] == [None, None]
    assert Reconnect(Delays(Table((1,), then="stop"))).support(1) is None


def test_the_first_delay_after_a_drop_is_known() -> None:
    ten = Delays(Constant(10), Full())
    own = Reconnect(ten, first_after_drop=Span(0, 5)).support_after_drop()
    usual = Reconnect(ten).support_after_drop()
    begun = Reconnect(ten, counted_from="attempt").support_after_drop()
    less = Reconnect(Delays(Constant(10), less_elapsed=True)).support_after_drop()
    told = [found.text for found in (own, usual, begun, less) if found]
    assert told == ["0 to 5 s", "0 to 10 s", "exactly 0 s", "exactly 0 s"]


def test_the_first_attempt_of_all_may_wait() -> None:
    late = Reconnect(Delays(Constant(1)), first_connect=Span(0, 5))
    assert first_attempt(late(), 3 * S, Half()) == RetryAt(3 * S + 5 * S // 2)
    assert first_attempt(Reconnect(Delays(Constant(1)))(), 3 * S, Half()) == RetryAt(3 * S)


class Own:
    """A policy that is no composition."""

    def on(self, happened: object, chance: object) -> None:
        """Nothing."""

    def may_attempt(self, time_ns: int) -> bool:
        return time_ns >= 0


def test_the_policies_of_a_client_belong_together_where_they_can() -> None:
    shared = Reconnect(Delays(Constant(1)), breaker=CircuitBreaker(), shared="client")
    group = policies_for_client(shared, 3)
    breakers = {id(policy.breaker) for policy in group if isinstance(policy, Reconnector)}
    assert (len(group), len(breakers)) == (3, 1)
    own = policies_for_client(Own, 3)
    assert len({id(policy) for policy in own}) == 3


def test_notice_of_the_network_is_told_to_people() -> None:
    network = Network(online=Span(0, 0), offline="wait", hidden="skip")
    assert network.words == "online: retry after 0 s; offline: wait; hidden: skip until visible"
    assert Network().words == ""


def test_the_first_attempt_of_all_takes_the_first_delay() -> None:
    for schedule in (Delays(Exponential(2)), Delays(Constant(2), less_elapsed=True)):
        late = Reconnect(Delays(Constant(1)), first_connect=schedule)
        assert first_attempt(late(), 3 * S, Half()) == RetryAt(5 * S)
