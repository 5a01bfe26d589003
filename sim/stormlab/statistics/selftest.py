"""How well the statistics hold, measured on worlds whose truth is known.

``python -m stormlab.statistics.selftest`` prints the table; ``... selftest docs/statistics.md``
writes it into the document. Every sample is an addressed draw, so the table is the same each time.

An asked-for "at least 95 %" holds when the measured rate is not below it by more than two standard
errors of the measurement; "at most" likewise. Where less than 95 % is asked of an interval the
method is an approximation there, and that is what it is held to. Rows marked "wrong tool" show what
goes wrong without the method.
"""

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from stormlab.console import fail, say
from stormlab.draws import UNIT_BITS, Draws
from stormlab.statistics.intervals import Floats, Interval, mean_interval, scipy_stats
from stormlab.statistics.pairs import variance_gain
from stormlab.statistics.proportions import probability_interval
from stormlab.statistics.quantiles import pooled_quantile_interval, quantile_interval
from stormlab.statistics.selection import best_of
from stormlab.statistics.sequential import Precision, replicate_until, stopping_point
from stormlab.statistics.survival import kaplan_meier
from stormlab.statistics.verdicts import NO_DIFFERENCE, compare_pair, judge

TRIALS = 2000
LEVEL = 0.05
NEVER = 0.1
BEGIN, END = "<!-- table: selftest -->", "<!-- end -->"
DISTRIBUTIONS = ("exponential", "lognormal", "uniform")
_SCIPY: Mapping[str, tuple[str, tuple[float, ...]]] = {
    "exponential": ("expon", ()),
    "lognormal": ("lognorm", (1.0,)),
    "normal": ("norm", ()),
    "uniform": ("uniform", ()),
}


@dataclass(frozen=True)
class Measured:
    """A rate measured in ``trials`` trials, in percent, and what was asked of it.

    A "wrong tool" is expected to be below its bound.
    """

    what: str
    condition: str
    asked: Literal["at least", "at most", "wrong tool, below"]
    bound_percent: float
    hits: int
    trials: int

    @property
    def percent(self) -> float:
        """The rate measured."""
        return 100 * self.hits / self.trials

    @property
    def error_percent(self) -> float:
        """Standard error of the rate, if the bound is the truth."""
        bound = self.bound_percent / 100
        return 100 * math.sqrt(bound * (1 - bound) / self.trials)

    @property
    def holds(self) -> bool:
        """Whether the rate keeps to the bound, but for two standard errors."""
        above = self.percent - self.bound_percent
        return (-above if self.asked == "at least" else above) <= 2 * self.error_percent

    @property
    def row(self) -> str:
        """The row of the table, in Markdown."""
        said = "holds" if self.holds else "**does not hold**"
        if self.asked == "wrong tool, below":
            said = "as warned" if self.holds else "**not as warned**"
        return (
            f"| `{self.what}` | {self.condition} | {self.asked} {self.bound_percent:g} %"
            f" | {self.percent:.1f} % | {said} |"
        )


def uniforms(purpose: str, trials: int, n: int) -> Floats:
    """A table of trials by n uniform numbers, each inside (0, 1)."""
    rows = np.arange(trials, dtype=np.uint64)[:, None]
    bits = Draws(40).bits_array(rows, purpose, np.arange(n, dtype=np.uint64)[None, :])
    units: Floats = (bits + 0.5) / 2**UNIT_BITS
    return units


def drawn(name: str, purpose: str, trials: int, n: int) -> Floats:
    """The same of another distribution, in its standard form (lognormal: sigma 1)."""
    table: Floats = np.asarray(_distribution(name).ppf(uniforms(purpose, trials, n)))
    return table


def truth(name: str, p: float) -> float:
    """The true quantile of that distribution."""
    return float(_distribution(name).ppf(p))


def _distribution(name: str) -> Any:  # noqa: ANN401  scipy has no types
    scipy_name, shapes = _SCIPY[name]
    return getattr(scipy_stats(), scipy_name)(*shapes)


def covered(intervals: Sequence[Interval], value: float) -> int:
    """How many of the intervals hold the value."""
    return sum(found.low <= value <= found.high for found in intervals)


# coverage --------------------------------------------------------------------------------------


def means(trials: int = TRIALS) -> Iterator[Measured]:
    """Student's t on normal figures, for which it is exact, and on skewed ones."""
    for name, n, asked in (
        ("normal", 10, 95.0),
        ("exponential", 10, 90.0),
        ("exponential", 30, 92.0),
    ):
        table = drawn(name, f"mean {n}", trials, n)
        value = float(_distribution(name).mean())
        hits = covered([mean_interval(row) for row in table], value)
        yield Measured("mean_interval", f"{name}, n = {n}", "at least", asked, hits, trials)


def quantiles(trials: int = TRIALS) -> Iterator[Measured]:
    """Order statistics: at least the nominal coverage for every distribution, n and p."""
    for name in DISTRIBUTIONS:
        for n in (30, 100):
            table = drawn(name, f"quantile {name} {n}", trials, n)
            for p in (0.5, 0.9, 0.99):
                found = [quantile_interval(row, p) for row in table]
                yield Measured(
                    "quantile_interval",
                    f"{name}, n = {n}, p = {p}",
                    "at least",
                    95.0,
                    covered(found, truth(name, p)),
                    trials,
                )


def pooled(trials: int = TRIALS) -> Iterator[Measured]:
    """The p90 of 100 clients in each of 20 runs, where half of the spread is the run's own."""
    runs, clients = 20, 100
    stats = scipy_stats()
    world = stats.norm.ppf(uniforms("pooled world", trials, runs))[:, :, None]
    own = stats.norm.ppf(uniforms("pooled client", trials, runs * clients))
    table = world + own.reshape(trials, runs, clients)
    value = float(stats.norm.ppf(0.9, scale=math.sqrt(2)))
    rightly = covered([pooled_quantile_interval(list(run), 0.9) for run in table], value)
    condition = f"{runs} runs of {clients} clients that fare alike, p = 0.9"
    yield Measured("pooled_quantile_interval", condition, "at least", 92.0, rightly, trials)
    naively = covered([quantile_interval(run, 0.9) for run in table], value)
    yield Measured("quantile_interval", condition, "wrong tool, below", 50.0, naively, trials)


def proportions(trials: int = TRIALS) -> Iterator[Measured]:
    """Wilson's interval; it holds on average over the truths, and nearly at each."""
    for n, truth_p in ((20, 0.1), (50, 0.3)):
        hits = (uniforms(f"share {n}", trials, n) < truth_p).sum(axis=1)
        found = [probability_interval(int(k), n) for k in hits]
        condition = f"P = {truth_p}, n = {n}"
        rate = covered(found, truth_p)
        yield Measured("probability_interval", condition, "at least", 93.0, rate, trials)


def censored(trials: int = TRIALS) -> Iterator[Measured]:
    """The median of Exp(1) with 40 % of the clients censored at random times."""
    n, value = 100, math.log(2)
    back, seen = (
        drawn("exponential", "back", trials, n),
        1.5 * drawn("exponential", "seen", trials, n),
    )
    curves = [
        kaplan_meier(b[b <= s], s[b > s]) for b, s in zip(back, seen, strict=True)
    ]  # P(censored) = 1/(1 + 1.5) = 40 %
    found = [curve.quantile_interval(0.5) for curve in curves]
    condition = f"median of Exp(1), n = {n}, 40 % censored"
    yield Measured("Survival", condition, "at least", 95.0, covered(found, value), trials)
    naive = [quantile_interval(b[b <= s], 0.5) for b, s in zip(back, seen, strict=True)]
    condition += " and left out"
    hits = covered(naive, value)
    yield Measured("quantile_interval", condition, "wrong tool, below", 50.0, hits, trials)


def sequential(trials: int = TRIALS) -> Iterator[Measured]:
    """Exp(1) until the half width is a part of the mean: does the last interval hold 1?"""
    for relative in (0.05, 0.1, 0.2):
        precision = Precision(relative=relative, ceiling=round(8 / relative**2))
        table = drawn("exponential", f"sequential {relative}", trials, precision.ceiling)
        found = list(_stopped(table, precision))
        condition = f"Exp(1) to {100 * relative:.0f} %"
        hits = covered(found, 1.0)
        yield Measured("replicate_until", condition, "at least", 93.0, hits, trials)


def _stopped(table: Floats, precision: Precision) -> Iterator[Interval]:
    for row in table:
        n = stopping_point(row[None, :], ["x"], precision)
        end = len(row) if n is None else n + precision.looked_ahead(n)
        yield mean_interval(row[:end])


# decisions -------------------------------------------------------------------------------------


def same_policy(trials: int = TRIALS) -> Iterator[Measured]:
    """One figure of two equal policies whose luck is half shared: how often told apart at 5 %."""
    for name, n, never in (("normal", 10, 0.0), ("exponential", 10, 0.0), ("lognormal", 30, 0.2)):
        purpose = f"same {name} {n}"
        world = drawn(name, f"{purpose} world", trials, n)
        pair = [world + drawn(name, f"{purpose} {side}", trials, n) for side in "ab"]
        for side, table in zip("ab", pair, strict=True):
            table[uniforms(f"{purpose} {side} never", trials, n) < never] = math.inf
        found = [compare_pair(a, b).p_value <= LEVEL for a, b in zip(*pair, strict=True)]
        condition = f"A/A, {name}, n = {n}" + (f", never in {never:.0%}" if never else "")
        yield Measured("compare_pair", condition, "at most", 5.0, sum(found), trials)


def same_mean(trials: int = TRIALS) -> Iterator[Measured]:
    """Equal means, but one policy varies little and the other with a long tail."""
    for n, asked in ((10, 12.0), (30, 8.0), (100, 7.0)):
        steady = 1 + 0.1 * drawn("normal", f"steady {n}", trials, n)
        tailed = drawn("exponential", f"tailed {n}", trials, n)
        found = [compare_pair(a, b).p_value <= LEVEL for a, b in zip(steady, tailed, strict=True)]
        condition = f"equal means, normal against Exp(1), n = {n}"
        yield Measured("compare_pair", condition, "at most", asked, sum(found), trials)


def whole_decision(trials: int = TRIALS) -> Iterator[Measured]:
    """Two equal policies through everything: sequential runs, six figures, Holm, verdicts."""
    calls = sum(calls_a_winner(trial, common=False) for trial in range(trials))
    condition = "A/A, six figures to 20 %, 10 to 100 runs"
    yield Measured("replicate_until, judge", condition, "at most", 5.0, calls, trials)


def aa_world(trial: int, runs: int) -> dict[str, Floats]:
    """The figures of two equal policies, "a" and "b", whose luck is partly shared.

    A long tail, a short one, a count, one that some runs never reach, one that does not vary, and
    one that hangs on the first.
    """
    world = uniforms(f"A/A {trial} world", 1, runs)[0]
    figures: dict[str, Floats] = {}
    for side in "ab":
        u = uniforms(f"A/A {trial} {side}", 4, runs)
        wait = -np.log1p(-(world + u[0]) / 2)
        figures |= {
            f"{side} wait": wait,
            f"{side} peak": 10 + world + u[1],
            f"{side} lost": np.floor(4 * world * u[2]),
            f"{side} drained": np.where(u[3] < NEVER, math.inf, wait + u[3]),
            f"{side} clients": np.full(runs, 100.0),
            f"{side} bytes": 500 + 300 * wait + 50 * u[1],
        }
    return figures


def calls_a_winner(trial: int, *, common: bool) -> bool:
    """Whether two equal policies are told apart; ``common``: under the very same luck."""
    precision = Precision(relative=0.2, ceiling=100)
    figures = aa_world(trial, precision.ceiling)
    if common:
        figures = {name: figures["a" + name[1:]] for name in figures}

    def run(indices: range) -> list[dict[str, float]]:
        return [{name: float(row[i]) for name, row in figures.items()} for i in indices]

    found = replicate_until(run, precision).values
    names = [name[2:] for name in found if name.startswith("a ")]
    family = {name: compare_pair(found[f"a {name}"], found[f"b {name}"]) for name in names}
    return any(one.verdict != NO_DIFFERENCE for one in judge(family).values())


def power(trials: int = TRIALS) -> Iterator[Measured]:
    """A difference as large as the smallest said to be visible: how often is it seen?"""
    n = 20
    noise = drawn("normal", "power", trials, n)
    said = scipy_stats()
    shift = float((said.t.ppf(0.975, n - 1) + said.t.ppf(0.8, n - 1)) / math.sqrt(n))
    pairs = [compare_pair(np.zeros(n), row - shift) for row in noise]
    hits = sum(judge({0: pair})[0].verdict == "better" for pair in pairs)
    yield Measured("smallest_visible", f"normal, n = {n}", "at least", 80.0, hits, trials)


def best(trials: int = TRIALS) -> Iterator[Measured]:
    """Six equal policies: how often is one marked alone? And does a true best stay in?"""
    n, k = 20, 6
    world = drawn("exponential", "best world", trials, n)
    tables = [world + drawn("exponential", f"best {i}", trials, n) for i in range(k)]
    alone = kept = 0
    for trial in range(trials):
        equal = {f"p{i}": table[trial] for i, table in enumerate(tables)}
        alone += best_of(equal).alone is not None
        # p0 is a little better than the others, and often not observed to be
        slower = {name: row + 0.2 * (name != "p0") for name, row in equal.items()}
        kept += "p0" in best_of(slower).group
    condition = f"{k} equal policies, n = {n}: one marked alone"
    yield Measured("best_of", condition, "at most", 5.0, alone, trials)
    condition = f"one of {k} better by 0.14 sd, n = {n}: kept"
    yield Measured("best_of", condition, "at least", 95.0, kept, trials)


# pairing ---------------------------------------------------------------------------------------


def gain_by_brute_force(trials: int = TRIALS, n: int = 20) -> tuple[float, float]:
    """The variance gain reported, and that of whole experiments with shared and with own seeds.

    Returns the gain reported from one long run of pairs, and the ratio of the variances of the
    mean difference over ``trials`` experiments of ``n`` pairs: seeds of their own over shared.
    """
    own = [drawn("exponential", f"gain {side}", trials, n) for side in "ab"]
    world, other = (drawn("exponential", f"gain world {i}", trials, n) for i in range(2))
    before, after, elsewhere = own[0] + world, 1.5 * own[1] + world, 1.5 * own[1] + other
    reported = variance_gain(before.ravel(), after.ravel())
    shared = (after - before).mean(axis=1).var()
    apart = (elsewhere - before).mean(axis=1).var()
    return (reported.factor if reported else math.nan), float(apart / shared)


# the table -------------------------------------------------------------------------------------

CHECKS = (
    means,
    quantiles,
    pooled,
    proportions,
    censored,
    sequential,
    same_policy,
    same_mean,
    whole_decision,
    power,
    best,
)


def table(trials: int = TRIALS) -> str:
    """All that is measured, as a Markdown table and a sentence on pairing."""
    lines = ["| method | on what | asked | measured | |", "|---|---|---|---|---|"]
    for check in CHECKS:
        lines.extend(row.row for row in check(trials))
    reported, brute = gain_by_brute_force(trials)
    said = (
        f"Each from {trials:,} trials. Variance gain of pairing: {reported:.2f} reported,"
        f" {brute:.2f} by brute force."
    )
    return "\n".join([*lines, "", said])


def rewritten(document: str, content: str) -> str:
    """The document with the table between its two comments replaced.

    Raises:
        ValueError: when the comments are not there.
    """
    head, begin, rest = document.partition(BEGIN + "\n")
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"found no {BEGIN} and {END} in it")
    return f"{head}{begin}\n{content}\n\n{end}{tail}"


def main(arguments: Sequence[str]) -> None:
    """Print the table, or write it into the document named."""
    if not arguments:
        say(table())
        return
    path = Path(arguments[0])
    try:
        path.write_text(rewritten(path.read_text("utf-8"), table()), "utf-8")
    except (OSError, ValueError) as error:
        fail(f"{path}: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
