"""The figure of cost against the size of the fleet, with its data."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stormlab_models.bench.measures import (
    MILLION,
    SEED,
    BenchError,
    Found,
    Sizes,
    in_turns,
    middle,
    programs,
    worker,
)

SIZES = (104, 1_000, 10_000, 100_000, 1_000_000, 8_000_000)  # of eight sockets a client
MOST = {"reference": 10_000, "plain SimPy script": 100_000}  # beyond: minutes and gigabytes
LABELS = {
    "compiled, counted": "fleet engine, without a trace",
    "compiled, traced": "fleet engine, the reference's trace",
    "reference": "reference engine (SimPy)",
    "plain SimPy script": "plain SimPy script, no trace",
}
TRACED_MAX = 100_000
RUNS_OF_LARGE, LARGE = 1, MILLION


def figure(out: str, sizes: Sizes) -> list[Found]:
    """Measure, draw ``cost.png`` and write ``cost.json`` into ``out``.

    Raises:
        BenchError: if the folder cannot be written.
    """
    points = measured(sizes)
    place = Path(out)
    try:
        place.mkdir(parents=True, exist_ok=True)
        text = json.dumps(points, indent=2, sort_keys=True)
        (place / "cost.json").write_text(text + "\n", "utf-8")
    except OSError as error:
        msg = f"--out {out}: {error.strerror}"
        raise BenchError(msg) from None
    draw(points, place / "cost.png")
    found = Found("Cost of a restart with an outage of 60 s", ["way", "sockets", "seconds"])
    for way, costs in points.items():
        found.rows += [[LABELS[way], f"{n:,}", f"{each:.3f}"] for n, each in costs]
    found.notes.append(f"medians of {sizes.runs}; from {LARGE:,} sockets on one run each")
    found.notes.append(f"wrote {place}: cost.json, cost.png")
    found.data = {way: [list(each) for each in costs] for way, costs in points.items()}
    return [found]


def measured(sizes: Sizes) -> dict[str, list[tuple[int, float]]]:
    """Seconds of the processor by way and number of sockets."""
    built = programs()
    points: dict[str, list[tuple[int, float]]] = {}
    for sockets in (each for each in SIZES if each <= sizes.large):
        ways: dict[str, Callable[[], dict[str, Any]]] = {
            "compiled, counted": lambda n=sockets: worker("counted", n)  # type: ignore[misc]
        }
        if sockets <= TRACED_MAX:
            ways["compiled, traced"] = lambda n=sockets: worker("traced", n)  # type: ignore[misc]
        if sockets <= MOST["reference"]:
            ways["reference"] = lambda n=sockets: worker("reference", n)  # type: ignore[misc]
        if built is not None and sockets <= MOST["plain SimPy script"]:
            ways["plain SimPy script"] = lambda n=sockets: _scripted(n)  # type: ignore[misc]
        runs = sizes.runs if sockets < LARGE else RUNS_OF_LARGE
        for way, told in zip(ways, in_turns(runs, *ways.values()), strict=True):
            points.setdefault(way, []).append((sockets, middle(told, "cpu_s")))
    return points


def _scripted(sockets: int) -> dict[str, Any]:
    built = programs()
    assert built is not None  # noqa: S101  asked before
    told = built.run_script("restart_simpy", sockets, SEED)
    return {"cpu_s": told["processor_s"]}


def draw(points: dict[str, list[tuple[int, float]]], path: Path) -> None:
    """Draw cost against size on logarithmic axes."""
    from stormlab.plots import COLOURS, MARKERS, save, style  # noqa: PLC0415  heavy

    with style() as make:
        drawn = make(figsize=(7.2, 4.4), layout="constrained")
        axes = drawn.add_subplot()
        for number, (way, costs) in enumerate(points.items()):
            x, y = zip(*costs, strict=True)
            look: dict[str, Any] = {"marker": MARKERS[number], "color": COLOURS[number]}
            axes.loglog(x, y, label=LABELS[way], markersize=5, **look)
        axes.set_xlabel("sockets in the fleet (eight a client)")
        axes.set_ylabel("processor time (s)")
        axes.grid(visible=True, which="major", axis="both")
        axes.legend(loc="upper left")
        save(drawn, path)
