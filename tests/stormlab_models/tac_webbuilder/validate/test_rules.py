"""The rules by which a figure agrees or not."""

from collections.abc import Callable

import pytest

from stormlab_models.tac_webbuilder.validate.predict import Prediction
from stormlab_models.tac_webbuilder.validate.rules import Bench, judged, plain, why_not
from stormlab_models.tac_webbuilder.validate.schema import Condition


@pytest.fixture
def bench(condition: Callable[..., Condition]) -> Bench:
    return Bench(condition(n=20), Prediction())


@pytest.mark.parametrize(("predicted", "agrees"), [(16.0, True), (16.02, True), (16.03, False)])
def test_exact_to_half_a_count_in_all_loads(
    bench: Bench, predicted: float, *, agrees: bool
) -> None:
    bench.exact("live_at_end_mean", 16, predicted, 20)
    assert bench.done[0].agrees is agrees


@pytest.mark.parametrize(("predicted", "agrees"), [(8.4, False), (8.5, True), (9.5, True)])
def test_inside_the_interval_of_the_mean(bench: Bench, predicted: float, *, agrees: bool) -> None:
    bench.interval("server_accepted_total", 9.0, 0.5, predicted)
    assert bench.done[0].agrees is agrees


@pytest.mark.parametrize(("predicted", "agrees"), [(0.6, False), (0.75, True), (0.999, False)])
def test_a_share_by_the_binomial(bench: Bench, predicted: float, *, agrees: bool) -> None:
    bench.share("client_success_percent", 73, 96, predicted, zero=False)
    assert bench.done[0].agrees is agrees


def test_a_share_that_did_not_vary_is_exact(bench: Bench) -> None:
    bench.share("page_success_percent", 160, 160, 0.99, zero=True)
    assert bench.done[0].agrees is False


def test_one_run_asks_whether_the_model_could_give_it(bench: Bench) -> None:
    spread = [100.0, 104.0, 96.0, 101.0, 99.0]
    bench.one_run("server_accepted_total", 105, spread, 1)
    bench.one_run("server_accepted_total", 130, spread, 1)
    assert [judgement.agrees for judgement in bench.done] == [True, False]


def test_what_is_not_judged_says_why(bench: Bench) -> None:
    assert not judged("server_kb_per_connection")
    assert "memory" in why_not("server_kb_per_connection")
    assert judged("server_accepted_total")
    bench.skip("x", "count", "because")
    assert not bench.done[0].votes


def test_plain_forgets_zeros_and_types_of_keys() -> None:
    assert plain({1: 2, "3": 0}) == plain({"1": 2})
