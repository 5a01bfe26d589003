import math

import pytest

from stormlab.recovery import FIGURES


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("reconnect_s_p50", 12.3456, "12.3"),
        ("reconnect_s_p50", 7210.4, "7210"),
        ("reconnect_s_p50", 999.7, "1000"),
        ("reconnect_s_p50", math.inf, "never"),
        ("reconnect_s_p50", None, "-"),
        ("reconnect_s_p50", math.nan, "-"),
        ("attempts", 12345, "12345"),
        ("collapsed", 1, "1"),
    ],
)
def test_a_value_as_a_person_reads_it(name: str, value: float | None, text: str) -> None:
    assert FIGURES[name].text(value) == text
