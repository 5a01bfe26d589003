"""Compare predicted with measured times; the rules are those of :mod:`rules`."""

from stormlab_models.tac_webbuilder.validate.rules import SMALL_MS, SPREADS, Bench, why_not

RATIO_MAX = 1.5
RATIO_MAX_WIDE = 2.0
TIMER_TOLERANCE = 0.05
TIMER_TOLERANCE_MS = 300.0
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


class Times(Bench):
    """The times of one condition."""

    def judge(self) -> None:
        """Judge every time of the condition."""
        for name in self.condition.measured.time:
            self._time(name)

    def _time(self, name: str) -> None:
        reason = why_not(name)
        if reason:
            if not name.endswith(SPREADS):
                self.skip(name, "time", reason)
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
            self.skip(name, "time", "not produced by a run of this kind")
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
                self.add(
                    label, "time", "page timer", entry["ms_p50"], None, None, None, agrees=False
                )
                continue
            times = sorted(time for time, _ in attempts)
            self._timer(f"{label}.ms_p50", float(entry["ms_p50"]), times[len(times) // 2])

    def _timer(self, name: str, measured: float, predicted: float) -> None:
        half = max(TIMER_TOLERANCE * measured, TIMER_TOLERANCE_MS)
        agrees = abs(predicted - measured) <= half
        self.add(
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
        self.add(name, "time", "ratio", measured, low, high, predicted, agrees)
