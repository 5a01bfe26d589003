"""When the count of failures goes back to zero."""

from dataclasses import dataclass
from typing import Literal

from stormlab.clock import to_ns

On = Literal["open", "proof", "stable", "time", "http", "never"]


@dataclass(frozen=True)
class Reset:
    """The rule that sets the count of failures back.

    ``on``: ``open`` (handshake complete), ``proof`` (the application answered on the connection),
    ``stable`` (the connection lasted ``after_s``, seen when it ends), ``time`` (``after_s`` since
    the last failure was counted, whatever happened since), ``http`` (the HTTP call before the
    handshake succeeded), ``never``. ``gate``: a connection that lasted less than ``after_s`` is not
    reconnected at all (@colyseus/sdk), which is the opposite of what ``stable`` is for.
    """

    on: On = "open"
    after_s: float = 0.0
    gate: bool = False

    @property
    def after_ns(self) -> int:
        """``after_s`` in nanoseconds."""
        return to_ns(self.after_s)

    @property
    def words(self) -> str:
        """For people."""
        after = f"{self.after_s:g} s"
        text = {
            "open": "on open",
            "proof": "on application proof",
            "stable": f"after {after} open",
            "time": f"{after} after the last failure",
            "http": "on success of the HTTP call",
            "never": "never",
        }[self.on]
        return text + (f"; a connection younger than {after} is given up" if self.gate else "")
