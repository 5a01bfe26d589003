"""A run as a few lines of text: when the world was at fault, and what each client did meanwhile."""

from collections.abc import Iterable
from typing import NamedTuple

from stormlab.clock import to_s
from stormlab.properties.promises import Seen
from stormlab.vocabulary import Event
from stormlab.worlds.bare import BareWorld
from stormlab.worlds.simulated import SimulatedWorld
from stormlab.worlds.story import Story

CELLS = 60
CLIENTS_MAX = 3
KEY = {
    "*": "attempt",
    "=": "connected",
    "#": "more than once at a time",
    "!": "gave up",
    "x": "closed or gone",
}
_WORDS = {
    "refuse": "refuses",
    "stop": "down",
    "hang": "silent",
    "reject": "rejects",
    "mute": "never proves",
}


class Span(NamedTuple):
    """A stretch of time in which something was wrong, and what."""

    start_s: float
    end_s: float
    what: str


def spans(seen: Seen) -> list[Span]:
    """The faults of a run's world."""
    world = seen.world
    if isinstance(world, BareWorld):
        return _of_phases(world)
    if not isinstance(world, SimulatedWorld):
        return []
    found = []
    for fault in world.document.get("faults", []):
        for turn in range(fault.get("times", 1)):
            start_s = fault["at_s"] + turn * (fault.get("every_s") or 0.0)
            for_s = fault.get("for_s")
            end_s = world.end_s if for_s is None else start_s + for_s
            found.append(Span(start_s, end_s, fault["do"]))
    return found


def _of_phases(world: BareWorld) -> list[Span]:
    found, start_s = [], 0.0
    for phase in world.phases:
        end_s = start_s + phase.for_s
        if phase.what != "serve":
            found.append(Span(start_s, end_s, _WORDS[phase.what]))
        start_s = end_s
    away: dict[str, tuple[float, str]] = {}
    for act in world.acts:
        if act.do in {"offline", "hide"}:
            away.setdefault(act.do, (act.at_s, "hidden" if act.do == "hide" else act.do))
        elif act.do in {"online", "show"}:
            began = away.pop({"online": "offline", "show": "hide"}[act.do], None)
            if began is not None:
                found.append(Span(began[0], act.at_s, began[1]))
    return found + [Span(since_s, world.end_s, what) for since_s, what in away.values()]


class Connected(NamedTuple):
    """A connection of an endpoint; ``lane`` 1 and more: beside another one."""

    start_s: float
    end_s: float
    lane: int


def connections(story: Story) -> list[Connected]:
    """When the endpoint was connected, each socket by itself."""
    found: list[Connected] = []
    since: dict[int, tuple[float, int]] = {}

    def end(socket: int, time_ns: int) -> None:
        if socket in since:
            start_s, lane = since.pop(socket)
            found.append(Connected(start_s, to_s(time_ns), lane))

    for step in story:
        if step.event is Event.OPEN:
            taken = {lane for _, lane in since.values()}
            free = next(lane for lane in range(len(taken) + 1) if lane not in taken)
            since[step.socket] = to_s(step.time_ns), free
        elif step.event is Event.CLOSE:
            end(step.socket, step.time_ns)
        elif step.event is Event.GONE:
            for socket in list(since):
                end(socket, step.time_ns)
    for socket in list(since):
        end(socket, story.end_ns)
    return sorted(found)


def timeline(seen: Seen) -> list[str]:
    """At most six lines: faults, up to three endpoints, scale, key; none without a story."""
    if not seen.stories or seen.end_ns <= 0:
        return []
    end_s = to_s(max(story.end_ns for story in seen.stories))
    shown = seen.stories[:CLIENTS_MAX]
    labels = ["faults", *(story.who for story in shown)]
    room = max(len(label) for label in labels)
    rows = [_faults(spans(seen), end_s), *(_client(story, end_s) for story in shown)]
    lines = [f"{label:{room}} |{row}|" for label, row in zip(labels, rows, strict=True)]
    right = f"{end_s:,.10g} s"
    lines.append(" " * (room + 2) + "0 s" + right.rjust(CELLS - 3))
    used = set("".join(rows[1:]))
    key = "  ".join(f"{mark} {word}" for mark, word in KEY.items() if mark in used)
    return [*lines, *([" " * (room + 2) + key] if key else [])]


def _cell(time_s: float, end_s: float) -> int:
    return min(CELLS - 1, int(time_s / end_s * CELLS)) if end_s else 0


def _faults(found: Iterable[Span], end_s: float) -> str:
    cells = ["."] * CELLS
    for span in found:
        first, last = _cell(span.start_s, end_s), _cell(span.end_s, end_s)
        last = max(first, last if span.end_s >= end_s else last - 1)
        text = span.what.ljust(last - first + 1, "-")
        cells[first : last + 1] = text[: last - first + 1]
    return "".join(cells)


def _client(story: Story, end_s: float) -> str:
    cells = [" "] * CELLS
    for each in sorted(connections(story), key=lambda each: each.lane):
        first, last = _cell(each.start_s, end_s), _cell(each.end_s, end_s)
        cells[first : last + 1] = ("#" if each.lane else "=") * (last - first + 1)
    marks = {
        Event.NEW: "*",
        Event.GAVE_UP: "!",
        Event.CLOSE_CALLED: "x",
        Event.GONE: "x",
        Event.CLEANUP: "x",
    }
    for step in story:
        if step.event in marks:
            cells[_cell(to_s(step.time_ns), end_s)] = marks[step.event]
    return "".join(cells)
