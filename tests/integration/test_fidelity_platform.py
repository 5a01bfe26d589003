"""The platform of browser clients against Chromium's, expression by expression.

Left out is what is known to differ: messages and stacks of the engine's own errors,
``Promise.resolve().constructor`` (see ``platform/promises.js``), ``Intl`` and other parts of
browsers that the lab does not have, and hosts with spaces, which only Chromium allows.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.integration.real_websockets import RealServer, chromium, in_chromium
from tests.stormlab.hosts.javascript.conftest import evaluated
from tests.stormlab.hosts.javascript.test_platform_text import (
    BYTES,
    COMPARED,
    PARAMS,
    TEXTS,
    URLS,
)

pytestmark = [pytest.mark.slow, pytest.mark.fidelity]

FILE = Path(__file__).parent.parent / "data" / "fidelity" / "platform.js"
EXPRESSIONS = [line for line in FILE.read_text("utf-8").splitlines() if not line.startswith("//")]
ONLY_CHROMIUM = {"ws://ho st/", "ws://ho%20st/"}
ADDRESSES = [each for each in URLS if each[0] not in ONLY_CHROMIUM]


def script() -> str:
    """All of it as one expression."""
    tried = (f"(() => {{ try {{ return {each}; }} catch (e) {{ return 'threw ' + e; }} }})()"
             for each in EXPRESSIONS)  # fmt: skip
    texts = COMPARED % tuple(json.dumps(each) for each in (ADDRESSES, PARAMS, TEXTS, BYTES))
    return f"[[{','.join(tried)}], {texts}]"


@pytest.fixture(scope="module")
def both() -> tuple[Any, Any]:
    """What Chromium and the lab answer."""
    if chromium() is None:
        pytest.skip("Chromium is not installed")
    server = RealServer()
    try:
        real = in_chromium(server, f"report({script()});", 60)
    finally:
        server.stop()
    return real, evaluated(script())


@pytest.mark.parametrize("number", range(len(EXPRESSIONS)), ids=EXPRESSIONS)
def test_the_lab_answers_as_chromium_does(number: int, both: tuple[Any, Any]) -> None:
    real, ours = both
    assert ours[0][number] == real[0][number]


@pytest.mark.parametrize("number", range(len(ADDRESSES)), ids=[str(each) for each in ADDRESSES])
def test_an_address_is_read_as_in_chromium(number: int, both: tuple[Any, Any]) -> None:
    real, ours = both
    assert ours[1]["urls"][number] == real[1]["urls"][number]


@pytest.mark.parametrize(
    "name", ["searches", "more", "set", "encoded", "into", "decoded", "streams", "base", "buffer"]
)
def test_texts_and_bytes_are_those_of_chromium(name: str, both: tuple[Any, Any]) -> None:
    real, ours = both
    assert ours[1][name] == real[1][name]
