"""Clients of real code side by side: the same worlds, the same luck, promises and figures.

Every client lives in the same drawn worlds, so that whatever differs comes from the code. Figures
are compared in pairs, world by world, with Holm's correction over the whole table
(:mod:`stormlab.statistics`); a promise is told by the number of worlds that break it.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stormlab.check.batch import settled_s
from stormlab.check.guard import CheckError, limited
from stormlab.check.see import Code, Target, kind_of, see, target_of
from stormlab.clock import to_s
from stormlab.evidence import Outcome
from stormlab.properties.promises import Promise, Seen
from stormlab.statistics import Better, Interval, Judgement, compare_pair, judge, mean_interval
from stormlab.vocabulary import Event
from stormlab.worlds.bare import BareWorld
from stormlab.worlds.herd import HerdWorld
from stormlab.worlds.made import Addressed
from stormlab.worlds.made_code import code_world
from stormlab.worlds.story import Story, closings

WORLDS, HERDS, WALKS = 100, 2, 4  # of fleets, and of delays through 1,200 refusals
FIGURES: Mapping[str, str] = {
    "attempts": "attempts",
    "connected": "time connected, %",
    "back_s": "back after the healing, s",
    "sockets": "most sockets at a time",
    "errors": "uncaught errors",
}
BETTER: Mapping[str, Better] = {
    name: "higher" if name == "connected" else "lower" for name in FIGURES
}


@dataclass(frozen=True)
class Contender:
    """One client in all the worlds: figures by name, one value for each world; breaches."""

    name: str
    values: Mapping[str, tuple[float, ...]]
    breaches: Mapping[str, int]
    judged: Mapping[str, int]

    def mean(self, figure: str) -> Interval | None:
        """The mean over the worlds with its interval; None: in some world it never happened."""
        values = self.values[figure]
        return mean_interval(values) if all(map(math.isfinite, values)) else None

    def never(self, figure: str) -> int:
        """In how many worlds it never happened."""
        return sum(not math.isfinite(value) for value in self.values[figure])


@dataclass(frozen=True)
class SideBySide:
    """What came of it; ``verdicts``: of each other client against the first, by figure."""

    contenders: tuple[Contender, ...]
    verdicts: Mapping[tuple[str, str], Judgement]
    worlds: int
    seed: int

    @property
    def promises(self) -> list[str]:
        """Those that some world decides for some client."""
        first = self.contenders[0]
        return [name for name in first.judged if any(c.judged[name] for c in self.contenders)]

    @property
    def document(self) -> dict[str, Any]:
        """The same as plain JSON."""
        return {
            "worlds": self.worlds,
            "seed": self.seed,
            "clients": [
                {
                    "name": each.name,
                    "figures": {name: _told(each, name) for name in FIGURES},
                    "breaches": dict(each.breaches),
                    "judged": dict(each.judged),
                }
                for each in self.contenders
            ],
            "verdicts": [
                {"client": client, "figure": figure, "verdict": found.verdict, "text": found.text}
                for (client, figure), found in self.verdicts.items()
            ],
        }


def _told(contender: Contender, figure: str) -> dict[str, Any]:
    mean = contender.mean(figure)
    interval = None if mean is None else [mean.value, mean.low, mean.high]
    return {"mean": interval, "never": contender.never(figure)}


def side_by_side(
    clients: Sequence[Code],
    *,
    worlds: int = WORLDS,
    seed: int = 0,
    step: Callable[[str, int, int], None] = lambda _name, _done, _count: None,
) -> SideBySide:
    """Let each client live in the same ``worlds`` drawn worlds, and compare them with the first.

    Raises:
        CheckError: one line, when a client cannot be had or fails, or there is one only.
    """
    for client in clients:
        if kind_of(client) != "code":
            raise CheckError(f"{client}: not real code; allowed: npm:NAME@VERSION, a file")
    targets = [target_of(client) for client in clients]
    if len({target.name for target in targets}) < max(len(targets), 2):
        raise CheckError("a comparison takes two different clients or more")
    settle_s = max(settled_s(target) for target in targets)
    drawn = [code_world(Addressed(seed, case), settle_s) for case in range(worlds)]
    found = tuple(_lived(target, drawn, step) for target in targets)
    first, *others = found
    pairs = {
        (other.name, figure): compare_pair(
            first.values[figure], other.values[figure], BETTER[figure]
        )
        for other in others
        for figure in FIGURES
    }
    return SideBySide(found, judge(pairs), worlds, seed)


def _lived(
    target: Target, worlds: Sequence[BareWorld], step: Callable[[str, int, int], None]
) -> Contender:
    promises = target.promises()
    values: dict[str, list[float]] = {name: [] for name in FIGURES}
    breaches = {promise.name: 0 for promise in promises}
    judged = dict(breaches)
    with limited(target.name) as limit:
        for done, world in enumerate(worlds):
            limit.begin()
            seen = see(target, world)
            for name, value in figures(seen).items():
                values[name].append(value)
            lived = [each for each in promises if "code" in each.tiers]
            _judge(
                [each for each in lived if not each.walks or done < WALKS],
                target,
                seen,
                breaches,
                judged,
            )
            step(target.name, done + 1, len(worlds))
        for number in range(HERDS):
            limit.begin()
            herd = [each for each in promises if "herd" in each.tiers]
            _judge(herd, target, see(target, HerdWorld(number)), breaches, judged)
    kept = {name: tuple(each) for name, each in values.items()}
    return Contender(target.name, kept, breaches, judged)


def _judge(
    promises: Sequence[Promise],
    target: Target,
    seen: Seen,
    breaches: dict[str, int],
    judged: dict[str, int],
) -> None:
    for promise in promises:
        outcome = promise.judge(target.subject, seen).outcome
        judged[promise.name] += outcome is not Outcome.UNDECIDED
        breaches[promise.name] += outcome is Outcome.BROKEN


def figures(seen: Seen) -> dict[str, float]:
    """The figures of one run, by the names of :data:`FIGURES`."""
    story = seen.stories[0]
    closed, reopened_ns = closings(story)
    ready_ns = max(seen.healed_ns, reopened_ns)
    connected_ns, back_ns, most = _times(story, ready_ns, seen.end_ns)
    if closed:
        back_ns = 0  # nobody waits for it
    errors = len(story.of(Event.UNCAUGHT, Event.HALTED))
    return {
        "attempts": float(len(story.of(Event.NEW))),
        "connected": 100 * connected_ns / max(seen.end_ns, 1),
        "back_s": math.inf if back_ns is None else to_s(back_ns),
        "sockets": float(most),
        "errors": float(errors),
    }


def _times(story: Story, ready_ns: int, end_ns: int) -> tuple[int, int | None, int]:
    """Time connected; from ``ready_ns`` until connected (0: it was); most sockets at a time."""
    opened: dict[int, int] = {}
    live: set[int] = set()
    connected_ns, since_ns, most = 0, 0, 0
    back_ns: int | None = None
    for step in story.of(Event.NEW, Event.OPEN, Event.CLOSE, Event.CLOSE_CALLED):
        if step.time_ns > ready_ns and opened and back_ns is None:
            back_ns = 0
        if step.event is Event.NEW:
            live.add(step.socket)
            most = max(most, len(live))
        elif step.event is Event.OPEN:
            if not opened:
                since_ns = step.time_ns
            opened[step.socket] = step.time_ns
            if step.time_ns > ready_ns and back_ns is None:
                back_ns = step.time_ns - ready_ns
        else:
            live.discard(step.socket)
            if opened.pop(step.socket, None) is not None and not opened:
                connected_ns += step.time_ns - since_ns
    if opened:
        connected_ns += end_ns - since_ns
        back_ns = 0 if back_ns is None else back_ns
    return connected_ns, back_ns, most
