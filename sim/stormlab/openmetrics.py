"""Figures of a run as OpenMetrics text, for Prometheus, its Pushgateway or a textfile collector.

Names follow the OpenMetrics rules: prefix ``stormlab_``, base units as the last word of a name
(``_seconds``, ``_bytes``, ``_ratio``), ``_total`` for counters.

=========================== ===================================== =================================
figure                      becomes                               because
=========================== ===================================== =================================
``attempts``                ``stormlab_attempts_total``           counts what happened in the run
``time_to_data_s_median``   ``stormlab_time_to_data_median_seconds``
``page_success_percent``    ``stormlab_page_success_ratio``       0 to 1
``handshake_bytes_wasted``  ``stormlab_handshake_wasted_bytes_total``
``live_at_end``             ``stormlab_live_at_end``              a gauge: a state, not a count
=========================== ===================================== =================================

A figure that does not apply (None) and a figure that is text are left out: OpenMetrics has
numbers only.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

_UNITS: dict[str, tuple[str, float]] = {
    "s": ("seconds", 1),
    "ms": ("seconds", 1e-3),
    "us": ("seconds", 1e-6),
    "ns": ("seconds", 1e-9),
    "seconds": ("seconds", 1),
    "bytes": ("bytes", 1),
    "percent": ("ratio", 1e-2),
    "share": ("ratio", 1),
    "ratio": ("ratio", 1),
}
# Last words of the figures that count events over the whole run.
_COUNTED = frozenset(
    {"accepted", "attempts", "broadcasts", "closes", "exceptions", "failures", "initial"}
    | {"messages", "opened", "refused", "renders", "requests", "retries", "timeouts", "total"}
    | {"up", "useful", "wasted"}
)
_AT_END = frozenset({"max", "min", "median", "mean", "peak", "end", "rate", "per"})


class OpenMetricsError(Exception):
    """Figures that cannot be written as OpenMetrics; the message is one line for a person."""


def metric_name(figure: str) -> tuple[str, str, float]:
    """Name, unit ("" for none) and factor of a figure: unit word last, base units."""
    words = re.sub(r"[^A-Za-z0-9_]", "_", figure).split("_")
    unit, factor = "", 1.0
    for index, word in enumerate(words):
        is_rate = index > 0 and words[index - 1] == "per"
        if word in _UNITS and not is_rate:
            (unit, factor), words[index] = _UNITS[word], ""
            words.append(unit)
            break
    return "_".join(filter(None, ["stormlab", *words])), unit, factor


def is_counter(figure: str, value: float) -> bool:
    """Tell whether a figure counts events of the run: a whole number with such a last word."""
    words = figure.split("_")
    whole = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return whole and words[-1] in _COUNTED and not _AT_END & set(words)


def text(figures: Mapping[str, float | int | str | None], labels: Mapping[str, str]) -> str:
    """The exposition, ending in ``# EOF``; ``labels`` go on every sample.

    Raises:
        OpenMetricsError: if prometheus-client is missing, or two figures get the same name.
    """
    try:
        from prometheus_client.openmetrics.exposition import (  # noqa: PLC0415  optional
            generate_latest,
        )
    except ImportError:
        msg = "OpenMetrics needs prometheus-client: pip install 'stormlab[report]'"
        raise OpenMetricsError(msg) from None
    metrics = list(_metrics(figures, labels))

    class Collected:
        """What the exposition goes through."""

        def collect(self) -> list["Metric"]:
            return metrics

    exposition: bytes = generate_latest(Collected())  # type: ignore[no-untyped-call]
    return exposition.decode()


def write(
    figures: Mapping[str, float | int | str | None], path: Path, labels: Mapping[str, str]
) -> None:
    """Write :func:`text` to ``path``, whole or not at all.

    Raises:
        OpenMetricsError: see :func:`text`.
        OSError: if the file cannot be written.
    """
    exposition = text(figures, labels)
    part = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        part.write_text(exposition, "utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _metrics(
    figures: Mapping[str, float | int | str | None], labels: Mapping[str, str]
) -> Iterator["Metric"]:
    from prometheus_client.metrics_core import (  # noqa: PLC0415  optional
        CounterMetricFamily,
        GaugeMetricFamily,
    )

    taken: dict[str, str] = {}
    for figure, value in sorted(figures.items()):
        if value is None or isinstance(value, str):
            continue
        name, unit, factor = metric_name(figure)
        counter = is_counter(figure, value)
        if counter:
            name = name.removesuffix("_total")
        if name in taken:
            msg = f"figures '{taken[name]}' and '{figure}' would both be called {name}"
            raise OpenMetricsError(msg)
        taken[name] = figure
        kind = CounterMetricFamily if counter else GaugeMetricFamily
        family = kind(name, f"The figure {figure} of one run.", labels=list(labels), unit=unit)
        family.add_metric(list(labels.values()), float(value) * factor)
        yield family
