"""Compare predicted with measured figures, by the rules that belong to the measurements.

====================== ==========================================================================
exact                  a count whose measured spread is zero, and codes that are there or not: the
                       prediction is the same number
interval               a count that varies: the mean prediction lies in the 95 % interval of the
                       measured mean (mean ± t·sd/√n)
binomial               a share (success, recovered): the prediction lies in the exact binomial
                       95 % interval of the measured share (Clopper and Pearson)
one run                a figure that one run of several tabs gave once, or that came without its
                       spread: the measured value lies in the model's 95 % prediction interval
range                  sizes in bytes: between the measured minimum and maximum
ratio                  times on a shared machine: medians within a factor
page timer             times that the page's own timers set: within 5 % or 0.3 s
====================== ==========================================================================

Every count is compared to the resolution of the measurement: half a count in all loads together.
Lines of the log came without their spread; each takes that of the server's total that it mirrors.
"""

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

from stormlab_models.tac_webbuilder.validate.predict import Prediction
from stormlab_models.tac_webbuilder.validate.schema import Condition

CONFIDENCE = 0.95
SMALL_MS = 10.0  # refusals take a few ms; a difference below this says nothing

NOT_JUDGED: dict[str, str] = {
    "server_cpu": "processor time of the server process is an input of the model",
    "server_kb_per_connection": "memory of the server process is not modelled",
    "first_socket_nav_ms": "how long a page takes to start is an input of the model",
    "last_first_message_nav_ms": "how long a page takes to start is an input of the model",
    "bytes_after_header_up": "depends on when the tab was closed",
    "bytes_request_header": "carries the measurement's own query string",
    "client_ok_by_run": "judged as client_ok_per_run",
    "queue_attempt_times_ms": "three tabs' lists, judged as last_attempt_ms",
    "first_message_under_2s_percent": "a time on a busy machine, judged as first_message_ms",
    "handshakes_per_s": "the rate of a client process on a busy machine, judged as handshake_ms",
}
SPREADS = ("_min", "_max", "_sd", "_p90", "_p99")


@dataclass(frozen=True)
class Judgement:
    """One figure of one condition. ``agrees`` None: not judged, for ``reason``."""

    condition: str
    mechanism: str
    figure: str
    kind: str  # count or time
    rule: str
    measured: float | str
    low: float | None
    high: float | None
    predicted: float | str | None
    agrees: bool | None
    weak: bool
    reason: str = ""

    @property
    def votes(self) -> bool:
        """Whether the figure counts in the shares of agreement."""
        return self.agrees is not None and not self.weak


class Bench:
    """Applies the rules to one condition's figures and keeps the judgements."""

    def __init__(self, condition: Condition, prediction: Prediction) -> None:
        """Start with none."""
        self.condition = condition
        self.prediction = prediction
        self.done: list[Judgement] = []

    def values(self, name: str) -> list[float]:
        """The predicted values of a figure, per client or per run; empty: not produced."""
        prediction = self.prediction
        return prediction.per_client.get(name) or prediction.per_run.get(name) or []

    def exact(self, name: str, measured: float, predicted: float, n: int) -> None:
        """The same number; ``n`` of them make the measured total."""
        agrees = abs(predicted - measured) * n < 0.5  # noqa: PLR2004  half a count
        self.add(name, "count", "exact", measured, measured, measured, predicted, agrees)

    def interval(self, name: str, measured: float, half: float, predicted: float) -> None:
        """Inside the interval of a measured mean; ``half`` is half its width."""
        half += 0.5 / self.condition.n
        low, high = measured - half, measured + half
        agrees = low <= predicted <= high
        self.add(name, "count", "interval", measured, low, high, predicted, agrees)

    def share(
        self, name: str, part: float, whole: float, predicted: float, *, zero: bool | None
    ) -> None:
        """Inside the binomial interval of ``part`` of ``whole``; ``zero``: it did not vary."""
        if zero is None:
            zero = part in {0.0, whole}
        if zero:
            self.exact(name, part, predicted * whole, 1)
            return
        from scipy.stats import binomtest  # noqa: PLC0415  heavy, and an extra

        test = binomtest(round(part), round(whole))
        interval = test.proportion_ci(CONFIDENCE, "exact")
        low, high = float(interval.low) - 0.5 / whole, float(interval.high) + 0.5 / whole
        agrees = low <= predicted <= high
        self.add(name, "count", "binomial", part / whole, low, high, predicted, agrees)

    def one_run(self, name: str, measured: float, predicted: list[float], runs: int) -> None:
        """Is the measured sum over ``runs`` a likely one for the model?"""
        count = len(predicted)
        middle = mean(predicted)
        variance = sum((value - middle) ** 2 for value in predicted) / max(count - 1, 1)
        half = t_quantile(count) * math.sqrt(variance * (runs + runs * runs / count)) + 0.5
        low, high = middle * runs - half, middle * runs + half
        agrees = low <= measured <= high
        self.add(name, "count", "one run", measured, low, high, middle * runs, agrees)

    def add(  # one argument per column
        self,
        figure: str,
        kind: str,
        rule: str,
        measured: float | str,
        low: float | None,
        high: float | None,
        predicted: float | str | None,
        agrees: bool,  # noqa: FBT001
    ) -> None:
        """Keep a judgement."""
        condition = self.condition
        weak = condition.weak_for(figure) or (
            kind == "time" and condition.weak and condition.weak_scope == "time"
        )
        self.done.append(
            Judgement(
                condition=condition.id,
                mechanism=condition.mechanism,
                figure=figure,
                kind=kind,
                rule=rule,
                measured=measured,
                low=low,
                high=high,
                predicted=predicted,
                agrees=agrees,
                weak=weak,
            )
        )

    def skip(self, figure: str, kind: str, reason: str) -> None:
        """Say that a figure is not judged, and why."""
        self.done.append(
            Judgement(
                condition=self.condition.id,
                mechanism=self.condition.mechanism,
                figure=figure,
                kind=kind,
                rule="not judged",
                measured="",
                low=None,
                high=None,
                predicted=None,
                agrees=None,
                weak=self.condition.weak_for(figure),
                reason=reason,
            )
        )


def judged(name: str) -> bool:
    """Whether a measured figure of this name is compared with the model at all."""
    return not why_not(name)


def why_not(name: str) -> str:
    """Why figures of this name are not judged; empty: they are."""
    for prefix, reason in NOT_JUDGED.items():
        if name.startswith(prefix) and not name.startswith("bytes_request_header_without"):
            return reason
    return ""


def mean(values: list[float]) -> float:
    """The mean; 0 of nothing."""
    return sum(values) / len(values) if values else 0.0


def total(counters: list[Counter[str]]) -> Counter[str]:
    """The sum of counters by key."""
    return sum(counters, Counter())


def plain(value: Any) -> Any:  # noqa: ANN401  a value of the schema's JSON
    """A table without its zeros and with its keys as text; anything else as it is."""
    return {str(k): v for k, v in value.items() if v} if isinstance(value, dict) else value


def t_quantile(n: int) -> float:
    """Student's t for a 95 % interval of a mean of ``n`` values."""
    from scipy.stats import t  # noqa: PLC0415  heavy, and an extra

    return float(t.ppf(0.5 + CONFIDENCE / 2, max(n - 1, 1)))
