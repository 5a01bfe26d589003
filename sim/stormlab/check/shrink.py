"""The smallest world that still breaks a promise.

Works on a world's document: take things out (halves of a schedule, single entries, keys that have
defaults), then make numbers shorter and rounder. Every step is tried; what still breaks stays. The
order is fixed and nothing is drawn, so the same breach always shrinks to the same world.

The time between the healing and the end stays as it is: promises about coming back need it.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

from stormlab.worlds.written import World, WorldError, document_of, key_of, world_of

Document = dict[str, Any]
Path = tuple[str | int, ...]

ROUND = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 90.0, 120.0, 300.0, 600.0, 1800.0)
LISTS = ("phases", "acts", "faults", "actions")
NEEDED = {
    "kind",
    "model",
    "clients",
    "duration_s",
    "settle_s",
    "count",
    "for_s",
    "at_s",
    "do",
    "what",
}
COUNTS = {"count": 1, "sockets": 1, "times": 1, "seed": 0}  # and the least of each
TIMES_S = {"for_s": 1.0, "at_s": 0.0}  # other settings are left as they are, or left out
SIMPLEST = {"what": "refuse", "code": 1012}
DECIMALS = 3


def shrink(world: World, still_broken: Callable[[World], bool | None]) -> World:
    """The smallest world found for which ``still_broken`` says True; None from it: stop."""
    best, tried = world, {key_of(world)}
    while True:
        for candidate in _worlds(best):
            key = key_of(candidate)
            if key in tried:
                continue
            tried.add(key)
            answer = still_broken(candidate)
            if answer is None:
                return best
            if answer:
                best = candidate
                break
        else:
            return best


def _worlds(world: World) -> Iterator[World]:
    """Simpler worlds; a document that is none is passed over."""
    whole = document_of(world)
    for document in _smaller(whole):
        for each in (document, *_earlier(whole, document)):
            try:
                yield world_of(each)
            except WorldError:
                continue


def _earlier(before: Document, after: Document) -> Iterator[Document]:
    """What is done to a client, as long before the healing as it was, where it now comes later."""
    sooner_s = _healed_s(before) - _healed_s(after)
    acts = after.get("acts", [])
    if sooner_s > 0 and any(act["at_s"] > _healed_s(after) for act in acts):
        times_s = [round(max(0.0, act["at_s"] - sooner_s), DECIMALS) for act in acts]
        moved = [act | {"at_s": at_s} for act, at_s in zip(acts, times_s, strict=True)]
        yield after | {"acts": moved}


def _healed_s(document: Document) -> float:
    return sum(float(phase["for_s"]) for phase in document.get("phases", []))


def _smaller(document: Document) -> Iterator[Document]:
    """Simpler documents, the boldest first."""
    for path, value in _walk(document):
        if path and path[-1] in LISTS and isinstance(value, list):
            yield from (_with(document, path, part) for part in _fewer(value))
    for path, _ in _walk(document):
        if path and not _is_entry(path) and path[-1] not in {*NEEDED, *LISTS, "scenario"}:
            yield _without(document, path)
    for path, value in _walk(document):
        if path:
            yield from (_with(document, path, each) for each in _simpler(str(path[-1]), value))


def _is_entry(path: Path) -> bool:
    return isinstance(path[-1], int)


def _walk(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:  # noqa: ANN401  JSON
    yield path, value
    if isinstance(value, dict):
        for key in value:
            yield from _walk(value[key], (*path, key))
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield from _walk(entry, (*path, index))


def _fewer(entries: list[Any]) -> Iterator[list[Any]]:
    """Without them all, without half of them, without two neighbours (a pair), without one."""
    size = len(entries)
    while size:
        for start in range(0, len(entries), size):
            yield entries[:start] + entries[start + size :]
        size //= 2


def _simpler(key: str, value: Any) -> Iterator[Any]:  # noqa: ANN401  JSON
    if key in SIMPLEST and value != SIMPLEST[key]:
        yield SIMPLEST[key]
    elif key in COUNTS and isinstance(value, int):
        yield from (each for each in (COUNTS[key], 2, 3, 4) if each < value)
    elif key in TIMES_S and isinstance(value, float):
        yield from (each for each in ROUND if TIMES_S[key] <= each < value)
        yield from (each for each in (float(round(value)), round(value, 1)) if each != value)


def _with(document: Document, path: Path, value: Any) -> Document:  # noqa: ANN401  JSON
    copy = json.loads(json.dumps(document))
    place = copy
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return _timed(document, copy)


def _without(document: Document, path: Path) -> Document:
    copy = json.loads(json.dumps(document))
    place = copy
    for part in path[:-1]:
        place = place[part]
    del place[path[-1]]
    return _timed(document, copy)


def _timed(before: Document, after: Document) -> Document:
    """Give a scenario the length that leaves as much time after its last fault as before."""
    old, new = before.get("scenario"), after.get("scenario")
    if isinstance(old, dict) and isinstance(new, dict) and "duration_s" in new:
        rest_s = old["duration_s"] - _over_s(old)
        new["duration_s"] = round(_over_s(new) + rest_s, DECIMALS)
    return after


def _over_s(scenario: Document) -> float:
    entries = [*scenario.get("faults", []), *scenario.get("actions", [])]
    return max((each.get("at_s", 0.0) + each.get("for_s", 0.0) for each in entries), default=0.0)
