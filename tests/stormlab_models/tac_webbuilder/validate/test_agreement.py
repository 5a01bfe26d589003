"""Agreement over a file: shares, causes, and independence of workers and of names."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from stormlab_models.tac_webbuilder.validate.agreement import (
    MAIN_TIME,
    Agreement,
    likely_cause,
    validate_conditions,
)
from stormlab_models.tac_webbuilder.validate.rules import Judgement
from stormlab_models.tac_webbuilder.validate.schema import Condition


@pytest.fixture(scope="module")
def loads(measured: list[Condition]) -> Agreement:
    chosen = [c for c in measured if c.n_unit == "loads" and not c.weak]
    return validate_conditions(chosen, least=20, workers=1)


def test_page_loads_agree_as_far_as_asked(loads: Agreement) -> None:
    counts, times = loads.share("count"), loads.share("time", figure=MAIN_TIME)
    assert counts.judged > 700
    assert counts.percent is not None
    assert counts.percent >= 95
    assert times.percent is not None
    assert times.percent >= 80
    assert loads.holds(95, 80)
    assert not loads.holds(100, 80)


def test_every_disagreement_has_a_cause(loads: Agreement) -> None:
    document = loads.document()
    assert document["disagreements"]
    assert all(entry["cause"] for entry in document["disagreements"])


def test_what_is_not_judged_is_counted_and_named(loads: Agreement) -> None:
    reasons = loads.not_judged
    assert reasons["how long a page takes to start is an input of the model"] > 10
    judged = sum(j.agrees is not None for j in loads.judgements)
    assert judged + sum(reasons.values()) == len(loads.judgements)


def test_neither_workers_nor_names_nor_order_matter(measured: list[Condition]) -> None:
    chosen = [c for c in measured if c.n_unit == "loads"][:3]
    alone = validate_conditions(chosen, least=3, workers=1)
    together = validate_conditions(chosen, least=3, workers=2)
    assert alone.judgements == together.judgements
    renamed = [
        c.model_copy(update={"id": f"n{i}", "mechanism": "m"})
        for i, c in enumerate(reversed(chosen))
    ]
    again = validate_conditions(renamed, least=3, workers=1)
    strip = {replace(j, condition="", mechanism="") for j in alone.judgements}
    assert {replace(j, condition="", mechanism="") for j in again.judgements} == strip


def judgement(**changes: object) -> Judgement:
    base = Judgement(
        condition="c",
        mechanism="m",
        figure="server_accepted_total",
        kind="count",
        rule="interval",
        measured=17.0,
        low=16.9,
        high=17.1,
        predicted=18.0,
        agrees=False,
        weak=False,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def test_causes_come_from_the_condition_s_own_record(
    condition: Callable[..., Condition],
) -> None:
    stalled = condition(
        measured={"time": {"first_socket_nav_ms_p90": 2400, "first_socket_nav_ms_p50": 400}}
    )
    assert "stalled" in likely_cause(stalled, judgement())
    quiet = condition(n=20)
    assert "rare" in likely_cause(quiet, judgement(predicted=17.1))
    assert "unexplained" in likely_cause(quiet, judgement())
    assert "shared machine" in likely_cause(quiet, judgement(kind="time", predicted=99.0))
    assert "many tabs" in likely_cause(condition(tabs=20), judgement())
