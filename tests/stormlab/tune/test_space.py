"""Axes: how they are written, and that no proposal leaves them."""

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormlab.tune.goals import TuneError
from stormlab.tune.space import Axis, axis, combinations


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("backoff.cap_s=5:120", Axis("backoff.cap_s", "linear", 5, 120)),
        ("a=log:0.5:2e1", Axis("a", "log", 0.5, 20)),
        ("a = whole:1:20", Axis("a", "whole", 1, 20)),
        ("a=-1:.5", Axis("a", "linear", -1, 0.5)),
        ("jitter.kind=full, equal", Axis("jitter.kind", "choice", choices=("full", "equal"))),
        ("attempts_max=off,5", Axis("attempts_max", "choice", choices=("off", "5"))),
    ],
)
def test_an_axis_is_a_key_and_its_values(text: str, expected: Axis) -> None:
    assert axis(text) == expected
    assert axis(expected.text) == expected
    assert not expected.of_scenario
    assert axis(f"scenario.{text}").of_scenario


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("backoff.cap_s", "found no '='"),
        ("=5:6", "found no key"),
        ("a..b=5:6", "found no key, or an empty part"),
        ("scenario.=5:6", "found no key, or an empty part"),
        ("a b=5:6", "found the key 'a b'"),
        ("a=5", "found '5'"),
        ("a=", "found ''"),
        ("a=5,5", "two different values"),
        ("a=5,,6", "found '5,,6'"),
        ("a=5:", "found '5:'"),
        ("a=5:6:7", "LOW:HIGH"),
        ("a=lg:5:6", "LOW:HIGH"),
        ("a=6:5", "found 6 to 5; allowed: a low below the high"),
        ("a=1:1e999", "finite"),
        ("a=log:0:5", "found 0; allowed on a log scale: more than 0"),
        ("a=whole:1:2.5", "whole numbers"),
    ],
)
def test_what_is_no_axis_is_refused_in_one_line(text: str, complaint: str) -> None:
    with pytest.raises(TuneError) as refused:
        axis(text)
    said = str(refused.value)
    assert said.startswith(f"--vary {text}: ")
    assert complaint in said
    assert "\n" not in said


@given(st.floats(1e-3, 1e6), st.floats(1e-3, 1e6), st.sampled_from(["linear", "log"]))
def test_no_proposal_leaves_the_range(one: float, other: float, scale: str) -> None:
    low, high = sorted((one, other))
    if high - low < 1e-6 * high:
        return
    made = Axis("a", "log" if scale == "log" else "linear", low, high)
    for share in (0, 0.3, 1):
        at = low + share * (high - low)
        value = made.propose(optuna.trial.FixedTrial({"a": min(at, high)}))
        assert low <= float(value) <= high or float(value) == pytest.approx(at, rel=1e-12)
        place = made.place(value)
        assert place is not None
        assert -1e-9 <= place <= 1 + 1e-9


def test_proposals_are_texts_of_four_digits() -> None:
    fixed = optuna.trial.FixedTrial({"a": 12.34567, "b": 7, "c": "full"})
    assert Axis("a", "linear", 5, 60).propose(fixed) == "12.35"
    assert Axis("b", "whole", 1, 20).propose(fixed) == "7"
    assert Axis("c", "choice", choices=("full", "equal")).propose(fixed) == "full"


def test_a_place_is_told_on_the_scale_of_the_axis() -> None:
    assert axis("a=log:1:100").place("10") == pytest.approx(0.5)
    assert axis("a=0:100").place("25") == 0.25
    assert axis("a=x,y").place("x") is None


def test_extremes_hold_a_broken_number_unless_whole_ones_are_asked_for() -> None:
    assert not all(float(value).is_integer() for value in axis("a=1:20").extremes)
    assert axis("a=whole:1:20").extremes == ("1", "20")
    assert axis("a=x,y,z").extremes == ("x", "y", "z")


def test_combinations_are_listed_when_they_are_few() -> None:
    axes = [axis("a=x,y"), axis("b=whole:1:2")]
    assert combinations(axes, 4) == [("x", "1"), ("x", "2"), ("y", "1"), ("y", "2")]
    assert combinations(axes, 3) is None
    assert combinations([*axes, axis("c=1:2")], 1000) is None
