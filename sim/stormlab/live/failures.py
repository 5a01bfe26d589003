"""What a failed handshake and a closed connection say, in the words of the contract.

A library's exceptions are read by their attributes, so that the HTTP call before a handshake may
be made with any client: ``response.status_code`` and ``response.headers`` (websockets, httpx,
requests), or ``status`` and ``headers`` (aiohttp).
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from stormlab.policy.contract import Fact, Happened, Stop

NS_PER_S = 1_000_000_000
NO_CLOSE_FRAME = 1006
_SECONDS = re.compile(r"\d+(?:\.\d+)?")
# For example "retry after 5 s", "retry-after: 500ms", '{"retry_after": 2.5}'; no unit: seconds.
_ADVICE = re.compile(
    r"retry[\s_-]?after\W{0,3}(?P<number>\d+(?:\.\d+)?)\s*(?P<ms>ms\b|millis)?", re.IGNORECASE
)


class GaveUp(Exception):  # noqa: N818  what the policy decided, not an error of the program
    """The policy makes no further attempt by itself.

    ``reason`` and ``announced`` are the policy's (:class:`~stormlab.policy.Stop`); the cause, if
    there is one, is the failure that came last. The client can go on: tell it a fact that lets the
    policy decide anew, such as ``retry_by_hand()``, and iterate again.
    """

    def __init__(self, stop: Stop) -> None:
        super().__init__(stop.reason)
        self.reason = stop.reason
        self.announced = stop.announced


class HttpFirstError(ConnectionError):
    """The HTTP call before a handshake failed; its cause is what that call raised."""


def refused(error: BaseException, time_ns: int) -> Happened:
    """REFUSED, with the HTTP status and Retry-After if the failure carries an answer."""
    if isinstance(error, HttpFirstError) and error.__cause__ is not None:
        error = error.__cause__
    response = getattr(error, "response", None) or error
    status = getattr(response, "status_code", None) or getattr(response, "status", 0)
    headers = getattr(response, "headers", None)
    return Happened(
        Fact.REFUSED,
        time_ns,
        status=status if isinstance(status, int) else 0,
        retry_after_ns=retry_after_ns(headers) if isinstance(headers, Mapping) else None,
    )


def dropped(code: int | None, reason: str | None, time_ns: int) -> Happened:
    """DROPPED, with what the close frame said; clean: there was one."""
    code, reason = code or NO_CLOSE_FRAME, reason or ""
    return Happened(
        Fact.DROPPED,
        time_ns,
        code=code,
        clean=code != NO_CLOSE_FRAME,
        retry_after_ns=advice_ns(reason),
        reason=reason,
    )


def advice_ns(reason: str) -> int | None:
    """The delay that the reason of a close frame asks for; None: it names none."""
    found = _ADVICE.search(reason)
    if found is None:
        return None
    return round(float(found["number"]) * (NS_PER_S // 1000 if found["ms"] else NS_PER_S))


def retry_after_ns(headers: Mapping[str, Any]) -> int | None:
    """Retry-After as a duration (RFC 9110 section 10.2.3): seconds, or a date.

    A date is compared with the server's own Date, if it sent one: then it does not matter whose
    clock is wrong. None: absent, or not understood.
    """
    value = str(headers.get("Retry-After", "")).strip()
    if _SECONDS.fullmatch(value):
        return round(float(value) * NS_PER_S)
    until = _date(value)
    if until is None:
        return None
    now = _date(str(headers.get("Date", ""))) or datetime.now(UTC)  # noqa: TID251  a date is wall-clock time
    return max(0, round((until - now).total_seconds() * NS_PER_S))


def _date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
