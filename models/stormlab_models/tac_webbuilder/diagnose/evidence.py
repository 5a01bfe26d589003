"""What single lines of the given log say, in words; the ranking uses the same facts as numbers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from stormlab_models.tac_webbuilder.diagnose.features import PORT_STEP_MAX, linux_ports
from stormlab_models.tac_webbuilder.diagnose.parse import (
    ACCEPTED,
    ASGI,
    CLOSED,
    ERROR,
    OPEN,
    READY_TIMEOUT,
    SHUTDOWN,
    STARTED,
    Line,
)
from stormlab_models.tac_webbuilder.endpoints import NAMES

_NUMBERS_SHOWN = 8


@dataclass(frozen=True)
class Evidence:
    """A statement, and the numbers of the lines it rests on."""

    text: str
    lines: tuple[int, ...]

    @property
    def where(self) -> str:
        """The line numbers for people."""
        shown = ", ".join(str(number) for number in self.lines[:_NUMBERS_SHOWN])
        return shown + (", …" if len(self.lines) > _NUMBERS_SHOWN else "")


def gather(lines: Sequence[Line], *, timed: bool) -> list[Evidence]:
    """Everything worth saying about these lines, failures first."""
    found = [*_errors(lines), *_counted(lines), *_repeats(lines)]
    if not timed:
        found += _ports(lines)
    elif len(lines) > 1:
        seconds = (lines[-1].time_s or 0.0) - (lines[0].time_s or 0.0)
        ends = (lines[0].number, lines[-1].number)
        found.append(Evidence(f"{seconds:.3g} s from the first to the last line", ends))
    return found


def _errors(lines: Sequence[Line]) -> list[Evidence]:
    stories: dict[str, list[int]] = {}
    for index, line in enumerate(lines):
        if line.kind == ERROR:
            stories.setdefault(_story(lines, index), []).append(line.number)
    return [Evidence(text, tuple(numbers)) for text, numbers in stories.items()]


def _story(lines: Sequence[Line], index: int) -> str:
    """What the error's own connection had been through."""
    error = lines[index]
    if error.sending is False:
        return (
            "error on receive: the server was waiting for the page's first message, as with"
            " client_ready, when the connection ended"
        )
    seen = _between(lines, index)
    opened = error.opened if error.opened is not None else (OPEN in seen if seen else None)
    if opened:
        return "error after accepted and open: the connection ended after the handshake"
    if opened is None:
        return "error on send: the peer had gone before the initial data was sent"
    if CLOSED in seen:
        return (
            "error after accepted and closed, never open: the end of TCP was seen before the"
            " handshake finished"
        )
    return "error right after accepted, never open: TCP had ended while the initial data was made"


def _between(lines: Sequence[Line], index: int) -> list[str]:
    """Kinds of the lines right after the error's accept, up to the next accept or the error."""
    endpoint = lines[index].endpoint
    start = next(
        (
            at
            for at in range(index - 1, -1, -1)
            if lines[at].kind == ACCEPTED and lines[at].endpoint == endpoint
        ),
        None,
    )
    if start is None:
        return []
    kinds = [ACCEPTED]
    for line in lines[start + 1 : index]:
        if line.kind == ACCEPTED:
            break
        kinds.append(line.kind)
    return kinds


_SAID = {
    READY_TIMEOUT: "client_ready never came: the server waits for it, the page does not send it",
    ASGI: "accept() raised: the server runs wsproto, and the peer had gone before accept",
    CLOSED: '"connection closed" is written by uvicorn\'s legacy implementation',
    SHUTDOWN: "the server was told to shut down",
    STARTED: "a server process started",
}


def _counted(lines: Sequence[Line]) -> list[Evidence]:
    found = []
    for kind, text in _SAID.items():
        numbers = tuple(line.number for line in lines if line.kind == kind)
        if numbers:
            found.append(Evidence(f"{len(numbers)} x: {text}", numbers))
    return found


def _repeats(lines: Sequence[Line]) -> list[Evidence]:
    accepts = [line for line in lines if line.kind == ACCEPTED]
    counts = Counter(line.endpoint for line in accepts)
    if not accepts:
        return []
    most = max(counts.values())
    if most == 1:
        text = f"{len(counts)} of {len(NAMES)} endpoints accepted, none twice"
        return [Evidence(text, tuple(line.number for line in accepts))]
    again = {endpoint for endpoint, count in counts.items() if count > 1}
    seen: set[int] = set()
    numbers = []
    for line in accepts:
        if line.endpoint in seen:
            numbers.append(line.number)
        seen.add(line.endpoint)
    names = ", ".join(NAMES[endpoint] for endpoint in sorted(again))
    which = f"all {len(NAMES)} endpoints" if len(again) == len(NAMES) else names
    text = f"accepted again: {which}; at most {most} times (page or component connected anew)"
    return [Evidence(text, tuple(numbers))]


def _ports(lines: Sequence[Line]) -> list[Evidence]:
    accepts = [line for line in lines if line.kind == ACCEPTED]
    if not linux_ports(lines):
        return []
    pairs = pairwise(accepts)
    jumps = tuple(b.number for a, b in pairs if not 0 < b.port - a.port <= PORT_STEP_MAX)
    if not jumps:
        text = "the client's ports rise in small steps: probably all within 10 s"
        return [Evidence(text, (accepts[0].number, accepts[-1].number))]
    text = "the client's port jumps: 10 s may have passed before this connection (Linux)"
    return [Evidence(text, jumps)]
