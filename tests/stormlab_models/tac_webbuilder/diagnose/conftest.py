"""Logs to diagnose: measured ones, simulated ones from outside the library, damaged ones."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stormlab.model import make_scenario, run
from stormlab_models.server_log import lines
from stormlab_models.tac_webbuilder.diagnose.parse import Log, parse
from stormlab_models.tac_webbuilder.diagnose.rank import Ranking, rank

LOGS = Path(__file__).resolve().parents[3] / "data" / "logs"

ACCEPTED_CLOSED_ERROR = """\
INFO:     127.0.0.1:52568 - "WebSocket /api/v1/ws/queue" [accepted]
INFO:     connection closed
[WS] Error in queue WebSocket connection:
websockets.exceptions.ConnectionClosedError: no close frame received or sent
...
starlette.websockets.WebSocketDisconnect
"""

_DUPLICATED = (
    "workflows",
    "planned-features",
    "system-status",
    "adw-monitor",
    "queue",
    "planned-features",
    "webhook-status",
)
DUPLICATES = "".join(
    f'INFO:     127.0.0.1:{50714 + i} - "WebSocket /api/v1/ws/{name}" [accepted]\n'
    for i, name in enumerate(_DUPLICATED)
)


@pytest.fixture(scope="session")
def mechanisms() -> dict[str, str]:
    """The true mechanism of each measured log."""
    known: dict[str, str] = json.loads((LOGS / "mechanisms.json").read_text("utf-8"))
    return known


@pytest.fixture(scope="session")
def logs() -> Path:
    """Where the measured logs are."""
    return LOGS


@pytest.fixture(scope="session")
def accepted_closed_error() -> str:
    """The first excerpt of the analysis."""
    return ACCEPTED_CLOSED_ERROR


@pytest.fixture(scope="session")
def duplicates() -> str:
    """The second excerpt of the analysis."""
    return DUPLICATES


@pytest.fixture(scope="session")
def simulate() -> Callable[..., str]:
    """Write the log of a scenario with these settings, as text."""

    def simulated(settings: dict[str, Any], seed: int) -> str:
        document = {"model": "tac-webbuilder", "duration_s": 15.0, **settings}
        trace = run(make_scenario(document, name="held out"), seed)
        return "\n".join(lines(trace)) + "\n"

    return simulated


@pytest.fixture(scope="session")
def diagnosed() -> Callable[..., Ranking]:
    """Parse a text and rank the mechanisms; simulations are shared by the whole session."""

    def diagnosis(text: str | Log) -> Ranking:
        return rank(parse(text, "a log") if isinstance(text, str) else text)

    return diagnosis
