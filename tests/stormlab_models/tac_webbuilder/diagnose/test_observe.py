"""What to look at next."""

from collections.abc import Callable

import numpy as np
import pytest

from stormlab_models.tac_webbuilder.diagnose.observe import advise, causes, information
from stormlab_models.tac_webbuilder.diagnose.rank import Ranking


def test_an_observation_that_differs_tells_all_and_one_that_does_not_tells_nothing() -> None:
    half = np.array([0.5, 0.5])
    assert information(half, [{"a": 1.0}, {"b": 1.0}]) == pytest.approx(1.0)
    assert information(half, [{"a": 1.0}, {"a": 1.0}]) == pytest.approx(0.0)
    assert 0 < information(half, [{"a": 0.5, "b": 0.5}, {"a": 1.0}]) < 1


def test_the_excerpt_of_the_analysis_asks_for_the_time_a_connection_lives(
    diagnosed: Callable[..., Ranking], accepted_closed_error: str
) -> None:
    ranking = diagnosed(accepted_closed_error)
    advice = advise(ranking.tie, failing=True)
    assert advice is not None
    assert advice.observation.name == "seconds from a connection's begin to its end"
    predicted = {name: outcomes[0][0] for name, outcomes in advice.predictions.items()}
    assert "9 s or more" in predicted["slow_handshake_over_10s"]
    assert predicted["strictmode"] == "under 1 s"


def test_the_simulation_says_what_ends_the_failing_connections(
    diagnosed: Callable[..., Ranking], accepted_closed_error: str
) -> None:
    tie = {c.mechanism: c for c in diagnosed(accepted_closed_error).tie}
    assert set(causes(tie["strictmode"])) == {"aborted while connecting"}
    assert set(causes(tie["slow_handshake_over_10s"])) == {"timed out"}


def test_nothing_is_advised_when_nothing_is_tied(
    diagnosed: Callable[..., Ranking], accepted_closed_error: str
) -> None:
    assert advise(diagnosed(accepted_closed_error).tie[:1]) is None
