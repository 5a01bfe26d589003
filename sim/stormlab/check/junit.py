"""A verdict as a JUnit report, which every CI reads: one test case for each promise."""

import os
from pathlib import Path
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from stormlab.check.verdict import Verdict
from stormlab.evidence import Outcome


def write_junit(verdict: Verdict, path: Path) -> None:
    """Write the report, whole or not at all.

    A broken promise is a failure, one that does not apply is skipped, and one that should have been
    decided and was not is an error.
    """
    cases = list(verdict)
    undecided = verdict.of(Outcome.UNDECIDED)
    errors = [each for each in undecided if each.unseen or verdict.asked]
    suite = Element(
        "testsuite",
        name=f"stormlab check {_plain(verdict.name)}",
        tests=str(len(cases)),
        failures=str(len(verdict.broken)),
        errors=str(len(errors)),
        skipped=str(len(undecided) - len(errors)),
        time=f"{verdict.seconds:.3f}",
    )
    for each in cases:
        case = SubElement(
            suite,
            "testcase",
            classname=_plain(verdict.name),
            name=each.name,
            time=f"{each.seconds:.3f}",
        )
        if each.outcome is Outcome.BROKEN:
            failure = SubElement(case, "failure", message=_plain(each.reason))
            failure.text = _plain("\n".join(each.lines))
        elif each.outcome is Outcome.UNDECIDED:
            kind = "error" if each in errors else "skipped"
            SubElement(case, kind, message=_plain(each.reason))
    root = Element("testsuites")
    root.append(suite)
    indent(root)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part-{os.getpid()}")
    try:
        ElementTree(root).write(part, encoding="utf-8", xml_declaration=True)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _plain(text: str) -> str:
    """Without the characters that XML does not allow."""
    return "".join(char if char.isprintable() or char == "\n" else "?" for char in text)
