"""Times against a prediction: medians within a factor, timers of the page within 5 %."""

from collections.abc import Callable

import pytest

from stormlab_models.tac_webbuilder.validate.predict import Prediction
from stormlab_models.tac_webbuilder.validate.schema import Condition
from stormlab_models.tac_webbuilder.validate.times import Times


def judge_one(condition: Condition, base: str, values: list[float]) -> bool | None:
    times = Times(condition, Prediction(times_ms={base: values}))
    times.judge()
    return times.done[0].agrees


@pytest.mark.parametrize(
    ("predicted", "agrees"), [(670.0, True), (660.0, False), (1490.0, True), (1510.0, False)]
)
def test_the_main_time_within_a_factor_of_one_and_a_half(
    condition: Callable[..., Condition], predicted: float, *, agrees: bool
) -> None:
    measured = condition(measured={"time": {"last_first_message_ms_p50": 1000}})
    assert judge_one(measured, "last_first_message_ms", [1.0, predicted, 9e9]) is agrees


@pytest.mark.parametrize(("predicted", "agrees"), [(2290.0, True), (2310.0, False)])
def test_a_page_timer_within_three_tenths_of_a_second(
    condition: Callable[..., Condition], predicted: float, *, agrees: bool
) -> None:
    measured = condition(measured={"time": {"first_retry_ms_p50": 2000}})
    assert judge_one(measured, "first_retry_ms", [predicted]) is agrees


def test_a_retry_that_never_came_disagrees(condition: Callable[..., Condition]) -> None:
    entry = {"retry": 2, "n": 8, "opened": 0, "ms_p50": 6000}
    measured = condition(measured={"time": {"retry_times": [entry]}})
    times = Times(measured, Prediction(retries=[[(2000.0, False)]]))
    times.judge()
    assert times.done[0].agrees is False


def test_how_long_a_page_starts_is_no_verdict(condition: Callable[..., Condition]) -> None:
    measured = condition(measured={"time": {"first_socket_nav_ms": 170, "x_ms_p50": 3}})
    times = Times(measured, Prediction())
    times.judge()
    assert [judgement.agrees for judgement in times.done] == [None, None]
