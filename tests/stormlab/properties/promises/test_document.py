from pathlib import Path

from stormlab.properties.promises import PROMISES
from stormlab.properties.promises.document import definitions, overview


def test_the_document_tells_every_promise_as_the_registry_does() -> None:
    page = Path(__file__).parents[4] / "docs" / "promises.md"
    text = page.read_text(encoding="utf-8")
    assert definitions(dict(PROMISES)) in text
    assert overview(dict(PROMISES)) in text


def test_a_promise_is_told_with_its_formula_and_its_limits() -> None:
    text = definitions({"converges": PROMISES["converges"]})
    assert text.startswith("### converges\n\nOnce the fault is healed")
    assert "\n    OPEN and no CLOSE after it within" in text
    for part in (
        "**Bound.**",
        "**Undecided:**",
        "**Tried with:** a client alone, a small fleet, a client of real code.",
    ):
        assert part in text
    assert "- **A batch must have seen** a refused attempt." in text
