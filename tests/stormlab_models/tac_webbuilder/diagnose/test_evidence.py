"""What single lines say."""

from stormlab_models.tac_webbuilder.diagnose.evidence import gather
from stormlab_models.tac_webbuilder.diagnose.parse import parse


def said(text: str) -> list[tuple[str, tuple[int, ...]]]:
    log = parse(text, "a log")
    return [(item.text, item.lines) for item in gather(log.lines, timed=log.timed)]


def test_an_error_after_closed_tells_that_tcp_ended_before_the_handshake(
    accepted_closed_error: str,
) -> None:
    text, numbers = said(accepted_closed_error)[0]
    assert "after accepted and closed, never open" in text
    assert numbers == (3,)


def test_duplicates_are_named(duplicates: str) -> None:
    assert any("accepted again: planned-features" in text for text, _ in said(duplicates))


def test_an_error_while_receiving_tells_of_client_ready(accepted_closed_error: str) -> None:
    text = accepted_closed_error.replace("connection:", "connection: (1006, None)")
    text = "\n".join(line for line in text.splitlines() if "Closed" not in line)
    assert any("error on receive" in said_text for said_text, _ in said(text))
