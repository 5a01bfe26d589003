"""The proposed changes are those of the register of changes; probes are marked as such."""

import pytest

from stormlab_models.tac_webbuilder.changes import change, settings
from stormlab_models.tac_webbuilder.phases import phase
from stormlab_models.tac_webbuilder.reproduce.fixes import (
    FIXES,
    PHASES,
    baseline_of,
    settings_of,
    title_of,
)


def test_a_proposed_fix_is_the_change_as_written() -> None:
    assert settings_of("stagger") == settings(change("client-change-4").as_written)
    assert settings_of("phase3") == settings(phase(3))
    assert settings_of("") == ()
    with pytest.raises(KeyError):
        settings_of("prayer")


def test_there_are_six_phases_and_the_repaired_form() -> None:
    assert list(PHASES) == [*(f"phase{number}" for number in range(6)), "repaired"]


def test_phases_are_compared_with_phase_0_and_fixes_with_the_page_as_found() -> None:
    assert baseline_of("phase4") == "phase0"
    assert baseline_of("stagger") == ""


def test_every_fix_has_a_name_for_people() -> None:
    titles = [title_of(name) for name in ["", *FIXES, *PHASES]]
    assert len(set(titles)) == len(titles)
    assert not FIXES["owner_check"].proposed
    assert FIXES["breaker"].proposed
