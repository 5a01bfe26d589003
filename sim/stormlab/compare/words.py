"""A comparison in words: cells, orders and notes, for the terminal and the report alike."""

import math
import statistics
from collections.abc import Iterator, Sequence
from itertools import pairwise

from stormlab.compare.results import Comparison, PolicyResult, Summary
from stormlab.statistics import NO_DIFFERENCE, probability_text

BEST, LEADING = "*", "="
APART, ALIKE = ">", "\N{ALMOST EQUAL TO}"
PLUS_MINUS = "\N{PLUS-MINUS SIGN}"
_DIGITS_MAX = 6
_GROUPED_MIN = 1000
_SHORT_MAX = 3
_ROUNDING = 1e-12

LEGEND = {
    BEST: "better than every other policy beyond noise",
    LEADING: "nothing is better beyond noise, but some are not told apart from it",
}


def number(value: float, step: float = 0.0) -> str:
    """A value to the decimal place of ``step``; without a step four significant digits."""
    if not math.isfinite(value):
        return "never" if value > 0 else "-never"
    if step <= 0:
        return f"{value:,.0f}" if abs(value) >= _GROUPED_MIN else f"{value:.4g}"
    places = max(0, min(_DIGITS_MAX, -math.floor(math.log10(step))))
    return f"{value:,.{places}f}"


def cell(found: Summary | None) -> str:
    """A figure with its uncertainty: ``63.2 ±0.4``; ``never``, or in how many runs it was.

    The half width has one digit, two when it begins with 1, and the value as many places; a figure
    that is the same in every run stands alone.
    """
    if found is None:
        return "-"
    value, high = found.interval.value, found.interval.high
    if found.of == "median":
        never = found.applies - found.reached
        if never == found.applies:
            return "never"
        return f"{number(value)} (never {never}/{found.applies})"
    half = high - value
    if half <= abs(value) * _ROUNDING or not math.isfinite(half):
        return number(value)
    step = 10.0 ** math.floor(math.log10(half))
    if half < 2 * step:  # 0.14 rather than 0.1
        step /= 10
    return f"{number(value, step)} {PLUS_MINUS}{number(half, step)}"


def mark(comparison: Comparison, figure: str, label: str) -> str:
    """The sign before a cell: the best, one of several leaders, or nothing.

    Nothing also where all policies lead, since the figure tells none apart, and for one that never
    got there: too few runs may be all that speaks for it.
    """
    ranking = comparison.rankings.get(figure)
    found = comparison.policy(label).figures.get(figure)
    if ranking is None or label not in ranking.leaders or found is None or not found.reached:
        return ""
    if len(ranking.leaders) == len(ranking.order):
        return ""
    return BEST if ranking.best == label else LEADING


def headings(comparison: Comparison) -> str:
    """What the short headings of the table mean."""
    told = [
        f"{heading}: {comparison.measures[name].title}"
        for name, heading in comparison.key.items()
        if heading != name
    ]
    return "; ".join(told)


def order(comparison: Comparison, figure: str) -> str:
    """Who beats whom by one figure, best first: ``a > b ≈ c``, with what that leaves out.

    Between neighbours stands whether they were told apart. Where not being told apart does not
    carry over (a ≈ b, b ≈ c, yet a beats c) that is added.
    """
    ranking = comparison.rankings[figure]
    labels = ranking.order
    told = [labels[0]]
    for before, label in pairwise(labels):
        alike = comparison.verdict(figure, label, before) == NO_DIFFERENCE
        told += [ALIKE if alike else APART, label]
    hidden = [f"{one} {APART} {other}" for one, other in _hidden(comparison, figure, labels)]
    return " ".join(told) + (f"; but {', '.join(hidden)}" if hidden else "")


def _hidden(
    comparison: Comparison, figure: str, labels: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Pairs that were told apart although no sign between them says so."""
    for start, one in enumerate(labels):
        for end in range(start + 2, len(labels)):
            chain = zip(labels[start:end], labels[start + 1 : end + 1], strict=True)
            if any(comparison.verdict(figure, b, a) != NO_DIFFERENCE for a, b in chain):
                break
            if comparison.verdict(figure, one, labels[end]) == "better":
                yield one, labels[end]


def header(comparison: Comparison) -> list[str]:
    """Lines that say what was compared, under what, and how often."""
    count = len(comparison.policies)
    effort = comparison.effort
    policies = f"{count} policies" if count > 1 else "1 policy"
    which = [f"model {comparison.model}", policies, f"seed {comparison.seed}"]
    lines = [
        "   ".join([f"stormlab {comparison.stormlab}", *which]),
        f"scenario {comparison.scenario}   {comparison.title}".rstrip(),
        f"  {comparison.duration_s:g} s; done to it: {'; '.join(comparison.done) or 'nothing'}",
    ]
    lines += [f"  {key} = {value}" for key, value in comparison.settings]
    confidence = f"{100 * comparison.confidence:g} %"
    lines.append(
        f"  {effort.replications} runs of each policy under the same seeds ({effort.why});"
        f" {PLUS_MINUS}: {confidence} interval of the mean"
    )
    return lines


def notes(comparison: Comparison) -> list[str]:
    """What has to be said beside the table: losses, collapse, precision, what pairing brought."""
    found = [*_losses(comparison.policies), *_collapses(comparison.policies)]
    found += [*_imprecise(comparison), *_too_few(comparison)]
    gain = _gain(comparison)
    return [*found, *([gain] if gain else [])]


def _losses(policies: Sequence[PolicyResult]) -> Iterator[str]:
    for policy in policies:
        lost = policy.lost
        if lost is not None and lost.interval.value > 0:
            yield f"{policy.label}: {cell(lost)} clients lost for good, which also lowers its load"


def _collapses(policies: Sequence[PolicyResult]) -> Iterator[str]:
    known = [policy for policy in policies if policy.collapse is not None]
    hits = {policy.label: _hits(policy) for policy in known}
    if known and not any(hits.values()):
        runs = min(policy.collapse.n for policy in known if policy.collapse)
        who = ", each policy" if len(known) > 1 else ""
        yield f"collapse{who}: {probability_text(0, runs)}"
    for policy in known:
        if hits[policy.label] and policy.collapse is not None:
            said = probability_text(hits[policy.label], policy.collapse.n)
            yield f"{policy.label}: the service collapses {said}"


def _hits(policy: PolicyResult) -> int:
    found = policy.collapse
    return 0 if found is None else round(found.value * found.n)


def _imprecise(comparison: Comparison) -> Iterator[str]:
    effort, key = comparison.effort, comparison.key
    worst = sorted(effort.short, key=lambda each: -each.half_width_percent)
    if worst:
        told = [
            f"{each.policy} {key[each.figure]} {PLUS_MINUS}{each.half_width_percent:.2g} %"
            + (f" (needs about {each.needed} runs)" if each.needed else "")
            for each in worst[:_SHORT_MAX]
        ]
        more = f", and {len(worst) - _SHORT_MAX} more" if len(worst) > _SHORT_MAX else ""
        yield f"not as precise as asked for: {', '.join(told)}{more}"


def _too_few(comparison: Comparison) -> Iterator[str]:
    """Whether the sign test could tell anything apart at all, with so many runs and comparisons."""
    signs = [pair for pair in comparison.pairs if pair.judgement.comparison.test == "sign"]
    if not signs:
        return
    needed = 1 + math.ceil(math.log2(len(comparison.pairs) / (1 - comparison.confidence)))
    if comparison.effort.replications < needed:
        yield (
            f"{comparison.effort.replications} runs are too few for a verdict where some run never"
            f" got there or all differ by the same: that takes {needed}"
        )


def _gain(comparison: Comparison) -> str:
    gains = [pair.judgement.comparison.gain for pair in comparison.pairs]
    varying = [gain for gain in gains if gain is not None and gain.correlation is not None]
    if not varying:
        return ""
    middle = statistics.median(gain.factor for gain in varying)
    correlation = statistics.median(
        gain.correlation for gain in varying if gain.correlation is not None
    )
    return (
        f"variance gain of pairing by seed: {middle:.2g}; without it so many times the runs would"
        f" tell as much (median of {len(varying)} comparisons, correlation {correlation:.2f})"
    )
