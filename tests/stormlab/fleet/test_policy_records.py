from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import pytest

from stormlab.fleet.policy_records import NotCompiledError, policy_tables
from stormlab.policy import (
    Chance,
    CircuitBreaker,
    Constant,
    Delays,
    Exponential,
    Fact,
    Happened,
    RateInWindow,
    Reconnect,
    Stages,
    Table,
)
from stormlab.policy.schedule import Moment, Schedule
from stormlab.policy.walks import Decorrelated, Grown

ENDS = [Happened(Fact.REFUSED, 0, code=1006), Happened(Fact.DROPPED, 0, code=1012)]
POLICY = Reconnect(Delays(Constant(1.0)))


@dataclass(frozen=True)
class Own(Constant):
    """A backoff of one's own is asked like any other."""

    def base_ms(self, n: int) -> float:
        return 100.0 * min(n, 3)


class Odd(Constant):
    """A schedule of one's own cannot be written down."""

    def delay_ns(self, n: int, moment: Moment) -> int:
        del moment
        return n


def delays_of(policy: Reconnect, count: int) -> list[float]:
    """The first base delays in the tables of a policy's usual schedule."""
    tables = policy_tables(policy, ENDS)
    floats = next(each for each in tables.arrays if each.dtype == np.float64)
    return [float(each) for each in floats[:count]]


def test_a_backoff_becomes_what_it_gives() -> None:
    assert delays_of(Reconnect(Delays(Exponential(0.5, 2.0))), 4) == [500, 1000, 2000, 4000]
    assert delays_of(Reconnect(Delays(Own(0.0))), 5) == [0, 100, 200, 300, 300]
    listed = Table((1.0, 1.0, 2.0, 2.0, 5.0))
    assert delays_of(Reconnect(Delays(listed)), 5) == [1000, 1000, 2000, 2000, 5000]


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (Chance, "a policy that is a class of its own, not made of parts"),
        (replace(POLICY, schedule=cast("Schedule", Odd(1.0))), r"a schedule of one's own \(Odd\)"),
        (
            replace(POLICY, breaker=CircuitBreaker(RateInWindow(buckets=0))),
            r"a breaker whose window moves with every result \(buckets = 0\)",
        ),
        (
            replace(POLICY, schedule=Stages(((1, Decorrelated(1.0)), (1, Grown(0.2, 0.4))))),
            "two kinds of schedules with a memory in one policy",
        ),
    ],
)
def test_what_cannot_be_written_down_is_named(policy: object, words: str) -> None:
    with pytest.raises(NotCompiledError, match=f"^{words}$"):
        policy_tables(policy, ENDS)


def test_the_longest_tables_hold_what_grows_for_ever() -> None:
    from stormlab.policy import Linear  # noqa: PLC0415  beside its use

    found: Schedule = Delays(Linear(1.0, 1.0))
    tables = policy_tables(Reconnect(found), ENDS)
    floats = next(each for each in tables.arrays if each.dtype == np.float64)
    assert floats[19_999] == 20_000_000.0
