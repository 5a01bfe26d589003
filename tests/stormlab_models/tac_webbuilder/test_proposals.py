"""The analysis's breaker breaks what the analysis says of it; the repaired one does not."""

from stormlab.check import see, target_of
from stormlab.evidence import Outcome
from stormlab.properties import PROMISES, Finding
from stormlab.worlds.bare import BareWorld, Phase

DOWN = BareWorld((Phase("refuse", 300.0),), settle_s=1028.0)
PLACE = "stormlab_models.tac_webbuilder.proposals"


def says(target: str, promise: str) -> Finding:
    found = target_of(target)
    return PROMISES[promise].judge(found.subject, see(found, DOWN))


def test_literally_it_never_trips() -> None:
    found = says(f"{PLACE}:Literal", "quiet-while-the-breaker-is-open")
    assert found.outcome is Outcome.BROKEN
    closed, attempt = found.events[:2]
    assert "close #10" in closed
    assert "new #11" in attempt
    assert says(f"{PLACE}:Literal", "converges").outcome is Outcome.HOLDS


def test_wired_it_opens_and_never_tries_again() -> None:
    found = says(f"{PLACE}:Wired", "survives-long-outages")
    assert found.outcome is Outcome.BROKEN
    assert "circuit breaker open" in found.events[0]
    quiet = says(f"{PLACE}:Wired", "quiet-while-the-breaker-is-open")
    assert quiet.outcome is not Outcome.BROKEN


def test_repaired_it_comes_back() -> None:
    for promise in ("survives-long-outages", "converges"):
        found = says("tac-webbuilder-breaker-repaired", promise)
        assert found.outcome is not Outcome.BROKEN, found
    assert says("tac-webbuilder-breaker-repaired", "converges").outcome is Outcome.HOLDS
