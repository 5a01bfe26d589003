"""The JUnit report of a verdict."""

from pathlib import Path
from xml.etree import ElementTree as ET

from stormlab.check import Judged, Verdict
from stormlab.check.junit import write_junit
from stormlab.evidence import Outcome
from stormlab.properties import PROMISES

NAMES = ("converges", "one-live-socket", "budget-kept", "obeys-advice")
JUDGED = (
    Judged(PROMISES[NAMES[0]], Outcome.HOLDS),
    Judged(PROMISES[NAMES[1]], Outcome.BROKEN, "two & <more>\x1b", evidence=("1 s new #2",)),
    Judged(PROMISES[NAMES[2]], Outcome.UNDECIDED, "it declares no retry budget"),
    Judged(PROMISES[NAMES[3]], Outcome.UNDECIDED, "never was any", unseen=True),
)


def test_every_promise_is_a_case_with_its_outcome(tmp_path: Path) -> None:
    place = tmp_path / "new" / "check.xml"
    write_junit(Verdict("mine.py:Ours", JUDGED, "dev"), place)
    [suite] = ET.parse(place).getroot()  # noqa: S314  written a line above
    counts = {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "4", "failures": "1", "errors": "1", "skipped": "1"}
    assert [case.get("name") for case in suite] == list(NAMES)
    assert [[each.tag for each in case] for case in suite] == [
        [],
        ["failure"],
        ["skipped"],
        ["error"],
    ]
    failure = suite[1][0]
    assert failure.get("message") == "two & <more>?"
    assert "1 s new #2" in (failure.text or "")
    assert [path.name for path in place.parent.iterdir()] == ["check.xml"]
