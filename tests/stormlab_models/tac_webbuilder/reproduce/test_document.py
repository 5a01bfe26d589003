"""The document of results: rounded, complete, and JSON without NaN."""

import json
import math
from collections.abc import Callable

import pytest

from stormlab.statistics import Interval
from stormlab_models.tac_webbuilder.reproduce.document import (
    interval_document,
    make_document,
    rounded,
)
from stormlab_models.tac_webbuilder.reproduce.evaluate import Cell, PhaseCell, Result
from stormlab_models.tac_webbuilder.reproduce.register import Claim


def test_nine_digits_and_no_minus_zero() -> None:
    assert rounded(1 / 3) == 0.333333333
    assert str(rounded(-0.0)) == "0.0"
    assert rounded(math.inf) is None


def test_never_is_told() -> None:
    found = interval_document(Interval(math.inf, 1, math.inf, 12))
    assert found == {"value": None, "low": 1, "high": None, "n": 12, "never": True}
    assert interval_document(None) is None


def test_the_document_holds_claim_cells_and_phases(make_claim: Callable[..., Claim]) -> None:
    eight = Interval(8, 8, 8, 12)
    cells = (
        Cell("plain", "", judged=True, interval=eight, outcome="holds"),
        Cell("reload", "", judged=False, interval=None, outcome="does not apply"),
    )
    result = Result(make_claim(), cells, "reproduced")
    phases = [PhaseCell("phase0", "plain", "attempts", eight)]
    document = make_document([result], phases, ["dates"], 12)
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["verdicts"] == {"reproduced": 1, "refuted": 0, "depends": 0}
    claim = document["claims"][0]
    assert claim["problem"].startswith("CRITICAL #3")
    assert claim["meaning"] == "Constructors per page load"
    assert claim["cells"][0]["interval"]["value"] == 8
    assert claim["fixes"] == {"": "as found"}
    assert document["phases"][0]["mechanisms"]["plain"]["attempts"]["n"] == 12


@pytest.mark.parametrize("value", [123456.7891234, 1e-12, -5.0])
def test_rounding_keeps_the_size(value: float) -> None:
    assert rounded(value) == pytest.approx(value, rel=1e-8)
