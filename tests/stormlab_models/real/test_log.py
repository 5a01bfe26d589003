"""Which lines a real server's log has, and what they are."""

import logging
import sys
from typing import Any

import pytest

from stormlab.hosts.aio.output import logging_to
from stormlab_models.real.log import Listening, chain, failed_at, kind_of, lines_of


class WebSocketDisconnect(Exception):  # noqa: N818  named as Starlette's
    """Raised by a receive, or out of a send that failed."""


def record(message: str, error: BaseException | None = None, name: str = "uvicorn.error") -> Any:
    """A record of a log."""
    info = (type(error), error, None) if error is not None else None
    return logging.LogRecord(name, logging.INFO, "", 0, message, None, info)


def sent() -> BaseException:
    """What a send that failed raises."""
    error = WebSocketDisconnect()
    error.__context__ = OSError("gone")
    return error


@pytest.mark.parametrize(
    ("message", "error", "kind"),
    [
        ('127.0.0.1:1 - "WebSocket /api/v1/ws/queue" [accepted]', None, "accepted"),
        ("connection open", None, "connection open"),
        ("connection closed", None, "connection closed"),
        ("connection rejected (500 Internal Server Error)", None, "connection rejected"),
        ("Exception in ASGI application\n", RuntimeError("x"), "asgi exception"),
        ("[WS] queue: Client never sent ready signal within 5s", None, "ready timeout"),
        ("[WS] Error in queue WebSocket connection: ", sent(), "error on send"),
        ("[WS] Error in queue: (1001, '')", WebSocketDisconnect(1001), "error on receive"),
        ("[WS] Error in queue: no", RuntimeError("no"), "error in work"),
        ("[WS] Error in queue: x", RuntimeError("; the handler is closed"), "error on send"),
        ("Shutting down\n", None, "Shutting down"),
    ],
)
def test_a_line_is_known_by_how_it_begins_and_what_was_raised(
    message: str, error: BaseException | None, kind: str
) -> None:
    assert kind_of(record(message, error)) == kind


def test_a_line_is_written_as_uvicorn_writes_it() -> None:
    assert lines_of(record("connection open")) == ["INFO:     connection open"]
    assert lines_of(record("it", name="own"), frozenset({"own"})) == ["it"]


def test_of_a_traceback_the_chain_is_kept() -> None:
    assert chain(sent())[-1].endswith("WebSocketDisconnect: ")
    told = lines_of(record("failed", ValueError("why")))
    assert told == ["failed", "builtins.ValueError: why"]


def test_no_error_is_the_work_of_nobody() -> None:
    assert failed_at(None) == "work"


def test_a_handler_hears_while_it_listens_and_is_wanted() -> None:
    heard: list[str] = []
    wanted = [True]
    handler = Listening(lambda: wanted[0], lambda each: heard.append(each.getMessage()))
    logger = logging.getLogger("stormlab.test.own")
    before = (logger.level, logger.propagate, list(logger.handlers))
    with logging_to(handler, "stormlab.test.own"):
        logger.info("one")
        wanted[0] = False
        logger.info("two")
    logger.info("three")
    assert heard == ["one"]
    assert (logger.level, logger.propagate, logger.handlers) == before
    assert sys.exc_info() == (None, None, None)
