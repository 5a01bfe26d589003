"""The same conversations with the real uvicorn and with the simulated one must agree.

The locked uvicorn is 0.38, with three implementations. From 0.50 on only sansio is compared, with
the model's description of 0.54: the other two are described as of 0.38.

Compared are the server's log lines in their order, the codes that the handler was given, and what
the peer saw. One real process serves all conversations of an implementation, one after the other;
the three run side by side.
"""

import asyncio
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import pytest

Outcomes = dict[tuple[str, str], Any]

BEFORE = {"data_s": 0.2}
BEFORE_BLOCK = {"data_s": 0.25, "kind": "block"}
AFTER = {"data_s": 0.2, "placement": "after"}
READY = {"ready_s": 0.2}
LATE = {"data_s": 1.1}  # later than the handshake timer, which the tests set to 0.8 s
LATE_BLOCK = {"data_s": 1.1, "kind": "block"}
OF_0_38 = {"legacy": "websockets", "sansio-0.38": "websockets-sansio", "wsproto": "wsproto"}
OF_0_54 = {"sansio": "websockets-sansio"}
UVICORN = tuple(int(part) for part in version("uvicorn").split(".")[:2])
NAMES = OF_0_38 if UVICORN < (0, 50) else OF_0_54

# name -> steps of the peer, and what the handler does
CONVERSATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "open": ("request, head, sleep 0.1, fin", {}),
    "closed in order": ("request, head, sleep 0.1, close 1001, end, fin", {}),
    "FIN during data, awaited": ("request, sleep 0.05, fin", BEFORE),
    "FIN during data, blocking": ("request, sleep 0.1, fin", BEFORE_BLOCK),
    "FIN with the request, awaited": ("stop, sleep 0.1, request, fin, cont", BEFORE),
    "FIN with the request, blocking": ("stop, sleep 0.1, request, fin, cont", BEFORE_BLOCK),
    "FIN after the 101": ("request, head, fin", AFTER),
    "1001 after the 101": ("request, head, close 1001, end, fin", AFTER),
    "ready sent": ("request, head, ready, sleep 0.1, fin", READY),
    "ready missing": ("request, head, sleep 0.3, still_open, fin", READY),
    "ready awaited, FIN during data": ("request, sleep 0.05, fin", READY | BEFORE),
    "ready awaited, FIN after the 101": ("request, head, sleep 0.05, fin", READY),
    "ready awaited, 1001 and FIN": ("request, head, sleep 0.05, close 1001, fin", READY),
    "1001 and FIN": ("request, head, sleep 0.1, close 1001, fin", {}),
    "a message unread, then FIN": ("request, head, ready, sleep 0.05, fin", AFTER),
    "a message unread, then 1001": ("request, head, ready, sleep 0.05, close 1001, fin", AFTER),
    "ready awaited, 1001": ("request, head, sleep 0.05, close 1001, end, fin", READY),
}
LATE_CONVERSATIONS = {
    "late, awaited": ("request, end", LATE),
    "late, blocking": ("request, end", LATE_BLOCK),
}
LAST = {
    "SIGTERM, open": ("request, head, sleep 0.1, term, end", {}),
    "SIGTERM, waiting for ready": ("request, head, sleep 0.1, term, end", {"ready_s": 2.0}),
    "SIGTERM, in the handshake": ("request, sleep 0.1, term, end", {"data_s": 0.4}),
}


async def one_process(
    real_server: Any, name: str, table: dict[str, Any], outcomes: Outcomes, **settings: Any
) -> None:
    """Have every conversation of ``table`` with one process."""
    async with real_server(implementation=NAMES[name], open_timeout_s=0.8, **settings) as server:
        for title, (steps, query) in table.items():
            ends = "term" in steps or "kill" in steps
            outcomes[name, title] = await server.told(steps, query, ends=ends)


@pytest.fixture(scope="module")
def outcomes(real_server: Any) -> Outcomes:
    """What came of every conversation with the real servers."""
    result: Outcomes = {}

    async def all_processes() -> None:
        processes = []
        first, *others = LAST
        for name in NAMES:
            late = LATE_CONVERSATIONS if name == "legacy" else {}
            table = CONVERSATIONS | late | {first: LAST[first]}
            processes.append(one_process(real_server, name, table, result))
            processes += [
                one_process(real_server, name, {title: LAST[title]}, result) for title in others
            ]
        await asyncio.gather(*processes)

    asyncio.run(all_processes())
    return result


CASES = [
    (name, title)
    for name in NAMES
    for title in [*CONVERSATIONS, *(LATE_CONVERSATIONS if name == "legacy" else ()), *LAST]
]


@pytest.mark.parametrize(("name", "title"), CASES)
def test_the_model_tells_the_same(
    outcomes: Outcomes, simulate: Callable[..., Any], name: str, title: str
) -> None:
    steps, query = (CONVERSATIONS | LATE_CONVERSATIONS | LAST)[title]
    model, real = simulate(name, steps, query), outcomes[name, title]
    assert model.lines == real.lines
    assert model.codes == real.codes
    assert model.peer == real.peer
