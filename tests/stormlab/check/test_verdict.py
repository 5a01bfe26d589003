"""What a check came to: outcomes, sentences, assertions, JSON."""

import json
from dataclasses import replace

import pytest

from stormlab.check import Judged, PromiseBrokenError, PromiseUndecidedError, Verdict
from stormlab.evidence import Outcome
from stormlab.properties import PROMISES
from stormlab.worlds.bare import BareWorld
from stormlab.worlds.phases import Phase

HELD = Judged(PROMISES["converges"], Outcome.HOLDS, bound="31 s", cases=40)
OPEN = Judged(PROMISES["budget-kept"], Outcome.UNDECIDED, "it declares no retry budget", cases=40)
UNSEEN = replace(OPEN, reason="in 40 worlds there never was advice", unseen=True)
BROKEN = Judged(
    PROMISES["one-live-socket"],
    Outcome.BROKEN,
    "2 sockets of one endpoint at a time",
    evidence=("0.000 s new #1", "1.000 s new #2"),
    tier="bare",
    world=BareWorld((Phase("refuse", 5.0),)),
    cases=3,
    found_at=3,
    command="stormlab check ours",
)


def verdict(*judged: Judged, asked: bool = False) -> Verdict:
    return Verdict("ours", judged, "dev", asked=asked)


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        (verdict(HELD), Outcome.HOLDS),
        (verdict(HELD, OPEN), Outcome.HOLDS),
        (verdict(HELD, OPEN, asked=True), Outcome.UNDECIDED),
        (verdict(HELD, UNSEEN), Outcome.UNDECIDED),
        (verdict(OPEN), Outcome.UNDECIDED),
        (verdict(), Outcome.UNDECIDED),
        (verdict(HELD, UNSEEN, BROKEN), Outcome.BROKEN),
    ],
)
def test_the_outcome_of_all(found: Verdict, outcome: Outcome) -> None:
    assert found.outcome is outcome
    assert found.ok == (outcome is Outcome.HOLDS)


def test_require_raises_one_readable_error() -> None:
    verdict(HELD, OPEN).require()
    with pytest.raises(PromiseBrokenError) as error:
        verdict(HELD, BROKEN).require()
    assert str(error.value).splitlines() == [
        "ours breaks 1 of 2 promises:",
        "",
        "one-live-socket: An endpoint has at most one live socket.",
        "  2 sockets of one endpoint at a time",
        "    0.000 s new #1",
        "    1.000 s new #2",
        "  in the world",
        "    server: refuses 5 s, serves for good (to 65 s)",
        "    1 client, 1 socket; seed 0",
        "  again: stormlab check ours",
    ]
    with pytest.raises(PromiseUndecidedError, match="never was advice"):
        verdict(HELD, UNSEEN).require()


def test_the_sentence_of_a_pass() -> None:
    assert verdict(HELD, OPEN).text() == "ours keeps 1 promise; 1 do not apply."


def test_the_document_is_json_and_tells_the_world_of_a_breach_only() -> None:
    document = json.loads(json.dumps(verdict(HELD, BROKEN).document))
    held, broken = document["promises"]
    assert document["outcome"] == "broken"
    assert "world" not in held
    assert broken["world"]["phases"] == [{"what": "refuse", "for_s": 5.0}]
    assert (broken["clients"], broken["faults"], broken["found_at"]) == (1, 1, 3)


def test_promises_are_found_by_name() -> None:
    assert verdict(HELD, OPEN)["budget-kept"] is OPEN
    assert [each.name for each in verdict(HELD, OPEN)] == ["converges", "budget-kept"]
