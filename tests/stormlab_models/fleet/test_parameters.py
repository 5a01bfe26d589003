"""What can be set, and what is said of the rest."""

from typing import Any

import pytest

from stormlab.model import make_scenario, run
from stormlab.scenario import ScenarioError


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"clients": {"count": 0}}, "clients.count: found 0; allowed: at least 1"),
        ({"clients": {"sockets": 65}}, "clients.sockets: found 65; allowed: at most 64"),
        ({"server": {"pods": 2}, "faults": [{"do": "stop", "pod": 2, "at_s": 1}]}, "faults.0.pod"),
        ({"faults": [{"do": "block", "at_s": 1, "for_s": 1}]}, "faults.0.do: found 'block'"),
        (
            {"server": {"handshake_shape": "exponential", "handshake_sigma": 0.5}},
            "handshake_sigma: found 0.5; allowed: 0, as an exponential",
        ),
        ({"server": {"backlog": -1}}, "server.backlog: found -1; allowed: at least 0"),
        ({"policy": "no-such-policy"}, "policy: "),
        ({"mix": [{"policy": "aws-full-jitter", "share": 0.5}]}, "add up to 0.5; allowed: 1"),
    ],
)
def test_what_is_wrong_is_said(given: dict[str, Any], said: str) -> None:
    document = {"model": "fleet", "duration_s": 60, **given}
    with pytest.raises(ScenarioError) as refused:
        run(make_scenario(document, name="f"))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
