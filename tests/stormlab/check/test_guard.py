"""Other people's code, watched: what it raises, returns, or never returns becomes one line."""

import signal
import threading
from collections.abc import Callable
from time import monotonic, sleep  # noqa: TID251  the guard measures real time

import pytest

from stormlab.check import CheckError, check_policy
from stormlab.check.guard import (
    AGAIN_S,
    BUSY,
    LIMIT_S,
    STUBBORN,
    STUBBORN_S,
    Limit,
    WatchedFactory,
    limited,
)
from stormlab.policy import (
    CircuitBreaker,
    Fact,
    Happened,
    HasTerms,
    Postpones,
    Reconnect,
    Starts,
    Terms,
)

Write = Callable[[str], str]
REFUSED = Happened(Fact.REFUSED, 0)


class Sure:
    """Always the same chance."""

    def unit(self, purpose: str, scope: str = "attempt") -> float:
        del purpose, scope
        return 0.5


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("return 1 / 0", r"on\(\) raised ZeroDivisionError: division by zero \(mine.py:5\)"),
        ("raise SystemExit(0)", r"on\(\) raised SystemExit: 0 \(mine.py:5\)"),
        ("return 5.0", r"on\(\) returned 5.0; allowed: RetryAt, Stop or None"),
        (
            "return RetryAt(happened.time_ns + 1e9)",
            r"allowed: a whole number of nanoseconds, not a float",
        ),
        ("return 'x' * 500", r"on\(\) returned '(x){56}\.\.\.; allowed"),
    ],
)
def test_what_a_policy_does_wrong_is_one_line(code: Write, body: str, complaint: str) -> None:
    with pytest.raises(CheckError, match=f"^Policy: .*{complaint}"):
        check_policy(code(body), promises=["converges"])


def test_the_line_named_is_the_policys_own(code: Write) -> None:
    with pytest.raises(CheckError, match=r"JSONDecodeError: .* \(mine.py:6\)$"):
        check_policy(code("import json\njson.loads('x')"), promises=["converges"])


def test_what_is_made_must_be_a_policy() -> None:
    with pytest.raises(CheckError, match=r"^dict: makes a dict, which has no on\(\)$"):
        check_policy(dict)  # type: ignore[arg-type]
    with pytest.raises(CheckError, match="is no policy; allowed"):
        check_policy(7)  # type: ignore[arg-type]


def test_a_constructor_that_raises_is_named(ours: type) -> None:
    class Broken(ours):  # type: ignore[misc]
        def __init__(self) -> None:
            raise OSError("no disk")

    with pytest.raises(CheckError, match=r"^Broken: making it raised OSError: no disk"):
        check_policy(Broken)


def test_a_policy_that_never_returns_is_stopped(ours: type) -> None:
    class Endless(ours):  # type: ignore[misc]
        def on(self, happened: object, chance: object) -> None:
            del happened, chance
            while True:
                pass

    policy = WatchedFactory(Endless, "Endless")()
    pattern = r"^Endless: did not return within 0.1 s \(at test_guard.py:\d+\)$"
    with pytest.raises(CheckError, match=pattern), limited("Endless", 0.1):
        policy.on(REFUSED, Sure())


def test_code_that_is_kept_waiting_has_more_time_but_not_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("stormlab.check.guard.AGAIN_S", 0.05)
    began_s = monotonic()
    with pytest.raises(CheckError, match=r"did not return within 0\.2 s"), limited("Idle", 0.2):
        sleep(5)
    assert 0.2 * BUSY <= monotonic() - began_s < 2


def test_time_that_the_processor_gave_to_others_is_not_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("stormlab.check.guard.AGAIN_S", 0.05)
    with limited("Kept", 1.0) as limit:
        sleep(1.2)
        assert limit.used_s < 1.0


def test_a_policy_is_stopped_in_half_a_minute_even_where_it_cannot_be_stopped() -> None:
    assert BUSY * LIMIT_S + STUBBORN_S + AGAIN_S < 30


def test_the_time_begins_anew_with_each_piece_and_the_alarm_is_given_back() -> None:
    rung: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    try:
        signal.setitimer(signal.ITIMER_REAL, 60.0)
        with limited("x", 0.3) as limit:
            began_s = monotonic()
            while monotonic() - began_s < 0.5:
                limit.begin()
        left_s, _ = signal.setitimer(signal.ITIMER_REAL, 0)
        assert 50 < left_s <= 60
        assert not rung
    finally:
        signal.signal(signal.SIGALRM, before)


def test_outside_the_main_thread_there_is_no_limit() -> None:
    worked: list[bool] = []

    def work() -> None:
        with limited("x", 0.1) as limit:
            limit.begin()
            worked.append(limit.works)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert worked == [False]


def test_code_that_cannot_be_stopped_is_reported_to_the_owner_of_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("LIMIT_S", "STUBBORN_S", "AGAIN_S"):
        monkeypatch.setattr(f"stormlab.check.guard.{name}", 0.05)
    told: list[str] = []
    token = STUBBORN.set(told.append)
    try:
        with limited("Deaf", 30.0) as limit:
            began_s = monotonic()
            while not told and monotonic() - began_s < 10:
                pass
        assert isinstance(limit, Limit)
    finally:
        STUBBORN.reset(token)
    assert told == ["Deaf: did not return within 0.05 s, nor when it was stopped"]


def test_a_watched_policy_offers_what_the_policy_offers(ours: type) -> None:
    plain = WatchedFactory(ours, "Ours")()
    assert not isinstance(plain, Starts)
    assert not isinstance(plain, Postpones)
    assert isinstance(plain, HasTerms)
    assert plain.terms == Terms(connect_timeout_s=10.0)

    class Full(ours):  # type: ignore[misc]
        start = postponed = breaker = None

        def __init__(self) -> None:
            super().__init__()
            self.breaker = CircuitBreaker().make()
            self.start = self.postponed = lambda *_: None

    full = WatchedFactory(Full, "Full")()
    assert isinstance(full, Starts)
    assert isinstance(full, Postpones)
    with pytest.raises(CheckError, match=r"start\(\) returned None; allowed: RetryAt"):
        full.start(0, Sure())


def test_parts_of_stormlab_are_not_wrapped(sound: Reconnect) -> None:
    assert type(WatchedFactory(sound, "sound")()) is type(sound.make())
    group = WatchedFactory(sound, "sound").make_group(3)
    assert len(group) == 3


@pytest.mark.parametrize("answer", [1, None, "yes"])
def test_may_attempt_answers_yes_or_no(ours: type, answer: object) -> None:
    class Vague(ours):  # type: ignore[misc]
        def may_attempt(self, time_ns: int) -> object:
            del time_ns
            return answer

    with pytest.raises(CheckError, match=r"may_attempt\(\) returned .*; allowed: True or False"):
        WatchedFactory(Vague, "Vague")().may_attempt(0)
