"""``docs/metrics.md`` holds what the registry says; ``make docs`` writes it."""

from pathlib import Path

from stormlab.recovery import FIGURES
from stormlab.recovery.document import definitions

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "metrics.md"


def test_the_document_holds_every_definition_as_it_is_now() -> None:
    assert f"<!-- table: definitions -->\n\n{definitions()}\n\n<!-- end -->" in (
        DOCUMENT.read_text(encoding="utf-8")
    )


def test_every_figure_is_named_once_as_defined() -> None:
    text = definitions()
    heads = [line for line in text.splitlines() if line.startswith("**")]
    for name in FIGURES:
        assert sum(f"`{name}`" in head for head in heads) == 1


def test_quantiles_share_a_definition() -> None:
    head = "**`reconnect_s_p50`, `reconnect_s_p95`, `reconnect_s_p99`** (s; lower is better)<br>"
    assert head in definitions()
    assert "Example: 29, never, never" in definitions()


def test_what_is_of_the_whole_server_is_said() -> None:
    head = "**`queue_peak`** (handshakes; lower is better; of the whole server, also for a group)"
    assert head in definitions()
