"""The figures of the report, from the runs and from a few traces of their own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from stormlab.clock import NS_PER_MS, NS_PER_S, to_ns, to_s
from stormlab.metrics import server_view
from stormlab.model import run
from stormlab.plots import (
    COLOURS,
    GREY,
    HATCHES,
    INK,
    attempts_per_bin,
    draw_ecdf,
    draw_occupancy,
    handshake_bytes_per_bin,
    occupancy,
    save,
    style,
)
from stormlab.report.page import FigureFile
from stormlab.trace import Trace
from stormlab_models.tac_webbuilder.reproduce.cases import CASES, MECHANISMS, fixed
from stormlab_models.tac_webbuilder.reproduce.evaluate import Runs, interval_of
from stormlab_models.tac_webbuilder.reproduce.figures_server import EXCERPT
from stormlab_models.tac_webbuilder.reproduce.fixes import PHASES, title_of
from stormlab_models.tac_webbuilder.reproduce.sequence import draw_sequence, steps_of

PHASE_LABELS = [name.removeprefix("phase").replace("repaired", "R") for name in PHASES]
CLAIMED_BEFORE_KB = 160
CLAIMED_AFTER_KB = (16, 32)
RESTART_CASE, RESTART_AT_S, RESTART_FOR_S = "twenty-browsers", 12, 5


def make_figures(out_dir: Path, runs: Runs) -> list[FigureFile]:
    """Draw every figure of the report into ``out_dir``, in the order of the report.

    Raises:
        PlotError: when matplotlib is missing.
    """
    with style() as new_figure:
        drawn = (_success, _bytes_per_load, _bytes_per_second, _attempts, _occupancy, _data)
        return [
            *(draw(out_dir, new_figure, runs) for draw in drawn),
            *_races(out_dir, new_figure),
        ]


def _small_multiples(new_figure: Callable[..., Any], height: float) -> tuple[Any, Any]:
    figure = new_figure(figsize=(8.6, height), layout="constrained")
    axes = figure.subplots(2, 3, sharex=True, sharey=True)
    for axis, title in zip(axes.flat, MECHANISMS.values(), strict=True):
        axis.set_title(title)
        axis.set_xticks(range(len(PHASE_LABELS)), PHASE_LABELS)
    for axis in axes[1]:
        axis.set_xlabel("phase (R: repaired)")
    return figure, axes


def _success(out_dir: Path, new_figure: Callable[..., Any], runs: Runs) -> FigureFile:
    figure, axes = _small_multiples(new_figure, 4.6)
    views = (
        ("page_success", "page side", "o", -0.12),
        ("server_success", "server side", "s", 0.12),
    )
    for axis, case in zip(axes.flat, MECHANISMS, strict=True):
        for index, (name, label, marker, shift) in enumerate(views):
            found = [interval_of(name, runs.of((case, phase), name)) for phase in PHASES]
            known = [(i, one) for i, one in enumerate(found) if one is not None]
            values = np.array([one.value for _, one in known])
            low = values - [one.low for _, one in known]
            high = np.array([one.high for _, one in known]) - values
            axis.errorbar(
                [i + shift for i, _ in known],
                values,
                yerr=np.maximum(0, [low, high]),
                fmt=marker,
                color=COLOURS[index],
                markerfacecolor=COLOURS[index] if index == 0 else "white",
                markersize=5,
                capsize=2.5,
                linewidth=1.2,
                label=label,
            )
        axis.set_ylim(-4, 106)
    for axis in axes[:, 0]:
        axis.set_ylabel("success, %")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    path = out_dir / "success.svg"
    save(figure, path)
    return FigureFile(
        path,
        "Success by phase and mechanism",
        "Page side: opened per new WebSocket. Server side: initial data sent per accepted"
        " connection. 95 % intervals. Phase 1 (client_ready) improves neither; the stagger of"
        " phase 3 takes StrictMode to 100 % because its timers are cleared. No phase helps where"
        " handshakes outlast the server's timer or the server is away.",
        "Six panels, one per mechanism, with success rates of page and server for phases 0 to 5"
        " and the repaired form.",
    )


def _bytes_per_load(out_dir: Path, new_figure: Callable[..., Any], runs: Runs) -> FigureFile:
    figure, axes = _small_multiples(new_figure, 4.9)
    for axis, case in zip(axes.flat, MECHANISMS, strict=True):
        floor = np.zeros(len(PHASES))
        for index, (name, label) in enumerate(
            (("handshake_useful_kb", "useful"), ("handshake_wasted_kb", "wasted"))
        ):
            found = [interval_of(name, runs.of((case, phase), name)) for phase in PHASES]
            values = np.array([one.value if one else 0.0 for one in found])
            axis.bar(
                range(len(PHASES)),
                values,
                bottom=floor,
                width=0.65,
                color=COLOURS[(0, 3)[index]],
                edgecolor="white",
                linewidth=0,
                hatch=HATCHES[index],
                label=label,
            )
            floor = floor + values
        axis.axhline(CLAIMED_BEFORE_KB, color=INK, linewidth=1, linestyle="--")
        axis.axhspan(*CLAIMED_AFTER_KB, facecolor="#cccccc", alpha=0.6, zorder=0)
        axis.set_ylim(0, 180)
    axes[0, 0].text(3, 163, "claimed before: 160 KB", ha="center", va="bottom", fontsize=8)
    axes[0, 0].text(3, 34, "claimed after: 16-32 KB", ha="center", va="bottom", fontsize=8)
    for axis in axes[:, 0]:
        axis.set_ylabel("KB per page load")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    path = out_dir / "handshake-bytes.svg"
    save(figure, path)
    return FigureFile(
        path,
        "Handshake bytes per page load",
        "HTTP request and response of all handshakes of one page over the observation; useful when"
        " the attempt opened in the page. Dashed and grey: what the analysis claims. A load costs"
        " about 6 KB, under StrictMode 12; only a proxy that cuts every 10 s adds up, over 120 s.",
        "Six panels with stacked bars of useful and wasted kilobytes by phase.",
    )


def _bytes_per_second(out_dir: Path, new_figure: Callable[..., Any], _runs: Runs) -> FigureFile:
    figure = new_figure(figsize=(8.6, 5.2), layout="constrained")
    axes = figure.subplots(3, 1, sharex=True)
    shown = (("strictmode", ""), ("idle-proxy", ""), ("server-down", ""))
    length_ns = 120 * NS_PER_S
    for axis, (case, fix), colour in zip(axes, shown, COLOURS, strict=False):
        counts = handshake_bytes_per_bin(run(fixed(case, fix), 0), NS_PER_S, length_ns)
        axis.stairs(counts / 1000, np.arange(len(counts) + 1), fill=True, color=colour)
        axis.set_title(MECHANISMS[case])
        axis.set_ylim(0, 9)
        axis.set_xlim(0, to_s(length_ns))
    axes[1].set_ylabel("handshake bytes on the wire, KB/s")
    axes[2].text(
        8, 7.6, "killed at 6 s: refused attempts carry no HTTP bytes", va="top", fontsize=8
    )
    axes[2].set_xlabel("time since the tab was opened, s")
    path = out_dir / "handshake-rate.svg"
    save(figure, path)
    return FigureFile(
        path,
        "Handshake bytes per second",
        "One run each, as found. StrictMode pays twice in the first seconds; the idle-cutting"
        " proxy makes the page pay 6 KB about every 12 s for as long as it is open; attempts on a"
        " dead server carry no HTTP at all.",
        "Three panels with bars of kilobytes per second over 120 seconds.",
    )


def _attempts(out_dir: Path, new_figure: Callable[..., Any], _runs: Runs) -> FigureFile:
    shown = (
        ("as found", ""),
        ("stagger (Client Change 4)", "stagger"),
        ("circuit breaker, fed by onclose", "breaker_wired"),
        ("1 s of jitter", "jitter"),
        ("full jitter", "full_jitter"),
    )
    figure = new_figure(figsize=(8.6, 6.6), layout="constrained")
    axes = figure.subplots(len(shown), 1, sharex=True, sharey=True)
    bin_ns = 100 * NS_PER_MS
    for axis, (title, fix), colour in zip(axes, shown, COLOURS, strict=False):
        counts = attempts_per_bin(run(fixed(RESTART_CASE, fix), 0), bin_ns, to_ns(30))
        axis.stairs(counts, np.arange(len(counts) + 1) * 0.1, fill=True, color=colour)
        down = (RESTART_AT_S, RESTART_AT_S + RESTART_FOR_S)
        axis.axvspan(*down, facecolor="#dddddd", zorder=0)
        late = counts[RESTART_AT_S * 10 :]
        axis.set_title(f"{title}: at most {int(late.max())} attempts in 100 ms after the crash")
        axis.set_xlim(10, 30)
        axis.set_xticks(range(10, 31, 2))
        axis.set_ylim(0, 175)
    axes[0].text(15.6, 90, "server down", ha="center", va="center", fontsize=8, color=INK)
    axes[len(shown) // 2].set_ylabel("attempts per 100 ms")
    axes[-1].set_xlabel("time, s")
    path = out_dir / "attempts.svg"
    save(figure, path)
    return FigureFile(
        path,
        "Attempts over time when the server restarts",
        "20 browsers with one page each, 160 sockets; the server is killed at 12 s and is back at"
        " 17 s. All sockets retry 2 s and 6 s after the kill, in the same tenth of a second. The"
        " stagger delays the first connects only, and the breaker opens at the tenth failure;"
        " what spreads the retries is jitter.",
        "Five panels with attempts per 100 ms from 10 to 30 s under five variants.",
    )


def _occupancy(out_dir: Path, new_figure: Callable[..., Any], _runs: Runs) -> FigureFile:
    shown = (
        ("strictmode", "", 5.0),
        ("idle-proxy", "", 60.0),
        ("server-down", "", 300.0),
        ("server-down", "patient", 300.0),
    )
    figure = new_figure(figsize=(8.6, 6.6), layout="constrained")
    axes = figure.subplots(len(shown), 1)
    for axis, (case, fix, end_s) in zip(axes, shown, strict=True):
        draw_occupancy(axis, occupancy(run(fixed(case, fix), 0)), end_s)
        axis.set_title(f"{CASES[case].title}, {title_of(fix)}")
        axis.set_ylim(0, 18 if case == "strictmode" else 9)
    figure.supylabel("sockets, or endpoints without one", fontsize=9)
    axes[-1].set_xlabel("time since the tab was opened, s")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=5)
    path = out_dir / "socket-states.svg"
    save(figure, path)
    return FigureFile(
        path,
        "What the sockets are doing",
        "One run each. StrictMode: eight zombies join after 2 s and stay, 16 open sockets for eight"
        " endpoints. Idle cut: all are lost and come back every 12 s. Server down (6 to 252 s): the"
        " page waits, gives up, and stays so when the server is back; with retries without end it"
        " returns.",
        "Four panels of stacked areas: open, connecting, closing, waiting for retry, gave up.",
    )


def _data(out_dir: Path, new_figure: Callable[..., Any], runs: Runs) -> FigureFile:
    figure = new_figure(figsize=(8.6, 3.9), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for index, (case, title) in enumerate(MECHANISMS.items()):
        values = [v for v in runs.of((case, ""), "time_to_data_s") if isinstance(v, float)]
        draw_ecdf(left, values, index, title)
    fixes = {
        "": "as found",
        "client_ready": "client_ready",
        "manager": "manager",
        "stagger": "stagger",
        "owner_check": "owner check",
        "defer": "deferred connect",
    }
    for index, (fix, title) in enumerate(fixes.items()):
        found = runs.of(("strictmode", fix), "time_to_data_s")
        draw_ecdf(right, [v for v in found if isinstance(v, float)], index, title)
    left.set_title("by mechanism, as found")
    right.set_title("StrictMode, by change")
    for axis in (left, right):
        axis.set_xscale("log")
        axis.set_xlim(0.05, 20)
        axis.set_xticks([0.1, 0.5, 1, 2, 5, 10], ["0.1", "0.5", "1", "2", "5", "10"])
        axis.axvline(1, color=GREY, linewidth=0.8, linestyle=":")
        axis.set_xlabel("time to the last of eight first messages, s")
        axis.set_ylim(0, 1.03)
        axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2)
    left.set_ylabel("share of page loads")
    path = out_dir / "time-to-data.svg"
    save(figure, path)
    return FigureFile(
        path,
        "Time to data",
        "Share of page loads in which all eight endpoints have their data over WebSocket by then."
        " Dotted: the 1 s of the analysis's test. The stagger puts 0.7 s in the place of the"
        " browser's throttle; connecting in a timeout that the cleanup clears costs nothing.",
        "Two panels of empirical distribution functions of the time to data on a log axis.",
    )


# the race --------------------------------------------------------------------------------------


def _races(out_dir: Path, new_figure: Callable[..., Any]) -> list[FigureFile]:
    strict = _with_excerpt("strictmode-blocking")
    shown = (
        (
            "race-strictmode",
            "The race under StrictMode",
            strict,
            (2, 2.5),
            (
                "Endpoint queue, 50 ms of blocking work before accept. The cleanup closes socket"
                " #1 while it connects; the server accepts a connection that has already ended,"
                " finds out when it sends, and logs accepted, connection closed, error. Socket #2,"
                " of the second effect, works."
            ),
        ),
        (
            "race-reload",
            "The race at a reload",
            run(fixed("reload"), 0),
            (1, 2.0),
            (
                "Endpoint queue, 500 ms of blocking work before accept, reload 20 ms after the"
                " first socket. The old document's handshake is cut off with a FIN; nobody is"
                " there to hear of it."
            ),
        ),
        (
            "race-legacy-timer",
            "The server's own timer",
            run(fixed("slow-legacy"), 0),
            (1, 12.5),
            (
                "Endpoint queue, 12 s of blocking work before accept. The server accepts, its"
                " 10 s handshake timer drops TCP, and the send fails: the same log lines, and the"
                " page did nothing."
            ),
        ),
    )
    made = []
    for name, title, trace, (sockets, length_s), caption in shown:
        start_ns = int(trace.rows["time_ns"][trace.rows["socket"] == 0][0])
        steps = steps_of(trace, 0, sockets, start_ns + to_ns(length_s))
        figure = new_figure(figsize=(8.6, 0.6 + 0.235 * (len(steps) + 3)), layout="constrained")
        draw_sequence(figure.subplots(), steps)
        path = out_dir / f"{name}.svg"
        save(figure, path)
        alt = f"Sequence diagram with {len(steps)} steps over page, browser, wire, server, handler."
        made.append(FigureFile(path, title, caption, alt))
    return made


def _with_excerpt(case: str) -> Trace:
    """The first run of a case whose log shows the excerpt; the first run if none does."""
    first = run(fixed(case), 0)
    trace = first
    for seed in range(1, 60):
        if server_view(trace, trace.rows).log_orders[EXCERPT]:
            return trace
        trace = run(fixed(case), seed)
    return first
