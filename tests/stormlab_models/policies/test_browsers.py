"""Firefox's and Chromium's delays under a page that retries at once, against measured runs."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stormlab.check import see, target_of
from stormlab.evidence import Outcome
from stormlab.properties import PROMISES
from stormlab.worlds.bare import BareWorld, Phase
from stormlab_models.policies import CATALOGUE

S = 1_000_000_000
MS = 1_000_000
Play = Callable[..., Any]
Drawn = Callable[..., NDArray[np.int64]]

# A zero-delay retry in Firefox 153.7.0esr: gaps in ms. The first one includes the browser's start.
MEASURED_MS = [616, 493, 687, 1019, 1528, 2423, 3735, 5460, 7704, 11825, 17357, 25940]


def test_firefox_grows_by_half_from_a_drawn_start(drawn: Drawn) -> None:
    delays_ns = drawn("firefox", 20, clients=600)
    assert (delays_ns[:, 0] % MS == 0).all()
    assert 200 * MS <= delays_ns[:, 0].min() < 203 * MS
    assert 397 * MS <= delays_ns[:, 0].max() <= 399 * MS
    for n in range(19):
        grown = np.minimum(1.5 * delays_ns[:, n], 60 * S)
        assert delays_ns[:, n + 1] == pytest.approx(grown, abs=2)
    assert (delays_ns[:, 19] == 60 * S).all()


def test_firefox_makes_13_attempts_in_100_s(play: Play) -> None:
    """Measured: 13 in one run."""
    counts = [len(play("firefox", 100, up_s=None, seed=seed).attempts_s) for seed in range(20)]
    assert set(counts) == {12, 13, 14}  # by the first draw, 200 to 399 ms
    assert sum(counts) / len(counts) == pytest.approx(13, abs=0.5)


def test_the_measured_gaps_of_firefox_are_possible() -> None:
    supports = CATALOGUE["firefox"].supports
    for n, gap_ms in list(enumerate(MEASURED_MS))[1:]:
        support = supports(n)
        assert support is not None
        assert support.low_ns <= gap_ms * MS <= support.high_ns * 1.1


def test_firefox_holds_back_what_ended_without_a_close_frame(play: Play) -> None:
    """Measured: 15.5 connects/s after a clean 1012 and 2.3/s after a reset."""
    assert len(play("firefox", 30).opened_s) / 30 == pytest.approx(15.47, rel=0.2)
    resets = [
        len(play("firefox", 30, code=1006, clean=False, seed=seed).opened_s) for seed in range(20)
    ]
    assert sum(resets) / len(resets) / 30 == pytest.approx(2.3, rel=0.25)


def test_chromium_holds_nothing_back_below_eight_failures(drawn: Drawn) -> None:
    delays_ms = drawn("chromium", 20, clients=500) / MS
    assert delays_ms[:, :4].max() <= 5000 / 2**11
    assert delays_ms[:, 7].max() <= 40
    for n in (14, 19):
        assert 1000 <= delays_ms[:, n].min() < 1050
        assert 4950 < delays_ms[:, n].max() <= 5000


def test_chromium_makes_the_measured_number_of_attempts(play: Play) -> None:
    """Measured at a server that fails each handshake: 47 in 100 s, 146 in 400 s."""
    counts = np.array(
        [
            [sum(at < until for at in attempts) for until in (100, 400)]
            for attempts in (
                play("chromium", 400, up_s=None, seed=seed).attempts_s for seed in range(20)
            )
        ]
    )
    assert counts.mean(axis=0) == pytest.approx([47, 146], rel=0.1)


def test_chromium_does_not_throttle_handshakes_that_succeed(play: Play) -> None:
    assert max(play("chromium", 10).gaps_s) <= 0.001


def test_a_success_among_failures_halves_what_counts(play: Play) -> None:
    ends = [*[{"up_s": None}] * 20, {"up_s": 1}, {"up_s": None}]
    gaps = play("chromium", 90, ends=ends).gaps_s
    assert min(gaps[15:20]) >= 1
    assert gaps[20] < 0.2  # 20 // 2 = 10 in place of 20


def test_chromium_forgets_after_two_periods(play: Play) -> None:
    ends = [*[{"up_s": None}] * 20, {"up_s": 300}, {"up_s": None}]
    gaps = play("chromium", 400, ends=ends).gaps_s
    assert gaps[20] == 0
    assert max(gaps[21:26]) < 0.05


@pytest.mark.parametrize(
    ("promise", "phases"),
    [
        ("attempts-bounded", (Phase("reject", 1.0), Phase("refuse", 2.0))),
        (
            "forgets-when-stable",
            (Phase("refuse", 60.0), Phase("serve", 30.0), Phase("refuse", 1.0)),
        ),
    ],
)
def test_what_chromium_breaks_by_its_counts_is_called_its_design(
    promise: str, phases: tuple[Phase, ...]
) -> None:
    target = target_of("chromium")
    seen = see(target, BareWorld(phases, settle_s=71.0))
    assert PROMISES[promise].judge(target.subject, seen).outcome is Outcome.BROKEN
    assert CATALOGUE["chromium"].remarks[promise].startswith("by design")
