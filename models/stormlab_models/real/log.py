"""What a real server logs: its lines as a person reads them, and which of the known lines each is.

The lines are those of uvicorn's default format without colours; of a traceback the chain of its
exceptions is kept, cause first, as in :mod:`stormlab_models.server_log`.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass

_KINDS = (
    (re.compile(r"\[accepted\]$"), "accepted"),
    (re.compile(r"^connection open$"), "connection open"),
    (re.compile(r"^connection closed$"), "connection closed"),
    (re.compile(r"^connection rejected "), "connection rejected"),
    (re.compile(r"^Exception in ASGI application"), "asgi exception"),
    (re.compile(r"^\[WS\] .*: Client never sent ready signal"), "ready timeout"),
    (re.compile(r"^\[WS\] Error in "), "error"),
)
_PREFIX_CHARS = 10


def chain(error: BaseException) -> list[str]:
    """An exception's chain, cause first, one line each."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    kind = type(error)
    own = f"{kind.__module__}.{kind.__qualname__}: {error}"
    return [*(chain(before) if before is not None else []), own]


def lines_of(record: logging.LogRecord, bare: frozenset[str] = frozenset()) -> list[str]:
    """The lines of a record; without its level in front if its logger is one of ``bare``."""
    error = record.exc_info[1] if record.exc_info else None
    plain = error is not None or record.name in bare
    prefix = "" if plain else f"{record.levelname}:".ljust(_PREFIX_CHARS)
    told = prefix + record.getMessage().rstrip()
    return [told, *(chain(error) if error is not None else [])]


def failed_at(error: BaseException | None) -> str:
    """Where a handler failed: at a ``send``, a ``receive``, or in its own ``work``.

    Starlette raises WebSocketDisconnect with the server's own exception behind it at a send, with
    none at a receive; uvloop's transport raises a RuntimeError.
    """
    if type(error).__name__ == "WebSocketDisconnect":
        return "send" if error is not None and error.__context__ is not None else "receive"
    return "send" if "the handler is closed" in str(error) else "work"


def kind_of(record: logging.LogRecord) -> str:
    """Which known line a record begins with; its first line if it is none of them."""
    message = record.getMessage().rstrip()
    for pattern, kind in _KINDS:
        if pattern.search(message):
            error = record.exc_info[1] if record.exc_info else None
            where = {"send": "on send", "receive": "on receive", "work": "in work"}
            return f"error {where[failed_at(error)]}" if kind == "error" else kind
    return message


@dataclass
class Listening(logging.Handler):
    """Hands records on while ``wanted`` says so."""

    wanted: Callable[[], bool]
    tell: Callable[[logging.LogRecord], None]

    def __post_init__(self) -> None:
        """Begin as any handler."""
        super().__init__(logging.INFO)

    def __hash__(self) -> int:
        """By identity, as any handler's."""
        return id(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Hand a record on."""
        if self.wanted():
            self.tell(record)
