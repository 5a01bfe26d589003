"""Compare predicted with measured counts, each by the rule that belongs to it (:mod:`rules`)."""

import math
from typing import Any

from stormlab_models.tac_webbuilder.validate.predict import Prediction
from stormlab_models.tac_webbuilder.validate.rules import (
    SPREADS,
    Bench,
    Judgement,
    mean,
    plain,
    t_quantile,
    total,
    why_not,
)
from stormlab_models.tac_webbuilder.validate.schema import Condition
from stormlab_models.tac_webbuilder.validate.times import Times

_CODES = (
    "page_close_codes",
    "server_disconnect_codes",
    "server_exception_codes",
    "log_line_counts",
    "log_orders",
    "codes_on_tab_close",
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


class Counts(Bench):
    """The counts of one condition."""

    @property
    def counts(self) -> dict[str, Any]:
        """The measured counts."""
        return self.condition.measured.count

    def judge(self) -> None:
        """Judge every count of the condition."""
        for name in self.counts:
            self._count(name)

    def _count(self, name: str) -> None:  # noqa: C901  a table of names
        reason = why_not(name)
        if reason:
            if not name.endswith(SPREADS):
                self.skip(name, "count", reason)
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
        predicted = self.values(base)
        measured = float(self.counts[f"{base}_mean"])
        low, high = self.counts.get(f"{base}_min"), self.counts.get(f"{base}_max")
        sd = float(self.counts.get(f"{base}_sd") or 0)
        if not predicted:
            self.skip(f"{base}_mean", "count", "not produced by a run of this kind")
        elif self._phase_matters(base) and self.condition.n_unit == "tabs":
            size = self.condition.n
            means = [mean(predicted[i : i + size]) for i in range(0, len(predicted), size)]
            self.one_run(f"{base}_mean", measured, means, 1)
        elif low == high:
            self.exact(f"{base}_mean", measured, mean(predicted), self.condition.n)
        else:
            half = t_quantile(self.condition.n) * sd / math.sqrt(self.condition.n)
            self.interval(f"{base}_mean", measured, half, mean(predicted))

    def _phase_matters(self, base: str) -> bool:
        """Under an idle cut, what is open at the end depends on the phase of the cut."""
        network = self.condition.network
        return base == "live_at_end" and network is not None and network.idle_cut_s is not None

    def _min_without_mean(self, base: str) -> None:
        if f"{base}_mean" in self.counts or base.startswith(("bytes_", "server_active")):
            return
        predicted = self.values(base)
        low, high = float(self.counts[f"{base}_min"]), float(self.counts[f"{base}_max"])
        if low == high and predicted:
            self.exact(base, low, mean(predicted), self.condition.n)
        elif predicted:
            agrees = low <= mean(predicted) <= high
            self.add(base, "count", "range", low, low, high, mean(predicted), agrees)

    def _total(self, base: str) -> None:
        predicted = self.values(base)
        measured = float(self.counts[f"{base}_total"])
        if not predicted:
            self.skip(f"{base}_total", "count", "not produced by a run of this kind")
            return
        loads = self.condition.n_unit == "loads"
        n = self.condition.n if loads else 1
        sd = self.counts.get(f"{base}_sd")
        if base in _PER_RUN_TOTALS and self.condition.n_unit == "tabs":
            self.one_run(f"{base}_total", measured, predicted, 1)
        elif loads and sd is not None:
            per_load = measured / n
            if sd == 0:
                self.exact(f"{base}_total", measured, mean(predicted) * n, 1)
            else:
                half = t_quantile(n) * float(sd) / math.sqrt(n)
                self.interval(f"{base}_total", per_load, half, mean(predicted))
        else:
            runs = self.condition.n if self.condition.n_unit in {"loads", "runs"} else 1
            self.one_run(f"{base}_total", measured, predicted, runs)

    def _codes(self, name: str) -> None:
        predicted = self.prediction.codes.get(name, [])
        if name == "codes_on_tab_close" and not predicted:
            self.skip(name, "count", "not produced by a run of this kind")
            return
        measured: dict[str, float] = self.counts[name]
        spreads = self._code_spreads(name)
        expected = total(predicted)
        loads = self.condition.n_unit == "loads"
        runs = self.condition.n if self.condition.n_unit in {"loads", "runs"} else 1
        for key in sorted({*measured, *expected}):
            values = [float(counter[key]) for counter in predicted]
            seen = float(measured.get(key, 0))
            label = f"{name}[{key}]"
            sd = spreads.get(key)
            if key not in measured and mean(values) * runs < 0.5:  # noqa: PLR2004  half a count
                continue
            if loads and (sd == 0 or key not in measured):
                self.exact(label, seen, mean(values) * runs, 1)
            elif loads and sd is not None:
                half = t_quantile(runs) * float(sd) / math.sqrt(runs)
                self.interval(label, seen / runs, half, mean(values))
            else:
                self.one_run(label, seen, values, runs)

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
            values = self.values(name)
            self.share(name, float(measured), self.condition.n, mean(values), zero=None)
        elif name == "client_success_percent":
            attempts = float(self.counts.get("attempts_per_run", 1)) * self.condition.n
            share = float(measured) / 100
            predicted = mean(self.values(name)) / 100
            zero = self.counts.get("client_ok_per_run_sd") in {0, None} and share in {0.0, 1.0}
            self.share(name, share * attempts, attempts, predicted, zero=zero)
        elif name == "recovered_sockets":
            total = float(self.condition.n * 8)
            predicted = mean(self.values(name)) / total
            zero = measured in {0, total}
            self.share(name, float(measured), total, predicted, zero=zero)
        elif name == "attempts_per_endpoint_max":
            values = self.values(name)
            self.exact(name, float(measured), max(values, default=0.0), 1)
        else:
            values = self.values(name)
            if values:
                self.exact(name, float(measured), mean(values), 1)
            else:
                self.skip(name, "count", "not produced by a run of this kind")

    def _success(self, name: str, part: str, whole: str) -> None:
        parts, wholes = self.values(part), self.values(whole)
        if not sum(wholes):
            self.skip(name, "count", "nothing was attempted")
            return
        predicted = sum(parts) / sum(wholes)
        total = self._measured_total(whole)
        if total is None:
            self.skip(name, "count", "measured without its number of attempts")
            return
        still = (
            all(self._spread(key) == 0 for key in (part, whole))
            and self.condition.n_unit == "loads"
        )
        share = float(self.counts[name]) / 100
        loads = self.condition.n_unit == "loads"
        zero = still or (loads and share in {0.0, 1.0})
        self.share(name, share * total, total, predicted, zero=zero)

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
        predicted = self.values(name)
        measured = float(self.counts[name])
        still = self.counts.get("server_active_sockets_min") == self.counts.get(
            "server_active_sockets_max"
        )
        if still:
            self.exact(name, measured, mean(predicted), 1)
        elif name.endswith("_mean"):
            self.one_run(name, measured, predicted, 1)
        else:
            self.skip(name, "count", "an extreme of looks every 2 s, judged as its mean")

    def _bytes(self, name: str) -> None:
        if not name.endswith("_p50"):
            return
        base = name.removesuffix("_p50")
        values = self.values(base)
        low, high = float(self.counts[f"{base}_min"]), float(self.counts[f"{base}_max"])
        predicted = mean(values)
        agrees = low <= predicted <= high
        self.add(name, "count", "range", float(self.counts[name]), low, high, predicted, agrees)

    def _steps(self) -> None:
        for number, step in enumerate(self.counts["steps"]):
            for key, value in step.items():
                if key == "after":
                    continue
                predicted = [run[number][key] for run in self.prediction.steps if number < len(run)]
                shown = predicted[0] if predicted else None
                agrees = bool(predicted) and all(plain(p) == plain(value) for p in predicted)
                label = f"steps[{step['after']}].{key}"
                self.add(label, "count", "exact", str(value), None, None, str(shown), agrees)


def judge(condition: Condition, prediction: Prediction) -> list[Judgement]:
    """All figures of a condition, counts first, in the order of the file."""
    counts, times = Counts(condition, prediction), Times(condition, prediction)
    counts.judge()
    times.judge()
    return counts.done + times.done
