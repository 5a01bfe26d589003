"""The table of discovery and the sentence under it, for people and as Markdown."""

from collections.abc import Sequence
from statistics import median
from typing import Any, Literal

from stormlab.selftest.hunt import CLIENTS_MAX, FAULTS_MAX, Discovery, Result

HEADINGS = (
    "planted fault",
    "promise",
    "worlds",
    "found",
    "cases",
    "seconds",
    "smallest world",
    "alarms",
)
WITHOUT_FLEET = ("bare", "page")


def row(discovery: Discovery) -> tuple[Any, ...]:
    """One line of the table; cases and seconds are medians over the seeds that found it."""
    fault, found = discovery.fault, discovery.found
    return (
        fault.name,
        fault.promise,
        fault.tier,
        f"{len(found)} of {len(discovery.hunts)}",
        _middle(found, "cases"),
        _middle(found, "seconds"),
        _size(discovery),
        f"{len(discovery.alarms)} of {len(discovery.twins)}",
    )


def _middle(found: Sequence[Result], name: Literal["cases", "seconds"]) -> float | int | None:
    if not found:
        return None
    if name == "seconds":
        return round(median(each.seconds for each in found), 2)
    return round(median(each.cases for each in found))


def _size(discovery: Discovery) -> str:
    size = discovery.size
    if size is None:
        return "a record" if discovery.fault.world is None else "\N{EN DASH}"
    clients, faults = size
    if not clients:
        return "any fleet"
    many = "" if clients == 1 else "s"
    return f"{clients:g} client{many}, {faults:g} fault{'' if faults == 1 else 's'}"


def median_size(found: Sequence[Discovery]) -> tuple[float, float] | None:
    """Median clients and faults of the shrunk worlds of the faults that need no fleet."""
    sizes = [each.size for each in found if each.fault.tier in WITHOUT_FLEET]
    known = [size for size in sizes if size is not None]
    if not known:
        return None
    return median(size[0] for size in known), median(size[1] for size in known)


def passed(found: Sequence[Discovery]) -> bool:
    """Whether every fault is found, no repaired twin is alarmed at, and worlds shrink."""
    size = median_size(found)
    small = size is None or (size[0] <= CLIENTS_MAX and size[1] <= FAULTS_MAX)
    return small and all(each.is_found and not each.alarms for each in found)


def summary(found: Sequence[Discovery]) -> list[str]:
    """What the table comes to, and what falls short, a line each."""
    good = [each for each in found if each.is_found]
    alarms = sum(len(each.alarms) for each in _distinct(found))
    tried = sum(len(each.twins) for each in _distinct(found))
    good_share = f"{len(good)} of {len(found)} planted faults found in nine of ten seeds"
    lines = [f"{good_share}; {alarms} false alarms in {tried} checks of repaired twins"]
    size = median_size(found)
    if size is not None:
        lines.append(
            f"clients and faults of the median smallest world, where no fleet is needed: "
            f"{size[0]:g} and {size[1]:g}; allowed: {CLIENTS_MAX} and {FAULTS_MAX}"
        )
    for each in found:
        if not each.is_found:
            many = f"{len(each.found)} of {len(each.hunts)} seeds"
            lines.append(f"missed: {each.fault.name} by {each.fault.promise}, found under {many}")
    for each in _distinct(found):
        for alarm in each.alarms:
            what = alarm.error or ", ".join(alarm.broken)
            seed = alarm.search.seed
            lines.append(f"false alarm: {each.fault.name} repaired, seed {seed}: {what}")
    return lines


def _distinct(found: Sequence[Discovery]) -> list[Discovery]:
    """One fault for each twin."""
    kept: list[Discovery] = []
    for each in found:
        if all(each.twins != other.twins for other in kept):
            kept.append(each)
    return kept


def document(found: Sequence[Discovery], budget: str, seeds: Sequence[int]) -> dict[str, Any]:
    """The same as plain JSON."""
    return {
        "budget": budget,
        "seeds": list(seeds),
        "passed": passed(found),
        "summary": summary(found),
        "faults": [
            {
                "name": each.fault.name,
                "wrong": each.fault.wrong,
                "source": each.fault.source,
                "promise": each.fault.promise,
                "tier": each.fault.tier,
                "found": len(each.found),
                "cases": _middle(each.found, "cases"),
                "seconds": _middle(each.found, "seconds"),
                "clients": each.size[0] if each.size is not None else None,
                "faults": each.size[1] if each.size is not None else None,
                "alarms": [list(alarm.broken) for alarm in each.alarms],
            }
            for each in found
        ],
    }


def markdown(found: Sequence[Discovery]) -> str:
    """The table with the faults' own words."""
    lines = ["| " + " | ".join(("planted fault", "what is wrong", *HEADINGS[1:])) + " |"]
    lines.append("|" + "---|" * (len(HEADINGS) + 1))
    for each in found:
        name, *rest = (_cell(value) for value in row(each))
        wrong = f"{_cell(each.fault.wrong)} *{_cell(each.fault.source)}*"
        lines.append("| " + " | ".join((f"`{name}`", wrong, *rest)) + " |")
    return "\n".join([*lines, "", *(_sentence(line) for line in summary(found))])


def _sentence(line: str) -> str:
    return f"{line[0].upper()}{line[1:]}."


def _cell(value: object) -> str:
    text = "\N{EN DASH}" if value is None else str(value)
    return text.replace("|", "\\|").replace("**", "\\*\\*")
