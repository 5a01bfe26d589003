"""Figures as OpenMetrics: read back by the reference parser."""

import sys
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from stormlab import openmetrics
from stormlab.model import find_model, load_scenario, run
from stormlab.openmetrics import OpenMetricsError, is_counter, metric_name

Figures = dict[str, float | int | str | None]


def samples(text: str) -> dict[str, float]:
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
        for sample in family.samples
    }


@pytest.mark.parametrize(
    ("figure", "name", "unit", "factor"),
    [
        ("attempts", "stormlab_attempts", "", 1),
        ("time_to_data_s_median", "stormlab_time_to_data_median_seconds", "seconds", 1),
        ("delay_ms", "stormlab_delay_seconds", "seconds", 1e-3),
        ("page_success_percent", "stormlab_page_success_ratio", "ratio", 1e-2),
        ("handshake_bytes_wasted", "stormlab_handshake_wasted_bytes", "bytes", 1),
        ("attempts_per_s_peak", "stormlab_attempts_per_s_peak", "", 1),
        ("a-b c", "stormlab_a_b_c", "", 1),
        ("busy_share", "stormlab_busy_ratio", "ratio", 1),
    ],
)
def test_names_end_in_base_units(figure: str, name: str, unit: str, factor: float) -> None:
    assert metric_name(figure) == (name, unit, factor)


@pytest.mark.parametrize(
    ("figure", "value", "counter"),
    [
        ("attempts", 3, True),
        ("handshake_bytes_wasted", 3, True),
        ("attempts_per_100ms_peak", 3, False),
        ("live_at_end", 3, False),
        ("in_flight_max", 3, False),
        ("attempts", 2.5, False),
        ("attempts", -1, False),
        ("gave_up", True, False),
    ],
)
def test_counters_are_whole_numbers_of_events(figure: str, value: float, *, counter: bool) -> None:
    assert is_counter(figure, value) is counter


def test_values_come_back_in_base_units() -> None:
    figures: Figures = {
        "attempts": 24,
        "page_success_percent": 62.5,
        "delay_ms_max": 1500,
        "live_at_end": 8,
        "codes": "1006u:8",
        "time_to_data_s": None,
        "settled": True,
    }
    text = openmetrics.text(figures, {"scenario": 'a"b\nc', "seed": "1"})
    assert samples(text) == {
        "stormlab_attempts_total": 24,
        "stormlab_page_success_ratio": 0.625,
        "stormlab_delay_max_seconds": 1.5,
        "stormlab_live_at_end": 8,
        "stormlab_settled": 1,
    }
    assert text.endswith("# EOF\n")
    (family, *_) = text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
    assert family.samples[0].labels == {"scenario": 'a"b\nc', "seed": "1"}


def test_no_figures_and_no_labels_are_fine() -> None:
    assert openmetrics.text({}, {}) == "# EOF\n"
    assert samples(openmetrics.text({"attempts": 1}, {})) == {"stormlab_attempts_total": 1}


def test_the_figures_of_a_real_run_are_valid() -> None:
    scenario = load_scenario("strictmode")
    figures = find_model(scenario.model).figures(run(scenario, 1))
    found = samples(openmetrics.text(figures, {"seed": "1"}))
    assert found["stormlab_attempts_total"] == figures["attempts"]
    numbers = [value for value in figures.values() if isinstance(value, int | float)]
    assert len(found) == len(numbers)


def test_two_figures_of_one_name_are_refused() -> None:
    with pytest.raises(OpenMetricsError, match="'x_ms' and 'x_s' would both be called"):
        openmetrics.text({"x_s": 1.5, "x_ms": 1.5}, {})


def test_without_the_library_the_way_out_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client.openmetrics.exposition", None)
    with pytest.raises(OpenMetricsError, match=r"pip install 'stormlab\[report\]'"):
        openmetrics.text({"x": 1}, {})


def test_the_file_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "metrics.prom"
    openmetrics.write({"attempts": 1}, path, {})
    assert path.read_text().endswith("# EOF\n")
    assert list(tmp_path.iterdir()) == [path]
