"""The result in sentences and tables, for the terminal and the report alike."""

import math
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Literal

from stormlab.compare.contenders import differences, done_to_it
from stormlab.compare.words import PLUS_MINUS, number
from stormlab.console import DASH
from stormlab.statistics import CONFIDENCE, Interval
from stormlab.tune.goals import Goal, Sample
from stormlab.tune.insight import edges, given_values, influences, runs_needed
from stormlab.tune.records import CONFIDENCE_EACH, Check, Trial, Tuning

Outcome = Literal["met", "missed", "undecided"]
Table = tuple[list[str], list[list[str]]]
Short = Mapping[str, str]  # headings of figures
NO_SHORT: Short = MappingProxyType({})
_RUNS_MAX = 5000  # more fresh seeds than there are belong to nobody


def outcome(tuning: Tuning) -> Outcome:
    """Whether the best meets all goals beyond noise, misses one, or neither is shown."""
    found = {met for _, met in tuning.best.goals}
    if "missed" in found:
        return "missed"
    return "undecided" if "undecided" in found else "met"


def header(tuning: Tuning) -> list[str]:
    """What was asked."""
    aim, base = tuning.aim, tuning.base
    lines = [
        f"stormlab {tuning.versions['stormlab']}   tune {aim.policy}   seed {aim.seed}",
        f"scenario {base.name}   {base.title}".rstrip(),
        f"  {base.duration_s:g} s; done to it: {'; '.join(done_to_it(base)) or 'nothing'}",
    ]
    lines += [f"  {key} = {value}" for key, value in differences(base)]
    lines += [f"goals {'; '.join(each.text for each in aim.goals)}; then {aim.target.text}"]
    lines += [f"  vary {axis.text}" for axis in aim.axes]
    lines.append(
        f"{_trials(len(tuning.proposed))} and the policy as given, {aim.replications} runs each"
        f" under the same seeds; {len(tuning.checks)} of them checked in {aim.check_replications}"
        " runs each under fresh seeds"
    )
    return lines


def name_of(trial: Trial) -> str:
    """``given``, or the number of the trial."""
    return "given" if trial.number == 0 else str(trial.number)


def tried(tuning: Tuning, trials: Sequence[Trial], short: Short = NO_SHORT) -> Table:
    """Trials with their parameters and the means of the search."""
    aim, given = tuning.aim, given_values(tuning)
    figures = [short.get(figure, figure) for figure in aim.figures]
    headings = ["trial", *(axis.key for axis in aim.axes), *figures, "goals"]
    rows = []
    for trial in trials:
        values = [_value(trial.parameters.get(axis.key, given[axis.key])) for axis in aim.axes]
        means = [mean_text(trial.samples[figure]) for figure in aim.figures]
        missed = [each for each in aim.goals if each.missed_by(trial.samples[each.figure])]
        told = "all met" if not missed else f"{len(missed)} missed"
        rows.append([name_of(trial), *values, *means, told])
    return headings, rows


def _value(text: str | None) -> str:
    return DASH if text is None else text


def mean_text(sample: Sample) -> str:
    """A mean; ``never 2/4`` when it never came in some of the runs."""
    if sample.never:
        return f"never {sample.never}/{len(sample.applying)}"
    return DASH if not sample.applying else number(sample.mean)


def checked(tuning: Tuning, short: Short = NO_SHORT) -> Table:
    """The checked, the best first: each figure with its interval, and whether its goals hold."""
    figures = tuning.aim.figures
    headings = ["checked", *(_with_limits(tuning, figure, short) for figure in figures)]
    rows = []
    for check in tuning.checks:
        met = {
            figure: ", ".join(said for goal, said in check.goals if goal.figure == figure)
            for figure in figures
        }
        cells = [f"{interval_text(check, figure)} {met[figure]}".rstrip() for figure in figures]
        rows.append([name_of(check.trial), *cells])
    return headings, rows


def _with_limits(tuning: Tuning, figure: str, short: Short) -> str:
    own = [goal for goal in tuning.aim.goals if goal.figure == figure]
    limits = (f"{goal.relation} {goal.limit:.15g}" for goal in own)
    return f"{short.get(figure, figure)} {', '.join(limits)}".rstrip()


def legend(tuning: Tuning, short: Short) -> str:
    """What the short headings stand for."""
    figures = tuning.aim.figures
    return "; ".join(f"{short[figure]}: {figure}" for figure in figures if figure in short)


def interval_text(check: Check, figure: str) -> str:
    """A figure with the half width of its interval, or in how many runs it never came."""
    interval = check.intervals[figure]
    return mean_text(check.trial.samples[figure]) if interval is None else with_half(interval)


def with_half(interval: Interval, *, sign: bool = False) -> str:
    """``63.2 ±0.4``; the value alone when it has no width."""
    value, half = interval.value, interval.high - interval.value
    plus = "+" if sign and value > 0 else ""
    if not math.isfinite(half) or half <= abs(value) * 1e-12:
        return plus + number(value)
    step = 10.0 ** math.floor(math.log10(half))
    step = step / 10 if half < 2 * step else step
    return f"{plus}{number(value, step)} {PLUS_MINUS}{number(half, step)}"


def check_note(tuning: Tuning) -> str:
    """What the intervals of the check are."""
    return (
        f"{PLUS_MINUS}: {100 * CONFIDENCE_EACH:.4g} % interval of the mean of"
        f" {tuning.aim.check_replications} runs, so that all {len(tuning.checks)} hold together at"
        f" {100 * CONFIDENCE:g} %"
    )


# sentences ---------------------------------------------------------------------------------------


def verdict(tuning: Tuning) -> str:
    """The answer: whether the best meets all goals, and if not which it does not."""
    best = tuning.best
    who = "the policy as it was given" if best.trial.number == 0 else f"trial {name_of(best.trial)}"
    meeting = sum(trial.meets_all for trial in tuning.proposed)
    if best.meets_all:
        more = "; nothing that was tried is better" if best.trial.number == 0 else ""
        return f"Yes: {who} meets all goals beyond noise{more}."
    told = "; ".join(_not_met(best, goal, met) for goal, met in best.goals if met != "met")
    if outcome(tuning) == "undecided":
        return f"Undecided: {who} is the best, but {told}."
    before = (
        f" (in the search {_trials(meeting)} met all; that was luck, or too few runs)"
        if meeting
        else ""
    )
    return f"No: {who} is the best of what was tried, but {told}{before}."


def _trials(count: int) -> str:
    return "1 trial" if count == 1 else f"{count} trials"


def _not_met(check: Check, goal: Goal, met: str) -> str:
    shown = interval_text(check, goal.figure)
    if not check.trial.samples[goal.figure].applying:
        return f"{goal.figure} does not apply to any of its runs, so {goal.text} cannot be judged"
    if met == "missed":
        return f"{goal.text} is missed ({shown})"
    needed = runs_needed(goal, check.intervals[goal.figure])
    hint = f"; some --check {needed} would decide" if needed and needed <= _RUNS_MAX else ""
    return f"{goal.text} is within noise ({shown}{hint})"


def notes(tuning: Tuning) -> list[str]:
    """How many trials met all goals, what the best gains, what moved what, and edges."""
    return [_meeting(tuning), *_gains(tuning), *_moved(tuning), *_at_edges(tuning)]


def _meeting(tuning: Tuning) -> str:
    count = sum(trial.meets_all for trial in tuning.proposed)
    of = len(tuning.proposed)
    return f"{count or 'None'} of {_trials(of)} met all goals in the mean of their runs."


def _gains(tuning: Tuning) -> Iterator[str]:
    """The paired differences of the best from the given policy."""
    found = [
        f"{figure} {with_half(interval, sign=True)}"
        for figure in tuning.aim.figures
        for interval in [tuning.best.against_given[figure]]
        if interval is not None
    ]
    if found:
        yield f"Against the policy as it was given, in pairs of equal seeds: {'; '.join(found)}."


def _moved(tuning: Tuning) -> Iterator[str]:
    """For each figure the parameter that moved it most."""
    found = influences(tuning)
    for figure in tuning.aim.figures:
        own = [each for each in found if each.figure == figure]
        told = [each for each in own if each.beyond_chance]
        if told:
            told.sort(key=lambda each: -abs(each.value))
            parts = [f"{each.key} ({_strength(each.value, signed=each.signed)})" for each in told]
            yield f"What moved {figure}, by rank correlation over the trials: {', '.join(parts)}."
        elif own:
            yield f"No parameter moved {figure} beyond chance."


def _strength(value: float, *, signed: bool) -> str:
    return f"{value:+.2f}" if signed else f"{value:.2f}, a choice"


def _at_edges(tuning: Tuning) -> Iterator[str]:
    for edge in edges(tuning):
        way = "lower" if edge.end == "low" else "higher"
        yield (
            f"{edge.axis.key}={edge.value} lies at the {edge.end} end of its range"
            f" ({edge.axis.text}): widen it, what is {way} may be better."
        )


def to_use(tuning: Tuning) -> str:
    """The policy that was found, as it is given to other commands."""
    best = tuning.best.trial
    return " ".join([best.policy, *(f"--set {setting}" for setting in best.settings)])
