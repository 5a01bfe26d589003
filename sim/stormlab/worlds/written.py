"""Worlds as plain documents, as a few lines for a person, and how large they are.

A document is JSON: ``{"kind": "bare", "phases": [...], ...}``, ``{"kind": "herd", "seed": 3}``, or
``{"kind": "fleet" or "page", "seed": 3, "scenario": {...}}``. What keeps its default is left out.
"""

import json
import math
from dataclasses import asdict, dataclass, fields
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from stormlab.scenario import ScenarioError
from stormlab.worlds.bare import BareWorld, Phase
from stormlab.worlds.herd import HerdWorld
from stormlab.worlds.simulated import FLEET, PAGE, SimulatedWorld

World = BareWorld | HerdWorld | SimulatedWorld
Document = dict[str, Any]

KINDS = {FLEET: "fleet", PAGE: "page"}
PHASES_MAX, SOCKETS_MAX, SECONDS_MAX = 1_000, 64, 1e6
SHOWN_MAX = 6
CLIENTS_DEFAULT = 1_000  # of the model ``fleet``


class WorldError(ValueError):
    """A document that is no world; the message is one line for a person."""


def document_of(world: World) -> Document:
    """The world as plain JSON."""
    if isinstance(world, SimulatedWorld):
        return {
            "kind": KINDS.get(world.model, "fleet"),
            "seed": world.seed,
            "scenario": json.loads(json.dumps(world.document)),
        }
    if isinstance(world, HerdWorld):
        return {"kind": "herd", "seed": world.seed}
    return {
        "kind": "bare",
        "phases": [_without_defaults(phase) for phase in world.phases],
        "acts": [asdict(act) for act in world.acts],
        "settle_s": world.settle_s,
        "sockets": world.sockets,
        "seed": world.seed,
    }


def _without_defaults(phase: Phase) -> Document:
    return {
        field.name: value
        for field in fields(phase)
        if (value := getattr(phase, field.name)) != field.default
    }


def key_of(world: World) -> str:
    """A text that two worlds share if and only if they are equal."""
    return json.dumps(document_of(world), sort_keys=True)


def world_of(document: object) -> World:
    """The world that a document describes.

    Raises:
        WorldError: one line, when it describes none.
    """
    kind = document.get("kind") if isinstance(document, dict) else None
    if not isinstance(document, dict) or kind not in {"bare", "herd", "fleet", "page"}:
        raise WorldError(f"world.kind: found {kind!r}; allowed: bare, herd, fleet, page")
    rest = {key: value for key, value in document.items() if key != "kind"}
    try:
        if kind == "herd":
            herd: HerdWorld = _adapter(HerdWorld).validate_json(json.dumps(rest), strict=True)
            return herd
        if kind == "bare":
            return _bare(rest)
        world: _Simulated = _adapter(_Simulated).validate_json(json.dumps(rest), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "world"
        raise WorldError(f"world.{place}: {first['msg']}, found {first['input']!r}") from None
    simulated = SimulatedWorld(world.scenario, world.seed)
    model = world.scenario.get("model")
    if KINDS.get(str(model)) != kind:
        raise WorldError(f"world.scenario.model: found {model!r}, in a world of kind '{kind}'")
    try:
        simulated.scenario()
    except ScenarioError as error:
        raise WorldError(str(error)) from None
    return simulated


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


@dataclass(frozen=True)
class _Simulated:
    scenario: Document
    seed: int = 0


def _bare(rest: Document) -> BareWorld:
    world: BareWorld = _adapter(BareWorld).validate_json(json.dumps(rest), strict=True)
    times = [
        world.settle_s,
        *(phase.for_s for phase in world.phases),
        *(phase.after_s for phase in world.phases),
        *(phase.advice_s for phase in world.phases if phase.advice_s is not None),
        *(act.at_s for act in world.acts),
    ]
    wrong = [each for each in times if not (math.isfinite(each) and 0 <= each <= SECONDS_MAX)]
    if wrong:
        raise WorldError(f"world: found {wrong[0]:g} s; allowed: 0 to {SECONDS_MAX:,.0f} s")
    if not 1 <= world.sockets <= SOCKETS_MAX:
        raise WorldError(f"world.sockets: found {world.sockets}; allowed: 1 to {SOCKETS_MAX}")
    if len(world.phases) + len(world.acts) > PHASES_MAX:
        raise WorldError(f"world: more than {PHASES_MAX:,} phases and acts")
    return world


# --- for people ----------------------------------------------------------------------------------

_DOES = {
    "serve": "serves",
    "refuse": "refuses",
    "stop": "is down after close frames",
    "hang": "answers nobody",
    "reject": "accepts and closes",
    "mute": "opens and never proves",
}
_ACTS = {
    "offline": "offline",
    "online": "online",
    "hide": "hidden",
    "show": "visible",
    "by_hand": "a retry by hand",
    "close": "closed by the application",
}


def lines_of(world: World) -> list[str]:
    """What happens in the world, in at most five lines."""
    if isinstance(world, HerdWorld):
        return [f"a fleet that lost its server together and is refused since; seed {world.seed}"]
    if isinstance(world, BareWorld):
        return _bare_lines(world)
    return _simulated_lines(world)


def _bare_lines(world: BareWorld) -> list[str]:
    phases = [_phase_words(phase) for phase in world.phases]
    whole = [*_first(phases), f"serves for good (to {world.end_s:,.10g} s)"]
    lines = ["server: " + ", ".join(whole)]
    if world.acts:
        acts = [f"{_ACTS[act.do]} at {act.at_s:g} s" for act in world.acts]
        lines.append("client: " + ", ".join(_first(acts)))
    sockets = "1 socket" if world.sockets == 1 else f"{world.sockets} sockets"
    return [*lines, f"1 client, {sockets}; seed {world.seed}"]


def _phase_words(phase: Phase) -> str:
    words = f"{_DOES[phase.what]} {phase.for_s:,.10g} s"
    details = []
    if phase.drop:
        details.append(f"drops first, code {phase.code}")
    elif phase.what in {"stop", "reject"}:
        details.append(f"code {phase.code}")
    if phase.what == "reject":
        details.append(f"after {phase.after_s:g} s")
        if phase.answers:
            details.append("answers first")
    if phase.advice_s is not None:
        details.append(f"asks for {phase.advice_s:g} s")
    return words + (f" ({', '.join(details)})" if details else "")


def _first(parts: list[str]) -> list[str]:
    if len(parts) <= SHOWN_MAX:
        return parts
    return [*parts[: SHOWN_MAX - 1], f"... ({len(parts) - SHOWN_MAX + 1} more)"]


def _simulated_lines(world: SimulatedWorld) -> list[str]:
    document = world.document
    lines = []
    for key, label in (("faults", "faults"), ("actions", "actions")):
        entries = [_fault_words(entry) for entry in document.get(key, [])]
        if entries:
            lines.append(f"{label}: " + ", ".join(_first(entries)))
    beside = {"model", "duration_s", "faults", "actions", "policy", "messages"}
    keys = [
        f"{table}.{key} = {json.dumps(value)}"
        for table, content in document.items()
        if table not in beside and isinstance(content, dict)
        for key, value in content.items()
    ]
    if keys:
        lines.append("set: " + ", ".join(_first(keys)))
    return [*lines, f"model {world.model}, {world.end_s:g} s; seed {world.seed}"]


def _fault_words(entry: Document) -> str:
    words = str(entry["do"])
    if "at_s" in entry:
        words += f" at {entry['at_s']:g} s"
    if entry.get("for_s"):
        words += f" for {entry['for_s']:g} s"
    if entry.get("share", 1.0) != 1.0:
        words += f", {entry['share']:.0%} of the clients"
    return words


def size_of(world: World) -> tuple[int, int]:
    """How many clients there are, and how many faults and acts; pairs of verbs count once."""
    if isinstance(world, HerdWorld):
        return 0, 1  # any fleet, one loss
    if isinstance(world, BareWorld):
        faults = sum(phase.what != "serve" or phase.drop for phase in world.phases)
        return 1, faults + sum(act.do not in {"online", "show"} for act in world.acts)
    document = world.document
    things = len(document.get("faults", [])) + len(document.get("actions", []))
    clients = document.get("clients", {}).get("count", CLIENTS_DEFAULT)
    return (clients if world.model == FLEET else 1), things
