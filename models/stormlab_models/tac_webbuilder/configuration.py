"""The one configuration table of the analysed page, validated, and what it means for the page.

The keys are those of the analysis (LOW #9, ``intervals.websocket``), in milliseconds as there,
and one more, ``pathIdleCut``: after how much silence something on the path cuts a connection.

======================= ======== ==============================================================
key                     default  rule
======================= ======== ==============================================================
pathIdleCut             none     what the path does; none: nothing is known to cut
baseReconnectDelay      1000     above 0
maxReconnectDelay       30000    at least baseReconnectDelay
maxReconnectAttempts    10       1 or more
connectionTimeout       5000     above 0; at most messageTimeout
messageTimeout          60000    above 0; silence after which a connection counts as dead
pingInterval            30000    below pathIdleCut, and below messageTimeout
======================= ======== ==============================================================

The page knows two deadlines: a socket still connecting after ``connectionTimeout`` is closed, and
so is one whose pong has not come ``messageTimeout - pingInterval`` after its ping, so that a dead
connection is noticed ``messageTimeout`` after its last message at the latest.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from stormlab.scenario import read_document, validated
from stormlab_models.tac_webbuilder.changes import Settings

Milliseconds = Annotated[int, Field(gt=0, le=86_400_000)]


def _camel(name: str) -> str:
    first, *rest = name.removesuffix("_ms").split("_")
    return first + "".join(word.capitalize() for word in rest)


class Configuration(BaseModel):
    """The table. Fields carry their unit; files use the analysis's names (``pingInterval``)."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=_camel, populate_by_name=True
    )

    path_idle_cut_ms: Milliseconds | None = None
    base_reconnect_delay_ms: Milliseconds = 1000
    max_reconnect_delay_ms: Milliseconds = 30_000
    max_reconnect_attempts: Annotated[int, Field(ge=1, le=1000)] = 10
    message_timeout_ms: Milliseconds = 60_000
    connection_timeout_ms: Milliseconds = 5000
    ping_interval_ms: Annotated[Milliseconds, Field(validate_default=True)] = 30_000

    @field_validator("max_reconnect_delay_ms")
    @classmethod
    def _not_below_base(cls, value: int, info: ValidationInfo) -> int:
        base_ms = info.data.get("base_reconnect_delay_ms", value)
        if value < base_ms:
            raise ValueError(
                f"found {value} ms; allowed: baseReconnectDelay ({base_ms} ms) or more"
            )
        return value

    @field_validator("connection_timeout_ms")
    @classmethod
    def _not_above_message_timeout(cls, value: int, info: ValidationInfo) -> int:
        limit_ms = info.data.get("message_timeout_ms", value)
        if value > limit_ms:
            raise ValueError(f"found {value} ms; allowed: messageTimeout ({limit_ms} ms) or less")
        return value

    @field_validator("ping_interval_ms")
    @classmethod
    def _keeps_alive(cls, value: int, info: ValidationInfo) -> int:
        cut_ms = info.data.get("path_idle_cut_ms")
        if cut_ms is not None and value >= cut_ms:
            raise ValueError(f"found {value} ms; allowed: less than pathIdleCut ({cut_ms} ms)")
        limit_ms = info.data.get("message_timeout_ms")
        if limit_ms is not None and value >= limit_ms:
            raise ValueError(f"found {value} ms; allowed: less than messageTimeout ({limit_ms} ms)")
        return value

    @property
    def settings(self) -> Settings:
        """The page's switches that this table stands for, by dotted key."""
        return {
            "page.delay_base_s": self.base_reconnect_delay_ms / 1000,
            "page.delay_max_s": self.max_reconnect_delay_ms / 1000,
            "page.attempts_max": self.max_reconnect_attempts,
            "page.connect_timeout_s": self.connection_timeout_ms / 1000,
            "page.ping_interval_s": self.ping_interval_ms / 1000,
            "page.pong_timeout_s": (self.message_timeout_ms - self.ping_interval_ms) / 1000,
        }

    @classmethod
    def from_table(cls, table: Mapping[str, Any], source: str = "configuration") -> Self:
        """Validate a table.

        Raises:
            stormlab.scenario.ScenarioError: one line: source, key, what was found, what is allowed.
        """
        document = dict(table)
        if "ping_interval_ms" not in document:  # so that an error names the key as files do
            document.setdefault("pingInterval", cls.model_fields["ping_interval_ms"].default)
        return validated(cls, document, source)

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read and validate a TOML file that holds the table.

        Raises:
            stormlab.scenario.ScenarioError: one line, as :meth:`from_table`, or why the file
                cannot be read.
        """
        return cls.from_table(read_document(path), str(path))
