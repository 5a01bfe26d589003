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
RATIO_MAX = 1.5
RATIO_MAX_WIDE = 2.0
TIMER_TOLERANCE = 0.05
TIMER_TOLERANCE_MS = 300.0
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
_SPREADS = ("_min", "_max", "_sd", "_p90", "_p99")
_CODES = (
    "page_close_codes",
    "server_disconnect_codes",
    "server_exception_codes",
    "log_line_counts",
    "log_orders",
    "codes_on_tab_close",
)
_PER_LOAD_TOTALS = (
    "server_accepted",
    "server_accept_failures",
    "server_sent_initial",
    "server_exceptions",
    "server_ready_timeouts",
)
_PER_RUN_TOTALS = (
    "attempts_after_kill",
    "opened_after_kill",
    "attempts_after_up",
    "client_failures",
)
_LINE_SPREAD = {
    "accepted": "server_accepted_sd",
    "connection_open": "server_accepted_sd",
    "connection_closed": "server_accepted_sd",
    "error": "server_exceptions_sd",
    "ready_timeout": "server_ready_timeouts_sd",
    "asgi_exception": "server_accept_failures_sd",
}
_TIMER_TIMES = ("first_retry_ms",)
_WIDE_TIMES = (
    "refusal_ms",
    "handshakes_span_ms",
    "first_open_of_last_batch_ms",
    "last_open_of_last_batch_ms",
    "last_open_after_up_ms",
    "last_attempt_ms",
    "peak_attempts_per_100ms",
    "run_ms",
    "all_established_ms",
    "handshake_ms",
    "first_message_ms",
)


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


class Judge:
    """Compares one condition's figures one by one."""

    def __init__(self, condition: Condition, prediction: Prediction) -> None:
        """Prepare; :meth:`judge` does the work."""
        self.condition = condition
        self.prediction = prediction
        self.counts = condition.measured.count
        self.done: list[Judgement] = []

    def judge(self) -> list[Judgement]:
        """All figures of the condition, in the order of the file."""
        for name in self.counts:
            self._count(name)
        for name in self.condition.measured.time:
            self._time(name)
        return self.done

    # counts -------------------------------------------------------------------------------------

    def _count(self, name: str) -> None:  # noqa: C901  a table of names
        reason = _why_not(name)
        if reason:
            if not name.endswith(_SPREADS):
                self._skip(name, "count", reason)
        elif name in _CODES:
            self._codes(name)
        elif name == "steps":
            self._steps()
        elif name.startswith("server_active_sockets"):
            self._active(name)
        elif name.endswith("_mean"):
            self._mean(name.removesuffix("_mean"))
        elif name.endswith("_min"):
            self._min_without_mean(name.removesuffix("_min"))
        elif name.endswith("_total"):
            self._total(name.removesuffix("_total"))
        elif name.startswith("bytes_"):
            self._bytes(name)
        elif not name.endswith(("_sd", "_max")) or name.startswith(("attempts_per_e", "handsh")):
            self._plain(name)

    def _mean(self, base: str) -> None:
        predicted = self._values(base)
        measured = float(self.counts[f"{base}_mean"])
        low, high = self.counts.get(f"{base}_min"), self.counts.get(f"{base}_max")
        sd = float(self.counts.get(f"{base}_sd") or 0)
        if not predicted:
            self._skip(f"{base}_mean", "count", "not produced by a run of this kind")
        elif self._phase_matters(base) and self.condition.n_unit == "tabs":
            size = self.condition.n
            means = [_mean(predicted[i : i + size]) for i in range(0, len(predicted), size)]
            self._one_run(f"{base}_mean", measured, means, 1)
        elif low == high:
            self._exact(f"{base}_mean", measured, _mean(predicted), self.condition.n)
        else:
            half = _t(self.condition.n) * sd / math.sqrt(self.condition.n)
            self._interval(f"{base}_mean", measured, half, _mean(predicted))

    def _phase_matters(self, base: str) -> bool:
        """Under an idle cut, what is open at the end depends on the phase of the cut."""
        network = self.condition.network
        return base == "live_at_end" and network is not None and network.idle_cut_s is not None

    def _min_without_mean(self, base: str) -> None:
        if f"{base}_mean" in self.counts or base.startswith(("bytes_", "server_active")):
            return
        predicted = self._values(base)
        low, high = float(self.counts[f"{base}_min"]), float(self.counts[f"{base}_max"])
        if low == high and predicted:
            self._exact(base, low, _mean(predicted), self.condition.n)
        elif predicted:
            agrees = low <= _mean(predicted) <= high
            self._add(base, "count", "range", low, low, high, _mean(predicted), agrees)

    def _total(self, base: str) -> None:
        predicted = self._values(base)
        measured = float(self.counts[f"{base}_total"])
        if not predicted:
            self._skip(f"{base}_total", "count", "not produced by a run of this kind")
            return
        loads = self.condition.n_unit == "loads"
        n = self.condition.n if loads else 1
        sd = self.counts.get(f"{base}_sd")
        if base in _PER_RUN_TOTALS and self.condition.n_unit == "tabs":
            self._one_run(f"{base}_total", measured, predicted, 1)
        elif loads and sd is not None:
            mean = measured / n
            if sd == 0:
                self._exact(f"{base}_total", measured, _mean(predicted) * n, 1)
            else:
                half = _t(n) * float(sd) / math.sqrt(n)
                self._interval(f"{base}_total", mean, half, _mean(predicted))
        else:
            runs = self.condition.n if self.condition.n_unit in {"loads", "runs"} else 1
            self._one_run(f"{base}_total", measured, predicted, runs)

    def _codes(self, name: str) -> None:
        predicted = self.prediction.codes.get(name, [])
        if name == "codes_on_tab_close" and not predicted:
            self._skip(name, "count", "not produced by a run of this kind")
            return
        measured: dict[str, float] = self.counts[name]
        spreads = self._code_spreads(name)
        expected = _total(predicted)
        loads = self.condition.n_unit == "loads"
        runs = self.condition.n if self.condition.n_unit in {"loads", "runs"} else 1
        for key in sorted({*measured, *expected}):
            values = [float(counter[key]) for counter in predicted]
            seen = float(measured.get(key, 0))
            label = f"{name}[{key}]"
            sd = spreads.get(key)
            if key not in measured and _mean(values) * runs < 0.5:  # noqa: PLR2004  half a count
                continue
            if loads and (sd == 0 or key not in measured):
                self._exact(label, seen, _mean(values) * runs, 1)
            elif loads and sd is not None:
                half = _t(runs) * float(sd) / math.sqrt(runs)
                self._interval(label, seen / runs, half, _mean(values))
            else:
                self._one_run(label, seen, values, runs)

    def _code_spreads(self, name: str) -> dict[str, float]:
        if name != "log_line_counts":
            return dict(self.counts.get(f"{name}_sd", {}))
        return {
            line: float(self.counts[total])
            for line, total in _LINE_SPREAD.items()
            if total in self.counts
        }

    def _plain(self, name: str) -> None:
        measured = self.counts[name]
        shares = {
            "page_success_percent": ("opened_per_load", "attempts_per_load"),
            "server_success_percent": ("server_sent_initial", "server_accepted"),
        }
        if name in shares:
            self._success(name, *shares[name])
        elif name == "loads_with_all_data":
            values = self._values(name)
            self._share(name, float(measured), self.condition.n, _mean(values), zero=None)
        elif name == "client_success_percent":
            attempts = float(self.counts.get("attempts_per_run", 1)) * self.condition.n
            share = float(measured) / 100
            predicted = _mean(self._values(name)) / 100
            zero = self.counts.get("client_ok_per_run_sd") in {0, None} and share in {0.0, 1.0}
            self._share(name, share * attempts, attempts, predicted, zero=zero)
        elif name == "recovered_sockets":
            total = float(self.condition.n * 8)
            predicted = _mean(self._values(name)) / total
            zero = measured in {0, total}
            self._share(name, float(measured), total, predicted, zero=zero)
        elif name == "attempts_per_endpoint_max":
            values = self._values(name)
            self._exact(name, float(measured), max(values, default=0.0), 1)
        else:
            values = self._values(name)
            if values:
                self._exact(name, float(measured), _mean(values), 1)
            else:
                self._skip(name, "count", "not produced by a run of this kind")

    def _success(self, name: str, part: str, whole: str) -> None:
        parts, wholes = self._values(part), self._values(whole)
        if not sum(wholes):
            self._skip(name, "count", "nothing was attempted")
            return
        predicted = sum(parts) / sum(wholes)
        total = self._measured_total(whole)
        if total is None:
            self._skip(name, "count", "measured without its number of attempts")
            return
        still = (
            all(self._spread(key) == 0 for key in (part, whole))
            and self.condition.n_unit == "loads"
        )
        share = float(self.counts[name]) / 100
        loads = self.condition.n_unit == "loads"
        zero = still or (loads and share in {0.0, 1.0})
        self._share(name, share * total, total, predicted, zero=zero)

    def _spread(self, base: str) -> float | None:
        low, high = self.counts.get(f"{base}_min"), self.counts.get(f"{base}_max")
        if low is not None and low == high:
            return 0.0
        sd = self.counts.get(f"{base}_sd")
        return float(sd) if sd is not None else None

    def _measured_total(self, base: str) -> float | None:
        if f"{base}_total" in self.counts:
            return float(self.counts[f"{base}_total"])
        if f"{base}_mean" in self.counts:
            return float(self.counts[f"{base}_mean"]) * self.condition.n
        return None

    def _active(self, name: str) -> None:
        predicted = self._values(name)
        measured = float(self.counts[name])
        still = self.counts.get("server_active_sockets_min") == self.counts.get(
            "server_active_sockets_max"
        )
        if still:
            self._exact(name, measured, _mean(predicted), 1)
        elif name.endswith("_mean"):
            self._one_run(name, measured, predicted, 1)
        else:
            self._skip(name, "count", "an extreme of looks every 2 s, judged as its mean")

    def _bytes(self, name: str) -> None:
        if not name.endswith("_p50"):
            return
        base = name.removesuffix("_p50")
        values = self._values(base)
        low, high = float(self.counts[f"{base}_min"]), float(self.counts[f"{base}_max"])
        predicted = _mean(values)
        agrees = low <= predicted <= high
        self._add(name, "count", "range", float(self.counts[name]), low, high, predicted, agrees)

    def _steps(self) -> None:
        for number, step in enumerate(self.counts["steps"]):
            for key, value in step.items():
                if key == "after":
                    continue
                predicted = [run[number][key] for run in self.prediction.steps if number < len(run)]
                shown = predicted[0] if predicted else None
                agrees = bool(predicted) and all(_plain(p) == _plain(value) for p in predicted)
                label = f"steps[{step['after']}].{key}"
                self._add(label, "count", "exact", str(value), None, None, str(shown), agrees)

    # times --------------------------------------------------------------------------------------

    def _time(self, name: str) -> None:
        reason = _why_not(name)
        if reason:
            if not name.endswith(_SPREADS):
                self._skip(name, "time", reason)
            return
        if name == "retry_times":
            self._retry_times()
            return
        base = name.removesuffix("_p50")
        single = base in {
            "handshakes_span_ms",
            "last_open_after_up_ms",
            "peak_attempts_per_100ms",
        }
        if not name.endswith("_p50") and not single:
            return
        values = sorted(self.prediction.times_ms.get(base, []))
        measured = float(self.condition.measured.time[name])
        if not values:
            self._skip(name, "time", "not produced by a run of this kind")
            return
        predicted = values[len(values) // 2]
        if base in _TIMER_TIMES:
            self._timer(name, measured, predicted)
        elif base in _WIDE_TIMES:
            self._ratio(name, measured, predicted, RATIO_MAX_WIDE)
        else:
            self._ratio(name, measured, predicted, RATIO_MAX)

    def _retry_times(self) -> None:
        for entry in self.condition.measured.time["retry_times"]:
            number = int(entry["retry"])
            label = f"retry_times[{number}]"
            attempts = (
                self.prediction.retries[number - 1]
                if number <= len(self.prediction.retries)
                else []
            )
            if not attempts:
                self._add(
                    label, "time", "page timer", entry["ms_p50"], None, None, None, agrees=False
                )
                continue
            times = sorted(time for time, _ in attempts)
            self._timer(f"{label}.ms_p50", float(entry["ms_p50"]), times[len(times) // 2])

    def _timer(self, name: str, measured: float, predicted: float) -> None:
        half = max(TIMER_TOLERANCE * measured, TIMER_TOLERANCE_MS)
        agrees = abs(predicted - measured) <= half
        self._add(
            name,
            "time",
            "page timer",
            measured,
            measured - half,
            measured + half,
            predicted,
            agrees,
        )

    def _ratio(self, name: str, measured: float, predicted: float, factor: float) -> None:
        low, high = measured / factor, measured * factor
        agrees = low <= predicted <= high or abs(predicted - measured) <= SMALL_MS
        self._add(name, "time", "ratio", measured, low, high, predicted, agrees)

    # rules --------------------------------------------------------------------------------------

    def _values(self, name: str) -> list[float]:
        prediction = self.prediction
        return prediction.per_client.get(name) or prediction.per_run.get(name) or []

    def _exact(self, name: str, measured: float, predicted: float, n: int) -> None:
        agrees = abs(predicted - measured) * n < 0.5  # noqa: PLR2004  half a count
        self._add(name, "count", "exact", measured, measured, measured, predicted, agrees)

    def _interval(self, name: str, mean: float, half: float, predicted: float) -> None:
        half += 0.5 / self.condition.n
        low, high = mean - half, mean + half
        agrees = low <= predicted <= high
        self._add(name, "count", "interval", mean, low, high, predicted, agrees)

    def _share(
        self, name: str, part: float, whole: float, predicted: float, *, zero: bool | None
    ) -> None:
        if zero is None:
            zero = part in {0.0, whole}
        if zero:
            self._exact(name, part, predicted * whole, 1)
            return
        from scipy.stats import binomtest  # noqa: PLC0415  heavy, and an extra

        test = binomtest(round(part), round(whole))
        interval = test.proportion_ci(CONFIDENCE, "exact")
        low, high = float(interval.low) - 0.5 / whole, float(interval.high) + 0.5 / whole
        agrees = low <= predicted <= high
        self._add(name, "count", "binomial", part / whole, low, high, predicted, agrees)

    def _one_run(self, name: str, measured: float, predicted: list[float], runs: int) -> None:
        """Is the measured sum over ``runs`` a likely one for the model?"""
        count = len(predicted)
        mean = _mean(predicted)
        variance = sum((value - mean) ** 2 for value in predicted) / max(count - 1, 1)
        half = _t(count) * math.sqrt(variance * (runs + runs * runs / count)) + 0.5
        low, high = mean * runs - half, mean * runs + half
        agrees = low <= measured <= high
        self._add(name, "count", "one run", measured, low, high, mean * runs, agrees)

    def _add(  # one argument per column
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

    def _skip(self, figure: str, kind: str, reason: str) -> None:
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
    return not _why_not(name)


def _why_not(name: str) -> str:
    for prefix, reason in NOT_JUDGED.items():
        if name.startswith(prefix) and not name.startswith("bytes_request_header_without"):
            return reason
    return ""


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _total(counters: list[Counter[str]]) -> Counter[str]:
    return sum(counters, Counter())


def _plain(value: Any) -> Any:  # noqa: ANN401  a value of the schema's JSON
    return {str(k): v for k, v in value.items() if v} if isinstance(value, dict) else value


def _t(n: int) -> float:
    """Student's t for a 95 % interval of a mean of ``n`` values."""
    from scipy.stats import t  # noqa: PLC0415  heavy, and an extra

    return float(t.ppf(0.5 + CONFIDENCE / 2, max(n - 1, 1)))
