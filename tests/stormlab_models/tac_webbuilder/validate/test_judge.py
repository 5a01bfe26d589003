"""Counts against a prediction: right ones agree, and every wrong one is noticed."""

from collections.abc import Callable
from typing import Any

import pytest

from stormlab_models.tac_webbuilder.validate.judge import judge
from stormlab_models.tac_webbuilder.validate.predict import Prediction, predict
from stormlab_models.tac_webbuilder.validate.schema import Condition

RIGHT: dict[str, Any] = {
    "attempts_per_load_mean": 24,
    "attempts_per_load_min": 24,
    "attempts_per_load_max": 24,
    "attempts_per_load_sd": 0,
    "opened_per_load_mean": 16,
    "opened_per_load_min": 16,
    "opened_per_load_max": 16,
    "opened_per_load_sd": 0,
    "page_success_percent": 66.667,
    "page_close_codes": {"1006u/called@CONNECTING": 80},
    "page_close_codes_sd": {"1006u/called@CONNECTING": 0},
    "server_accept_failures_total": 0,
    "server_accept_failures_sd": 0,
    "loads_with_all_data": 10,
    "attempts_per_endpoint_max": 3,
    "log_orders": {},
}


@pytest.fixture(scope="module")
def strict() -> dict[str, Any]:
    return {"react": {"strict_mode": True}, "observe_ms": 15_000}


@pytest.fixture(scope="module")
def prediction() -> Callable[[Condition], Prediction]:
    known: list[Prediction] = []

    def make(condition: Condition) -> Prediction:
        if not known:
            known.append(predict(condition, least=10, seed=1))
        return known[0]

    return make


def test_right_counts_agree(
    condition: Callable[..., Condition],
    strict: dict[str, Any],
    prediction: Callable[[Condition], Prediction],
) -> None:
    counts = {key: value for key, value in RIGHT.items() if key != "log_orders"}
    measured = condition(**strict, measured={"count": counts})
    judgements = judge(measured, prediction(measured))
    assert judgements
    assert [j.figure for j in judgements if not j.agrees] == []


@pytest.mark.parametrize(
    ("change", "noticed"),
    [
        (
            {
                "attempts_per_load_mean": 25,
                "attempts_per_load_min": 25,
                "attempts_per_load_max": 25,
            },
            "attempts_per_load_mean",
        ),
        ({"page_success_percent": 100}, "page_success_percent"),
        ({"page_close_codes": {"1001c/passive": 80}}, "page_close_codes[1001c/passive]"),
        ({"page_close_codes": {}}, "page_close_codes[1006u/called@CONNECTING]"),
        ({"server_accept_failures_total": 4}, "server_accept_failures_total"),
        ({"loads_with_all_data": 3}, "loads_with_all_data"),
        ({"attempts_per_endpoint_max": 2}, "attempts_per_endpoint_max"),
    ],
)
def test_each_wrong_count_is_noticed(
    condition: Callable[..., Condition],
    strict: dict[str, Any],
    prediction: Callable[[Condition], Prediction],
    change: dict[str, Any],
    noticed: str,
) -> None:
    counts = {**RIGHT, **change}
    measured = condition(**strict)
    measured = measured.model_copy(
        update={"measured": measured.measured.model_copy(update={"count": counts})}
    )
    wrong = [j.figure for j in judge(measured, prediction(measured)) if j.agrees is False]
    assert noticed in wrong
