"""The section of the report about agreement."""

from stormlab_models.tac_webbuilder.validate.agreement import validate_conditions
from stormlab_models.tac_webbuilder.validate.report import section
from stormlab_models.tac_webbuilder.validate.schema import Condition


def test_the_section_names_shares_mechanisms_and_causes(measured: list[Condition]) -> None:
    chosen = [c for c in measured if c.mechanism == "reload_navigation"][:3]
    text = section(validate_conditions(chosen, least=5, workers=1))
    assert "| reload_navigation | 3 |" in text
    assert "Not judged, and not counted as agreed:" in text
    for line in text.splitlines():
        if line.startswith("|"):
            assert line.endswith("|")
