"""What the report of a comparison says, as values for its template; all text is Markdown."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from stormlab.compare import Comparison, PolicyResult, Summary
from stormlab.compare import words as shown
from stormlab.recovery import FIGURES
from stormlab.report.catalogue_text import policy_facts, simplifications
from stormlab.report.words import NOTHING, cell, code, prose, with_interval
from stormlab.statistics import NO_DIFFERENCE, Judgement

ARROWS = {"lower": "↓", "higher": "↑", None: ""}
LEADERS_MAX = 3  # that the first sentence names
MARKS = {shown.BEST: "★", shown.LEADING: "☆"}
_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")


def heading(comparison: Comparison) -> str:
    """The title of the report, as plain text."""
    count = len(comparison.policies)
    number = _NUMBERS[count] if count < len(_NUMBERS) else str(count)
    what = f"{number} reconnect polic{'y' if count == 1 else 'ies'}"
    return f"{what}: {comparison.title or comparison.scenario}"


def values(comparison: Comparison, command: str) -> dict[str, Any]:
    """Everything that the template names."""
    return {
        "heading": prose(heading(comparison)),
        "answer": answer(comparison),
        "headings": [cell(prose(_heading(comparison, name))) for name in comparison.key],
        "rows": [_row(comparison, each) for each in comparison.policies],
        "columns_beside": _columns_beside(comparison),
        "legend": [f"{MARKS[sign]} {shown.LEGEND[sign]}" for sign in _signs(comparison)],
        "orders": [
            (prose(name_of(comparison, name)), code(shown.order(comparison, name)))
            for name in comparison.rankings
        ],
        "apart": shown.APART,
        "alike": shown.ALIKE,
        "notes": [prose(note) for note in shown.notes(comparison)],
        "matrix": matrix(comparison),
        "pairs": list(_pairs(comparison)),
        "judged": [cell(prose(name_of(comparison, name))) for name in comparison.rankings],
        "run": list(_run(comparison)),
        "command": command.replace(" --", " \\\n    --"),
        "fence": "`" * 3,
        "policies": [policy_facts(each) for each in comparison.policies],
        "definitions": _definitions(comparison),
        "caveats": list(_caveats(comparison)),
        "simplifications": simplifications(comparison.model),
        "hashes": [
            (cell(code(each.label)), code(each.scenario_hash)) for each in comparison.policies
        ],
        "seeds": _seeds(comparison),
        "run_count": comparison.effort.replications,
        "confidence": f"{100 * comparison.confidence:g} %",
    }


# the answer --------------------------------------------------------------------------------------


def answer(comparison: Comparison) -> str:
    """One sentence: who is better than all others in what, and where nobody is."""
    rankings = comparison.rankings
    if len(comparison.policies) == 1:
        return "One policy was run; there is nothing to compare it with."
    if not rankings:
        return "Nothing could be judged: no figure applies to two runs or more of two policies."
    ahead: dict[tuple[bool, tuple[str, ...]], list[str]] = {}
    nobody: list[str] = []
    for name, ranking in rankings.items():
        title, first = prose(name_of(comparison, name)), _ahead(comparison, name)
        (ahead.setdefault((ranking.best is not None, first), []) if first else nobody).append(title)
    parts = [
        f"{_listed([code(label) for label in labels])}"
        f" {_how(comparison, labels, won=won)} in {_listed(titles)}"
        for (won, labels), titles in sorted(ahead.items(), key=lambda item: not item[0][0])
    ]
    if nobody:
        start = "in" if parts else "In"
        parts.append(f"{start} {_listed(nobody)} no policy is ahead beyond noise at this precision")
    return "; ".join(parts) + "." + "".join(_losers(comparison))


def _losers(comparison: Comparison) -> Iterator[str]:
    """What a good figure must not hide: clients that will not come back."""
    for each in comparison.policies:
        lost = each.lost
        if lost is not None and lost.interval.value > 0:
            yield f" {code(each.label)} loses {figure_text(lost)} clients for good."


def _ahead(comparison: Comparison, figure: str) -> tuple[str, ...]:
    """The best, or a few that nothing was found better than; nobody where there are many."""
    found = [label for label in comparison.labels if shown.mark(comparison, figure, label)]
    return tuple(found) if len(found) <= LEADERS_MAX else ()


def _how(comparison: Comparison, labels: Sequence[str], *, won: bool) -> str:
    if won:
        pair = len(comparison.policies) == 2  # noqa: PLR2004
        return f"is better than {'the other' if pair else 'every other'}"
    return "lead together" if len(labels) > 1 else "leads, though not apart from all others,"


def _listed(items: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(items[:-1]), items[-1]]))


# the table ---------------------------------------------------------------------------------------


def name_of(comparison: Comparison, figure: str) -> str:
    """The short name of a figure, without its unit."""
    title, unit = comparison.key[figure], comparison.measures[figure].unit
    return title.removesuffix(f" {unit}") if unit else title


def _heading(comparison: Comparison, figure: str) -> str:
    measure, title = comparison.measures[figure], name_of(comparison, figure)
    unit = f", {measure.unit}" if measure.unit and measure.unit != title else ""
    return f"{title}{unit} {ARROWS[measure.better]}".strip()


def _row(comparison: Comparison, policy: PolicyResult) -> list[str]:
    cells = [cell(code(policy.label))]
    for name in comparison.key:
        text = figure_text(policy.figures.get(name))
        sign = MARKS.get(shown.mark(comparison, name, policy.label), "")
        cells.append(
            f"**{text}** {sign}" if sign == MARKS[shown.BEST] else f"{text} {sign}".strip()
        )
    if policy.lost is not None:
        cells.append(figure_text(policy.lost))
    if policy.collapse is not None:
        found = policy.collapse
        percent = [100 * x for x in (found.value, found.low, found.high)]
        cells.append(with_interval(*(float(f"{x:.3g}") for x in percent)))
    return cells


def _columns_beside(comparison: Comparison) -> list[str]:
    """Headings of what stands beside the judged figures; the same for every policy of a model."""
    first = comparison.policies[0]
    lost = ["clients lost for good"] if first.lost is not None else []
    return lost + (["collapse, % of runs"] if first.collapse is not None else [])


def figure_text(found: Summary | None) -> str:
    """A figure with its interval in brackets; how often it was never reached, where it was."""
    if found is None:
        return NOTHING
    low, value, high = found.interval.low, found.interval.value, found.interval.high
    never = found.applies - found.reached
    if found.of == "median":
        if never == found.applies:
            return "never"
        middle = "never" if math.isinf(value) else shown.number(value)
        return f"{middle} (median; never in {never} of {found.applies} runs)"
    if not math.isfinite(low + high) or math.isclose(low, high, rel_tol=1e-12):
        return shown.number(value)
    step = (high - low) / 20
    return f"{shown.number(value, step)} [{shown.number(low, step)}, {shown.number(high, step)}]"


def _signs(comparison: Comparison) -> list[str]:
    used = {
        shown.mark(comparison, name, label)
        for name in comparison.rankings
        for label in comparison.labels
    }
    return [sign for sign in MARKS if sign in used]


# verdicts ----------------------------------------------------------------------------------------


def matrix(comparison: Comparison) -> list[list[str]]:
    """A row per policy: in how many figures it is better, worse, not told apart from each other."""
    rows = []
    for own in comparison.labels:
        cells = [cell(code(own))]
        for other in comparison.labels:
            found = [
                comparison.verdict(name, own, other)
                for name in comparison.rankings
                if own != other and _known(comparison, name, own, other)
            ]
            better, worse = found.count("better"), found.count("worse")
            alike = len(found) - better - worse
            parts = [f"{better} better" if better else "", f"{worse} worse" if worse else ""]
            parts.append(f"{alike} {shown.ALIKE}" if alike else "")
            cells.append(", ".join(filter(None, parts)) or NOTHING)
        rows.append(cells)
    return rows


def _known(comparison: Comparison, figure: str, one: str, other: str) -> bool:
    return any(p.figure == figure and {p.first, p.second} == {one, other} for p in comparison.pairs)


def _pairs(comparison: Comparison) -> Iterator[list[str]]:
    """A row per pair: the second held against the first, figure by figure."""
    found: dict[tuple[str, str], dict[str, Judgement]] = {}
    for pair in comparison.pairs:
        found.setdefault((pair.first, pair.second), {})[pair.figure] = pair.judgement
    for (first, second), judged in found.items():
        yield [
            f"{cell(code(second))} against {cell(code(first))}",
            *(_verdict(judged.get(name)) for name in comparison.rankings),
        ]


def _verdict(judgement: Judgement | None) -> str:
    if judgement is None:
        return NOTHING
    pair = judgement.comparison
    if not pair.better_runs + pair.worse_runs:
        return f"{shown.ALIKE} equal in all runs"
    said = f"(better in {pair.better_runs}, worse in {pair.worse_runs} of {pair.n} runs)"
    if pair.relative_percent is not None and pair.test != "sign":
        moved = pair.relative_percent
        step = max(abs(moved.high - moved.low) / 20, 1e-6)
        low, value, high = (_signed(x, step) for x in (moved.low, moved.value, moved.high))
        said = f"{value} % [{low}, {high}]"
    if judgement.verdict == NO_DIFFERENCE:
        return f"{shown.ALIKE} {said}"
    return f"**{judgement.verdict}** {said}"


def _signed(value: float, step: float) -> str:
    text = shown.number(value, min(step, 1.0))
    return text if value < 0 else f"+{text}"


# what was run ------------------------------------------------------------------------------------


def _run(comparison: Comparison) -> Iterator[tuple[str, str]]:
    effort = comparison.effort
    yield "scenario", f"{code(comparison.scenario)}: {prose(comparison.title)}"
    yield "what happens", prose("; ".join(comparison.done) or "nothing")
    yield "model", f"{code(comparison.model)}, {comparison.duration_s:g} s"
    if comparison.settings:
        told = ", ".join(code(f"{key} = {value}") for key, value in comparison.settings)
        yield "parameters that differ from their defaults", told
    if comparison.grid is not None and comparison.grid.capacity_per_s is not None:
        yield "capacity", f"{comparison.grid.capacity_per_s:,.4g} handshakes per s"
    yield "runs", f"{effort.replications} of each policy ({effort.why}), seed {comparison.seed}"
    if effort.short:
        told = ", ".join(
            f"{code(each.policy)} {prose(name_of(comparison, each.figure))}"
            f" ±{each.half_width_percent:.2g} %"
            for each in effort.short
        )
        yield "not as precise as asked for", told
    yield "stormlab", comparison.stormlab


def _seeds(comparison: Comparison) -> str:
    seeds = comparison.policies[0].runs.seeds
    return f"{seeds[0]:,} to {seeds[-1]:,}" if seeds else NOTHING


def _definitions(comparison: Comparison) -> list[dict[str, str]]:
    """Figures that are defined in the same words stand together."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for name in comparison.key:
        figure, words = FIGURES.get(name), comparison.measures[name].words
        formula, limits = (figure.formula, figure.limits) if figure is not None else ("", "")
        found.setdefault((words, formula, limits), []).append(name)
    return [
        {
            "titles": ", ".join(prose(name_of(comparison, name)) for name in names),
            "names": ", ".join(code(name) for name in names),
            "unit": prose(comparison.measures[names[0]].unit),
            "meaning": "; ".join(prose(comparison.measures[name].title) for name in names),
            "words": prose(words),
            "formula": code(formula) if formula else "",
            "limits": prose(limits),
        }
        for (words, formula, limits), names in found.items()
    ]


def _caveats(comparison: Comparison) -> Iterator[str]:
    yield from _censored(comparison)
    for label, name in comparison.effort.never:
        yield (
            f"{code(label)}: some run never reached {prose(name_of(comparison, name))}; no mean"
            " exists, so the table has the median."
        )


def _censored(comparison: Comparison) -> Iterator[str]:
    known = [(each, each.ecdf) for each in comparison.policies if each.ecdf is not None]
    away = [(each, ecdf) for each, ecdf in known if ecdf.censored]
    if known and not away:
        yield "Every socket that lost its connection was back by the end of every run."
    for each, ecdf in away:
        yield (
            f"{code(each.label)}: {ecdf.censored:,} of {ecdf.n:,} sockets that lost their"
            f" connection ({100 * ecdf.censored / ecdf.n:.2g} %) were not back when the run ended."
            " They count as away for longer than that (Kaplan-Meier), not as back."
        )
