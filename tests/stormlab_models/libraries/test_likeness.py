import pytest

from stormlab.clock import to_ns, to_s
from stormlab.draws import Draws
from stormlab.policy.chance import address
from stormlab.policy.contract import Fact, Happened, Terms
from stormlab_models.libraries.likeness import (
    AnyCableLuck,
    Beats,
    CentrifugeLuck,
    Likeness,
    Luck,
    PollLuck,
    Tape,
)


def test_a_tape_is_fed_first_and_then_drawn_by_address() -> None:
    tape, draws = Tape(9, (0.25, 0.5)), Draws(9)
    assert [tape[call] for call in range(2)] == [0.25, 0.5]
    assert tape[2] == draws.unit(address(0), "Math.random", 2)
    assert Tape(9)[0] == draws.unit(address(0), "Math.random", 0)


def test_draws_of_an_attempt_are_calls_in_order_and_those_of_the_page_the_first() -> None:
    luck = Luck(Tape(0, (0.1, 0.2, 0.3)), first=1)
    assert [luck.unit("jitter"), luck.unit("other")] == [0.2, 0.3]
    assert luck.unit("jitter", "page") == 0.1
    assert luck.calls == 3


def test_polls_are_drawn_by_their_number() -> None:
    luck = PollLuck(Tape(0, (0.1, 0.2, 0.3)))
    assert [luck.unit("poll 3", "client"), luck.unit("poll 1", "client")] == [0.3, 0.1]


@pytest.mark.parametrize(
    ("beats", "opened_s", "silent_s", "dead_s"),
    [
        (Beats(every_s=25.02, patience_s=45, first_s=25), 10.0, 20.0, 55.0),  # none but the opening
        (Beats(every_s=25.02, patience_s=45, first_s=25), 10.0, 35.001, 80.0),
        (Beats(every_s=25.02, patience_s=45, first_s=25), 10.0, 60.01, 80.0),
        (Beats(every_s=25.02, patience_s=45, first_s=25), 10.0, 60.02, 80.0),  # not any more
        (Beats(every_s=25.02, patience_s=45, first_s=25), 10.0, 60.021, 105.02),
        # from the client's start, looked at every three seconds: later than 30 s
        (Beats(15, 30, first_s=15.02, since_start=True, look_s=3), 0.06, 20.449, 48.0),
        (Beats(15, 30, first_s=15.02, since_start=True, look_s=3), 0.06, 10.0, 33.0),
        (Beats(15, 30, first_s=15.0, since_start=True, look_s=3), 0.06, 16.0, 48.0),
    ],
)
def test_what_was_heard_last_decides(
    beats: Beats, opened_s: float, silent_s: float, dead_s: float
) -> None:
    assert to_s(beats.notices(to_ns(opened_s), to_ns(silent_s))) == dead_s


def refused(after_s: float) -> Happened:
    return Happened(Fact.REFUSED, to_ns(100 + after_s), began_ns=to_ns(100))


def test_a_timer_in_a_timer_is_clamped_when_it_is_nested_deeply() -> None:
    """HTML: from the sixth level on 0 ms are 4 ms."""
    luck, terms = CentrifugeLuck(Tape(0)), Terms(connect_timeout_s=5.0)
    luck.told(Happened(Fact.DROPPED, 0))
    patience = []
    for _ in range(4):
        patience.append(luck.terms(terms).connect_timeout_s)
        luck.told(refused(patience[-1] or 0.0))
    assert patience == [5.0, 5.0, 5.004, 5.004]
    luck.told(refused(0.02))  # something happened
    assert luck.terms(terms).connect_timeout_s == 5.0


def test_a_ping_that_did_not_come_is_a_timer_too() -> None:
    luck, terms = CentrifugeLuck(Tape(0)), Terms(connect_timeout_s=5.0)
    dead_ns = luck.notices(0, to_ns(30.0))
    assert dead_ns == to_ns(25.02 + 35)
    luck.told(Happened(Fact.DROPPED, dead_ns))
    patience = []
    for _ in range(3):
        patience.append(luck.terms(terms).connect_timeout_s)
        luck.told(refused(patience[-1] or 0.0))
    assert patience == [5.0, 5.004, 5.004]


def test_anycable_draws_for_every_look_at_its_connection() -> None:
    luck = AnyCableLuck(Tape(0, (0.0, 1.0, 0.5, 0.25)))
    luck.told(Happened(Fact.PROVED, 0))  # looks after 2.25 s, then 3.75 s later, then 3 s
    assert luck.calls == 1
    luck.told(Happened(Fact.DROPPED, to_ns(6.0)))  # the look of that moment is not made any more
    assert luck.calls == 2
    assert luck.unit("jitter") == 0.5
    luck.told(Happened(Fact.REFUSED, to_ns(7.0)))
    assert luck.calls == 3


def test_anycable_gives_up_at_the_first_look_without_a_ping_for_six_seconds() -> None:
    luck = AnyCableLuck(Tape(0, (0.0, 1.0, 0.5, 0.5, 0.5, 0.5)))
    assert luck.notices(0, 0) is None
    luck.told(Happened(Fact.PROVED, 0))
    # looks at 2.25, 6.0, 9.0, 12.0 s; the last ping came at 3 s
    assert luck.notices(0, to_ns(4.0)) == to_ns(12.0)
    assert luck.calls == 1  # the future is looked at and not lived
    assert luck.notices(0, to_ns(2.0)) == to_ns(9.0)


def test_a_likeness_says_little_by_itself() -> None:
    like = Likeness()
    assert isinstance(like.luck(Tape(0)), Luck)
    assert (like.proof_ns, like.served_first, like.beats, like.partings) == (0, False, None, ())
