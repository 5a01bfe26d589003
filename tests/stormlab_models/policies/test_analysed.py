"""The analysed application's policies here against the classes of its own model."""

from collections.abc import Callable
from typing import Any

import pytest

from stormlab.policy import Fact
from stormlab_models.policies import CATALOGUE
from stormlab_models.tac_webbuilder.parameters import Page
from stormlab_models.tac_webbuilder.policies import make_policy

S = 1_000_000_000
Play = Callable[..., Any]
Walk = Callable[..., list[float]]

REFUSED = {"up_s": None}
LIVES: dict[str, list[dict[str, Any]]] = {
    "away for good": [{"up_s": 100}, REFUSED],
    "never there": [REFUSED],
    "back after a while": [{"up_s": 100}, *[REFUSED] * 6, {"up_s": 300}],
    "flapping": [{"up_s": 0.05}],
    "accepts and does not answer": [{"up_s": 0.05, "proves": False}],
    "answers late": [{"up_s": 12, "proof_s": 10}, {"up_s": 5, "proves": False}, REFUSED],
    "refuses slowly": [{"up_s": None, "after_s": 3.5}],
}


@pytest.mark.parametrize("life", LIVES)
@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("tac-webbuilder", Page()),
        ("tac-webbuilder-repaired", Page(hook="repaired")),
    ],
)
def test_the_parts_do_what_the_classes_do(life: str, name: str, page: Page, play: Play) -> None:
    assert CATALOGUE[name].reconnect is not None
    for seed in range(5):
        ours = play(name, 900, ends=LIVES[life], seed=seed)
        theirs = play(make_policy(page), 900, ends=LIVES[life], seed=seed)
        assert ours.attempts_s == pytest.approx(theirs.attempts_s, abs=1e-6)
        assert (ours.stop is None) == (theirs.stop is None)


def test_a_person_gets_an_attempt_at_once_and_the_repaired_count_stays(play: Play) -> None:
    said = [(101.0, Fact.RETRY_BY_HAND), (500.0, Fact.RETRY_BY_HAND)]
    ours, theirs = (
        play(policy, 900, ends=LIVES["away for good"], said=said)
        for policy in ("tac-webbuilder-repaired", make_policy(Page(hook="repaired")))
    )
    assert 500.0 in ours.attempts_s
    assert ours.attempts_s == pytest.approx(theirs.attempts_s, abs=1e-6)


def test_as_found_it_retries_at_the_measured_times(play: Play) -> None:
    for name in ("tac-webbuilder", "tac-webbuilder-breaker"):
        played = play(name, 3600, ends=[{"up_s": 100, "after_s": 0}, {**REFUSED, "after_s": 0}])
        since_s = [at - 100 for at in played.attempts_s[1:]]
        assert since_s == [2, 6, 14, 30, 60, 90, 120, 150, 180]
        assert played.stop is not None


def test_the_repaired_breaker_probes_once_in_300_s(walk: Walk) -> None:
    supports = CATALOGUE["tac-webbuilder-breaker-repaired"].supports
    probes = [
        delay
        for client in range(200)
        for delay in walk("tac-webbuilder-breaker-repaired", 12, client=client)[9:]
    ]
    assert 300 <= min(probes) < 300.3
    assert 329.7 < max(probes) < 330
    for n, high_s in ((0, 2), (4, 30), (8, 30)):
        support = supports(n)
        assert support is not None
        assert support.low_ns == 0
        assert support.high_ns == pytest.approx(high_s * S, abs=1)
    support = supports(9)
    assert support is not None
    assert (support.low_ns, support.high_ns) == (300 * S, 330 * S - 1)


def test_the_breaker_ends_after_nine_retries(walk: Walk) -> None:
    assert walk("tac-webbuilder-breaker", 20) == [2, 4, 8, 16, *[30] * 5]
    supports = CATALOGUE["tac-webbuilder-breaker"].supports
    assert supports(8) is not None
    assert supports(9) is None
