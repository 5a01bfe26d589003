"""The schema of measured conditions, as far as the model reads it; unknown keys are refused.

A file is a JSON list of conditions. Times are in ms unless the name ends in ``_s``. ``id`` and
``mechanism`` name things for people; nothing is looked up by them.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from stormlab.scenario import ScenarioError, one_line

SIZE_MAX_BYTES = 50_000_000
Ms = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MeasuredBrowser(_Closed):
    """Which browser; ``none`` is a bare client in Python."""

    name: Literal["chromium", "firefox", "none"]
    version: str = ""
    edition: str = ""
    profile_shared_tabs: int | None = None
    renderer: str = ""


class MeasuredReact(_Closed):
    """React's version and mode."""

    version: str = ""
    strict_mode: bool
    build: Literal["dev", "production"]


class MeasuredClient(_Closed):
    """Clients without a browser."""

    clients: int
    sockets_per_client: int | None = None
    order: str
    handshakes: int | None = None
    closes_after_first_message: bool = False
    timeout_s: float


class MeasuredServer(_Closed):
    """The server's set-up."""

    implementation: Literal["uvicorn-legacy", "uvicorn-sansio", "uvicorn-wsproto"]
    uvicorn: str = ""
    websockets: str = ""
    wsproto: str = ""
    starlette: str = ""
    initial_data_ms: Ms
    initial_data_kind: Literal["async", "block"]
    initial_data_placement: Literal["before_accept", "after_accept"]
    per_endpoint_data_ms: dict[str, Ms] = Field(default_factory=dict)
    accept_delay_ms: Ms
    waits_for_ready: bool
    ready_timeout_ms: Ms | None = None
    ping_interval_s: float | None
    ping_timeout_s: float | None


class MeasuredPage(_Closed):
    """The page's code."""

    hook: Literal["analysed", "fixed", "defer", "manager", "plain", "breaker", "raw_sockets"]
    served_by: Literal["static_files", "vite_dev_server", "app_server"]
    sends_ready: bool = False
    ping_interval_ms: Ms | None = None
    stagger: bool = False
    jitter_ms: Ms = 0
    stop_after_max_attempts: bool = False
    breaker: Literal["none", "literal", "wired"] = "none"
    delay_scale: float = 1


class MeasuredGroup(_Closed):
    """Sockets opened at once by a bare page."""

    sockets: int
    host: str
    server: Literal[1, 2]
    tab: int
    profile: int


class MeasuredAction(_Closed):
    """Something done to a page or to the server."""

    do: str
    after_ms_from_first_socket: Ms | None = None
    at_ms: Ms | None = None
    since: str = Field(default="first_tab", alias="from")
    times: int = 1
    every_ms: Ms | None = None
    for_ms: Ms | None = None
    sockets: int | None = None
    module_exports: str | None = None


class MeasuredNetwork(_Closed):
    """A TCP proxy on the way."""

    idle_cut_s: float | None
    cut_with: Literal["fin", "rst"] = "fin"


class MeasuredOutage(_Closed):
    """When the server was down, and how it went."""

    since: str = Field(alias="from")
    down_at_ms: Ms
    up_at_ms: Ms
    how: Literal["kill", "term", "absent"]


class Measured(_Closed):
    """The figures: counts do not depend on the machine's load, times do."""

    count: dict[str, Any] = Field(default_factory=dict)
    time: dict[str, Any] = Field(default_factory=dict)


class Condition(_Closed):
    """One measured condition: how it was set up, and what was seen."""

    id: str
    mechanism: str
    n: Annotated[int, Field(ge=1)]
    n_unit: Literal["loads", "tabs", "runs", "handshakes"]
    parallel_runs: int | None = None
    weak: bool = False
    weak_scope: Literal["all", "server", "time"] | None = None
    weak_reason: str = ""
    note: str = ""
    browser: MeasuredBrowser
    client: MeasuredClient | None = None
    react: MeasuredReact | None = None
    server: MeasuredServer
    page: MeasuredPage | None = None
    socket_groups: list[MeasuredGroup] = Field(default_factory=list)
    actions: list[MeasuredAction] = Field(default_factory=list)
    network: MeasuredNetwork | None = None
    outage: MeasuredOutage | None = None
    tabs: int | None = None
    tab_stagger_ms: Ms | None = None
    sockets_per_tab: int | None = None
    observe_from: str | None = None
    observe_ms: Ms | None = None
    measured: Measured

    def weak_for(self, figure: str) -> bool:
        """Whether this condition should get no vote on ``figure``."""
        if not self.weak:
            return False
        if self.weak_scope == "server":
            return figure.startswith(("server", "log_"))
        return self.weak_scope in {"all", None}


def read_conditions(path: Path) -> list[Condition]:
    """Read a file of measured conditions.

    Raises:
        ScenarioError: one line that says what is wrong: file, condition and key, found, allowed.
    """
    try:
        if path.stat().st_size > SIZE_MAX_BYTES:
            msg = f"{path}: {path.stat().st_size:,} bytes; allowed: {SIZE_MAX_BYTES:,}"
            raise ScenarioError(msg)
        document = json.loads(path.read_bytes())
    except OSError as error:
        msg = f"{path}: {error.strerror or error}"
        raise ScenarioError(msg) from None
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        msg = f"{path}: not valid JSON: {error}"
        raise ScenarioError(msg) from None
    if not isinstance(document, list) or not document:
        msg = f"{path}: found {type(document).__name__}; allowed: a list of measured conditions"
        raise ScenarioError(msg)
    conditions = []
    for number, entry in enumerate(document):
        name = entry.get("id", number) if isinstance(entry, dict) else number
        try:
            conditions.append(TypeAdapter(Condition).validate_python(entry))
        except ValidationError as error:
            raise ScenarioError(one_line(error, f"{path}: condition {name}", Condition)) from None
    return conditions
