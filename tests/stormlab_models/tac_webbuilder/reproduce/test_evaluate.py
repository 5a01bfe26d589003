"""The rule that makes verdicts, and the runs that claims share."""

from collections.abc import Callable

import pytest

from stormlab.statistics import Interval
from stormlab_models.tac_webbuilder.reproduce.evaluate import (
    Outcome,
    Runs,
    change_of,
    evaluate,
    interval_of,
    judge,
    needs_of,
    outcome_of,
    phase_table,
)
from stormlab_models.tac_webbuilder.reproduce.figure import Value
from stormlab_models.tac_webbuilder.reproduce.fixes import PHASES
from stormlab_models.tac_webbuilder.reproduce.register import Claim, Verdict

MakeClaim = Callable[..., Claim]


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        (["holds", "holds"], "reproduced"),
        (["fails", "fails"], "refuted"),
        (["holds", "fails"], "depends"),
        (["holds", "open"], "depends"),
        (["fails", "open"], "depends"),
        (["fails", "does not apply"], "refuted"),
    ],
)
def test_the_rule(outcomes: list[Outcome], verdict: Verdict) -> None:
    assert judge(outcomes) == verdict


def test_nothing_that_applies_is_no_verdict() -> None:
    with pytest.raises(ValueError, match="no judged case"):
        judge(["does not apply"])


@pytest.mark.parametrize(
    ("low", "high", "outcome"),
    [(7, 9, "holds"), (7, 11, "open"), (11, 12, "fails"), (1, 5.9, "fails")],
)
def test_an_interval_is_held_against_the_range(
    make_claim: MakeClaim, low: float, high: float, outcome: Outcome
) -> None:
    claim = make_claim(claimed={"low": 6, "high": 10})
    assert outcome_of(claim, Interval((low + high) / 2, low, high, 12)) == outcome


def test_never_lies_above_a_range_with_an_end(make_claim: MakeClaim) -> None:
    never = Interval(float("inf"), float("inf"), float("inf"), 12)
    assert outcome_of(make_claim(), never) == "fails"
    assert outcome_of(make_claim(claimed={"low": 8}), never) == "open"
    assert outcome_of(make_claim(), None) == "does not apply"


def test_changes_are_taken_pair_by_pair() -> None:
    before: list[Value] = [24.0, 24.0, 24.0]
    after: list[Value] = [8.0, 8.0, 8.0]
    gain, less = change_of("gain", before, after), change_of("reduction_percent", before, after)
    assert gain is not None
    assert less is not None
    assert gain.value == -16
    assert less.value == pytest.approx(66.67, abs=0.01)
    assert change_of("gain", [None, None], [1.0, 2.0]) is None
    assert change_of("gain", [1.0], [float("inf")]) is None


def test_a_figure_that_applies_nowhere_has_no_interval() -> None:
    assert interval_of("server_success", [(0, 0), (0, 0)]) is None
    assert interval_of("attempts", [None]) is None


def test_two_claims_share_their_runs(make_claim: MakeClaim) -> None:
    claims = [make_claim(), make_claim(id="other", figure="page_success")]
    runs = Runs(needs_of(claims, phases=False), 3)
    assert len(runs.jobs()) == 6 * 3
    kept: list[str] = []
    runs.run(1, lambda key, _: kept.append(key))
    assert len(set(kept)) == 18
    assert runs.jobs() == []


def test_a_verdict_follows_from_runs(make_claim: MakeClaim) -> None:
    claims = [
        make_claim(),
        make_claim(id="all", judged=["plain", "strictmode"]),
        make_claim(id="storm", claimed={"low": 80, "high": 80}),
        make_claim(
            id="fewer",
            judged=["plain", "strictmode"],
            compare="gain",
            fixes=["stagger"],
            claimed={"high": -1},
        ),
    ]
    runs = Runs(needs_of(claims, phases=False), 2)
    runs.run(1, lambda _key, _values: None)
    verdicts = [evaluate(claim, runs).verdict for claim in claims]
    assert verdicts == ["reproduced", "depends", "refuted", "depends"]
    cells = {cell.case: cell for cell in evaluate(claims[1], runs).cells}
    assert cells["strictmode"].judged
    assert not cells["reload"].judged
    assert cells["strictmode"].interval == Interval(24, 24, 24, 2)


def test_a_phase_is_compared_with_phase_0(make_claim: MakeClaim) -> None:
    claim = make_claim(compare="gain", fixes=["phase5"], claimed={"high": -1})
    assert set(needs_of([claim], phases=False)) >= {("plain", "phase0"), ("plain", "phase5")}
    assert ("plain", "") not in needs_of([claim], phases=False)


def test_phases_are_filled_for_every_mechanism() -> None:
    runs = Runs(needs_of([], phases=True), 2)
    for job in runs.jobs():
        runs.values[job.key] = dict.fromkeys(job.read.names, None)  # type: ignore[attr-defined]
    cells = phase_table(runs)
    assert len({(cell.phase, cell.case) for cell in cells}) == len(PHASES) * 6
    assert all(cell.interval is None for cell in cells)
