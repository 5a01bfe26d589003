"""The tables of ``docs/application.md``, each rendered from the registers and from runs.

A figure of a run is that of the built-in scenario named beside it, with seed 0. A row that takes a
run is a function of its own, so that it can be held against the document alone. What is made here
is put into the document by :mod:`stormlab_models.tac_webbuilder.application_doc`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from textwrap import fill

from stormlab.console import DASH
from stormlab.metrics import page_and_server_figures, pick
from stormlab.model import load_scenario, run
from stormlab.trace import Trace
from stormlab.vocabulary import Event
from stormlab_models.tac_webbuilder.changes import AS_FOUND, CHANGES, Change, Settings, settings
from stormlab_models.tac_webbuilder.figures import FIGURES, page_rows
from stormlab_models.tac_webbuilder.monitoring import (
    FAULT_KINDS,
    RULES,
    SCRAPE_S,
    FaultKind,
    detect,
    run_fault,
)
from stormlab_models.tac_webbuilder.phases import PHASES, Phase, phase
from stormlab_models.tac_webbuilder.problems import PROBLEMS, Problem, problem
from stormlab_models.tac_webbuilder.testplan import Day, Recovery, Storm, day, recovery, storm
from stormlab_models.websocket import ABNORMAL

SEED = 0
WIDTH = 100
_ROUNDED_MIN = 100  # figures from here on are told without decimals
_AT_ONCE_S = 0.5
_TRACES_KEPT = 8


@lru_cache(maxsize=_TRACES_KEPT)
def _outcome(scenario: str, chosen: tuple[str, ...] = ()) -> Trace:
    """The run of a built-in scenario with ``key=value`` settings; the last ones are kept."""
    return run(load_scenario(scenario, chosen), SEED)


# words ------------------------------------------------------------------------------------------


def told(value: float | None) -> str:
    """A figure in a cell: three significant digits, no decimals from 100 on, "none" for None."""
    if value is None:
        return "none"
    return f"{value:.0f}" if abs(value) >= _ROUNDED_MIN else f"{value:.3g}"


def line(cells: Iterable[str]) -> str:
    """One row of a Markdown table; an empty cell is one space wide."""
    return "|" + "|".join(f" {cell} " if cell else " " for cell in cells) + "|"


def _table(headings: Sequence[str], rows: Iterable[str]) -> str:
    return "\n".join([line(headings), "|" + "---|" * len(headings), *rows])


def _prose(text: str, *, item: bool = False) -> str:
    """Text in lines of the document's width, as an item of a list if asked for."""
    return fill(
        ("- " if item else "") + text,
        WIDTH,
        subsequent_indent="  " if item else "",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _switches(values: Settings) -> str:
    return "<br>".join(f"`{setting}`" for setting in settings(values))


# changes ----------------------------------------------------------------------------------------


def change_section(entry: Change) -> str:
    """A change: its name, where it is proposed, its figure in each form, and what is wrong."""
    scenario, figure = problem(entry.problem).shows, FIGURES[entry.figure]
    forms: tuple[tuple[str, Settings], ...] = (
        ("as found", {}),
        ("as written", entry.as_written),
        ("repaired", entry.repaired),
    )
    rows = [
        line([form, _switches(values), told(figure.of(_outcome(scenario, settings(values))))])
        for form, values in forms
    ]
    return "\n\n".join(
        [
            f"### {entry.name}: {entry.title}",
            _prose(f"{entry.section}."),
            _table(["form", "settings", f"`{entry.figure}` on `{scenario}`"], rows),
            _prose(entry.wrong),
        ]
    )


def changes() -> str:
    """Every proposed change in its two forms."""
    return "\n\n".join(change_section(entry) for entry in CHANGES)


# phases -----------------------------------------------------------------------------------------

SLOW_DATA: Settings = {"server.initial_data_s": 0.05}


def phase_row(entry: Phase) -> str:
    """A phase on a StrictMode load and on the outage of problem 4, as written and repaired."""
    cells = [f"{entry.number} {entry.title}", ", ".join(entry.changes) or DASH]
    for repaired in (False, True):
        after = phase(entry.number, repaired=repaired)
        load = _outcome("strictmode", settings(after, SLOW_DATA))
        outage = _outcome(problem(4).shows, settings(after))
        figures = page_and_server_figures(load)
        abnormal = int((pick(page_rows(load), Event.CLOSE)["code"] == ABNORMAL).sum())
        cells += [
            f"{abnormal} of {figures['attempts']}",
            str(figures["live_at_end"]),
            str(FIGURES["silent_endpoints"].of(outage)),
        ]
    return line(cells)


def phases() -> str:
    """Every phase, with the world in which its figures were read."""
    data_ms = 1000 * float(SLOW_DATA["server.initial_data_s"])
    intro = _prose(
        f"Cumulative; phase 0 is the application as found. Figures of a StrictMode load with"
        f" {data_ms:g} ms of initial data (`strictmode`), and of the outage of problem 4."
    )
    read = ["1006 of attempts", "live sockets", "silent endpoints"]
    headings = ["phase", "adds", f"written: {read[0]}", *read[1:], f"repaired: {read[0]}"]
    return f"{intro}\n\n{_table([*headings, *read[1:]], map(phase_row, PHASES))}"


def gone_after(number: int, entry: Problem, *, repaired: bool) -> bool:
    """Whether a problem is gone in its own scenario after a phase.

    The scenario says which watchers there are. The sixth problem is gone, too, when nothing
    identical comes any more.
    """
    chosen = dict(phase(number, repaired=repaired))
    del chosen["server.watchers"]
    trace = _outcome(entry.shows, settings(chosen))
    wasteless = entry.figure == "renders_per_identical_message"
    return entry.is_gone(trace) or (wasteless and FIGURES["identical_messages"].of(trace) == 0)


def problems_after_phase_4() -> str:
    """Which problems the phases of the application leave, as written and repaired."""
    rows = []
    for repaired in (False, True):
        left = ["gone" if gone_after(4, p, repaired=repaired) else "stays" for p in PROBLEMS]
        rows.append(line(["repaired" if repaired else "as written", *left]))
    return _table(["problem", *(str(entry.number) for entry in PROBLEMS)], rows)


# problems ---------------------------------------------------------------------------------------


def problem_row(entry: Problem) -> str:
    """A problem: its scenarios, and its figure in both."""
    figure = FIGURES[entry.figure]
    definition = figure.definition.replace("``", "`")  # from the docstring's markup
    return line(
        [
            f"{entry.section} {entry.title}",
            f"`{entry.shows}`<br>`{entry.gone}`",
            f"`{entry.figure}`: {definition} [{figure.unit}]",
            told(entry.value(_outcome(entry.shows))),
            told(entry.value(_outcome(entry.gone))),
        ]
    )


def problems() -> str:
    """Every problem: shown, gone, and what is seen against what is claimed."""
    headings = ["problem", "scenarios", "figure", "shows", "gone"]
    seen = [_prose(f"**{entry.section}.** {entry.seen}", item=True) for entry in PROBLEMS]
    return "\n".join(
        [
            _table(headings, map(problem_row, PROBLEMS)),
            "",
            "What is seen, against what is claimed:",
            "",
            *seen,
        ]
    )


# test plan --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PlannedRun:
    """A run of the test plan: a scenario, what is set beside it, and how it is read."""

    scenario: str
    read: Callable[[Trace], Storm | Day | Recovery]
    besides: str = ""
    settings: Settings | None = None


PLANNED_RUNS = (
    PlannedRun("storm-100x8", storm),
    PlannedRun(
        "storm-100x8",
        storm,
        " with 5 ms of blocking work per connection",
        {"server.initial_data_s": 0.005, "server.initial_data_kind": "block"},
    ),
    PlannedRun("storm-100x8-browsers", storm),
    PlannedRun("day-idle", day),
    PlannedRun("day-traffic", day),
    PlannedRun("kill-restart", recovery),
    PlannedRun("kill-restart-breaker-literal", recovery),
    PlannedRun("kill-restart-breaker-wired", recovery),
    PlannedRun("kill-restart-by-hand", recovery),
    PlannedRun("kill-restart-breaker-repaired", recovery),
)


def planned_row(planned: PlannedRun) -> str:
    """A run of the test plan: its figures, and which targets it meets."""
    result = planned.read(_outcome(planned.scenario, settings(planned.settings or {})))
    if isinstance(result, Recovery):
        figures, meets = _recovery_told(result), {}
    elif isinstance(result, Day):
        figures, meets = _day_told(result), result.meets
    else:
        figures, meets = _storm_told(result), result.meets
    targets = (f"{target}: {'met' if met else 'missed'}" for target, met in meets.items())
    return line([f"`{planned.scenario}`{planned.besides}", figures, ", ".join(targets)])


def _storm_told(result: Storm) -> str:
    success = f"{told(result.success_percent)} % success"
    if result.time_to_establish_all_s is None or result.slowest_client_s is None:
        return f"{success}, never all"
    return (
        f"{success}, all after {result.time_to_establish_all_s:.2f} s,"
        f" slowest client {result.slowest_client_s:.2f} s,"
        f" {result.server_cpu_percent or 0:.0f} % of a core"
    )


def _day_told(result: Day) -> str:
    return (
        f"{told(result.unexpected_disconnects_per_h)} unexpected disconnects per hour,"
        f" {told(result.memory_growth_mb)} MB growth after the first hour"
    )


def _recovery_told(result: Recovery) -> str:
    back_s = result.time_to_recover_s
    back = "never back" if back_s is None else f"back {back_s:.0f} s after the restart"
    retries = ", ".join(f"{retry_s:.0f}" for retry_s in result.retries_s)
    return f"retries after {retries} s; {result.breakers_opened} times a breaker opened; {back}"


def test_plan() -> str:
    """Every run of the test plan."""
    return _table(["run", "figures", "targets"], map(planned_row, PLANNED_RUNS))


# monitoring -------------------------------------------------------------------------------------


def rules() -> str:
    """Every alert rule, and how often it is held against its metric."""
    intro = _prose(
        f"Rules, held against their metric every {SCRAPE_S:g} s"
        " (`stormlab_models.tac_webbuilder.monitoring`; the plan states none, these are ours). An"
        " undisturbed run raises no alert."
    )
    rows = [
        line(
            [
                rule.name,
                rule.side,
                f"`{rule.metric}` {rule.breaks} {rule.threshold:g}",
                f"{rule.window_s:g} s",
                f"{rule.for_s:g} s",
            ]
        )
        for rule in RULES
    ]
    return f"{intro}\n\n{_table(['rule', 'data', 'breaks', 'window', 'for'], rows)}"


STATES: dict[str, Settings] = {
    "as found": AS_FOUND,
    "phase 5 as written": phase(5),
    "phase 5 repaired": phase(5, repaired=True),
}


def detection_row(kind: FaultKind, state: str) -> str:
    """Seconds from a fault to what notices it, in one of :data:`STATES`."""
    found = detect(run_fault(kind, STATES[state], seed=SEED), kind)
    times = (found.page_shows_s, found.by_server_s, found.by_client_s, found.by_both_s)
    page, server, client, both = map(_seconds, times)
    first = f"{both}: {found.first_rule}" if found.first_rule else both
    return line([kind.name, state, page, server, client, first])


def _seconds(time_s: float | None) -> str:
    if time_s is None:
        return DASH
    return "at once" if time_s < _AT_ONCE_S else f"{time_s:.0f}"


def detections() -> str:
    """Time from each kind of fault to what notices it."""
    tabs = load_scenario("monitored").parameters.model_dump()["browser"]["tabs"]
    intro = _prose(
        f"Seconds from the fault to what notices it, on {tabs} pages (`monitored`);"
        f" {DASH} is never. Faults begin between two scrapes; idle proxy and slow handshake are"
        " there from the start."
    )
    headings = ["fault", "state", "page shows it", "server's data", "pages' data"]
    rows = [
        detection_row(kind, state)
        for kind in FAULT_KINDS
        if kind.name != "none"
        for state in STATES
    ]
    return f"{intro}\n\n{_table([*headings, 'both: first rule'], rows)}"


TABLES: dict[str, Callable[[], str]] = {
    "changes": changes,
    "phases": phases,
    "problems-after-phase-4": problems_after_phase_4,
    "problems": problems,
    "test-plan": test_plan,
    "rules": rules,
    "detections": detections,
}
