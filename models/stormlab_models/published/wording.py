"""The verdicts in words and digits: one row of a table each, the same on screen and on paper."""

import math

from stormlab_models.published.cases import Check, Errors, Offset, OrderStatistics, Percent, Spread
from stormlab_models.published.evaluate import CaseResult, Outcome

HEADINGS = ("run", "figure", "published", "ours", "allowed", "margin", "verdict")
_DIGITS_MAX = 7
_DIGITS = 5  # significant ones, where no error says how many are known


def row(outcome: Outcome) -> tuple[str, ...]:
    """One comparison, in the order of :data:`HEADINGS`."""
    judgement, check = outcome.judgement, outcome.check
    note = f" ({judgement.note})" if judgement.note else ""
    margin = "" if judgement.margin is None else f"{100 * judgement.margin:.0f} %"
    if check is None:
        published = "in this order" if outcome.factor == 1 else f"below {outcome.factor:g} times"
        ours = " < ".join(digits(mean) for mean in outcome.means)
        allowed = f"steps > 3 se, least {judgement.point:.3g}"
        return outcome.run, outcome.figure, published, ours, allowed, "", judgement.verdict
    return (
        outcome.run,
        outcome.figure,
        _published(check),
        _ours(outcome, check),
        f"{digits(judgement.low)} to {digits(judgement.high)}",
        margin,
        judgement.verdict + note,
    )


def _published(check: Check) -> str:
    rule, value = check.tolerance, digits(check.reference)
    if isinstance(rule, Errors) and rule.se:
        return with_error(check.reference, rule.se)
    if isinstance(rule, OrderStatistics) and rule.half_width:
        return with_error(check.reference, rule.half_width)
    if isinstance(rule, Errors | OrderStatistics) and rule.runs:
        return f"{value} ({rule.runs} runs)"
    if isinstance(rule, Percent):
        return f"{value} ± {rule.percent:g} %"
    if isinstance(rule, Offset):
        return f"{value} {_moved(rule)}"
    return value


def _ours(outcome: Outcome, check: Check) -> str:
    ours = outcome.judgement.ours
    if isinstance(check.tolerance, Spread):
        return f"95 % of runs: {digits(ours.low)} to {digits(ours.high)}"
    if ours.error is not None:
        return with_error(ours.value, ours.error)
    return f"{digits(ours.value)} [{digits(ours.low)}, {digits(ours.high)}]"


def with_error(value: float, error: float) -> str:
    """A value with its error, both to the error's second significant digit."""
    if not (math.isfinite(value) and math.isfinite(error)):
        return f"{digits(value)} ± ?"
    if error <= 0:
        return digits(value)
    places = min(max(0, 1 - math.floor(math.log10(error))), _DIGITS_MAX)
    return f"{value:,.{places}f} ± {error:,.{places}f}"


def digits(value: float) -> str:
    """A number with five significant digits, or all before the point."""
    if not math.isfinite(value):
        return "never" if value > 0 else "?"
    size = math.floor(math.log10(abs(value))) if value else 0
    text = f"{value:,.{max(0, _DIGITS - 1 - size)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _moved(rule: Offset) -> str:
    if rule.high <= 0:
        return f"less {digits(-rule.high)} to {digits(-rule.low)}"
    return f"and {digits(rule.low)} to {digits(rule.high)}"


def summary(result: CaseResult) -> str:
    """How a case came out, in one line."""
    parts = [
        f"{result.count(verdict)} {verdict}"
        for verdict in ("inside", "outside", "undecided")
        if verdict == "inside" or result.count(verdict)
    ]
    count = len(result.outcomes)
    return f"{count} comparison{'s' if count != 1 else ''}: {', '.join(parts)}"
