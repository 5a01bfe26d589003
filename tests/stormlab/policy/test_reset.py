"""When the count of failures goes back to zero."""

from stormlab.policy import Reset


def test_a_rule_is_told_to_people() -> None:
    told = [
        Reset().words,
        Reset("stable", 5).words,
        Reset("time", 2048).words,
        Reset("open", 5, gate=True).words,
    ]
    assert told == [
        "on open",
        "after 5 s open",
        "2048 s after the last failure",
        "on open; a connection younger than 5 s is given up",
    ]


def test_seconds_are_nanoseconds_inside() -> None:
    assert Reset("stable", 0.5).after_ns == 500_000_000


def test_what_is_not_said_is_the_usual() -> None:
    assert Reset() == Reset("open", 0.0, gate=False)
    assert len({Reset(), Reset("open"), Reset("proof")}) == 2
