"""What failures say: status, Retry-After in both forms, advice in a close reason."""

from dataclasses import dataclass, field

import pytest
from websockets.datastructures import Headers
from websockets.exceptions import InvalidStatus
from websockets.http11 import Response

from stormlab.live import failures
from stormlab.live.failures import HttpFirstError
from stormlab.policy import Fact, Happened

DATE = "Wed, 21 Oct 2026 07:28:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "120"}, 120),
        ({"Retry-After": " 1.5 "}, 1.5),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:30 GMT", "Date": DATE}, 30),
        ({"Retry-After": "Wed, 21 Oct 2026 07:27:30 GMT", "Date": DATE}, 0),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-3"}, None),
        ({"Retry-After": ""}, None),
        ({}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    found = failures.retry_after_ns(headers)
    assert found == (None if seconds is None else round(seconds * 1e9))


@pytest.mark.parametrize(
    ("reason", "milliseconds"),
    [
        ("retry after 5 s", 5000),
        ("overloaded; Retry-After: 2.5", 2500),
        ('{"retry_after": 300}', 300_000),
        ("retry after 500ms", 500),
        ("try again later", None),
        ("retry after lunch", None),
        ("", None),
    ],
)
def test_advice_in_a_close_reason(reason: str, milliseconds: int | None) -> None:
    expected = None if milliseconds is None else milliseconds * 1_000_000
    assert failures.advice_ns(reason) == expected


def test_a_refused_handshake_tells_status_and_advice() -> None:
    response = Response(503, "Service Unavailable", Headers({"retry-after": "3"}))
    told = failures.refused(InvalidStatus(response), 5)
    assert told == Happened(Fact.REFUSED, 5, status=503, retry_after_ns=3_000_000_000)


def test_a_failed_connect_tells_nothing_more() -> None:
    assert failures.refused(ConnectionRefusedError(111, "refused"), 5) == Happened(Fact.REFUSED, 5)


@dataclass
class AnotherLibraryError(Exception):
    """As aiohttp's ClientResponseError carries its answer."""

    status: int = 429
    headers: dict[str, str] = field(default_factory=lambda: {"Retry-After": "1"})


def test_the_http_call_may_be_made_with_any_library() -> None:
    error = HttpFirstError("no")
    error.__cause__ = AnotherLibraryError()
    told = failures.refused(error, 1)
    assert told == Happened(Fact.REFUSED, 1, status=429, retry_after_ns=1_000_000_000)


@pytest.mark.parametrize(
    ("code", "reason", "expected"),
    [
        (1012, "service restart", Happened(Fact.DROPPED, 1, 1012, clean=True)),
        (1005, None, Happened(Fact.DROPPED, 1, 1005, clean=True)),
        (1006, "", Happened(Fact.DROPPED, 1, 1006)),
        (None, None, Happened(Fact.DROPPED, 1, 1006)),
    ],
)
def test_a_dropped_connection(code: int | None, reason: str | None, expected: Happened) -> None:
    told = failures.dropped(code, reason, 1)
    assert (told.code, told.clean, told.fact) == (expected.code, expected.clean, expected.fact)
    assert told.reason == (reason or "")
