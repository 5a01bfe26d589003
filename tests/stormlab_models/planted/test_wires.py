"""The planted faults of wires: what the proxy cuts."""

import pytest

from stormlab.selftest.planted import Code, look
from stormlab.vocabulary import Event
from stormlab_models.planted.wires import BEHIND_A_PROXY, FAULTS

SILENT, SLOW = FAULTS


@pytest.mark.parametrize(
    ("code", "cuts"), [(SILENT.faulty, 3), (SLOW.faulty, 3), (SILENT.repaired, 0)]
)
def test_a_cut_each_thirty_seconds_unless_pings_are_quicker(code: Code, cuts: int) -> None:
    _, seen = look("wire", code, BEHIND_A_PROXY)
    assert sum(len(story.of(Event.IDLE_CUT)) for story in seen.stories) == cuts
