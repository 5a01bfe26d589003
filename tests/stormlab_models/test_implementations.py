"""The table of implementations agrees with the measured facts."""

import pytest

from stormlab_models.implementations import IMPLEMENTATIONS, RESPONSE_BYTES


def test_every_implementation_is_named_after_its_key_and_has_a_size() -> None:
    assert {name: kind.name for name, kind in IMPLEMENTATIONS.items()} == {
        name: name for name in RESPONSE_BYTES
    }


def test_only_legacy_has_a_handshake_timer() -> None:
    assert [name for name, kind in IMPLEMENTATIONS.items() if kind.legacy] == ["legacy"]
    assert IMPLEMENTATIONS["legacy"].handshake_timeout_s == 10


@pytest.mark.parametrize(
    ("name", "low_ms", "high_ms"),
    [("legacy", 0.63, 0.75), ("sansio", 0.40, 0.45), ("wsproto", 0.40, 0.51)],
)
def test_processor_time_of_a_handshake_is_the_measured_one(
    name: str, low_ms: float, high_ms: float
) -> None:
    kind = IMPLEMENTATIONS[name]
    cost_ms = (kind.parse_ns + kind.respond_ns + kind.send_ns) / 1e6
    assert low_ms <= cost_ms <= high_ms
