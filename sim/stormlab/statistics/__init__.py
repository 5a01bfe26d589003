"""What can be said from runs, and how surely: intervals, pairs, quantiles, survival, verdicts.

Numbers in, numbers out: this package knows neither models nor traces. What each method does and
when it holds is told in ``docs/statistics.md``; how well it holds is measured by
``python -m stormlab.statistics.selftest``.
"""

from stormlab.statistics.intervals import (
    CONFIDENCE,
    Interval,
    StatisticsError,
    bootstrap_interval,
    mean_interval,
    median_interval,
)
from stormlab.statistics.pairs import (
    VarianceGain,
    differences,
    paired_difference,
    paired_reduction,
    relative_difference,
    variance_gain,
)
from stormlab.statistics.proportions import (
    design_effect,
    probability_interval,
    probability_text,
    rule_of_three,
    share_interval,
)
from stormlab.statistics.quantiles import (
    pooled_quantile,
    pooled_quantile_interval,
    quantile,
    quantile_interval,
    quantile_ranks,
    run_quantiles,
    samples_needed,
)
from stormlab.statistics.selection import Best, best_of, ocba
from stormlab.statistics.sequential import (
    FigureReached,
    Precision,
    Replicated,
    pilot,
    replicate_until,
    stopping_point,
)
from stormlab.statistics.survival import Survival, kaplan_meier
from stormlab.statistics.tails import slowest_share, tail_share
from stormlab.statistics.verdicts import (
    NO_DIFFERENCE,
    Better,
    Judgement,
    PairedComparison,
    Verdict,
    compare_pair,
    holm,
    judge,
)

__all__ = [
    "CONFIDENCE",
    "NO_DIFFERENCE",
    "Best",
    "Better",
    "FigureReached",
    "Interval",
    "Judgement",
    "PairedComparison",
    "Precision",
    "Replicated",
    "StatisticsError",
    "Survival",
    "VarianceGain",
    "Verdict",
    "best_of",
    "bootstrap_interval",
    "compare_pair",
    "design_effect",
    "differences",
    "holm",
    "judge",
    "kaplan_meier",
    "mean_interval",
    "median_interval",
    "ocba",
    "paired_difference",
    "paired_reduction",
    "pilot",
    "pooled_quantile",
    "pooled_quantile_interval",
    "probability_interval",
    "probability_text",
    "quantile",
    "quantile_interval",
    "quantile_ranks",
    "relative_difference",
    "replicate_until",
    "rule_of_three",
    "run_quantiles",
    "samples_needed",
    "share_interval",
    "slowest_share",
    "stopping_point",
    "tail_share",
    "variance_gain",
]
